//! Lines in any order become one stream in the total order (`ts`, kind, dedupe key, record
//! bytes): sorted in memory, or on disk once they exceed the bound.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promoguard_event::{DecodeError, ErrorKind, EventTime, Field, Topic};
use promoguard_pipeline::{Intake, Plausibility, PlausibleTime, Records};
use promoguard_storage::{LineSorter, SortedLines};

use super::decode::{DecodePool, DecodedChunk, FileSource};
use super::progress::Progress;
use super::sinks::Sinks;

/// Lines whose time is ahead of their file, kept until the file was read; those beyond are dead
/// letters at once.
const AHEAD_MAX: usize = 65_536;

/// How lines are sorted.
#[derive(Clone, Debug)]
pub struct SortSettings {
    /// Memory that the sort of one topic may take, in bytes.
    pub memory_bytes_max: usize,
    /// Where sorted runs go that do not fit.
    pub temp_dir: PathBuf,
    /// How far ahead of its file a time may be, in ms.
    pub future_ms_max: i64,
}

/// Reads all files of a topic and sorts their good lines; the bad ones become dead letters.
///
/// # Errors
/// A file cannot be read, or the sort or an output cannot be written.
pub fn sort_files(
    paths: &[PathBuf],
    topic: Topic,
    settings: &SortSettings,
    pool: &mut DecodePool,
    sinks: &mut Sinks,
    progress: &Progress,
) -> Result<SortedLines> {
    let mut sorter = LineSorter::new(settings.memory_bytes_max, &settings.temp_dir);
    for (number, path) in paths.iter().enumerate() {
        let mut file = FileToSort {
            source: FileSource::open(path, topic)?,
            number: number as u32,
            times: PlausibleTime::new(settings.future_ms_max),
            ahead: Vec::new(),
            records: 0,
            key: Vec::new(),
        };
        file.read(&mut sorter, pool, sinks, progress)?;
    }
    sorter.finish().context("cannot sort")
}

struct AheadLine {
    ts: EventTime,
    key: Vec<u8>,
    number: u64,
    line: Vec<u8>,
    original: Vec<u8>,
}

struct FileToSort {
    source: FileSource,
    number: u32,
    times: PlausibleTime,
    ahead: Vec<AheadLine>,
    records: u64,
    key: Vec<u8>,
}

impl FileToSort {
    fn read(
        &mut self,
        sorter: &mut LineSorter,
        pool: &mut DecodePool,
        sinks: &mut Sinks,
        progress: &Progress,
    ) -> Result<()> {
        let mut first = true;
        while let Some(decoded) = self.source.next(pool)? {
            if first {
                self.times.start_with(times_of(&decoded.records));
                first = false;
            }
            self.take(&decoded, sorter, sinks)?;
            progress.read(&self.source, &decoded);
            self.source.recycle(decoded);
        }
        self.settle(sorter, sinks)
    }

