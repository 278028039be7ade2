#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

use super::*;
use promoguard_event::{IntervalDecimal, parse_rfc3339};

fn at(text: &str) -> EventTime {
    parse_rfc3339(text).unwrap()
}

fn flag(leaked_orders: f64) -> HeldFlag {
    HeldFlag {
        flag_id: "f".to_owned(),
        rev: 2,
        code: "Aru10".to_owned(),
        state: FlagState::Updated,
        kind: FlagKind::CouponSite,
        onset: Onset {
            at: at("2026-03-10T00:00:00Z"),
            low: at("2026-03-09T00:00:00Z"),
            high: at("2026-03-11T00:00:00Z"),
        },
        judged_until: at("2026-03-20T00:00:00Z"),
        exposure: Exposure {
            leaked_orders: IntervalF {
                estimate: leaked_orders,
                low: 0.0,
                high: 99.0,
            },
            commission: Some(IntervalDecimal::default()),
            vat: None,
            currency: Currency::KZT,
        },
    }
}

fn order(order_id: &str, ts: &str, ratio: Option<f64>, commission: i128) -> Candidate {
    Candidate {
        order_id: order_id.to_owned(),
        merchant: "m".to_owned(),
        code: "ARU10".to_owned(),
        ts: at(ts),
        amount: Decimal(commission * 10),
        currency: Currency::KZT,
        commission: Some(Decimal(commission)),
        p_leak: 0.01,
        likelihood: ratio.map(|ratio| Likelihood {
            coupon_site: ratio,
            extension: 0.01,
            insider_or_community: 0.01,
        }),
        flag_id: None,
    }
}

fn some_orders() -> Vec<Candidate> {
    vec![
        order("old", "2026-03-08T23:59:59Z", Some(9.0), 10_000),
        order("maybe", "2026-03-10T00:00:00Z", Some(9.0), 10_000),
        order("honest", "2026-03-12T00:00:00Z", Some(0.1), 10_000),
        order("leaked", "2026-03-13T00:00:00Z", Some(9.0), 10_001),
        order("again", "2026-03-13T01:00:00Z", None, 10_000),
        order("other", "2026-03-14T00:00:00Z", Some(9.0), 10_000),
    ]
}

fn request(flag: &HeldFlag, from: HoldFrom, rule: Rule) -> HoldRequest<'_> {
    HoldRequest {
        flag_id: "f",
        flag: Some(flag),
        from,
        rule,
    }
}

fn check(
    from: HoldFrom,
    rule: Rule,
    fallen: &FallenOrders,
    expected: &[(&str, Option<bool>, Reason)],
) -> HoldList {
    let flag = flag(2.0);
    let list = holds(&request(&flag, from, rule), &some_orders(), fallen).unwrap();
    let seen: Vec<(&str, Option<bool>, Reason)> = list
        .lines
        .iter()
        .map(|line| {
            let is_held = line.hold.map(|hold| hold.0 > 0);
            (&*line.order.order_id, is_held, line.reason)
        })
        .collect();
    assert_eq!(seen, expected);
    list
}

#[test]
fn orders_before_the_onset_are_released_and_the_rest_is_held_by_probability() {
    use Reason::ByProbability;
    let held = |id| (id, Some(true), ByProbability);
    let list = check(
        HoldFrom::Low,
        Rule::Part,
        &FallenOrders::new(),
        &["maybe", "honest", "leaked", "again", "other"].map(held),
    );
    let p: Vec<u32> = list.lines.iter().map(|line| line.p_leak_ppm).collect();
    // Half of the interval lies behind `maybe`, so it counts by half of what `other` does.
    assert!((i64::from(p[0]) - i64::from(p[4] / 2)).abs() <= 1, "{p:?}");
    assert!(p[1] < 100_000 && p[2] > 600_000, "{p:?}");
    let before = list.before[&Currency::KZT];
    assert_eq!((before.orders, before.released), (1, Decimal(10_000)));
    check(
        HoldFrom::Onset,
        Rule::Part,
        &FallenOrders::new(),
        &["maybe", "honest", "leaked", "again", "other"].map(held),
    );
    check(
        HoldFrom::At(at("2026-03-13T00:30:00Z")),
        Rule::Part,
        &FallenOrders::new(),
        &["again", "other"].map(held),
    );
}

