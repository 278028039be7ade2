//! The lines that go out, to the byte.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeMap;

use promoguard_event::{
    Basis, Currency, DeadLetterLine, Decibans, Decimal, ErrorKind, EventTime, Evidence, Exposure,
    Field, Flag, FlagKind, FlagState, Hour, IntervalDecimal, IntervalF, JudgedOrder, Likelihood,
    Onset, OrderCounts, ScoreLine, TopReferrer, Track, Window, flag_id, parse_rfc3339,
};
use proptest::prelude::*;
use serde_json::Value;

fn time(text: &str) -> EventTime {
    parse_rfc3339(text).unwrap()
}

/// The line, which must be one line of JSON.
fn line(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = b"before\n".to_vec();
    write(&mut out);
    let text = String::from_utf8(out).unwrap();
    let text = text.strip_prefix("before\n").unwrap();
    let text = text.strip_suffix('\n').unwrap();
    assert!(!text.contains('\n'));
    assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
    text.to_owned()
}

fn signal(name: &'static str, decibans: f64) -> Evidence {
    Evidence::Signal {
        signal: name,
        observed: Some(0.412_345_678),
        expected: Some(0.000_001_234_567_8),
        n: 37,
        decibans: Decibans::new(decibans),
        window: (time("2026-03-01T00:00:00Z"), time("2026-03-02T13:00:00Z")),
    }
}

fn flag() -> Flag {
    let evidence = vec![
        signal("cold", 21.123_456_789_4),
        Evidence::Signal {
            signal: "prior",
            observed: None,
            expected: None,
            n: 0,
            decibans: Decibans::new(-1.000_000_000_6),
            window: (time("2026-03-01T00:00:00Z"), time("2026-03-02T13:00:00Z")),
        },
        Evidence::Abstained {
            signal: "too_fast",
            abstained: "no click_ts",
        },
    ];
    Flag {
        flag_id: flag_id("aru10", Track::Leak, 1),
        rev: 2,
        code: "Aru\"10\u{2028}<b>".to_owned(),
        partner_id: Some("p-1".to_owned()),
        merchant: Some("магазин".to_owned()),
        marketplace: None,
        ts: time("2026-03-02T12:59:59.5Z"),
        state: FlagState::Escalated,
        kind: FlagKind::CouponSite,
        score: Flag::score_from(&evidence),
        basis: Basis::EDetector,
        onset: Onset {
            at: time("2026-02-28T10:00:00Z"),
            low: time("2026-02-27T00:00:00Z"),
            high: time("2026-03-01T00:00:00Z"),
        },
        evidence,
        exposure: Exposure {
            leaked_orders: IntervalF {
                estimate: 12.345_678_9,
                low: 7.0,
                high: 1_234_567.8,
            },
            commission: Some(IntervalDecimal {
                estimate: Decimal(123_450_000),
                low: Decimal(1),
                high: Decimal(200_000_050),
            }),
            vat: Some(Decimal(14_814_000)),
            currency: Currency::KZT,
        },
        top_referrers: vec![TopReferrer {
            host: "promokodus.com".to_owned(),
            orders: 9,
            known_coupon_site: true,
        }],
        detector: "promoguard-detect/0.1.0 0011aabb".to_owned(),
        data_gap: true,
        hour: Hour::from_index(0),
    }
}

#[test]
fn a_flag_is_written_in_the_order_of_the_contract() {
    let flag = flag();
    assert_eq!(
        line(|out| flag.write_line(out)),
        concat!(
            r#"{"flag_id":"2953de904261161cf51cbf8c6552fad6","rev":2,"code":"Aru\"10\u2028<b>","partner_id":"p-1","#,
            r#""merchant":"магазин","marketplace":null,"ts":"2026-03-02T12:59:59.500Z","#,
            r#""state":"escalated","kind":"coupon_site","score":20.123456788,"basis":"e-detector","#,
            r#""onset":{"at":"2026-02-28T10:00:00.000Z","low":"2026-02-27T00:00:00.000Z","high":"2026-03-01T00:00:00.000Z"},"#,
            r#""evidence":[{"signal":"cold","observed":0.412346,"expected":0.00000123457,"n":37,"decibans":21.123456789,"#,
            r#""window":{"from":"2026-03-01T00:00:00.000Z","to":"2026-03-02T13:00:00.000Z"}},"#,
            r#"{"signal":"prior","observed":null,"expected":null,"n":0,"decibans":-1.000000001,"#,
            r#""window":{"from":"2026-03-01T00:00:00.000Z","to":"2026-03-02T13:00:00.000Z"}},"#,
            r#"{"signal":"too_fast","abstained":"no click_ts"}],"#,
            r#""exposure":{"leaked_orders":{"estimate":12.3457,"low":7,"high":1234570},"#,
            r#""commission":{"estimate":"12345.00","low":"0.0001","high":"20000.005"},"vat":"1481.40","currency":"KZT"},"#,
            r#""top_referrers":[{"host":"promokodus.com","orders":9,"known_coupon_site":true}],"#,
            r#""detector":"promoguard-detect/0.1.0 0011aabb","data_gap":true}"#,
        )
    );
}

