//! A code: its days, the evidence, the money, and what was decided.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_event::{EventTime, Outcome};
use promoguard_review::{CodeRecord, CodeSheet, FlagCard, FlagRecord, QueuePage, SimilarWhy};

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::charts::{self, Heat, Timeline};
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, nothing, outcome_text, state, time};
use crate::policy::Permission;
use crate::screens::queue::{short_kind, until};
use crate::screens::{evidence, queue, reissue};

/// Days on the page.
const DAYS: u32 = 56;
const NOTE_BYTES_MAX: usize = 2_048;

/// The page of a flag's code.
pub(crate) fn by_flag(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let card = parts.store.flag_card(flag_id, &visitor.scope())?;
    let card = card.ok_or(Fault::NotFound)?;
    Ok(page::see(&link::flag(&card.code, flag_id)))
}

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    code: &str,
    asked: forms::Code,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let sheet = parts
        .store
        .code_sheet(code, asked.flag.as_deref(), DAYS, &visitor.scope())?
        .ok_or(Fault::NotFound)?;
    let card = chosen(&sheet);
    let newest = parts.store.freshness()?.newest.unwrap_or_default();
    let body = html! {
        @if let Some(done) = &asked.done {
            p.said role="status" { (t.with("decided-as-next", &[("outcome", &outcome_text(visitor, done))])) }
        }
        (heading(visitor, &sheet, card))
        section aria-labelledby="days" {
            h2 id="days" { (t.say("days-title")) }
            (days(visitor, &sheet, card, newest))
        }
        div.columns {
            div {
                section aria-labelledby="evidence" {
                    h2 id="evidence" { (t.say("evidence-title")) }
                    @match &sheet.flag {
                        Some(flag) => (evidence::waterfall(visitor, flag)),
                        None => (nothing(visitor, "evidence-none")),
                    }
                }
                section aria-labelledby="week" {
                    h2 id="week" { (t.say("week-title")) }
                    (week(visitor, &sheet, card, newest))
                }
                section aria-labelledby="orders" {
                    h2 id="orders" { (t.say("orders-title")) }
                    (orders(visitor, &sheet, card))
                }
            }
            div {
                section aria-labelledby="exposure" {
                    h2 id="exposure" { (t.say("exposure-title")) }
                    (money(visitor, sheet.flag.as_ref(), card))
                }
                section aria-labelledby="referrers" {
                    h2 id="referrers" { (t.say("referrers-title")) }
                    (referrers(visitor, sheet.flag.as_ref()))
                }
                section aria-labelledby="cities" {
                    h2 id="cities" { (t.say("cities-title")) }
                    (nothing(visitor, "cities-none"))
                }
                section aria-labelledby="decisions" {
                    h2 id="decisions" { (t.say("decisions-title")) }
                    (decisions(visitor, &sheet))
                    @if card.and_then(|card| card.outcome.as_deref()) == Some(Outcome::Leak.as_str()) {
                        (reissue::kit(visitor, &sheet))
                    }
                }
                section aria-labelledby="notes" {
                    h2 id="notes" { (t.say("notes-title")) }
                    (notes(visitor, &sheet, card))
                }
                section aria-labelledby="similar" {
                    h2 id="similar" { (t.say("similar-title")) }
                    (similar(visitor, &sheet))
                }
                section aria-labelledby="history" {
                    h2 id="history" { (t.say("history-title")) }
                    (history(visitor, &sheet))
                }
            }
        }
    };
    let page = page::shell(
        parts,
        visitor,
        Section::Codes,
        &page::visible(&sheet.spelling),
        body,
    );
    Ok(page::answer(page))
}

/// The flag that the page is about.
fn chosen(sheet: &CodeSheet) -> Option<&FlagCard> {
    let flag = sheet.flag.as_ref()?;
    sheet.flags.iter().find(|card| card.flag_id == flag.flag_id)
}

fn heading(visitor: &Visitor, sheet: &CodeSheet, card: Option<&FlagCard>) -> Markup {
    let t = &visitor.texts;
    html! {
        div.head.code-head {
            div {
                h1 { (name(&sheet.spelling)) }
                p.about {
                    @match card {
                        Some(card) => {
                            (state(visitor, &card.state, card.outcome.as_deref())) " "
                            (short_kind(visitor, &card.kind)) " "
                            span { (t.decibans(card.score)) }
                        }
                        None => span.soft { (t.say("never-flagged")) },
                    }
                }
                (registry(visitor, sheet.entry.as_ref()))
            }
            @if let Some(card) = card { (bar(visitor, card)) }
        }
    }
}