#[test]
fn the_probabilities_of_the_evidence_add_up_to_the_flags_own_estimate() {
    for estimate in [0.5, 2.0, 3.1] {
        let flag = flag(estimate);
        let list = holds(
            &request(&flag, HoldFrom::Low, Rule::Part),
            &some_orders(),
            &FallenOrders::new(),
        )
        .unwrap();
        let evidence = list
            .lines
            .iter()
            .filter(|line| line.order.likelihood.is_some());
        let sum: u32 = evidence.map(|line| line.p_leak_ppm).sum();
        assert!((f64::from(sum) / 1e6 - estimate).abs() < 1e-5, "{sum}");
    }
}

#[test]
fn an_order_after_the_flags_last_revision_keeps_the_probability_it_was_judged_with() {
    let flag = HeldFlag {
        judged_until: at("2026-03-14T00:00:00Z"),
        ..flag(2.0)
    };
    let list = holds(
        &request(&flag, HoldFrom::Low, Rule::Part),
        &some_orders(),
        &FallenOrders::new(),
    )
    .unwrap();
    let p: Vec<u32> = list.lines.iter().map(|line| line.p_leak_ppm).collect();
    assert_eq!(p[4], 10_000);
    assert!(p[2] > 800_000, "{p:?}");
}

#[test]
fn a_threshold_holds_whole_orders_and_what_fell_away_is_released() {
    use Reason::{AtThreshold, BelowThreshold, Cancelled, Returned};
    let fallen = FallenOrders::from([
        (("m".to_owned(), "leaked".to_owned()), FellAway::Cancelled),
        (("m".to_owned(), "again".to_owned()), FellAway::Returned),
    ]);
    let list = check(
        HoldFrom::Onset,
        Rule::Threshold(600_000),
        &fallen,
        &[
            ("maybe", Some(true), AtThreshold),
            ("honest", Some(false), BelowThreshold),
            ("leaked", Some(false), Cancelled),
            ("again", Some(false), Returned),
            ("other", Some(true), AtThreshold),
        ],
    );
    let totals = list.totals[&Currency::KZT];
    assert_eq!(totals.held, Decimal(20_000));
    assert_eq!(totals.released, Decimal(30_001));
}

#[test]
fn a_cleared_flag_holds_nothing_that_came_after_it() {
    let cleared = HeldFlag {
        state: FlagState::Cleared,
        judged_until: at("2026-03-13T02:00:00Z"),
        ..flag(2.0)
    };
    let list = holds(
        &request(&cleared, HoldFrom::Low, Rule::Part),
        &some_orders(),
        &FallenOrders::new(),
    )
    .unwrap();
    assert_eq!(list.lines.len(), 4);
    assert_eq!(list.after[&Currency::KZT].orders, 1);
}

#[test]
fn the_last_record_of_an_order_is_the_one_that_counts() {
    let flag = flag(1.0);
    let mut orders = some_orders();
    orders.push(order("leaked", "2026-03-13T00:00:00Z", Some(9.0), 70_000));
    let list = holds(
        &request(&flag, HoldFrom::Low, Rule::Part),
        &orders,
        &FallenOrders::new(),
    )
    .unwrap();
    assert_eq!(list.lines.len(), 5);
    assert_eq!(list.totals[&Currency::KZT].commission, Decimal(110_000));
}

#[test]
fn without_flags_a_time_must_be_given_and_the_judged_probability_counts() {
    let mut orders = some_orders();
    let mut request = HoldRequest {
        flag_id: "f",
        flag: None,
        from: HoldFrom::At(at("2026-03-13T00:00:00Z")),
        rule: Rule::Part,
    };
    let none = FallenOrders::new();
    assert_eq!(
        holds(&request, &orders, &none),
        Err(HoldError::UnknownFlag("f".to_owned()))
    );
    orders[5].flag_id = Some("f".to_owned());
    let list = holds(&request, &orders, &none).unwrap();
    let held: Vec<Option<Decimal>> = list.lines.iter().map(|line| line.hold).collect();
    // One per cent, rounded to 1/10,000.
    assert_eq!(held, [Some(Decimal(100)); 3]);
    request.from = HoldFrom::Low;
    assert_eq!(holds(&request, &orders, &none), Err(HoldError::NoOnset));
}

