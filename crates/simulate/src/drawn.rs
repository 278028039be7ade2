//! Settings drawn at random: programmes as different as they may be outside, for training and for tests of
//! robustness.
//!
//! Decides how far each knob may be turned. Must not know what a family makes of it.

use crate::random::{Random, Stream};
use crate::settings::{Family, LeakMix, WorldSettings};

impl WorldSettings {
    /// A world of constants drawn at random, for training and for tests of robustness: the outer settings
    /// within plausible ranges, and a spread for the inner ones. `codes`, `start`, `days` and
    /// `volume_scale` stay at their defaults. The draw is the same for every family.
    pub fn drawn(family: Family, seed: u64) -> Self {
        let mut random = Random::of(seed, Stream::Settings, 0, 0);
        let random = &mut random;
        let plain = Self::default();
        // From a shop for every four codes to two large ones.
        let merchants_max = f64::from(plain.codes / 4);
        Self {
            seed,
            family,
            spread: random.range(0.3, 1.5),
            merchants: random.log_uniform(2.0, merchants_max + 1.0) as u32,
            orders_per_day_median: random.log_uniform(0.3, 4.0),
            clicks_per_order: random.log_uniform(6.0, 60.0),
            walled_share: walled_share(random),
            russia_share: random.unit() * random.unit(),
            leak_share: random.range(0.05, 0.35),
            leak_mix: leak_mix(random),
            click_flood_share: random.range(0.0, 0.08),
            from_day_one_share: random.range(0.0, 0.4),
            slow_ramp_share: random.range(0.0, 0.6),
            stops_share: random.range(0.0, 0.5),
            leak_size_min: random.log_uniform(0.1, 0.6),
            leak_size_max: random.log_uniform(0.8, 8.0),
            lookalike_share: random.range(0.0, 0.6),
            unregistered_share: random.range(0.0, 0.1),
            polled_share: random.unit(),
            late_share: random.log_uniform(0.001, 0.06),
            out_of_order_share: random.log_uniform(0.002, 0.1),
            duplicate_share: random.log_uniform(0.001, 0.05),
            mistyped_share: random.log_uniform(0.002, 0.05),
            ..plain
        }
    }
}

/// Many a programme is on marketplaces only, or not at all.
fn walled_share(random: &mut Random) -> f64 {
    match random.weighted(&[0.2, 0.2, 0.6]) {
        0 => 0.0,
        1 => 1.0,
        _ => random.unit(),
    }
}

/// Dirichlet, a little wider than flat: each kind is nearly all leaks of some world.
fn leak_mix(random: &mut Random) -> LeakMix {
    const SHAPE: f64 = 0.8;
    // No kind is absent, so that the draw is valid whatever the gammas are.
    const LEAST: f64 = 0.01;
    let mut weight = || LEAST + random.gamma_mean_one(SHAPE);
    LeakMix {
        coupon_site: weight(),
        extension: weight(),
        insider_or_community: weight(),
        deal_channel: weight(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_drawn_worlds_are_valid_and_reach_both_ends() {
        let drawn: Vec<WorldSettings> = (0..1_000)
            .map(|seed| WorldSettings::drawn(Family::Programme, seed))
            .collect();
        for settings in &drawn {
            assert_eq!(settings.validate(), Ok(()), "{settings:?}");
            assert!((2..=settings.codes / 4).contains(&settings.merchants));
            assert!((0.3..=1.5).contains(&settings.spread));
        }
        let reach = |of: fn(&WorldSettings) -> f64, low: f64, high: f64| {
            let values = || drawn.iter().map(of);
            assert!(values().any(|value| value < low), "none below {low}");
            assert!(values().any(|value| value > high), "none above {high}");
        };
        reach(|s| s.walled_share, 0.001, 0.999);
        reach(|s| f64::from(s.merchants), 2.5, 48.0);
        reach(|s| s.leak_share, 0.06, 0.34);
        reach(|s| s.orders_per_day_median, 0.35, 3.8);
        reach(|s| s.leak_mix.deal_channel, 0.05, 3.0);
    }

    #[test]
    fn families_differ_in_nothing_but_their_name() {
        for family in Family::ALL {
            let expected = WorldSettings {
                family,
                ..WorldSettings::drawn(Family::Programme, 5)
            };
            assert_eq!(WorldSettings::drawn(family, 5), expected);
        }
    }
}