fn registry(visitor: &Visitor, entry: Option<&CodeRecord>) -> Markup {
    let t = &visitor.texts;
    let Some(entry) = entry else {
        return nothing(visitor, "not-registered");
    };
    let validity =
        |at: Option<promoguard_review::AnyTime>| at.map_or("…".to_owned(), |at| t.date(at.at()));
    html! {
        p.about {
            a href=(link::partner(&entry.partner_id)) { (name(&entry.partner_id)) }
            " · " a href=(link::shop(&entry.merchant.to_lowercase())) { (name(&entry.merchant)) }
            @if let Some(marketplace) = &entry.marketplace { " · " (name(marketplace)) }
            @if let Some(tier) = &entry.tier { " · " (name(tier)) }
            @if let Some(followers) = entry.followers { " · " (t.counted("followers", followers)) }
            @if let Some(city) = &entry.city { " · " (name(city)) }
            @if entry.starts_at.is_some() || entry.ends_at.is_some() {
                " · " (t.say("valid")) " " (validity(entry.starts_at)) "–" (validity(entry.ends_at))
            }
            @if entry.offline == Some(true) { " · " (t.say("offline")) }
        }
    }
}

/// Where one decides.
fn bar(visitor: &Visitor, card: &FlagCard) -> Markup {
    let t = &visitor.texts;
    let now_ms = wall_ms();
    let claim = card
        .claim
        .as_ref()
        .filter(|(_, until_ms)| *until_ms > now_ms);
    let mine = claim.is_some_and(|(who, _)| who == visitor.name());
    html! {
        div.bar-decide {
            @if visitor.may(Permission::Decide) {
                @match claim {
                    Some((who, until_ms)) if !mine => p {
                        strong { (t.with("claimed-by", &[("who", who)])) } br;
                        span.soft { (t.with("claimed-until", &[("time", &until(visitor, *until_ms))])) }
                    },
                    _ => {
                        form method="post" action=(format!("/flags/{}/claim", link::escaped(&card.flag_id))) {
                            button.decide.big type="submit" { (t.say("decide")) }
                        }
                    }
                }
                @if mine {
                    form method="post" action=(format!("/flags/{}/release", link::escaped(&card.flag_id))) {
                        button.plain type="submit" { (t.say("release")) }
                    }
                }
            }
            button.plain.copy type="button" data-copy=(link::flag(&card.code, &card.flag_id)) data-done=(t.say("copied")) hidden { (t.say("copy-link")) }
        }
    }
}

fn days(
    visitor: &Visitor,
    sheet: &CodeSheet,
    card: Option<&FlagCard>,
    newest: EventTime,
) -> Markup {
    let t = &visitor.texts;
    let posts: Vec<EventTime> = sheet
        .entry
        .iter()
        .flat_map(|entry| &entry.posts)
        .map(|post| post.at())
        .collect();
    let timeline = Timeline::new(
        &sheet.hours,
        newest,
        card.map(|card| card.onset),
        card.map(|card| card.opened),
        &posts,
        &t.clock,
    );
    let Some(timeline) = timeline else {
        return nothing(visitor, "days-none");
    };
    html! {
        (charts::timeline(&timeline, t))
        details {
            summary { (t.say("as-table")) }
            div.wide tabindex="0" role="group" aria-label=(t.say("days-title")) {
                table.plain {
                    thead { tr { th scope="col" { (t.say("col-day")) } th.number scope="col" { (t.say("col-all-orders")) }
                        th.number scope="col" { (t.say("col-clickless")) } th.number scope="col" { (t.say("col-clicks")) } } }
                    tbody { @for (day, sums) in timeline.rows() {
                        tr { th scope="row" { (day) } td.number { (t.words.count(sums.orders.into())) }
                            td.number { (t.words.count(sums.clickless.into())) } td.number { (t.words.count(sums.clicks.into())) } }
                    } }
                }
            }
        }
    }
}

