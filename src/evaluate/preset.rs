//! Worlds by the name of their settings.

use promoguard_simulate::{Family, WorldSettings};

/// Settings of a world that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preset(&'static str);

impl Preset {
    /// The preset of that name.
    pub fn named(name: &str) -> Option<Preset> {
        let names = WorldSettings::PRESETS.into_iter();
        names.map(Preset).find(|preset| preset.0 == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The settings of one world.
    pub fn settings(self, family: Family, seed: u64) -> WorldSettings {
        let settings = WorldSettings::preset(self.0, seed).expect("a preset has settings");
        WorldSettings { family, ..settings }
    }
}
