//! A store in a folder of its own, and lines to feed it with.

use std::path::Path;

use promoguard_event::{EventTime, Outcome, parse_rfc3339};
use promoguard_review::{Actor, FeedKind, FeedReport, Limits, NewDecision, Role, Store};

pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn opened() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    Opened { store, folder }
}

pub(crate) fn open(folder: &Path) -> Store {
    Store::open(&folder.join("review.db"), Limits::default()).unwrap()
}

/// 10 March 2026 at that time, UTC.
pub(crate) fn at(time: &str) -> EventTime {
    parse_rfc3339(&format!("2026-03-10T{time}:00Z")).unwrap()
}

pub(crate) const NOW_MS: i64 = 1_773_100_800_000;

pub(crate) fn analyst(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        role: Role::Analyst,
    }
}

pub(crate) fn flag(id: &str, rev: u32, code: &str, state: &str, merchant: &str) -> String {
    format!(
        r#"{{"flag_id":"{id}","rev":{rev},"code":"{code}","partner_id":"partner-{code}","merchant":"{merchant}",
        "marketplace":null,"ts":"2026-03-10T0{rev}:00:00.000Z","state":"{state}","kind":"coupon_site","score":3{rev}.5,
        "basis":"e-detector","onset":{{"at":"2026-03-09T12:00:00.000Z","low":"2026-03-09T10:00:00.000Z","high":"2026-03-09T14:00:00.000Z"}},
        "evidence":[{{"signal":"referrer","observed":0.5,"expected":0.01,"n":9,"decibans":30.5,
          "window":{{"from":"2026-03-09T10:00:00.000Z","to":"2026-03-10T0{rev}:00:00.000Z"}}}},
          {{"signal":"too_fast","abstained":"no click times"}}],
        "exposure":{{"leaked_orders":{{"estimate":4.0,"low":2.0,"high":6.0}},
          "commission":{{"estimate":"4000.00","low":"2000.00","high":"6000.00"}},"vat":"640.00","currency":"KZT"}},
        "top_referrers":[{{"host":"berikod.ru","orders":3,"known_coupon_site":true}}],"detector":"0.1.0 abc"}}"#
    )
    .replace('\n', " ")
}

pub(crate) fn order(id: &str, code: &str, time: &str, commission: u32, p_leak: f64) -> String {
    let ts = at(time);
    format!(
        r#"{{"order_id":"{id}","merchant":"shop.kz","code":"{code}","ts":"{ts}","amount":"10000.00","currency":"KZT","commission":"{commission}.00","p_leak":{p_leak:.6},"hour":"2026-03-10T00:00:00Z"}}"#
    )
}

pub(crate) fn window(code: &str, time: &str, rev: u32, paid: u32) -> String {
    let hour = at(time).hour();
    format!(
        r#"{{"code":"{code}","hour":"{hour}","rev":{rev},"clicks":7,"visitors":6,"orders":{{"created":0,"paid":{paid},"cancelled":0,"returned":0,"rejected":0}},"clickless_orders":1,"customers":2,"amounts":{{"KZT":"20000.00"}}}}"#
    )
}

pub(crate) fn feed(store: &Store, lines: &[(FeedKind, String)]) -> FeedReport {
    let lines = lines.iter().map(|(kind, line)| (*kind, line.as_bytes()));
    store.feed(lines, &[]).unwrap()
}

pub(crate) fn decision(flag_id: &str, outcome: Outcome, decisions_seen: u32) -> NewDecision {
    NewDecision {
        flag_id: flag_id.to_owned(),
        rev: 1,
        decisions_seen,
        outcome,
        worth: Some(true),
        note: Some("seen on a coupon page".to_owned()),
        hold_from: None,
        held: None,
        hosts: Vec::new(),
        expected_post: None,
        ts: at("12:00"),
    }
}
