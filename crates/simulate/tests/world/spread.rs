//! Worlds whose constants are drawn: what spread changes, and what it must not.

use promoguard_simulate::{Family, World, WorldSettings};

use crate::contract::{check_records, check_registry, check_sightings};
use crate::delivered::{check_counts, check_leaks_have_their_time, check_newcomers};
use crate::support::{Finished, run, small};

/// FNV-1a over everything that a world writes.
fn digest(settings: WorldSettings) -> u64 {
    let mut world = World::new(settings).unwrap();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for record in run(&mut world, 5_000) {
        take(&record.payload);
    }
    take(&world.codes());
    take(&world.sightings());
    take(&world.truth_lines());
    hash
}

#[test]
fn a_world_without_spread_is_the_pinned_one() {
    let everything = WorldSettings {
        leak_share: 0.6,
        click_flood_share: 0.3,
        lookalike_share: 0.8,
        ..small()
    };
    let pinned = [
        (small(), 0xb418d165095084eb),
        (WorldSettings { seed: 2, ..small() }, 0xa16cd995925c0980),
        (everything.clone(), 0x77ab61bba1c1688b),
        (
            WorldSettings {
                seed: 7,
                walled_share: 0.0,
                days: 30.0,
                ..everything.clone()
            },
            0x793abb36bc65f3b4,
        ),
        (
            WorldSettings {
                seed: 8,
                walled_share: 1.0,
                codes: 150,
                ..everything
            },
            0x13836e1ed431a34e,
        ),
    ];
    let found: Vec<u64> = pinned
        .iter()
        .map(|(settings, _)| digest(settings.clone()))
        .collect();
    let expected: Vec<u64> = pinned.iter().map(|(_, digest)| *digest).collect();
    assert_eq!(found, expected, "found {found:#x?}");
}

#[test]
fn spread_changes_what_a_world_writes() {
    let spread = |spread| digest(WorldSettings { spread, ..small() });
    let digests = [0.0, 0.3, 1.0, 3.0].map(spread);
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest));
    }
    assert_eq!(spread(1.0), digests[2]);
}

#[test]
fn worlds_of_drawn_constants_obey_the_contract_and_their_truth_adds_up() {
    let spread = [0.5, 1.0, 2.0, 3.0].into_iter().zip(1..);
    let spread = spread.map(|(spread, seed)| WorldSettings {
        seed,
        spread,
        leak_share: 0.5,
        click_flood_share: 0.1,
        lookalike_share: 0.7,
        ..small()
    });
    let drawn = (1..7).map(|seed| WorldSettings {
        clicks_per_order: 6.0,
        days: 10.0,
        ..WorldSettings::drawn(Family::Programme, seed).with_codes(50)
    });
    let (mut orders, mut leaked) = (0, 0);
    for settings in spread.chain(drawn) {
        let finished = Finished::of(WorldSettings {
            leaked_order_ids_max: usize::MAX,
            ..settings
        });
        check_records(&finished);
        check_registry(&finished.world);
        check_sightings(&finished.world);
        check_leaks_have_their_time(&finished);
        check_newcomers(&finished);
        leaked += check_counts(&finished);
        orders += finished.orders.len();
    }
    assert!(orders > 3_000 && leaked > 300, "{orders}, {leaked} leaked");
}
