//! A simulated world through the real pipeline, for what the learned judge sees of it.
//!
//! Decides: which of it becomes training rows, and what is true of them. Must not know: how trees
//! are grown.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use promoguard_detect::DetectSettings;
use promoguard_event::{EventTime, PseudonymKey, Topic};
use promoguard_learn::Rows;
use promoguard_pipeline::PipelineSettings;
use promoguard_simulate::{CodeTruth, RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

use crate::engine::memory::MemoryEngine;
use crate::evaluate::world::{Clock, Sightings};

/// Records generated at once.
const BATCH_RECORDS: usize = 1 << 14;
/// Rows of one code that are trained on: more of the same code teach little.
const ROWS_PER_CODE_MAX: usize = 24;
/// Leaked orders that must have come in the last days for a row to count as leaking.
const LEAKED_ORDERS_MIN: usize = 2;
/// Those last days, in hours.
const LEAKED_WITHIN_HOURS: i32 = 10 * 24;
/// Weight of all leaking rows of a code, relative to one row: their number to this power.
const LEAKING_POWER: f64 = 0.7;
/// The same for honest rows, of which any one may raise a flag.
const HONEST_POWER: f64 = 1.0;
/// Weight of a leaking row against an honest one.
const LEAKING_WEIGHT: f64 = 3.0;

/// What the judge saw of one code.
struct Seen {
    hour: i32,
    values: Vec<f32>,
}

/// What the judge saw of a world's codes, hour by hour, and the truth.
pub(crate) struct WorldRows {
    seen: BTreeMap<String, Vec<Seen>>,
    /// Hours of leaked orders by normalised code, rising.
    leaked: BTreeMap<String, Vec<i32>>,
    truth: Vec<CodeTruth>,
    weeks: f64,
}

/// What the peaks of honest codes are measured with.
pub(crate) struct CleanWeeks {
    /// Rows of each clean code.
    pub(crate) codes: Vec<Vec<Vec<f32>>>,
    /// Clean code-weeks, of codes without orders too.
    pub(crate) code_weeks: f64,
}

/// Runs a world from its first record to its last.
///
/// # Errors
/// Settings that cannot make a world.
pub(crate) fn live_through(
    settings: &WorldSettings,
    pipeline: &PipelineSettings,
    detect: &DetectSettings,
) -> Result<WorldRows> {
    let mut world = World::new(settings.clone()).context("cannot make this world")?;
    let detect = DetectSettings {
        export_features: true,
        ..detect.clone()
    };
    let mut engine = MemoryEngine::new(
        pipeline.clone(),
        detect,
        &HashKey::new([7; 32]),
        PseudonymKey::new([7; 32]),
    );
    engine
        .register(&world.codes())
        .context("the simulated registry cannot be read")?;
    let mut rows = WorldRows {
        seen: BTreeMap::new(),
        leaked: BTreeMap::new(),
        truth: Vec::new(),
        weeks: settings.days / 7.0,
    };
    let mut batch = RecordBatch::with_records_max(BATCH_RECORDS);
    let mut clock = Clock::new(world.settings().start, pipeline.reorder_slack_ms);
    let mut sightings = Sightings::default();
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            if let Some(watermark) = clock.reach(record.arrival) {
                sightings.tell(&mut engine, &world, clock.now);
                rows.take(engine.advance(watermark).features);
            }
            if record.marks.first_of_order && record.marks.fraudulent && !record.marks.duplicate {
                let at = EventTime::from_millis(record.ts).hour().index();
                let leaked = rows.leaked.entry(record.key.to_owned()).or_default();
                leaked.push(at);
            }
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            engine.push(topic, record.payload);
        }
        batch.clear();
    }
    sightings.tell(&mut engine, &world, i64::MAX);
    rows.take(engine.finish().features);
    for leaked in rows.leaked.values_mut() {
        leaked.sort_unstable();
    }
    rows.truth = world.truth().to_vec();
    Ok(rows)
}

impl WorldRows {
    fn take(&mut self, features: Vec<promoguard_detect::FeatureRow>) {
        for row in features {
            self.seen.entry(row.code).or_default().push(Seen {
                hour: row.hour.index(),
                values: row.values,
            });
        }
    }

    /// Adds the rows that teach something: of clean codes all, of leaking ones those before the
    /// first leaked order and those while it leaks.
    pub(crate) fn teach(&self, rows: &mut Rows) {
        for truth in &self.truth {
            let key = truth.code.to_lowercase();
            let Some(seen) = self.seen.get(&key) else {
                continue;
            };
            let leaked = self.leaked.get(&key).map_or(&[][..], Vec::as_slice);
            let told: Vec<(&Seen, bool)> = seen
                .iter()
                .filter_map(|seen| Some((seen, is_leaking(truth, leaked, seen.hour)?)))
                .collect();
            for kind in [false, true] {
                let of_kind: Vec<&Seen> = told
                    .iter()
                    .filter(|(_, leaking)| *leaking == kind)
                    .map(|(seen, _)| *seen)
                    .collect();
                teach_code(rows, &of_kind, kind);
            }
        }
    }

    /// What honest codes showed.
    pub(crate) fn clean(mut self) -> CleanWeeks {
        let mut clean = CleanWeeks {
            codes: Vec::new(),
            code_weeks: 0.0,
        };
        for truth in self.truth.iter().filter(|truth| truth.clean()) {
            clean.code_weeks += self.weeks;
            if let Some(seen) = self.seen.remove(&truth.code.to_lowercase()) {
                let values = seen.into_iter().map(|seen| seen.values);
                clean.codes.push(values.collect());
            }
        }
        clean
    }
}

/// Whether the code leaked at that hour; `None` where that is no lesson: it has leaked before, or
/// its clicks are made up.
fn is_leaking(truth: &CodeTruth, leaked: &[i32], hour: i32) -> Option<bool> {
    if truth.clean() {
        return Some(false);
    }
    let first = *leaked.first().filter(|_| truth.leaked())?;
    if hour < first {
        return Some(false);
    }
    let until = leaked.partition_point(|at| *at <= hour);
    let before = leaked.partition_point(|at| *at <= hour - LEAKED_WITHIN_HOURS);
    (until - before >= LEAKED_ORDERS_MIN).then_some(true)
}

/// At most so many rows of a code, evenly over its time, weighted so that a large code teaches
/// more than a small one, though not in proportion.
fn teach_code(rows: &mut Rows, seen: &[&Seen], leaking: bool) {
    let kept = seen.len().min(ROWS_PER_CODE_MAX);
    if kept == 0 {
        return;
    }
    let power = if leaking { LEAKING_POWER } else { HONEST_POWER };
    let whole = (seen.len() as f64).powf(power) * if leaking { LEAKING_WEIGHT } else { 1.0 };
    let each = (whole / kept as f64) as f32;
    for at in 0..kept {
        let row = seen[at * seen.len() / kept];
        rows.push(&row.values, leaking, each);
    }
}
