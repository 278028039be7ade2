//! Who takes part: shops with their habits, partners with their audiences, codes with their stories.

use crate::draft::ReferrerId;
use crate::geography::Population;
use crate::programme::codes::{Audience, CodePlan};
use crate::programme::names::{
    self, CodeTexts, LISTED_COUPON_HOSTS, PLATFORMS, UNLISTED_COUPON_HOSTS,
};
use crate::programme::posts::{Burst, Feed, Rhythm};
use crate::programme::seasons::MARKETPLACES;
use crate::programme::stories::{self, Story};
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::shape::WeekShape;
use crate::shop::{Coverage, Identity, Lifecycle, Merchant, TimeStyle, draw_poll_ms};
use crate::stage::{CodeCard, RegistryEntry, Stage};
use crate::time::{DAY_MS, days_ms};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};

/// Where codes are looked up by everybody; set up before any code.
#[derive(Clone, Debug)]
pub(crate) struct Referrers {
    platforms: Vec<ReferrerId>,
    pub(crate) searches: Vec<ReferrerId>,
    pub(crate) stray_coupon: ReferrerId,
}

pub(crate) fn add_referrer(stage: &mut Stage, text: &str) -> ReferrerId {
    stage.referrers.push(text.to_owned());
    (stage.referrers.len() - 1) as ReferrerId
}

pub(crate) fn cast_referrers(stage: &mut Stage) -> Referrers {
    // The one at 0 stands for none.
    stage.referrers.push(String::new());
    Referrers {
        platforms: PLATFORMS
            .iter()
            .map(|(_, referrer, _)| add_referrer(stage, referrer))
            .collect(),
        searches: names::SEARCHES
            .iter()
            .map(|referrer| add_referrer(stage, referrer))
            .collect(),
        stray_coupon: add_referrer(stage, &format!("https://{}/", LISTED_COUPON_HOSTS[0])),
    }
}

pub(crate) fn cast_merchant(settings: &WorldSettings, number: u32) -> Merchant {
    let mut random = Random::of(settings.seed, Stream::Cast, 1, number.into());
    let random = &mut random;
    let walled = random.chance(settings.walled_share);
    let russian = random.chance(settings.russia_share);
    let marketplace = walled.then(|| {
        let weights = if russian {
            [0.0, 0.0, 0.6, 0.4]
        } else {
            [0.6, 0.2, 0.12, 0.08]
        };
        MARKETPLACES[random.weighted(&weights)]
    });
    let country = if russian { "RU" } else { "KZ" };
    Merchant {
        name: names::shop(number as usize),
        marketplace,
        country,
        currency: if russian { "RUB" } else { "KZT" },
        identity: draw_identity(marketplace, random),
        coverage: if walled {
            walled_coverage(random)
        } else {
            open_coverage(random)
        },
        time_style: match (marketplace, random.index(3)) {
            (Some("kaspi"), _) => TimeStyle::EpochMs,
            (_, 0) => TimeStyle::Offset(if russian { 3 } else { 5 }),
            (_, 1) => TimeStyle::EpochMs,
            _ => TimeStyle::Utc,
        },
        amount_quoted: random.chance(0.4),
        basket_median: 100.0
            * if russian {
                random.log_normal(3_500.0, 0.6)
            } else {
                random.log_normal(19_000.0, 0.7)
            },
        basket_sigma: random.range(0.35, 0.8),
        price_step: if russian {
            random.pick(&[100, 100, 1])
        } else {
            random.pick(&[1_000, 1_000, 9_000, 100])
        },
        lifecycle: match random.weighted(&[0.7, 0.12, 0.18]) {
            0 => Lifecycle::Full,
            1 => Lifecycle::FromPaid,
            _ => Lifecycle::CreatedOnly,
        },
        pay_delay_median_hours: if walled {
            random.range(20.0, 90.0)
        } else {
            random.log_uniform(0.05, 1.0)
        },
        cancel_share: random.range(0.02, 0.12),
        return_share: random.range(0.01, 0.1),
        poll_ms: (walled && random.chance(settings.polled_share)).then(|| draw_poll_ms(random)),
        auto_base: random.range(0.005, 0.06),
        population: Population::of(country),
        week: WeekShape::shop(random.index(3), random.range(0.75, 1.35) as f32),
    }
}

