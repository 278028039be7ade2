//! What was nearly flagged, and what could not have been.

use maud::{Markup, html};
use promoguard_event::ScoreLine;

use super::numbers::{count, counted, score};
use super::page::Page;
use super::text::{foreign, foreign_or_dash};
use super::words::strength;

/// Codes listed that were not flagged.
const RUNNERS_UP_MAX: usize = 20;
/// Below so many orders hardly any leak can be told from chance: a flag needs at least three
/// orders that speak, and four of ten is what a lucky week shows.
const FEW_ORDERS: u64 = 10;

/// The highest peaks without a flag; nothing where there are none.
pub(super) fn runners_up(page: &Page<'_>, scores: &[ScoreLine]) -> Markup {
    let flags = page.episodes.iter();
    let mut flagged: Vec<String> = flags.map(|e| super::identity(&e.flag.code)).collect();
    flagged.sort_unstable();
    let mut lines: Vec<&ScoreLine> = scores
        .iter()
        .filter(|line| line.peak_score.is_some_and(|peak| peak.value() > 0.0))
        .filter(|line| flagged.binary_search(&super::identity(&line.code)).is_err())
        .collect();
    lines.sort_by(|a, b| {
        b.peak_score
            .cmp(&a.peak_score)
            .then_with(|| a.code.cmp(&b.code))
    });
    lines.truncate(RUNNERS_UP_MAX);
    html! {
        @if !lines.is_empty() {
            section aria-labelledby="near" {
                h2 #near { "Highest scores that were not flagged" }
                p.quiet {
                    "Most of these are honest: among many codes some come near the threshold by chance. \
                     They are listed so that someone who knows the partner can look."
                }
                div.wide tabindex="0" role="group" aria-label="Highest scores, can be scrolled sideways" {
                    table.plain {
                        thead { tr {
                            th scope="col" { "Code" }
                            th scope="col" { "Partner" }
                            th scope="col" { "Highest evidence" }
                            th scope="col" { "When" }
                            th.number scope="col" { "Orders" }
                            th.number scope="col" { "without a click" }
                            th.number scope="col" { "Clicks" }
                        } }
                        tbody { @for line in lines { (row(page, line)) } }
                    }
                }
            }
        }
    }
}

fn row(page: &Page<'_>, line: &ScoreLine) -> Markup {
    let known = page.known.get(&super::identity(&line.code));
    html! {
        tr {
            th.code scope="row" { (foreign(known.map_or(line.code.as_str(), |known| &*known.spelling))) }
            td { (foreign_or_dash(known.map(|known| &*known.partner_id))) }
            td {
                @if let Some(peak) = line.peak_score { (score(peak)) ", " (strength(peak)) }
            }
            td { @if let Some(at) = line.peak_at { (page.clock.minute(at)) } }
            td.number { (count(line.orders)) }
            td.number { (count(line.clickless_orders)) }
            td.number { (count(line.clicks)) }
        }
    }
}

/// What the method cannot see.
pub(super) fn blind_spots(scores: Option<&[ScoreLine]>) -> Markup {
    html! {
        section aria-labelledby="limits" {
            h2 #limits { "What this page cannot see" }
            ul {
                li {
                    "Small leaks of small codes. A leaked order is told from an honest one by many weak \
                     marks, so a handful of orders rarely suffices"
                    @if let Some(scores) = scores {
                        @let few = scores.iter().filter(|line| line.orders < FEW_ORDERS).count();
                        ": " (count(few as u64)) " of " (counted(scores.len() as u64, "code", "codes"))
                        " here had fewer than " (FEW_ORDERS)
                        " orders, and their silence says next to nothing"
                    }
                    "."
                }
                li {
                    "Leaks that were there from the first day. A code is compared with its own past \
                     first; without an honest past only the shop’s other codes remain to compare with."
                }
                li {
                    "What the records do not carry. Marketplaces that send neither clicks nor referrers \
                     leave less to judge by; each flag lists what could not speak."
                }
                li {
                    "Who did it. The same orders can come from a partner’s private channel, a colleague \
                     or a stranger who copied the code. Ask before you conclude."
                }
            }
        }
    }
}
