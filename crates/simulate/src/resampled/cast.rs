//! Who takes part: shops that tell what they like, codes that borrow from the recording, and their registry
//! entries.

use crate::draft::ReferrerId;
use crate::geography::CITIES;
use crate::programme::habits::TIERS;
use crate::programme::names::{CodeTexts, LISTED_COUPON_HOSTS};
use crate::random::{Random, Stream};
use crate::resampled::codes::{Code, next_donor};
use crate::resampled::habits::Habits;
use crate::resampled::recording::{RECORDED_HOURS, Recording};
use crate::resampled::shops::Shop;
use crate::resampled::stories::{self, Story};
use crate::settings::WorldSettings;
use crate::stage::{CodeCard, RegistryEntry, Stage};
use crate::time::{DAY_MS, HOUR_MS, days_ms};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};

pub(crate) fn add_referrer(stage: &mut Stage, text: &str) -> ReferrerId {
    stage.referrers.push(text.to_owned());
    (stage.referrers.len() - 1) as ReferrerId
}

/// What codes are cast from.
pub(crate) struct Casting<'a> {
    pub(crate) settings: &'a WorldSettings,
    pub(crate) habits: &'a Habits,
    pub(crate) recording: &'a Recording,
    pub(crate) stage: &'a mut Stage,
    pub(crate) shops: &'a mut [Shop],
    pub(crate) texts: CodeTexts,
}

impl Casting<'_> {
    /// A code with its partner: what it borrows, the registry's card and what is true of it.
    pub(crate) fn cast_code(&mut self, number: u32) -> (Code, CodeCard, CodeTruth) {
        let settings = self.settings;
        let mut random = Random::of(settings.seed, Stream::Cast, 12, number.into());
        let random = &mut random;
        let shop_number = draw_shop(settings.merchants, random);
        let shop = &mut self.shops[shop_number as usize];
        let donor = shop.draw_donor(self.habits, random);
        let variant = shop.borrow(donor);
        let mut code = Code::new(number, shop_number, donor, variant);
        let lender = &self.recording.donors[donor as usize];
        let usual = settings.orders_per_day_median * settings.volume_scale;
        let relative = lender.orders_per_day / self.recording.orders_per_day_median;
        code.orders_per_day = usual * relative * random.log_normal(1.0, self.habits.volume_sigma);
        code.clicks_factor = settings.clicks_per_order / self.recording.clicks_per_order;
        code.home = shop.city(home_of(self.recording, donor));
        if random.chance(self.habits.launched_late) {
            let into = days_ms(settings.days) as f64 * random.range(0.05, 0.5);
            code.starts_at = settings.start + (into as i64).div_euclid(HOUR_MS) * HOUR_MS;
        }
        let text = self.texts.draw(random);
        let merchant = &self.stage.merchants[shop_number as usize];
        let mut truth = CodeTruth::of(&text, &merchant.name, merchant.marketplace);
        truth.registered = !random.chance(settings.unregistered_share);
        let entry = self.entry(&code, relative, random);
        let has_two_codes = number > 0 && random.chance(0.1);
        let mut card = CodeCard {
            key: text.to_lowercase(),
            alias: random
                .chance(self.habits.registry.alias)
                .then(|| alias(random)),
            text,
            partner: number - u32::from(has_two_codes),
            merchant: shop_number,
            registered: truth.registered,
            entry,
        };
        if random.chance(settings.lookalike_share) {
            self.tell_story(&mut code, &mut card, &mut truth, random);
        }
        self.finish_entry(&code, &mut card, random);
        (code, card, truth)
    }

    /// What the brand knows of the partner: who sells more, has more followers.
    fn entry(&self, code: &Code, relative: f64, random: &mut Random) -> RegistryEntry {
        let known = &self.habits.registry;
        let followers = 15_000.0 * libm::pow(relative, 0.8) * random.log_normal(1.0, 0.8);
        let tier = TIERS
            .iter()
            .find(|(_, most)| followers <= *most)
            .unwrap_or(&TIERS[TIERS.len() - 1]);
        let in_russia = CITIES
            .get(usize::from(code.home))
            .is_some_and(|city| city.country == "RU");
        let channel = channel_of(self.recording, code.donor);
        let city = (usize::from(code.home) < CITIES.len()).then_some(code.home);
        RegistryEntry {
            tier: random.chance(known.tier).then_some(tier.0),
            followers: random.chance(known.followers).then_some(followers as u64),
            city: city.filter(|_| random.chance(known.city)),
            channels: channel
                .filter(|_| random.chance(known.channels))
                .into_iter()
                .collect(),
            discount_pct: random.pick(&[5, 7, 10, 10, 12, 15, 20]),
            commission_pct_hundredths: random.pick(&[300, 400, 500, 600, 750, 1_000, 1_500]),
            vat_payer: random
                .chance(known.vat_payer)
                .then_some(in_russia && followers > 20_000.0),
            ..RegistryEntry::default()
        }
    }

    fn tell_story(
        &mut self,
        code: &mut Code,
        card: &mut CodeCard,
        truth: &mut CodeTruth,
        random: &mut Random,
    ) {
        let kind = random.pick(&stories::TOLD);
        let begin = code.starts_at.max(self.settings.start);
        let end = self.settings.start + days_ms(self.settings.days);
        let span = (begin, end);
        let mut story = Story::draw(kind, self.habits, self.recording, span, random);
        match kind {
            HonestLookalike::SpokenRegistered => card.entry.offline = true,
            HonestLookalike::CouponPartner => {
                let host = random.pick(&LISTED_COUPON_HOSTS);
                let page = format!("https://{host}/shops/{}", truth.merchant);
                story.page = add_referrer(self.stage, &page);
                card.entry.permitted_hosts.push(host.to_owned());
                card.entry.city = None;
            }
            HonestLookalike::EndedCode => code.ends_at = story.from,
            _ => {}
        }
        if story.is_dated() {
            truth.note(TruthEvent {
                kind: kind.name(),
                at: story.from,
                until: (story.until != i64::MAX).then_some(story.until),
            });
        }
        truth.honest_lookalike = Some(kind);
        code.story = Some(story);
    }

    /// What the brand enters last: validity, and the posts that it was told of.
    fn finish_entry(&self, code: &Code, card: &mut CodeCard, random: &mut Random) {
        let (known, settings) = (&self.habits.registry, self.settings);
        let end = settings.start + days_ms(settings.days);
        let entry = &mut card.entry;
        entry.starts_at = if code.starts_at != i64::MIN {
            Some(code.starts_at)
        } else {
            random
                .chance(known.starts_at)
                .then(|| settings.start - days_ms(random.range(5.0, 400.0)) / DAY_MS * DAY_MS)
        };
        entry.ends_at = if code.ends_at != i64::MAX {
            Some(code.ends_at)
        } else {
            random
                .chance(known.ends_at)
                .then(|| end + days_ms(random.range(30.0, 300.0)) / DAY_MS * DAY_MS)
        };
        if random.chance(known.posts) {
            let told = random.between(known.posts_told);
            let posts = self.posts(code);
            entry.posts = posts.into_iter().filter(|_| random.chance(told)).collect();
        }
    }

    /// A post is where a burst of the recording will begin.
    fn posts(&self, code: &Code) -> Vec<i64> {
        const POSTS_MAX: usize = 60;
        let settings = self.settings;
        let shop = &self.shops[code.shop as usize];
        let hours = (settings.days * 24.0) as i64;
        let mut donor = code.donor;
        let mut posts = Vec::new();
        for (block, from) in shop.blocks(hours) {
            donor = next_donor(settings.seed, self.habits, shop, code.number, donor, block);
            let bursts = &self.recording.donors[donor as usize].bursts;
            let begins = shop.recorded_hour(settings.seed, from) as i64;
            for &burst in bursts {
                let into = (i64::from(burst) - begins).rem_euclid(RECORDED_HOURS as i64);
                let at = settings.start + (from + into) * HOUR_MS;
                if into < shop.block_hours() && at >= code.starts_at && posts.len() < POSTS_MAX {
                    posts.push(at);
                }
            }
        }
        posts.sort_unstable();
        posts
    }
}

