//! Pictures, drawn here as SVG: days, hours of the week, sparks.
//!
//! Decides: scales and marks. Colours come from the style sheet, so that both themes work; what is
//! drawn is also told in words.

use maud::{Markup, html};
use promoguard_event::EventTime;
use promoguard_review::{HourSums, SPARK_DAYS};
use promoguard_words::{Clock, Day, day_text};

use crate::texts::Texts;

mod heat;

pub(crate) use heat::{Heat, heat, top};

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 270.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 936.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 236.0;
/// Posts drawn; who posts more often has no dates to be seen.
const POSTS_MAX: usize = 60;

/// What one day had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DaySums {
    pub(crate) clicks: u32,
    pub(crate) orders: u32,
    pub(crate) clickless: u32,
}

/// A code's days, gapless, and what is marked on them.
pub(crate) struct Timeline {
    first: Day,
    days: Vec<DaySums>,
    /// Low, most likely and high start, as places on the axis of days.
    onset: Option<[f64; 3]>,
    opened: Option<f64>,
    posts: Vec<f64>,
    /// Between these lay four of five days before the start.
    usual: Option<(f64, f64)>,
}

/// The days before the start that make the usual band; fewer say too little.
const USUAL_DAYS_MIN: usize = 7;

impl Timeline {
    /// From hours, ascending; `None` without any.
    pub(crate) fn new(
        hours: &[HourSums],
        newest: EventTime,
        onset: Option<[EventTime; 3]>,
        opened: Option<EventTime>,
        posts: &[EventTime],
        clock: &Clock,
    ) -> Option<Timeline> {
        let first = clock.day_of(hours.first()?.hour);
        let last = clock
            .day_of(newest.hour())
            .max(clock.day_of(hours.last()?.hour));
        let mut days = vec![DaySums::default(); (last - first + 1) as usize];
        for hour in hours {
            let day = &mut days[(clock.day_of(hour.hour) - first) as usize];
            day.clicks += hour.clicks;
            day.orders += hour.orders;
            day.clickless += hour.clickless.min(hour.orders);
        }
        let place = |at: EventTime| clock.place_of(at);
        let onset = onset.map(|[at, low, high]| [place(low), place(at), place(high)]);
        // Today is not over, and the day of the low end is not before it.
        let before = onset.map(|[low, ..]| (low.floor() as Day - first).max(0) as usize);
        let usual = before
            .map(|before| &days[..before.min(days.len())])
            .and_then(usual_band);
        Some(Timeline {
            first,
            onset,
            opened: opened.map(place),
            posts: posts.iter().map(|post| place(*post)).collect(),
            usual,
            days,
        })
    }

    fn x(&self, place: f64) -> f64 {
        let share = (place - f64::from(self.first)) / self.days.len() as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn contains(&self, place: f64) -> bool {
        let first = f64::from(self.first);
        (first..first + self.days.len() as f64).contains(&place)
    }

    /// Days and sums before the most likely start, and from it on.
    pub(crate) fn sides(&self) -> [(u64, DaySums); 2] {
        let split = self.onset.map_or(f64::MAX, |[_, at, _]| at.floor());
        let mut sides = [(0, DaySums::default()); 2];
        for (place, day) in self.days.iter().enumerate() {
            let at = f64::from(self.first) + place as f64;
            let (days, sums) = &mut sides[usize::from(at >= split)];
            *days += 1;
            sums.clicks += day.clicks;
            sums.orders += day.orders;
            sums.clickless += day.clickless;
        }
        sides
    }

    /// Rows for the table under the picture: day, sums.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (String, &DaySums)> {
        self.days.iter().enumerate().map(|(place, day)| {
            let text = day_text(self.first + place as Day, "%d.%m.%Y");
            (text, day)
        })
    }
}

/// The band in which the middle four fifths of days lie.
fn usual_band(days: &[DaySums]) -> Option<(f64, f64)> {
    if days.len() < USUAL_DAYS_MIN {
        return None;
    }
    let mut orders: Vec<u32> = days.iter().map(|day| day.orders).collect();
    orders.sort_unstable();
    let at = |share: f64| f64::from(orders[((orders.len() - 1) as f64 * share).round() as usize]);
    Some((at(0.1), at(0.9)))
}

