//! One record of the sort as bytes, the same in memory and on disk, so that spilling is copying.
//!
//! Layout, little-endian: key length u32, line length u32, source u32, line number u64, key, line.

use crate::sort::SortedLine;

pub(crate) const HEADER_BYTES: usize = 20;

pub(crate) fn encoded_len(record: &SortedLine<'_>) -> usize {
    HEADER_BYTES + record.key.len() + record.line.len()
}

pub(crate) fn encode(record: &SortedLine<'_>, out: &mut Vec<u8>) {
    let mut header = [0; HEADER_BYTES];
    header[0..4].copy_from_slice(&length(record.key).to_le_bytes());
    header[4..8].copy_from_slice(&length(record.line).to_le_bytes());
    header[8..12].copy_from_slice(&record.source.to_le_bytes());
    header[12..20].copy_from_slice(&record.line_number.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(record.key);
    out.extend_from_slice(record.line);
}

/// The record that starts `bytes`; what follows it is ignored.
pub(crate) fn decode(bytes: &[u8]) -> SortedLine<'_> {
    let (header, rest) = bytes.split_at(HEADER_BYTES);
    let key_bytes = u32_at(header, 0) as usize;
    let line_bytes = u32_at(header, 4) as usize;
    let (key, rest) = rest.split_at(key_bytes);
    SortedLine {
        key,
        source: u32_at(header, 8),
        line_number: u64_at(header, 12),
        line: &rest[..line_bytes],
    }
}

/// Bytes that follow the header.
pub(crate) fn body_len(header: &[u8; HEADER_BYTES]) -> usize {
    u32_at(header, 0) as usize + u32_at(header, 4) as usize
}

/// The first eight bytes of a key as a number that orders like them: most comparisons need no more.
pub(crate) fn prefix_of(key: &[u8]) -> u64 {
    if let Some(first) = key.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut padded = [0; 8];
    padded[..key.len()].copy_from_slice(key);
    u64::from_be_bytes(padded)
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a line or a key is far below 4 GiB")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were taken"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(
        bytes[at..at + 8]
            .try_into()
            .expect("eight bytes were taken"),
    )
}
