//! Named settings of worlds.

use promoguard_simulate::WorldSettings;

/// Settings of a world that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preset(usize);

/// Every preset with what it is, in a fixed order.
const PRESETS: [(&str, &str); 7] = [
    ("mixed", "shops of their own and on marketplaces"),
    ("walled", "marketplaces only, which tell little of an order"),
    ("open", "shops of their own only"),
    ("hard", "small, slow leaks and many look-alikes"),
    ("honest", "no leak at all, and many look-alikes"),
    ("small", "one brand with five codes"),
    ("drawn", "mixed, with the inner constants drawn anew"),
];

impl Preset {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Preset> {
        (0..PRESETS.len()).map(Preset)
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Preset> {
        Preset::all().find(|preset| preset.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        PRESETS[self.0].0
    }

    /// What it is, in a few words.
    pub fn meaning(self) -> &'static str {
        PRESETS[self.0].1
    }

    /// The settings of one seed.
    pub fn settings(self, seed: u64) -> WorldSettings {
        let mixed = WorldSettings {
            seed,
            ..WorldSettings::default()
        };
        match self.name() {
            "walled" => WorldSettings {
                walled_share: 1.0,
                ..mixed
            },
            "open" => WorldSettings {
                walled_share: 0.0,
                ..mixed
            },
            "hard" => WorldSettings {
                leak_size_min: 0.15,
                leak_size_max: 1.0,
                slow_ramp_share: 0.5,
                lookalike_share: 0.6,
                ..mixed
            },
            "honest" => WorldSettings {
                leak_share: 0.0,
                click_flood_share: 0.0,
                lookalike_share: 0.5,
                ..mixed
            },
            "small" => WorldSettings {
                codes: 5,
                merchants: 1,
                orders_per_day_median: 3.0,
                ..mixed
            },
            "drawn" => WorldSettings {
                spread: 1.0,
                ..mixed
            },
            _ => mixed,
        }
    }
}