fn draw_identity(marketplace: Option<&str>, random: &mut Random) -> Identity {
    match marketplace {
        Some("kaspi") if random.chance(0.35) => Identity::MaskedPhone,
        Some(_) if random.chance(0.12) => Identity::Nobody,
        Some(_) => Identity::Marketplace,
        None => match random.weighted(&[0.4, 0.2, 0.25, 0.15]) {
            0 => Identity::Own,
            1 => Identity::Phone,
            2 => Identity::PhoneAsTyped,
            _ => Identity::Email,
        },
    }
}

fn walled_coverage(random: &mut Random) -> Coverage {
    Coverage {
        click_id: 0.0,
        click_ts: 0.0,
        referrer: if random.chance(0.2) {
            random.range(0.05, 0.3)
        } else {
            0.0
        },
        entry: if random.chance(0.3) {
            random.range(0.6, 1.0)
        } else {
            0.0
        },
        newcomer: if random.chance(0.65) { 1.0 } else { 0.0 },
        city: if random.chance(0.85) {
            random.range(0.9, 1.0)
        } else {
            0.0
        },
    }
}

fn open_coverage(random: &mut Random) -> Coverage {
    Coverage {
        click_id: random.range(0.78, 0.98),
        click_ts: if random.chance(0.8) { 1.0 } else { 0.0 },
        referrer: if random.chance(0.85) {
            random.range(0.55, 0.95)
        } else {
            0.0
        },
        entry: if random.chance(0.85) {
            random.range(0.9, 1.0)
        } else {
            0.0
        },
        newcomer: if random.chance(0.85) { 1.0 } else { 0.0 },
        city: random.range(0.85, 1.0),
    }
}

/// Name, upper bound of followers, share of codes, orders a day relative to the median code.
const TIERS: [(&str, f64, f64, f64); 5] = [
    ("nano", 5e3, 0.45, 0.55),
    ("micro", 2e4, 0.32, 1.2),
    ("mid", 1e5, 0.16, 2.8),
    ("macro", 1e6, 0.06, 7.0),
    ("mega", 8e6, 0.01, 22.0),
];

