//! Measures the judge on simulated worlds:
//! `measure FIRST_SEED..LAST_SEED WORLD [SETTINGS…]`, WORLD = a preset of `promoguard simulate`, such as
//! `walled`, or `FAMILY:PRESET` (`+flags` lists the false ones), SETTINGS = JSON.
//! Prints what was found, what was falsely flagged, and how the intervals held.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a tool that prints, not the core"
)]

mod hot_stage;
mod tally;

use promoguard_detect::DetectSettings;
use promoguard_simulate::{Family, World, WorldSettings};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (seeds, kind) = match &arguments[..] {
        [seeds, kind, ..] => (seeds.as_str(), kind.as_str()),
        _ => ("1..1", "mixed"),
    };
    let (kind, verbose) = kind
        .strip_suffix("+flags")
        .map_or((kind, false), |kind| (kind, true));
    let (first, last) = seeds.split_once("..").unwrap_or((seeds, seeds));
    let (first, last): (u64, u64) = (
        first.parse().expect("a seed"),
        last.parse().expect("a seed"),
    );
    let mut settings: Vec<DetectSettings> = arguments
        .iter()
        .skip(2)
        .map(|json| serde_json::from_str(json).expect("settings are JSON"))
        .collect();
    if settings.is_empty() {
        settings.push(DetectSettings::default());
    }
    if let Ok(file) = std::env::var("MODEL") {
        let model =
            promoguard_detect::Model::parse(&std::fs::read_to_string(file).expect("a file"));
        for settings in &mut settings {
            settings.judge = promoguard_detect::Judge::new(model.clone().expect("a model"));
        }
    }
    let mut tallies: Vec<tally::Tally> = settings
        .iter()
        .map(|_| tally::Tally::new(verbose))
        .collect();
    for seed in first..=last {
        let world = World::new(world_settings(seed, kind)).expect("valid settings");
        let facts = hot_stage::facts_of(world);
        for (settings, tally) in settings.iter().zip(&mut tallies) {
            tally.world(settings, &facts);
        }
    }
    for (at, tally) in tallies.iter().enumerate() {
        println!(
            "== {} {}",
            at,
            arguments.get(at + 2).map_or("default", String::as_str)
        );
        tally.print();
    }
}

/// `mixed`, or `agents:mixed` for a world of another family.
fn world_settings(seed: u64, kind: &str) -> WorldSettings {
    let (family, name) = kind.split_once(':').unwrap_or(("programme", kind));
    WorldSettings {
        family: Family::named(family).expect("a family of worlds"),
        ..WorldSettings::preset(name, seed).expect("a preset of `promoguard simulate`")
    }
}
