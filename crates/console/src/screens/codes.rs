//! The registry: any code, flagged or not.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_review::{CodeFilter, CodeRow};

use crate::access::Visitor;
use crate::app::Parts;
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, nothing, pager};
use crate::policy::Permission;

const PER_PAGE: u32 = 50;

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Codes,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let number = page::page_number(asked.page.as_deref());
    let filter = CodeFilter {
        text: asked.text.clone(),
        merchant: asked.merchant.clone(),
        partner: None,
        offset: number.saturating_mul(PER_PAGE),
        limit: PER_PAGE,
    };
    let (total, rows) = parts.store.codes(&filter, &visitor.scope())?;
    let title = t.say("codes-title");
    let address = |number: u32| {
        let number = (number + 1).to_string();
        let values = [
            ("text", asked.text.as_deref()),
            ("merchant", asked.merchant.as_deref()),
            ("page", Some(number.as_str())),
        ];
        page::query("/codes", &values)
    };
    let body = html! {
        div.head { h1 { (title) } p.soft { (t.counted("codes-count", total)) } }
        form.filters method="get" action="/codes" role="search" aria-label=(t.say("filters")) {
            label { span { (t.say("filter-code")) }
                input id="search" type="search" name="text" value=[asked.text.as_deref()] autocomplete="off" spellcheck="false"; }
            button type="submit" { (t.say("filter-go")) }
            @if visitor.may(Permission::Export) { a.file href="/codes.csv" { "CSV" } }
        }
        @if rows.is_empty() { (nothing(visitor, "codes-none")) } @else { (table(visitor, &rows)) }
        (pager(visitor, number, PER_PAGE, total, address))
        p.soft { (t.say("codes-how")) }
    };
    Ok(page::answer(page::shell(
        parts,
        visitor,
        Section::Codes,
        &title,
        body,
    )))
}

pub(crate) fn table(visitor: &Visitor, rows: &[CodeRow]) -> Markup {
    let t = &visitor.texts;
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("codes-title")) {
            table.rows {
                thead { tr {
                    th scope="col" { (t.say("col-code")) } th scope="col" { (t.say("col-partner")) }
                    th scope="col" { (t.say("col-merchant")) }
                    th.number scope="col" { (t.say("col-week-orders")) } th.number scope="col" { (t.say("col-clickless")) }
                    th.number scope="col" { (t.say("col-week-clicks")) } th.number scope="col" { (t.say("col-flags")) }
                    th.number scope="col" { (t.say("col-open-score")) }
                } }
                tbody { @for row in rows {
                    tr data-row=(row.code) {
                        th.code scope="row" { a.open href=(link::code(&row.code)) { (name(&row.spelling)) } }
                        td { a href=(link::partner(&row.partner_id)) { (name(&row.partner_id)) } }
                        td { a href=(link::shop(&row.merchant)) { (name(&row.merchant)) }
                            @if let Some(marketplace) = &row.marketplace { " · " (name(marketplace)) } }
                        td.number { (t.words.count(row.orders)) }
                        td.number { (t.words.count(row.clickless)) }
                        td.number { (t.words.count(row.clicks)) }
                        td.number { (t.words.count(row.flags)) }
                        td.number { @if let Some(score) = row.score { (t.decibans(score)) } @else { "–" } }
                    }
                } }
            }
        }
    }
}
