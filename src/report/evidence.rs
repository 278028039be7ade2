//! The evidence of a flag as a waterfall: every line begins where the one above it ended, and the
//! last one is the score.

use maud::{Markup, html};
use promoguard_event::{Decibans, EventTime, Evidence, Flag};

use super::numbers::{count, part, plain, score};
use super::text::visible;
use super::words::{SignalWords, signal_title, signal_words, strength};
use promoguard_words::Clock;

/// Width of a bar's own coordinates; it is stretched to its cell.
const WIDTH: f64 = 300.0;

struct Line<'a> {
    name: &'a str,
    words: Option<&'static SignalWords>,
    observed: Option<f64>,
    expected: Option<f64>,
    n: u64,
    decibans: Decibans,
    window: (EventTime, EventTime),
}

impl Line<'_> {
    fn is_arithmetic(&self) -> bool {
        self.words.is_some_and(SignalWords::is_arithmetic)
    }

    fn sentence(&self) -> String {
        match self.words {
            Some(words) => words.sentence(self.observed, self.expected, self.n),
            None => "This version has no words for this signal.".to_owned(),
        }
    }

    fn shown(&self, value: Option<f64>) -> String {
        match (value, self.words) {
            (None, _) => "–".to_owned(),
            (Some(value), Some(words)) => words.shown(value),
            (Some(value), None) => plain(value),
        }
    }
}

/// Where bars begin and end, and how that maps to a cell.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(lines: &[Line<'_>]) -> Scale {
        let mut scale = Scale {
            low: 0.0,
            high: 0.0,
        };
        let mut sum = 0.0;
        for line in lines {
            sum += line.decibans.value();
            scale.low = scale.low.min(sum);
            scale.high = scale.high.max(sum);
        }
        scale
    }

    fn x(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        if width <= 0.0 {
            return 0.0;
        }
        (value - self.low) / width * (WIDTH - 4.0) + 2.0
    }
}

/// The table of what spoke.
pub(super) fn waterfall(flag: &Flag, clock: &Clock) -> Markup {
    let lines = lines(flag);
    let scale = Scale::of(&lines);
    let mut sum = 0.0;
    html! {
        div.wide tabindex="0" role="group" aria-label="Evidence, can be scrolled sideways" {
            table.evidence {
                caption.unseen { "Evidence in decibans, adding up to the score" }
                thead { tr {
                    th scope="col" { "What was looked at" }
                    th.number scope="col" { "Observed" }
                    th.number scope="col" { "Ordinary" }
                    th.number scope="col" { "Of" }
                    th.number scope="col" { "Decibans" }
                    th.bar-head scope="col" { span { "← against" } span { "for a leak →" } }
                } }
                tbody {
                    @for line in &lines {
                        @let from = sum;
                        @let () = sum += line.decibans.value();
                        tr.arithmetic[line.is_arithmetic()] {
                            th scope="row" {
                                span.signal { (visible(signal_title(line.name))) }
                                span.sentence { (line.sentence()) }
                            }
                            td.number data-label="Observed" { (line.shown(line.observed)) }
                            td.number data-label="Ordinary" { (line.shown(line.expected)) }
                            td.number data-label="Of" {
                                @if line.n > 0 { (count(line.n)) } @else { "–" }
                            }
                            td.number data-label="Decibans" { (part(line.decibans)) }
                            td.bar { (bar(&scale, from, sum, line.decibans)) }
                        }
                    }
                }
                tfoot { tr {
                    th scope="row" { "Score: " (strength(flag.score)) }
                    td {} td {} td {}
                    td.number data-label="Decibans" { (score(flag.score)) }
                    td.bar { (bar(&scale, 0.0, sum, flag.score)) }
                } }
            }
        }
        @if let Some((from, to)) = window(&lines) {
            p.quiet {
                "Evidence from " (clock.minute(from)) " to " (clock.minute(to))
                ". “Of” is the number of observations behind a line."
            }
        }
    }
}

/// What could not speak, and why.
pub(super) fn abstained(flag: &Flag) -> Markup {
    let silent: Vec<(&str, &str)> = flag
        .evidence
        .iter()
        .filter_map(|item| match item {
            Evidence::Abstained { signal, abstained } => Some((*signal, *abstained)),
            Evidence::Signal { .. } => None,
        })
        .collect();
    html! {
        @if !silent.is_empty() {
            h4 { "What could not speak" }
            ul.abstained {
                @for (signal, why) in silent {
                    li { strong { (visible(signal_title(signal))) } ": " (visible(why)) }
                }
            }
        }
    }
}

/// Strongest first; what is arithmetic rather than something seen comes last.
fn lines(flag: &Flag) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = flag
        .evidence
        .iter()
        .filter_map(|item| match item {
            Evidence::Abstained { .. } => None,
            Evidence::Signal {
                signal,
                observed,
                expected,
                n,
                decibans,
                window,
            } => Some(Line {
                name: signal,
                words: signal_words(signal),
                observed: *observed,
                expected: *expected,
                n: *n,
                decibans: *decibans,
                window: *window,
            }),
        })
        .collect();
    lines.sort_by_key(|line| (line.is_arithmetic(), std::cmp::Reverse(line.decibans)));
    lines
}

fn window(lines: &[Line<'_>]) -> Option<(EventTime, EventTime)> {
    let from = lines.iter().map(|line| line.window.0).min()?;
    let to = lines.iter().map(|line| line.window.1).max()?;
    Some((from, to))
}

fn bar(scale: &Scale, from: f64, to: f64, decibans: Decibans) -> Markup {
    let (from, to) = (scale.x(from), scale.x(to));
    let (left, right) = (from.min(to), from.max(to));
    let zero = scale.x(0.0);
    let class = if decibans < Decibans::ZERO {
        "against"
    } else {
        "for"
    };
    html! {
        svg viewBox=(format!("0 0 {WIDTH} 20")) preserveAspectRatio="none" aria-hidden="true" {
            title { (part(decibans)) " dB" }
            line.zero x1=(format!("{zero:.1}")) x2=(format!("{zero:.1}")) y1="0" y2="20" {}
            rect class=(class) x=(format!("{left:.1}")) y="4" height="12"
                width=(format!("{:.1}", (right - left).max(1.5))) {}
        }
    }
}
