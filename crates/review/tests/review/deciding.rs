//! Two people, one flag; and decisions that outlive the process.

use std::process::Command;

use promoguard_event::Outcome;
use promoguard_review::{Claim, DecideError, FeedKind, Scope, Store};

use crate::support::{NOW_MS, analyst, decision, feed, flag, open, opened};

const HALF_AN_HOUR_MS: i64 = 30 * 60_000;

fn one_flag(store: &Store) {
    feed(
        store,
        &[(FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz"))],
    );
}

#[test]
fn a_claim_holds_others_off_until_it_expires() {
    let opened = opened();
    one_flag(&opened.store);
    let claim = |name, now_ms| {
        opened
            .store
            .claim("f1", &analyst(name), &Scope::All, now_ms)
            .unwrap()
    };
    assert_eq!(claim("aru", NOW_MS), Claim::Held(NOW_MS + HALF_AN_HOUR_MS));
    assert_eq!(
        claim("bota", NOW_MS + 1),
        Claim::Taken("aru".to_owned(), NOW_MS + HALF_AN_HOUR_MS)
    );
    // Her own claim goes on.
    let prolonged = NOW_MS + 60_000 + HALF_AN_HOUR_MS;
    assert_eq!(claim("aru", NOW_MS + 60_000), Claim::Held(prolonged));
    assert_eq!(
        claim("bota", prolonged - 1),
        Claim::Taken("aru".to_owned(), prolonged)
    );
    assert_eq!(
        claim("bota", prolonged),
        Claim::Held(prolonged + HALF_AN_HOUR_MS)
    );
    let none = opened
        .store
        .claim("f9", &analyst("aru"), &Scope::All, NOW_MS)
        .unwrap();
    assert_eq!(none, Claim::Unknown);
}

#[test]
fn nobody_decides_what_another_holds() {
    let opened = opened();
    one_flag(&opened.store);
    opened
        .store
        .claim("f1", &analyst("aru"), &Scope::All, NOW_MS)
        .unwrap();
    let decide = |name: &str, now_ms| {
        let decision = decision("f1", Outcome::Leak, 0);
        opened
            .store
            .decide(&decision, &analyst(name), &Scope::All, now_ms)
    };
    assert!(matches!(decide("bota", NOW_MS), Err(DecideError::Claimed(who)) if who == "aru"));
    assert!(decide("bota", NOW_MS + HALF_AN_HOUR_MS).is_ok());
}

#[test]
fn of_two_who_decide_at_once_one_is_told_of_the_other() {
    let opened = opened();
    one_flag(&opened.store);
    let store = &opened.store;
    let outcomes: Vec<Result<_, DecideError>> = std::thread::scope(|scope| {
        let threads = ["aru", "bota"].map(|name| {
            scope.spawn(move || {
                let decision = decision("f1", Outcome::Leak, 0);
                store.decide(&decision, &analyst(name), &Scope::All, NOW_MS)
            })
        });
        threads.map(|thread| thread.join().unwrap()).into()
    });
    let winners: Vec<&str> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .map(|stored| &*stored.actor)
        .collect();
    assert_eq!(winners.len(), 1);
    let told = outcomes.iter().find_map(|outcome| match outcome {
        Err(DecideError::Overtaken(first)) => first.as_ref().as_ref(),
        _ => None,
    });
    assert_eq!(told.unwrap().actor, winners[0]);
    assert_eq!(store.decisions(&Scope::All, 10).unwrap().len(), 1);
    // Who has seen the first decision may take another.
    let second = store.decide(
        &decision("f1", Outcome::Legitimate, 1),
        &analyst("aru"),
        &Scope::All,
        NOW_MS,
    );
    assert_eq!(second.unwrap().outcome, "legitimate");
}

#[test]
fn a_decision_is_a_line_of_the_contract_in_the_outbox_until_it_has_left() {
    let opened = opened();
    one_flag(&opened.store);
    let stored = opened
        .store
        .decide(
            &decision("f1", Outcome::Leak, 0),
            &analyst("aru"),
            &Scope::All,
            NOW_MS,
        )
        .unwrap();
    let waiting = opened.store.unpublished(10).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].code, "aru10");
    assert_eq!(
        waiting[0].line,
        r#"{"flag_id":"f1","rev":1,"code":"aru10","ts":"2026-03-10T12:00:00.000Z","actor":"aru","outcome":"leak","note":"seen on a coupon page"}"#
    );
    assert!(!stored.published);
    opened.store.mark_published(&[stored.id], NOW_MS).unwrap();
    assert!(opened.store.unpublished(10).unwrap().is_empty());
    assert!(opened.store.decisions(&Scope::All, 1).unwrap()[0].published);
}

const CHILDS_FOLDER: &str = "PROMOGUARD_TEST_DYING_FOLDER";

/// Not a test of its own: the process that [`nothing_is_lost_when_the_process_is_killed_between_decision_and_publication`]
/// kills. Without the variable it has nothing to do.
#[test]
fn dies_right_after_a_decision() {
    let Some(folder) = std::env::var_os(CHILDS_FOLDER) else {
        return;
    };
    let store = open(folder.as_ref());
    one_flag(&store);
    store
        .decide(
            &decision("f1", Outcome::Leak, 0),
            &analyst("aru"),
            &Scope::All,
            NOW_MS,
        )
        .unwrap();
    // No destructor runs, nothing is flushed.
    std::process::abort();
}

#[test]
fn nothing_is_lost_when_the_process_is_killed_between_decision_and_publication() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "deciding::dies_right_after_a_decision"])
        .env(CHILDS_FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(!child.status.success(), "the child was to die");
    let store = open(folder.path());
    assert_eq!(store.unpublished(10).unwrap().len(), 1);
    assert_eq!(
        store.verify_audit().unwrap(),
        promoguard_review::audit::Verdict::Whole {
            entries: 1,
            anchored: 0
        }
    );
}
