//! Who takes part: partners with their codes, what the registry says of them, and their innocent stories.

use crate::cascades::chance::{Subject, chance, pareto_mean_one};
use crate::cascades::codes::{Audience, CodeState, Rates};
use crate::cascades::mixtures::Mixture;
use crate::cascades::names::{CodeTexts, LISTED_SITES, MESSENGERS, PLATFORMS, SEARCHES};
use crate::cascades::nature::Nature;
use crate::cascades::regimes::Feed;
use crate::cascades::restaurants::Restaurant;
use crate::cascades::segments::Segments;
use crate::cascades::shops::Shop;
use crate::cascades::stories::{Story, TOLD};
use crate::draft::ReferrerId;
use crate::random::Random;
use crate::settings::WorldSettings;
use crate::stage::{CodeCard, RegistryEntry, Stage};
use crate::time::{DAY_MS, HOUR_MS, days_ms};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};

/// Places that every partner's audience comes through; set up before any code.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    platforms: Vec<ReferrerId>,
    pub(crate) searches: Vec<ReferrerId>,
    pub(crate) messengers: Vec<ReferrerId>,
    code_pages: Vec<ReferrerId>,
}

/// What codes are cast from.
pub(crate) struct Casting<'a> {
    pub(crate) settings: &'a WorldSettings,
    pub(crate) nature: &'a Nature,
    pub(crate) segments: &'a Segments,
    pub(crate) prevalences: &'a [Vec<f64>; 2],
    pub(crate) shops: &'a [Shop],
    pub(crate) places: &'a Places,
    /// Where feeds begin, before the world does.
    pub(crate) from: i64,
}

/// What a partner is, whichever code of theirs it is about.
#[derive(Clone, Copy, Debug)]
struct Partner {
    city: u8,
    followers: f64,
    platforms: [usize; 2],
}

pub(crate) fn add_referrer(stage: &mut Stage, text: &str) -> ReferrerId {
    stage.referrers.push(text.to_owned());
    (stage.referrers.len() - 1) as ReferrerId
}

pub(crate) fn cast_places(stage: &mut Stage) -> Places {
    // The one at 0 stands for none.
    stage.referrers.push(String::new());
    let mut add = |texts: &[&str]| -> Vec<ReferrerId> {
        texts.iter().map(|text| add_referrer(stage, text)).collect()
    };
    Places {
        platforms: add(&PLATFORMS.map(|(_, referrer, _, _)| referrer)),
        searches: add(&SEARCHES),
        messengers: add(&MESSENGERS),
        code_pages: add(&[
            "https://promokodus.com/",
            "https://skid.kz/",
            "https://promokood.ru/",
        ]),
    }
}

/// Upper bounds of followers by tier.
const TIERS: [(&str, f64); 5] = [
    ("nano", 5e3),
    ("micro", 2e4),
    ("mid", 1e5),
    ("macro", 1e6),
    ("mega", f64::INFINITY),
];

fn draw_partner(settings: &WorldSettings, partner: u32, stage: &Stage, shop: u32) -> Partner {
    let mut random = chance(settings.seed, Subject::Partner, partner.into(), 0);
    let weights = PLATFORMS.map(|(_, _, _, weight)| weight);
    Partner {
        city: stage.merchants[shop as usize].population.draw(&mut random),
        // A log-normal with a Pareto on top: many small partners, and now and then a star.
        followers: (random.log_normal(5_500.0, 1.2) * pareto_mean_one(1.6, 60.0, &mut random))
            .clamp(300.0, 9e6),
        platforms: [random.weighted(&weights), random.weighted(&weights)],
    }
}

