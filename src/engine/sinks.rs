//! Where the effects of a replay go: files that appear whole, and the figures of the summary.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promoguard_event::{DeadLetterLine, DecodeError, FlagState, ScoreLine, Topic};
use promoguard_pipeline::{Counts, Effects, FieldDefects, Registry};
use promoguard_storage::{Line, Output};

use super::features;
use super::shadow::{ShadowComparison, ShadowTally};
use crate::report::ReportCollector;

/// The outputs that were asked for; `-` is standard output.
#[derive(Clone, Debug, Default)]
pub struct OutputPaths {
    /// One flag a line.
    pub flags: Option<PathBuf>,
    /// One flag of the judge in shadow a line.
    pub shadow_flags: Option<PathBuf>,
    /// One line per code.
    pub scores: Option<PathBuf>,
    /// One line per code and hour.
    pub windows: Option<PathBuf>,
    /// One line per judged order.
    pub judged_orders: Option<PathBuf>,
    /// One line per code and hour with orders: what the learned judge saw.
    pub features: Option<PathBuf>,
    /// One line per record that could not be read.
    pub dead_letters: Option<PathBuf>,
    /// A page for people.
    pub report: Option<PathBuf>,
}

/// Figures of a run, for the summary.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What became of every record.
    pub counts: Counts,
    /// Optional fields that were malformed.
    pub defects: FieldDefects,
    /// Flags opened.
    pub opened: u64,
    /// Flags cleared.
    pub cleared: u64,
    /// Flag records of all states.
    pub flag_records: u64,
    /// Orders judged.
    pub judged_orders: u64,
    /// What a judge in shadow flagged beside the present one, where there was one.
    pub shadow: Option<ShadowTally>,
    /// What the registry refused, in words; the first few.
    pub conflicts: Vec<String>,
}

/// Registry conflicts that are kept in words; all are counted.
const CONFLICTS_SHOWN_MAX: usize = 20;

/// The open outputs of a replay.
pub struct Sinks {
    flags: Option<Output>,
    shadow_flags: Option<Output>,
    scores: Option<Output>,
    windows: Option<Output>,
    judged_orders: Option<Output>,
    features: Option<Output>,
    dead_letters: Option<Output>,
    report: Option<(PathBuf, ReportCollector)>,
    shadow: Option<ShadowComparison>,
    line: Vec<u8>,
    /// Figures so far.
    pub tally: Tally,
}

impl Sinks {
    /// Opens every output that was asked for.
    ///
    /// # Errors
    /// One of them cannot be created.
    pub fn create(paths: &OutputPaths, report: ReportCollector) -> Result<Self> {
        Ok(Self {
            flags: open(paths.flags.as_deref())?,
            shadow_flags: open(paths.shadow_flags.as_deref())?,
            scores: open(paths.scores.as_deref())?,
            windows: open(paths.windows.as_deref())?,
            judged_orders: open(paths.judged_orders.as_deref())?,
            features: open_features(paths.features.as_deref())?,
            dead_letters: open(paths.dead_letters.as_deref())?,
            report: paths.report.clone().map(|path| (path, report)),
            shadow: None,
            line: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Compares the flags with those of a judge in shadow from now on.
    pub fn compare_shadow(&mut self) {
        self.shadow = Some(ShadowComparison::default());
    }

    /// Performs what a step asked for.
    ///
    /// # Errors
    /// An output cannot be written.
    pub fn perform(&mut self, effects: Effects) -> Result<()> {
        self.tally.counts.add(&effects.counts);
        for conflict in &effects.conflicts {
            if self.tally.conflicts.len() < CONFLICTS_SHOWN_MAX {
                self.tally.conflicts.push(conflict.to_string());
            }
        }
        for window in &effects.windows {
            if let Some((_, report)) = &mut self.report {
                report.add_window(window);
            }
            write(&mut self.windows, &mut self.line, |line| {
                window.write_line(line)
            })?;
        }
        for judged in &effects.flags {
            self.tally.flag_records += 1;
            self.tally.opened += u64::from(judged.flag.state == FlagState::Opened);
            self.tally.cleared += u64::from(judged.flag.state == FlagState::Cleared);
            if let Some((_, report)) = &mut self.report {
                report.add_flag(&judged.flag);
            }
            write(&mut self.flags, &mut self.line, |line| {
                judged.flag.write_line(line)
            })?;
        }
        if let Some(shadow) = &mut self.shadow {
            shadow.note(&effects);
        }
        for judged in &effects.shadow_flags {
            write(&mut self.shadow_flags, &mut self.line, |line| {
                judged.flag.write_line(line)
            })?;
        }
        for row in &effects.features {
            write(&mut self.features, &mut self.line, |line| {
                features::write_row(row, line);
            })?;
        }
        self.tally.judged_orders += effects.judged_orders.len() as u64;
        for order in &effects.judged_orders {
            write(&mut self.judged_orders, &mut self.line, |line| {
                order.write_line(line)
            })?;
        }
        Ok(())
    }

    /// Tells the report what the registry knows.
    pub fn report_registry(&mut self, registry: &Registry) {
        if let Some((_, report)) = &mut self.report {
            for entry in registry.entries() {
                report.add_entry(entry);
            }
        }
    }

    /// Keeps a line that could not be read.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn dead_letter(
        &mut self,
        topic: Topic,
        source: &Path,
        line: &Line<'_>,
        error: DecodeError,
    ) -> Result<()> {
        self.dead_letter_bytes(topic, source, line.number, line.original, error)
    }

    /// Keeps the bytes of a line that could not be read.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn dead_letter_bytes(
        &mut self,
        topic: Topic,
        source: &Path,
        number: u64,
        raw: &[u8],
        error: DecodeError,
    ) -> Result<()> {
        self.tally.counts.add_dead_letter(topic, error.kind);
        let source = source.to_string_lossy();
        let dead = DeadLetterLine {
            error: error.kind,
            field: error.field,
            source: &source,
            line: number,
            raw,
        };
        write(&mut self.dead_letters, &mut self.line, |line| {
            dead.write_line(line)
        })
    }

    /// Writes the scores and the report, and puts every output into its place.
    ///
    /// # Errors
    /// An output cannot be completed.
    pub fn commit(mut self, scores: &[ScoreLine]) -> Result<Tally> {
        self.tally.shadow = self.shadow.as_ref().map(ShadowComparison::tally);
        for score in scores {
            write(&mut self.scores, &mut self.line, |line| {
                score.write_line(line)
            })?;
        }
        if let Some((path, report)) = self.report.take() {
            let mut page = Output::create(&path)?;
            report
                .write_html(&mut page, scores, &self.tally)
                .with_context(|| format!("cannot write the report to {}", path.display()))?;
            page.commit()?;
        }
        let outputs = [
            self.flags,
            self.shadow_flags,
            self.scores,
            self.windows,
            self.judged_orders,
            self.features,
            self.dead_letters,
        ];
        for output in outputs.into_iter().flatten() {
            output.commit()?;
        }
        Ok(self.tally)
    }
}

fn open(path: Option<&Path>) -> Result<Option<Output>> {
    Ok(path.map(Output::create).transpose()?)
}

fn open_features(path: Option<&Path>) -> Result<Option<Output>> {
    let mut output = open(path)?;
    write(&mut output, &mut Vec::new(), features::write_names)?;
    Ok(output)
}

fn write(
    output: &mut Option<Output>,
    line: &mut Vec<u8>,
    format: impl FnOnce(&mut Vec<u8>),
) -> Result<()> {
    let Some(output) = output else { return Ok(()) };
    line.clear();
    format(line);
    output.write_all(line).context("cannot write an output")
}
