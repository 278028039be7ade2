//! A code's days as a picture.
//!
//! Decides: scales, marks and the order of layers. Must not know: why the code was flagged.

use maud::{Markup, html};

use super::daily::Sums;
use super::numbers::{count, counted};
use promoguard_words::{Day, begins_month, day_text};

/// What is drawn.
pub(super) struct Timeline {
    /// Ascending by day; days that are absent had nothing.
    pub(super) days: Vec<(Day, Sums)>,
    /// Start of the leak and its 90 % interval, as places on the axis of days.
    pub(super) onset: (f64, f64, f64),
    /// When the flag opened.
    pub(super) opened: f64,
    /// When it was cleared.
    pub(super) cleared: Option<f64>,
    /// When the partner published.
    pub(super) posts: Vec<f64>,
}

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 268.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 834.0;
/// Two rows of labels stand above the plot.
const TOP: f64 = 40.0;
const BOTTOM: f64 = 228.0;
/// More bars than this cannot be told apart on the width of a page.
const BARS_MAX: i32 = 400;
/// Posts drawn; a partner who posts more often has no visible dates.
const POSTS_MAX: usize = 60;

struct Bar {
    sums: Sums,
}

struct Axis {
    first: Day,
    /// Days of a bar.
    step: i32,
    bars: Vec<Bar>,
}

impl Axis {
    fn new(timeline: &Timeline) -> Option<Axis> {
        let (first, _) = *timeline.days.first()?;
        let (last, _) = *timeline.days.last()?;
        // The marks shall be inside even where they are before the first or after the last event.
        let marks = [timeline.onset.1, timeline.opened];
        let floor = |place: f64| place.floor() as Day;
        let first = marks
            .iter()
            .fold(first, |first, mark| first.min(floor(*mark).max(first - 30)));
        let last = marks
            .iter()
            .fold(last, |last, mark| last.max(floor(*mark).min(last + 30)));
        let span = last - first + 1;
        let step = (span + BARS_MAX - 1) / BARS_MAX;
        let bars = (span + step - 1) / step;
        let mut axis = Axis {
            first,
            step,
            bars: (0..bars)
                .map(|_| Bar {
                    sums: Sums::default(),
                })
                .collect(),
        };
        for (day, sums) in &timeline.days {
            axis.bars[((day - first) / step) as usize].sums.add(sums);
        }
        Some(axis)
    }

    fn days(&self) -> f64 {
        (self.bars.len() as i32 * self.step) as f64
    }

