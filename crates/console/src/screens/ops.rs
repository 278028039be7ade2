//! How the console itself is doing.

use axum::response::Response;
use maud::html;

use crate::access::Visitor;
use crate::app::Parts;
use crate::fault::Fault;
use crate::page::{self, Section, name, nothing, time};

/// Decisions shown as waiting; more than this is a stoppage, whatever their number.
const WAITING_MAX: u32 = 1_000;

pub(crate) fn show(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let fresh = parts.store.freshness()?;
    let waiting = parts.store.unpublished(WAITING_MAX)?;
    let positions = parts.store.positions()?;
    let title = t.say("ops-title");
    let body = html! {
        div.head { h1 { (title) } }
        dl.figures {
            div { dt { (t.say("ops-newest")) } dd { @match fresh.newest { Some(at) => (time(visitor, at)), None => "–" } }
                dd.soft { @if let Some(at) = fresh.newest { (t.ago(parts.now().millis_since(at))) } } }
            div { dt { (t.say("ops-records")) } dd { (t.words.count(fresh.records)) } }
            div { dt { (t.say("ops-refused")) } dd { (t.words.count(fresh.refused)) } dd.soft { (t.say("ops-refused-how")) } }
            div { dt { (t.say("ops-outbox")) } dd { (t.words.count(waiting.len() as u64)) } dd.soft { (t.say("ops-outbox-how")) } }
            div { dt { (t.say("ops-size")) } dd { (t.words.number(parts.store.bytes() as f64 / 1_048_576.0, 1)) "\u{a0}MiB" } }
        }
        section aria-labelledby="positions" { h2 id="positions" { (t.say("ops-positions")) }
            @if positions.is_empty() { (nothing(visitor, "ops-in-process")) } @else {
                table.rows.narrow-table {
                    thead { tr { th scope="col" { (t.say("ops-topic")) } th.number scope="col" { (t.say("ops-partition")) } th.number scope="col" { (t.say("ops-offset")) } } }
                    tbody { @for position in &positions { tr {
                        th scope="row" { (name(&position.topic)) } td.number { (position.partition) }
                        td.number { (t.words.count(position.next_offset.unsigned_abs())) } } } }
                } } }
        section aria-labelledby="elsewhere" { h2 id="elsewhere" { (t.say("ops-elsewhere")) } (nothing(visitor, "ops-metrics")) }
    };
    let page = page::shell(parts, visitor, Section::Ops, &title, body);
    Ok(page::answer(page))
}
