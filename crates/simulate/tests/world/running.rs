//! Same seed, same bytes; and worlds without an end.

use promoguard_simulate::{RecordBatch, World, WorldSettings};

use crate::support::{in_every_family, read_batch, run, small};

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_batch() {
    for settings in in_every_family(&WorldSettings {
        days: 4.0,
        dirty_share: 0.02,
        ..small()
    }) {
        let mut one = World::new(settings.clone()).unwrap();
        let mut other = World::new(settings).unwrap();
        assert!(run(&mut one, 1) == run(&mut other, 10_000));
        assert_eq!(one.codes(), other.codes());
        assert_eq!(one.sightings(), other.sightings());
        assert_eq!(one.truth_lines(), other.truth_lines());
    }
}

#[test]
fn the_presets_are_worlds() {
    for name in WorldSettings::PRESETS {
        let mut world = World::new(WorldSettings {
            days: 1.0,
            ..WorldSettings::preset(name, 1).unwrap()
        })
        .unwrap();
        assert!(!run(&mut world, 1_000).is_empty());
    }
}

#[test]
fn another_seed_gives_another_world() {
    let settings = WorldSettings {
        days: 2.0,
        ..small()
    };
    let mut one = World::new(settings.clone()).unwrap();
    let mut other = World::new(WorldSettings {
        seed: 2,
        ..settings
    })
    .unwrap();
    assert_ne!(one.codes(), other.codes());
    assert!(run(&mut one, 1_000) != run(&mut other, 1_000));
}

#[test]
fn an_endless_world_begins_as_the_finite_one_and_leaks_anew_in_later_eras() {
    let settings = WorldSettings {
        days: 3.0,
        leak_share: 0.1,
        ..small()
    };
    let mut finite = World::new(settings.clone()).unwrap();
    let expected: Vec<_> = run(&mut finite, 1_000)
        .into_iter()
        .filter(|record| record.arrival < finite_end(&settings))
        .collect();
    let mut endless = World::new(settings.clone()).unwrap();
    let mut batch = RecordBatch::with_records_max(1);
    let mut read = Vec::new();
    for hour in 1..=3 * 24 {
        endless.next_hour(&mut batch);
        assert_eq!(endless.now(), settings.start + hour * 3_600_000);
        read.extend(read_batch(&batch));
        batch.clear();
    }
    assert!(read == expected);

    let leaked_before = endless
        .truth()
        .iter()
        .filter(|truth| truth.leaked())
        .count();
    let orders_before: u64 = endless
        .truth()
        .iter()
        .map(|truth| truth.organic_orders)
        .sum();
    for _ in 0..12 * 24 {
        endless.next_hour(&mut batch);
        batch.clear();
    }
    let leaked = endless
        .truth()
        .iter()
        .filter(|truth| truth.leaked())
        .count();
    assert!(leaked > leaked_before, "{leaked} after {leaked_before}");
    let orders: u64 = endless
        .truth()
        .iter()
        .map(|truth| truth.organic_orders)
        .sum();
    assert!(orders > 3 * orders_before, "{orders} after {orders_before}");
}

fn finite_end(settings: &WorldSettings) -> i64 {
    settings.start + (settings.days * 24.0) as i64 * 3_600_000
}
