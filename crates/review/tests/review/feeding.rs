//! What comes in counts once, and the queue is by money.

use promoguard_event::{Decimal, Outcome};
use promoguard_review::{
    CodeFilter, FeedKind, Position, QueueFilter, QueueSort, QueueStatus, Scope, SimilarWhy,
};

use crate::support::{NOW_MS, analyst, at, decision, feed, flag, opened, order, window};

fn all() -> QueueFilter {
    QueueFilter {
        limit: 50,
        ..QueueFilter::default()
    }
}

#[test]
fn feeding_the_same_lines_again_changes_nothing() {
    let opened = opened();
    let lines = [
        (FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz")),
        (FeedKind::Flag, flag("f1", 2, "ARU10", "updated", "shop.kz")),
        (FeedKind::Window, window("ARU10", "03:00", 1, 5)),
        (FeedKind::Order, order("o1", "ARU10", "03:10", 1000, 0.5)),
    ];
    let first = feed(&opened.store, &lines);
    assert_eq!((first.taken, first.known), (4, 0));
    let before = opened
        .store
        .code_sheet("aru10", None, 30, &Scope::All)
        .unwrap();
    let again = feed(&opened.store, &lines);
    assert_eq!((again.taken, again.known), (0, 4));
    let after = opened
        .store
        .code_sheet("aru10", None, 30, &Scope::All)
        .unwrap();
    assert_eq!(before, after);
    assert_eq!(opened.store.freshness().unwrap().records, 4);
}

#[test]
fn an_older_revision_that_comes_late_is_kept_and_does_not_replace_the_newer() {
    let opened = opened();
    feed(
        &opened.store,
        &[(FeedKind::Flag, flag("f1", 2, "ARU10", "updated", "shop.kz"))],
    );
    feed(
        &opened.store,
        &[(FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz"))],
    );
    let sheet = opened
        .store
        .code_sheet("aru10", None, 30, &Scope::All)
        .unwrap()
        .unwrap();
    assert_eq!(sheet.flags[0].rev, 2);
    let revisions: Vec<u32> = sheet.revisions.iter().map(|(rev, ..)| *rev).collect();
    assert_eq!(revisions, [1, 2]);
}

#[test]
fn of_an_hour_the_higher_revision_counts_and_of_an_order_the_last_record() {
    let opened = opened();
    feed(
        &opened.store,
        &[
            (FeedKind::Window, window("ARU10", "03:00", 2, 9)),
            (FeedKind::Window, window("ARU10", "03:00", 1, 5)),
            (FeedKind::Order, order("o1", "ARU10", "03:10", 1000, 0.1)),
            (FeedKind::Order, order("o1", "ARU10", "03:10", 1000, 0.9)),
        ],
    );
    let sheet = opened
        .store
        .code_sheet("ARU10", None, 30, &Scope::All)
        .unwrap()
        .unwrap();
    assert_eq!(sheet.hours.len(), 1);
    assert_eq!(sheet.hours[0].orders, 9);
    assert_eq!(sheet.orders_total, 1);
    assert_eq!(sheet.orders[0].order.p_leak, 0.9);
}

#[test]
fn a_line_that_cannot_be_read_is_counted_and_stops_nothing() {
    let opened = opened();
    let too_much = order("o9", "ARU10", "03:00", 1, 0.5).replace(
        r#""amount":"10000.00""#,
        r#""amount":"99999999999999999999.00""#,
    );
    let report = feed(
        &opened.store,
        &[
            (FeedKind::Flag, "{}".to_owned()),
            (FeedKind::Order, too_much),
            (FeedKind::Window, window("ARU10", "03:00", 1, 5)),
        ],
    );
    assert_eq!((report.taken, report.refused_count), (1, 2));
    assert!(report.refused[1].contains("too large"), "{report:?}");
    assert_eq!(opened.store.freshness().unwrap().refused, 2);
}

#[test]
fn how_far_a_topic_was_read_is_stored_with_its_records() {
    let opened = opened();
    let position = Position {
        topic: "promo.flags".to_owned(),
        partition: 3,
        next_offset: 42,
    };
    let line = flag("f1", 1, "ARU10", "opened", "shop.kz");
    let lines = [(FeedKind::Flag, line.as_bytes())];
    opened
        .store
        .feed(lines, std::slice::from_ref(&position))
        .unwrap();
    assert_eq!(opened.store.positions().unwrap(), [position]);
}

#[test]
fn the_queue_begins_with_the_flag_that_leaks_most_money_now() {
    let opened = opened();
    feed(
        &opened.store,
        &[
            (
                FeedKind::Flag,
                flag("small", 1, "BOTA", "opened", "shop.kz"),
            ),
            (
                FeedKind::Flag,
                flag("dear", 1, "ARU10", "opened", "shop.kz"),
            ),
            (
                FeedKind::Flag,
                flag("over", 1, "DANA", "cleared", "shop.kz"),
            ),
            (FeedKind::Order, order("o1", "BOTA", "03:10", 100, 0.9)),
            (FeedKind::Order, order("o2", "ARU10", "03:10", 1000, 0.5)),
            (FeedKind::Order, order("o3", "ARU10", "03:20", 1000, 0.25)),
            // The hour after: what leaks is reckoned anew.
            (FeedKind::Window, window("BOTA", "04:00", 1, 1)),
        ],
    );
    let page = opened.store.queue(&all(), &Scope::All, NOW_MS).unwrap();
    let ids: Vec<&str> = page.cards.iter().map(|card| &*card.flag_id).collect();
    assert_eq!(ids, ["dear", "small"]);
    assert_eq!(page.total, 2);
    assert_eq!(page.cards[0].leaking, Decimal(750 * 10_000));
    assert_eq!(page.sparks[1][13], 1);
    let counts = opened.store.queue_counts(&Scope::All, NOW_MS).unwrap();
    assert_eq!(counts.waiting, 2);
    assert_eq!(counts.leaking[0].1, Decimal(840 * 10_000));
}

#[test]
fn the_list_is_narrowed_and_sorted_as_asked() {
    let opened = opened();
    feed(
        &opened.store,
        &[
            (FeedKind::Flag, flag("a", 1, "ARU10", "opened", "one.kz")),
            (FeedKind::Flag, flag("b", 2, "BOTA", "opened", "two.kz")),
        ],
    );
    let ids = |filter: QueueFilter| -> Vec<String> {
        let page = opened.store.queue(&filter, &Scope::All, NOW_MS).unwrap();
        page.cards.into_iter().map(|card| card.flag_id).collect()
    };
    let sort = QueueSort::Score;
    assert_eq!(ids(QueueFilter { sort, ..all() }), ["b", "a"]);
    let merchant = Some("one.kz".to_owned());
    assert_eq!(ids(QueueFilter { merchant, ..all() }), ["a"]);
    let score_min = Some(32.0);
    assert_eq!(ids(QueueFilter { score_min, ..all() }), ["b"]);
    let code = Some("bo".to_owned());
    assert_eq!(ids(QueueFilter { code, ..all() }), ["b"]);
    opened
        .store
        .claim("a", &analyst("aru"), &Scope::All, NOW_MS)
        .unwrap();
    let unclaimed = true;
    assert_eq!(ids(QueueFilter { unclaimed, ..all() }), ["b"]);
    let claimed_by = Some("aru".to_owned());
    assert_eq!(
        ids(QueueFilter {
            claimed_by,
            ..all()
        }),
        ["a"]
    );
}

#[test]
fn a_merchants_user_sees_that_merchant_alone() {
    let opened = opened();
    feed(
        &opened.store,
        &[
            (FeedKind::Flag, flag("a", 1, "ARU10", "opened", "one.kz")),
            (FeedKind::Flag, flag("b", 1, "BOTA", "opened", "two.kz")),
            (
                FeedKind::Code,
                r#"{"code":"DANA","partner_id":"p","merchant":"Two.kz"}"#.to_owned(),
            ),
        ],
    );
    let one = Scope::Merchant("one.kz".to_owned());
    let page = opened.store.queue(&all(), &one, NOW_MS).unwrap();
    assert_eq!(page.cards.len(), 1);
    assert!(
        opened
            .store
            .code_sheet("bota", None, 30, &one)
            .unwrap()
            .is_none()
    );
    assert!(
        opened
            .store
            .code_sheet("dana", None, 30, &one)
            .unwrap()
            .is_none()
    );
    assert!(opened.store.flag_card("b", &one).unwrap().is_none());
    assert_eq!(
        opened
            .store
            .codes(
                &CodeFilter {
                    limit: 9,
                    ..CodeFilter::default()
                },
                &one
            )
            .unwrap()
            .0,
        0
    );
    assert!(opened.store.hold_inputs("b", &one).unwrap().is_none());
    let refused = opened.store.decide(
        &decision("b", Outcome::Leak, 0),
        &analyst("x"),
        &one,
        NOW_MS,
    );
    assert!(refused.is_err());
}

#[test]
fn flags_of_one_host_or_with_the_same_evidence_are_shown_beside_each_other() {
    let opened = opened();
    let other = flag("b", 1, "BOTA", "opened", "two.kz").replace("berikod.ru", "else.kz");
    feed(
        &opened.store,
        &[
            (FeedKind::Flag, flag("a", 1, "ARU10", "opened", "one.kz")),
            (FeedKind::Flag, other),
            (FeedKind::Flag, flag("c", 1, "CEM", "opened", "two.kz")),
        ],
    );
    let sheet = opened
        .store
        .code_sheet("aru10", None, 30, &Scope::All)
        .unwrap()
        .unwrap();
    let similar: Vec<(&str, &SimilarWhy)> = sheet
        .similar
        .iter()
        .map(|flag| (&*flag.card.flag_id, &flag.why))
        .collect();
    assert_eq!(
        similar[0],
        ("c", &SimilarWhy::Host("berikod.ru".to_owned()))
    );
    assert!(matches!(similar[1], ("b", SimilarWhy::Evidence(alike)) if *alike > 0.99));
}

#[test]
fn what_was_fed_can_be_read_again_and_what_people_did_stays() {
    let opened = opened();
    let lines = [(FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz"))];
    feed(&opened.store, &lines);
    let aru = analyst("aru");
    opened
        .store
        .decide(&decision("f1", Outcome::Leak, 0), &aru, &Scope::All, NOW_MS)
        .unwrap();
    opened
        .store
        .add_note("ARU10", "asked her", &aru, at("12:00"), NOW_MS)
        .unwrap();
    opened.store.forget_fed().unwrap();
    assert!(
        opened
            .store
            .code_sheet("aru10", None, 30, &Scope::All)
            .unwrap()
            .is_none()
    );
    feed(&opened.store, &lines);
    let sheet = opened
        .store
        .code_sheet("aru10", None, 30, &Scope::All)
        .unwrap()
        .unwrap();
    assert_eq!(sheet.flags[0].outcome.as_deref(), Some("leak"));
    assert_eq!(sheet.notes.len(), 1);
    assert_eq!(sheet.decisions.len(), 1);
    let waiting = opened.store.queue(&all(), &Scope::All, NOW_MS).unwrap();
    assert_eq!(waiting.total, 0);
}

#[test]
fn a_flag_that_escalates_after_it_was_let_pass_is_back_in_the_queue() {
    let opened = opened();
    feed(
        &opened.store,
        &[
            (
                FeedKind::Flag,
                flag("pass", 1, "ARU10", "opened", "shop.kz"),
            ),
            (FeedKind::Flag, flag("leak", 1, "BOTA", "opened", "shop.kz")),
        ],
    );
    for (id, outcome) in [("pass", Outcome::Unclear), ("leak", Outcome::Leak)] {
        let mut decision = decision(id, outcome, 0);
        decision.ts = at("01:30");
        opened
            .store
            .decide(&decision, &analyst("aru"), &Scope::All, NOW_MS)
            .unwrap();
    }
    feed(
        &opened.store,
        &[
            (
                FeedKind::Flag,
                flag("pass", 2, "ARU10", "escalated", "shop.kz"),
            ),
            (
                FeedKind::Flag,
                flag("leak", 2, "BOTA", "escalated", "shop.kz"),
            ),
        ],
    );
    let ids = |status| -> Vec<String> {
        let filter = QueueFilter { status, ..all() };
        let page = opened.store.queue(&filter, &Scope::All, NOW_MS).unwrap();
        page.cards.into_iter().map(|card| card.flag_id).collect()
    };
    assert_eq!(ids(QueueStatus::Waiting), ["pass"]);
    assert_eq!(ids(QueueStatus::Decided), ["leak"]);
}

#[test]
fn old_hours_and_the_orders_of_codes_without_a_flag_are_let_go() {
    let opened = opened();
    let later = |line: String| line.replace("2026-03-10", "2026-07-01");
    feed(
        &opened.store,
        &[
            (FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz")),
            (FeedKind::Window, window("ARU10", "03:00", 1, 5)),
            (FeedKind::Order, order("o1", "ARU10", "03:10", 1000, 0.5)),
            (FeedKind::Order, order("o2", "BOTA", "03:10", 1000, 0.5)),
        ],
    );
    feed(
        &opened.store,
        &[(FeedKind::Window, later(window("ARU10", "03:00", 1, 5)))],
    );
    let sheet = |code| {
        opened
            .store
            .code_sheet(code, None, 400, &Scope::All)
            .unwrap()
    };
    let flagged = sheet("aru10").unwrap();
    assert_eq!((flagged.hours.len(), flagged.orders_total), (1, 1));
    assert!(sheet("bota").is_none());
}

#[test]
fn a_copy_opens_with_everything_in_it() {
    let opened = opened();
    feed(
        &opened.store,
        &[(FeedKind::Flag, flag("f1", 1, "ARU10", "opened", "shop.kz"))],
    );
    let copy = opened.folder.path().join("copy.db");
    opened.store.backup(&copy).unwrap();
    let copy = promoguard_review::Store::open(&copy, promoguard_review::Limits::default()).unwrap();
    assert!(copy.flag_card("f1", &Scope::All).unwrap().is_some());
}
