//! A reach is a function of the set that it counted, and survives being saved.

use std::collections::BTreeSet;

use promoguard_sketch::{Reach, RestoreError};
use proptest::prelude::*;

use crate::{check_damage_is_found, distinct};

type Small = Reach<6>;

fn reach_of<const P: usize>(hashes: impl IntoIterator<Item = u64>) -> Reach<P> {
    let mut reach = Reach::new();
    for hash in hashes {
        reach.insert(hash);
    }
    reach
}

/// Sets around the sizes where the form changes, with values that repeat and values at both ends.
fn hashes() -> impl Strategy<Value = Vec<u64>> {
    let hash = prop_oneof![
        any::<u64>(),
        (0..20u64).prop_map(|index| distinct(1, index)),
        Just(0),
        Just(u64::MAX)
    ];
    prop::collection::vec(hash, 0..40)
}

proptest! {
    #[test]
    fn counts_exactly_as_long_as_it_says_so(hashes in hashes()) {
        let reach: Small = reach_of(hashes.iter().copied());
        let truth = hashes.iter().collect::<BTreeSet<_>>().len();
        prop_assert_eq!(reach.is_exact(), truth <= Small::EXACT_MAX);
        if reach.is_exact() {
            prop_assert_eq!(reach.estimate().value, truth as f64);
            prop_assert_eq!(reach.estimate().low, reach.estimate().high);
        }
    }

    #[test]
    fn order_and_repeats_leave_no_trace(hashes in hashes()) {
        let forwards: Small = reach_of(hashes.iter().copied());
        let backwards: Small = reach_of(hashes.iter().rev().chain(&hashes).copied());
        prop_assert_eq!(forwards.to_bytes(), backwards.to_bytes());
    }

    #[test]
    fn merged_parts_equal_the_whole(left in hashes(), right in hashes()) {
        let whole: Small = reach_of(left.iter().chain(&right).copied());
        let (left, right): (Small, Small) = (reach_of(left), reach_of(right));
        let (mut left_first, mut right_first) = (left.clone(), right.clone());
        left_first.merge(&right);
        right_first.merge(&left);
        prop_assert_eq!(left_first.to_bytes(), whole.to_bytes());
        prop_assert_eq!(right_first.to_bytes(), whole.to_bytes());
    }

    #[test]
    fn says_it_changed_exactly_when_its_bytes_did(hashes in hashes()) {
        let mut reach = Small::new();
        for hash in hashes {
            let before = reach.to_bytes();
            let changed = reach.insert(hash);
            prop_assert_eq!(changed, reach.to_bytes() != before);
        }
    }

    #[test]
    fn a_saved_reach_goes_on_as_if_never_saved(before in hashes(), after in hashes()) {
        let mut kept: Small = reach_of(before);
        let mut restored = Small::from_bytes(&kept.to_bytes()).unwrap();
        for hash in after {
            prop_assert_eq!(kept.insert(hash), restored.insert(hash));
        }
        prop_assert_eq!(kept.estimate(), restored.estimate());
        prop_assert_eq!(kept.to_bytes(), restored.to_bytes());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = Small::from_bytes(&bytes);
    }
}

#[test]
fn large_parts_merge_to_the_whole() {
    let whole: Reach = reach_of((0..50_000).map(|index| distinct(3, index)));
    let mut merged: Reach = reach_of((0..30_000).map(|index| distinct(3, index)));
    merged.merge(&reach_of((20_000..50_000).map(|index| distinct(3, index))));
    assert_eq!(merged.to_bytes(), whole.to_bytes());
}

#[test]
fn damage_is_found_in_both_forms() {
    for count in [0, 1, 2, 3, Small::EXACT_MAX as u64, 100] {
        let saved = reach_of::<6>((0..count).map(|index| distinct(2, index))).to_bytes();
        check_damage_is_found(&saved, Small::from_bytes);
    }
}

#[test]
fn another_precision_is_refused() {
    let saved = reach_of::<10>([1, 2, 3]).to_bytes();
    assert_eq!(
        Reach::<13>::from_bytes(&saved).unwrap_err(),
        RestoreError::Settings("precision of the reach")
    );
}

#[test]
fn saved_forms_are_pinned() {
    let three = reach_of::<13>([3, 1, u64::MAX]).to_bytes();
    assert_eq!(
        hex(&three),
        "530d00030001000000000000000300000000000000ffffffffffffffff53620a93"
    );
    let many = reach_of::<6>((0..1_000).map(|index| distinct(4, index))).to_bytes();
    assert_eq!(
        hex(&many),
        "53060186a10c86611484411447610c07411886310cc75038c2701844311887411846511c074110c53028c44014865118c5311421cd1656"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn few_visitors_cost_about_a_hundred_bytes_and_many_a_fixed_size() {
    let bytes = |count| reach_of::<13>((0..count).map(|index| distinct(5, index))).memory_bytes();
    assert!(
        bytes(0) <= 24 && bytes(2) <= 24,
        "{} and {}",
        bytes(0),
        bytes(2)
    );
    assert!(bytes(10) <= 112, "{}", bytes(10));
    assert!(bytes(100) <= 24 + 8 * 125, "{}", bytes(100));
    assert!(bytes(768) <= 24 + 6_144, "{}", bytes(768));
    assert_eq!(bytes(1_000), bytes(100_000));
    assert!(bytes(1_000) <= 6_400, "{}", bytes(1_000));
}

#[test]
fn estimate_is_never_below_what_was_once_exact() {
    for seed in 0..200 {
        let reach: Reach<10> = reach_of((0..97).map(|index| distinct(seed, index)));
        let estimate = reach.estimate();
        assert!(!reach.is_exact());
        assert!(
            estimate.value >= 97.0 && estimate.low >= 97.0 && estimate.high > estimate.low,
            "{estimate:?}"
        );
    }
}
