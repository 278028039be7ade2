//! How many distinct visitors (or customers) there were.
//!
//! Decides how a count is remembered: as the list of hashes while that list is not larger than the registers of a
//! HyperLogLog would be, as the registers after. Small counts are therefore exact and small, large ones have a known
//! error and a fixed size. The state is a function of the set of hashes alone, whatever their order and however they
//! were merged. `docs/adr/001-reach-sketch.md` says why this is not somebody else's crate.
//! Must not know what is counted.

use std::fmt;
use std::mem;

use crate::codec::{self, Reader, RestoreError};
use crate::registers::Registers;

/// A count with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best guess; a whole number while the count is exact.
    pub value: f64,
    /// 5 % of the time the truth is below.
    pub low: f64,
    /// 5 % of the time the truth is above.
    pub high: f64,
}

/// Half a 90 % interval in standard errors: the normal distribution's 95 % quantile.
const HALF_INTERVAL: f64 = 1.644_853_626_951_472_2;
/// sqrt(3 ln 2 - 1): the standard error of a HyperLogLog times the square root of its registers (Flajolet, Fusy,
/// Gandouet, Meunier 2007).
const ERROR_FACTOR: f64 = 1.038_961_761_4;
const FORMAT: u8 = 0x53;
const HASH_BYTES: usize = size_of::<u64>();

/// Counts distinct hashes: exactly up to [`Reach::EXACT_MAX`], then within [`Reach::relative_standard_error`].
///
/// `P` (6 to 15) is the binary logarithm of the number of registers. 13 gives 1.15 % in 6.1 KiB, 10 gives 3.25 % in
/// 0.9 KiB. Feed it [`crate::StableHasher::hash64`] of the matching domain.
#[derive(Clone)]
pub struct Reach<const P: usize = 13>(State<P>);

/// Lists are ascending. Up to two hashes need no memory of their own, and most codes have no more.
#[derive(Clone)]
enum State<const P: usize> {
    None,
    One([u64; 1]),
    Two([u64; 2]),
    Exact(Vec<u64>),
    Estimated(Registers<P>),
}

impl<const P: usize> Reach<P> {
    /// Up to this many distinct hashes the count is exact.
    pub const EXACT_MAX: usize = Registers::<P>::PACKED_BYTES / HASH_BYTES;

    /// A count of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(State::None)
    }

    /// Counts one hash; true if that changed the state, so that it must be saved again.
    pub fn insert(&mut self, hash: u64) -> bool {
        if let State::Estimated(registers) = &mut self.0 {
            return registers.insert(hash);
        }
        match find(self.hashes(), hash) {
            Ok(_) => false,
            Err(place) => {
                self.insert_new(place, hash);
                true
            }
        }
    }

    /// Adds a hash that is not in the list, where it belongs.
    fn insert_new(&mut self, place: usize, hash: u64) {
        if let State::Exact(hashes) = &mut self.0
            && hashes.len() < Self::EXACT_MAX
        {
            make_room(hashes, Self::EXACT_MAX);
            hashes.insert(place, hash);
            return;
        }
        self.0 = match self.hashes() {
            [] => State::One([hash]),
            &[only] => State::Two(if place == 0 {
                [hash, only]
            } else {
                [only, hash]
            }),
            hashes if hashes.len() < Self::EXACT_MAX => {
                let mut grown = Vec::with_capacity(2 * hashes.len());
                grown.extend_from_slice(hashes);
                grown.insert(place, hash);
                State::Exact(grown)
            }
            hashes => {
                let mut registers = registers_of(hashes);
                registers.insert(hash);
                State::Estimated(registers)
            }
        };
    }

    /// Makes this the count of the union.
    pub fn merge(&mut self, other: &Self) {
        if let State::Estimated(theirs) = &other.0 {
            match &mut self.0 {
                State::Estimated(ours) => ours.merge(theirs),
                _ => {
                    let ours = mem::replace(self, other.clone());
                    ours.hashes().iter().for_each(|&hash| {
                        self.insert(hash);
                    });
                }
            }
        } else {
            for &hash in other.hashes() {
                self.insert(hash);
            }
        }
    }

    /// The count, with its 90 % interval.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        if let State::Estimated(registers) = &self.0 {
            // More than the list could hold is known for certain.
            let least = (Self::EXACT_MAX + 1) as f64;
            let value = registers.estimate().max(least);
            let half = HALF_INTERVAL * Self::relative_standard_error_estimated();
            Estimate {
                value,
                low: (value / (1.0 + half)).max(least),
                high: value / (1.0 - half),
            }
        } else {
            let value = self.hashes().len() as f64;
            Estimate {
                value,
                low: value,
                high: value,
            }
        }
    }

    /// Whether the count is exact, but for two values with one 64-bit hash.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        !matches!(self.0, State::Estimated(_))
    }

    /// Standard error of the present count relative to it: 0 while exact, 1.039 / sqrt(2^P) after.
    #[must_use]
    pub fn relative_standard_error(&self) -> f64 {
        if self.is_exact() {
            0.0
        } else {
            Self::relative_standard_error_estimated()
        }
    }

    /// Standard error of a count that is no longer exact.
    #[must_use]
    pub fn relative_standard_error_estimated() -> f64 {
        ERROR_FACTOR / (Registers::<P>::COUNT as f64).sqrt()
    }

    /// Bytes, those of the struct itself included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.0 {
                State::None | State::One(_) | State::Two(_) => 0,
                State::Exact(hashes) => hashes.capacity() * HASH_BYTES,
                State::Estimated(_) => Registers::<P>::MEMORY_BYTES,
            }
    }

    /// The list of hashes, ascending; empty when there is none any more.
    fn hashes(&self) -> &[u64] {
        match &self.0 {
            State::One(hashes) => hashes,
            State::Two(hashes) => hashes,
            State::Exact(hashes) => hashes,
            State::None | State::Estimated(_) => &[],
        }
    }
}

