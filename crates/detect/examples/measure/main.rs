//! Measures the judge on simulated worlds:
//! `measure FIRST_SEED..LAST_SEED WORLD [SETTINGS…]`, WORLD = mixed | open | walled | hard |
//! honest | small (`+flags` lists the false ones), SETTINGS = JSON.
//! Prints what was found, what was falsely flagged, and how the intervals held.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a tool that prints, not the core"
)]

mod hot_stage;
mod tally;

use promoguard_detect::DetectSettings;
use promoguard_simulate::{World, WorldSettings};

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

fn world_settings(seed: u64, kind: &str) -> WorldSettings {
    let plain = WorldSettings {
        seed,
        ..WorldSettings::default()
    };
    match kind {
        "walled" => WorldSettings {
            walled_share: 1.0,
            ..plain
        },
        "open" => WorldSettings {
            walled_share: 0.0,
            ..plain
        },
        "hard" => WorldSettings {
            leak_size_min: 0.15,
            leak_size_max: 1.0,
            slow_ramp_share: 0.5,
            lookalike_share: 0.6,
            ..plain
        },
        "honest" => WorldSettings {
            leak_share: 0.0,
            click_flood_share: 0.0,
            lookalike_share: 0.5,
            ..plain
        },
        "small" => WorldSettings {
            codes: 5,
            merchants: 1,
            orders_per_day_median: 3.0,
            ..plain
        },
        _ => plain,
    }
}
