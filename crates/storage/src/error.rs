//! What can go wrong with files, said so that the person who reads it knows which file it is and what to do next.
//!
//! Bad *content* of a line is not an error here: it is data, and becomes a dead letter further up.

use std::io;
use std::path::{Path, PathBuf};

/// A failure to read, sort or write. Every message names the path and what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The file could not be opened.
    #[error("cannot open {}: {source}; {}", path.display(), open_advice(source))]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory was named where a file is needed.
    #[error("cannot use {} as a file: it is a directory; name the files in it one by one", path.display())]
    Directory {
        /// The directory as it was named.
        path: PathBuf,
    },
    /// The first bytes are those of a format that is not read here.
    #[error("cannot read {}: it is {format}; {advice}", path.display())]
    Unsupported {
        /// The file as it was named.
        path: PathBuf,
        /// What the first bytes show, for example "a zip archive".
        format: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// Reading stopped inside the file: it is cut short, corrupt, or the disk failed. All whole lines before the
    /// damage were delivered.
    #[error(
        "cannot read {} to its end ({compression}): {source}; whole lines up to line {lines_read} were read, the damage is near byte {bytes_consumed} of the file; {}",
        path.display(), damage_advice(compression)
    )]
    Damaged {
        /// The file as it was named.
        path: PathBuf,
        /// "plain", "gzip" or "zstd".
        compression: &'static str,
        /// Number of the last whole line that was read, blank ones counted.
        lines_read: u64,
        /// Bytes of the file, as it lies on disk, that were taken in before the failure.
        bytes_consumed: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// The header row of a CSV file cannot be used.
    #[error("cannot use the header of {}: {reason}", path.display())]
    CsvHeader {
        /// The file as it was named.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A temporary file could not be written or read back.
    #[error("cannot {action} in {}: {source}; {}", directory.display(), space_advice(source))]
    Temporary {
        /// What was being done, for example "write a sorted run".
        action: &'static str,
        /// Where the temporary files lie.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An output could not be written.
    #[error("cannot write {}: {source}; {}", path.display(), write_advice(source))]
    Write {
        /// The output as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two outputs of running programs name the same file.
    #[error("cannot write {}: another output is being written to the same name; give each output its own file", path.display())]
    OutputTaken {
        /// The output as it was named.
        path: PathBuf,
    },
}

impl StorageError {
    /// A short, stable word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Directory { .. } => "directory",
            Self::Unsupported { .. } => "unsupported",
            Self::Damaged { .. } => "damaged",
            Self::CsvHeader { .. } => "csv_header",
            Self::Temporary { .. } => "temporary",
            Self::Write { .. } => "write",
            Self::OutputTaken { .. } => "output_taken",
        }
    }

    /// True when the cause is a full disk or an exhausted quota.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Temporary { source, .. } | Self::Write { source, .. } => disk_full(source),
            _ => false,
        }
    }

    /// True when the reader of a pipe went away (`… | head`): nobody is left who could want the rest.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}

fn disk_full(source: &io::Error) -> bool {
    matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn open_advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => {
            "check the spelling and the directory that the command was started in"
        }
        io::ErrorKind::PermissionDenied => {
            "give the user who runs the command the right to read it"
        }
        _ => "check that the file can be read",
    }
}

fn damage_advice(compression: &str) -> &'static str {
    match compression {
        "gzip" => {
            "it may be cut short or still being written: check it with `gzip -t` and copy it again"
        }
        "zstd" => {
            "it may be cut short or still being written: check it with `zstd -t` and copy it again"
        }
        _ => "check the disk and copy the file again",
    }
}

fn space_advice(source: &io::Error) -> &'static str {
    if disk_full(source) {
        "the disk is full: free about as much space as the uncompressed input takes, or choose another directory for temporary files (TMPDIR)"
    } else {
        "check that the directory exists and can be written, or choose another one for temporary files (TMPDIR)"
    }
}

fn write_advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => "create its directory first",
        io::ErrorKind::PermissionDenied => {
            "give the user who runs the command the right to write to its directory"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: free some space or write elsewhere"
        }
        io::ErrorKind::BrokenPipe => "the program that reads the output has ended",
        _ => "check its directory",
    }
}
