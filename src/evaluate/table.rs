//! The figures as text for a terminal.

use super::against::{Against, Agreement};
use super::comparison::{Row, Setting};
use super::scorecard::{LeakRow, Scorecard, Sides};
use super::words::{money, rate, share, short, spread};
use super::{Evaluation, Group};
use crate::commands::aligned::aligned;

/// All of it: every group, and their sum where there are several.
pub fn to_table(evaluation: &Evaluation) -> String {
    let mut text = format!(
        "detector {}, flags at {} dB, seeds {} to {}\n\n",
        evaluation.detector, evaluation.threshold_db, evaluation.seeds.0, evaluation.seeds.1
    );
    for group in &evaluation.groups {
        text.push_str(&of_group(group, false));
    }
    text.push_str(&of_group(&evaluation.overall, true));
    if let Some(other) = &evaluation.against {
        text.push_str(&beside(&evaluation.overall.scorecard, other));
    }
    text
}

/// The judge in force and another one, on the same worlds.
fn beside(present: &Scorecard, other: &Against) -> String {
    let row = |name: &str, value: &dyn Fn(&Scorecard) -> String| {
        vec![name.to_owned(), value(present), value(&other.scorecard)]
    };
    let of_all = |card: &Scorecard, told: &dyn Fn(&LeakRow) -> String| {
        card.leaks_of("leaks", "all").map_or("-".to_owned(), told)
    };
    let rows = vec![
        words(["two judges on the same worlds", "in force", "the other"]),
        row("false flags per 1,000 clean code-weeks (95 %)", &|card| {
            rate(&card.false_flags.all)
        }),
        row("leaks found", &|card| {
            of_all(card, &|all| share(&all.found))
        }),
        row("saved while open (KZT)", &|card| {
            of_all(card, &|all| money(&all.saved))
        }),
        row("delay orders", &|card| {
            of_all(card, &|all| spread(&all.delay_orders))
        }),
    ];
    let agreement = |what: &str, of: &Agreement| {
        format!(
            "{what}: {} by both, {} only by the judge in force, {} only by the other\n",
            of.both, of.only_present, of.only_other
        )
    };
    format!(
        "{}{}{}the other judge is {}\n",
        aligned(rows),
        agreement("leaks found", &other.found),
        agreement("honest codes flagged", &other.falsely_flagged),
        other.detector
    )
}

fn of_group(group: &Group, with_divisions: bool) -> String {
    let card = &group.scorecard;
    let extent = &card.extent;
    let mut text = format!(
        "== {}, {}: {} worlds, {} codes ({} clean, {} leaking, {} flooded), {} records, {} orders\n",
        group.family,
        group.preset,
        extent.worlds,
        extent.codes,
        extent.clean_codes,
        extent.leaks,
        extent.flooded_codes,
        extent.records,
        extent.orders,
    );
    text.push_str(&headline(card));
    text.push('\n');
    text.push_str(&leaks(card, with_divisions));
    text.push('\n');
    if with_divisions {
        text.push_str(&false_flags(card));
        text.push('\n');
        text.push_str(&steps(group));
        text.push('\n');
    }
    text.push_str(&comparison(&group.comparison));
    text.push('\n');
    text
}

fn headline(card: &Scorecard) -> String {
    let coverage = |name: &str, pick: fn(&super::scorecard::Covered) -> Sides| {
        vec![
            format!("90 % interval of {name}"),
            format!(
                "{} when opened; {} at last",
                sides(&pick(&card.coverage.opened)),
                sides(&pick(&card.coverage.last))
            ),
        ]
    };
    let floods = &card.floods;
    let rows = vec![
        vec![
            "false flags per 1,000 clean code-weeks (95 %)".to_owned(),
            rate(&card.false_flags.all),
        ],
        vec![
            "flags before the first leaked order".to_owned(),
            format!(
                "{} on {} leaking codes",
                card.early_flags.n, card.early_flags.of
            ),
        ],
        vec![
            "flooded codes flagged as leaking".to_owned(),
            share(&card.flooded_flagged_as_leak),
        ],
        vec![
            "click floods found".to_owned(),
            format!(
                "{}; falsely {}",
                share(&floods.found),
                rate(&floods.falsely)
            ),
        ],
        vec![
            "honest commission held, on clean codes (KZT)".to_owned(),
            money(&card.falsely_held.on_clean_codes),
        ],
        vec![
            "honest commission held, on leaking codes (KZT)".to_owned(),
            money(&card.falsely_held.on_leaking_codes),
        ],
        coverage("the onset", |covered| covered.onset),
        coverage("leaked orders", |covered| covered.leaked_orders),
        coverage("commission", |covered| covered.commission),
    ];
    aligned(rows)
}