#[test]
fn no_order_is_held_for_made_up_clicks() {
    let flood = HeldFlag {
        kind: FlagKind::ClickFlood,
        ..flag(0.0)
    };
    let list = holds(
        &request(&flood, HoldFrom::Low, Rule::Part),
        &some_orders(),
        &FallenOrders::new(),
    );
    assert!(matches!(list, Err(HoldError::ClickFlood(_))));
}

#[test]
fn lines_are_written_to_the_byte() {
    let check = |line: &HoldLine, csv: &str, json: &str| {
        assert_eq!(write::csv_line(line), csv);
        assert_eq!(write::ndjson_line(line), json);
    };
    let mut line = hold(
        &order("=1\"+\"1", "2026-03-13T00:00:00Z", None, 123_456),
        500_000,
        Rule::Part,
        None,
    );
    check(
        &line,
        "\"'=1\"\"+\"\"1\",m,ARU10,2026-03-13T00:00:00.000Z,123.456,KZT,12.3456,0.500000,hold,6.1728,6.1728,by_probability\n",
        "{\"order_id\":\"=1\\\"+\\\"1\",\"merchant\":\"m\",\"code\":\"ARU10\",\"ts\":\"2026-03-13T00:00:00.000Z\",\"amount\":\"123.456\",\"currency\":\"KZT\",\"commission\":\"12.3456\",\"p_leak\":0.5,\"decision\":\"hold\",\"hold\":\"6.1728\",\"release\":\"6.1728\",\"reason\":\"by_probability\"}\n",
    );
    line = hold(
        &Candidate {
            commission: None,
            ..line.order
        },
        1_000_000,
        Rule::Part,
        None,
    );
    line.order.order_id = "a,b".to_owned();
    check(
        &line,
        "\"a,b\",m,ARU10,2026-03-13T00:00:00.000Z,123.456,KZT,,1.000000,release,,,no_commission\n",
        "{\"order_id\":\"a,b\",\"merchant\":\"m\",\"code\":\"ARU10\",\"ts\":\"2026-03-13T00:00:00.000Z\",\"amount\":\"123.456\",\"currency\":\"KZT\",\"commission\":null,\"p_leak\":1.0,\"decision\":\"release\",\"hold\":null,\"release\":null,\"reason\":\"no_commission\"}\n",
    );
}

/// A fixed sequence of numbers below `bound`.
fn draw(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % bound
}

#[test]
fn held_and_released_add_up_to_the_last_digit() {
    let mut state = 0x2545_f491_4f6c_dd1d;
    for case in 0..300 {
        let flag = flag(draw(&mut state, 40_000) as f64 / 1_000.0);
        let orders: Vec<Candidate> = (0..draw(&mut state, 60))
            .map(|number| {
                let second = draw(&mut state, 2_000_000) as i64;
                let ratio = 0.01 + draw(&mut state, 20_000) as f64 / 1_000.0;
                let units = i128::from(draw(&mut state, u64::MAX));
                Candidate {
                    ts: flag.onset.low.plus_millis((second - 500_000) * 1_000),
                    currency: [Currency::KZT, Currency::RUB][draw(&mut state, 2) as usize],
                    ..order(
                        &number.to_string(),
                        "2026-03-13T00:00:00Z",
                        Some(ratio),
                        units,
                    )
                }
            })
            .collect();
        let rule = match case % 3 {
            0 => Rule::Threshold(draw(&mut state, 1_000_001) as u32),
            _ => Rule::Part,
        };
        let request = request(&flag, HoldFrom::Low, rule);
        let list = holds(&request, &orders, &FallenOrders::new()).unwrap();
        for (currency, totals) in &list.totals {
            let mut sums = (0, 0, 0);
            let lines = list.lines.iter();
            for line in lines.filter(|line| line.order.currency == *currency) {
                let commission = line.order.commission.unwrap().0;
                let (hold, release) = (line.hold.unwrap().0, line.release.unwrap().0);
                assert!(hold >= 0 && release >= 0 && commission == hold + release);
                sums = (sums.0 + commission, sums.1 + hold, sums.2 + release);
            }
            let told = (totals.commission.0, totals.held.0, totals.released.0);
            assert_eq!(told, sums, "case {case}");
        }
    }
}
