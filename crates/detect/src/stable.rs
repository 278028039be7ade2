//! Hashes and small sums that are the same on every machine.
//!
//! Decides: how names become numbers inside the judge, and the fixed-point unit in which shards
//! add. Must not know: keys of the deployment; what is hashed here is never chosen to collide
//! for profit (cities, hosts, partners), or is already a keyed pseudonym (customers).

/// FNV-1a over the bytes (<http://www.isthe.com/chongo/tech/comp/fnv/>), finished with the
/// mixer of SplitMix64, whose output bits all depend on all input bits.
pub(crate) fn stable_hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(fnv)
}

/// The finisher of SplitMix64.
pub(crate) fn mix(value: u64) -> u64 {
    let a = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}

/// The number that stands for a city in [`crate::AttemptFact`]: spelling and outer space do not
/// count, case does not count. `None` for a blank name.
pub fn city_hash(city: &str) -> Option<u64> {
    let name = city.trim();
    if name.is_empty() {
        return None;
    }
    Some(stable_hash(name.to_lowercase().as_bytes()))
}

/// Units of one in the sums that shards exchange: integers, so that the order in which shards
/// and codes are added cannot change a bit.
const UNITS: f64 = 1_048_576.0;

/// A non-negative number in exchange units; saturates.
pub(crate) fn to_units(value: f64) -> u64 {
    libm::round(value.max(0.0) * UNITS) as u64
}

/// Back from exchange units.
pub(crate) fn from_units(units: u64) -> f64 {
    units as f64 / UNITS
}

/// logit, with the argument held inside [0.0005, 0.9995].
pub(crate) fn logit(share: f64) -> f64 {
    let held = share.clamp(0.0005, 0.9995);
    libm::log(held / (1.0 - held))
}

/// The inverse of [`logit`].
pub(crate) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// Decibans of a natural logarithm.
pub(crate) fn decibans(log: f64) -> f64 {
    log * (10.0 / core::f64::consts::LN_10)
}

/// Half-life decay over some time, both in the same unit.
pub(crate) fn decay(elapsed: f64, half_life: f64) -> f64 {
    libm::exp2(-elapsed.max(0.0) / half_life)
}
