//! The queue: what waits, the dearest first.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use promoguard_event::{Currency, Decimal, EventTime, FlagKind};
use promoguard_review::{FlagCard, QueueFilter, QueuePage, QueueSort, QueueStatus, SPARK_DAYS};
use promoguard_words::find;

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::charts::spark;
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, nothing, pager, state};
use crate::policy::Permission;

/// Flags on a page.
const PER_PAGE: u32 = 30;

const STATUSES: [(QueueStatus, &str, &str); 4] = [
    (QueueStatus::Waiting, "waiting", "status-waiting"),
    (QueueStatus::Decided, "decided", "status-decided"),
    (QueueStatus::Cleared, "cleared", "status-cleared"),
    (QueueStatus::Any, "any", "status-any"),
];
const SORTS: [(QueueSort, &str, &str); 5] = [
    (QueueSort::Leaking, "leaking", "sort-leaking"),
    (QueueSort::Exposure, "exposure", "sort-exposure"),
    (QueueSort::Score, "score", "sort-score"),
    (QueueSort::Newest, "newest", "sort-newest"),
    (QueueSort::Oldest, "oldest", "sort-oldest"),
];
pub(crate) const KINDS: [FlagKind; 5] = [
    FlagKind::CouponSite,
    FlagKind::Extension,
    FlagKind::InsiderOrCommunity,
    FlagKind::ClickFlood,
    FlagKind::Unknown,
];

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Queue,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let (scope, now_ms) = (visitor.scope(), wall_ms());
    let filter = filter(&asked, visitor, PER_PAGE);
    let list = parts.store.queue(&filter, &scope, now_ms)?;
    let counts = parts.store.queue_counts(&scope, now_ms)?;
    let newest = parts.store.freshness()?.newest;
    let title = t.say("queue-title");
    let body = html! {
        div.head {
            h1 { (title) }
            dl.figures {
                div { dt { (t.say("figure-waiting")) } dd { (t.words.count(counts.waiting)) }
                    dd.soft { (t.counted("figure-claimed", counts.claimed)) } }
                div { dt { (t.say("figure-leaking")) } dd { (sums(visitor, &counts.leaking)) }
                    dd.soft { (t.say("figure-leaking-how")) } }
                div { dt { (t.say("figure-exposure")) } dd { (sums(visitor, &counts.exposure)) }
                    dd.soft { (t.say("figure-exposure-how")) } }
            }
        }
        @if let Some(done) = &asked.done {
            p.said role="status" { (t.with("decided-as", &[("outcome", &page::outcome_text(visitor, done))])) }
        }
        (filters(parts, visitor, &asked)?)
        p.new id="new" role="status" data-after=(newest.map_or(0, EventTime::millis))
            hidden {}
        @if list.cards.is_empty() {
            @if newest.is_none() { (nothing(visitor, "queue-not-fed")) } @else { (nothing(visitor, "queue-empty")) }
        } @else {
            (table(visitor, &list, now_ms, true))
            (pager(visitor, filter.offset / PER_PAGE, PER_PAGE, list.total, |number| {
                address("/", &asked, Some(&(number + 1).to_string()))
            }))
        }
    };
    Ok(page::answer(page::shell(
        parts,
        visitor,
        Section::Queue,
        &title,
        body,
    )))
}

