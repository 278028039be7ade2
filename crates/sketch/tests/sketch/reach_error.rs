//! How far a reach is from the truth, measured over many streams at many sizes.

use promoguard_sketch::{Domain, HashKey, Reach, StableHasher};

use crate::distinct;

/// From the last exact counts through the first estimated ones, the bend near the number of registers and the onset
/// of the asymptotic regime (about 2.5 times as many) up to a million.
const SIZES: [u64; 31] = [
    100, 200, 300, 500, 700, 768, 769, 800, 1_000, 1_300, 2_000, 3_000, 4_000, 6_000, 8_192,
    10_000, 12_000, 15_000, 17_000, 20_000, 23_000, 26_000, 30_000, 35_000, 41_000, 50_000, 70_000,
    100_000, 200_000, 500_000, 1_000_000,
];

struct Measured {
    size: u64,
    rms: f64,
    bias: f64,
    covered: f64,
}

/// Streams `trials` sets of distinct hashes through a reach, looking at it at each size.
fn measure<const P: usize>(trials: u64) -> Vec<Measured> {
    let mut sums = vec![(0.0, 0.0, 0.0); SIZES.len()];
    for trial in 0..trials {
        let mut reach = Reach::<P>::new();
        let mut counted = 0;
        for (&size, (squares, errors, covered)) in SIZES.iter().zip(&mut sums) {
            for index in counted..size {
                reach.insert(distinct(trial, index));
            }
            counted = size;
            let estimate = reach.estimate();
            let truth = size as f64;
            let error = estimate.value / truth - 1.0;
            *squares += error * error;
            *errors += error;
            *covered += f64::from(estimate.low <= truth && truth <= estimate.high);
        }
    }
    let share = |sum: f64| sum / trials as f64;
    let measured = |(&size, &(squares, errors, covered)): (&u64, &(f64, f64, f64))| Measured {
        size,
        rms: share(squares).sqrt(),
        bias: share(errors),
        covered: share(covered),
    };
    SIZES.iter().zip(&sums).map(measured).collect()
}

/// Rms within 1.2 of theory, bias within 4 of its own standard errors, interval right at least 87 % of the time (90 %
/// less 3 standard errors of 300 trials, about).
fn check<const P: usize>(trials: u64) {
    let theory = 1.04 / f64::from(1u32 << P).sqrt();
    for Measured {
        size,
        rms,
        bias,
        covered,
    } in measure::<P>(trials)
    {
        assert!(rms <= 1.2 * theory, "rms {rms} at {size}, theory {theory}");
        // Just above the exact counts an estimate is never below them, which lifts its mean a little.
        let lifted = if size < 1_000 { 0.3 } else { 0.0 };
        let bias_max = theory * (lifted + 4.0 / (trials as f64).sqrt());
        assert!(bias.abs() <= bias_max, "bias {bias} at {size}");
        assert!(
            covered >= 0.85,
            "the 90 % interval held the truth in {covered} of the trials at {size}"
        );
        if size <= Reach::<P>::EXACT_MAX as u64 {
            assert_eq!((rms, covered), (0.0, 1.0), "not exact at {size}");
        }
    }
}

#[test]
fn total_reach_errs_no_more_than_theory_says_from_100_to_a_million() {
    check::<13>(300);
}

#[test]
fn hourly_reach_errs_no_more_than_theory_says_from_100_to_a_million() {
    check::<10>(300);
}

#[test]
fn total_reach_is_within_two_percent_rms_from_a_thousand_up() {
    for measured in measure::<13>(100)
        .iter()
        .filter(|measured| measured.size >= 1_000)
    {
        assert!(
            measured.rms <= 0.015,
            "rms {} at {}",
            measured.rms,
            measured.size
        );
    }
}

#[test]
fn hashes_of_similar_ids_count_as_well_as_random_ones() {
    let hasher = StableHasher::new(&HashKey::documented(), Domain::Visitor);
    let mut squares = 0.0;
    for shop in 0..50 {
        let mut reach = Reach::<10>::new();
        for visitor in 0..20_000 {
            reach.insert(hasher.hash64(format!("shop{shop}-visitor{visitor}").as_bytes()));
        }
        let error: f64 = reach.estimate().value / 20_000.0 - 1.0;
        squares += error * error;
    }
    let rms = (squares / 50.0f64).sqrt();
    assert!(
        rms <= 1.3 * Reach::<10>::relative_standard_error_estimated(),
        "rms {rms}"
    );
}
