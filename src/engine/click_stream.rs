//! Clicks of one file in total order: nearly sorted files stream through a small reorder buffer,
//! and anything else is found out so that it can be sorted instead.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use promoguard_event::{EventTime, Topic};
use promoguard_pipeline::{CodeSlot, Plausibility, PlausibleTime, ShardClick, ShardSet};

use super::decode::{DecodePool, FileSource};
use super::progress::Progress;
use super::sinks::Sinks;
use super::sorted::{SortedStream, report_failed, times_of};

/// A click ready for its shard.
pub type RoutedClick = (CodeSlot, ShardClick);

/// Records kept back at least, so that small files need no second pass whatever their order.
const KEPT_BACK_MIN: usize = 1 << 17;
/// Records kept back at most; a file that is out of order over more than these is sorted.
const KEPT_BACK_MAX: usize = 1 << 21;
/// Records younger than this, against the newest of their file, are kept back.
const KEPT_BACK_MS: i64 = 15 * 60_000;

/// Why a stream cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{path} is not nearly sorted by time")]
pub struct NotNearlySorted {
    path: String,
}

/// Where clicks come from.
pub enum ClickStream {
    /// A nearly sorted file.
    File(Box<ReorderedFile>),
    /// Everything, sorted before.
    Sorted {
        /// The sorted lines.
        stream: Box<SortedStream>,
        /// Routed and not taken yet.
        ready: VecDeque<RoutedClick>,
    },
}

impl ClickStream {
    /// A file that is hoped to be nearly sorted.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path, future_ms_max: i64) -> Result<Self> {
        Ok(Self::File(Box::new(ReorderedFile {
            source: FileSource::open(path, Topic::Clicks)?,
            times: PlausibleTime::new(future_ms_max),
            ahead: Vec::new(),
            records: 0,
            pending: Vec::new(),
            ready: VecDeque::new(),
            newest: EventTime::from_millis(i64::MIN / 4),
            released: EventTime::from_millis(i64::MIN / 4),
            sort_at: KEPT_BACK_MIN,
            ended: false,
        })))
    }

    /// Lines that were sorted before.
    pub fn sorted(stream: SortedStream) -> Self {
        Self::Sorted {
            stream: Box::new(stream),
            ready: VecDeque::new(),
        }
    }

    /// Makes the next click available to [`ClickStream::head`]; false at the end.
    ///
    /// # Errors
    /// [`NotNearlySorted`], or the input cannot be read.
    pub fn fill(
        &mut self,
        shards: &mut ShardSet,
        pool: &mut DecodePool,
        sinks: &mut Sinks,
        progress: &Progress,
    ) -> Result<bool> {
        match self {
            Self::File(file) => file.fill(shards, pool, sinks, progress),
            Self::Sorted { stream, ready } => {
                if ready.is_empty() && stream.next_piece()? {
                    for row in &stream.records.clicks {
                        ready.push_back(shards.route_click(&stream.records, row));
                    }
                }
                Ok(!ready.is_empty())
            }
        }
    }

    /// The next click, after [`ClickStream::fill`] said that there is one.
    pub fn head(&self) -> Option<&RoutedClick> {
        self.ready().front()
    }

    /// Takes the next click.
    pub fn pop(&mut self) -> Option<RoutedClick> {
        match self {
            Self::File(file) => file.ready.pop_front(),
            Self::Sorted { ready, .. } => ready.pop_front(),
        }
    }

    fn ready(&self) -> &VecDeque<RoutedClick> {
        match self {
            Self::File(file) => &file.ready,
            Self::Sorted { ready, .. } => ready,
        }
    }
}

/// The place of a click in the total order; what it was seen with decides between two clicks of
/// one id and one time.
pub fn order_of(click: &ShardClick) -> (EventTime, u128, u64) {
    (click.ts, click.key, click.visitor)
}

/// A file of clicks behind a reorder buffer.
pub struct ReorderedFile {
    source: FileSource,
    times: PlausibleTime,
    ahead: Vec<AheadClick>,
    records: u64,
    pending: Vec<RoutedClick>,
    ready: VecDeque<RoutedClick>,
    newest: EventTime,
    released: EventTime,
    sort_at: usize,
    ended: bool,
}

