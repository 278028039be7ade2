//! A small, readable run: a leaking code, a cleared one, a flood of clicks, an honest one.

use std::collections::BTreeMap;

use promoguard_event::{
    Basis, Code, CodeEntry, Currency, Decibans, Decimal, ErrorKind, EventTime, Evidence, Exposure,
    Flag, FlagKind, FlagState, Hour, IntervalDecimal, IntervalF, Onset, OrderCounts, ScoreLine,
    TopReferrer, Topic, Window, parse_rfc3339,
};

use crate::engine::sinks::Tally;
use crate::report::ReportCollector;

pub(super) const ZONE: &str = "Asia/Almaty";
const DAYS: i32 = 100;
const LEAK_DAY: i32 = 61;

fn at(text: &str) -> EventTime {
    parse_rfc3339(text).unwrap()
}

fn first_hour() -> i32 {
    at("2026-01-01T07:00:00Z").hour().index()
}

pub(super) fn window(code: &str, hour: i32, orders: u64) -> Window {
    Window {
        code: code.to_owned(),
        hour: Hour::from_index(hour),
        rev: 1,
        clicks: orders * 12,
        visitors: orders * 11,
        orders: OrderCounts {
            paid: orders,
            ..OrderCounts::default()
        },
        clickless_orders: orders / 4,
        customers: orders,
        amounts: BTreeMap::new(),
    }
}

fn entry(code: &str, partner: &str, posts: &[&str]) -> CodeEntry {
    CodeEntry {
        code: Code::parse(code).unwrap(),
        spelling: code.into(),
        partner_id: partner.into(),
        merchant: "sulpak".into(),
        aliases: Vec::new(),
        marketplace: None,
        tier: None,
        followers: None,
        city: None,
        country: None,
        channels: Vec::new(),
        discount_pct: None,
        commission_pct: None,
        vat_payer: None,
        starts_at: None,
        ends_at: None,
        offline: None,
        posts: posts.iter().map(|post| at(post)).collect(),
        permitted_hosts: Vec::new(),
    }
}

fn spoke(signal: &'static str, seen: Option<(f64, f64)>, n: u64, decibans: f64) -> Evidence {
    Evidence::Signal {
        signal,
        observed: seen.map(|seen| seen.0),
        expected: seen.map(|seen| seen.1),
        n,
        decibans: Decibans::new(decibans),
        window: (at("2026-03-02T04:00:00Z"), at("2026-04-10T09:00:00Z")),
    }
}

fn evidence() -> Vec<Evidence> {
    let silent = |signal, abstained| Evidence::Abstained { signal, abstained };
    vec![
        spoke("auto_entry", Some((0.081, 0.02)), 214, 6.25),
        spoke("referrer", Some((0.41, 0.012)), 188, 27.4),
        spoke("cold", Some((0.87, 0.31)), 214, 22.8),
        spoke("returning", Some((0.58, 0.49)), 201, 2.1),
        spoke("hopper", Some((0.22, 0.07)), 214, 9.9),
        spoke("basket", Some((0.47, 0.44)), 214, -0.6),
        spoke("off_audience", Some((0.30, 0.33)), 120, -4.2),
        spoke("moon_phase", Some((1.5, 1.0)), 3, 0.4),
        spoke("market", None, 0, -3.3),
        spoke("limit", None, 0, -2.6),
        spoke("prior", None, 0, -9.8),
        spoke("mixture", None, 0, -1.1),
        silent("too_fast", "the orders do not carry the field"),
        silent("sighting", "nothing of the kind arrived"),
    ]
}

