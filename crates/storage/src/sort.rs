//! An external merge sort of lines: any amount, in memory that has a bound, into one total order.
//!
//! The order is (key, line, source, line number), bytes compared as bytes, so it does not depend on how the lines were
//! split over files, nor on whether they fitted into memory. Knows nothing of what a key means; a caller who sorts by
//! time gives it big-endian with the sign bit flipped.

use std::cmp::Ordering;
use std::path::PathBuf;

use crate::batch::Batch;
use crate::error::StorageError;
use crate::record;
use crate::spill::{Merge, SpilledRuns};

/// Takes lines in any order; [`LineSorter::finish`] gives them back sorted.
pub struct LineSorter {
    memory_bytes_max: usize,
    batch: Batch,
    runs: SpilledRuns,
}

/// One line with what it was pushed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortedLine<'a> {
    /// What it is sorted by first.
    pub key: &'a [u8],
    /// The caller's number of the file that it came from.
    pub source: u32,
    /// Its line number there.
    pub line_number: u64,
    /// The line.
    pub line: &'a [u8],
}

impl Ord for SortedLine<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order_of = |record: &Self| (record.source, record.line_number);
        self.key
            .cmp(other.key)
            .then_with(|| self.line.cmp(other.line))
            .then_with(|| order_of(self).cmp(&order_of(other)))
    }
}

impl PartialOrd for SortedLine<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl LineSorter {
    /// Sorts within about `memory_bytes_max`; what does not fit goes to unnamed files in `temp_dir`, which vanish with
    /// the process however it ends. The merge needs some 16 MiB for its buffers even where the bound is below that.
    pub fn new(memory_bytes_max: usize, temp_dir: impl Into<PathBuf>) -> Self {
        Self {
            memory_bytes_max,
            batch: Batch::new(memory_bytes_max),
            runs: SpilledRuns::new(temp_dir.into()),
        }
    }

    /// Adds a line; when memory is full, what was gathered is first sorted and written out.
    pub fn push(
        &mut self,
        key: &[u8],
        source: u32,
        line_number: u64,
        line: &[u8],
    ) -> Result<(), StorageError> {
        let record = SortedLine {
            key,
            source,
            line_number,
            line,
        };
        if self.batch.bytes_with(&record) > self.memory_bytes_max {
            self.spill()?;
        }
        self.batch.add(&record);
        Ok(())
    }

    /// How many sorted runs were written to disk so far; 0 means that all of it is in memory.
    pub fn spilled_runs(&self) -> u64 {
        self.runs.spilled()
    }

    /// The lines in order.
    pub fn finish(mut self) -> Result<SortedLines, StorageError> {
        if self.spilled_runs() == 0 {
            self.batch.sort();
            return Ok(SortedLines {
                spilled_runs: 0,
                lines: Lines::InMemory {
                    batch: self.batch,
                    next: 0,
                },
            });
        }
        self.spill()?;
        let spilled_runs = self.spilled_runs();
        // The merge takes over the memory of the batch.
        drop(self.batch);
        let merge = self.runs.into_merge()?;
        Ok(SortedLines {
            spilled_runs,
            lines: Lines::Merged(Box::new(merge)),
        })
    }

    fn spill(&mut self) -> Result<(), StorageError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch.sort();
        self.runs.write_run(self.batch.records())?;
        if self.runs.must_merge() {
            self.batch = Batch::new(self.memory_bytes_max);
            self.runs.merge_full_levels()?;
        } else {
            self.batch.clear();
        }
        Ok(())
    }
}

/// The sorted lines, one at a time.
pub struct SortedLines {
    spilled_runs: u64,
    lines: Lines,
}

enum Lines {
    InMemory { batch: Batch, next: usize },
    Merged(Box<Merge>),
}

impl SortedLines {
    /// The next line, valid until the call after this one.
    #[allow(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend from itself"
    )]
    pub fn next(&mut self) -> Result<Option<SortedLine<'_>>, StorageError> {
        match &mut self.lines {
            Lines::InMemory { batch, next } => {
                let record = batch.record_at(*next);
                *next += 1;
                Ok(record)
            }
            Lines::Merged(merge) => Ok(merge.next()?.map(record::decode)),
        }
    }

    /// How many sorted runs went through the disk; 0 means that everything was sorted in memory.
    pub fn spilled_runs(&self) -> u64 {
        self.spilled_runs
    }
}
