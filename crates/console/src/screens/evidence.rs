//! The evidence as a waterfall: each item carries the sum on, and the last sum is the score.

use maud::{Markup, html};
use promoguard_review::{EvidenceRecord, FlagRecord};
use promoguard_words::is_arithmetic;

use crate::access::Visitor;
use crate::charts::bar;
use crate::page::time;

pub(crate) fn waterfall(visitor: &Visitor, flag: &FlagRecord) -> Markup {
    let t = &visitor.texts;
    let (spoke, silent) = split(flag);
    let steps = steps(&spoke);
    let low = steps
        .iter()
        .fold(0.0, |low: f64, (from, to)| low.min(*from).min(*to));
    let high = steps
        .iter()
        .fold(1.0, |high: f64, (from, to)| high.max(*from).max(*to));
    html! {
        div.wide tabindex="0" role="group" aria-label=(t.say("evidence-title")) {
        table.evidence {
            caption.unseen { (t.say("evidence-title")) }
            thead {
                tr {
                    th scope="col" { (t.say("col-signal")) }
                    th.number scope="col" { (t.say("col-decibans")) }
                    th.bars scope="col" { (t.say("col-sum")) }
                }
            }
            tbody {
                @for (item, (from, to)) in spoke.iter().zip(&steps) {
                    tr.arithmetic[is_arithmetic(&item.signal)] {
                        th scope="row" { (words(visitor, item)) }
                        td.number { (t.words.signed(item.decibans.unwrap_or(0.0))) }
                        td.bars { (bar(*from, *to, low, high)) }
                    }
                }
            }
            tfoot {
                tr {
                    th scope="row" { (t.say("evidence-score")) }
                    td.number { (t.words.signed(flag.score)) }
                    td.bars { (bar(0.0, flag.score, low, high)) }
                }
            }
        }
        }
        @if !silent.is_empty() {
            details.silent {
                summary { (t.counted("evidence-silent", silent.len() as u64)) }
                ul {
                    @for item in &silent {
                        @let (title, _) = t.signal(&item.signal);
                        li { strong { (title) } ": " (t.silence(item.abstained.as_deref().unwrap_or(""))) }
                    }
                }
            }
        }
        p.soft {
            (t.say("evidence-how")) " "
            (t.with("evidence-detector", &[("detector", &flag.detector), ("basis", basis(flag))]))
            @if flag.data_gap { " " strong { (t.say("evidence-gap")) } }
        }
    }
}

fn basis(flag: &FlagRecord) -> &'static str {
    flag.basis.as_str()
}

/// What spoke, strongest first, the arithmetic last; and what abstained.
fn split(flag: &FlagRecord) -> (Vec<&EvidenceRecord>, Vec<&EvidenceRecord>) {
    let (mut spoke, silent): (Vec<_>, Vec<_>) = flag
        .evidence
        .iter()
        .partition(|item| item.abstained.is_none());
    spoke.sort_by(|one, other| {
        let strength = |item: &EvidenceRecord| item.decibans.unwrap_or(0.0).abs();
        is_arithmetic(&one.signal)
            .cmp(&is_arithmetic(&other.signal))
            .then(strength(other).total_cmp(&strength(one)))
    });
    (spoke, silent)
}

/// From which sum to which each item leads.
fn steps(spoke: &[&EvidenceRecord]) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let step = |item: &&EvidenceRecord| {
        let from = sum;
        sum += item.decibans.unwrap_or(0.0);
        (from, sum)
    };
    spoke.iter().map(step).collect()
}

fn words(visitor: &Visitor, item: &EvidenceRecord) -> Markup {
    let t = &visitor.texts;
    let (title, meaning) = t.signal(&item.signal);
    let figures = t
        .words
        .figures(&item.signal, item.observed, item.expected, item.n);
    html! {
        details {
            summary {
                span.signal { (title) }
                @if let Some(figures) = figures { span.below { (figures) } }
            }
            p { (meaning) }
            @if let Some(window) = item.window {
                p.soft { (t.say("evidence-window")) " " (time(visitor, window.from)) " – " (time(visitor, window.to)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_ends_at_the_sum_of_all() {
        let item = |signal: &str, decibans| EvidenceRecord {
            signal: signal.to_owned(),
            observed: None,
            expected: None,
            n: 0,
            decibans: Some(decibans),
            window: None,
            abstained: None,
        };
        let items = [item("a", 30.5), item("b", -8.0), item("prior", 2.5)];
        let items: Vec<&EvidenceRecord> = items.iter().collect();
        assert_eq!(steps(&items), [(0.0, 30.5), (30.5, 22.5), (22.5, 25.0)]);
    }
}
