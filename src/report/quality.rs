//! Whether the data were fit to be judged.

use std::collections::BTreeMap;

use maud::{Markup, html};
use promoguard_event::{ErrorKind, Evidence, Topic};

use super::numbers::{count, counted};
use super::page::Page;
use super::text::visible;
use super::words::signal_title;
use crate::engine::sinks::Tally;

/// What became of every record, and what was wrong with some.
pub(super) fn quality(page: &Page<'_>, tally: &Tally) -> Markup {
    html! {
        section aria-labelledby="quality" {
            h2 #quality { "Data quality" }
            div.wide tabindex="0" role="group" aria-label="Records, can be scrolled sideways" {
                (records(tally))
            }
            p.quiet {
                "Every record read is accepted, a duplicate, too late, bad, or handed on to another \
                 shard. Late records are accepted ones that came after their hour."
            }
            (bad_lines(tally))
            (defects(tally))
            (silence(page))
            (remarks(page, tally))
        }
    }
}

fn records(tally: &Tally) -> Markup {
    html! {
        table.plain {
            thead { tr {
                th scope="col" { "Records" }
                th.number scope="col" { "Read" }
                th.number scope="col" { "Accepted" }
                th.number scope="col" { "of them late" }
                th.number scope="col" { "Duplicates" }
                th.number scope="col" { "with another amount" }
                th.number scope="col" { "Too late" }
                th.number scope="col" { "Bad" }
            } }
            tbody {
                @for topic in Topic::ALL {
                    @let counts = tally.counts.of(topic);
                    tr {
                        th scope="row" { (topic.as_str()) }
                        td.number { (count(counts.read)) }
                        td.number { (count(counts.accepted)) }
                        td.number { (count(counts.late)) }
                        td.number { (count(counts.duplicate)) }
                        td.number { (count(counts.conflict)) }
                        td.number { (count(counts.too_late)) }
                        td.number { (count(counts.dead_letter)) }
                    }
                }
            }
        }
    }
}

fn bad_lines(tally: &Tally) -> Markup {
    let reasons: Vec<(Topic, ErrorKind, u64)> = Topic::ALL
        .into_iter()
        .flat_map(|topic| ErrorKind::ALL.iter().map(move |reason| (topic, *reason)))
        .map(|(topic, reason)| (topic, reason, tally.counts.dead_letters(topic, reason)))
        .filter(|(_, _, bad)| *bad > 0)
        .collect();
    html! {
        @if !reasons.is_empty() {
            h3 { "Bad lines by reason" }
            ul {
                @for (topic, reason, bad) in reasons {
                    li { (topic.as_str()) ": " code { (reason.as_str()) } ", " (count(bad)) }
                }
            }
        }
    }
}

fn defects(tally: &Tally) -> Markup {
    let defects: Vec<_> = tally.defects.iter().collect();
    html! {
        @if !defects.is_empty() {
            h3 { "Optional fields that were malformed" }
            p.quiet { "The record counts as if the field were absent." }
            ul {
                @for (topic, field, malformed) in defects {
                    li { (topic.as_str()) ": " code { (field.as_str()) } ", " (count(malformed)) }
                }
            }
        }
    }
}

fn silence(page: &Page<'_>) -> Markup {
    let mut silent: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for item in page
        .episodes
        .iter()
        .flat_map(|episode| &episode.flag.evidence)
    {
        if let Evidence::Abstained { signal, abstained } = item {
            *silent.entry((signal, abstained)).or_default() += 1;
        }
    }
    html! {
        @if !silent.is_empty() {
            h3 { "Signals that could not speak" }
            ul {
                @for ((signal, why), flags) in silent {
                    li {
                        strong { (visible(signal_title(signal))) } ": " (visible(why)) ", in "
                        (counted(flags, "flag", "flags"))
                    }
                }
            }
        }
    }
}

fn remarks(page: &Page<'_>, tally: &Tally) -> Markup {
    let counts = &tally.counts;
    let remarks = [
        (
            counts.attempts_not_judged,
            "orders were counted and not judged: their hour was full",
        ),
        (
            counts.code_conflicts,
            "registry entries were refused: another merchant has the code",
        ),
        (
            counts.windows_not_amended,
            "hours could not be amended any more by late events",
        ),
        (
            counts.codes_evicted,
            "unregistered codes were let go to stay within the bound",
        ),
        (
            page.daily.windows_not_kept,
            "hours of further codes are not in the pictures",
        ),
    ];
    html! {
        @if remarks.iter().any(|(times, _)| *times > 0) {
            h3 { "Remarks" }
            ul {
                @for (times, words) in remarks { @if times > 0 { li { (count(times)) " " (words) } } }
            }
        }
        @if !tally.conflicts.is_empty() {
            h3 { "What the registry refused" }
            ul { @for conflict in &tally.conflicts { li { (visible(conflict)) } } }
        }
    }
}