/// Few shops have many codes.
fn draw_shop(shops: u32, random: &mut Random) -> u32 {
    let rank = random.unit();
    ((libm::pow(rank, 1.4) * f64::from(shops)) as u32).min(shops - 1)
}

/// A marketplace's identifier of the code.
fn alias(random: &mut Random) -> String {
    let (high, low) = (random.next_u64(), random.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-b{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// Where most of a donor's buyers live.
fn home_of(recording: &Recording, donor: u32) -> u8 {
    let mut buyers = [0u32; CITIES.len()];
    for order in &recording.orders[recording.donors[donor as usize].all_orders()] {
        if let Some(count) = buyers.get_mut(usize::from(order.home)) {
            *count += 1;
        }
    }
    let most = (0..CITIES.len()).max_by_key(|&city| (buyers[city], std::cmp::Reverse(city)));
    most.unwrap_or(0) as u8
}

/// The channel by which most of a donor's visitors come, as far as their browsers say.
fn channel_of(recording: &Recording, donor: u32) -> Option<&'static str> {
    static CHANNELS: [(&str, &str); 7] = [
        ("instagram.", "instagram"),
        ("tiktok.", "tiktok"),
        ("youtube.", "youtube"),
        ("youtu.be", "youtube"),
        ("t.me/", "telegram"),
        ("vk.com", "vk"),
        ("dzen.ru", "blog"),
    ];
    let mut visits = [0u32; CHANNELS.len()];
    for click in &recording.clicks[recording.donors[donor as usize].all_clicks()] {
        let referrer = &recording.referrers[click.referrer as usize];
        let channel = CHANNELS
            .iter()
            .position(|(part, _)| referrer.contains(part));
        if let Some(channel) = channel {
            visits[channel] += 1;
        }
    }
    let most = (0..CHANNELS.len()).max_by_key(|&channel| visits[channel])?;
    (visits[most] > 0).then_some(CHANNELS[most].1)
}
