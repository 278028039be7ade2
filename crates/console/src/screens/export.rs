//! Lists as files.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use promoguard_event::{Decimal, EventTime};
use promoguard_review::holds::{FallenOrders, HoldFrom, HoldRequest, Rule, holds, write};
use promoguard_review::{CodeFilter, csv};

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::screens::queue;

/// Lines of a file; a bound on the memory of one request.
const LINES_MAX: u32 = 50_000;

fn file(
    parts: &Parts,
    visitor: &Visitor,
    name: &str,
    kind: &'static str,
    text: String,
) -> Result<Response, Fault> {
    let actor = visitor.actor()?;
    let lines = text.lines().count();
    parts
        .store
        .note_in_audit(&actor, "export", name, &lines, wall_ms())?;
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"promoguard-{name}\""),
        ),
    ];
    Ok((headers, text).into_response())
}

const CSV: &str = "text/csv; charset=utf-8";

fn money(amount: Option<Decimal>) -> String {
    amount.map_or_else(String::new, |amount| amount.to_string())
}

pub(crate) fn flags(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Queue,
) -> Result<Response, Fault> {
    let mut filter = queue::filter(&asked, visitor, LINES_MAX);
    filter.offset = 0;
    let list = parts.store.queue(&filter, &visitor.scope(), wall_ms())?;
    let mut text = csv::line([
        "flag_id",
        "code",
        "partner_id",
        "merchant",
        "marketplace",
        "kind",
        "state",
        "outcome",
        "score",
        "onset",
        "onset_low",
        "onset_high",
        "leaked_orders",
        "commission",
        "commission_low",
        "commission_high",
        "leaking_24h",
        "currency",
        "opened",
    ]);
    for card in &list.cards {
        let [onset, low, high] = card.onset.map(|at| at.to_string());
        let commission = card.commission;
        let cells = [
            card.flag_id.clone(),
            card.spelling.clone(),
            card.partner_id.clone().unwrap_or_default(),
            card.merchant.clone().unwrap_or_default(),
            card.marketplace.clone().unwrap_or_default(),
            card.kind.clone(),
            card.state.clone(),
            card.outcome.clone().unwrap_or_default(),
            format!("{:.3}", card.score),
            onset,
            low,
            high,
            format!("{:.2}", card.leaked[0]),
            money(commission.map(|[estimate, ..]| estimate)),
            money(commission.map(|[_, low, _]| low)),
            money(commission.map(|[_, _, high]| high)),
            card.leaking.to_string(),
            card.currency.to_string(),
            card.opened.to_string(),
        ];
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    file(parts, visitor, "flags.csv", CSV, text)
}

/// What the flag holds and releases, order by order, as `promoguard holds` writes it.
pub(crate) fn orders(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let inputs = parts.store.hold_inputs(flag_id, &visitor.scope())?;
    let (flag, orders) = inputs.ok_or(Fault::NotFound)?;
    let request = HoldRequest {
        flag_id,
        flag: Some(&flag),
        from: HoldFrom::Low,
        rule: Rule::Part,
    };
    let list = holds(&request, &orders, &FallenOrders::new()).map_err(|_| Fault::NotFound)?;
    let mut text = write::csv_header();
    for line in &list.lines {
        text.push_str(&write::csv_line(line));
    }
    file(parts, visitor, "orders.csv", CSV, text)
}

pub(crate) fn codes(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Codes,
) -> Result<Response, Fault> {
    let filter = CodeFilter {
        text: asked.text,
        merchant: asked.merchant,
        partner: None,
        offset: 0,
        limit: LINES_MAX,
    };
    let (_, rows) = parts.store.codes(&filter, &visitor.scope())?;
    let mut text = csv::line([
        "code",
        "partner_id",
        "merchant",
        "marketplace",
        "orders_7d",
        "clickless_7d",
        "clicks_7d",
        "flags",
        "open_score",
    ]);
    for row in rows {
        let cells = [
            row.spelling,
            row.partner_id,
            row.merchant,
            row.marketplace.unwrap_or_default(),
            row.orders.to_string(),
            row.clickless.to_string(),
            row.clicks.to_string(),
            row.flags.to_string(),
            row.score
                .map_or_else(String::new, |score| format!("{score:.3}")),
        ];
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    file(parts, visitor, "codes.csv", CSV, text)
}

pub(crate) fn shops(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let rows = parts.store.shops(None, &visitor.scope())?;
    let mut text = csv::line([
        "merchant",
        "marketplace",
        "currency",
        "leaking_24h",
        "exposure",
        "waiting",
        "flags",
    ]);
    for row in rows {
        let cells = [
            row.merchant,
            row.marketplace.unwrap_or_default(),
            row.currency.to_string(),
            row.leaking.to_string(),
            row.exposure.to_string(),
            row.waiting.to_string(),
            row.flags.to_string(),
        ];
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    file(parts, visitor, "shops.csv", CSV, text)
}

pub(crate) fn audit_csv(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let mut entries = parts.store.audit(None, LINES_MAX)?;
    entries.reverse();
    let mut text = csv::line([
        "seq", "utc", "actor", "role", "action", "object", "detail", "prev", "hash",
    ]);
    for entry in entries {
        let cells = [
            entry.seq.to_string(),
            EventTime::from_millis(entry.utc_ms).to_string(),
            entry.actor,
            entry.role,
            entry.action,
            entry.object,
            entry.detail,
            entry.prev,
            entry.hash,
        ];
        text.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    file(parts, visitor, "audit.csv", CSV, text)
}

pub(crate) fn audit_ndjson(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let mut entries = parts.store.audit(None, LINES_MAX)?;
    entries.reverse();
    let mut text = String::new();
    for entry in &entries {
        let line = serde_json::to_string(entry).map_err(|error| {
            Fault::Store(promoguard_review::StoreError::Damaged(
                "entry of the trail",
                error,
            ))
        })?;
        text.push_str(&line);
        text.push('\n');
    }
    file(parts, visitor, "audit.ndjson", "application/x-ndjson", text)
}
