//! The trail of who did what.

use axum::response::Response;
use maud::html;
use promoguard_event::EventTime;
use promoguard_review::audit::Verdict;

use crate::access::Visitor;
use crate::app::Parts;
use crate::fault::Fault;
use crate::forms;
use crate::page::{self, Section, name, nothing, time};

const PER_PAGE: u32 = 100;

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Audit,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let below = asked.below.and_then(|text| text.parse().ok());
    let entries = parts.store.audit(below, PER_PAGE)?;
    let title = t.say("audit-title");
    let body = html! {
        div.head { h1 { (title) }
            p { a.file href="/audit.csv" { "CSV" } " " a.file href="/audit.ndjson" { "NDJSON" } } }
        @match parts.store.verify_audit()? {
            Verdict::Whole { entries, anchored } => p.said { span aria-hidden="true" { "✓ " }
                (t.with("audit-whole", &[("entries", &t.words.count(entries.unsigned_abs())), ("anchored", &t.words.count(anchored.unsigned_abs()))])) },
            Verdict::Broken { seq, why } => p.fault role="alert" { span aria-hidden="true" { "✗ " }
                (t.with("audit-broken", &[("seq", &seq.to_string()), ("why", why)])) },
        }
        @if entries.is_empty() { (nothing(visitor, "audit-none")) } @else {
            div.wide tabindex="0" role="group" aria-label=(title) { table.rows {
                thead { tr { th.number scope="col" { "№" } th scope="col" { (t.say("col-time")) } th scope="col" { (t.say("audit-who")) }
                    th scope="col" { (t.say("audit-action")) } th scope="col" { (t.say("audit-object")) } th scope="col" { (t.say("audit-detail")) } } }
                tbody { @for entry in &entries { tr {
                    td.number { (t.words.count(entry.seq.unsigned_abs())) }
                    td { (time(visitor, EventTime::from_millis(entry.utc_ms))) }
                    td { (name(&entry.actor)) " " span.soft { (entry.role) } }
                    td { (entry.action) }
                    td { code { (short(&entry.object)) } }
                    td { @if entry.detail != "null" { code.raw { (page::visible(&entry.detail)) } } }
                } } }
            } }
            @if let Some(last) = entries.last().filter(|last| last.seq > 1) {
                nav.pager aria-label=(t.say("pager")) { a rel="next" href=(format!("/audit?below={}", last.seq)) { (t.say("pager-on")) " →" } }
            }
        }
    };
    let page = page::shell(parts, visitor, Section::Audit, &title, body);
    Ok(page::answer(page))
}

/// The beginning of an id tells it well enough.
fn short(object: &str) -> String {
    let is_id = object.len() == 32 && object.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        format!("{}…", &object[..8])
    } else {
        page::visible(object)
    }
}
