//! The registers of a HyperLogLog, six bits each, with their histogram.
//!
//! Decides the estimate: Ertl's improved raw estimator (arXiv:1702.01284, algorithm 6), which needs no empirical
//! correction table and has no seam between small and large counts. The histogram is kept up to date, so an estimate
//! costs tens of operations, not one pass over the registers; its sums have a fixed order.
//! Must not know how few distinct values are kept otherwise.

/// Bits of one register: the longest run of zeros in 64 bits needs six.
const BITS: usize = 6;
/// 1 / (2 ln 2), the limit of the bias factor for many registers.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// `2^P` registers.
#[derive(Clone)]
pub(crate) struct Registers<const P: usize> {
    /// Four registers in three bytes.
    packed: Box<[u8]>,
    /// How many registers hold each value, 0 to `65 - P`.
    histogram: [u16; 64],
}

impl<const P: usize> Registers<P> {
    pub(crate) const COUNT: usize = {
        assert!(
            P >= 6 && P <= 15,
            "the histogram counts in 16 bits, and the list must hold a few hashes"
        );
        1 << P
    };
    /// Bytes of the packed registers.
    pub(crate) const PACKED_BYTES: usize = Self::COUNT * BITS / 8;
    /// Bytes on the heap, the histogram included, for one boxed set of registers.
    pub(crate) const MEMORY_BYTES: usize = Self::PACKED_BYTES + size_of::<Self>();
    /// The highest value of a register: all remaining bits of the hash are zero.
    const VALUE_MAX: u8 = 65 - P as u8;

    pub(crate) fn new() -> Self {
        let mut histogram = [0; 64];
        histogram[0] = Self::COUNT as u16;
        Self {
            packed: vec![0; Self::PACKED_BYTES].into_boxed_slice(),
            histogram,
        }
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
        self.histogram[usize::from(old)] -= 1;
        self.histogram[usize::from(value)] += 1;
        true
    }

    fn get(&self, index: usize) -> u8 {
        let (byte, shift) = Self::place(index);
        let low = u16::from(self.packed[byte]);
        // The last register of a group of four ends with its byte; the one after it may not exist.
        let high = u16::from(self.packed.get(byte + 1).copied().unwrap_or(0));
        ((low | high << 8) >> shift) as u8 & 63
    }

    fn set(&mut self, index: usize, value: u8) {
        let (byte, shift) = Self::place(index);
        let clear = !(63u16 << shift);
        let bits = u16::from(value) << shift;
        self.packed[byte] = self.packed[byte] & clear as u8 | bits as u8;
        if shift > 8 - BITS {
            self.packed[byte + 1] = self.packed[byte + 1] & (clear >> 8) as u8 | (bits >> 8) as u8;
        }
    }

    const fn place(index: usize) -> (usize, usize) {
        let bit = index * BITS;
        (bit / 8, bit % 8)
    }

    /// The number of distinct hashes, without a correction for chance.
    pub(crate) fn estimate(&self) -> f64 {
        let count = Self::COUNT as f64;
        let share = |value: u8| f64::from(self.histogram[usize::from(value)]) / count;
        let mut sum = tau(1.0 - share(Self::VALUE_MAX));
        for value in (1..Self::VALUE_MAX).rev() {
            sum = 0.5 * (sum + share(value));
        }
        sum += sigma(share(0));
        ALPHA * count / sum
    }

    pub(crate) fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// Registers from their packed form; `None` for another length or a value that no hash can give.
    pub(crate) fn from_packed(packed: &[u8]) -> Option<Self> {
        if packed.len() != Self::PACKED_BYTES {
            return None;
        }
        let mut registers = Self::new();
        registers.packed.copy_from_slice(packed);
        registers.histogram[0] = 0;
        for index in 0..Self::COUNT {
            let value = registers.get(index);
            if value > Self::VALUE_MAX {
                return None;
            }
            registers.histogram[usize::from(value)] += 1;
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
