//! The registers of a HyperLogLog, six bits each, with their histogram.
//!
//! Decides the estimate: Ertl's improved raw estimator (arXiv:1702.01284, algorithm 6), which needs no empirical
//! correction table and has no seam between small and large counts. The histogram is kept up to date, so an estimate
//! costs tens of operations, not one pass over the registers; its sums have a fixed order.
//! Must not know how few distinct values are kept otherwise.

/// Bits of one register: the longest run of zeros in 64 bits needs six.
const BITS: usize = 6;
/// How many registers hold each value stands in front of the registers, so that both are one allocation.
const HISTOGRAM: usize = 1 << BITS;
/// 1 / (2 ln 2), the limit of the bias factor for many registers.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// `2^P` registers: the histogram, then eight registers in each three cells, lowest bits first.
#[derive(Clone)]
pub(crate) struct Registers<const P: usize>(Box<[u16]>);

impl<const P: usize> Registers<P> {
    pub(crate) const COUNT: usize = {
        assert!(
            P >= 6 && P <= 15,
            "the histogram counts in 16 bits, and the list must hold a few hashes"
        );
        1 << P
    };
    const CELLS: usize = Self::COUNT * BITS / 16;
    /// Bytes of the packed registers.
    pub(crate) const PACKED_BYTES: usize = Self::CELLS * 2;
    /// Bytes on the heap, the histogram included.
    pub(crate) const MEMORY_BYTES: usize = (HISTOGRAM + Self::CELLS) * 2;
    /// The highest value of a register: all remaining bits of the hash are zero.
    const VALUE_MAX: u8 = 65 - P as u8;

    pub(crate) fn new() -> Self {
        let mut cells = vec![0; HISTOGRAM + Self::CELLS].into_boxed_slice();
        cells[0] = Self::COUNT as u16;
        Self(cells)
    }

    /// Takes one hash; true if a register rose.
    pub(crate) fn insert(&mut self, hash: u64) -> bool {
        let index = (hash >> (64 - P)) as usize;
        // The bit below the last one of the hash stops the count of zeros at the highest value.
        let rest = (hash << P) | (1 << (P - 1));
        self.raise(index, rest.leading_zeros() as u8 + 1)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for index in 0..Self::COUNT {
            self.raise(index, other.get(index));
        }
    }

    fn raise(&mut self, index: usize, value: u8) -> bool {
        let old = self.get(index);
        if value <= old {
            return false;
        }
        self.set(index, value);
        self.0[usize::from(old)] -= 1;
        self.0[usize::from(value)] += 1;
        true
    }

    fn get(&self, index: usize) -> u8 {
        let (cell, shift) = Self::place(index);
        let low = u32::from(self.0[cell]);
        // The last register ends with its cell; there is none after it.
        let high = u32::from(self.0.get(cell + 1).copied().unwrap_or(0));
        ((low | high << 16) >> shift) as u8 & 63
    }

    fn set(&mut self, index: usize, value: u8) {
        let (cell, shift) = Self::place(index);
        let keep = !(63u32 << shift);
        let bits = u32::from(value) << shift;
        self.0[cell] = self.0[cell] & keep as u16 | bits as u16;
        if shift > 16 - BITS {
            self.0[cell + 1] = self.0[cell + 1] & (keep >> 16) as u16 | (bits >> 16) as u16;
        }
    }

    const fn place(index: usize) -> (usize, usize) {
        let bit = index * BITS;
        (HISTOGRAM + bit / 16, bit % 16)
    }

    /// The number of distinct hashes, without a correction for chance.
    pub(crate) fn estimate(&self) -> f64 {
        let count = Self::COUNT as f64;
        let share = |value: u8| f64::from(self.0[usize::from(value)]) / count;
        let mut sum = tau(1.0 - share(Self::VALUE_MAX));
        for value in (1..Self::VALUE_MAX).rev() {
            sum = 0.5 * (sum + share(value));
        }
        sum += sigma(share(0));
        ALPHA * count / sum
    }

    /// The registers without the histogram, which follows from them; cells little-endian.
    pub(crate) fn append_packed(&self, out: &mut Vec<u8>) {
        for cell in &self.0[HISTOGRAM..] {
            out.extend_from_slice(&cell.to_le_bytes());
        }
    }

    /// Registers from their packed form; `None` for another length or a value that no hash can give.
    pub(crate) fn from_packed(packed: &[u8]) -> Option<Self> {
        if packed.len() != Self::PACKED_BYTES {
            return None;
        }
        let mut registers = Self::new();
        registers.0[0] = 0;
        let (pairs, _) = packed.as_chunks();
        for (cell, pair) in registers.0[HISTOGRAM..].iter_mut().zip(pairs) {
            *cell = u16::from_le_bytes(*pair);
        }
        for index in 0..Self::COUNT {
            let value = registers.get(index);
            if value > Self::VALUE_MAX {
                return None;
            }
            registers.0[usize::from(value)] += 1;
        }
        Some(registers)
    }
}

/// What the untouched registers contribute (Ertl, formula 15): x + x²·1 + x⁴·2 + x⁸·4 + …; infinite for x = 1.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let next = sum + power * weight;
        if next == sum {
            return sum;
        }
        sum = next;
        weight += weight;
    }
}

/// What the registers at their highest value contribute (Ertl, formula 16); matters near 2^64 only.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        root = root.sqrt();
        weight *= 0.5;
        let next = sum - (1.0 - root) * (1.0 - root) * weight;
        if next == sum {
            return sum / 3.0;
        }
        sum = next;
    }
}
