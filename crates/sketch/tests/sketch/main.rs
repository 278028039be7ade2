//! What the sketches promise, through their public face only.

mod hashes;
mod orders;
mod reach_error;
mod reach_state;
mod seen_clicks;
mod seen_rate;

/// The `index`-th distinct value of stream `seed` (SplitMix64, Steele, Lea, Flood 2014: a permutation of 64 bits, so
/// no value comes twice within a stream).
fn distinct(seed: u64, index: u64) -> u64 {
    let start = seed.wrapping_mul(0xd134_2543_de82_ef95);
    let mut z = start.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// As [`distinct`], 128 bits wide.
fn distinct_key(seed: u64, index: u64) -> u128 {
    u128::from(distinct(seed, index)) << 64 | u128::from(distinct(seed ^ 0x5eed, index))
}

/// Every single-bit change and every cut of `saved` must be refused.
fn check_damage_is_found<T, E>(saved: &[u8], restore: impl Fn(&[u8]) -> Result<T, E>) {
    assert!(restore(saved).is_ok(), "undamaged bytes must be taken back");
    for place in 0..saved.len() {
        let mut damaged = saved.to_vec();
        damaged[place] ^= 1 << (place % 8);
        assert!(
            restore(&damaged).is_err(),
            "a change of byte {place} went unnoticed"
        );
        assert!(
            restore(&saved[..place]).is_err(),
            "a cut at byte {place} went unnoticed"
        );
    }
    let longer = [saved, &[0]].concat();
    assert!(restore(&longer).is_err(), "a byte too many went unnoticed");
}