/// The picture; its words are in `title` and `desc`.
pub(crate) fn timeline(timeline: &Timeline, t: &Texts) -> Markup {
    let top = nice_top(timeline.days.iter().map(|day| day.orders).max());
    let clicks_top = nice_top(timeline.days.iter().map(|day| day.clicks).max());
    let has_clicks = timeline.days.iter().any(|day| day.clicks > 0);
    let [before, after] = timeline.sides();
    let told = |(days, sums): (u64, DaySums)| {
        t.with(
            "timeline-told",
            &[
                ("days", &t.counted("days", days)),
                ("orders", &t.counted("orders", sums.orders.into())),
                ("clickless", &t.words.count(sums.clickless.into())),
                ("clicks", &t.counted("clicks", sums.clicks.into())),
            ],
        )
    };
    html! {
        div.picture tabindex="0" role="group" aria-label=(t.say("timeline-scroll")) {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="timeline-title timeline-desc" {
                title id="timeline-title" { (t.say("timeline-title")) }
                desc id="timeline-desc" {
                    @if timeline.onset.is_some() {
                        (t.with("timeline-desc", &[("before", &told(before)), ("after", &told(after))]))
                    } @else { (told(before)) }
                }
                @if let Some((low, high)) = timeline.usual {
                    rect.usual x=(px(LEFT)) width=(px(RIGHT - LEFT)) y=(px(y(high, top)))
                        height=(px((y(low, top) - y(high, top)).max(2.0))) {}
                }
                @if let Some([low, at, high]) = timeline.onset {
                    rect.onset-band x=(px(timeline.x(low))) y=(px(TOP)) height=(px(BOTTOM - TOP))
                        width=(px((timeline.x(high) - timeline.x(low)).max(2.0))) {}
                    line.onset-line x1=(px(timeline.x(at))) x2=(px(timeline.x(at))) y1=(px(TOP - 32.0)) y2=(px(BOTTOM)) {}
                }
                (grid(timeline, top, has_clicks.then_some(clicks_top), t))
                path.clickless d=(bars(timeline, top, |_| 0, |day| day.clickless)) {}
                path.clicked d=(bars(timeline, top, |day| day.clickless, |day| day.orders)) {}
                @if has_clicks { path.clicks d=(clicks_line(timeline, clicks_top)) {} }
                @if let Some([_, at, _]) = timeline.onset {
                    (label(timeline.x(at), TOP - 24.0, true, &t.say("mark-onset")))
                }
                @if let Some(opened) = timeline.opened {
                    line.flag-line x1=(px(timeline.x(opened))) x2=(px(timeline.x(opened))) y1=(px(TOP - 18.0)) y2=(px(BOTTOM)) {}
                    (label(timeline.x(opened), TOP - 8.0, false, &t.say("mark-opened")))
                }
                @for post in timeline.posts.iter().filter(|post| timeline.contains(**post)).take(POSTS_MAX) {
                    path.post d=(format!("M{} {}l4.5 8h-9z", px(timeline.x(*post)), px(BOTTOM + 2.0))) {}
                }
            }
        }
        ul.legend {
            li { span.key.key-clicked {} (t.say("legend-clicked")) }
            li { span.key.key-clickless {} (t.say("legend-clickless")) }
            @if has_clicks { li { span.key.key-clicks {} (t.say("legend-clicks")) } }
            @if timeline.usual.is_some() { li { span.key.key-usual {} (t.say("legend-usual")) } }
            @if timeline.onset.is_some() { li { span.key.key-onset {} (t.say("legend-onset")) } }
            @if timeline.posts.iter().any(|post| timeline.contains(*post)) { li { span.key.key-post {} (t.say("legend-post")) } }
        }
    }
}

fn y(value: f64, top: u64) -> f64 {
    BOTTOM - (value / top as f64).min(1.0) * (BOTTOM - TOP)
}

fn label(x: f64, y: f64, left: bool, words: &str) -> Markup {
    let left = if left {
        x >= LEFT + 110.0
    } else {
        x > RIGHT - 110.0
    };
    let (x, anchor) = if left {
        (x - 5.0, "end")
    } else {
        (x + 5.0, "start")
    };
    html! { text.mark x=(px(x)) y=(px(y)) text-anchor=(anchor) { (words) } }
}

fn grid(timeline: &Timeline, top: u64, clicks_top: Option<u64>, t: &Texts) -> Markup {
    let days = timeline.days.len();
    let every = days.div_ceil(9).max(1);
    html! {
        @for half in [0, 1, 2] {
            @let at = BOTTOM - f64::from(half) / 2.0 * (BOTTOM - TOP);
            line.grid x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(at)) y2=(px(at)) {}
            @if top.is_multiple_of(2) || half != 1 {
                text.tick x=(px(LEFT - 6.0)) y=(px(at + 4.0)) text-anchor="end" {
                    (t.words.count(top * half as u64 / 2))
                }
            }
            @if let Some(clicks_top) = clicks_top.filter(|top| top.is_multiple_of(2) || half != 1) {
                text.tick x=(px(RIGHT + 6.0)) y=(px(at + 4.0)) { (t.words.count(clicks_top * half as u64 / 2)) }
            }
        }
        @for place in (0..days).step_by(every) {
            @let day = timeline.first + place as Day;
            @let x = timeline.x(f64::from(day));
            line.axis x1=(px(x)) x2=(px(x)) y1=(px(BOTTOM)) y2=(px(BOTTOM + 4.0)) {}
            text.tick x=(px(x)) y=(px(BOTTOM + 26.0)) text-anchor="start" { (day_text(day, "%d.%m")) }
        }
    }
}

