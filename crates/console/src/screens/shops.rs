//! Merchants: what leaks where.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_review::{QueueFilter, QueueSort, QueueStatus, ShopRow};

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, nothing};
use crate::policy::Permission;
use crate::screens::queue;

pub(crate) fn all(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let rows = parts.store.shops(None, &visitor.scope())?;
    let title = t.say("shops-title");
    let body = html! {
        div.head { h1 { (title) }
            @if visitor.may(Permission::Export) { a.file href="/shops.csv" { "CSV" } } }
        @if rows.is_empty() { (nothing(visitor, "shops-none")) } @else { (table(visitor, &rows)) }
        p.soft { (t.say("shops-how")) }
    };
    let page = page::shell(parts, visitor, Section::Shops, &title, body);
    Ok(page::answer(page))
}

pub(crate) fn one(
    parts: &Parts,
    visitor: &Visitor,
    merchant: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let (scope, now_ms) = (visitor.scope(), wall_ms());
    let rows = parts.store.shops(Some(merchant), &scope)?;
    let is_known = scope.allows(Some(merchant))
        && parts
            .store
            .merchants()?
            .iter()
            .any(|known| known == merchant);
    if rows.is_empty() && !is_known {
        return Err(Fault::NotFound);
    }
    let filter = QueueFilter {
        status: QueueStatus::Waiting,
        merchant: Some(merchant.to_owned()),
        sort: QueueSort::Exposure,
        limit: 20,
        ..QueueFilter::default()
    };
    let list = parts.store.queue(&filter, &scope, now_ms)?;
    let title = page::visible(merchant);
    let body = html! {
        div.head { h1 { (name(merchant)) } }
        section aria-labelledby="places" { h2 id="places" { (t.say("shops-places")) }
            @if rows.is_empty() { (nothing(visitor, "shops-none")) } @else { (table(visitor, &rows)) } }
        section aria-labelledby="top" { h2 id="top" { (t.say("shops-top")) }
            @if list.cards.is_empty() { (nothing(visitor, "queue-empty")) } @else {
                (queue::table(visitor, &list, now_ms, true)) } }
    };
    let page = page::shell(parts, visitor, Section::Shops, &title, body);
    Ok(page::answer(page))
}

fn table(visitor: &Visitor, rows: &[ShopRow]) -> Markup {
    let t = &visitor.texts;
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("shops-title")) {
            table.rows {
                thead { tr {
                    th scope="col" { (t.say("col-merchant")) } th scope="col" { (t.say("col-marketplace")) }
                    th.number scope="col" { (t.say("col-leaking")) } th.number scope="col" { (t.say("col-leaked")) }
                    th.number scope="col" { (t.say("col-waiting")) } th.number scope="col" { (t.say("col-flags")) }
                } }
                tbody { @for row in rows {
                    tr {
                        th.code scope="row" { @if row.merchant.is_empty() { (t.say("merchant-none")) } @else {
                            a.open href=(link::shop(&row.merchant)) { (name(&row.merchant)) } } }
                        td { @match &row.marketplace { Some(marketplace) => (name(marketplace)), None => (t.say("own-site")) } }
                        td.number.strong { (t.money(row.leaking, row.currency)) }
                        td.number { (t.money(row.exposure, row.currency)) }
                        td.number { (t.words.count(row.waiting)) }
                        td.number { (t.words.count(row.flags)) }
                    }
                } }
            }
        }
    }
}
