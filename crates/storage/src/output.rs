//! Outputs that appear whole or not at all.
//!
//! A file is written beside its final place and renamed when it is complete and on disk. What cannot be renamed into
//! place (standard output, a pipe, `/dev/null`) is gathered in an unnamed temporary file and copied at the end, so that
//! a pass that fails half-way and is done again prints nothing twice.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::error::StorageError;

/// Large enough that system calls do not show in a profile.
const BUFFER_BYTES: usize = 256 << 10;
/// zstd's own default: about 500 MB/s at a ratio near gzip's best.
const ZSTD_LEVEL: i32 = 3;
/// gzip's own default.
const GZIP_LEVEL: u32 = 6;

/// A file, or standard output, that nobody sees before [`Output::commit`]. Dropped without it, nothing is left.
pub struct Output {
    path: PathBuf,
    encoder: Encoder,
    destination: Destination,
}

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

enum Destination {
    Rename(PartialFile),
    CopyToStdout,
    /// An existing pipe or device.
    CopyTo(PathBuf),
}

/// Removes itself unless it was renamed.
struct PartialFile {
    partial: PathBuf,
    target: PathBuf,
    renamed: bool,
}

impl Output {
    /// Starts an output at `path`, `-` being standard output; `.gz` and `.zst` are compressed. The file that is there
    /// now stays until the commit.
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        let (file, destination) = open_destination(path)?;
        let encoder =
            Encoder::new(path, file).map_err(|source| StorageError::write(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            encoder,
            destination,
        })
    }

    /// Completes the output and puts it in its place. After this it survives a power cut.
    pub fn commit(self) -> Result<(), StorageError> {
        let Self {
            path,
            encoder,
            destination,
        } = self;
        encoder
            .finish()
            .and_then(|file| destination.deliver(file))
            .map_err(|source| StorageError::write(&path, source))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.encoder.as_write().write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.encoder.as_write().write_all(bytes)
    }

    /// Does nothing that a reader could see: there is nothing to see before the commit.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoder {
    fn new(path: &Path, file: File) -> io::Result<Self> {
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, file);
        let extension = path.extension().map(|text| text.to_ascii_lowercase());
        match extension.as_ref().and_then(|text| text.to_str()) {
            Some("gz") => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Ok(Self::Gzip(GzEncoder::new(buffered, level)))
            }
            Some("zst") => {
                let mut encoder = zstd::stream::write::Encoder::new(buffered, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Ok(Self::Zstd(encoder))
            }
            _ => Ok(Self::Plain(buffered)),
        }
    }

    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer,
            Self::Zstd(writer) => writer,
        }
    }

    fn finish(self) -> io::Result<File> {
        let buffered = match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer.finish()?,
            Self::Zstd(writer) => writer.finish()?,
        };
        buffered.into_inner().map_err(|error| error.into_error())
    }
}

impl Destination {
    fn deliver(self, mut file: File) -> io::Result<()> {
        match self {
            Self::Rename(partial) => {
                file.sync_all()?;
                partial.rename()
            }
            Self::CopyToStdout => copy(&mut file, io::stdout().lock()),
            Self::CopyTo(path) => copy(&mut file, OpenOptions::new().write(true).open(path)?),
        }
    }
}

fn copy(file: &mut File, mut to: impl Write) -> io::Result<()> {
    file.rewind()?;
    io::copy(file, &mut to)?;
    to.flush()
}

fn open_destination(path: &Path) -> Result<(File, Destination), StorageError> {
    if path == Path::new("-") {
        return Ok((spool(path)?, Destination::CopyToStdout));
    }
    // A symbolic link stays, and the file that it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(StorageError::Directory {
            path: path.to_owned(),
        }),
        // Renaming over `/dev/null` would replace it for the whole machine.
        Ok(metadata) if !metadata.is_file() => {
            Ok((spool(path)?, Destination::CopyTo(path.to_owned())))
        }
        _ => open_partial(path, target),
    }
}

fn spool(path: &Path) -> Result<File, StorageError> {
    tempfile::tempfile().map_err(|source| StorageError::Temporary {
        action: if path == Path::new("-") {
            "gather standard output"
        } else {
            "gather the output of a pipe or device"
        },
        directory: std::env::temp_dir(),
        source,
    })
}

fn open_partial(path: &Path, target: PathBuf) -> Result<(File, Destination), StorageError> {
    let mut partial = OsString::from(&target);
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    let failed = |source| StorageError::write(path, source);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&partial)
        .map_err(failed)?;
    // One left by a killed run may have our process id (in a container that is always 1) and is taken over; one that
    // is in use is locked. File systems without locks are let pass.
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(StorageError::OutputTaken {
            path: path.to_owned(),
        });
    }
    file.set_len(0).map_err(failed)?;
    let destination = PartialFile {
        partial,
        target,
        renamed: false,
    };
    Ok((file, Destination::Rename(destination)))
}

impl PartialFile {
    fn rename(mut self) -> io::Result<()> {
        fs::rename(&self.partial, &self.target)?;
        self.renamed = true;
        sync_directory_of(&self.target)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing better can be done about a failure here: the caller is already on an error path.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// A rename is durable only once the directory is (fsync(2)).
fn sync_directory_of(target: &Path) -> io::Result<()> {
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}