/// A code with its partner: the plan, the registry's card and an empty truth.
pub(crate) fn cast_code(
    settings: &WorldSettings,
    stage: &mut Stage,
    referrers: &Referrers,
    texts: &mut CodeTexts,
    number: u32,
) -> (CodePlan, CodeCard, CodeTruth) {
    let mut random = Random::of(settings.seed, Stream::Cast, 2, number.into());
    let random = &mut random;
    let merchant_number = draw_merchant(settings.merchants, random);
    let merchant = &stage.merchants[merchant_number as usize];
    let (country, marketplace, merchant_name) = (
        merchant.country,
        merchant.marketplace,
        merchant.name.clone(),
    );
    let population = merchant.population.clone();
    // One partner in six has the code before as well: for another shop, mostly.
    let partner = if number > 0 && random.chance(0.16) {
        number - 1
    } else {
        number
    };
    let mut partner_random = Random::of(settings.seed, Stream::Cast, 3, partner.into());
    let city = population.draw(&mut partner_random);
    let tier = partner_random.weighted(&TIERS.map(|tier| tier.2));
    let (tier_name, followers_max, _, tier_orders) = TIERS[tier];
    let followers = partner_random.log_uniform(followers_max / 6.0, followers_max) as u64;
    let platform = partner_random.weighted(&[0.46, 0.22, 0.1, 0.12, 0.06, 0.04]);
    let week = WeekShape::audience(
        partner_random.weighted(&[0.5, 0.2, 0.12, 0.18]),
        partner_random.index(4),
        partner_random.range(0.0, 0.5) as f32,
        partner_random.index(3),
        partner_random.range(0.7, 1.6) as f32,
    );

    let rhythm = Rhythm {
        gap_mean_days: random.log_uniform(2.5, 16.0),
        decay_hours: random.range(8.0, 34.0),
        burst_share: random.range(0.3, 0.8),
        height_sigma: random.range(0.4, 0.9),
        hours_of_day: (9, 22),
    };
    // The posts of the weeks before are still felt when the world begins.
    let before = settings.start - days_ms(3.0 * rhythm.gap_mean_days);
    let posts = Feed::new(settings.seed, Stream::Posts, number.into(), rhythm, before);
    let audience = Audience {
        city,
        home_share: if random.chance(0.2) {
            random.range(0.0, 0.25)
        } else {
            random.range(0.3, 0.9)
        },
        reach: followers / 3 + 60,
        platforms: [
            referrers.platforms[platform],
            random.pick(&referrers.platforms),
        ],
        platform_shares: [random.range(0.5, 0.8), random.range(0.02, 0.15)],
        robot: PLATFORMS[platform].2,
        robot_share: random.range(0.01, 0.08),
    };
    let mut plan = CodePlan::new(merchant_number, audience, week, posts);
    let per_day = random.log_normal(settings.orders_per_day_median * tier_orders, 0.8)
        * settings.volume_scale;
    let clicks_per_order = settings.clicks_per_order * random.log_normal(0.88, 0.5);
    plan.orders_per_hour = per_day / 24.0;
    plan.typed_share = if marketplace.is_some() {
        random.range(0.2, 0.7)
    } else {
        random.range(0.08, 0.4)
    };
    plan.clicks_per_hour = plan.orders_per_hour * clicks_per_order;
    plan.newcomer_share = if marketplace.is_some() {
        random.range(0.2, 0.55)
    } else {
        random.range(0.4, 0.8)
    };
    plan.repeat_share = random.range(0.08, 0.35);
    plan.day_shape = random.log_uniform(1.2, 8.0);
    if random.chance(0.1) {
        // Launched while the world is already running.
        plan.starts_at =
            settings.start + (days_ms(settings.days) as f64 * random.range(0.05, 0.5)) as i64;
    }

    let text = texts.draw(random);
    let mut truth = CodeTruth::of(&text, &merchant_name, marketplace);
    truth.registered = !random.chance(settings.unregistered_share);
    let mut card = CodeCard {
        key: text.to_lowercase(),
        alias: random.chance(0.2).then(|| alias(random)),
        text,
        partner,
        merchant: merchant_number,
        registered: truth.registered,
        entry: RegistryEntry {
            tier: random.chance(0.95).then_some(tier_name),
            followers: random.chance(0.85).then_some(followers),
            city: random.chance(0.85).then_some(city),
            channels: if random.chance(0.8) {
                vec![PLATFORMS[platform].0]
            } else {
                Vec::new()
            },
            discount_pct: random.pick(&[5, 7, 10, 10, 10, 15, 20]),
            commission_pct_hundredths: random.pick(&[300, 500, 500, 700, 750, 1_000, 1_500]),
            vat_payer: random.chance(0.8).then(|| country == "RU" && tier > 1),
            starts_at: None,
            ends_at: None,
            ..RegistryEntry::default()
        },
    };
    if random.chance(settings.lookalike_share) {
        let kind = random.pick(&stories::TOLD);
        tell_story(
            settings, stage, &mut plan, &mut card, &mut truth, kind, random,
        );
    }
    finish_entry(settings, &plan, &mut card, number, random);
    (plan, card, truth)
}

/// Few shops have many codes.
fn draw_merchant(merchants: u32, random: &mut Random) -> u32 {
    let rank = random.unit();
    ((libm::pow(rank, 1.4) * f64::from(merchants)) as u32).min(merchants - 1)
}