impl Casting<'_> {
    /// Code number `number` with its partner: the state, the registry's card and an empty truth.
    pub(crate) fn code(
        &self,
        stage: &mut Stage,
        texts: &mut CodeTexts,
        number: u32,
    ) -> (CodeState, CodeCard, CodeTruth) {
        let settings = self.settings;
        let mut random = chance(settings.seed, Subject::Code, number.into(), 0);
        let random = &mut random;
        let shop = draw_shop(settings.merchants, random);
        // One partner in seven has the code before as well.
        let partner = if number > 0 && random.chance(0.14) {
            number - 1
        } else {
            number
        };
        let who = draw_partner(settings, partner, stage, shop);
        let mut state = self.state(shop, number, who, random);
        let text = texts.draw(random);
        let merchant = &stage.merchants[shop as usize];
        let mut truth = CodeTruth::of(&text, &merchant.name, merchant.marketplace);
        truth.registered = !random.chance(settings.unregistered_share);
        let entry = entry(&state, who, merchant.country, random);
        let mut card = CodeCard {
            key: text.to_lowercase(),
            alias: random.chance(0.25).then(|| alias(random)),
            text,
            partner,
            merchant: shop,
            registered: truth.registered,
            entry,
        };
        if random.chance(0.12) {
            // Launched while the world is already running.
            let after = days_ms(settings.days) as f64 * random.range(0.03, 0.6);
            state.starts_at = settings.start + after as i64;
        }
        if random.chance(settings.lookalike_share) {
            let kind = random.pick(&TOLD);
            self.tell(kind, stage, &mut state, &mut card, &mut truth, random);
        }
        self.finish(&state, &mut card, number, random);
        (state, card, truth)
    }

    fn state(&self, shop: u32, number: u32, who: Partner, random: &mut Random) -> CodeState {
        let (settings, nature) = (self.settings, self.nature);
        let walled = self.shops[shop as usize].walled;
        let prevalences = &self.prevalences[usize::from(walled)];
        let mixture = Mixture::draw(prevalences, &nature.mixing, random);
        // Orders go with the root of followers, and much else that nobody knows.
        let loyal = libm::pow(who.followers / 5_500.0, 0.45) * random.log_normal(1.2, 0.8);
        let per_day = settings.orders_per_day_median * loyal * settings.volume_scale;
        let clicks_per_order = settings.clicks_per_order * random.log_normal(1.1, 0.45);
        let gap = nature.origins.post_gap_days * random.log_normal(1.0, 0.6);
        let rates = Rates::of(
            per_day,
            clicks_per_order,
            gap.clamp(0.8, 60.0),
            &mixture,
            &self.segments.honest,
        );
        let feed = Feed::new(
            settings.seed,
            number.into(),
            rates.post_gap_days,
            &nature.origins,
            self.from,
        );
        let places = self.places;
        CodeState {
            shop,
            audience: Audience {
                city: who.city,
                home_shift: nature.mixing.home_sd * random.normal(),
                reach: (who.followers / 3.0) as u64 + 60,
                platforms: who.platforms.map(|platform| places.platforms[platform]),
                messenger: random.pick(&places.messengers),
                code_page: random.pick(&places.code_pages),
                robot: PLATFORMS[who.platforms[0]].2,
                robot_share: random.log_uniform(0.003, 0.08),
            },
            rates,
            starts_at: i64::MIN,
            ends_at: i64::MAX,
            discount_pct: random.pick(&[5, 5, 7, 10, 10, 12, 15, 20, 25]),
            mixture,
            feed,
            level: nature.origins.level_sd * random.normal(),
            lively: 1.0,
            regulars: Restaurant::default(),
            story: None,
            leak: None,
            flood: None,
        }
    }

    fn tell(
        &self,
        kind: HonestLookalike,
        stage: &mut Stage,
        state: &mut CodeState,
        card: &mut CodeCard,
        truth: &mut CodeTruth,
        random: &mut Random,
    ) {
        use HonestLookalike as Kind;
        let settings = self.settings;
        let begin = state.starts_at.max(settings.start);
        let end = settings.start + days_ms(settings.days);
        let mut story = Story::draw(kind, begin, end, random);
        match kind {
            Kind::SpokenRegistered => card.entry.offline = true,
            Kind::SpokenUnregistered => card.entry.offline = false,
            Kind::TelegramChannel => {
                let channel = format!("https://t.me/author_{:05}", card.partner);
                story.place = add_referrer(stage, &channel);
            }
            Kind::CouponPartner => {
                let host = random.pick(&LISTED_SITES);
                let page = format!("https://{host}/store/{}", truth.merchant);
                let page = add_referrer(stage, &page);
                state.audience.platforms[0] = page;
                state.audience.code_page = page;
                state.audience.home_shift = -2.5;
                card.entry.city = None;
                card.entry.permitted_hosts.push((*host).to_owned());
            }
            Kind::EndedCode => state.ends_at = story.from,
            _ => {}
        }
        if let Some((archetype, share)) = story.audience() {
            let honest = &self.segments.honest;
            let of_it = |segment: usize| honest[segment].archetype == archetype;
            state.mixture.favour(of_it, share);
        }
        if story.is_dated() {
            truth.note(TruthEvent {
                kind: kind.name(),
                at: story.from,
                until: (story.until != i64::MAX).then_some(story.until),
            });
        }
        truth.honest_lookalike = Some(kind);
        state.story = Some(story);
    }

    /// What the brand enters last: validity, and the posts that it was told of, some of them wrongly.
    fn finish(&self, state: &CodeState, card: &mut CodeCard, number: u32, random: &mut Random) {
        let settings = self.settings;
        let end = settings.start + days_ms(settings.days);
        let whole_days = |days: f64| days_ms(libm::floor(days));
        card.entry.starts_at = if state.starts_at != i64::MIN {
            Some(state.starts_at)
        } else {
            let before = random.range(3.0, 500.0);
            random
                .chance(0.65)
                .then(|| settings.start - whole_days(before))
        };
        card.entry.ends_at = if state.ends_at != i64::MAX {
            Some(state.ends_at)
        } else {
            let after = random.range(20.0, 400.0);
            random.chance(0.35).then(|| end + whole_days(after))
        };
        let mut told = chance(settings.seed, Subject::Announcements, number.into(), 0);
        if told.chance(0.4) {
            let told_share = told.range(0.3, 1.0);
            let moved_share = told.range(0.0, 0.25);
            let posts = state.feed.preview(&self.nature.origins, end);
            for at in posts {
                if !told.chance(told_share) {
                    continue;
                }
                // Announced for another hour, or another day.
                let by = if told.chance(moved_share) {
                    told.pick(&[-DAY_MS, DAY_MS, 2 * HOUR_MS, -3 * HOUR_MS])
                } else {
                    0
                };
                card.entry.posts.push(at + by);
            }
        }
    }
}

