//! Who takes part: partners, their codes, and the registry's entries of them.
//!
//! Decides how large a code is and by which ways it reaches people. Must not know what comes of it.

use crate::agents::codes::{Code, Medium, Partner, Posts, Taste};
use crate::agents::habits::Habits;
use crate::agents::names::{CodeTexts, PLATFORMS};
use crate::agents::people::land_of;
use crate::agents::person::INTERESTS;
use crate::agents::shops::interest_of;
use crate::agents::stage_texts::alias;
use crate::agents::stories;
use crate::geography::Population;
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::stage::{CodeCard, RegistryEntry, Stage};
use crate::time::{DAY_MS, days_ms};
use crate::truth::CodeTruth;

/// Posts of this many days before the warm-up are still on their way to people when it begins.
pub(crate) const ECHO_DAYS: f64 = 20.0;
/// The share of a code's orders by people who look it up or have it in mind when they shop anyway; what the
/// warm-up makes of it sets the rest right.
const BY_INTENTION: f64 = 0.25;
/// Few partners have more followers who ever react than this; a bound for memory.
const FOLLOWERS_MAX: f64 = 40_000.0;

/// Everything that a code is cast from.
pub(crate) struct Casting<'a> {
    pub(crate) settings: &'a WorldSettings,
    pub(crate) habits: &'a Habits,
    pub(crate) stage: &'a mut Stage,
    pub(crate) partners: Vec<Partner>,
    pub(crate) codes: Vec<Code>,
    pub(crate) truths: Vec<CodeTruth>,
    pub(crate) texts: CodeTexts,
    /// When the warm-up begins.
    pub(crate) dawn: i64,
}

