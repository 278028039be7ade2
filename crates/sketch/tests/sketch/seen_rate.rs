//! How often a new click is taken for an old one, measured while generations rotate.

use promoguard_sketch::{Seen, SeenWindow, SeenWindowSettings};

use crate::distinct_key;

const DAY_MS: i64 = 86_400_000;
const DESIGN_RATE_MAX: f64 = 1e-4;

/// Keys a line of a full generation, as the window's design says.
fn keys_per_line(generations: usize) -> usize {
    match generations {
        2 => 20,
        3 => 19,
        _ => 18,
    }
}

/// The rate of one generation: lines hold a Poisson number of keys, a key sets two of 64 bits in each of eight words.
fn theory(keys_per_line: f64) -> f64 {
    let mut chance = libm::exp(-keys_per_line);
    let mut rate = 0.0;
    for keys in 0..200 {
        let filled = 1.0 - libm::pow(63.0 / 64.0, 2.0 * f64::from(keys));
        rate += chance * libm::pow(filled, 16.0);
        chance *= keys_per_line / f64::from(keys + 1);
    }
    rate
}

/// Streams distinct clicks at exactly the rate that the budget is made for, over ten spans, and counts the wrong
/// answers of the last seven, when all generations are full-sized.
fn check(generations: usize) {
    let settings = SeenWindowSettings {
        memory_bytes_max: 3 << 20,
        horizon_ms: DAY_MS,
        generations,
    };
    let lines = settings.memory_bytes_max / generations / 64;
    let keys_a_span = (lines * keys_per_line(generations)) as i64;
    let span_ms = DAY_MS / (generations as i64 - 1);
    let mut window = SeenWindow::new(settings);
    let (mut asked, mut wrong) = (0u32, 0u32);
    let warm = 3 * keys_a_span;
    for index in 0..10 * keys_a_span {
        let at_ms = (i128::from(index) * i128::from(span_ms) / i128::from(keys_a_span)) as i64;
        let seen = window.insert(distinct_key(7, index as u64), at_ms);
        if index >= warm {
            asked += 1;
            wrong += u32::from(seen == Seen::Probably);
        }
    }
    let rate = f64::from(wrong) / f64::from(asked);
    let stated = window.stated_false_positive_rate();
    assert_eq!(window.early_rotations(), 0, "the stated load must fit");
    assert_eq!(window.honest_horizon_ms(), DAY_MS);
    assert!(
        rate <= stated && stated <= DESIGN_RATE_MAX,
        "measured {rate}, stated {stated}"
    );
    assert!(
        rate >= 0.3 * stated,
        "measured {rate}: the stated {stated} is idle, or the test does not fill the window"
    );
}

#[test]
fn two_generations_keep_the_stated_rate_while_rotating() {
    check(2);
}

#[test]
fn three_generations_keep_the_stated_rate_while_rotating() {
    check(3);
}

#[test]
fn four_generations_keep_the_stated_rate_while_rotating() {
    check(4);
}

#[test]
fn early_rotations_do_not_raise_the_rate() {
    let settings = SeenWindowSettings {
        memory_bytes_max: 1 << 20,
        ..SeenWindowSettings::default()
    };
    let mut window = SeenWindow::new(settings);
    let clicks = 3_000_000;
    let wrong = (0..clicks)
        .filter(|&index| window.insert(distinct_key(8, index), index as i64) == Seen::Probably)
        .count();
    assert!(window.early_rotations() > 10);
    let rate = wrong as f64 / clicks as f64;
    assert!(rate <= window.stated_false_positive_rate(), "{rate}");
}

#[test]
fn the_stated_rate_follows_from_the_formula() {
    for generations in 2..=4 {
        let settings = SeenWindowSettings {
            generations,
            ..SeenWindowSettings::default()
        };
        let full = generations as f64 * theory(keys_per_line(generations) as f64);
        let light = (14 - generations) as f64 * theory(12.0);
        let stated = SeenWindow::new(settings).stated_false_positive_rate();
        assert!(
            (full + light..1.03 * (full + light)).contains(&stated),
            "{stated}, formula {}",
            full + light
        );
    }
}