    fn x(&self, place: f64) -> f64 {
        let share = (place - f64::from(self.first)) / self.days();
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// The picture with its legend; words only where the code has no days.
pub(super) fn draw(timeline: &Timeline, number: usize) -> Markup {
    let Some(axis) = Axis::new(timeline) else {
        return html! { p.quiet { "No daily figures are known for this code." } };
    };
    let orders_top = nice_top(axis.bars.iter().map(|bar| bar.sums.orders()).max());
    let clicks_top = nice_top(axis.bars.iter().map(|bar| bar.sums.clicks).max());
    let has_clicks = axis.bars.iter().any(|bar| bar.sums.clicks > 0);
    let bar_name = match axis.step {
        1 => "a day".to_owned(),
        step => format!("{step} days together"),
    };
    html! {
        div.picture tabindex="0" role="group" aria-label="Timeline, can be scrolled sideways" {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-labelledby=(format!("timeline-title-{number} timeline-desc-{number}")) {
                title id=(format!("timeline-title-{number}")) { "Orders and clicks by day" }
                desc id=(format!("timeline-desc-{number}")) { (description(timeline, &axis)) }
                (onset_band(timeline, &axis))
                (grid(&axis, orders_top, has_clicks.then_some(clicks_top)))
                path.clickless d=(bars(&axis, orders_top, |_| 0, Sums::clickless)) {}
                path.clicked d=(bars(&axis, orders_top, Sums::clickless, Sums::orders)) {}
                @if has_clicks { path.clicks d=(line(&axis, clicks_top)) {} }
                (marks(timeline, &axis))
            }
        }
        ul.legend {
            li { span.key.key-clicked {} "orders with a click" }
            li { span.key.key-clickless {} "orders without a click" }
            @if has_clicks { li { span.key.key-clicks {} "clicks (own scale, right)" } }
            li { span.key.key-onset {} "likely start, with its 90 % interval" }
            @if !timeline.posts.is_empty() { li { span.key.key-post {} "partner’s post" } }
            li.quiet { "one bar = " (bar_name) }
        }
    }
}

fn description(timeline: &Timeline, axis: &Axis) -> String {
    let mut before = Sums::default();
    let mut after = Sums::default();
    let onset = timeline.onset.0;
    let (mut days_before, mut days_after) = (0_u64, 0_u64);
    for day in axis.first..axis.first + axis.bars.len() as i32 * axis.step {
        let side = if f64::from(day) < onset.floor() {
            &mut days_before
        } else {
            &mut days_after
        };
        *side += 1;
    }
    for (day, sums) in &timeline.days {
        let side = if f64::from(*day) < onset.floor() {
            &mut before
        } else {
            &mut after
        };
        side.add(sums);
    }
    let told = |sums: &Sums, days: u64| {
        format!(
            "{} in {}, {} of them without a click, {}",
            counted(sums.orders(), "order", "orders"),
            counted(days, "day", "days"),
            count(sums.clickless()),
            counted(sums.clicks, "click", "clicks"),
        )
    };
    format!(
        "Before the likely start: {}. From then on: {}.",
        told(&before, days_before),
        told(&after, days_after)
    )
}

fn onset_band(timeline: &Timeline, axis: &Axis) -> Markup {
    let (at, low, high) = timeline.onset;
    let (from, to) = (axis.x(low), axis.x(high));
    let x = axis.x(at);
    html! {
        rect.onset-band x=(px(from)) y=(px(TOP)) width=(px((to - from).max(1.0)))
            height=(px(BOTTOM - TOP)) {}
        line.onset-line x1=(px(x)) x2=(px(x)) y1=(px(TOP - 34.0)) y2=(px(BOTTOM)) {}
    }
}

fn marks(timeline: &Timeline, axis: &Axis) -> Markup {
    html! {
        (label(axis.x(timeline.onset.0), TOP - 26.0, Side::Left, "likely start"))
        (flag_mark(axis.x(timeline.opened), TOP - 10.0, "flag opened"))
        // In the row of the start, which is to the left of it: two labels of one row never meet.
        @if let Some(cleared) = timeline.cleared {
            (flag_mark(axis.x(cleared), TOP - 26.0, "cleared"))
        }
        @for post in timeline.posts.iter().take(POSTS_MAX) {
            @if (f64::from(axis.first)..f64::from(axis.first) + axis.days()).contains(post) {
                path.post d=(triangle(axis.x(*post))) {}
            }
        }
    }
}

fn flag_mark(x: f64, label_y: f64, words: &str) -> Markup {
    html! {
        line.flag-line x1=(px(x)) x2=(px(x)) y1=(px(label_y - 8.0)) y2=(px(BOTTOM)) {}
        (label(x, label_y, Side::Right, words))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A label beside its line, on the other side where it would leave the picture.
fn label(x: f64, y: f64, side: Side, words: &str) -> Markup {
    let side = match side {
        Side::Left if x < LEFT + 80.0 => Side::Right,
        Side::Right if x > RIGHT - 80.0 => Side::Left,
        fits => fits,
    };
    let (x, anchor) = match side {
        Side::Left => (x - 5.0, "end"),
        Side::Right => (x + 5.0, "start"),
    };
    html! { text.mark x=(px(x)) y=(px(y)) text-anchor=(anchor) { (words) } }
}

fn triangle(x: f64) -> String {
    let y = BOTTOM + 2.0;
    format!("M{} {}l4 7h-8z", px(x), px(y))
}

fn grid(axis: &Axis, orders_top: u64, clicks_top: Option<u64>) -> Markup {
    let halves: &[u64] = if orders_top.is_multiple_of(2) {
        &[0, 1, 2]
    } else {
        &[0, 2]
    };
    html! {
        @for half in halves {
            @let y = BOTTOM - *half as f64 / 2.0 * (BOTTOM - TOP);
            line.grid x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(y)) y2=(px(y)) {}
            text.tick x=(px(LEFT - 6.0)) y=(px(y + 4.0)) text-anchor="end" {
                (count(orders_top * half / 2))
            }
            @if let Some(clicks_top) = clicks_top {
                @if clicks_top.is_multiple_of(2) || *half != 1 {
                    text.tick.tick-clicks x=(px(RIGHT + 6.0)) y=(px(y + 4.0)) {
                        (count(clicks_top * half / 2))
                    }
                }
            }
        }
        @for (day, words) in ticks(axis) {
            @let x = axis.x(f64::from(day));
            line.axis x1=(px(x)) x2=(px(x)) y1=(px(BOTTOM)) y2=(px(BOTTOM + 4.0)) {}
            text.tick x=(px(x)) y=(px(BOTTOM + 24.0)) text-anchor="middle" { (words) }
        }
    }
}

/// Days with a label, about ten.
fn ticks(axis: &Axis) -> Vec<(Day, String)> {
    let days = axis.bars.len() as i32 * axis.step;
    if days <= 75 {
        let every = (days / 8).max(1);
        return (0..days)
            .step_by(every as usize)
            .map(|day| (axis.first + day, day_text(axis.first + day, "%-d %b")))
            .collect();
    }
    let months: Vec<Day> = (axis.first..axis.first + days)
        .filter(|day| begins_month(*day))
        .collect();
    let every = months.len().div_ceil(12).max(1);
    months
        .into_iter()
        .step_by(every)
        .enumerate()
        .map(|(place, day)| {
            let is_january = day_text(day, "%m") == "01";
            let pattern = if place == 0 || is_january {
                "%b %Y"
            } else {
                "%b"
            };
            (day, day_text(day, pattern))
        })
        .collect()
}

/// All bars from one sum to another as one path.
fn bars(axis: &Axis, top: u64, from: fn(&Sums) -> u64, to: fn(&Sums) -> u64) -> String {
    let width = (RIGHT - LEFT) / axis.bars.len() as f64;
    let gap = if width > 5.0 {
        width * 0.22
    } else {
        width * 0.12
    };
    let mut path = String::new();
    for (place, bar) in axis.bars.iter().enumerate() {
        let (low, high) = (from(&bar.sums), to(&bar.sums));
        if high > low {
            let y = |value: u64| BOTTOM - value as f64 / top as f64 * (BOTTOM - TOP);
            path.push_str(&format!(
                "M{} {}h{}V{}h-{}z",
                px(LEFT + place as f64 * width + gap / 2.0),
                px(y(low)),
                px(width - gap),
                px(y(high)),
                px(width - gap),
            ));
        }
    }
    path
}

fn line(axis: &Axis, top: u64) -> String {
    let width = (RIGHT - LEFT) / axis.bars.len() as f64;
    let mut path = String::new();
    for (place, bar) in axis.bars.iter().enumerate() {
        let x = LEFT + (place as f64 + 0.5) * width;
        let y = BOTTOM - bar.sums.clicks as f64 / top as f64 * (BOTTOM - TOP);
        path.push_str(&format!(
            "{}{} {}",
            if place == 0 { 'M' } else { 'L' },
            px(x),
            px(y)
        ));
    }
    path
}

/// The next of 1, 2, 4, 6, 8, 10, 20, 40 …
fn nice_top(max: Option<u64>) -> u64 {
    let max = max.unwrap_or(0).max(1);
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 4, 6, 8] {
            let top = power.saturating_mul(step);
            if top >= max {
                return top;
            }
        }
        power = power.saturating_mul(10);
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
    fn the_scale_ends_just_above_the_highest_bar() {
        for (max, top) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (9, 10),
            (11, 20),
            (61, 80),
            (100, 100),
        ] {
            assert_eq!(nice_top(Some(max)), top, "{max}");
        }
        assert_eq!(nice_top(Some(u64::MAX)), u64::MAX);
    }

    #[test]
    fn ten_years_are_drawn_with_a_bounded_number_of_bars() {
        let timeline = Timeline {
            days: vec![(10_000, Sums::default()), (13_650, Sums::default())],
            onset: (12_000.5, 11_990.0, 12_010.0),
            opened: 12_001.0,
            cleared: None,
            posts: Vec::new(),
        };
        let axis = Axis::new(&timeline).expect("has days");
        assert!(axis.bars.len() <= 400, "{}", axis.bars.len());
        assert!(ticks(&axis).len() <= 13);
    }
}
