//! The engine over files: the very shards that serve Kafka, fed from disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use promoguard_detect::SettingsBook;
use promoguard_event::{DecoderLimits, EventTime, PseudonymKey, Topic};
use promoguard_pipeline::{Notice, PipelineSettings, RegistryChange, ShardSet};
use promoguard_sketch::HashKey;

use super::arrival;
use super::click_stream::NotNearlySorted;
use super::decode::{DecodePool, FileSource, IntakeKeys};
use super::event_time::{self, Ordering};
use super::progress::Progress;
use super::sinks::{OutputPaths, Sinks, Tally};
use super::sorted::report_failed;
use crate::report::ReportCollector;

/// What is read; `-` is standard input.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Files of clicks.
    pub clicks: Vec<PathBuf>,
    /// Files of orders.
    pub orders: Vec<PathBuf>,
    /// Files of the registry.
    pub codes: Vec<PathBuf>,
    /// Files of sightings.
    pub sightings: Vec<PathBuf>,
    /// Files of decisions.
    pub decisions: Vec<PathBuf>,
}

impl Inputs {
    /// Every input file.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        [
            &self.clicks,
            &self.orders,
            &self.codes,
            &self.sightings,
            &self.decisions,
        ]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
    }
}

/// How the records of the files become one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOrder {
    /// One total order by event time.
    EventTime,
    /// Each file is a partition of a log.
    Arrival,
}

/// Settings of a replay.
#[derive(Clone)]
pub struct ReplaySettings {
    /// Bounds and horizons of the pipeline.
    pub pipeline: PipelineSettings,
    /// Settings of the judge, those of merchants among them.
    pub detect: SettingsBook,
    /// Settings that are tried in shadow.
    pub shadow: Option<SettingsBook>,
    /// Key of the hashes.
    pub hash_key: HashKey,
    /// Key of the pseudonyms.
    pub pseudonym_key: PseudonymKey,
    /// Bounds of a record.
    pub decoder: DecoderLimits,
    /// How the records become one sequence.
    pub order: ReplayOrder,
    /// Decoding threads; 1 = the main thread decodes.
    pub threads: usize,
    /// Memory that sorting one topic may take, in bytes.
    pub sort_memory_bytes_max: usize,
    /// Where sorted runs go that do not fit.
    pub temp_dir: PathBuf,
    /// How far ahead of its file a time may be, in ms.
    pub file_future_ms_max: i64,
    /// Time zone of the report.
    pub zone: String,
    /// The run ends here, as if nothing had come at this time or later.
    pub until: Option<EventTime>,
}

impl ReplaySettings {
    /// What intakes for `shards` are made from.
    pub fn intake_keys(&self, shards: &ShardSet) -> IntakeKeys {
        IntakeKeys {
            pseudonyms: self.pseudonym_key.clone(),
            limits: self.decoder,
            hashers: shards.hashers().clone(),
        }
    }

    /// Whether the run takes what happened at `ts`.
    pub fn is_before_end(&self, ts: EventTime) -> bool {
        self.until.is_none_or(|until| ts < until)
    }

    /// Sightings and decisions of all files, by time and then by their text.
    ///
    /// # Errors
    /// A file cannot be read or an output cannot be written.
    pub fn notices(&self, inputs: &Inputs, sinks: &mut Sinks) -> Result<Vec<(EventTime, Notice)>> {
        let mut notices = Vec::new();
        for (topic, paths) in [
            (Topic::Sightings, &inputs.sightings),
            (Topic::Decisions, &inputs.decisions),
        ] {
            read_notices(topic, paths, self, sinks, |notice| {
                let ts = match &notice {
                    Notice::Sighting(sighting) => sighting.ts,
                    Notice::Decision(decision) => decision.ts,
                    Notice::Code(_) => return,
                };
                notices.push((ts, notice));
            })?;
        }
        notices.retain(|(ts, _)| self.is_before_end(*ts));
        notices.sort_by_cached_key(|(ts, notice)| (*ts, format!("{notice:?}")));
        Ok(notices)
    }
}

/// What a replay did.
#[derive(Clone, Debug)]
pub struct ReplaySummary {
    /// Figures of all records and flags.
    pub tally: Tally,
    /// How the inputs were put in order; `None` with `--order arrival`.
    pub ordering: Option<Ordering>,
    /// Lines read, those of a second pass not counted.
    pub lines: u64,
    /// Bytes read, those of a second pass not counted.
    pub bytes: u64,
    /// Codes that had events.
    pub codes: usize,
    /// Memory of the click filters and of the order index, in bytes.
    pub filter_bytes: usize,
}

/// Runs the pipeline over files.
///
/// # Errors
/// An input cannot be read or an output cannot be written. Bad lines are no errors.
pub fn replay(
    inputs: &Inputs,
    outputs: &OutputPaths,
    settings: &ReplaySettings,
    progress: &Progress,
) -> Result<ReplaySummary> {
    let (summary, ()) = replay_then(inputs, outputs, settings, progress, &|_| ())?;
    Ok(summary)
}

