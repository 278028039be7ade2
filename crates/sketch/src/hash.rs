//! The keyed hash of everything that persists or routes.
//!
//! Decides the algorithm (SipHash-1-3 with 64 or 128 bits of output, <https://www.aumasson.jp/siphash/siphash.pdf>)
//! and how a domain's sub-key follows from the deployment key. Both are part of the stored formats: the golden vectors
//! in the tests hold for ever. Keyed, because the public chooses click and visitor ids and could otherwise look for
//! ids that collide, inflate a reach or make the filter drop somebody else's clicks.
//! Must not know where a key comes from.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13 as Sip13With64Bits;
use siphasher::sip128::{
    Hasher128, SipHasher13 as Sip13With128Bits, SipHasher24 as Sip24With128Bits,
};

/// The secret key of a deployment. Everything remembered is void when it changes.
#[derive(Clone)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// A key from 32 secret, uniformly random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The fixed, public key for replays and tests, where equal input must give equal output on any machine.
    /// It protects nothing: never use it on traffic that the public can shape.
    #[must_use]
    pub const fn documented() -> Self {
        Self(*b"promoguard-public-replay-key-v01")
    }

    /// Tells two keys apart without giving either away: store it beside saved state, and refuse the state when it
    /// differs. 64 bits of a keyed hash in a domain of its own.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let (low, _) = self.sub_key(b"fingerprint");
        low
    }

    /// A cascade of two SipHash-2-4-128, one per half of the key: the sub-keys of different labels are unrelated to
    /// whoever does not hold the key, and no sub-key leads back to it.
    fn sub_key(&self, label: &[u8]) -> (u64, u64) {
        let (first_half, second_half) = self.0.split_at(16);
        let outer_key =
            |half: &[u8]| <[u8; 16]>::try_from(half).expect("a 32-byte key has two halves of 16");
        let inner = Sip24With128Bits::new_with_key(&outer_key(first_half)).hash(label);
        let mut message = label.to_vec();
        message.extend_from_slice(&inner.as_u128().to_le_bytes());
        let outer = Sip24With128Bits::new_with_key(&outer_key(second_half)).hash(&message);
        (outer.h1, outer.h2)
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey(redacted)")
    }
}

/// What is hashed. Each domain has its own sub-key, so that equal texts in two domains have unrelated hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Click ids, for [`crate::SeenWindow`].
    Click,
    /// Visitor ids, for [`crate::Reach`].
    Visitor,
    /// Order keys, for [`crate::OrderIndex`].
    Order,
    /// Customer pseudonyms, for [`crate::Reach`].
    Customer,
    /// Whole records: the last word of a total order, and anything else that has no domain of its own.
    Record,
}

impl Domain {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Click => b"click",
            Self::Visitor => b"visitor",
            Self::Order => b"order",
            Self::Customer => b"customer",
            Self::Record => b"record",
        }
    }
}

/// Hashes bytes of one domain under one key. The same bytes give the same hash in every build, on every machine.
#[derive(Clone)]
pub struct StableHasher {
    short: Sip13With64Bits,
    long: Sip13With128Bits,
}

impl StableHasher {
    /// The hasher of `domain` under `key`. Derives the sub-key (some 100 ns): make it once, keep it.
    #[must_use]
    pub fn new(key: &HashKey, domain: Domain) -> Self {
        let (key0, key1) = key.sub_key(domain.label());
        Self {
            short: Sip13With64Bits::new_with_keys(key0, key1),
            long: Sip13With128Bits::new_with_keys(key0, key1),
        }
    }

    /// 64 bits: enough for counting; two of `n` keys collide with a chance of about n²/2^65.
    #[must_use]
    pub fn hash64(&self, bytes: &[u8]) -> u64 {
        self.short.hash(bytes)
    }

    /// 128 bits: enough to stand for the bytes themselves; two of `n` keys collide with a chance of about n²/2^129.
    #[must_use]
    pub fn hash128(&self, bytes: &[u8]) -> u128 {
        self.long.hash(bytes).as_u128()
    }

    /// 128 bits of a list of texts. Each is preceded by its length (8 bytes, little-endian), so `["ab", "c"]` and
    /// `["a", "bc"]` differ. Not the hash of the
    /// concatenation, and `[x]` differs from `hash128(x)`; the empty list is `hash128(b"")`.
    #[must_use]
    pub fn hash128_parts(&self, parts: &[&[u8]]) -> u128 {
        let mut hasher = self.long;
        for part in parts {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

impl fmt::Debug for StableHasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StableHasher(redacted)")
    }
}
