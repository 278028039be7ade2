//! The frame around everything saved: a format byte first, a checksum last, little-endian in between.
//!
//! Decides how damage is found. Must not know what is inside. The checksum finds accidents, not forgers: whoever can
//! write the checkpoints needs no collision.

use siphasher::sip::SipHasher13;

/// Why saved bytes cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Fewer bytes than the content says.
    #[error("saved sketch is cut short")]
    Truncated,
    /// The checksum differs: bytes were changed or cut.
    #[error("checksum of saved sketch differs")]
    Checksum,
    /// Written by another version or for another kind of sketch.
    #[error("unknown format {0} of saved sketch")]
    Format(u8),
    /// The checksum holds and yet the content cannot have been written by this code.
    #[error("saved sketch is invalid: {0}")]
    Invalid(&'static str),
    /// Saved under settings that the present ones cannot continue.
    #[error("saved sketch has other settings: {0}")]
    Settings(&'static str),
}

const CHECKSUM_BYTES: usize = 4;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = SipHasher13::new_with_keys(0, 0).hash(bytes);
    (hash as u32).to_le_bytes()
}

/// Starts a frame at the present end of `out`; give the result to [`close`].
pub(crate) fn open(out: &mut Vec<u8>, format: u8) -> usize {
    let start = out.len();
    out.push(format);
    start
}

/// Closes the frame that began at `start` with its checksum.
pub(crate) fn close(out: &mut Vec<u8>, start: usize) {
    let sum = checksum(&out[start..]);
    out.extend_from_slice(&sum);
}

/// Reads the inside of one frame.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Checks format and checksum of a frame that fills `bytes` exactly.
    pub(crate) fn open(bytes: &'a [u8], format: u8) -> Result<Self, RestoreError> {
        let (&found, _) = bytes.split_first().ok_or(RestoreError::Truncated)?;
        if found != format {
            return Err(RestoreError::Format(found));
        }
        let Some(content_end) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .filter(|&end| end >= 1)
        else {
            return Err(RestoreError::Truncated);
        };
        let (content, sum) = bytes.split_at(content_end);
        if checksum(content) != sum {
            return Err(RestoreError::Checksum);
        }
        Ok(Self(&content[1..]))
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], RestoreError> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(RestoreError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        Ok(self
            .take(N)?
            .try_into()
            .expect("take gives as many bytes as asked"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, RestoreError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, RestoreError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RestoreError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, RestoreError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, RestoreError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    /// The content must end where the reading ended.
    pub(crate) fn end(self) -> Result<(), RestoreError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(RestoreError::Invalid("bytes after the content"))
        }
    }
}