/// The share that holds the truth, and on which side it lies else.
fn sides(sides: &Sides) -> String {
    format!(
        "{} (truth below {}, above {})",
        share(&sides.share()),
        sides.below,
        sides.above
    )
}

fn leaks(card: &Scorecard, with_divisions: bool) -> String {
    let mut rows = vec![words([
        "leaks",
        "found",
        "saved while open (KZT)",
        "after first flag",
        "delay orders",
        "delay hours",
    ])];
    for row in &card.leaks {
        if !with_divisions && !matches!(row.dimension, "leaks" | "place") {
            continue;
        }
        let name = match row.dimension {
            "leaks" => row.value.clone(),
            "leaked orders" => format!("{} leaked orders", row.value),
            _ => row.value.clone(),
        };
        rows.push(vec![
            name,
            share(&row.found),
            money(&row.saved),
            row.saved_after_first_flag
                .value()
                .map_or("-".to_owned(), |value| format!("{value:.2}")),
            spread(&row.delay_orders),
            spread(&row.delay_hours),
        ]);
    }
    aligned(rows)
}

fn false_flags(card: &Scorecard) -> String {
    let mut rows = vec![words(["false flags", "per 1,000 clean code-weeks (95 %)"])];
    let all = &card.false_flags;
    let stories = all
        .by_story
        .iter()
        .map(|(name, rate)| ("story", *name, rate));
    let tiers = all.by_tier.iter().map(|(name, rate)| ("tier", *name, rate));
    let shops = all.by_marketplace.iter();
    let shops = shops.map(|(name, rate)| ("shop", name.as_str(), rate));
    for (dimension, name, found) in stories.chain(tiers).chain(shops) {
        rows.push(vec![format!("{dimension} {name}"), rate(found)]);
    }
    aligned(rows)
}

fn steps(group: &Group) -> String {
    let mut rows = vec![words([
        "if flagged at",
        "false per 1,000",
        "found",
        "saved",
        "leaking, of codes that came so far",
    ])];
    for step in &group.steps {
        rows.push(vec![
            format!("{} dB", step.threshold_db),
            rate(&step.false_flags),
            share(&step.found),
            step.saved
                .value()
                .map_or("-".to_owned(), |value| format!("{value:.2}")),
            share(&step.leaking),
        ]);
    }
    aligned(rows)
}

fn comparison(rows: &[Row]) -> String {
    let mut lines = vec![words([
        "one flag a code",
        "threshold",
        "false per 1,000",
        "early",
        "found",
        "found of 5+",
        "saved",
        "held",
        "delay orders",
    ])];
    for row in rows {
        let threshold = match (row.setting, row.threshold) {
            (Setting::Flags, _) => "as it flags".to_owned(),
            (Setting::Natural, Some(value)) => format!("{} {}", short(value), row.unit),
            (Setting::OtherSeeds, Some(value)) => {
                format!("{} {}, other seeds", short(value), row.unit)
            }
            (_, None) => "no other seeds".to_owned(),
        };
        let part = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        lines.push(vec![
            row.name.to_owned(),
            threshold,
            rate(&row.false_flags),
            format!("{}", row.early.n),
            share(&row.found),
            share(&row.found_of_five),
            part(row.saved.value()),
            row.falsely_held
                .value()
                .map_or("-".to_owned(), |value| format!("{value:.3}")),
            spread(&row.delay_orders),
        ]);
    }
    aligned(lines)
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
