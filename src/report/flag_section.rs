//! One flag in full: picture, evidence, referrers, history, what to do.

use maud::{Markup, html};
use promoguard_event::{Flag, FlagKind};

use super::daily::Sums;
use super::evidence::{abstained, waterfall};
use super::flag_table::shop;
use super::history::Episode;
use super::numbers::{count, estimate, money, money_range, range, score};
use super::page::Page;
use super::text::foreign;
use super::timeline::{Timeline, draw};
use super::words::{kind_sentence, next_steps, state, step, strength};
use promoguard_words::day_text;

/// Rows of the table behind the picture; longer series are summed over more days.
const ROWS_MAX: usize = 60;

/// The section; `number` counts from 1 and is its anchor.
pub(super) fn section(page: &Page<'_>, episode: &Episode, number: usize) -> Markup {
    let flag = &episode.flag;
    let timeline = timeline(page, episode);
    html! {
        section.flag id=(format!("flag-{number}")) aria-labelledby=(format!("flag-{number}-title")) {
            h2 id=(format!("flag-{number}-title")) {
                span.code { (foreign(&flag.code)) }
                " " span.state.cleared[episode.is_cleared()] { (state(flag.state)) }
            }
            p.about { (about(flag)) }
            p { (story(page, flag)) }
            (draw(&timeline, number))
            @if page.run.is_some() { (figures(&timeline)) }
            h3 { "Evidence" }
            (waterfall(flag, page.clock))
            (abstained(flag))
            div.columns {
                div {
                    h3 { "What to do next" }
                    ol.steps {
                        @for (verb, words) in next_steps(flag) { li { strong { (verb) ". " } (words) } }
                    }
                }
                div {
                    h3 { "Where the orders came from" }
                    (referrers(flag))
                }
            }
            h3 { "History" }
            (history(page, episode))
            p.quiet { "Flag " code { (super::text::visible(&flag.flag_id)) } ", revision " (flag.rev) }
        }
    }
}

fn about(flag: &Flag) -> Markup {
    html! {
        @match &flag.partner_id {
            Some(partner) => { "Given to " (foreign(partner)) ", for " (shop(flag)) "." }
            None => "The registry does not know this code.",
        }
    }
}

fn story(page: &Page<'_>, flag: &Flag) -> Markup {
    let (clock, onset, exposure) = (page.clock, &flag.onset, &flag.exposure);
    html! {
        (kind_sentence(flag.kind)) " The evidence is " (strength(flag.score)) " (" (score(flag.score))
        "). It most likely began on " (clock.minute(onset.at))
        @if onset.low < onset.high {
            " (90\u{202f}% interval " (clock.between(onset.low, onset.high)) ")"
        }
        "."
        @if flag.kind != FlagKind::ClickFlood {
            " Since then an estimated " strong { (estimate(exposure.leaked_orders.estimate)) " orders" }
            " (" (range(&exposure.leaked_orders)) ") came through it"
            @match exposure.commission {
                Some(commission) => {
                    ", with " strong { (money(commission.estimate, exposure.currency)) }
                    " (" (money_range(&commission, exposure.currency)) ") of commission at risk"
                    @if let Some(vat) = exposure.vat { @if vat.0 > 0 {
                        " and " (money(vat, exposure.currency)) " of VAT on it"
                    } }
                    "."
                }
                None => "; the registry names no commission for it.",
            }
        }
        @if flag.data_gap { " A known gap in the input touches this evidence." }
    }
}

fn timeline(page: &Page<'_>, episode: &Episode) -> Timeline {
    let (clock, flag) = (page.clock, &episode.flag);
    let place = |at| clock.place_of(at);
    Timeline {
        days: page.daily.days_of(&super::identity(&flag.code), clock),
        onset: (
            place(flag.onset.at),
            place(flag.onset.low),
            place(flag.onset.high),
        ),
        opened: place(episode.opened_at()),
        cleared: episode.is_cleared().then(|| place(flag.ts)),
        posts: page
            .known
            .get(&super::identity(&flag.code))
            .map(|known| known.posts.iter().map(|post| place(*post)).collect())
            .unwrap_or_default(),
    }
}

/// The picture's figures, for those who cannot see it or want to copy them.
fn figures(timeline: &Timeline) -> Markup {
    let Some(((first, _), (last, _))) = timeline.days.first().zip(timeline.days.last()) else {
        return html! {};
    };
    let weeks = ((last - first) / 7 + 1) as usize;
    let step = 7 * weeks.div_ceil(ROWS_MAX) as i32;
    let mut rows: Vec<(i32, Sums)> = Vec::new();
    for (day, sums) in &timeline.days {
        let start = first + (day - first) / step * step;
        match rows.last_mut() {
            Some((known, row)) if *known == start => row.add(sums),
            _ => rows.push((start, *sums)),
        }
    }
    html! {
        details {
            summary { "The picture’s figures" }
            table.plain {
                thead { tr {
                    th scope="col" { (step) " days from" }
                    th.number scope="col" { "Orders" }
                    th.number scope="col" { "without a click" }
                    th.number scope="col" { "Clicks" }
                } }
                tbody {
                    @for (start, sums) in rows {
                        tr {
                            th scope="row" { (day_text(start, "%-d %b %Y")) }
                            td.number { (count(sums.orders())) }
                            td.number { (count(sums.clickless())) }
                            td.number { (count(sums.clicks)) }
                        }
                    }
                }
            }
        }
    }
}

fn referrers(flag: &Flag) -> Markup {
    html! {
        @if flag.top_referrers.is_empty() {
            p.quiet { "No order named a host worth mentioning." }
        } @else {
            table.plain {
                thead { tr {
                    th scope="col" { "Host" }
                    th.number scope="col" { "Orders" }
                    th scope="col" { "Known as" }
                } }
                tbody {
                    @for referrer in &flag.top_referrers {
                        tr {
                            th scope="row" { (foreign(&referrer.host)) }
                            td.number { (count(referrer.orders)) }
                            td { @if referrer.known_coupon_site { "coupon site" } @else { "–" } }
                        }
                    }
                }
            }
        }
    }
}

fn history(page: &Page<'_>, episode: &Episode) -> Markup {
    let revisions = &episode.revisions;
    let left_out = revisions.last().map_or(0, |last| {
        (last.rev as usize).saturating_sub(revisions.len())
    });
    html! {
        div.wide tabindex="0" role="group" aria-label="History, can be scrolled sideways" {
            table.plain {
                thead { tr {
                    th.number scope="col" { "Rev." }
                    th scope="col" { "When" }
                    th scope="col" { "What happened" }
                    th.number scope="col" { "Score" }
                    th.number scope="col" { "Leaked orders" }
                    th.number scope="col" { "Commission at risk" }
                } }
                tbody {
                    @for revision in revisions {
                        tr {
                            th.number scope="row" { (revision.rev) }
                            td { (page.clock.minute(revision.ts)) }
                            td { (step(revision.state)) }
                            td.number { (score(revision.score)) }
                            td.number { (estimate(revision.exposure.leaked_orders.estimate)) }
                            td.number {
                                @match revision.exposure.commission {
                                    Some(commission) => {
                                        (money(commission.estimate, revision.exposure.currency))
                                    }
                                    None => "–",
                                }
                            }
                        }
                    }
                }
            }
        }
        @if left_out > 0 {
            p.quiet { (count(left_out as u64)) " revisions in between are not listed." }
        }
    }
}
