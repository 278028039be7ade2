//! One function for each address.

use axum::http::StatusCode;
use axum::response::Response;
use promoguard_event::{EventTime, Outcome, parse_rfc3339};
use promoguard_review::holds::HoldFrom;
use promoguard_review::{CodeFilter, DecideError};
use serde::Deserialize;

use super::views::{Code, Decision, Flag, Noted, Order, Page, WholeCode, WholeFlag};
use super::{json, problem};
use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::page;
use crate::screens;
use crate::screens::decide::Meant;

/// Flags and codes of one answer.
const PER_PAGE: u32 = 100;
/// Orders of one answer.
const ORDERS_PER_PAGE: u32 = 1_000;

fn listed<T>(page: u32, per_page: u32, total: u64, items: Vec<T>) -> Page<T> {
    Page {
        total,
        page: page + 1,
        per_page,
        items,
    }
}

pub(crate) fn flags(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Queue,
) -> Result<Response, Fault> {
    if !screens::queue::is_known(&asked) {
        return Err(Fault::Wrong("fault-filter"));
    }
    let now_ms = wall_ms();
    let filter = screens::queue::filter(&asked, visitor, PER_PAGE);
    let list = parts.store.queue(&filter, &visitor.scope(), now_ms)?;
    let items = list.cards.into_iter().map(|card| Flag::new(card, now_ms));
    let page = filter.offset / PER_PAGE;
    let answer = listed(page, PER_PAGE, list.total, items.collect());
    Ok(json(StatusCode::OK, &answer))
}

pub(crate) fn flag(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let scope = visitor.scope();
    let card = parts.store.flag_card(flag_id, &scope)?;
    let card = card.ok_or(Fault::NotFound)?;
    let sheet = parts
        .store
        .code_sheet(&card.code, Some(flag_id), 1, &scope)?;
    let sheet = sheet.ok_or(Fault::NotFound)?;
    let decisions = sheet.decisions.into_iter();
    let answer = WholeFlag {
        flag: Flag::new(card, wall_ms()),
        record: sheet.flag,
        decisions: decisions
            .filter(|decision| decision.flag_id == flag_id)
            .map(Decision::from)
            .collect(),
    };
    Ok(json(StatusCode::OK, &answer))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Paged {
    page: Option<String>,
}

pub(crate) fn orders(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    asked: Paged,
) -> Result<Response, Fault> {
    let inputs = parts.store.hold_inputs(flag_id, &visitor.scope())?;
    let (_, orders) = inputs.ok_or(Fault::NotFound)?;
    let total = orders.len() as u64;
    let page = page::page_number(asked.page.as_deref());
    let skipped = (page as usize).saturating_mul(ORDERS_PER_PAGE as usize);
    let items: Vec<Order> = orders
        .into_iter()
        .skip(skipped)
        .take(ORDERS_PER_PAGE as usize)
        .map(Order::from)
        .collect();
    let actor = visitor.actor()?;
    parts
        .store
        .note_in_audit(&actor, "export", flag_id, &items.len(), wall_ms())?;
    let answer = listed(page, ORDERS_PER_PAGE, total, items);
    Ok(json(StatusCode::OK, &answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDecision {
    rev: u32,
    decisions_seen: u32,
    outcome: String,
    hold_from: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
    expected_post: Option<EventTime>,
    worth: Option<bool>,
    note: Option<String>,
}

pub(crate) fn decide(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    sent: NewDecision,
) -> Result<Response, Fault> {
    let hold = match sent.hold_from.as_deref() {
        None => None,
        Some("low") => Some(HoldFrom::Low),
        Some("onset") => Some(HoldFrom::Onset),
        Some(text) => {
            let at = parse_rfc3339(text).map_err(|_| Fault::Wrong("fault-hold-at"))?;
            Some(HoldFrom::At(at))
        }
    };
    let meant = Meant {
        rev: sent.rev,
        seen: sent.decisions_seen,
        outcome: Outcome::parse(&sent.outcome).ok_or(Fault::Wrong("fault-outcome"))?,
        hold,
        hosts: sent.hosts,
        expected_post: sent.expected_post,
        worth: sent.worth,
        note: sent.note,
    };
    let decision = screens::decide::checked(parts, visitor, flag_id, meant)?;
    let (actor, scope) = (visitor.actor()?, visitor.scope());
    let t = &visitor.texts;
    match parts.store.decide(&decision, &actor, &scope, wall_ms()) {
        Ok(stored) => Ok(json(StatusCode::CREATED, &Decision::from(stored))),
        Err(DecideError::Overtaken(_)) => {
            Ok(problem(StatusCode::CONFLICT, t.say("fault-overtaken")))
        }
        Err(DecideError::Claimed(who)) => Ok(problem(
            StatusCode::CONFLICT,
            t.with("claimed-by", &[("who", &who)]),
        )),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn codes(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Codes,
) -> Result<Response, Fault> {
    let page = page::page_number(asked.page.as_deref());
    let filter = CodeFilter {
        text: asked.text,
        merchant: asked.merchant,
        partner: None,
        offset: page.saturating_mul(PER_PAGE),
        limit: PER_PAGE,
    };
    let (total, rows) = parts.store.codes(&filter, &visitor.scope())?;
    let items = rows.into_iter().map(Code::from).collect();
    Ok(json(StatusCode::OK, &listed(page, PER_PAGE, total, items)))
}

pub(crate) fn code(
    parts: &Parts,
    visitor: &Visitor,
    code: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let sheet = parts.store.code_sheet(code, None, 1, &visitor.scope())?;
    let sheet = sheet.ok_or(Fault::NotFound)?;
    let now_ms = wall_ms();
    let flags = sheet.flags.into_iter();
    let answer = WholeCode {
        code: sheet.code,
        spelling: sheet.spelling,
        entry: sheet.entry,
        flags: flags.map(|card| Flag::new(card, now_ms)).collect(),
        decisions: sheet.decisions.into_iter().map(Decision::from).collect(),
        notes: sheet.notes.into_iter().map(Into::into).collect(),
    };
    Ok(json(StatusCode::OK, &answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    text: String,
}

pub(crate) fn note(
    parts: &Parts,
    visitor: &Visitor,
    code: &str,
    sent: NewNote,
) -> Result<Response, Fault> {
    let code = screens::code::add_note(parts, visitor, code, &sent.text)?;
    Ok(json(StatusCode::CREATED, &Noted { code }))
}

/// The newest ones.
pub(crate) fn decisions(
    parts: &Parts,
    visitor: &Visitor,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let decisions = parts.store.decisions(&visitor.scope(), PER_PAGE)?;
    let items: Vec<Decision> = decisions.into_iter().map(Decision::from).collect();
    Ok(json(StatusCode::OK, &items))
}

pub(crate) fn audit(
    parts: &Parts,
    visitor: &Visitor,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    screens::export::audit_ndjson(parts, visitor)
}
