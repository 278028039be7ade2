//! A world through the real pipeline: decoder, merge, dedupe, shards, judge, in order of arrival.
//!
//! Decides: when the pipeline is stepped. Must not know: what is made of its outputs.

use anyhow::{Context, Result};
use promoguard_detect::DetectSettings;
use promoguard_event::{EventTime, PseudonymKey, Topic};
use promoguard_pipeline::PipelineSettings;
use promoguard_simulate::{RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

use super::observation::Observation;
use super::outcome::WorldOutcome;
use super::preset::Preset;
use super::rules::{By, DayFacts, Score};
use crate::engine::memory::MemoryEngine;

const HOUR_MS: i64 = 3_600_000;

/// Records generated at once; a world is never in memory as a whole.
const BATCH_RECORDS: usize = 1 << 14;

/// The pipeline and the judge, as every command has them.
#[derive(Clone)]
pub struct Setup {
    /// Bounds and horizons.
    pub pipeline: PipelineSettings,
    /// Settings of the judge.
    pub detect: DetectSettings,
    /// Key of the hashes.
    pub hash_key: HashKey,
    /// Key of the pseudonyms.
    pub pseudonym_key: PseudonymKey,
    /// The scores to be followed, the detector's first: [`super::rules::scores`] and perhaps more.
    pub scores: Vec<Score>,
}

/// What really happened on a code's day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayTruth {
    /// Index of the code in the world's truth.
    pub code: usize,
    /// Orders of the day that came through a leak.
    pub leaked_orders: u32,
}

/// Takes every code's days as they end, with what really happened: training data for a rule that
/// learns, or a table to look at.
pub type EachDay<'a> = &'a mut dyn FnMut(&DayFacts, &DayTruth);

/// Runs a world from its first record to its last.
///
/// # Errors
/// Settings that cannot make a world.
pub fn run(
    setup: &Setup,
    preset: Preset,
    settings: &WorldSettings,
    each_day: EachDay<'_>,
) -> Result<WorldOutcome> {
    let mut world = World::new(settings.clone()).context("cannot make this world")?;
    let looks_wanted = setup
        .scores
        .iter()
        .any(|score| matches!(score.by, By::Looks(_)));
    let detect = DetectSettings {
        export_features: setup.detect.export_features || looks_wanted,
        ..setup.detect.clone()
    };
    let mut engine = MemoryEngine::new(
        setup.pipeline.clone(),
        detect,
        &setup.hash_key,
        setup.pseudonym_key.clone(),
    );
    engine
        .register(&world.codes())
        .context("the simulated registry cannot be read")?;
    let mut observation = Observation::new(&world, preset, engine.shards().registry(), setup);
    let mut clock = Clock::new(world.settings().start, setup.pipeline.reorder_slack_ms);
    let mut sightings = Sightings::default();
    let mut batch = RecordBatch::with_records_max(BATCH_RECORDS);
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            if let Some(watermark) = clock.reach(record.arrival) {
                sightings.tell(&mut engine, &world, clock.now);
                observation.advance(watermark);
                let effects = engine.advance(watermark);
                observation.take(effects, engine.shards(), each_day);
            }
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            observation.see(&record);
            engine.push(topic, record.payload);
        }
        batch.clear();
    }
    sightings.tell(&mut engine, &world, i64::MAX);
    let effects = engine.finish();
    observation.take(effects, engine.shards(), each_day);
    Ok(observation.finish(&world, preset, each_day))
}

/// Sightings of the world that were not told yet. A world may add some while it runs.
#[derive(Default)]
pub(crate) struct Sightings {
    waiting: Vec<(i64, Vec<u8>)>,
    bytes_seen: usize,
    told_until: Option<i64>,
}

impl Sightings {
    /// Tells those from before `now`, by time.
    pub(crate) fn tell(&mut self, engine: &mut MemoryEngine, world: &World, now: i64) {
        let lines = world.sightings();
        if lines.len() != self.bytes_seen {
            self.bytes_seen = lines.len();
            self.waiting = lines
                .split(|byte| *byte == b'\n')
                .filter_map(|line| Some((time_of_sighting(line)?, line.to_vec())))
                .filter(|(at, _)| self.told_until.is_none_or(|until| *at >= until))
                .collect();
        }
        for (_, line) in self.waiting.extract_if(.., |(at, _)| *at < now) {
            engine.push(Topic::Sightings, &line);
        }
        self.told_until = Some(now);
    }
}

fn time_of_sighting(line: &[u8]) -> Option<i64> {
    let sighting: serde_json::Value = serde_json::from_slice(line).ok()?;
    let ts = &sighting["ts"];
    match ts.as_str() {
        Some(text) => Some(promoguard_event::parse_rfc3339(text).ok()?.millis()),
        None => ts.as_i64(),
    }
}

/// The wall clock of the simulated deployment, which moves in hours: at each full hour the ends of
/// both logs are reached, as a deployment would find them, and quiet logs hold nothing back.
pub(crate) struct Clock {
    pub(crate) now: i64,
    slack_ms: i64,
}

impl Clock {
    pub(crate) fn new(start: i64, slack_ms: i64) -> Self {
        Self {
            now: start,
            slack_ms,
        }
    }

    /// Moves on to the hour of an arrival; gives the watermark if that is a new one.
    pub(crate) fn reach(&mut self, arrival: i64) -> Option<EventTime> {
        let hour = arrival.div_euclid(HOUR_MS) * HOUR_MS;
        (hour > self.now).then(|| {
            self.now = hour;
            EventTime::from_millis(hour - self.slack_ms)
        })
    }
}