pub(super) fn flag(code: &str) -> Flag {
    let evidence = evidence();
    Flag {
        flag_id: promoguard_event::flag_id(code, promoguard_event::Track::Leak, 1),
        rev: 1,
        code: code.to_owned(),
        partner_id: Some("p-0117".to_owned()),
        merchant: Some("sulpak".to_owned()),
        marketplace: None,
        ts: at("2026-03-04T13:05:00Z"),
        state: FlagState::Opened,
        kind: FlagKind::CouponSite,
        score: Flag::score_from(&evidence),
        basis: Basis::EDetector,
        onset: Onset {
            at: at("2026-03-02T06:20:00Z"),
            low: at("2026-03-01T15:00:00Z"),
            high: at("2026-03-03T09:00:00Z"),
        },
        evidence,
        exposure: Exposure {
            leaked_orders: IntervalF {
                estimate: 211.7,
                low: 180.2,
                high: 240.4,
            },
            commission: Some(IntervalDecimal {
                estimate: Decimal(3_180_000_000),
                low: Decimal(2_700_000_000),
                high: Decimal(3_612_500_000),
            }),
            vat: Some(Decimal(508_800_000)),
            currency: Currency::KZT,
        },
        top_referrers: vec![
            TopReferrer {
                host: "promokodus.example".to_owned(),
                orders: 61,
                known_coupon_site: true,
            },
            TopReferrer {
                host: "skidki-almaty.example".to_owned(),
                orders: 17,
                known_coupon_site: false,
            },
        ],
        detector: "promoguard-detect/0.1.0 3f2a".to_owned(),
        data_gap: false,
        hour: Hour::from_index(first_hour()),
    }
}

/// A later revision with one line of evidence changed so that the score is this.
pub(super) fn revised(mut flag: Flag, rev: u32, decibans: f64) -> Flag {
    flag.rev = rev;
    flag.state = if rev == 1 {
        FlagState::Opened
    } else {
        FlagState::Updated
    };
    flag.evidence = vec![spoke("cold", Some((0.9, 0.3)), 9, decibans)];
    flag.score = Flag::score_from(&flag.evidence);
    flag
}

/// Orders of a day: two posts of the partner, a week's rhythm, and from one day on a leak.
fn day_orders(code: &str, day: i32) -> (u64, u64) {
    let weekend = u64::from(day % 7 >= 5);
    let wobble = (day * 7_919 % 5) as u64;
    let post = |on: i32| {
        [14, 9, 5, 3, 2]
            .get((day - on) as usize)
            .copied()
            .unwrap_or(0)
    };
    let own = 3 + weekend * 2 + wobble / 2 + post(12) + post(47);
    let leaked = match code {
        "AIGERIM15" if day >= LEAK_DAY => 4 + (day - LEAK_DAY).min(9) as u64 + wobble,
        "TIMUR-20" if (20..34).contains(&day) => 4 + wobble,
        _ => 0,
    };
    (own, leaked)
}

pub(super) fn parts() -> (Vec<Window>, Vec<Flag>, Vec<CodeEntry>) {
    let mut windows = Vec::new();
    for code in ["AIGERIM15", "TIMUR-20", "DANA_RU", "SAULE10"] {
        for day in 0..DAYS {
            let (own, leaked) = day_orders(code, day);
            let mut window = window(code, first_hour() + day * 24, own);
            window.orders.paid += leaked;
            window.clickless_orders += leaked * 9 / 10;
            if code == "DANA_RU" && day > 80 {
                window.clicks *= 9;
            }
            windows.push(window);
        }
    }
    let opened = Flag {
        score: Decibans::new(30.4),
        ..flag("AIGERIM15")
    };
    let escalated = Flag {
        rev: 2,
        state: FlagState::Escalated,
        ts: at("2026-03-06T08:00:00Z"),
        ..flag("AIGERIM15")
    };
    let latest = Flag {
        rev: 3,
        state: FlagState::Updated,
        ts: at("2026-04-10T08:59:00Z"),
        ..flag("AIGERIM15")
    };
    let flags = vec![opened, escalated, latest, flood(), cleared()];
    let entries = vec![
        entry(
            "AIGERIM15",
            "p-0117",
            &["2026-01-13T12:00:00Z", "2026-02-17T12:00:00Z"],
        ),
        entry("TIMUR-20", "p-0042", &[]),
        entry("SAULE10", "p-0300", &[]),
    ];
    (windows, flags, entries)
}

