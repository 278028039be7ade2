//! What the learned judge sees of a code: its whole recent state as a list of numbers.
//!
//! Decides: the features, their names, the direction in which each may speak, and the signal
//! under which a flag tells it. Must not know: any model.

use crate::marks::KINDS;
use crate::onset::UsualVolume;
use crate::profile::{DAYS, Profile, Residual, SPANS, TRAITS};

/// How a feature may move the score. Hard marks of a leak (pasted codes, coupon sites, refused
/// attempts, sightings, the label-free core's evidence) never make a code look more honest. The
/// soft ones depend on each other: many orders without many clicks say one thing, many of both
/// another, and holding their directions too cost a tenth of the leaks found, also on worlds of
/// families left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More of it never lowers the score.
    Up,
    /// It may do either; context, not a mark.
    Free,
}

/// What a feature is called, how it may speak, and where its contribution is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureName {
    /// Unique; the model file names its inputs by it.
    pub name: String,
    /// The item of `evidence[]` that its contribution is counted in.
    pub signal: &'static str,
    /// In which direction it may move the score.
    pub direction: Direction,
}

/// Spans in the names of features.
const SPAN_NAMES: [&str; SPANS] = ["burst", "week", "month"];
pub(crate) const TRAIT_SIGNALS: [&str; TRAITS] = [
    "auto_entry",
    "referrer",
    "referrer",
    "cold",
    "too_fast",
    "returning",
    "hopper",
    "repeat_customer",
    "rejected",
    "hopper",
    "hopper",
];
const TRAIT_NAMES: [&str; TRAITS] = [
    "auto_entry",
    "coupon_referrer",
    "not_social_referrer",
    "cold",
    "too_fast",
    "returning",
    "hopper",
    "repeat_customer",
    "rejected",
    "hunter",
    "tainted",
];
/// Traits that hardly an honest order shows: pasted by a script, from a coupon host, too fast, refused.
const HARD_TRAITS: [usize; 4] = [0, 1, 4, 8];
/// The trait whose absence looks like a leak.
const SOCIAL: usize = 2;
const LEANING_NAMES: [(&str, &str); 4] = [
    ("off_audience", "off_audience"),
    ("basket", "basket"),
    ("shop_hours", "order_time"),
    ("office_hours", "order_time"),
];
const KIND_NAMES: [&str; KINDS] = ["site", "extension", "insider"];
/// Days over which the volume is compared.
pub(crate) const VOLUME_DAYS: [usize; 3] = [1, 3, 7];
/// Days ago that are the code's usual volume.
pub(crate) const LAG: core::ops::Range<usize> = 9..DAYS;
/// Hours that an order excites others, on average: half-life / ln 2.
const EXCITED_HOURS: f64 = 3.0 / core::f64::consts::LN_2;
/// Orders that a code must have had for a feature list to be made.
pub(crate) const ORDERS_MIN: f32 = 1.5;

/// Everything that the features are made of, besides the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Surroundings {
    /// The market's rise over each of the volume's spans, 1 = as usual.
    pub(crate) lift: [f64; 3],
    /// Orders per first visit in the shop.
    pub(crate) conversion: f64,
    /// Evidence of layer 1 in decibans: each kind, click referrers, click flood.
    pub(crate) kinds_db: [f64; KINDS],
    pub(crate) clicks_db: f64,
    pub(crate) flood_db: f64,
    /// Share of the shop's orders that carry a click id, a referrer.
    pub(crate) carries_click_id: f64,
    pub(crate) carries_referrer: f64,
    /// Orders of the shop in the last weeks.
    pub(crate) shop_orders: f64,
    /// Share of the shop's orders of the last week that codes under suspicion had.
    pub(crate) shop_suspects: f64,
    /// How fresh the last post is that the registry or an analyst tells of: 1 = now, half of it
    /// every two days, 0 = none.
    pub(crate) post_freshness: f64,
    /// Whether posts are told at all.
    pub(crate) posts_told: bool,
    pub(crate) offline: bool,
    pub(crate) public: bool,
    pub(crate) post_expected: bool,
    pub(crate) discount_changed: bool,
}

