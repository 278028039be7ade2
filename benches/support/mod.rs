//! What the benches share: worlds with a fixed seed, the processor time as the measure, and ratios between the
//! benches of one run.

// Each bench is a binary of its own and uses its part of this.
#![allow(dead_code)]

pub(crate) mod cpu_time;
pub(crate) mod ratios;
pub(crate) mod worlds;

use std::time::Duration;

use criterion::Criterion;

use cpu_time::CpuTime;

/// Short enough that `cargo bench` stays below five minutes on two shared cores.
pub(crate) fn criterion() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(12)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

/// Pseudo-random, and the same in every run: splitmix64 (Steele, Lea, Flood 2014).
pub(crate) fn scrambled(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