/// Runs the pipeline over files, and asks the shards something at the end.
///
/// # Errors
/// As [`replay`].
pub fn replay_then<T>(
    inputs: &Inputs,
    outputs: &OutputPaths,
    settings: &ReplaySettings,
    progress: &Progress,
    ask: &dyn Fn(&ShardSet) -> T,
) -> Result<(ReplaySummary, T)> {
    check_inputs(inputs)?;
    // Standard input cannot be read again if it turns out not to be nearly sorted.
    let sort_at_once = inputs.clicks.iter().any(|path| path == Path::new("-"));
    match replay_once(inputs, outputs, settings, sort_at_once, progress, ask) {
        Err(error) if error.is::<NotNearlySorted>() => {
            tracing::info!(%error, "sorting the clicks");
            progress.restart();
            replay_once(inputs, outputs, settings, true, progress, ask)
        }
        outcome => outcome,
    }
}

fn check_inputs(inputs: &Inputs) -> Result<()> {
    let from_stdin = inputs.paths().filter(|path| *path == Path::new("-"));
    if from_stdin.count() > 1 {
        bail!("standard input (-) can be read once only");
    }
    if inputs.clicks.is_empty() && inputs.orders.is_empty() {
        bail!("nothing to read: give --clicks, --orders or both");
    }
    Ok(())
}

fn replay_once<T>(
    inputs: &Inputs,
    outputs: &OutputPaths,
    settings: &ReplaySettings,
    sort_clicks: bool,
    progress: &Progress,
    ask: &dyn Fn(&ShardSet) -> T,
) -> Result<(ReplaySummary, T)> {
    let mut pipeline = settings.pipeline.clone();
    if settings.order == ReplayOrder::EventTime {
        // Nothing is late in event time, so no window is ever amended.
        pipeline.amendable_windows_max = 0;
    }
    let mut shards = ShardSet::new(pipeline, settings.detect.clone(), &settings.hash_key);
    let report = ReportCollector::new(&settings.zone)?;
    let mut sinks = Sinks::create(outputs, report)?;
    if let Some(shadow) = &settings.shadow {
        shards = shards.with_shadow(shadow.clone());
        sinks.compare_shadow();
    }
    load_registry(inputs, settings, &mut shards, &mut sinks)?;
    let ordering = match settings.order {
        ReplayOrder::EventTime => Some(event_time::drive(
            inputs,
            settings,
            sort_clicks,
            &mut shards,
            &mut sinks,
            progress,
        )?),
        ReplayOrder::Arrival => {
            arrival::drive(inputs, settings, &mut shards, &mut sinks, progress)?;
            None
        }
    };
    for topic in Topic::ALL {
        let counts = sinks.tally.counts.of_mut(topic);
        counts.read = counts.accounted();
    }
    sinks.report_registry(shards.registry());
    let scores = shards.scores();
    let filter_bytes = shards
        .memory()
        .map(|memory| memory.click_filter_bytes + memory.order_index_bytes)
        .sum();
    let tally = sinks.commit(&scores)?;
    progress.finish();
    let summary = ReplaySummary {
        tally,
        ordering,
        lines: progress.lines(),
        bytes: progress.bytes(),
        codes: scores.len(),
        filter_bytes,
    };
    Ok((summary, ask(&shards)))
}

fn load_registry(
    inputs: &Inputs,
    settings: &ReplaySettings,
    shards: &mut ShardSet,
    sinks: &mut Sinks,
) -> Result<()> {
    let mut entries = 0;
    read_notices(Topic::Codes, &inputs.codes, settings, sinks, |notice| {
        if let Notice::Code(entry) = notice {
            entries += 1;
            shards.submit(RegistryChange::Set(entry));
        }
    })?;
    shards.apply_registry();
    sinks.tally.counts.of_mut(Topic::Codes).accepted += entries;
    Ok(())
}

fn read_notices(
    topic: Topic,
    paths: &[PathBuf],
    settings: &ReplaySettings,
    sinks: &mut Sinks,
    mut take: impl FnMut(Notice),
) -> Result<()> {
    let keys = IntakeKeys {
        pseudonyms: settings.pseudonym_key.clone(),
        limits: settings.decoder,
        hashers: promoguard_pipeline::Hashers::new(&settings.hash_key),
    };
    let mut pool = DecodePool::new(1, &keys);
    for path in paths {
        let mut source = FileSource::open(path, topic)?;
        while let Some(mut decoded) = source
            .next(&mut pool)
            .with_context(|| format!("cannot read the {}", topic.as_str()))?
        {
            report_failed(topic, path, &decoded, sinks)?;
            for notice in decoded.records.notices.drain(..) {
                take(notice);
            }
            source.recycle(decoded);
        }
    }
    Ok(())
}