#[test]
fn a_flag_of_an_unregistered_code_says_null_and_leaves_out_what_is_not_there() {
    let flag = Flag {
        partner_id: None,
        merchant: None,
        top_referrers: vec![],
        data_gap: false,
        exposure: Exposure {
            commission: None,
            vat: None,
            ..flag().exposure
        },
        ..flag()
    };
    let written: Value = serde_json::from_str(&line(|out| flag.write_line(out))).unwrap();
    for key in ["partner_id", "merchant", "marketplace"] {
        assert_eq!(written.get(key), Some(&Value::Null), "{key}");
    }
    for key in ["top_referrers", "data_gap", "hour"] {
        assert_eq!(written.get(key), None, "{key}");
    }
    assert_eq!(written["exposure"]["commission"], Value::Null);
    assert_eq!(written["exposure"]["vat"], Value::Null);
}

#[test]
fn a_flag_id_depends_on_code_track_and_episode_and_never_changes() {
    assert_eq!(
        flag_id("aru10", Track::Leak, 1),
        "2953de904261161cf51cbf8c6552fad6"
    );
    assert_eq!(
        flag_id("aru10", Track::ClickFlood, 1),
        "d04709690074a1b5d0c3fc4e4a034b5a"
    );
    let mut ids: Vec<String> = ["a", "b", "a\0", ""]
        .into_iter()
        .flat_map(|code| {
            [Track::Leak, Track::ClickFlood]
                .into_iter()
                .flat_map(move |track| (0..3).map(move |episode| flag_id(code, track, episode)))
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 24);
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[test]
fn judged_orders_windows_scores_and_dead_letters_are_written_to_the_byte() {
    let judged = JudgedOrder {
        order_id: "o-1".to_owned(),
        merchant: "m".to_owned(),
        code: "Aru10".to_owned(),
        ts: time("2026-03-01T10:20:30.456Z"),
        amount: Decimal(129_905_000),
        currency: Currency::RUB,
        commission: Some(Decimal(12_990_500)),
        p_leak: 0.123_456_789,
        hour: time("2026-03-01T10:20:30Z").hour(),
        likelihood: Some(Likelihood {
            coupon_site: 7.123_456_789,
            extension: 0.4,
            insider_or_community: 1.0,
        }),
        flag_id: Some("f".to_owned()),
    };
    assert_eq!(
        line(|out| judged.write_line(out)),
        r#"{"order_id":"o-1","merchant":"m","code":"Aru10","ts":"2026-03-01T10:20:30.456Z","amount":"12990.50","currency":"RUB","commission":"1299.05","p_leak":0.123457,"hour":"2026-03-01T10:00:00Z","likelihood":{"coupon_site":7.12346,"extension":0.4,"insider_or_community":1},"flag_id":"f"}"#
    );
    let unregistered = JudgedOrder {
        commission: None,
        p_leak: 1.0,
        likelihood: None,
        flag_id: None,
        ..judged
    };
    assert_eq!(
        line(|out| unregistered.write_line(out)),
        r#"{"order_id":"o-1","merchant":"m","code":"Aru10","ts":"2026-03-01T10:20:30.456Z","amount":"12990.50","currency":"RUB","commission":null,"p_leak":1.000000,"hour":"2026-03-01T10:00:00Z"}"#
    );

    let amounts = BTreeMap::from([(Currency::RUB, Decimal(5_000)), (Currency::KZT, Decimal(0))]);
    let window = Window {
        code: "Aru10".to_owned(),
        hour: time("2026-03-01T10:20:30Z").hour(),
        rev: 1,
        clicks: 10,
        visitors: 9,
        orders: OrderCounts {
            created: 1,
            paid: 2,
            cancelled: 3,
            returned: 4,
            rejected: 5,
        },
        clickless_orders: 1,
        customers: 2,
        amounts: amounts.clone(),
    };
    assert_eq!(
        line(|out| window.write_line(out)),
        r#"{"code":"Aru10","hour":"2026-03-01T10:00:00Z","rev":1,"clicks":10,"visitors":9,"orders":{"created":1,"paid":2,"cancelled":3,"returned":4,"rejected":5},"clickless_orders":1,"customers":2,"amounts":{"KZT":"0.00","RUB":"0.50"}}"#
    );

    let score = ScoreLine {
        code: "Aru10".to_owned(),
        peak_score: Some(Decibans::new(31.5)),
        peak_at: Some(time("2026-03-01T10:20:30Z")),
        score: Some(Decibans::new(-0.000_000_001)),
        clicks: 10,
        orders: 3,
        clickless_orders: 1,
        reach: 9,
        amounts: BTreeMap::from([(Currency::KZT, Decimal(129_905_000))]),
    };
    assert_eq!(
        line(|out| score.write_line(out)),
        r#"{"code":"Aru10","peak_score":31.500000000,"peak_at":"2026-03-01T10:20:30.000Z","score":-0.000000001,"clicks":10,"orders":3,"clickless_orders":1,"reach":9,"amount":"12990.50","amounts":{"KZT":"12990.50"}}"#
    );
    let silent = ScoreLine {
        peak_score: None,
        peak_at: None,
        score: None,
        amounts,
        ..score
    };
    assert_eq!(
        line(|out| silent.write_line(out)),
        r#"{"code":"Aru10","peak_score":null,"peak_at":null,"score":null,"clicks":10,"orders":3,"clickless_orders":1,"reach":9,"amount":null,"amounts":{"KZT":"0.00","RUB":"0.50"}}"#
    );

    let letter = DeadLetterLine {
        error: ErrorKind::BadAmount,
        field: Some(Field::Amount),
        source: "orders.ndjson",
        line: 7,
        raw: b"{\"amount\":\xff}",
    };
    assert_eq!(
        line(|out| letter.write_line(out)),
        r#"{"error":"bad_amount","field":"amount","source":"orders.ndjson","line":7,"raw_base64":"eyJhbW91bnQiOv99"}"#
    );
    let whole = DeadLetterLine {
        error: ErrorKind::NotJson,
        field: None,
        ..letter
    };
    assert!(line(|out| whole.write_line(out)).starts_with(r#"{"error":"not_json","source":"#));
}

#[test]
fn numbers_that_json_cannot_write_never_reach_a_line() {
    let mut flag = flag();
    flag.exposure.leaked_orders.high = f64::INFINITY;
    flag.evidence.push(Evidence::Signal {
        signal: "x",
        observed: Some(f64::NAN),
        expected: Some(-0.0),
        n: 1,
        decibans: Decibans::ZERO,
        window: (time("2026-03-01T00:00:00Z"), time("2026-03-02T13:00:00Z")),
    });
    let written: Value = serde_json::from_str(&line(|out| flag.write_line(out))).unwrap();
    assert_eq!(written["exposure"]["leaked_orders"]["high"], Value::Null);
    assert_eq!(written["evidence"][3]["observed"], Value::Null);
    assert_eq!(written["evidence"][3]["expected"].to_string(), "0");
}

proptest! {
    #[test]
    fn the_printed_items_add_up_to_the_printed_score(items in prop::collection::vec(-1e4..1e4_f64, 0..30)) {
        let mut flag = flag();
        flag.evidence = items.iter().map(|&decibans| signal("s", decibans)).collect();
        flag.score = Flag::score_from(&flag.evidence);
        let text = line(|out| flag.write_line(out));
        // Read as whole units from the text, so that no float is between.
        let units = |text: &str| -> i128 {
            let (whole, part) = text.split_once('.').unwrap();
            assert_eq!(part.len(), 9);
            format!("{whole}{part}").parse().unwrap()
        };
        let number_after = |text: &str, key: &str| -> i128 {
            let (_, rest) = text.split_once(key).unwrap();
            units(&rest[..rest.find([',', '}']).unwrap()])
        };
        let sum: i128 = text
            .match_indices(r#""decibans":"#)
            .map(|(at, _)| number_after(&text[at..], r#""decibans":"#))
            .sum();
        prop_assert_eq!(number_after(&text, r#""score":"#), sum);
        for (item, evidence) in items.iter().zip(&flag.evidence) {
            let Evidence::Signal { decibans, .. } = evidence else { unreachable!() };
            prop_assert!((decibans.value() - item).abs() <= 0.500_001e-9 + item.abs() * 1e-15);
        }
    }

    #[test]
    fn every_text_comes_back_from_a_line(code in "\\PC{0,12}|[\\x00-\\x7f]{0,12}|.{0,8}", source in ".{0,8}") {
        let mut flag = flag();
        flag.code = code.clone();
        flag.partner_id = Some(source.clone());
        let written: Value = serde_json::from_str(&line(|out| flag.write_line(out))).unwrap();
        prop_assert_eq!(written["code"].as_str(), Some(code.as_str()));
        prop_assert_eq!(written["partner_id"].as_str(), Some(source.as_str()));
    }
}
