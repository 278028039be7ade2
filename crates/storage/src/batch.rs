//! The lines that a sort holds in memory, and their order.

use std::cmp::Ordering;

use crate::record;
use crate::sort::SortedLine;

/// Bounds the bookkeeping of one record: 16 bytes in the index, three times while its vector grows, or twice and the
/// scratch space of the sort.
const INDEX_BYTES_PER_RECORD: usize = 48;
/// Blocks instead of one growing buffer: growing never copies records, and never needs twice the memory.
const BLOCK_BYTES_MAX: usize = 1 << 20;
const BLOCK_BYTES_MIN: usize = 256;

pub(crate) struct Batch {
    block_bytes: usize,
    blocks: Vec<Vec<u8>>,
    /// Emptied blocks, to be used again.
    spare_blocks: Vec<Vec<u8>>,
    index: Vec<Entry>,
    bytes: usize,
}

/// Small, because these are what the sort moves.
#[derive(Clone, Copy)]
struct Entry {
    prefix: u64,
    block: u32,
    offset: u32,
}

impl Batch {
    pub(crate) fn new(memory_bytes_max: usize) -> Self {
        Self {
            block_bytes: (memory_bytes_max / 16).clamp(BLOCK_BYTES_MIN, BLOCK_BYTES_MAX),
            blocks: Vec::new(),
            spare_blocks: Vec::new(),
            index: Vec::new(),
            bytes: 0,
        }
    }

    /// Memory in use once `record` is added.
    pub(crate) fn bytes_with(&self, record: &SortedLine<'_>) -> usize {
        self.bytes + self.growth(record::encoded_len(record))
    }

    pub(crate) fn add(&mut self, record: &SortedLine<'_>) {
        let encoded_len = record::encoded_len(record);
        self.bytes += self.growth(encoded_len);
        if !self.fits_last_block(encoded_len) {
            let block = self.new_block(encoded_len);
            self.blocks.push(block);
        }
        let block_number = self.blocks.len() - 1;
        let block = &mut self.blocks[block_number];
        self.index.push(Entry {
            prefix: record::prefix_of(record.key),
            block: u32::try_from(block_number).expect("2^32 blocks are beyond any memory bound"),
            offset: u32::try_from(block.len()).expect("only the first record of a block is large"),
        });
        record::encode(record, block);
    }

    /// A stable merge sort, for the runs that files written in time order consist of; equal records are identical.
    pub(crate) fn sort(&mut self) {
        let blocks = &self.blocks;
        self.index
            .sort_by(|left, right| compare(blocks, left, right));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub(crate) fn record_at(&self, position: usize) -> Option<SortedLine<'_>> {
        self.index
            .get(position)
            .map(|entry| record_of(&self.blocks, entry))
    }

    /// The records as bytes, in order.
    pub(crate) fn encoded(&self) -> impl Iterator<Item = &[u8]> {
        self.index.iter().map(|entry| {
            let from_here = &self.blocks[entry.block as usize][entry.offset as usize..];
            &from_here[..record::encoded_len(&record::decode(from_here))]
        })
    }

    /// Forgets the records and keeps the memory.
    pub(crate) fn clear(&mut self) {
        for mut block in self.blocks.drain(..) {
            if block.capacity() == self.block_bytes {
                block.clear();
                self.spare_blocks.push(block);
            }
        }
        self.index.clear();
        self.bytes = 0;
    }

    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        let blocks = self.blocks.iter().chain(&self.spare_blocks);
        let index_bytes = self.index.capacity() * size_of::<Entry>();
        blocks.map(Vec::capacity).sum::<usize>() + index_bytes
    }

    fn growth(&self, encoded_len: usize) -> usize {
        let block = if self.fits_last_block(encoded_len) {
            0
        } else {
            self.block_bytes.max(encoded_len)
        };
        block + INDEX_BYTES_PER_RECORD
    }

    fn fits_last_block(&self, encoded_len: usize) -> bool {
        self.blocks
            .last()
            .is_some_and(|block| block.capacity() - block.len() >= encoded_len)
    }

    fn new_block(&mut self, encoded_len: usize) -> Vec<u8> {
        if encoded_len > self.block_bytes {
            return Vec::with_capacity(encoded_len);
        }
        self.spare_blocks
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(self.block_bytes))
    }
}

fn compare(blocks: &[Vec<u8>], left: &Entry, right: &Entry) -> Ordering {
    left.prefix
        .cmp(&right.prefix)
        .then_with(|| record_of(blocks, left).cmp(&record_of(blocks, right)))
}

fn record_of<'a>(blocks: &'a [Vec<u8>], entry: &Entry) -> SortedLine<'a> {
    record::decode(&blocks[entry.block as usize][entry.offset as usize..])
}