struct AheadClick {
    ts: EventTime,
    number: u64,
    original: Vec<u8>,
}

impl ReorderedFile {
    fn fill(
        &mut self,
        shards: &mut ShardSet,
        pool: &mut DecodePool,
        sinks: &mut Sinks,
        progress: &Progress,
    ) -> Result<bool> {
        while self.ready.is_empty() && !self.ended {
            match self.source.next(pool)? {
                Some(decoded) => {
                    if self.records == 0 {
                        self.times.start_with(times_of(&decoded.records));
                    }
                    report_failed(Topic::Clicks, self.source.path(), &decoded, sinks)?;
                    for (row, index) in decoded.records.clicks.iter().zip(&decoded.lines) {
                        self.records += 1;
                        if self.times.check(row.ts) == Plausibility::Ahead {
                            let line = decoded.chunk.line_at(*index as usize);
                            let line = line.expect("a row has a line");
                            self.keep_ahead(row.ts, line.number, line.original)?;
                            continue;
                        }
                        if row.ts < self.released {
                            return Err(self.not_nearly_sorted());
                        }
                        self.newest = self.newest.max(row.ts);
                        self.pending.push(shards.route_click(&decoded.records, row));
                    }
                    progress.read(&self.source, &decoded);
                    self.source.recycle(decoded);
                    if self.pending.len() >= self.sort_at {
                        self.release()?;
                    }
                }
                None => {
                    self.settle(sinks)?;
                    self.ended = true;
                    self.pending
                        .sort_unstable_by_key(|(_, click)| order_of(click));
                    self.ready.extend(self.pending.drain(..));
                }
            }
        }
        Ok(!self.ready.is_empty())
    }

    /// Hands out what is old enough, and many enough behind the newest, that nothing should
    /// still come before it.
    fn release(&mut self) -> Result<()> {
        // Stable, for it finds the sorted runs that a nearly sorted file consists of.
        self.pending.sort_by_key(|(_, click)| order_of(click));
        let frontier = self.newest.plus_millis(-KEPT_BACK_MS);
        let old_enough = self
            .pending
            .partition_point(|(_, click)| click.ts < frontier);
        let enough = self.pending.len().saturating_sub(KEPT_BACK_MIN / 2);
        let count = old_enough.min(enough);
        if let Some((_, last)) = self.pending[..count].last() {
            self.released = last.ts;
        }
        self.ready.extend(self.pending.drain(..count));
        if self.pending.len() > KEPT_BACK_MAX {
            return Err(self.not_nearly_sorted());
        }
        self.sort_at = (2 * self.pending.len()).max(KEPT_BACK_MIN);
        Ok(())
    }

    fn keep_ahead(&mut self, ts: EventTime, number: u64, original: &[u8]) -> Result<()> {
        const AHEAD_MAX: usize = 65_536;
        if self.ahead.len() >= AHEAD_MAX {
            return Err(self.not_nearly_sorted());
        }
        self.ahead.push(AheadClick {
            ts,
            number,
            original: original.to_vec(),
        });
        Ok(())
    }

    /// Records ahead of the file are dead letters, unless they are many: then the file has a
    /// long gap, and is sorted with them.
    fn settle(&mut self, sinks: &mut Sinks) -> Result<()> {
        let mut times: Vec<EventTime> = self.ahead.iter().map(|click| click.ts).collect();
        times.sort_unstable();
        if self.times.settle(&times, self.records) > 0 {
            return Err(self.not_nearly_sorted());
        }
        let error = promoguard_event::DecodeError::of_field(
            promoguard_event::ErrorKind::TsInFuture,
            promoguard_event::Field::Ts,
        );
        for click in std::mem::take(&mut self.ahead) {
            sinks.dead_letter_bytes(
                Topic::Clicks,
                self.source.path(),
                click.number,
                &click.original,
                error,
            )?;
        }
        Ok(())
    }

    fn not_nearly_sorted(&self) -> anyhow::Error {
        NotNearlySorted {
            path: self.source.path().display().to_string(),
        }
        .into()
    }
}
