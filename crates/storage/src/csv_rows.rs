//! CSV rows as JSON lines.

use crate::chunk::Chunk;
use crate::error::StorageError;
use crate::physical_lines::PhysicalLines;
use crate::reader::ReaderLimits;

pub(crate) struct CsvRows {
    lines: PhysicalLines,
}

impl CsvRows {
    pub(crate) fn new(lines: PhysicalLines, _limits: ReaderLimits) -> Self {
        Self { lines }
    }

    pub(crate) fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, StorageError> {
        self.lines.next_chunk(chunk)
    }

    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        self.lines.progress()
    }
}
