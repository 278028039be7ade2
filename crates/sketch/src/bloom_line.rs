//! One generation of the click filter: a Bloom filter cut into cache lines, so that a key costs one memory access.
//!
//! After Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom filters" (2007), in the register-wise form
//! that Parquet uses: a key sets two bits in each of the eight words of one 64-byte line, 16 in all. Every bit comes
//! from hash bits of its own, because double hashing inside so short a line has a floor near 1e-4.
//! Decides bits and lines; must not know about time.

/// One cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Line(pub(crate) [u64; 8]);

pub(crate) const LINE_BYTES: usize = size_of::<Line>();

/// A key, spread once for all generations.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    row: u64,
    mask: [u64; 8],
}

impl Spread {
    /// The line comes from the top of the key, the 16 bits from the 96 bits below the topmost 32: up to 2^32 lines
    /// (256 GiB) the two are independent.
    pub(crate) fn new(key: u128) -> Self {
        let low = key as u64;
        let middle = (key >> 48) as u64;
        let mask = std::array::from_fn(|word| {
            let shift = 6 * word as u32;
            (1 << ((low >> shift) & 63)) | (1 << ((middle >> shift) & 63))
        });
        Self {
            row: row(key),
            mask,
        }
    }
}

fn row(key: u128) -> u64 {
    (key >> 64) as u64
}

/// A Bloom filter of whole lines.
#[derive(Clone)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    pub(crate) fn new(count: usize) -> Self {
        Self(vec![Line([0; 8]); count])
    }

    pub(crate) fn from_words(words: impl ExactSizeIterator<Item = [u64; 8]>) -> Self {
        Self(words.map(Line).collect())
    }

    pub(crate) fn words(&self) -> impl ExactSizeIterator<Item = &[u64; 8]> {
        self.0.iter().map(|line| &line.0)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.len() * LINE_BYTES
    }

    /// Multiply-shift (Lemire): any number of lines, no division.
    fn index(&self, row: u64) -> usize {
        ((u128::from(row) * self.0.len() as u128) >> 64) as usize
    }

    /// Reads one word of the key's line, only so that the line is in cache when it is needed. A batch issues all its
    /// reads before it looks at any result, so the misses overlap; the prefetch instruction itself would be `unsafe`.
    pub(crate) fn touch(&self, key: u128) -> u64 {
        self.0[self.index(row(key))].0[0]
    }

    pub(crate) fn contains(&self, spread: &Spread) -> bool {
        let line = &self.0[self.index(spread.row)];
        missing(line, &spread.mask) == 0
    }

    /// Sets the key's bits; true if at least one of them was not set before.
    pub(crate) fn insert(&mut self, spread: &Spread) -> bool {
        let index = self.index(spread.row);
        let line = &mut self.0[index];
        let new = missing(line, &spread.mask) != 0;
        for (word, mask) in line.0.iter_mut().zip(&spread.mask) {
            *word |= mask;
        }
        new
    }
}

/// Non-zero if a bit of the mask is not set. No early exit: eight words are one or two vector operations, and a
/// branch per bit is mispredicted about once per fresh key.
fn missing(line: &Line, mask: &[u64; 8]) -> u64 {
    line.0
        .iter()
        .zip(mask)
        .fold(0, |missing, (word, mask)| missing | (mask & !word))
}
