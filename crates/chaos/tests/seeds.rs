//! The small lane: some hundred seeds without a broken promise, each planted fault found, and the
//! same seed twice the same.

use promoguard_chaos::{Report, Sabotage, run};

const SEEDS: u64 = 300;
/// A planted fault that so many seeds do not show is not looked for.
const SEEDS_TO_FIND: u64 = 1_000;

#[test]
fn no_failure_of_nodes_or_store_breaks_a_promise() {
    let mut all = Report::default();
    for seed in 0..SEEDS {
        let report = run(seed, None);
        assert_eq!(report.violations, [], "seed {seed}");
        all.kills += report.kills;
        all.takeovers += report.takeovers;
        all.flags += report.flags;
    }
    // The runs were as rough as they were meant to be.
    assert!(all.kills > SEEDS, "{all:?}");
    assert!(all.takeovers > 2 * SEEDS, "{all:?}");
    assert!(all.flags > 20 * SEEDS, "{all:?}");
}

#[test]
fn every_planted_fault_is_found() {
    for sabotage in Sabotage::ALL {
        let found =
            (0..SEEDS_TO_FIND).find(|seed| !run(*seed, Some(sabotage)).violations.is_empty());
        println!("{sabotage:?}: seed {found:?}");
        assert!(found.is_some(), "{sabotage:?} was not found");
    }
}

#[test]
fn a_seed_repeats_to_the_byte() {
    for seed in 0..20 {
        assert_eq!(run(seed, None), run(seed, None), "seed {seed}");
    }
}
