//! A piece of state: keys with their values, or with the word that they are gone. The state is
//! the fold of its pieces from the oldest to the newest.

use std::collections::BTreeMap;

use super::frame::{self, Digest, FrameError, FrameKind};

/// The format that is written.
const FORMAT: u16 = 1;

/// One key: its new value, or `None` where it is gone.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// Changes of the state, each key once, in the order of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    changes: Vec<Change>,
}

impl Segment {
    /// From changes in any order; the last one of a key counts.
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Self {
        let last: BTreeMap<Vec<u8>, Option<Vec<u8>>> = changes.into_iter().collect();
        Self {
            changes: last.into_iter().collect(),
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, by key.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// As it is stored, without compression: for each change the length of the key (u32), the key,
    /// the length of the value (u32, its largest value for one that is gone) and the value,
    /// little-endian.
    ///
    /// # Panics
    /// A key or value of 4 GiB or more.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for (key, value) in &self.changes {
            content.extend_from_slice(&length_of(key).to_le_bytes());
            content.extend_from_slice(key);
            let length = value.as_ref().map_or(GONE, |value| length_of(value));
            content.extend_from_slice(&length.to_le_bytes());
            content.extend_from_slice(value.as_deref().unwrap_or_default());
        }
        frame::seal(FrameKind::Segment, FORMAT, &content)
    }

    /// What was stored.
    ///
    /// # Errors
    /// Damaged bytes, or those of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
        let mut content = frame::open(FrameKind::Segment, FORMAT, bytes)?;
        let mut changes: Vec<Change> = Vec::new();
        while !content.is_empty() {
            let key = take_length(&mut content).and_then(|length| take(&mut content, length));
            let key = key.ok_or(FrameError::Content)?.to_vec();
            let length = take_length(&mut content).ok_or(FrameError::Content)?;
            let value = match length {
                GONE => None,
                length => {
                    let value = take(&mut content, length).ok_or(FrameError::Content)?;
                    Some(value.to_vec())
                }
            };
            if changes.last().is_some_and(|(last, _)| *last >= key) {
                return Err(FrameError::Content);
            }
            changes.push((key, value));
        }
        Ok(Self { changes })
    }

    /// SHA-256 of stored bytes.
    pub fn digest_of(bytes: &[u8]) -> Digest {
        frame::digest(bytes)
    }
}

/// The length of a value that is gone.
const GONE: u32 = u32::MAX;

fn length_of(bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len()).ok();
    length
        .filter(|length| *length != GONE)
        .expect("a key or value of the state is below 4 GiB")
}

fn take<'a>(content: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (head, rest) = content.split_at_checked(length as usize)?;
    *content = rest;
    Some(head)
}

fn take_length(content: &mut &[u8]) -> Option<u32> {
    let bytes = take(content, 4)?.try_into().expect("4 bytes were taken");
    Some(u32::from_le_bytes(bytes))
}

/// The state that pieces make up, oldest first.
pub fn fold(segments: impl IntoIterator<Item = Segment>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut state = BTreeMap::new();
    for (key, value) in segments.into_iter().flat_map(Segment::into_changes) {
        match value {
            Some(value) => state.insert(key, value),
            None => state.remove(&key),
        };
    }
    state
}

impl Segment {
    /// One piece in place of several neighbours, oldest first. Where nothing older is left, what
    /// is gone need not be told any more.
    pub fn merge(segments: impl IntoIterator<Item = Segment>, nothing_older: bool) -> Self {
        let changes = segments.into_iter().flat_map(Segment::into_changes);
        let mut merged = Self::new(changes);
        if nothing_older {
            merged.changes.retain(|(_, value)| value.is_some());
        }
        merged
    }
}

/// Pieces that may be there before any are merged, for the cost of a restore.
const SEGMENTS_MAX: usize = 8;

/// From which piece on, by their sizes from the oldest, all are to become one; `None`: they may
/// stay. A piece is rewritten when those after it are half as large together, so that each byte is
/// rewritten a number of times that grows with the logarithm of the state.
pub fn merge_from(sizes: &[u64]) -> Option<usize> {
    if sizes.len() <= SEGMENTS_MAX {
        return None;
    }
    let mut after: u64 = 0;
    let mut first = sizes.len() - 1;
    for (place, size) in sizes.iter().enumerate().rev() {
        if *size <= after.saturating_mul(2) {
            first = place;
        }
        after = after.saturating_add(*size);
    }
    Some(first.min(sizes.len() - 2))
}