/// The names of the features, in their order.
pub fn feature_names() -> Vec<FeatureName> {
    let mut names = Vec::new();
    visit(
        &Profile::new(1),
        &Surroundings::default(),
        |signal, direction, name, _| {
            names.push(FeatureName {
                name: name.text(),
                signal,
                direction,
            });
        },
    );
    names
}

/// The features of a code; as long as [`feature_names`].
pub(crate) fn features(profile: &Profile, around: &Surroundings) -> Vec<f32> {
    let mut values = Vec::with_capacity(160);
    visit(profile, around, |_, _, _, value| {
        values.push(value as f32);
    });
    values
}

/// A name in parts, put together only when somebody asks.
struct Name(&'static str, &'static str, &'static str);

impl Name {
    fn text(&self) -> String {
        let parts = [self.0, self.1, self.2];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        said.join(".")
    }
}

fn visit(
    profile: &Profile,
    around: &Surroundings,
    mut emit: impl FnMut(&'static str, Direction, Name, f64),
) {
    use Direction::{Free, Up};
    let orders = profile.orders.map(f64::from);
    for index in 0..TRAITS {
        let sign = if index == SOCIAL { -1.0 } else { 1.0 };
        let (signal, name) = (TRAIT_SIGNALS[index], TRAIT_NAMES[index]);
        let direction = if HARD_TRAITS.contains(&index) {
            Up
        } else {
            Free
        };
        for (seen, span) in profile.own[index].iter().zip(SPAN_NAMES) {
            let z = sign * surprise(*seen);
            emit(signal, direction, Name(name, "own", span), z);
        }
        for span in 1..SPANS {
            let excess = f64::from(profile.own[index][span].sum) / (orders[span] + 3.0);
            emit(
                signal,
                direction,
                Name(name, "excess", SPAN_NAMES[span]),
                sign * excess,
            );
        }
        let habit = profile.habits[index];
        let z = sign
            * surprise(Residual {
                sum: habit.shown - habit.shop,
                variance: habit.variance,
            });
        emit(signal, direction, Name(name, "shop", ""), z);
    }
    for (leaning, (name, signal)) in profile.leaning.iter().zip(LEANING_NAMES) {
        for span in 0..SPANS {
            let log = f64::from(leaning[span]) / libm::sqrt(orders[span] + 1.0);
            emit(signal, Free, Name(name, "own", SPAN_NAMES[span]), log);
        }
        let mean = f64::from(leaning[SPANS - 1]) / (orders[SPANS - 1] + 3.0);
        emit(
            signal,
            Free,
            Name(name, "excess", SPAN_NAMES[SPANS - 1]),
            mean,
        );
    }
    for (kind, bets) in profile.bets.iter().enumerate() {
        for span in 0..SPANS {
            let log = f64::from(bets[span]);
            emit(
                "e_detector",
                Up,
                Name("bets", KIND_NAMES[kind], SPAN_NAMES[span]),
                log,
            );
        }
    }
    let stories = around.kinds_db.iter().zip(KIND_NAMES);
    for (db, kind) in stories {
        emit("e_detector", Up, Name("e_detector", kind, ""), *db);
    }
    emit(
        "click_referrer",
        Up,
        Name("e_detector", "clicks", ""),
        around.clicks_db,
    );
    emit(
        "click_growth",
        Free,
        Name("e_detector", "flood", ""),
        around.flood_db,
    );
    visit_volume(profile, around, &mut emit);
    emit(
        "sighting",
        Up,
        Name("sightings", "", ""),
        f64::from(profile.sightings),
    );
    emit(
        "hopper",
        Free,
        Name("shop_suspects", "", ""),
        around.shop_suspects,
    );
    for span in 0..SPANS {
        let size = libm::log1p(orders[span]);
        emit("context", Free, Name("orders", SPAN_NAMES[span], ""), size);
    }
    let told = profile
        .habits
        .iter()
        .filter(|habit| habit.told > 0.0)
        .count();
    let yes = |yes: bool| f64::from(u8::from(yes));
    let context = [
        ("traits_told", told as f64),
        ("carries_click_id", around.carries_click_id),
        ("carries_referrer", around.carries_referrer),
        ("shop_orders", libm::log1p(around.shop_orders)),
        ("posts_told", yes(around.posts_told)),
        ("post_freshness", around.post_freshness),
        ("offline", yes(around.offline)),
        ("public", yes(around.public)),
        ("post_expected", yes(around.post_expected)),
        ("discount_changed", yes(around.discount_changed)),
    ];
    for (name, value) in context {
        emit("context", Free, Name(name, "", ""), value);
    }
}

/// Standard deviations above what was expected; half an order's doubt keeps tiny sums quiet.
fn surprise(seen: Residual) -> f64 {
    f64::from(seen.sum) / libm::sqrt(f64::from(seen.variance) + 0.25)
}

/// The code's usual volume, as its days of some weeks ago and older ones tell it.
pub(crate) struct Usual {
    orders: f64,
    pub(crate) days: f64,
    clicks: f64,
    /// Variance of a day over its mean, at least 1.
    dispersion: f64,
}

impl Usual {
    pub(crate) fn of(profile: &Profile) -> Usual {
        let age = (profile.day() - profile.since.div_euclid(24)) as usize;
        let known = LAG.filter(|ago| *ago <= age);
        let (mut orders, mut days, mut clicks, mut squares) = (0.0, 0.0, 0.0, 0.0);
        for ago in known {
            let (ordered, clicked) = profile.day_ago(ago);
            orders += ordered;
            clicks += clicked;
            squares += ordered * ordered;
            days += 1.0;
        }
        // Six pseudo-days of the dispersion that shops commonly show.
        const PSEUDO_DAYS: f64 = 6.0;
        const COMMON: f64 = 1.8;
        let mean = if days > 0.0 { orders / days } else { 0.0 };
        let spread = if mean > 0.0 {
            (squares - days * mean * mean).max(0.0) / mean
        } else {
            0.0
        };
        Usual {
            orders: orders + f64::from(profile.before),
            days: days + f64::from(profile.before_days),
            clicks,
            dispersion: ((spread + PSEUDO_DAYS * COMMON) / (days + PSEUDO_DAYS)).max(1.0),
        }
    }

    /// For the posterior over the start of a leak.
    pub(crate) fn volume(&self) -> UsualVolume {
        UsualVolume {
            orders: self.orders as f32,
            days: self.days as f32,
        }
    }

    pub(crate) fn per_day(&self) -> f64 {
        (self.orders + 0.3) / (self.days + 1.0)
    }
}

fn visit_volume(
    profile: &Profile,
    around: &Surroundings,
    emit: &mut impl FnMut(&'static str, Direction, Name, f64),
) {
    use Direction::Free;
    const NAMES: [&str; 3] = ["day", "days", "week"];
    let usual = Usual::of(profile);
    let recent = |days: usize| {
        (0..days).fold((0.0, 0.0), |sum, ago| {
            let (orders, clicks) = profile.day_ago(ago);
            (sum.0 + orders, sum.1 + clicks)
        })
    };
    // Today has only begun: it is taken together with yesterday.
    let spans = VOLUME_DAYS.map(|days| days + 1);
    let prior = 2.0 / around.conversion.max(1e-4);
    let all = recent(DAYS);
    let lag_orders = usual.orders - f64::from(profile.before);
    let own_conversion = (lag_orders + 2.0) / (usual.clicks + prior);
    let mut by_both = 0.0;
    for (index, days) in spans.into_iter().enumerate() {
        let (orders, clicks) = recent(days);
        let by_market = usual.per_day() * days as f64 * around.lift[index].max(1e-3);
        // Some buy days after their click.
        let (_, lasting) = recent(days + 2);
        let by_clicks = own_conversion * 0.5 * (clicks + lasting * days as f64 / (days + 2) as f64);
        let known = usual.days / (usual.days + 3.0);
        let over_market = known * log_ratio(orders, by_market);
        let over_clicks = log_ratio(orders, by_clicks);
        emit(
            "volume",
            Free,
            Name("volume", "market", NAMES[index]),
            over_market,
        );
        emit(
            "volume",
            Free,
            Name("volume", "clicks", NAMES[index]),
            over_clicks,
        );
        let doubt = |expected: f64, behind: f64| {
            libm::sqrt(expected * usual.dispersion + expected * expected / (behind + 1.0) + 0.5)
        };
        let z = known * (orders - by_market) / doubt(by_market, usual.orders);
        emit("volume", Free, Name("volume", "market_z", NAMES[index]), z);
        let z = (orders - by_clicks) / doubt(by_clicks, lag_orders + 2.0);
        emit("volume", Free, Name("volume", "clicks_z", NAMES[index]), z);
        by_both = over_market.min(over_clicks);
    }
    emit("volume", Free, Name("volume", "both", "week"), by_both);
    let by_shop = all.1 * around.conversion;
    emit(
        "volume",
        Free,
        Name("volume", "conversion", "month"),
        log_ratio(all.0, by_shop),
    );
    let (week, _) = recent(8);
    let long_ago = (f64::from(profile.before) + 0.3) / (f64::from(profile.before_days) + 1.0) * 8.0;
    let known = f64::from(profile.before_days) / (f64::from(profile.before_days) + 7.0);
    emit(
        "volume",
        Free,
        Name("volume", "long_ago", "week"),
        known * log_ratio(week, long_ago),
    );
    emit(
        "context",
        Free,
        Name("dispersion", "", ""),
        usual.dispersion,
    );
    emit(
        "context",
        Free,
        Name("known_days", "", ""),
        libm::log1p(usual.days),
    );
    let per_order = log_ratio(usual.clicks, usual.orders);
    emit("context", Free, Name("clicks_per_order", "", ""), per_order);
    let month_hours = 24.0 * 24.0 / core::f64::consts::LN_2;
    let calm = f64::from(profile.orders[SPANS - 1]) / month_hours * EXCITED_HOURS;
    let heels = profile.orders.iter().zip(&profile.excited);
    for ((orders, excited), span) in heels.zip(SPAN_NAMES).take(2) {
        let mean = f64::from(*excited) / (f64::from(*orders) + 1.0);
        let burst = libm::log((mean + 0.3) / (calm + 0.3));
        emit("order_time", Free, Name("burst", span, ""), burst);
    }
}

fn log_ratio(seen: f64, expected: f64) -> f64 {
    libm::log((seen + 1.0) / (expected + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn hard_marks_may_only_raise_the_score_and_soft_ones_may_do_either() {
        let check = |name: &str, expected: Direction| {
            let names = feature_names();
            let found = names.iter().find(|made| made.name == name).unwrap();
            assert_eq!(found.direction, expected, "{name}");
        };
        for hard in [
            "auto_entry.own.week",
            "coupon_referrer.excess.month",
            "too_fast.shop",
            "rejected.own.burst",
            "sightings",
            "e_detector.site",
        ] {
            check(hard, Direction::Up);
        }
        for soft in [
            "cold.own.week",
            "volume.market.day",
            "off_audience.excess.month",
        ] {
            check(soft, Direction::Free);
        }
    }

    #[test]
    fn every_feature_has_a_name_of_its_own_and_a_value() {
        let names = feature_names();
        let distinct: BTreeSet<&str> = names.iter().map(|name| name.name.as_str()).collect();
        assert_eq!(distinct.len(), names.len());
        let values = features(&Profile::new(1), &Surroundings::default());
        assert_eq!(values.len(), names.len());
        assert!(values.iter().all(|value| value.is_finite()));
    }
}