    fn take(
        &mut self,
        decoded: &DecodedChunk,
        sorter: &mut LineSorter,
        sinks: &mut Sinks,
    ) -> Result<()> {
        report_failed(self.source.topic(), self.source.path(), decoded, sinks)?;
        for (row, index) in decoded.lines.iter().enumerate() {
            let ts = sort_key(&decoded.records, row, &mut self.key);
            let line = decoded
                .chunk
                .line_at(*index as usize)
                .expect("a row has a line");
            self.records += 1;
            if self.times.check(ts) == Plausibility::Plausible {
                sorter.push(&self.key, self.number, line.number, line.bytes)?;
            } else if self.ahead.len() < AHEAD_MAX {
                self.ahead.push(AheadLine {
                    ts,
                    key: self.key.clone(),
                    number: line.number,
                    line: line.bytes.to_vec(),
                    original: line.original.to_vec(),
                });
            } else {
                self.refuse(line.number, line.original, sinks)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, sorter: &mut LineSorter, sinks: &mut Sinks) -> Result<()> {
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.sort_by_key(|line| line.ts);
        let times: Vec<EventTime> = ahead.iter().map(|line| line.ts).collect();
        let plausible = self.times.settle(&times, self.records);
        let refused = ahead.split_off(plausible);
        for line in ahead {
            sorter.push(&line.key, self.number, line.number, &line.line)?;
        }
        for line in refused {
            self.refuse(line.number, &line.original, sinks)?;
        }
        Ok(())
    }

    fn refuse(&self, number: u64, original: &[u8], sinks: &mut Sinks) -> Result<()> {
        let topic = self.source.topic();
        let error = DecodeError::of_field(ErrorKind::TsInFuture, Field::Ts);
        sinks.dead_letter_bytes(topic, self.source.path(), number, original, error)
    }
}

/// Makes dead letters of the bad lines of a chunk.
///
/// # Errors
/// The output cannot be written.
pub fn report_failed(
    topic: Topic,
    path: &Path,
    decoded: &DecodedChunk,
    sinks: &mut Sinks,
) -> Result<()> {
    sinks.tally.defects.merge(&decoded.defects);
    for (index, error) in &decoded.failed {
        let line = decoded
            .chunk
            .line_at(*index as usize)
            .expect("a failure has a line");
        sinks.dead_letter(topic, path, &line, *error)?;
    }
    Ok(())
}

/// The times of a chunk of clicks or of orders.
pub fn times_of(records: &Records) -> impl Iterator<Item = EventTime> + '_ {
    let clicks = records.clicks.iter().map(|row| row.ts);
    clicks.chain(records.orders.iter().map(|row| row.ts))
}

/// Writes the key of a row into `key` and returns its time. The record's bytes come after the key
/// by themselves: the sorter compares lines where keys are equal.
fn sort_key(records: &Records, row: usize, key: &mut Vec<u8>) -> EventTime {
    key.clear();
    if let Some(click) = records.clicks.get(row) {
        push_time(key, click.ts);
        key.extend_from_slice(&click.key.to_be_bytes());
        return click.ts;
    }
    let row = &records.orders[row];
    push_time(key, row.ts);
    let parts = [
        records.text(row.code),
        &row.order.merchant,
        &row.order.order_id,
        row.order.status.as_str(),
    ];
    for part in parts {
        key.extend_from_slice(part.as_bytes());
        key.push(0);
    }
    row.ts
}

fn push_time(key: &mut Vec<u8>, ts: EventTime) {
    let ordered = (ts.millis() as u64) ^ (1 << 63);
    key.extend_from_slice(&ordered.to_be_bytes());
}

/// Sorted lines, decoded again a few hundred at a time.
pub struct SortedStream {
    topic: Topic,
    lines: SortedLines,
    intake: Intake,
    /// Rows of the present piece.
    pub records: Records,
    ended: bool,
}

/// Lines decoded at once.
const LINES_PER_PIECE: usize = 512;

impl SortedStream {
    /// A stream of sorted lines of one topic.
    pub fn new(topic: Topic, lines: SortedLines, intake: Intake) -> Self {
        Self {
            topic,
            lines,
            intake,
            records: Records::default(),
            ended: false,
        }
    }

    /// Replaces `records` by the next rows; false at the end.
    ///
    /// # Errors
    /// A sorted run cannot be read back.
    pub fn next_piece(&mut self) -> Result<bool> {
        self.records.clear();
        while !self.ended && self.records.len() < LINES_PER_PIECE {
            match self.lines.next()? {
                Some(sorted) => self
                    .intake
                    .decode(self.topic, sorted.line, &mut self.records)
                    .context("a line that was decoded before cannot be decoded again")?,
                None => self.ended = true,
            }
        }
        self.intake.take_defects();
        Ok(!self.records.is_empty())
    }

    /// Runs that went through the disk.
    pub fn spilled_runs(&self) -> u64 {
        self.lines.spilled_runs()
    }
}
