//! Records that could not be read, as they came.

use axum::response::Response;
use maud::html;

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::page::{self, Section, name, nothing};

const SHOWN: u32 = 100;
/// Bytes of a record on the page.
const BYTES_SHOWN: usize = 400;

pub(crate) fn show(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let (count, letters) = parts.store.dead_letters(SHOWN)?;
    // They may hold personal data: who looked is on record.
    let actor = visitor.actor()?;
    parts
        .store
        .note_in_audit(&actor, "read dead letters", "", &count, wall_ms())?;
    let title = t.say("dead-title");
    let body = html! {
        div.head { h1 { (title) } p.soft { (t.say("dead-how")) } }
        @if letters.is_empty() { (nothing(visitor, "dead-none")) } @else {
            p { (t.counted("dead-count", count)) }
            div.wide tabindex="0" role="group" aria-label=(title) { table.rows {
                thead { tr { th scope="col" { (t.say("dead-error")) } th scope="col" { (t.say("dead-place")) } th scope="col" { (t.say("dead-raw")) } } }
                tbody { @for letter in &letters { tr {
                    th scope="row" { code { (name(&letter.error)) } @if let Some(field) = &letter.field { " " code { (name(field)) } } }
                    td { (name(&letter.source)) " " (name(&letter.place)) }
                    td { code.raw { (raw(&letter.raw)) } }
                } } }
            } }
        }
    };
    let page = page::shell(parts, visitor, Section::DeadLetters, &title, body);
    Ok(page::answer(page))
}

fn raw(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(BYTES_SHOWN)];
    let text = page::visible(&String::from_utf8_lossy(shown));
    if bytes.len() > BYTES_SHOWN {
        format!("{text} …")
    } else {
        text
    }
}