/// The estimate, not the hashes: they are as good as visitor ids to whoever holds the key.
impl<const P: usize> fmt::Debug for Reach<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reach({:?})", self.estimate())
    }
}

impl<const P: usize> Default for Reach<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where `hash` is, or belongs, in an ascending list. Hashes are uniform, so its value says where to look, and the
/// place is some sqrt(length) / 3 further: one cache line or two, where halving would touch a line at every step.
fn find(hashes: &[u64], hash: u64) -> Result<usize, usize> {
    let mut place = ((u128::from(hash) * hashes.len() as u128) >> 64) as usize;
    while place < hashes.len() && hashes[place] < hash {
        place += 1;
    }
    while place > 0 && hashes[place - 1] >= hash {
        place -= 1;
    }
    if hashes.get(place) == Some(&hash) {
        Ok(place)
    } else {
        Err(place)
    }
}

/// Grows by a quarter, not by doubling: most lists stay short, and there is one for every code.
fn make_room(hashes: &mut Vec<u64>, hashes_max: usize) {
    if hashes.len() == hashes.capacity() {
        let more = (hashes.len() / 4).max(2).min(hashes_max - hashes.len());
        hashes.reserve_exact(more);
    }
}

fn registers_of<const P: usize>(hashes: &[u64]) -> Registers<P> {
    let mut registers = Registers::new();
    for &hash in hashes {
        registers.insert(hash);
    }
    registers
}

const KIND_EXACT: u8 = 0;
const KIND_ESTIMATED: u8 = 1;

impl<const P: usize> Reach<P> {
    /// The content as bytes: the same for the same set of hashes. 9 bytes and 8 a hash while exact, then
    /// 7 and 3/4 of a byte a register. Little-endian, checksummed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.append_to(&mut out);
        out
    }

    /// As [`Reach::to_bytes`], appended to a buffer that is already there.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let start = codec::open(out, FORMAT);
        out.push(P as u8);
        if let State::Estimated(registers) = &self.0 {
            out.push(KIND_ESTIMATED);
            registers.append_packed(out);
        } else {
            out.push(KIND_EXACT);
            out.extend_from_slice(&(self.hashes().len() as u16).to_le_bytes());
            for hash in self.hashes() {
                out.extend_from_slice(&hash.to_le_bytes());
            }
        }
        codec::close(out, start);
    }

    /// The count that [`Reach::to_bytes`] wrote.
    ///
    /// # Errors
    /// Damaged or foreign bytes, or another `P`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut reader = Reader::open(bytes, FORMAT)?;
        if usize::from(reader.u8()?) != P {
            return Err(RestoreError::Settings("precision of the reach"));
        }
        let state = match reader.u8()? {
            KIND_EXACT => read_exact(&mut reader)?,
            KIND_ESTIMATED => {
                let packed = reader.take(reader.left())?;
                let registers = Registers::from_packed(packed)
                    .ok_or(RestoreError::Invalid("registers of the reach"))?;
                State::Estimated(registers)
            }
            _ => return Err(RestoreError::Invalid("kind of the reach")),
        };
        reader.end()?;
        Ok(Self(state))
    }
}

fn read_exact<const P: usize>(reader: &mut Reader<'_>) -> Result<State<P>, RestoreError> {
    let count = usize::from(reader.u16()?);
    if count > Reach::<P>::EXACT_MAX {
        return Err(RestoreError::Invalid("too many hashes in the reach"));
    }
    let mut hashes = Vec::new();
    hashes.reserve_exact(count);
    for _ in 0..count {
        let hash = reader.u64()?;
        if hashes.last().is_some_and(|&last| last >= hash) {
            return Err(RestoreError::Invalid("order of the hashes in the reach"));
        }
        hashes.push(hash);
    }
    Ok(match hashes[..] {
        [] => State::None,
        [only] => State::One([only]),
        [first, second] => State::Two([first, second]),
        _ => State::Exact(hashes),
    })
}