/// What the brand knows of the partner, and thinks that it knows.
fn entry(state: &CodeState, who: Partner, country: &str, random: &mut Random) -> RegistryEntry {
    /// Share of entries whose city, tier or channel is somebody else's or out of date.
    const WRONG_SHARE: f64 = 0.03;
    let stale = who.followers * random.log_normal(0.9, 0.2);
    let of_tier = if random.chance(WRONG_SHARE) {
        stale * 6.0
    } else {
        who.followers
    };
    let tier = TIERS
        .iter()
        .find(|(_, most)| of_tier <= *most)
        .map(|(name, _)| *name);
    let mut channels = Vec::new();
    if random.chance(0.75) {
        channels.push(PLATFORMS[who.platforms[0]].0);
        if who.platforms[1] != who.platforms[0] && random.chance(0.4) {
            channels.push(PLATFORMS[who.platforms[1]].0);
        }
    }
    let city = if random.chance(WRONG_SHARE) {
        who.city ^ 1
    } else {
        who.city
    };
    RegistryEntry {
        tier: tier.filter(|_| random.chance(0.9)),
        followers: random.chance(0.8).then_some(stale as u64),
        city: random.chance(0.8).then_some(city),
        channels,
        discount_pct: state.discount_pct,
        commission_pct_hundredths: random.pick(&[200, 400, 500, 500, 800, 1_000, 1_200, 2_000]),
        vat_payer: random
            .chance(0.75)
            .then(|| country == "RU" && who.followers > 5e4),
        offline: random.chance(0.01),
        ..RegistryEntry::default()
    }
}

/// Shops by a power law: a few have many codes.
fn draw_shop(merchants: u32, random: &mut Random) -> u32 {
    let rank = libm::pow(random.unit(), 1.6);
    ((rank * f64::from(merchants)) as u32).min(merchants - 1)
}

/// A marketplace's identifier of the code.
fn alias(random: &mut Random) -> String {
    let bits = random.next_u64();
    format!(
        "{:08x}-{:04x}-4{:03x}-b{:03x}-{:012x}",
        bits >> 32,
        bits & 0xffff,
        bits >> 20 & 0xfff,
        bits >> 8 & 0xfff,
        random.next_u64() >> 16
    )
}
