//! Who takes part: shops with their habits, partners with their audiences, codes with their stories.

use crate::draft::ReferrerId;
use crate::geography::Population;
use crate::programme::codes::{Audience, CodePlan};
use crate::programme::habits::{Habits, RegistryHabits, ShopHabits, StoryHabits, TIERS};
use crate::programme::names::{
    self, CodeTexts, LISTED_COUPON_HOSTS, PLATFORMS, UNLISTED_COUPON_HOSTS,
};
use crate::programme::posts::{Burst, Feed, Rhythm};
use crate::programme::seasons::MARKETPLACES;
use crate::programme::stories::{self, Story};
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::shape::WeekShape;
use crate::shop::{Identity, Lifecycle, Merchant, TimeStyle, draw_poll_ms};
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

pub(crate) fn cast_merchant(
    settings: &WorldSettings,
    habits: &ShopHabits,
    number: u32,
) -> Merchant {
    let mut random = Random::of(settings.seed, Stream::Cast, 1, number.into());
    let random = &mut random;
    let walled = random.chance(settings.walled_share);
    let russian = random.chance(settings.russia_share);
    let marketplace = walled.then(|| {
        let weights = &habits.marketplaces[usize::from(russian)];
        MARKETPLACES[random.weighted(weights)]
    });
    let country = if russian { "RU" } else { "KZ" };
    Merchant {
        name: names::shop(number as usize),
        marketplace,
        country,
        currency: if russian { "RUB" } else { "KZT" },
        identity: draw_identity(habits, marketplace, random),
        coverage: if walled {
            habits.walled_coverage.draw(random)
        } else {
            habits.open_coverage.draw(random)
        },
        time_style: match (marketplace, random.index(3)) {
            (Some("kaspi"), _) => TimeStyle::EpochMs,
            (_, 0) => TimeStyle::Offset(if russian { 3 } else { 5 }),
            (_, 1) => TimeStyle::EpochMs,
            _ => TimeStyle::Utc,
        },
        amount_quoted: random.chance(0.4),
        basket_median: {
            let (median, sigma) = habits.basket_medians[usize::from(russian)];
            100.0 * random.log_normal(median, sigma)
        },
        basket_sigma: random.between(habits.basket_sigma),
        price_step: if russian {
            random.pick(&[100, 100, 1])
        } else {
            random.pick(&[1_000, 1_000, 9_000, 100])
        },
        lifecycle: match random.weighted(&habits.lifecycles) {
            0 => Lifecycle::Full,
            1 => Lifecycle::FromPaid,
            _ => Lifecycle::CreatedOnly,
        },
        pay_delay_median_hours: if walled {
            random.between(habits.walled_pay_delay_hours)
        } else {
            random.log_between(habits.open_pay_delay_hours)
        },
        cancel_share: random.between(habits.cancel_share),
        return_share: random.between(habits.return_share),
        poll_ms: (walled && random.chance(settings.polled_share)).then(|| draw_poll_ms(random)),
        auto_base: random.between(habits.auto_base),
        population: Population::of(country),
        week: WeekShape::shop(random.index(3), random.between(habits.weekend) as f32),
    }
}

fn draw_identity(habits: &ShopHabits, marketplace: Option<&str>, random: &mut Random) -> Identity {
    match marketplace {
        Some("kaspi") if random.chance(habits.kaspi_masked) => Identity::MaskedPhone,
        Some(_) if random.chance(habits.walled_nobody) => Identity::Nobody,
        Some(_) => Identity::Marketplace,
        None if random.happens(habits.open_nobody) => Identity::Nobody,
        None => match random.weighted(&habits.identities) {
            0 => Identity::Own,
            1 => Identity::Phone,
            2 => Identity::PhoneAsTyped,
            _ => Identity::Email,
        },
    }
}

