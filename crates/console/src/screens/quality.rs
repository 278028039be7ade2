//! How good the flags were, by what people decided.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_review::{KindQuality, Quality, ScoreBand};

use crate::access::Visitor;
use crate::app::Parts;
use crate::charts::bar;
use crate::fault::Fault;
use crate::page::{self, Section, nothing};
use crate::screens::queue::short_kind;

pub(crate) fn show(parts: &Parts, visitor: &Visitor) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let quality = parts.store.quality(&visitor.scope())?;
    let title = t.say("quality-title");
    let decided: u64 = quality
        .kinds
        .iter()
        .map(|kind| kind.hits + kind.misses)
        .sum();
    let body = html! {
        div.head { h1 { (title) } p.soft { (t.say("quality-how")) } }
        @if quality.kinds.is_empty() { (nothing(visitor, "quality-none")) } @else {
            @if decided == 0 { (nothing(visitor, "quality-undecided")) }
            section aria-labelledby="kinds" { h2 id="kinds" { (t.say("quality-kinds")) } (kinds(visitor, &quality.kinds)) }
            section aria-labelledby="bands" { h2 id="bands" { (t.say("quality-bands")) } (bands(visitor, &quality.bands)) }
            section aria-labelledby="signals" { h2 id="signals" { (t.say("quality-signals")) } (signals(visitor, &quality)) }
        }
        section aria-labelledby="threshold" { h2 id="threshold" { (t.say("quality-threshold")) } (nothing(visitor, "quality-threshold-none")) }
    };
    let page = page::shell(parts, visitor, Section::Quality, &title, body);
    Ok(page::answer(page))
}

fn kinds(visitor: &Visitor, kinds: &[KindQuality]) -> Markup {
    let t = &visitor.texts;
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("quality-kinds")) { table.rows {
            thead { tr {
                th scope="col" { (t.say("col-looks-like")) } th.number scope="col" { (t.say("col-flags")) }
                th.number scope="col" { (t.say("col-hits")) } th.number scope="col" { (t.say("col-misses")) }
                th.number scope="col" { (t.say("outcome-unclear")) } th.number scope="col" { (t.say("col-precision")) }
                th.number scope="col" { (t.say("col-worth")) } th.number scope="col" { (t.say("col-delay")) }
            } }
            tbody { @for kind in kinds { tr {
                th scope="row" { (short_kind(visitor, &kind.kind)) }
                td.number { (t.words.count(kind.flags)) } td.number { (t.words.count(kind.hits)) }
                td.number { (t.words.count(kind.misses)) } td.number { (t.words.count(kind.unclear)) }
                td.number { (share(visitor, kind.hits, kind.hits + kind.misses)) }
                td.number { (share(visitor, kind.worth.0, kind.worth.1)) }
                td.number { @if let Some(hours) = kind.delay_hours { (t.with("hours-short", &[("hours", &t.words.number(hours, 0))])) } @else { "–" } }
            } } }
        } }
        p.soft { (t.say("quality-interval")) }
    }
}

fn bands(visitor: &Visitor, bands: &[ScoreBand]) -> Markup {
    let t = &visitor.texts;
    html! {
        table.rows.narrow-table {
            thead { tr {
                th scope="col" { (t.say("col-score-max")) } th.number scope="col" { (t.say("col-hits")) }
                th.number scope="col" { (t.say("col-misses")) } th.number scope="col" { (t.say("col-undecided")) }
                th.number scope="col" { (t.say("col-precision")) } th.bars scope="col" { span.unseen { (t.say("col-precision")) } }
            } }
            tbody { @for band in bands { tr {
                th scope="row" { @match band.to {
                    Some(to) => (format!("{}–{}", t.words.number(band.from, 0), t.decibans_whole(to))),
                    None => (format!("≥ {}", t.decibans_whole(band.from))),
                } }
                td.number { (t.words.count(band.hits)) } td.number { (t.words.count(band.misses)) } td.number { (t.words.count(band.open)) }
                td.number { (share(visitor, band.hits, band.hits + band.misses)) }
                td.bars { @if band.hits + band.misses > 0 { (bar(0.0, band.hits as f64 / (band.hits + band.misses) as f64, 0.0, 1.0)) } }
            } } }
        }
    }
}

fn signals(visitor: &Visitor, quality: &Quality) -> Markup {
    let t = &visitor.texts;
    let decibans = |mean: Option<f64>| mean.map_or("–".to_owned(), |mean| t.words.signed(mean));
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("quality-signals")) { table.rows {
            thead { tr {
                th scope="col" { (t.say("col-signal")) } th.number scope="col" { (t.say("col-on-hits")) }
                th.number scope="col" { (t.say("col-on-misses")) } th.number scope="col" { (t.say("col-spoke")) }
                th.number scope="col" { (t.say("col-abstained")) }
            } }
            tbody { @for signal in &quality.signals { tr {
                th scope="row" { (t.signal(&signal.signal).0) }
                td.number { (decibans(signal.on_hits)) } td.number { (decibans(signal.on_misses)) }
                td.number { (t.words.count(signal.spoke)) }
                td.number { (share_plain(visitor, signal.abstained, signal.abstained + signal.spoke)) }
            } } }
        } }
    }
}

fn share_plain(visitor: &Visitor, part: u64, all: u64) -> String {
    if all == 0 {
        return "–".to_owned();
    }
    visitor.texts.words.percent(part as f64 / all as f64)
}

/// A share with its 90 % interval.
fn share(visitor: &Visitor, part: u64, all: u64) -> Markup {
    let t = &visitor.texts;
    if all == 0 {
        return html! { "–" };
    }
    let (low, high) = wilson(part, all);
    html! {
        (t.words.percent(part as f64 / all as f64))
        span.below { (t.interval(&t.words.percent(low), &t.words.percent(high))) }
    }
}

/// Wilson's interval at 90 %: it stays between 0 and 1 and is honest about few observations.
fn wilson(part: u64, all: u64) -> (f64, f64) {
    // The 95 % point of the normal distribution.
    const Z: f64 = 1.644_853_626_951_472_7;
    let (n, share) = (all as f64, part as f64 / all as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_decisions_leave_a_wide_interval_and_many_a_narrow_one() {
        let check = |part, all, low: f64, high: f64| {
            let found = wilson(part, all);
            assert!(
                (found.0 - low).abs() < 5e-3 && (found.1 - high).abs() < 5e-3,
                "{found:?}"
            );
        };
        // Reckoned by hand from Wilson's formula.
        check(0, 3, 0.0, 0.474);
        check(3, 3, 0.526, 1.0);
        check(50, 100, 0.419, 0.581);
    }
}
