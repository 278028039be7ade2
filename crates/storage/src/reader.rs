//! The one way in: a path becomes chunks of numbered lines, whatever the compression and whether NDJSON or CSV.

use std::path::Path;

use crate::chunk::Chunk;
use crate::csv_rows::CsvRows;
use crate::error::StorageError;
use crate::physical_lines::{BlankLines, PhysicalLines};
use crate::source::ByteSource;

/// Bounds of what a reader holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLimits {
    /// A longer line is not kept but reported as oversize; also the bound of a CSV row. The contract's 1 MiB.
    pub line_bytes_max: usize,
    /// How much of an oversize line is kept, for the dead letter; no more than `line_bytes_max`.
    pub oversize_kept_bytes: usize,
    /// Bytes read in one go, and so the usual size of a chunk. 256 KiB is past the point where larger reads are faster.
    pub chunk_bytes: usize,
    /// log2 of the largest window a zstd file may ask for; 27 is 128 MiB, what `zstd -d` accepts by itself.
    pub zstd_window_log_max: u32,
}

impl Default for ReaderLimits {
    fn default() -> Self {
        Self {
            line_bytes_max: 1 << 20,
            oversize_kept_bytes: 64 << 10,
            chunk_bytes: 256 << 10,
            zstd_window_log_max: 27,
        }
    }
}

impl ReaderLimits {
    fn within_reason(self) -> Self {
        Self {
            // A chunk of no bytes would never come to an end.
            chunk_bytes: self.chunk_bytes.max(1),
            // More than this is not at hand when a line turns out to be too long.
            oversize_kept_bytes: self.oversize_kept_bytes.min(self.line_bytes_max),
            ..self
        }
    }
}

/// How the text of a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileFormat {
    /// CSV when the name ends in `.csv`, `.csv.gz` or `.csv.zst` (any case), else NDJSON.
    #[default]
    ByName,
    /// One JSON object per line.
    Ndjson,
    /// A header row, then one record per row.
    Csv,
}

/// Reads a file, or standard input, as chunks of whole lines.
pub struct LineReader {
    rows: Rows,
}

enum Rows {
    Ndjson(PhysicalLines),
    Csv(Box<CsvRows>),
}

impl LineReader {
    /// Opens `path`, or standard input for `-`. Compression is told by the first bytes, never by the name.
    pub fn open(path: &Path, limits: ReaderLimits) -> Result<Self, StorageError> {
        Self::open_as(path, FileFormat::ByName, limits)
    }

    /// Like [`LineReader::open`], for input whose name does not say that it is CSV.
    pub fn open_as(
        path: &Path,
        format: FileFormat,
        limits: ReaderLimits,
    ) -> Result<Self, StorageError> {
        let limits = limits.within_reason();
        let source = ByteSource::open(path, limits)?;
        let rows = if is_csv(path, format) {
            let lines = PhysicalLines::new(source, limits, BlankLines::Keep);
            Rows::Csv(Box::new(CsvRows::new(lines, limits)))
        } else {
            Rows::Ndjson(PhysicalLines::new(source, limits, BlankLines::Skip))
        };
        Ok(Self { rows })
    }

    /// Replaces what `chunk` holds by the next lines; false, and an empty chunk, at the end. Blank lines are left out.
    /// An error comes after every whole line before it was delivered, once; after it the reader is at its end.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, StorageError> {
        match &mut self.rows {
            Rows::Ndjson(lines) => lines.next_chunk(chunk),
            Rows::Csv(rows) => rows.next_chunk(chunk),
        }
    }

    /// Bytes of the file as it lies on disk that were taken in, and how many it has; `None` where that is not known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        match &self.rows {
            Rows::Ndjson(lines) => lines.progress(),
            Rows::Csv(rows) => rows.progress(),
        }
    }
}

fn is_csv(path: &Path, format: FileFormat) -> bool {
    match format {
        FileFormat::Csv => true,
        FileFormat::Ndjson => false,
        FileFormat::ByName => {
            let name = path.to_string_lossy().to_lowercase();
            [".csv", ".csv.gz", ".csv.zst"]
                .iter()
                .any(|ending| name.ends_with(ending))
        }
    }
}