/// A code with its partner: the plan, the registry's card and an empty truth.
pub(crate) fn cast_code(
    settings: &WorldSettings,
    habits: &Habits,
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
    let (ways, known) = (&habits.partners, &habits.registry);
    let partner = if number > 0 && random.chance(ways.has_two_codes) {
        number - 1
    } else {
        number
    };
    let mut partner_random = Random::of(settings.seed, Stream::Cast, 3, partner.into());
    let city = population.draw(&mut partner_random);
    let tier = partner_random.weighted(&ways.tiers);
    let (tier_name, followers_max) = TIERS[tier];
    let followers = partner_random.log_uniform(followers_max / 6.0, followers_max) as u64;
    let platform = partner_random.weighted(&ways.platforms);
    let week = WeekShape::audience(
        partner_random.weighted(&ways.profiles),
        partner_random.index(4),
        partner_random.between(ways.profile_blend) as f32,
        partner_random.index(3),
        partner_random.between(ways.weekend) as f32,
    );

    let rhythm = Rhythm {
        gap_mean_days: random.log_between(ways.post_gap_days),
        decay_hours: random.between(ways.post_decay_hours),
        burst_share: random.between(ways.post_share),
        height_sigma: random.between(ways.post_height_sigma),
        hours_of_day: (9, 22),
    };
    // The posts of the weeks before are still felt when the world begins.
    let before = settings.start - days_ms(3.0 * rhythm.gap_mean_days);
    let posts = Feed::new(settings.seed, Stream::Posts, number.into(), rhythm, before);
    let audience = Audience {
        city,
        home_share: if random.chance(ways.scattered) {
            random.between(ways.scattered_home)
        } else {
            random.between(ways.home)
        },
        reach: (followers as f64 / ways.followers_per_reached) as u64 + 60,
        platforms: [
            referrers.platforms[platform],
            random.pick(&referrers.platforms),
        ],
        platform_shares: [
            random.between(ways.main_platform),
            random.between(ways.second_platform),
        ],
        robot: PLATFORMS[platform].2,
        robot_share: random.between(ways.robots),
    };
    let mut plan = CodePlan::new(merchant_number, audience, week, posts);
    let per_day = random.log_normal(
        settings.orders_per_day_median * ways.tier_orders[tier],
        ways.orders_sigma,
    ) * settings.volume_scale;
    let (clicks_median, clicks_sigma) = ways.clicks_per_order;
    let clicks_per_order =
        settings.clicks_per_order * random.log_normal(clicks_median, clicks_sigma);
    plan.orders_per_hour = per_day / 24.0;
    let walled = marketplace.is_some();
    plan.typed_share = random.between(if walled {
        ways.walled_typed
    } else {
        ways.open_typed
    });
    plan.clicks_per_hour = plan.orders_per_hour * clicks_per_order;
    plan.newcomer_share = random.between(if walled {
        ways.walled_newcomers
    } else {
        ways.open_newcomers
    });
    plan.repeat_share = random.between(ways.repeats);
    plan.day_shape = random.log_between(ways.day_shape);
    if random.chance(ways.launched_late) {
        // Launched while the world is already running.
        plan.starts_at =
            settings.start + (days_ms(settings.days) as f64 * random.range(0.05, 0.5)) as i64;
    }

    let text = texts.draw(random);
    let mut truth = CodeTruth::of(&text, &merchant_name, marketplace);
    truth.registered = !random.chance(settings.unregistered_share);
    let mut card = CodeCard {
        key: text.to_lowercase(),
        alias: random.chance(known.alias).then(|| alias(random)),
        text,
        partner,
        merchant: merchant_number,
        registered: truth.registered,
        entry: RegistryEntry {
            tier: random.chance(known.tier).then_some(tier_name),
            followers: random.chance(known.followers).then_some(followers),
            city: random.chance(known.city).then_some(city),
            channels: if random.chance(known.channels) {
                vec![PLATFORMS[platform].0]
            } else {
                Vec::new()
            },
            discount_pct: random.pick(&[5, 7, 10, 10, 10, 15, 20]),
            commission_pct_hundredths: random.pick(&[300, 500, 500, 700, 750, 1_000, 1_500]),
            vat_payer: random
                .chance(known.vat_payer)
                .then(|| country == "RU" && tier > 1),
            starts_at: None,
            ends_at: None,
            ..RegistryEntry::default()
        },
    };
    if random.chance(settings.lookalike_share) {
        tell_story(
            settings,
            &habits.stories,
            stage,
            &mut plan,
            &mut card,
            &mut truth,
            random,
        );
    }
    finish_entry(settings, known, &plan, &mut card, number, random);
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
    habits: &StoryHabits,
    stage: &mut Stage,
    plan: &mut CodePlan,
    card: &mut CodeCard,
    truth: &mut CodeTruth,
    random: &mut Random,
) {
    let kind = stories::TOLD[random.weighted(&habits.kinds)];
    let begin = plan.starts_at.max(settings.start);
    let end = settings.start + days_ms(settings.days);
    let story = Story::draw(kind, habits, begin, end, random);
    match kind {
        HonestLookalike::ViralPost => {
            let height = plan.posts.typical_height() * story.strength;
            plan.posts.add(Burst {
                at: story.from,
                height,
                decay_hours: random.between(habits.viral_decay_hours),
            });
        }
        HonestLookalike::SpokenRegistered | HonestLookalike::SpokenUnregistered => {
            plan.typed_share = random.between(habits.spoken_typed);
            plan.clicks_per_hour *= random.between(habits.spoken_clicks);
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
            plan.audience.platform_shares = [random.between(habits.coupon_partner_named), 0.05];
            plan.audience.home_share = 0.0;
            plan.newcomer_share *= habits.coupon_partner_newcomers;
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
    habits: &RegistryHabits,
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
            .chance(habits.starts_at)
            .then(|| settings.start - days_ms(random.range(5.0, 400.0)) / DAY_MS * DAY_MS)
    };
    entry.ends_at = if plan.ends_at != i64::MAX {
        Some(plan.ends_at)
    } else {
        let end = settings.start + days_ms(settings.days);
        random
            .chance(habits.ends_at)
            .then(|| end + days_ms(random.range(30.0, 300.0)) / DAY_MS * DAY_MS)
    };
    let mut announcements = Random::of(settings.seed, Stream::Announcements, number.into(), 0);
    if announcements.chance(habits.posts) {
        let told_share = announcements.between(habits.posts_told);
        let posts = plan.posts.preview(settings.start + days_ms(settings.days));
        entry.posts = posts
            .into_iter()
            .filter(|_| announcements.chance(told_share))
            .collect();
    }
}

/// The hosts of the coupon sites of a world, and whether a public list knows them.
pub(crate) fn coupon_hosts() -> impl Iterator<Item = (&'static str, bool)> {
    let listed = LISTED_COUPON_HOSTS.iter().map(|&host| (host, true));
    listed.chain(UNLISTED_COUPON_HOSTS.iter().map(|&host| (host, false)))
}