fn week(
    visitor: &Visitor,
    sheet: &CodeSheet,
    card: Option<&FlagCard>,
    newest: EventTime,
) -> Markup {
    let t = &visitor.texts;
    let Some(first) = sheet.hours.first().map(|hour| hour.hour.start()) else {
        return nothing(visitor, "days-none");
    };
    let Some(card) = card else {
        let heat = Heat::new(&sheet.hours, first, newest, &t.clock);
        return charts::heat(&heat, charts::top(&[&heat]), &t.say("week-all"), t);
    };
    let [onset, ..] = card.onset;
    let before = Heat::new(&sheet.hours, first, onset.max(first), &t.clock);
    let after = Heat::new(&sheet.hours, onset, newest, &t.clock);
    let top = charts::top(&[&before, &after]);
    html! {
        (charts::heat(&before, top, &t.say("week-before"), t))
        (charts::heat(&after, top, &t.say("week-after"), t))
        p.soft { (t.with("week-how", &[("top", &t.words.number(top, 1))])) }
    }
}

fn orders(visitor: &Visitor, sheet: &CodeSheet, card: Option<&FlagCard>) -> Markup {
    let t = &visitor.texts;
    if sheet.orders.is_empty() {
        return nothing(visitor, "orders-none");
    }
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("orders-title")) {
            table.plain {
                thead { tr {
                    th scope="col" { (t.say("col-order")) } th scope="col" { (t.say("col-time")) }
                    th.number scope="col" { (t.say("col-amount")) } th.number scope="col" { (t.say("col-commission")) }
                    th.number scope="col" { (t.say("col-p-leak")) }
                } }
                tbody { @for row in &sheet.orders {
                    @let order = &row.order;
                    tr {
                        th scope="row" { (name(&order.order_id)) }
                        td { (time(visitor, order.ts)) }
                        td.number { (t.money(order.amount, order.currency)) }
                        td.number { @if let Some(commission) = order.commission { (t.money(commission, order.currency)) } @else { "–" } }
                        td.number { (t.words.percent(order.p_leak)) }
                    }
                } }
            }
        }
        p.soft {
            (t.with("orders-how", &[("shown", &t.words.count(sheet.orders.len() as u64)), ("all", &t.words.count(sheet.orders_total))]))
            @if let Some(card) = card.filter(|card| card.kind != "click_flood" && visitor.may(Permission::Export)) {
                " " a.file href=(format!("/flags/{}/orders.csv", link::escaped(&card.flag_id))) { (t.say("orders-csv")) }
            }
        }
    }
}

fn money(visitor: &Visitor, flag: Option<&FlagRecord>, card: Option<&FlagCard>) -> Markup {
    let t = &visitor.texts;
    let (Some(flag), Some(card)) = (flag, card) else {
        return nothing(visitor, "exposure-none");
    };
    let currency = card.currency;
    html! {
        dl.money {
            div { dt { (t.say("exposure-orders")) } dd { (queue::leaked(visitor, card)) } }
            div { dt { (t.say("exposure-commission")) } dd { (queue::exposure(visitor, card)) } }
            div { dt { (t.say("exposure-vat")) } dd {
                @match flag.exposure.vat { Some(vat) => (t.money(vat, currency)), None => span.soft { (t.say("vat-unknown")) } } } }
            div { dt { (t.say("exposure-leaking")) } dd { @if card.commission.is_some() { (t.money(card.leaking, currency)) } @else { "–" } } }
        }
        p.soft { (t.with("exposure-how", &[("time", &t.time(card.onset[0])), ("until", &t.time(flag.judged_until()))])) }
    }
}

fn referrers(visitor: &Visitor, flag: Option<&FlagRecord>) -> Markup {
    let t = &visitor.texts;
    let referrers = flag.map_or(&[][..], |flag| &flag.top_referrers);
    if referrers.is_empty() {
        return nothing(visitor, "referrers-none");
    }
    html! {
        table.plain {
            thead { tr { th scope="col" { (t.say("col-host")) } th.number scope="col" { (t.say("col-all-orders")) } } }
            tbody { @for referrer in referrers {
                tr {
                    th scope="row" { (name(&referrer.host))
                        @if referrer.known_coupon_site { " " span.chip.hot { span aria-hidden="true" { "% " } (t.say("coupon-site")) } } }
                    td.number { (t.words.count(referrer.orders)) }
                }
            } }
        }
    }
}

fn decisions(visitor: &Visitor, sheet: &CodeSheet) -> Markup {
    let t = &visitor.texts;
    if sheet.decisions.is_empty() {
        return nothing(visitor, "decisions-none");
    }
    html! {
        ul.log {
            @for decision in &sheet.decisions {
                li {
                    strong { (outcome_text(visitor, &decision.outcome)) } " "
                    span.soft { (name(&decision.actor)) ", " (time(visitor, decision.ts)) }
                    @if let Some((held, currency)) = decision.held {
                        br; (t.with("held", &[("amount", &t.money(held, currency)),
                            ("time", &decision.hold_from.map_or(String::new(), |at| t.time(at)))]))
                    }
                    @if let Some(note) = &decision.note { p.text { (page::visible(note)) } }
                    @if !decision.published { p.soft { (t.say("decision-waits")) } }
                }
            }
        }
    }
}

