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
        Self::with_runs(memory_bytes_max, SpilledRuns::new(temp_dir.into()))
    }

    fn with_runs(memory_bytes_max: usize, runs: SpilledRuns) -> Self {
        Self {
            memory_bytes_max,
            batch: Batch::new(memory_bytes_max),
            runs,
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
        self.runs.write_run(self.batch.encoded())?;
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    type Record = (Vec<u8>, Vec<u8>, u32, u64);

    fn sorted(mut sorter: LineSorter, records: &[Record]) -> (Vec<Record>, u64) {
        for (key, line, source, line_number) in records {
            sorter.push(key, *source, *line_number, line).unwrap();
        }
        let mut lines = sorter.finish().unwrap();
        let mut found = Vec::new();
        while let Some(record) = lines.next().unwrap() {
            let (key, line) = (record.key.to_vec(), record.line.to_vec());
            found.push((key, line, record.source, record.line_number));
        }
        (found, lines.spilled_runs())
    }

    fn few_bytes() -> impl Strategy<Value = Vec<u8>> {
        // Few values, zero among them, so that keys and lines often share a prefix or are equal.
        vec(
            prop_oneof![Just(0u8), Just(1), Just(b'a'), Just(255)],
            0..12,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_memory_and_any_fan_in_sorts_as_a_vector_does(
            records in vec((few_bytes(), few_bytes(), 0u32..3, 0u64..5), 0..300),
            memory_bytes_max in 1usize..4_000,
            fan_in in 2usize..5,
        ) {
            let mut expected = records.clone();
            expected.sort();
            let runs = SpilledRuns::with_fan_in(std::env::temp_dir(), fan_in);
            let (found, _) = sorted(LineSorter::with_runs(memory_bytes_max, runs), &records);
            prop_assert_eq!(found, expected);
        }
    }

    fn numbered(count: u64) -> Vec<Record> {
        (0..count)
            .map(|number| {
                let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
                (key.to_vec(), number.to_string().into_bytes(), 0, number)
            })
            .collect()
    }

    #[test]
    fn what_fits_into_memory_never_touches_the_disk() {
        let nowhere = "/nonexistent/promoguard";
        let (found, spilled_runs) = sorted(LineSorter::new(1 << 20, nowhere), &numbered(1_000));
        assert_eq!((found.len(), spilled_runs), (1_000, 0));
    }

    #[test]
    fn memory_stays_within_the_bound_while_lines_come_in() {
        const MEMORY_BYTES_MAX: usize = 64 << 10;
        let mut sorter = LineSorter::new(MEMORY_BYTES_MAX, std::env::temp_dir());
        for (key, mut line, source, number) in numbered(20_000) {
            if number % 50 == 0 {
                line.resize(10_000, b'x');
            }
            sorter.push(&key, source, number, &line).unwrap();
            assert!(sorter.batch.heap_bytes() <= MEMORY_BYTES_MAX);
        }
        assert!(sorter.spilled_runs() > 10);
    }

    #[test]
    fn more_runs_than_can_be_open_at_once_are_merged_in_passes() {
        let records = numbered(20_000);
        let mut expected = records.clone();
        expected.sort();
        let (found, spilled_runs) =
            sorted(LineSorter::new(8 << 10, std::env::temp_dir()), &records);
        assert!(spilled_runs > 64, "{spilled_runs}");
        assert!(found == expected);
    }

    #[test]
    fn a_line_larger_than_the_memory_bound_is_sorted_too() {
        let records = [
            (b"b".to_vec(), vec![b'x'; 100_000], 0, 1),
            (b"a".to_vec(), b"small".to_vec(), 0, 2),
        ];
        let (found, spilled_runs) = sorted(LineSorter::new(1_000, std::env::temp_dir()), &records);
        assert_eq!(found, [records[1].clone(), records[0].clone()]);
        assert_eq!(spilled_runs, 2);
    }

    #[test]
    fn nothing_in_gives_nothing_out() {
        let (found, spilled_runs) = sorted(LineSorter::new(0, "/nonexistent"), &[]);
        assert_eq!((found, spilled_runs), (vec![], 0));
    }

    #[test]
    fn a_temporary_directory_that_is_not_there_is_named() {
        let mut sorter = LineSorter::new(0, "/nonexistent/promoguard");
        sorter.push(b"a", 0, 1, b"").unwrap();
        let error = sorter.push(b"b", 0, 2, b"").unwrap_err();
        assert_eq!(error.kind(), "temporary");
        let message = error.to_string();
        assert!(
            message.starts_with("cannot create a temporary file in /nonexistent/promoguard: "),
            "{message}"
        );
    }

    #[test]
    fn no_file_is_left_in_the_temporary_directory_while_sorting_nor_after() {
        let directory = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(directory.path()).unwrap().count();
        let mut sorter = LineSorter::new(4 << 10, directory.path());
        for (key, line, source, number) in numbered(2_000) {
            sorter.push(&key, source, number, &line).unwrap();
        }
        assert!(sorter.spilled_runs() > 1);
        assert_eq!(names(), 0);
        drop(sorter.finish().unwrap());
        assert_eq!(names(), 0);
    }
}