/// A marketplace's identifier of the code.
fn alias(random: &mut Random) -> String {
    let bits = random.next_u64();
    let (a, b) = (bits >> 32, bits & 0xffff);
    format!(
        "{a:08x}-{b:04x}-4{:03x}-a{:03x}-{:012x}",
        bits >> 20 & 0xfff,
        bits >> 8 & 0xfff,
        random.next_u64() >> 16
    )
}

fn tell_story(
    settings: &WorldSettings,
    stage: &mut Stage,
    plan: &mut CodePlan,
    card: &mut CodeCard,
    truth: &mut CodeTruth,
    kind: HonestLookalike,
    random: &mut Random,
) {
    let begin = plan.starts_at.max(settings.start);
    let end = settings.start + days_ms(settings.days);
    let story = Story::draw(kind, begin, end, random);
    match kind {
        HonestLookalike::ViralPost => {
            let height = plan.posts.typical_height() * story.strength;
            plan.posts.add(Burst {
                at: story.from,
                height,
                decay_hours: random.range(14.0, 34.0),
            });
        }
        HonestLookalike::SpokenRegistered | HonestLookalike::SpokenUnregistered => {
            plan.typed_share = random.range(0.88, 0.98);
            plan.clicks_per_hour *= random.range(0.03, 0.15);
            card.entry.offline = kind == HonestLookalike::SpokenRegistered;
        }
        HonestLookalike::TelegramChannel => {
            let channel = add_referrer(stage, &format!("https://t.me/partner_{:05}", card.partner));
            plan.audience.platforms[1] = channel;
            // Nothing comes from it before it opens.
            plan.audience.platform_shares[1] = 0.0;
        }
        HonestLookalike::CouponPartner => {
            let host = random.pick(&LISTED_COUPON_HOSTS);
            plan.audience.platforms[0] =
                add_referrer(stage, &format!("https://{host}/shops/{}", truth.merchant));
            plan.audience.platform_shares = [random.range(0.7, 0.9), 0.05];
            plan.audience.home_share = 0.0;
            plan.newcomer_share *= 0.6;
            card.entry.permitted_hosts.push((*host).to_owned());
            card.entry.city = None;
        }
        HonestLookalike::EndedCode => plan.ends_at = story.from,
        _ => {}
    }
    if story.is_dated() {
        let until = (story.until != i64::MAX).then_some(story.until);
        truth.note(TruthEvent {
            kind: kind.name(),
            at: story.from,
            until,
        });
    }
    truth.honest_lookalike = Some(kind);
    plan.story = Some(story);
}

/// What the brand enters last: validity, and the posts that it was told of.
fn finish_entry(
    settings: &WorldSettings,
    plan: &CodePlan,
    card: &mut CodeCard,
    number: u32,
    random: &mut Random,
) {
    let entry = &mut card.entry;
    entry.starts_at = if plan.starts_at != i64::MIN {
        Some(plan.starts_at)
    } else {
        random
            .chance(0.7)
            .then(|| settings.start - days_ms(random.range(5.0, 400.0)) / DAY_MS * DAY_MS)
    };
    entry.ends_at = if plan.ends_at != i64::MAX {
        Some(plan.ends_at)
    } else {
        let end = settings.start + days_ms(settings.days);
        random
            .chance(0.4)
            .then(|| end + days_ms(random.range(30.0, 300.0)) / DAY_MS * DAY_MS)
    };
    let mut announcements = Random::of(settings.seed, Stream::Announcements, number.into(), 0);
    if announcements.chance(0.45) {
        let told_share = announcements.range(0.4, 1.0);
        let posts = plan.posts.preview(settings.start + days_ms(settings.days));
        entry.posts = posts
            .into_iter()
            .filter(|_| announcements.chance(told_share))
            .collect();
    }
}

/// The hosts of the coupon sites of a world of so many codes.
pub(crate) fn coupon_hosts() -> impl Iterator<Item = &'static str> {
    LISTED_COUPON_HOSTS
        .iter()
        .chain(&UNLISTED_COUPON_HOSTS)
        .copied()
}