fn notes(visitor: &Visitor, sheet: &CodeSheet, card: Option<&FlagCard>) -> Markup {
    let t = &visitor.texts;
    html! {
        @if visitor.may(Permission::Decide) {
            form.note method="post" action=(format!("{}/notes", link::code(&sheet.code))) {
                @if let Some(card) = card { input type="hidden" name="flag" value=(card.flag_id); }
                label { span.unseen { (t.say("note-label")) }
                    textarea id="note" name="text" rows="2" maxlength=(NOTE_BYTES_MAX / 2) placeholder=(t.say("note-label")) required {} }
                button type="submit" { (t.say("note-add")) }
            }
        }
        @if sheet.notes.is_empty() { (nothing(visitor, "notes-none")) } @else {
            ul.log { @for note in &sheet.notes {
                li { span.soft { (name(&note.author)) ", " (time(visitor, note.ts)) } p.text { (page::visible_lines(&note.text)) } }
            } }
        }
    }
}

fn similar(visitor: &Visitor, sheet: &CodeSheet) -> Markup {
    let t = &visitor.texts;
    if sheet.similar.is_empty() {
        return nothing(visitor, "similar-none");
    }
    html! {
        ul.log { @for similar in &sheet.similar {
            li {
                a href=(link::flag(&similar.card.code, &similar.card.flag_id)) { (name(&similar.card.spelling)) }
                " " (state(visitor, &similar.card.state, similar.card.outcome.as_deref()))
                span.below { @match &similar.why {
                    SimilarWhy::Partner => (t.say("similar-partner")),
                    SimilarWhy::Host(host) => (t.with("similar-host", &[("host", &page::visible(host))])),
                    SimilarWhy::Evidence(alike) => (t.with("similar-evidence", &[("share", &t.words.percent(*alike))])),
                } }
            }
        } }
    }
}

fn history(visitor: &Visitor, sheet: &CodeSheet) -> Markup {
    let t = &visitor.texts;
    html! {
        @if sheet.revisions.is_empty() { (nothing(visitor, "history-none")) } @else {
            details {
                summary { (t.counted("history-revisions", sheet.revisions.len() as u64)) }
                ol.log { @for (_, at, state, score) in &sheet.revisions {
                    li { (time(visitor, *at)) " " (page::state(visitor, state, None)) " " (t.decibans(*score)) }
                } }
            }
        }
        @if sheet.flags.len() > 1 {
            h3 { (t.say("history-flags")) }
            ul.log { @for flag in &sheet.flags {
                li { a href=(link::flag(&flag.code, &flag.flag_id)) { (t.time(flag.opened)) } " "
                    (state(visitor, &flag.state, flag.outcome.as_deref())) }
            } }
        }
    }
}

/// Writes a note.
pub(crate) fn note(
    parts: &Parts,
    visitor: &Visitor,
    code: &str,
    form: forms::Note,
) -> Result<Response, Fault> {
    let code = add_note(parts, visitor, code, &form.text)?;
    let back = match &form.flag {
        Some(flag) => link::flag(&code, flag),
        None => link::code(&code),
    };
    Ok(page::see(&format!("{back}#notes")))
}

/// Writes a note on a code that the visitor may see; gives the normalised code.
pub(crate) fn add_note(
    parts: &Parts,
    visitor: &Visitor,
    code: &str,
    text: &str,
) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() || text.len() > NOTE_BYTES_MAX {
        return Err(Fault::Wrong("fault-note"));
    }
    let sheet = parts.store.code_sheet(code, None, 1, &visitor.scope())?;
    let sheet = sheet.ok_or(Fault::NotFound)?;
    let actor = visitor.actor()?;
    parts
        .store
        .add_note(&sheet.code, text, &actor, parts.now(), wall_ms())?;
    Ok(sheet.code)
}

/// Flags of a list, without a spark.
pub(crate) fn as_list(cards: Vec<FlagCard>) -> QueuePage {
    QueuePage {
        total: cards.len() as u64,
        sparks: Vec::new(),
        cards,
    }
}
