//! Lines in and out of files: NDJSON and CSV, plain, gzip or zstd; an external sort; outputs that appear whole or not at
//! all; and the store of the checkpoints.
//!
//! Decides how bytes become numbered lines and back. Knows nothing of what a line means: the only thing it has from the
//! contract is the list of field names that CSV cells are typed by. Bad lines are data and go on as they are; only
//! files that cannot be read, sorted or written are errors.

mod batch;
mod checkpoint_store;
mod chunk;
mod csv_cells;
mod csv_header;
mod csv_rows;
mod error;
mod gzip;
mod output;
mod physical_lines;
mod reader;
mod record;
mod row_text;
mod sort;
mod source;
mod spill;

pub use checkpoint_store::{CheckpointStore, CheckpointStoreError, Served};
pub use chunk::{Chunk, Line, Oversize};
pub use error::StorageError;
pub use output::Output;
pub use reader::{FileFormat, LineReader, ReaderLimits};
pub use sort::{LineSorter, SortedLine, SortedLines};
