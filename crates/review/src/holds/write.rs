//! A list of holds as CSV or NDJSON, and its totals for people.
//!
//! Decides: columns and their texts. Must not know: where the text goes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use promoguard_event::{Currency, Decimal, Exposure, FlagState};
use serde::Serialize;

use super::{HeldFlag, HoldLine, HoldList, Reason, Totals};
use crate::csv::cell;

/// The columns of the CSV, and the fields of the NDJSON.
pub const COLUMNS: [&str; 12] = [
    "order_id",
    "merchant",
    "code",
    "ts",
    "amount",
    "currency",
    "commission",
    "p_leak",
    "decision",
    "hold",
    "release",
    "reason",
];

#[derive(Serialize)]
struct Row<'a> {
    order_id: &'a str,
    merchant: &'a str,
    code: &'a str,
    ts: String,
    amount: Decimal,
    currency: Currency,
    commission: Option<Decimal>,
    p_leak: f64,
    decision: &'static str,
    hold: Option<Decimal>,
    release: Option<Decimal>,
    reason: &'static str,
}

/// The header line of the CSV.
pub fn csv_header() -> String {
    COLUMNS.join(",") + "\n"
}

/// One line of CSV (RFC 4180). A text that a spreadsheet program would take for a formula gets an
/// apostrophe in front.
pub fn csv_line(line: &HoldLine) -> String {
    let order = &line.order;
    let money = |value: Option<Decimal>| value.map_or_else(String::new, |value| value.to_string());
    let cells = [
        cell(&order.order_id),
        cell(&order.merchant),
        cell(&order.code),
        order.ts.to_string(),
        order.amount.to_string(),
        order.currency.to_string(),
        money(order.commission),
        probability(line.p_leak_ppm),
        decision(line).to_owned(),
        money(line.hold),
        money(line.release),
        line.reason.as_str().to_owned(),
    ];
    cells.join(",") + "\n"
}

/// One line of NDJSON.
pub fn ndjson_line(line: &HoldLine) -> String {
    let order = &line.order;
    let row = Row {
        order_id: &order.order_id,
        merchant: &order.merchant,
        code: &order.code,
        ts: order.ts.to_string(),
        amount: order.amount,
        currency: order.currency,
        commission: order.commission,
        p_leak: f64::from(line.p_leak_ppm) / 1e6,
        decision: decision(line),
        hold: line.hold,
        release: line.release,
        reason: line.reason.as_str(),
    };
    serde_json::to_string(&row).expect("a row is plain data") + "\n"
}

/// `hold` where anything is held, `release` where nothing is.
fn decision(line: &HoldLine) -> &'static str {
    match line.hold {
        Some(Decimal(held)) if held > 0 => "hold",
        _ => "release",
    }
}

fn probability(ppm: u32) -> String {
    format!("{}.{:06}", ppm / 1_000_000, ppm % 1_000_000)
}

/// The totals as people read them.
pub fn summary(list: &HoldList, flag: Option<&HeldFlag>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = match list.until {
        Some(until) => writeln!(text, "window: {} to {until}", list.from),
        None => writeln!(text, "window: from {} on", list.from),
    };
    for (currency, totals) in &list.totals {
        let Totals {
            orders,
            commission,
            held,
            released,
            ..
        } = totals;
        let _ = writeln!(
            text,
            "{currency}: {orders} orders, commission {commission} = {held} held + {released} released"
        );
        if totals.without_commission > 0 {
            let _ = writeln!(
                text,
                "{currency}: {} of them without a commission in the registry: nothing to hold",
                totals.without_commission
            );
        }
    }
    for (currency, totals) in &list.totals {
        let leaked = totals.leaked_ppm as f64 / 1e6;
        let _ = writeln!(
            text,
            "{currency}: the probabilities add up to {leaked:.1} leaked orders"
        );
    }
    for (reason, word) in [
        (Reason::Cancelled, "cancelled"),
        (Reason::Returned, "returned"),
    ] {
        let fallen = list
            .lines
            .iter()
            .filter(|line| line.reason == reason)
            .count();
        if fallen > 0 {
            let _ = writeln!(text, "released because they were {word}: {fallen}");
        }
    }
    for (totals, side) in [(&list.before, "before"), (&list.after, "after")] {
        write_outside(&mut text, totals, side);
    }
    if let Some(flag) = flag {
        write_flag(&mut text, flag);
    }
    text
}

fn write_outside(text: &mut String, totals: &BTreeMap<Currency, Totals>, side: &str) {
    for (currency, totals) in totals {
        let _ = writeln!(
            text,
            "{currency}: {} orders {side} the window, commission {}, all released and not listed",
            totals.orders, totals.released
        );
    }
}

fn write_flag(text: &mut String, flag: &HeldFlag) {
    let Exposure {
        leaked_orders: leaked,
        commission,
        currency,
        ..
    } = &flag.exposure;
    let _ = write!(
        text,
        "the flag itself (rev {}, {}) says: {:.1} leaked orders ({:.1} to {:.1})",
        flag.rev,
        flag.state.as_str(),
        leaked.estimate,
        leaked.low,
        leaked.high
    );
    if let Some(commission) = commission {
        let _ = write!(
            text,
            ", commission {} ({} to {}) {currency}",
            commission.estimate, commission.low, commission.high
        );
    }
    let _ = writeln!(text, ", as of {}", flag.judged_until);
    if flag.state == FlagState::Cleared {
        let _ = writeln!(
            text,
            "the flag was cleared: if a person found the orders legitimate, release them all"
        );
    }
}