fn bars(
    timeline: &Timeline,
    top: u64,
    from: fn(&DaySums) -> u32,
    to: fn(&DaySums) -> u32,
) -> String {
    let width = (RIGHT - LEFT) / timeline.days.len() as f64;
    let gap = (width * 0.2).min(4.0);
    let mut path = String::new();
    for (place, day) in timeline.days.iter().enumerate() {
        if to(day) > from(day) {
            path.push_str(&format!(
                "M{} {}h{}V{}h-{}z",
                px(LEFT + place as f64 * width + gap / 2.0),
                px(y(from(day).into(), top)),
                px(width - gap),
                px(y(to(day).into(), top)),
                px(width - gap),
            ));
        }
    }
    path
}

fn clicks_line(timeline: &Timeline, top: u64) -> String {
    let width = (RIGHT - LEFT) / timeline.days.len() as f64;
    let points = timeline.days.iter().enumerate().map(|(place, day)| {
        let sign = if place == 0 { 'M' } else { 'L' };
        let x = px(LEFT + (place as f64 + 0.5) * width);
        format!("{sign}{x} {}", px(y(day.clicks.into(), top)))
    });
    points.collect()
}

/// A small picture of two weeks; hidden from readers of the page, because the row says the same.
pub(crate) fn spark(days: &[u32; SPARK_DAYS]) -> Markup {
    let top = f64::from(days.iter().copied().max().unwrap_or(0).max(1));
    html! {
        svg.spark viewBox=(format!("0 0 {} 20", SPARK_DAYS * 5)) width="70" height="20" aria-hidden="true" {
            @for (place, orders) in days.iter().enumerate() {
                @let height = (f64::from(*orders) / top * 18.0).max(if *orders > 0 { 1.0 } else { 0.5 });
                rect x=(place * 5) y=(px(20.0 - height)) width="4" height=(px(height)) {}
            }
        }
    }
}

/// A horizontal bar from one value to another on a scale that contains zero.
pub(crate) fn bar(from: f64, to: f64, low: f64, high: f64) -> Markup {
    let span = (high - low).max(1e-9);
    let x = |value: f64| (value - low) / span * 400.0;
    let (left, right) = (x(from.min(to)), x(from.max(to)));
    let class = if to < from { "against" } else { "for" };
    html! {
        svg.bar viewBox="0 0 400 18" preserveAspectRatio="none" aria-hidden="true" {
            line.zero x1=(px(x(0.0))) x2=(px(x(0.0))) y1="0" y2="18" {}
            rect class=(class) x=(px(left)) width=(px((right - left).max(1.5))) y="3" height="12" {}
        }
    }
}

/// The next of 1, 2, 4, 6, 8, 10, 20, 40 …
fn nice_top(max: Option<u32>) -> u64 {
    let max = u64::from(max.unwrap_or(0).max(1));
    let mut power = 1_u64;
    loop {
        if let Some(step) = [1, 2, 4, 6, 8].into_iter().find(|step| power * step >= max) {
            return power * step;
        }
        power *= 10;
    }
}

/// A coordinate with a tenth of a pixel.
pub(crate) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

    use super::*;
    use promoguard_event::parse_rfc3339;

    fn hour(at: &str, orders: u32) -> HourSums {
        HourSums {
            hour: parse_rfc3339(at).unwrap().hour(),
            clicks: 2 * orders,
            orders,
            clickless: 1,
            fell_away: 0,
            rejected: 0,
        }
    }

    #[test]
    fn days_are_those_of_the_zone_without_gaps_and_the_band_is_of_days_before_the_start() {
        let clock = Clock::new("Asia/Almaty").unwrap();
        let at = |text: &str| parse_rfc3339(text).unwrap();
        let mut hours: Vec<HourSums> = (1..=9)
            .map(|day| hour(&format!("2026-03-0{day}T10:00:00Z"), day))
            .collect();
        // 19:00 UTC is the next day in Almaty.
        hours.push(hour("2026-03-10T19:00:00Z", 50));
        let onset = [
            "2026-03-10T12:00:00Z",
            "2026-03-10T00:00:00Z",
            "2026-03-11T00:00:00Z",
        ]
        .map(at);
        let timeline = Timeline::new(
            &hours,
            at("2026-03-12T00:00:00Z"),
            Some(onset),
            None,
            &[],
            &clock,
        )
        .unwrap();
        let orders: Vec<u32> = timeline.days.iter().map(|day| day.orders).collect();
        assert_eq!(orders, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 50, 0]);
        assert_eq!(timeline.usual, Some((2.0, 8.0)));
        let [before, after] = timeline.sides();
        assert_eq!(
            (before.0, before.1.orders, after.0, after.1.orders),
            (9, 45, 3, 50)
        );
    }

    #[test]
    fn the_scale_ends_just_above_the_highest_bar() {
        for (max, top) in [(0, 1), (3, 4), (9, 10), (11, 20), (61, 80), (100, 100)] {
            assert_eq!(nice_top(Some(max)), top, "{max}");
        }
        assert_eq!(nice_top(Some(u32::MAX)), 6_000_000_000);
    }
}
