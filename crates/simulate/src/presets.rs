//! Worlds that have a name, for the command line and for measurements.
//!
//! Decides what each name means. Must not know who asks.

use crate::settings::{Family, WorldSettings};

impl WorldSettings {
    /// The names of the presets, the default first.
    pub const PRESETS: [&'static str; 7] = [
        "mixed", "walled", "open", "hard", "honest", "small", "drawn",
    ];

    /// The settings of that name; `None` where there is no such name. All are of the default family, and
    /// mean the same in any other.
    ///
    /// - `mixed`: the default, shops of both kinds
    /// - `walled`: marketplaces only, no click ids and hardly a referrer
    /// - `open`: shops of their own only
    /// - `hard`: everything is against the detector
    /// - `honest`: no leak and no flood, and many innocent stories that look like one
    /// - `small`: one brand with five codes
    /// - `drawn`: constants drawn at random ([`WorldSettings::drawn`])
    pub fn preset(name: &str, seed: u64) -> Option<Self> {
        let mixed = Self {
            seed,
            ..Self::default()
        };
        Some(match name {
            "mixed" => mixed,
            "walled" => Self {
                walled_share: 1.0,
                ..mixed
            },
            "open" => Self {
                walled_share: 0.0,
                ..mixed
            },
            "hard" => hard(mixed),
            "honest" => Self {
                leak_share: 0.0,
                click_flood_share: 0.0,
                lookalike_share: 0.5,
                ..mixed
            },
            "small" => Self {
                codes: 5,
                merchants: 1,
                orders_per_day_median: 3.0,
                ..mixed
            },
            "drawn" => Self::drawn(Family::default(), seed),
            _ => return None,
        })
    }

    /// That many codes, with as many of them a shop as before.
    pub fn with_codes(self, codes: u32) -> Self {
        let merchants = u64::from(self.merchants) * u64::from(codes) / u64::from(self.codes.max(1));
        Self {
            codes,
            merchants: merchants.clamp(1, 100_000) as u32,
            ..self
        }
    }
}

/// Small leaks that grow slowly or were always there, few shops that tell much, more innocent stories and
/// floods, more late and disordered records.
fn hard(mixed: WorldSettings) -> WorldSettings {
    WorldSettings {
        walled_share: 0.75,
        leak_size_min: 0.15,
        leak_size_max: 1.0,
        from_day_one_share: 0.3,
        slow_ramp_share: 0.5,
        click_flood_share: 0.06,
        lookalike_share: 0.6,
        unregistered_share: 0.05,
        polled_share: 0.5,
        late_share: 0.04,
        out_of_order_share: 0.06,
        duplicate_share: 0.03,
        ..mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_valid_world_of_its_own_and_no_other_name_has_one() {
        let presets: Vec<WorldSettings> = WorldSettings::PRESETS
            .iter()
            .map(|name| WorldSettings::preset(name, 7).unwrap())
            .collect();
        for (at, preset) in presets.iter().enumerate() {
            assert_eq!(preset.validate(), Ok(()));
            assert_eq!(preset.seed, 7);
            assert!(!presets[..at].contains(preset));
        }
        assert_eq!(
            WorldSettings::preset("mixed", 1),
            Some(WorldSettings::default())
        );
        assert_eq!(WorldSettings::preset("Mixed", 1), None);
    }

    #[test]
    fn codes_bring_their_shops_with_them() {
        let check = |codes, expected| {
            let settings = WorldSettings::default().with_codes(codes);
            assert_eq!((settings.codes, settings.merchants), (codes, expected));
        };
        check(200, 20);
        check(59, 5);
        check(3, 1);
        check(5_000_000, 100_000);
    }
}
