//! Sorted runs on disk and their merge.
//!
//! Runs live in files without a name: nothing is left behind by an error, a kill or a power cut, and no other user can
//! open them. They are compressed with LZ4, since the disk is slower than that. Never more than [`FAN_IN`] of them are
//! read at once: that many runs of one level become one of the next, so the number of open files and of buffers is
//! bounded whatever the amount.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, Write};
use std::path::{Path, PathBuf};

use lz4_flex::frame::{BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::error::StorageError;
use crate::record::{self, HEADER_BYTES};
use crate::sort::SortedLine;

/// With blocks of 64 KiB, 64 runs need about 16 MiB of buffers.
const FAN_IN: usize = 64;
const WRITE: &str = "write a sorted run";
const READ: &str = "read back a sorted run";

pub(crate) struct SpilledRuns {
    directory: PathBuf,
    fan_in: usize,
    /// `levels[n]` holds runs that went through n merges.
    levels: Vec<Vec<File>>,
    spilled: u64,
}

impl SpilledRuns {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self::with_fan_in(directory, FAN_IN)
    }

    pub(crate) fn with_fan_in(directory: PathBuf, fan_in: usize) -> Self {
        Self {
            directory,
            fan_in: fan_in.max(2),
            levels: Vec::new(),
            spilled: 0,
        }
    }

    /// Runs written by the sort itself, not by merges.
    pub(crate) fn spilled(&self) -> u64 {
        self.spilled
    }

    pub(crate) fn write_run<'a>(
        &mut self,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), StorageError> {
        let mut writer = self.new_writer()?;
        for encoded in records {
            writer
                .write(encoded)
                .map_err(|source| temporary(WRITE, &self.directory, source))?;
        }
        self.keep(0, writer)?;
        self.spilled += 1;
        Ok(())
    }

    pub(crate) fn must_merge(&self) -> bool {
        self.levels.iter().any(|level| level.len() >= self.fan_in)
    }

    pub(crate) fn merge_full_levels(&mut self) -> Result<(), StorageError> {
        let mut level = 0;
        while level < self.levels.len() {
            if self.levels[level].len() >= self.fan_in {
                let runs = std::mem::take(&mut self.levels[level]);
                self.merge_into(level + 1, runs)?;
            }
            level += 1;
        }
        Ok(())
    }

    /// What remains, in order; the smallest runs are merged first until one merge is enough.
    pub(crate) fn into_merge(mut self) -> Result<Merge, StorageError> {
        let mut runs: Vec<File> = std::mem::take(&mut self.levels)
            .into_iter()
            .flatten()
            .collect();
        while runs.len() > self.fan_in {
            let surplus = runs.len() - self.fan_in + 1;
            let rest = runs.split_off(surplus.min(self.fan_in));
            self.merge_into(0, runs)?;
            runs = rest;
            runs.append(&mut self.levels[0]);
        }
        Merge::open(self.directory, runs)
    }

    fn merge_into(&mut self, level: usize, runs: Vec<File>) -> Result<(), StorageError> {
        let mut merge = Merge::open(self.directory.clone(), runs)?;
        let mut writer = self.new_writer()?;
        while let Some(encoded) = merge.next()? {
            writer
                .write(encoded)
                .map_err(|source| temporary(WRITE, &self.directory, source))?;
        }
        self.keep(level, writer)
    }

    fn new_writer(&self) -> Result<RunWriter, StorageError> {
        tempfile::tempfile_in(&self.directory)
            .map(RunWriter::new)
            .map_err(|source| temporary("create a temporary file", &self.directory, source))
    }

    fn keep(&mut self, level: usize, writer: RunWriter) -> Result<(), StorageError> {
        let file = writer
            .finish()
            .map_err(|source| temporary(WRITE, &self.directory, source))?;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(file);
        Ok(())
    }
}

/// Merges runs; a binary heap, because the run that gave the last record often gives the next one too, and then one
/// look at its children is enough.
pub(crate) struct Merge {
    directory: PathBuf,
    runs: Vec<RunReader>,
    /// Runs that hold a record, the smallest first.
    heap: Vec<Head>,
    /// The run on top gave its record away, and must move on before anything else.
    top_is_spent: bool,
}

#[derive(Clone, Copy)]
struct Head {
    prefix: u64,
    run: usize,
}

