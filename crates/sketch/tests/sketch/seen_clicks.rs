//! Nothing seen within the honest horizon is ever taken for new, whatever the stream does.

use std::collections::HashMap;

use promoguard_sketch::{RestoreError, Seen, SeenWindow, SeenWindowSettings};
use proptest::prelude::*;

use crate::{check_damage_is_found, distinct, distinct_key};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

const TIGHT: SeenWindowSettings = SeenWindowSettings {
    memory_bytes_max: 64 << 10,
    horizon_ms: DAY_MS,
    generations: 3,
};

/// So many clicks out of a pool of ids, spread evenly over so much time, some of them late.
#[derive(Clone, Debug)]
struct Burst {
    clicks: u64,
    pool: u64,
    lasts_ms: i64,
    late_ms: i64,
}

fn bursts() -> impl Strategy<Value = Vec<Burst>> {
    let burst = (0..4_000u64, 1..20_000u64, 0..30 * HOUR_MS, 0..3 * HOUR_MS);
    let burst = burst.prop_map(|(clicks, pool, lasts_ms, late_ms)| Burst {
        clicks,
        pool,
        lasts_ms,
        late_ms,
    });
    prop::collection::vec(burst, 1..16)
}

fn clicks(seed: u64, bursts: &[Burst]) -> Vec<(u128, i64)> {
    let mut clicks = Vec::new();
    let mut start_ms = 0;
    for burst in bursts {
        for click in 0..burst.clicks {
            let random = distinct(seed, clicks.len() as u64);
            let late_ms = if random.is_multiple_of(8) {
                (random >> 32) as i64 % (burst.late_ms + 1)
            } else {
                0
            };
            let at_ms = start_ms + burst.lasts_ms * click as i64 / burst.clicks as i64 - late_ms;
            clicks.push((distinct_key(seed, random % burst.pool), at_ms));
        }
        start_ms += burst.lasts_ms;
    }
    clicks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_within_the_honest_horizon_is_new(seed: u64, bursts in bursts(), generations in 2..=4usize) {
        let settings = SeenWindowSettings { generations, ..TIGHT };
        let mut window = SeenWindow::new(settings);
        let mut last_seen_ms = HashMap::new();
        let mut now_ms = i64::MIN;
        for (key, at_ms) in clicks(seed, &bursts) {
            now_ms = now_ms.max(at_ms);
            let seen = window.insert(key, at_ms);
            // After the insertion: what it forgot itself is no longer promised.
            if let Some(last_ms) = last_seen_ms.insert(key, now_ms)
                && now_ms - last_ms < window.honest_horizon_ms()
            {
                prop_assert_eq!(seen, Seen::Probably);
            }
            prop_assert!(window.memory_bytes() <= settings.memory_bytes_max);
            prop_assert!(window.honest_horizon_ms() <= settings.horizon_ms);
            prop_assert!(window.honest_horizon_ms() >= 0);
        }
    }

    #[test]
    fn a_batch_answers_as_its_clicks_one_by_one(seed: u64, bursts in bursts(), batch in 1..200usize) {
        let clicks = clicks(seed, &bursts);
        let (keys, times): (Vec<u128>, Vec<i64>) = clicks.iter().copied().unzip();
        let mut single = SeenWindow::new(TIGHT);
        let one_by_one: Vec<Seen> = clicks.iter().map(|&(key, at_ms)| single.insert(key, at_ms)).collect();
        let mut batched = SeenWindow::new(TIGHT);
        let mut answers = Vec::new();
        for (keys, times) in keys.chunks(batch).zip(times.chunks(batch)) {
            batched.insert_batch(keys, times, &mut answers);
        }
        prop_assert_eq!(answers, one_by_one);
        prop_assert_eq!(saved(&batched), saved(&single));
    }

    #[test]
    fn a_saved_window_goes_on_as_if_never_saved(seed: u64, before in bursts(), after in bursts()) {
        let mut kept = SeenWindow::new(TIGHT);
        for (key, at_ms) in clicks(seed, &before) {
            kept.insert(key, at_ms);
        }
        let mut restored = SeenWindow::from_bytes(TIGHT, &saved(&kept)).unwrap();
        for (key, at_ms) in clicks(seed, &after) {
            prop_assert_eq!(kept.insert(key, at_ms), restored.insert(key, at_ms));
        }
        prop_assert_eq!(saved(&kept), saved(&restored));
    }
}

fn saved(window: &SeenWindow) -> Vec<u8> {
    let mut bytes = Vec::new();
    window.to_bytes(&mut bytes);
    bytes
}

fn insert_many(window: &mut SeenWindow, seed: u64, count: u64, from_ms: i64, to_ms: i64) {
    for index in 0..count {
        let at_ms = from_ms + (to_ms - from_ms) * index as i64 / count as i64;
        window.insert(distinct_key(seed, index), at_ms);
    }
}