impl Casting<'_> {
    /// Casts one more code, with its partner where that is a new one.
    pub(crate) fn add_code(&mut self) {
        let number = self.codes.len() as u64;
        let mut random = Random::of(self.settings.seed, Stream::Cast, 15, number);
        let random = &mut random;
        let (partner, shop) = self.partner_and_shop(random);
        let mut code = self.plan(partner, shop, random);
        let text = self.texts.draw(random);
        let merchant = &self.stage.merchants[shop as usize];
        let mut truth = CodeTruth::of(&text, &merchant.name, merchant.marketplace);
        truth.registered = !random.chance(self.settings.unregistered_share);
        let mut card = CodeCard {
            key: text.to_lowercase(),
            alias: random.chance(0.25).then(|| alias(random)),
            text,
            partner,
            merchant: shop,
            registered: truth.registered,
            entry: RegistryEntry::default(),
        };
        if random.chance(self.settings.lookalike_share) {
            stories::tell(self, &mut code, &mut card, &mut truth, random);
        }
        let host = &mut self.partners[code.partner as usize];
        let engaged = self.habits.click_share * random.log_normal(1.0, 0.5);
        let wanted = match code.medium {
            Medium::Link => code.clickers * (1.0 - host.passers_share) / engaged,
            _ => code.typers / engaged,
        };
        host.followers_wanted = host.followers_wanted.max(wanted).clamp(12.0, FOLLOWERS_MAX);
        self.finish_entry(&code, &mut card, random);
        self.codes.push(code);
        self.stage.cards.push(card);
        self.truths.push(truth);
    }

    /// Some partners work for several shops, agencies for many.
    fn partner_and_shop(&mut self, random: &mut Random) -> (u32, u32) {
        let shop = self.draw_shop(random);
        let land = land_of(self.stage.merchants[shop as usize].country);
        if !self.partners.is_empty() && random.chance(0.18) {
            let back = random.exponential(3.0) as usize;
            let known = self.partners.len() - 1 - back.min(self.partners.len() - 1);
            let partner = &self.partners[known];
            let ordinary = partner.taste == Taste::Usual && partner.site_page.is_none();
            if partner.land == land && ordinary {
                return (known as u32, shop);
            }
        }
        (self.add_partner(shop, random), shop)
    }

    /// One more partner, first of all for that shop.
    pub(crate) fn add_partner(&mut self, shop: u32, random: &mut Random) -> u32 {
        let land = land_of(self.stage.merchants[shop as usize].country);
        let partner = self.new_partner(shop, land, random);
        self.partners.push(partner);
        (self.partners.len() - 1) as u32
    }

    /// A few shops have most of the codes.
    fn draw_shop(&self, random: &mut Random) -> u32 {
        let shops = self.settings.merchants;
        let rank = libm::pow(f64::from(shops) + 1.0, random.unit()) - 1.0;
        // Half by a steep law, half evenly, so that no shop is left without.
        if random.chance(0.5) {
            (rank as u32).min(shops - 1)
        } else {
            random.below(u64::from(shops)) as u32
        }
    }

    fn new_partner(&self, shop: u32, land: usize, random: &mut Random) -> Partner {
        let habits = self.habits;
        let population = Population::of(["KZ", "RU"][land]);
        let weights = [0.4, 0.2, 0.1, 0.1, 0.06, 0.04, 0.05, 0.05];
        // Most talk about what the shop sells.
        let interest = if random.chance(0.7) {
            interest_of(self.settings.seed, shop)
        } else {
            random.below(INTERESTS) as u8
        };
        let first = random.range(0.4, 0.9);
        Partner {
            land,
            city: population.draw(random),
            home_share: around(habits.home_share, 1.2, random),
            interest,
            taste: Taste::Usual,
            platforms: [
                random.weighted(&weights) as u8,
                random.weighted(&weights) as u8,
            ],
            platform_shares: [first, (1.0 - first) * random.unit()],
            channel: None,
            site_page: None,
            passers_share: around(habits.passers_share, 0.8, random).min(0.95),
            robot_share: around(habits.robot_share, 0.8, random),
            favour: random.log_normal(1.0, 0.2),
            followers: Vec::new(),
            followers_wanted: 0.0,
        }
    }

    fn plan(&self, partner: u32, shop: u32, random: &mut Random) -> Code {
        let (settings, habits) = (self.settings, self.habits);
        let walled = self.stage.merchants[shop as usize].marketplace.is_some();
        // A log-normal body, and a few stars.
        let star = if random.chance(0.06) {
            random.log_uniform(2.0, 12.0)
        } else {
            1.0
        };
        let pace = settings.orders_per_day_median
            * settings.volume_scale
            * star
            * random.log_normal(1.0, 0.95);
        let gap_days = random.log_normal(5.0, 0.6).clamp(1.2, 18.0);
        let clicks_per_order = settings.clicks_per_order * random.log_normal(0.9, 0.5);
        let clickers = pace
            * clicks_per_order
            * gap_days
            * (1.0 - habits.again_share)
            * (1.0 - habits.robot_share);
        let typed = around(
            if walled {
                habits.walled_typed_share
            } else {
                habits.typed_share
            },
            0.7,
            random,
        );
        let wanting = pace * gap_days * (1.0 - BY_INTENTION);
        let starts_at = if random.chance(0.1) {
            settings.start + (days_ms(settings.days) as f64 * random.range(0.05, 0.5)) as i64
        } else {
            i64::MIN
        };
        let from = starts_at.max(self.dawn - days_ms(ECHO_DAYS));
        let number = self.codes.len() as u64;
        Code {
            partner,
            shop,
            walled,
            medium: Medium::Link,
            pace,
            starts_at,
            ends_at: i64::MAX,
            discount: random.pick(&[5, 5, 7, 10, 10, 10, 12, 15, 20, 25]),
            posts: Posts::begin(
                Random::of(settings.seed, Stream::Posts, number, 5),
                gap_days,
                from,
            ),
            clickers,
            wish: (wanting * (1.0 - typed) / clickers).min(0.7),
            typers: wanting * typed,
            noticers: clickers * habits.notice_ratio * random.log_normal(1.0, 0.5),
            bother: random.log_normal(0.8, 0.6),
            story: None,
            leak: None,
            flood: None,
        }
    }

    /// What the brand entered; what it does not know is absent.
    fn finish_entry(&self, code: &Code, card: &mut CodeCard, random: &mut Random) {
        let settings = self.settings;
        let partner = &self.partners[code.partner as usize];
        // Most followers never react; how many do not differs widely.
        let followers = (partner.followers_wanted * random.log_normal(22.0, 0.9)) as u64 + 150;
        let tiers = [
            (5_000, "nano"),
            (20_000, "micro"),
            (100_000, "mid"),
            (1_000_000, "macro"),
        ];
        let tier = tiers
            .iter()
            .find(|(top, _)| followers <= *top)
            .map_or("mega", |tier| tier.1);
        let end = settings.start + days_ms(settings.days);
        let entry = &mut card.entry;
        let careful = random.range(0.5, 1.0);
        entry.tier = random.chance(careful).then_some(tier);
        entry.followers = random.chance(careful).then_some(followers);
        let placeless = !entry.permitted_hosts.is_empty();
        entry.city = (!placeless && random.chance(careful)).then_some(partner.city);
        if random.chance(careful) {
            entry
                .channels
                .push(PLATFORMS[usize::from(partner.platforms[0])].name);
            let second = PLATFORMS[usize::from(partner.platforms[1])].name;
            if random.chance(0.3) && !entry.channels.contains(&second) {
                entry.channels.push(second);
            }
        }
        entry.discount_pct = u64::from(code.discount);
        entry.commission_pct_hundredths =
            random.pick(&[200, 300, 400, 500, 600, 800, 1_000, 1_250, 2_000]);
        entry.vat_payer = random.chance(0.7).then(|| random.chance(0.15));
        entry.starts_at = if code.starts_at != i64::MIN {
            Some(code.starts_at)
        } else {
            let age_days = random.log_uniform(10.0, 500.0);
            random
                .chance(0.6)
                .then(|| settings.start - days_ms(age_days) / DAY_MS * DAY_MS)
        };
        entry.ends_at = if code.ends_at != i64::MAX {
            Some(code.ends_at)
        } else {
            random
                .chance(0.35)
                .then(|| end + days_ms(random.range(15.0, 360.0)))
        };
        if random.chance(0.4) && code.medium != Medium::Parcel {
            let told_share = random.range(0.3, 1.0);
            let planned = code.posts.preview(end);
            entry.posts = planned
                .into_iter()
                .filter(|&at| at >= settings.start && random.chance(told_share))
                .collect();
        }
    }
}

/// A share of one partner among others of that mean: odds spread by `sigma`.
pub(crate) fn around(share: f64, sigma: f64, random: &mut Random) -> f64 {
    let odds = share / (1.0 - share) * random.log_normal(1.0, sigma);
    odds / (1.0 + odds)
}
