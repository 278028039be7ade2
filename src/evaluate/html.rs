//! The figures as one page that needs nothing else.
//!
//! Decides: which tables and pictures the page has. Must not know: how pictures are drawn.

use maud::{DOCTYPE, Markup, html};

use super::against::Against;
use super::comparison::{Row, Setting};
use super::pictures;
use super::scorecard::Scorecard;
use super::words::{money, rate, share, short, spread};
use super::{Evaluation, Group};
use crate::report::{STYLE, head};

/// The page.
pub fn to_html(evaluation: &Evaluation) -> String {
    let style = format!("{STYLE}{}", include_str!("style.css"));
    let overall = &evaluation.overall;
    let extent = &overall.scorecard.extent;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head("promoguard: how good the detector is", &style, false))
            body {
                main {
                    p.brand { "promoguard" }
                    h1 { "How good the detector is, on simulated worlds" }
                    p.lead {
                        (extent.worlds) " worlds (seeds " (evaluation.seeds.0) " to " (evaluation.seeds.1) ") with "
                        (extent.codes) " codes, " (extent.records) " records and " (extent.orders)
                        " orders went through the pipeline in order of arrival. The detector flags at "
                        (evaluation.threshold_db) " dB. What each figure counts is said in docs/evaluate.md."
                    }
                    (section(overall, "overall"))
                    @for (place, group) in evaluation.groups.iter().enumerate() {
                        (section(group, &format!("group-{place}")))
                    }
                    @if let Some(other) = &evaluation.against {
                        (beside(&overall.scorecard, other))
                    }
                    footer { p { "promoguard " (env!("CARGO_PKG_VERSION")) " · " (evaluation.detector) } }
                }
            }
        }
    };
    page.into_string()
}

/// The judge in force and another one, on the same worlds.
fn beside(present: &Scorecard, other: &Against) -> Markup {
    let cards = [present, &other.scorecard];
    let all = cards.map(|card| card.leaks_of("leaks", "all"));
    let dash = || "–".to_owned();
    html! {
        section {
            h2 { "Two judges on the same worlds" }
            table {
                thead { tr { th scope="col" { } th scope="col" { "in force" } th scope="col" { "the other" } } }
                tbody {
                    tr {
                        th scope="row" { "false flags per 1,000 clean code-weeks (95 %)" }
                        @for card in cards { td { (rate(&card.false_flags.all)) } }
                    }
                    tr {
                        th scope="row" { "leaks found" }
                        @for all in all { td { (all.map_or_else(dash, |all| share(&all.found))) } }
                    }
                    tr {
                        th scope="row" { "saved while open (KZT)" }
                        @for all in all { td { (all.map_or_else(dash, |all| money(&all.saved))) } }
                    }
                    tr {
                        th scope="row" { "delay, leaked orders" }
                        @for all in all { td { (all.map_or_else(dash, |all| spread(&all.delay_orders))) } }
                    }
                }
            }
            @for (what, of) in [("Leaks found", &other.found), ("Honest codes flagged", &other.falsely_flagged)] {
                p { (what) ": " (of.both) " by both, " (of.only_present) " only by the judge in force, " (of.only_other) " only by the other." }
            }
            p.quiet { "The other judge is " (other.detector) "." }
        }
    }
}

fn section(group: &Group, id: &str) -> Markup {
    html! {
        section {
            h2 { (title(group)) }
            (figures(&group.scorecard))
            (pictures::recall_against_false_flags(group, id))
            (comparison(&group.comparison))
            (pictures::precision_against_recall(group, id))
            (pictures::delays(group, id))
            (pictures::saved_by_size(group, id))
            (pictures::calibration(group, id))
            (pictures::coverage(group, id))
            (leaks(&group.scorecard))
            (false_flags(&group.scorecard))
        }
    }
}

fn title(group: &Group) -> String {
    let all = |name: &str, many: &str| {
        if name == "all" {
            format!("all {many}")
        } else {
            name.to_owned()
        }
    };
    format!(
        "{}, {}",
        all(&group.family, "families"),
        all(&group.preset, "presets")
    )
}