#[test]
fn an_idle_shard_costs_a_few_kilobytes() {
    let mut window = SeenWindow::new(SeenWindowSettings::default());
    assert_eq!(window.memory_bytes(), 0);
    insert_many(&mut window, 1, 500, 0, 10 * DAY_MS);
    assert!(
        window.memory_bytes() <= 16 << 10,
        "{} bytes",
        window.memory_bytes()
    );
    window.advance(30 * DAY_MS);
    assert_eq!(window.memory_bytes(), 0);
}

#[test]
fn growing_to_the_budget_forgets_nothing() {
    let mut window = SeenWindow::new(SeenWindowSettings::default());
    insert_many(&mut window, 1, 1_200_000, 0, DAY_MS);
    assert_eq!(window.early_rotations(), 0);
    assert_eq!(window.honest_horizon_ms(), DAY_MS);
    let forgotten = (0..1_200_000)
        .filter(|&index| window.insert(distinct_key(1, index), DAY_MS - 1) == Seen::New)
        .count();
    assert_eq!(forgotten, 0);
}

#[test]
fn the_shape_of_the_day_does_not_matter() {
    for generations in 2..=4usize {
        let settings = SeenWindowSettings {
            memory_bytes_max: 1 << 20,
            generations,
            ..SeenWindowSettings::default()
        };
        let bytes_a_click = [6.4, 5.06, 4.75][generations - 2];
        let clicks_a_day = (settings.memory_bytes_max as f64 / bytes_a_click) as u64;
        let mut window = SeenWindow::new(settings);
        for day in 0..6 {
            let (midnight_ms, noon_ms) = (day * DAY_MS, day * DAY_MS + 12 * HOUR_MS);
            let (night, rush) = (clicks_a_day / 20, clicks_a_day / 20 * 19);
            let seed = 10 * day as u64;
            insert_many(&mut window, seed, night, midnight_ms, noon_ms);
            insert_many(&mut window, seed + 1, rush, noon_ms, noon_ms + 5 * HOUR_MS);
        }
        assert_eq!(window.early_rotations(), 0, "{generations} generations");
        assert_eq!(window.honest_horizon_ms(), DAY_MS);
    }
}

#[test]
fn too_many_clicks_shorten_the_honest_horizon_until_they_have_passed() {
    let mut window = SeenWindow::new(TIGHT);
    insert_many(&mut window, 1, 100_000, 0, DAY_MS);
    assert!(window.early_rotations() > 0);
    let honest_ms = window.honest_horizon_ms();
    assert!((HOUR_MS..DAY_MS / 2).contains(&honest_ms), "{honest_ms} ms");
    window.advance(DAY_MS + 2 * HOUR_MS);
    assert_eq!(
        window.honest_horizon_ms() - honest_ms,
        2 * HOUR_MS + DAY_MS / 100_000
    );
    window.advance(3 * DAY_MS);
    assert_eq!(window.honest_horizon_ms(), DAY_MS);
}

#[test]
fn a_key_older_than_the_horizon_is_new_again() {
    let mut window = SeenWindow::new(TIGHT);
    assert_eq!(window.insert(1, 0), Seen::New);
    assert_eq!(window.insert(1, DAY_MS - 1), Seen::Probably);
    assert_eq!(window.insert(1, 2 * DAY_MS - 2), Seen::Probably);
    assert_eq!(window.insert(1, 5 * DAY_MS), Seen::New);
}

#[test]
fn a_late_key_is_remembered_from_its_arrival() {
    let mut window = SeenWindow::new(TIGHT);
    window.insert(1, 0);
    window.insert(2, 10 * HOUR_MS);
    assert_eq!(window.insert(3, 0), Seen::New);
    assert_eq!(window.insert(3, DAY_MS + 10 * HOUR_MS - 1), Seen::Probably);
}

#[test]
fn damage_is_found() {
    let mut window = SeenWindow::new(TIGHT);
    insert_many(&mut window, 1, 100, 0, HOUR_MS);
    check_damage_is_found(&saved(&window), |bytes| {
        SeenWindow::from_bytes(TIGHT, bytes)
    });
}

#[test]
fn other_settings_are_refused_but_a_smaller_budget_is_honest() {
    let mut window = SeenWindow::new(SeenWindowSettings::default());
    insert_many(&mut window, 1, 100_000, 0, DAY_MS);
    let bytes = saved(&window);
    let refused = |settings| SeenWindow::from_bytes(settings, &bytes).err();
    let longer = SeenWindowSettings {
        horizon_ms: DAY_MS + 1,
        ..Default::default()
    };
    assert_eq!(
        refused(longer),
        Some(RestoreError::Settings("horizon of the seen window"))
    );
    let more = SeenWindowSettings {
        generations: 4,
        ..Default::default()
    };
    assert_eq!(
        refused(more),
        Some(RestoreError::Settings("generations of the seen window"))
    );
    let smaller = SeenWindow::from_bytes(TIGHT, &bytes).unwrap();
    assert!(smaller.memory_bytes() <= TIGHT.memory_bytes_max);
    assert!(smaller.early_rotations() > 0 && smaller.honest_horizon_ms() < DAY_MS);
}