fn flood() -> Flag {
    let evidence = vec![
        spoke("click_growth", Some((8.93, 1.0)), 40, 21.0),
        spoke("click_composition", Some((0.74, 0.3)), 40, 21.0),
        spoke("prior", None, 0, -6.0),
        spoke("mixture", None, 0, -1.4),
    ];
    let since = at("2026-03-23T07:00:00Z");
    Flag {
        kind: FlagKind::ClickFlood,
        score: Flag::score_from(&evidence),
        ts: at("2026-03-23T15:00:00Z"),
        onset: Onset {
            at: since,
            low: since,
            high: since,
        },
        evidence,
        partner_id: None,
        merchant: None,
        exposure: Exposure {
            leaked_orders: IntervalF::default(),
            commission: None,
            vat: None,
            currency: Currency::RUB,
        },
        top_referrers: Vec::new(),
        data_gap: true,
        ..flag("DANA_RU")
    }
}

fn cleared() -> Flag {
    Flag {
        state: FlagState::Cleared,
        kind: FlagKind::InsiderOrCommunity,
        ts: at("2026-02-14T10:00:00Z"),
        partner_id: Some("p-0042".to_owned()),
        marketplace: Some("kaspi".to_owned()),
        onset: Onset {
            at: at("2026-01-21T05:00:00Z"),
            low: at("2026-01-19T19:00:00Z"),
            high: at("2026-01-23T19:00:00Z"),
        },
        exposure: Exposure {
            leaked_orders: IntervalF {
                estimate: 62.3,
                low: 48.9,
                high: 75.0,
            },
            commission: None,
            vat: None,
            ..flag("TIMUR-20").exposure
        },
        top_referrers: Vec::new(),
        rev: 2,
        ..flag("TIMUR-20")
    }
}

pub(super) fn small_run() -> ReportCollector {
    let mut report = ReportCollector::new(ZONE).unwrap();
    let (windows, flags, entries) = parts();
    windows.iter().for_each(|window| report.add_window(window));
    flags.iter().for_each(|flag| report.add_flag(flag));
    entries.iter().for_each(|entry| report.add_entry(entry));
    report
}

pub(super) fn scores() -> Vec<ScoreLine> {
    let line = |code: &str, peak: Option<f64>, orders| ScoreLine {
        code: code.to_owned(),
        peak_score: peak.map(Decibans::new),
        peak_at: peak.map(|_| at("2026-03-09T10:00:00Z")),
        score: peak.map(|_| Decibans::new(-3.0)),
        clicks: orders * 12,
        orders,
        clickless_orders: orders / 4,
        reach: orders * 11,
        amounts: BTreeMap::from([(Currency::KZT, Decimal(orders as i128 * 183_000_000))]),
    };
    vec![
        line("AIGERIM15", Some(46.5), 1_031),
        line("DANA_RU", Some(34.6), 520),
        line("SAULE10", Some(14.2), 519),
        line("TIMUR-20", Some(38.0), 610),
        line("ZHANNA5", None, 4),
    ]
}

pub(super) fn tally() -> Tally {
    let mut tally = Tally::default();
    let orders = tally.counts.of_mut(Topic::Orders);
    (
        orders.read,
        orders.accepted,
        orders.duplicate,
        orders.conflict,
    ) = (2_712, 2_684, 27, 1);
    let clicks = tally.counts.of_mut(Topic::Clicks);
    (clicks.read, clicks.accepted, clicks.late, clicks.too_late) = (31_204, 31_200, 112, 4);
    tally
        .counts
        .add_dead_letter(Topic::Orders, ErrorKind::BadAmount);
    tally
}

pub(super) fn run_page(report: ReportCollector, scores: &[ScoreLine], tally: &Tally) -> String {
    let mut html = Vec::new();
    report.write_html(&mut html, scores, tally).unwrap();
    let html = String::from_utf8(html).unwrap();
    // A release shall not change the page on record.
    html.replace(
        concat!("promoguard ", env!("CARGO_PKG_VERSION")),
        "promoguard VERSION",
    )
}
