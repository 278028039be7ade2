//! Whoever changes the trail is found out.

use promoguard_review::Store;
use promoguard_review::audit::Verdict;
use rusqlite::Connection;

use crate::support::{NOW_MS, analyst, open, opened};

const ENTRIES: i64 = 40;

fn with_entries(store: &Store) {
    for number in 0..ENTRIES {
        store
            .note_in_audit(
                &analyst("aru"),
                "test",
                &number.to_string(),
                &number,
                NOW_MS + number,
            )
            .unwrap();
    }
}

fn broken_at(store: &Store) -> i64 {
    match store.verify_audit().unwrap() {
        Verdict::Broken { seq, .. } => seq,
        whole => panic!("found whole: {whole:?}"),
    }
}

#[test]
fn a_trail_as_it_was_written_is_whole() {
    let opened = opened();
    with_entries(&opened.store);
    let whole = |anchored| Verdict::Whole {
        entries: ENTRIES,
        anchored,
    };
    assert_eq!(opened.store.verify_audit().unwrap(), whole(0));
    assert!(opened.store.anchor(NOW_MS).unwrap().is_some());
    assert!(
        opened.store.anchor(NOW_MS).unwrap().is_none(),
        "nothing is new"
    );
    assert_eq!(opened.store.verify_audit().unwrap(), whole(ENTRIES));
}

/// A small generator, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.0 >> 33) as i64).rem_euclid(bound)
    }
}

#[test]
fn edits_deletions_swaps_and_truncation_are_all_found() {
    let opened = opened();
    with_entries(&opened.store);
    opened.store.anchor(NOW_MS).unwrap();
    let path = opened.store.path().to_owned();
    let folder = opened.folder;
    drop(opened.store);
    let good = std::fs::read(&path).unwrap();
    let mut chance = Chance(7);
    for round in 0..400 {
        let seq = 1 + chance.below(ENTRIES);
        let vandal = Connection::open(&path).unwrap();
        match round % 4 {
            0 => {
                let columns = [
                    "utc_ms", "actor", "role", "action", "object", "detail", "hash", "prev",
                ];
                let column = columns[chance.below(8) as usize];
                let value = if column == "utc_ms" { "1" } else { "'other'" };
                vandal
                    .execute(
                        &format!("UPDATE audit SET {column} = {value} WHERE seq = ?1"),
                        [seq],
                    )
                    .unwrap();
            }
            1 => {
                vandal
                    .execute("DELETE FROM audit WHERE seq = ?1", [seq])
                    .unwrap();
            }
            2 => {
                let other = 1 + (seq + chance.below(ENTRIES - 1)) % ENTRIES;
                vandal
                    .execute_batch(&format!(
                        "UPDATE audit SET seq = -1 WHERE seq = {seq};
                         UPDATE audit SET seq = {seq} WHERE seq = {other};
                         UPDATE audit SET seq = {other} WHERE seq = -1;"
                    ))
                    .unwrap();
            }
            _ => {
                vandal
                    .execute("DELETE FROM audit WHERE seq >= ?1", [seq])
                    .unwrap();
            }
        }
        drop(vandal);
        let found = broken_at(&open(folder.path()));
        assert!(
            found <= seq + 1,
            "round {round}: entry {seq} was touched, found {found}"
        );
        std::fs::write(&path, &good).unwrap();
    }
    assert!(matches!(
        open(folder.path()).verify_audit().unwrap(),
        Verdict::Whole { .. }
    ));
}

#[test]
fn what_came_after_the_last_anchor_can_be_cut_off_unnoticed() {
    let opened = opened();
    with_entries(&opened.store);
    opened.store.anchor(NOW_MS).unwrap();
    with_entries(&opened.store);
    let vandal = Connection::open(opened.store.path()).unwrap();
    vandal
        .execute("DELETE FROM audit WHERE seq > ?1", [ENTRIES + 3])
        .unwrap();
    let verdict = opened.store.verify_audit().unwrap();
    assert_eq!(
        verdict,
        Verdict::Whole {
            entries: ENTRIES + 3,
            anchored: ENTRIES
        }
    );
    vandal
        .execute("DELETE FROM audit WHERE seq >= ?1", [ENTRIES])
        .unwrap();
    assert_eq!(broken_at(&opened.store), ENTRIES);
}
