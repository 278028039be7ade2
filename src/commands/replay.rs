//! `promoguard replay`: judge files.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use promoguard_event::{ErrorKind, Topic};

use super::DONE;
use crate::config::ReplayPlan;
use crate::config::keys::KeyRing;
use crate::engine::progress::Progress;
use crate::engine::replay::{Inputs, ReplayOrder, ReplaySummary, replay};
use crate::engine::settings::replay_settings;
use crate::engine::sinks::OutputPaths;

/// Runs the plan.
///
/// # Errors
/// An input cannot be read or an output cannot be written. Bad lines are no errors.
pub(super) fn execute(plan: ReplayPlan) -> Result<u8> {
    let keys = KeyRing::or_published(&plan.config.keys)?;
    let order = ReplayOrder::from(plan.order);
    let settings = replay_settings(&plan.config, &keys, order);
    let inputs = Inputs::from(plan.inputs);
    let outputs = OutputPaths {
        flags: Some(plan.outputs.flags),
        shadow_flags: plan.outputs.shadow_flags,
        scores: plan.outputs.scores,
        windows: plan.outputs.windows,
        judged_orders: plan.outputs.judged_orders,
        features: plan.outputs.features,
        dead_letters: plan.outputs.dead_letters,
        report: plan.outputs.report,
    };
    let started = Instant::now();
    let progress = Progress::new(inputs.paths(), plan.progress && !plan.quiet);
    let summary = replay(&inputs, &outputs, &settings, &progress)?;
    if !plan.quiet {
        eprint!("{}", describe(&summary, started.elapsed(), &outputs));
    }
    Ok(DONE)
}

/// The summary as people read it.
fn describe(summary: &ReplaySummary, elapsed: Duration, outputs: &OutputPaths) -> String {
    let mut text = String::new();
    let tally = &summary.tally;
    let seconds = elapsed.as_secs_f64();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{} lines ({:.1} MB) in {seconds:.1} s: {:.0} lines/s",
        summary.lines,
        summary.bytes as f64 / 1e6,
        summary.lines as f64 / seconds.max(1e-9),
    );
    match summary.ordering {
        Some(ordering) if ordering.clicks_sorted => {
            let _ = writeln!(
                text,
                "order: event time; clicks and orders were sorted{}",
                on_disk(ordering.spilled_runs)
            );
        }
        Some(ordering) => {
            let _ = writeln!(
                text,
                "order: event time; clicks were nearly sorted and streamed, orders were sorted{}",
                on_disk(ordering.spilled_runs)
            );
        }
        None => {
            let _ = writeln!(text, "order: arrival, each file a partition");
        }
    }
    for topic in Topic::ALL {
        let counts = tally.counts.of(topic);
        if counts.read == 0 {
            continue;
        }
        let _ = writeln!(
            text,
            "{:<10} {:>12} read = {} accepted ({} late) + {} duplicate + {} too late + {} dead letters",
            topic.as_str(),
            counts.read,
            counts.accepted,
            counts.late,
            counts.duplicate,
            counts.too_late,
            counts.dead_letter,
        );
        for reason in ErrorKind::ALL {
            let letters = tally.counts.dead_letters(topic, reason);
            if letters > 0 {
                let _ = writeln!(text, "{:>24} {}", letters, reason.as_str());
            }
        }
    }
    for (topic, field, count) in tally.defects.iter() {
        let _ = writeln!(
            text,
            "unusable optional field {}.{}: {count} (counted as absent)",
            topic.as_str(),
            field.as_str()
        );
    }
    let conflicts = tally.counts.of(Topic::Orders).conflict;
    if conflicts > 0 {
        let _ = writeln!(text, "repeated orders with another amount: {conflicts}");
    }
    for conflict in &tally.conflicts {
        let _ = writeln!(text, "registry: {conflict}");
    }
    let _ = writeln!(
        text,
        "{} codes, {} orders judged, {} flags opened, {} cleared",
        summary.codes, tally.judged_orders, tally.opened, tally.cleared
    );
    if let Some(shadow) = &tally.shadow {
        let _ = writeln!(
            text,
            "shadow: {} codes flagged by both, {} only by the present settings, {} only by the shadow",
            shadow.both, shadow.only_present, shadow.only_shadow
        );
    }
    let dead: u64 = Topic::ALL
        .iter()
        .map(|topic| tally.counts.of(*topic).dead_letter)
        .sum();
    if dead > 0 && outputs.dead_letters.is_none() {
        let _ = writeln!(
            text,
            "the {dead} bad lines were counted and not kept; --dead-letters-out FILE keeps them"
        );
    }
    text
}

fn on_disk(spilled_runs: u64) -> String {
    match spilled_runs {
        0 => " in memory".to_owned(),
        runs => format!(" on disk ({runs} runs)"),
    }
}
