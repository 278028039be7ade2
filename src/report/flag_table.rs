//! All flags at a glance.

use maud::{Markup, html};
use promoguard_event::{Flag, FlagKind};

use super::history::Episode;
use super::numbers::{count, counted, estimate, money, money_range, range, score};
use super::page::Page;
use super::text::{foreign, foreign_or_dash};
use super::words::{kind, state, strength};

/// Rows of the table; further flags are only counted. A row takes about 1 KB.
const ROWS_MAX: usize = 5_000;

/// The table; nothing where there are no flags.
pub(super) fn table(page: &Page<'_>) -> Markup {
    if page.episodes.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="flags" {
            h2 #flags { "Flagged codes" }
            (size_words(page))
            div.wide tabindex="0" role="group" aria-label="Flagged codes, can be scrolled sideways" {
                table.flags {
                    caption.unseen { "Flagged codes, those with most money at risk first" }
                    thead { tr {
                        th scope="col" { "Code" }
                        th scope="col" { "Partner" }
                        th scope="col" { "Shop" }
                        th scope="col" { "Looks like" }
                        th scope="col" { "State" }
                        th scope="col" { "Evidence" }
                        th scope="col" { "Likely start" }
                        th.number scope="col" { "Leaked orders" }
                        th.number scope="col" { "Commission at risk" }
                        th.number scope="col" { "VAT, apart" }
                    } }
                    tbody {
                        @for (place, episode) in page.episodes.iter().take(ROWS_MAX).enumerate() {
                            (row(page, episode, place))
                        }
                    }
                }
            }
            (scale_words())
        }
    }
}

/// Shop of a flag: merchant, and the marketplace where it is not the merchant's own site.
pub(super) fn shop(flag: &Flag) -> Markup {
    html! {
        (foreign_or_dash(flag.merchant.as_deref()))
        @if let Some(marketplace) = &flag.marketplace { " on " (foreign(marketplace)) }
    }
}

fn size_words(page: &Page<'_>) -> Markup {
    let (all, told) = (page.episodes.len(), page.sections_max());
    html! {
        @if all > told {
            p.quiet {
                "The first " (count(told as u64)) " of " (counted(all as u64, "flag", "flags"))
                " have a section of their own below; the rest is in this table"
                @if all > ROWS_MAX { ", which ends after " (count(ROWS_MAX as u64)) " rows" }
                "."
            }
        }
    }
}

fn row(page: &Page<'_>, episode: &Episode, place: usize) -> Markup {
    let flag = &episode.flag;
    let (clock, exposure) = (page.clock, &flag.exposure);
    let is_flood = flag.kind == FlagKind::ClickFlood;
    html! {
        tr {
            th.code scope="row" {
                @if place < page.sections_max() {
                    a href=(format!("#flag-{}", place + 1)) { (foreign(&flag.code)) }
                } @else { (foreign(&flag.code)) }
            }
            td data-label="Partner" { (foreign_or_dash(flag.partner_id.as_deref())) }
            td data-label="Shop" { (shop(flag)) }
            td data-label="Looks like" { (kind(flag.kind)) }
            td data-label="State" {
                span.state.cleared[episode.is_cleared()] { (state(flag.state)) }
                @if flag.data_gap { span.below { "data gap" } }
            }
            td data-label="Evidence" {
                @let strongest = episode.strongest();
                span.nowrap { (score(strongest)) }
                span.below {
                    (strength(strongest))
                    @if flag.score < strongest { ", now " span.nowrap { (score(flag.score)) } }
                }
            }
            td data-label="Likely start" {
                span.nowrap { (clock.minute(flag.onset.at)) }
                @if flag.onset.low < flag.onset.high {
                    span.below { (clock.between(flag.onset.low, flag.onset.high)) }
                }
            }
            td.number data-label="Leaked orders" {
                @if is_flood { "–" } @else {
                    span.nowrap { (estimate(exposure.leaked_orders.estimate)) }
                    span.below { (range(&exposure.leaked_orders)) }
                }
            }
            td.number data-label="Commission at risk" {
                @match exposure.commission {
                    Some(commission) => {
                        span.nowrap { (money(commission.estimate, exposure.currency)) }
                        span.below { (money_range(&commission, exposure.currency)) }
                    }
                    None if is_flood => "–",
                    None => "no percentage known",
                }
            }
            td.number data-label="VAT, apart" {
                @match (exposure.vat, is_flood) {
                    (Some(vat), _) => span.nowrap { (money(vat, exposure.currency)) },
                    (None, true) => "–",
                    (None, false) => "unknown",
                }
            }
        }
    }
}

fn scale_words() -> Markup {
    html! {
        p.quiet {
            "Evidence is counted in decibans (dB): 10 dB more means that the records speak ten times \
             more for a leak against honest trade. Below 20 dB is weak; 30 dB is the default threshold, \
             set so that a thousand honest codes give about one false flag a week; above 60 dB is \
             overwhelming. Small print is the 90\u{202f}% interval. Orders and amounts count from the \
             likely start on."
        }
    }
}
