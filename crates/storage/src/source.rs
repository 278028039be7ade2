//! From a path to a stream of uncompressed bytes: opens, tells the compression by the first bytes, counts what is taken in.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::StorageError;
use crate::gzip::GzipMembers;
use crate::reader::ReaderLimits;

/// Enough for the longest signature below.
const SIGNATURE_BYTES: usize = 6;

pub(crate) struct ByteSource {
    path: PathBuf,
    compression: Compression,
    reader: Box<dyn Read + Send>,
    consumed: Arc<AtomicU64>,
    total: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Compression {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl ByteSource {
    pub(crate) fn open(path: &Path, limits: ReaderLimits) -> Result<Self, StorageError> {
        let (input, total) = open_input(path)?;
        let consumed = Arc::new(AtomicU64::new(0));
        let mut input = Counted {
            input,
            consumed: Arc::clone(&consumed),
        };
        let signature =
            read_signature(&mut input).map_err(|source| StorageError::open(path, source))?;
        let compression = compression_of(path, &signature)?;
        let whole = Cursor::new(signature).chain(input);
        let reader: Box<dyn Read + Send> = match compression {
            Compression::Plain => Box::new(whole),
            Compression::Gzip => Box::new(GzipMembers::new(BufReader::with_capacity(
                limits.chunk_bytes,
                whole,
            ))),
            Compression::Zstd => Box::new(
                zstd_decoder(whole, limits).map_err(|source| StorageError::open(path, source))?,
            ),
        };
        Ok(Self {
            path: path.to_owned(),
            compression,
            reader,
            consumed,
            total,
        })
    }

    /// Fills as much of `buffer` as there is; less than all of it only at the end, or with the error that ended it.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> (usize, io::Result<()>) {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (filled, Err(error)),
            }
        }
        (filled, Ok(()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        (self.consumed.load(Ordering::Relaxed), self.total)
    }

    pub(crate) fn damaged(&self, source: io::Error, lines_read: u64) -> StorageError {
        StorageError::Damaged {
            path: self.path.clone(),
            compression: self.compression.as_str(),
            lines_read,
            bytes_consumed: self.progress().0,
            source,
        }
    }
}

fn open_input(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), StorageError> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).map_err(|source| StorageError::open(path, source))?;
    let metadata = file
        .metadata()
        .map_err(|source| StorageError::open(path, source))?;
    if metadata.is_dir() {
        return Err(StorageError::Directory {
            path: path.to_owned(),
        });
    }
    let total = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), total))
}

fn read_signature(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut signature = Vec::with_capacity(SIGNATURE_BYTES);
    input
        .take(SIGNATURE_BYTES as u64)
        .read_to_end(&mut signature)?;
    Ok(signature)
}

fn compression_of(path: &Path, signature: &[u8]) -> Result<Compression, StorageError> {
    const UNPACK: &str = "unpack it first; gzip and zstd are read as they are";
    const RECODE: &str = "save it as UTF-8 (in Excel: \"CSV UTF-8\")";
    // A zstd file may open with a skippable frame, whose last 4 bits are free (RFC 8878, 3.1.2).
    let skippable = matches!(signature, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    let (format, advice) = if signature.starts_with(&[0x1f, 0x8b]) {
        return Ok(Compression::Gzip);
    } else if skippable || signature.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Compression::Zstd);
    } else if signature.starts_with(b"PK\x03\x04") {
        (
            "a zip archive or an Excel workbook",
            "unpack it, or save the sheet as CSV UTF-8",
        )
    } else if signature.starts_with(b"BZh") {
        ("a bzip2 archive", UNPACK)
    } else if signature.starts_with(b"\xfd7zXZ\0") {
        ("an xz archive", UNPACK)
    } else if signature.starts_with(&[0xff, 0xfe]) || signature.starts_with(&[0xfe, 0xff]) {
        ("UTF-16 text", RECODE)
    } else {
        return Ok(Compression::Plain);
    };
    Err(StorageError::Unsupported {
        path: path.to_owned(),
        format,
        advice,
    })
}

fn zstd_decoder(input: impl Read, limits: ReaderLimits) -> io::Result<impl Read> {
    let buffered = BufReader::with_capacity(limits.chunk_bytes, input);
    let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered)?;
    decoder.window_log_max(limits.zstd_window_log_max)?;
    Ok(decoder)
}

struct Counted<R> {
    input: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
