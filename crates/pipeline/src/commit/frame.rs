//! The frame around every stored object: what it is, how long it is, and whether it is whole.

use sha2::{Digest as _, Sha256};

/// SHA-256 of stored bytes.
pub type Digest = [u8; 32];

/// What a framed object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A manifest.
    Manifest = 1,
    /// A segment of state.
    Segment = 2,
}

/// Why stored bytes cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes are not of this program, or their beginning is damaged.
    #[error("not an object of promoguard")]
    Foreign,
    /// Fewer or more bytes than the frame says.
    #[error("length differs from what was written")]
    Length,
    /// The bytes are not those that were written.
    #[error("checksum differs")]
    Checksum,
    /// Another kind of object.
    #[error("another kind of object than its name says")]
    Kind,
    /// Written by a newer version.
    #[error("written in format {found}, and this version reads up to {newest}")]
    Format {
        /// The format that was found.
        found: u16,
        /// The newest one that is understood.
        newest: u16,
    },
    /// The checksum holds and the content makes no sense.
    #[error("content is not what this version writes")]
    Content,
}

const MAGIC: [u8; 4] = *b"PGCP";
/// Magic, kind, format, length of the content.
const HEAD_BYTES: usize = 4 + 1 + 2 + 8;
const DIGEST_BYTES: usize = 32;

/// The content in its frame: magic, kind, format (u16) and length (u64), little-endian, the
/// content, and the SHA-256 of all before it.
pub(crate) fn seal(kind: FrameKind, format: u16, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES + content.len() + DIGEST_BYTES);
    out.extend_from_slice(&MAGIC);
    out.push(kind as u8);
    out.extend_from_slice(&format.to_le_bytes());
    out.extend_from_slice(&(content.len() as u64).to_le_bytes());
    out.extend_from_slice(content);
    let digest = digest(&out);
    out.extend_from_slice(&digest);
    out
}

/// The content of a frame of this kind, in a format up to `newest`.
pub(crate) fn open(kind: FrameKind, newest: u16, bytes: &[u8]) -> Result<&[u8], FrameError> {
    let content_bytes = bytes
        .len()
        .checked_sub(HEAD_BYTES + DIGEST_BYTES)
        .ok_or(FrameError::Length)?;
    let (framed, sum) = bytes.split_at(HEAD_BYTES + content_bytes);
    if framed[..4] != MAGIC {
        return Err(FrameError::Foreign);
    }
    if digest(framed) != sum {
        return Err(FrameError::Checksum);
    }
    let (head, content) = framed.split_at(HEAD_BYTES);
    let length = u64::from_le_bytes(head[7..].try_into().expect("8 bytes were split off"));
    if length != content_bytes as u64 {
        return Err(FrameError::Length);
    }
    if head[4] != kind as u8 {
        return Err(FrameError::Kind);
    }
    let found = u16::from_le_bytes([head[5], head[6]]);
    if found == 0 || found > newest {
        return Err(FrameError::Format { found, newest });
    }
    Ok(content)
}

/// SHA-256 of bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}