impl Merge {
    fn open(directory: PathBuf, files: Vec<File>) -> Result<Self, StorageError> {
        let mut merge = Self {
            directory,
            runs: Vec::with_capacity(files.len()),
            heap: Vec::with_capacity(files.len()),
            top_is_spent: false,
        };
        for file in files {
            let run = merge.runs.len();
            let mut reader = RunReader::new(file);
            if reader
                .advance()
                .map_err(|source| merge.read_error(source))?
            {
                merge.heap.push(Head {
                    prefix: reader.prefix(),
                    run,
                });
            }
            merge.runs.push(reader);
        }
        for position in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(position);
        }
        Ok(merge)
    }

    /// The next record, encoded; valid until the call after this one.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, StorageError> {
        if self.top_is_spent {
            self.replace_top()?;
        }
        let Some(top) = self.heap.first() else {
            return Ok(None);
        };
        self.top_is_spent = true;
        Ok(Some(&self.runs[top.run].record))
    }

    fn replace_top(&mut self) -> Result<(), StorageError> {
        self.top_is_spent = false;
        let run = self.heap[0].run;
        let advanced = self.runs[run].advance();
        if advanced.map_err(|source| self.read_error(source))? {
            self.heap[0].prefix = self.runs[run].prefix();
        } else {
            self.heap.swap_remove(0);
        }
        self.sift_down(0);
        Ok(())
    }

    fn sift_down(&mut self, mut position: usize) {
        loop {
            let left = 2 * position + 1;
            if left >= self.heap.len() {
                return;
            }
            let right = left + 1;
            let right_is_smaller = right < self.heap.len() && self.is_smaller(right, left);
            let child = if right_is_smaller { right } else { left };
            if !self.is_smaller(child, position) {
                return;
            }
            self.heap.swap(child, position);
            position = child;
        }
    }

    fn is_smaller(&self, left: usize, right: usize) -> bool {
        let (left, right) = (self.heap[left], self.heap[right]);
        left.prefix
            .cmp(&right.prefix)
            .then_with(|| {
                self.runs[left.run]
                    .current()
                    .cmp(&self.runs[right.run].current())
            })
            .is_lt()
    }

    fn read_error(&self, source: io::Error) -> StorageError {
        temporary(READ, &self.directory, source)
    }
}

struct RunWriter {
    encoder: FrameEncoder<File>,
}

impl RunWriter {
    fn new(file: File) -> Self {
        let info = FrameInfo::new().block_size(BlockSize::Max64KB);
        Self {
            encoder: FrameEncoder::with_frame_info(info, file),
        }
    }

    fn write(&mut self, encoded: &[u8]) -> io::Result<()> {
        self.encoder.write_all(encoded)
    }

    fn finish(self) -> io::Result<File> {
        let mut file = self.encoder.finish()?;
        file.rewind()?;
        Ok(file)
    }
}

struct RunReader {
    decoder: FrameDecoder<File>,
    /// The record at which the run stands, encoded.
    record: Vec<u8>,
}

impl RunReader {
    fn new(file: File) -> Self {
        Self {
            decoder: FrameDecoder::new(file),
            record: Vec::new(),
        }
    }

    /// Moves to the next record; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if self.decoder.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut header = [0; HEADER_BYTES];
        self.decoder.read_exact(&mut header)?;
        self.record.clear();
        self.record.extend_from_slice(&header);
        self.record
            .resize(HEADER_BYTES + record::body_len(&header), 0);
        self.decoder.read_exact(&mut self.record[HEADER_BYTES..])?;
        Ok(true)
    }

    fn current(&self) -> SortedLine<'_> {
        record::decode(&self.record)
    }

    fn prefix(&self) -> u64 {
        record::prefix_of(self.current().key)
    }
}

fn temporary(action: &'static str, directory: &Path, source: io::Error) -> StorageError {
    StorageError::Temporary {
        action,
        directory: directory.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_merge_reads_more_runs_than_the_fan_in() {
        for count in 1..20u64 {
            let mut runs = SpilledRuns::with_fan_in(std::env::temp_dir(), 3);
            for number in 0..count {
                let mut encoded = Vec::new();
                let record = SortedLine {
                    key: &number.to_be_bytes(),
                    source: 0,
                    line_number: number,
                    line: b"",
                };
                record::encode(&record, &mut encoded);
                runs.write_run(std::iter::once(&encoded[..])).unwrap();
                runs.merge_full_levels().unwrap();
                assert!(runs.levels.iter().all(|level| level.len() < 3));
            }
            let mut merge = runs.into_merge().unwrap();
            assert!(merge.runs.len() <= 3);
            for number in 0..count {
                let encoded = merge.next().unwrap().unwrap();
                assert_eq!(record::decode(encoded).line_number, number);
            }
            assert!(merge.next().unwrap().is_none());
        }
    }

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let Ok(full) = File::options().write(true).open("/dev/full") else {
            return; // Only Linux has a device that is always full.
        };
        let mut writer = RunWriter::new(full);
        let written = (0..100_000u32)
            .try_for_each(|number| writer.write(&number.wrapping_mul(0x9e37_79b9).to_le_bytes()))
            .and_then(|()| writer.finish().map(drop));
        let error = temporary(WRITE, Path::new("/tmp"), written.unwrap_err());
        assert!(error.is_disk_full());
        let message = error.to_string();
        assert!(
            message.starts_with("cannot write a sorted run in /tmp: "),
            "{message}"
        );
        assert!(
            message.contains("choose another directory for temporary files"),
            "{message}"
        );
    }
}
