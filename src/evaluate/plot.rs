//! Axes, lines and bars as SVG.
//!
//! Decides: how a picture is laid out. Must not know: what it shows.

use maud::{Markup, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 278.0;

/// One axis with its name, which has the unit in it.
pub(super) struct Axis {
    pub(super) name: String,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Where it is labelled, and with what; a label may have two lines.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From `from` to `to` with about six labels.
    pub(super) fn linear(name: &str, from: f64, to: f64) -> Axis {
        let to = if to > from { to } else { from + 1.0 };
        let step = nice_step((to - from) / 5.0);
        let first = (from / step).ceil() as i64;
        let last = (to / step + 1e-9).floor() as i64;
        let tick = |place: i64| {
            let value = place as f64 * step;
            (value, label(value))
        };
        Axis {
            name: name.to_owned(),
            from,
            to,
            ticks: (first..=last).map(tick).collect(),
        }
    }

    /// A share from 0 to 1.
    pub(super) fn share(name: &str) -> Axis {
        Axis::linear(name, 0.0, 1.0)
    }

    /// As many places as there are names, each one unit wide.
    pub(super) fn named(name: &str, names: &[String]) -> Axis {
        let middle = |(place, name): (usize, &String)| (place as f64 + 0.5, name.clone());
        Axis {
            name: name.to_owned(),
            from: 0.0,
            to: names.len().max(1) as f64,
            ticks: names.iter().enumerate().map(middle).collect(),
        }
    }

    fn at(&self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20, 50 …
fn nice_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-9).log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0];
    let fits = times
        .into_iter()
        .find(|times| times * power >= step * 0.999);
    fits.unwrap_or(10.0) * power
}

fn label(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.replace('-', "\u{2212}")
    }
}

/// Two axes that span a picture.
pub(super) struct Frame {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Frame {
    /// The picture; `inside` is drawn over the grid. `id` is unique on the page.
    pub(super) fn picture(&self, id: &str, title: &str, inside: Markup) -> Markup {
        html! {
            div.plot tabindex="0" role="group" aria-label=(format!("{title}; can be scrolled sideways")) {
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby=(format!("{id}-title")) {
                    title id=(format!("{id}-title")) { (title) }
                    (self.grid())
                    (inside)
                }
            }
        }
    }

    fn grid(&self) -> Markup {
        html! {
            @for (value, label) in &self.y.ticks {
                line.grid x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(self.y(*value))) y2=(px(self.y(*value))) {}
                text x=(px(LEFT - 8.0)) y=(px(self.y(*value) + 4.0)) text-anchor="end" { (label) }
            }
            @for (value, label) in &self.x.ticks {
                line.axis x1=(px(self.x(*value))) x2=(px(self.x(*value))) y1=(px(BOTTOM)) y2=(px(BOTTOM + 4.0)) {}
                @for (line, words) in label.lines().enumerate() {
                    text x=(px(self.x(*value))) y=(px(BOTTOM + 18.0 + 14.0 * line as f64)) text-anchor="middle" { (words) }
                }
            }
            line.axis x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(BOTTOM)) y2=(px(BOTTOM)) {}
            text.axis-name x=(px((LEFT + RIGHT) / 2.0)) y=(px(BOTTOM + 54.0)) text-anchor="middle" { (self.x.name) }
            text.axis-name x="0" y="0" text-anchor="middle"
                transform=(format!("translate(14 {}) rotate(-90)", px((TOP + BOTTOM) / 2.0))) { (self.y.name) }
        }
    }

    /// A line through points; those beyond the right end are left out.
    pub(super) fn line(&self, class: &str, points: &[(f64, f64)]) -> Markup {
        let mut path = String::new();
        for (x, y) in points.iter().take_while(|(x, _)| *x <= self.x.to) {
            let step = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{step}{} {}", px(self.x(*x)), px(self.y(*y))));
        }
        html! { path class=(class) d=(path) {} }
    }

    /// A bar over part of a named place: `from` and `to` are shares of its width.
    pub(super) fn bar(
        &self,
        class: &str,
        place: usize,
        (from, to): (f64, f64),
        (low, high): (f64, f64),
    ) -> Markup {
        let (left, right) = (self.x(place as f64 + from), self.x(place as f64 + to));
        let (bottom, top) = (self.y(low), self.y(high));
        html! {
            rect class=(class) x=(px(left)) y=(px(top)) width=(px(right - left)) height=(px(bottom - top)) {}
        }
    }

    /// A word centred above a point.
    pub(super) fn word(&self, x: f64, y: f64, word: &str) -> Markup {
        html! {
            text.mark x=(px(self.x(x))) y=(px((self.y(y) - 7.0).max(TOP + 6.0))) text-anchor="middle" { (word) }
        }
    }

    /// A word centred below a point.
    pub(super) fn word_below(&self, x: f64, y: f64, word: &str) -> Markup {
        html! {
            text.mark x=(px(self.x(x))) y=(px(self.y(y) + 21.0)) text-anchor="middle" { (word) }
        }
    }

    /// A round mark.
    pub(super) fn spot(&self, x: f64, y: f64) -> Markup {
        html! { circle.spot cx=(px(self.x(x))) cy=(px(self.y(y))) r="5" {} }
    }

    /// A range around a mark, along the horizontal axis.
    pub(super) fn whisker(&self, (from, to): (f64, f64), y: f64) -> Markup {
        html! {
            line.whisker x1=(px(self.x(from))) x2=(px(self.x(to))) y1=(px(self.y(y))) y2=(px(self.y(y))) {}
        }
    }

    /// A goal as a broken line from bottom to top.
    pub(super) fn upright(&self, x: f64) -> Markup {
        html! { line.goal x1=(px(self.x(x))) x2=(px(self.x(x))) y1=(px(TOP)) y2=(px(BOTTOM)) {} }
    }

    /// A goal as a broken line from left to right.
    pub(super) fn level(&self, y: f64) -> Markup {
        html! { line.goal x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(self.y(y))) y2=(px(self.y(y))) {} }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.at(value) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - self.y.at(value) * (BOTTOM - TOP)
    }
}

/// A legend: for each class and name a piece of the line.
pub(super) fn lines_legend(series: &[(String, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in series {
                li {
                    svg.line viewBox="0 0 35 11" aria-hidden="true" { path class=(class) d="M0 6h35" {} }
                    (name)
                }
            }
        }
    }
}

/// A legend of filled areas.
pub(super) fn fills_legend(fills: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in fills {
                li { span class=(format!("key {class}")) {} (name) }
            }
        }
    }
}

/// A coordinate with a tenth of a pixel.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_labelled_with_round_numbers_up_to_their_end() {
        let labels = |axis: Axis| -> Vec<String> {
            axis.ticks.into_iter().map(|(_, label)| label).collect()
        };
        let check = |axis: Axis, expected: &[&str]| assert_eq!(labels(axis), expected);
        check(Axis::share("s"), &["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        check(Axis::linear("n", 0.0, 17.0), &["0", "5", "10", "15"]);
        check(
            Axis::linear("n", 0.0, 0.0),
            &["0", "0.2", "0.4", "0.6", "0.8", "1"],
        );
    }
}