/// What came in after the page was made: a number, for the script.
pub(crate) fn changes(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Changes,
) -> Result<Response, Fault> {
    let after = EventTime::from_millis(asked.after);
    let opened = parts.store.opened_since(after, &visitor.scope())?;
    let text = visitor.texts.counted("new-flags-count", opened);
    let body = serde_json::json!({ "opened": opened, "text": text }).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Whether the words for status and order are known. The page takes others for the first of the
/// list; a program is told.
pub(crate) fn is_known(asked: &forms::Queue) -> bool {
    let status = asked.status.as_deref();
    let sort = asked.sort.as_deref();
    status.is_none_or(|asked| STATUSES.iter().any(|(_, word, _)| *word == asked))
        && sort.is_none_or(|asked| SORTS.iter().any(|(_, word, _)| *word == asked))
}

pub(crate) fn filter(asked: &forms::Queue, visitor: &Visitor, per_page: u32) -> QueueFilter {
    let named = |word: &Option<String>| word.as_deref().unwrap_or("").to_owned();
    let status = STATUSES
        .into_iter()
        .find(|(_, word, _)| *word == named(&asked.status));
    let sort = SORTS
        .into_iter()
        .find(|(_, word, _)| *word == named(&asked.sort));
    let score = asked.score.as_deref().map(|text| text.replace(',', "."));
    QueueFilter {
        status: status.map(|(status, ..)| status).unwrap_or_default(),
        kind: asked.kind.clone(),
        merchant: asked.merchant.clone(),
        marketplace: asked.marketplace.clone(),
        partner: None,
        score_min: score
            .and_then(|text| text.parse().ok())
            .filter(|score: &f64| score.is_finite()),
        unclaimed: asked.who.as_deref() == Some("nobody"),
        claimed_by: (asked.who.as_deref() == Some("me")).then(|| visitor.name().to_owned()),
        code: asked.code.as_deref().map(str::to_lowercase),
        sort: sort.map(|(sort, ..)| sort).unwrap_or_default(),
        offset: page::page_number(asked.page.as_deref()).saturating_mul(per_page),
        limit: per_page,
    }
}

fn address(path: &str, asked: &forms::Queue, number: Option<&str>) -> String {
    page::query(
        path,
        &[
            ("status", asked.status.as_deref()),
            ("kind", asked.kind.as_deref()),
            ("merchant", asked.merchant.as_deref()),
            ("marketplace", asked.marketplace.as_deref()),
            ("score", asked.score.as_deref()),
            ("who", asked.who.as_deref()),
            ("code", asked.code.as_deref()),
            ("sort", asked.sort.as_deref()),
            ("page", number),
        ],
    )
}

fn filters(parts: &Parts, visitor: &Visitor, asked: &forms::Queue) -> Result<Markup, Fault> {
    let t = &visitor.texts;
    let merchants = match visitor.scope().merchant() {
        Some(own) => vec![own.to_owned()],
        None => parts.store.merchants()?,
    };
    let short_kind = |kind: FlagKind| {
        let story = find(t.words.stories, kind.as_str()).copied();
        story.map_or_else(|| t.kind(kind.as_str()), str::to_owned)
    };
    Ok(html! {
        form.filters method="get" action="/" role="search" aria-label=(t.say("filters")) {
            label { span { (t.say("filter-code")) }
                input id="search" type="search" name="code" value=[asked.code.as_deref()] autocomplete="off" spellcheck="false" size="12"; }
            label { span { (t.say("filter-status")) }
                select name="status" {
                    @for (_, word, key) in STATUSES {
                        option value=(word) selected[asked.status.as_deref() == Some(word)] { (t.say(key)) }
                    } } }
            label { span { (t.say("filter-kind")) }
                select name="kind" {
                    option value="" { (t.say("any")) }
                    @for kind in KINDS {
                        option value=(kind.as_str()) selected[asked.kind.as_deref() == Some(kind.as_str())] { (short_kind(kind)) }
                    } } }
            label { span { (t.say("filter-merchant")) }
                select name="merchant" {
                    option value="" { (t.say("any")) }
                    @for merchant in &merchants {
                        option value=(merchant) selected[asked.merchant.as_ref() == Some(merchant)] { (merchant) }
                    } } }
            label { span { (t.say("filter-score")) }
                input type="text" inputmode="decimal" name="score" value=[asked.score.as_deref()] size="4"; }
            label { span { (t.say("filter-who")) }
                select name="who" {
                    option value="" { (t.say("any")) }
                    option value="nobody" selected[asked.who.as_deref() == Some("nobody")] { (t.say("who-nobody")) }
                    option value="me" selected[asked.who.as_deref() == Some("me")] { (t.say("who-me")) }
                } }
            label { span { (t.say("sort")) }
                select name="sort" {
                    @for (_, word, key) in SORTS {
                        option value=(word) selected[asked.sort.as_deref() == Some(word)] { (t.say(key)) }
                    } } }
            button type="submit" { (t.say("filter-go")) }
            @if visitor.may(Permission::Export) {
                a.file href=(address("/flags.csv", asked, None)) { "CSV" }
            }
        }
    })
}

/// Amounts by currency.
pub(crate) fn sums(visitor: &Visitor, sums: &[(Currency, Decimal)]) -> String {
    let texts: Vec<String> = sums
        .iter()
        .map(|(currency, amount)| visitor.texts.money(*amount, *currency))
        .collect();
    if texts.is_empty() {
        "–".to_owned()
    } else {
        texts.join(" + ")
    }
}

/// Flags as a table; with rows that keys can walk over, and a way to decide.
pub(crate) fn table(
    visitor: &Visitor,
    list: &QueuePage,
    now_ms: i64,
    with_actions: bool,
) -> Markup {
    let t = &visitor.texts;
    let may_decide = with_actions && visitor.may(Permission::Decide);
    html! {
        div.wide {
            table.flags.rows {
                thead {
                    tr {
                        th scope="col" { (t.say("col-code")) }
                        th scope="col" { (t.say("col-looks-like")) }
                        th.number scope="col" { (t.say("col-leaking")) }
                        th.number scope="col" { (t.say("col-leaked")) }
                        th.number scope="col" { (t.say("col-orders")) }
                        th.number scope="col" { (t.say("col-score")) }
                        th scope="col" { (t.say("col-onset")) }
                        th scope="col" { (t.say("col-partner")) }
                        @if may_decide { th scope="col" { (t.say("col-who")) } }
                    }
                }
                tbody {
                    @for (place, card) in list.cards.iter().enumerate() {
                        (row(visitor, card, list.sparks.get(place), now_ms, may_decide))
                    }
                }
            }
        }
    }
}

fn row(
    visitor: &Visitor,
    card: &FlagCard,
    days: Option<&[u32; SPARK_DAYS]>,
    now_ms: i64,
    may_decide: bool,
) -> Markup {
    let t = &visitor.texts;
    let claim = card
        .claim
        .as_ref()
        .filter(|(_, until_ms)| *until_ms > now_ms);
    let [onset, low, high] = card.onset;
    html! {
        tr data-row=(card.flag_id) {
            th.code scope="row" {
                a.open href=(link::flag(&card.code, &card.flag_id)) { (name(&card.spelling)) }
                " " @if let Some(days) = days { (spark(days)) }
            }
            td data-label=(t.say("col-looks-like")) { (short_kind(visitor, &card.kind)) span.below { (state(visitor, &card.state, card.outcome.as_deref())) } }
            td.number.strong data-label=(t.say("col-leaking")) {
                @if card.commission.is_some() { (t.money(card.leaking, card.currency)) } @else { "–" }
            }
            td.number data-label=(t.say("col-leaked")) { (exposure(visitor, card)) }
            td.number data-label=(t.say("col-orders")) { (leaked(visitor, card)) }
            td.number data-label=(t.say("col-score")) { (t.decibans(card.score)) }
            td data-label=(t.say("col-onset")) {
                (t.short_time(onset))
                span.below { (t.short_time(low)) "–" (t.short_time(high)) }
            }
            td data-label=(t.say("col-partner")) {
                @if let Some(partner) = &card.partner_id { a href=(link::partner(partner)) { (name(partner)) } }
                @if let Some(merchant) = &card.merchant {
                    span.below { a href=(link::shop(merchant)) { (name(merchant)) }
                        @if let Some(marketplace) = &card.marketplace { " · " (name(marketplace)) } }
                }
            }
            @if may_decide {
                td.act data-label=(t.say("col-who")) {
                    @match claim {
                        Some((who, until_ms)) if who != visitor.name() => {
                            span.who-has { (t.with("claimed-by", &[("who", who)])) }
                            span.below { (t.with("claimed-until", &[("time", &until(visitor, *until_ms))])) }
                        }
                        _ => {
                            form method="post" action=(format!("/flags/{}/claim", link::escaped(&card.flag_id))) {
                                button.decide type="submit" aria-label=(t.with("decide-about", &[("code", &card.spelling)])) {
                                    @if claim.is_some() { (t.say("decide-on")) } @else { (t.say("decide")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Until when a claim runs, by the wall's clock.
pub(crate) fn until(visitor: &Visitor, until_ms: i64) -> String {
    let t = &visitor.texts;
    t.clock.format(EventTime::from_millis(until_ms), "%H:%M")
}

/// The kind in a few words, with a sign of its own.
pub(crate) fn short_kind(visitor: &Visitor, kind: &str) -> Markup {
    let t = &visitor.texts;
    let sign = match kind {
        "coupon_site" => "%",
        "extension" => "⧉",
        "insider_or_community" => "⚇",
        "click_flood" => "⇶",
        _ => "?",
    };
    let words = match kind {
        "click_flood" | "unknown" => t.kind(kind),
        kind => {
            find(t.words.stories, kind).map_or_else(|| t.kind(kind), |words| (*words).to_owned())
        }
    };
    html! { span.kind { span.sign aria-hidden="true" { (sign) } (words) } }
}

pub(crate) fn exposure(visitor: &Visitor, card: &FlagCard) -> Markup {
    let t = &visitor.texts;
    match card.commission {
        Some([estimate, low, high]) => html! {
            (t.money(estimate, card.currency))
            span.below { (t.interval(&t.words.money(low), &t.words.money(high))) }
        },
        None => html! { span.soft { (t.say("commission-unknown")) } },
    }
}

pub(crate) fn leaked(visitor: &Visitor, card: &FlagCard) -> Markup {
    let t = &visitor.texts;
    let [estimate, low, high] = card.leaked;
    html! {
        (t.words.number(estimate, 0))
        span.below { (t.interval(&t.words.number(low, 0), &t.words.number(high, 0))) }
    }
}
