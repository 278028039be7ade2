//! A partner: its codes, its past, and what was held.

use axum::response::Response;
use maud::html;

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::page::{self, Section, name, nothing};
use crate::screens::{code, codes, queue};

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    partner_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let now_ms = wall_ms();
    let sheet = parts.store.partner(partner_id, &visitor.scope(), now_ms)?;
    let sheet = sheet.ok_or(Fault::NotFound)?;
    let decided = |outcomes: &[&str]| {
        let with = sheet
            .flags
            .iter()
            .filter_map(|card| card.outcome.as_deref());
        with.filter(|outcome| outcomes.contains(outcome)).count() as u64
    };
    let hits = decided(&["leak"]);
    let misses = decided(&["legitimate", "permitted", "expected", "data_error"]);
    let title = page::visible(partner_id);
    let body = html! {
        div.head {
            div { h1 { (name(partner_id)) }
                @if let Some(entry) = &sheet.entry {
                    p.about {
                        @if let Some(tier) = &entry.tier { (name(tier)) " " }
                        @if let Some(followers) = entry.followers { (t.counted("followers", followers)) " " }
                        @if let Some(city) = &entry.city { (name(city)) }
                    }
                }
            }
            dl.figures {
                div { dt { (t.say("partner-flags")) } dd { (t.words.count(sheet.flags.len() as u64)) } }
                div { dt { (t.say("partner-hits")) } dd { (t.words.count(hits)) }
                    dd.soft { (t.with("partner-of", &[("all", &t.words.count(hits + misses))])) } }
                div { dt { (t.say("partner-held")) } dd { (queue::sums(visitor, &sheet.held)) } }
            }
        }
        section aria-labelledby="flags" { h2 id="flags" { (t.say("partner-flags")) }
            @if sheet.flags.is_empty() { (nothing(visitor, "partner-no-flags")) } @else {
                (queue::table(visitor, &code::as_list(sheet.flags.clone()), now_ms, false)) } }
        section aria-labelledby="codes" { h2 id="codes" { (t.say("codes-title")) }
            @if sheet.codes.is_empty() { (nothing(visitor, "codes-none")) } @else { (codes::table(visitor, &sheet.codes)) } }
    };
    Ok(page::answer(page::shell(
        parts,
        visitor,
        Section::Codes,
        &title,
        body,
    )))
}