fn figures(card: &Scorecard) -> Markup {
    let all = card.leaks_of("leaks", "all");
    let share_of =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let rate = &card.false_flags.all;
    let (low, high) = rate.interval().unwrap_or_default();
    html! {
        dl.figures {
            div {
                dt { "False flags per 1,000 clean code-weeks" }
                dd { (rate.per_1000().map_or("–".to_owned(), short)) }
                dd.quiet { (rate.events) " in " (format!("{:.0}", rate.weeks)) "; 95 %: " (short(low)) " to " (short(high)) }
            }
            @if let Some(all) = all {
                div {
                    dt { "Leaks found" }
                    dd { (share_of(all.found.value())) }
                    dd.quiet { (all.found.n) " of " (all.found.of) " with a leaked order" }
                }
                div {
                    dt { "Leaked commission saved" }
                    dd { (share_of(all.saved.value())) }
                    dd.quiet { "while a flag was open; " (share_of(all.saved_after_first_flag.value())) " after the first flag" }
                }
                div {
                    dt { "Delay, median / worst tenth" }
                    dd { (spread(&all.delay_orders)) }
                    dd.quiet { "leaked orders; in hours " (spread(&all.delay_hours)) }
                }
            }
            div {
                dt { "Click floods found" }
                dd { (share_of(card.floods.found.value())) }
                dd.quiet { (card.floods.found.n) " of " (card.floods.found.of) "; " (card.floods.falsely.events) " flagged falsely" }
            }
            div {
                dt { "Honest commission held" }
                dd { (share_of(card.falsely_held.on_clean_codes.value())) }
                dd.quiet {
                    "on honest codes; " (share_of(card.falsely_held.on_leaking_codes.value()))
                    " on the honest side of leaking ones"
                }
            }
        }
    }
}

fn comparison(rows: &[Row]) -> Markup {
    html! {
        h3 { "The detector beside rules of thumb" }
        p.says {
            "Same codes, same weeks, one flag per code at the first crossing. Thresholds are the natural ones, and those that "
            "keep one false flag per 1,000 clean code-weeks on the other seeds."
        }
        div.wide {
            table {
                thead {
                    tr {
                        @for name in ["way of flagging", "threshold", "false per 1,000 (95 %)", "too early", "leaks found",
                            "found, of 5 orders or more", "saved", "honest commission held", "delay in orders, median / p90"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.name) }
                            td { (threshold(row)) }
                            td { (rate(&row.false_flags)) }
                            td { (row.early.n) }
                            td { (share(&row.found)) }
                            td { (share(&row.found_of_five)) }
                            td { (row.saved.value().map_or("–".to_owned(), |value| format!("{value:.2}"))) }
                            td { (row.falsely_held.value().map_or("–".to_owned(), |value| format!("{value:.3}"))) }
                            td { (spread(&row.delay_orders)) }
                        }
                    }
                }
            }
        }
    }
}

fn threshold(row: &Row) -> String {
    match (row.setting, row.threshold) {
        (Setting::Flags, _) => "as it flags".to_owned(),
        (Setting::Natural, Some(value)) => format!("from {} {}", short(value), row.unit),
        (Setting::OtherSeeds, Some(value)) => {
            format!("above {} {}, from other seeds", short(value), row.unit)
        }
        (_, None) => "there are no other seeds".to_owned(),
    }
}

fn leaks(card: &Scorecard) -> Markup {
    html! {
        h3 { "Leaks, by what they are" }
        div.wide {
            table {
                thead {
                    tr {
                        @for name in ["by", "leaks", "found", "saved while open (KZT)", "saved after first flag",
                            "delay in orders, median / p90", "delay in hours, median / p90"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for row in &card.leaks {
                        tr {
                            td { (row.dimension) }
                            th scope="row" { (row.value.replace('_', " ")) }
                            td { (share(&row.found)) }
                            td { (money(&row.saved)) }
                            td { (row.saved_after_first_flag.value().map_or("–".to_owned(), |value| format!("{value:.2}"))) }
                            td { (spread(&row.delay_orders)) }
                            td { (spread(&row.delay_hours)) }
                        }
                    }
                }
            }
        }
    }
}

fn false_flags(card: &Scorecard) -> Markup {
    let all = &card.false_flags;
    let stories = all
        .by_story
        .iter()
        .map(|(name, rate)| ("story", *name, rate));
    let tiers = all.by_tier.iter().map(|(name, rate)| ("tier", *name, rate));
    let shops = all.by_marketplace.iter();
    let shops = shops.map(|(name, rate)| ("shop", name.as_str(), rate));
    html! {
        h3 { "False flags, by whom they hit" }
        div.wide {
            table {
                thead { tr {
                    th scope="col" { "by" }
                    th scope="col" { "honest codes" }
                    th scope="col" { "per 1,000 clean code-weeks (95 %)" }
                } }
                tbody {
                    @for (dimension, name, found) in stories.chain(tiers).chain(shops) {
                        tr {
                            td { (dimension) }
                            th scope="row" { (name.replace('_', " ")) }
                            td { (rate(found)) }
                        }
                    }
                }
            }
        }
    }
}
