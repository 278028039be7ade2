//! What the page shows, each picture with a sentence that says what is in it.

use maud::{Markup, html};

use super::Group;
use super::comparison::{BUDGET_PER_1000, Setting};
use super::counts::{Rate, Share};
use super::curves::{Curve, Point};
use super::plot::{Axis, Frame, fills_legend, lines_legend};
use super::scorecard::{Covered, LeakRow, Scorecard, Sides};

/// Leaks found against false flags, as the threshold of each way of flagging moves.
pub(super) fn recall_against_false_flags(group: &Group, id: &str) -> Markup {
    /// Ten times the budget: beyond it nobody reads the flags.
    const FALSE_MAX: f64 = 10.0 * BUDGET_PER_1000;
    let frame = Frame {
        x: Axis::linear("false flags per 1,000 clean code-weeks", 0.0, FALSE_MAX),
        y: Axis::share("share of leaks found"),
    };
    let per_1000 = |curve: &Curve, point: &Point| {
        let rate = Rate {
            events: point.false_flags,
            weeks: curve.clean_code_weeks,
        };
        rate.per_1000().unwrap_or(0.0)
    };
    let line = |curve: &Curve| -> Vec<(f64, f64)> {
        let points = curve.points.iter();
        points
            .map(|point| (per_1000(curve, point), part(point.found, curve.leaks)))
            .collect()
    };
    let card = &group.scorecard;
    let found = all_leaks(card).map(|row| row.found).unwrap_or_default();
    let at = card.false_flags.all.per_1000().unwrap_or(0.0);
    let interval = card.false_flags.all.interval().unwrap_or_default();
    let recall = found.value().unwrap_or(0.0);
    let best_rule = group
        .comparison
        .iter()
        .filter(|row| row.setting == Setting::OtherSeeds && !row.name.starts_with("detector"))
        .max_by(|a, b| {
            a.found
                .value()
                .unwrap_or(0.0)
                .total_cmp(&b.found.value().unwrap_or(0.0))
        });
    html! {
        h3 { "Leaks found against false flags" }
        p.says {
            "As it flags, the detector finds " (of(&found)) " leaks at "
            (format!("{at:.2}")) " false flags per 1,000 clean code-weeks (the spot, with its 95 % interval); each line "
            "is one way of flagging as its threshold falls, once per code. "
            @if let Some(rule) = best_rule {
                "With a threshold set on other seeds for " (BUDGET_PER_1000) " false flag per 1,000, the best rule of thumb ("
                (rule.name) ") finds " (of(&rule.found)) ". "
            }
        }
        (frame.picture(&format!("{id}-recall"), "Share of leaks found against false flags, by way of flagging", html! {
            (frame.upright(BUDGET_PER_1000))
            @for (place, curve) in group.curves.iter().enumerate().rev() {
                (frame.line(&series(place), &line(curve)))
            }
            (frame.whisker(interval, recall))
            (frame.spot(at, recall))
        }))
        (curves_legend(&group.curves))
    }
}

/// Precision against recall over codes by their highest score.
pub(super) fn precision_against_recall(group: &Group, id: &str) -> Markup {
    let frame = Frame {
        x: Axis::share("recall: share of leaks found"),
        y: Axis::share("precision: share of flagged codes that leak"),
    };
    let line = |curve: &Curve| -> Vec<(f64, f64)> {
        // Beyond the most that can be found a lower threshold only flags leaks too early.
        let most = curve.points.iter().map(|point| point.found).max();
        let last = curve
            .points
            .iter()
            .position(|point| Some(point.found) == most);
        let points = curve.points.iter().take(last.map_or(0, |last| last + 1));
        let points = points.filter(|point| point.found > 0);
        points
            .filter_map(|point| Some((part(point.found, curve.leaks), point.precision()?)))
            .collect()
    };
    let flags = group.comparison.first();
    let spot = flags.and_then(|row| {
        let all = row.found.n + row.false_flags.events + row.early.n;
        let precision = (all > 0).then(|| part(row.found.n, all))?;
        Some((row.found.value()?, precision, row.found.n, all))
    });
    html! {
        h3 { "Precision against recall" }
        p.says {
            @if let Some((_, precision, found, all)) = spot {
                "Of " (all) " codes that the detector flagged, " (found) " were leaking by then ("
                (format!("{:.0} %", precision * 100.0)) "). "
            } @else { "The detector flagged no code. " }
            "The lines rank all codes by their highest score; a flag before the first leaked order counts as wrong."
        }
        (frame.picture(&format!("{id}-precision"), "Precision against recall, by way of flagging", html! {
            @for (place, curve) in group.curves.iter().enumerate().rev() {
                (frame.line(&series(place), &line(curve)))
            }
            @if let Some((recall, precision, ..)) = spot { (frame.spot(recall, precision)) }
        }))
        (curves_legend(&group.curves))
    }
}

/// How many leaked orders it took.
pub(super) fn delays(group: &Group, id: &str) -> Markup {
    /// Upper ends of the classes, in leaked orders.
    const ENDS: [(f64, &str); 8] = [
        (2.0, "1–2"),
        (5.0, "3–5"),
        (10.0, "6–10"),
        (20.0, "11–20"),
        (40.0, "21–40"),
        (80.0, "41–80"),
        (160.0, "81–160"),
        (f64::INFINITY, "over 160"),
    ];
    let row = all_leaks(&group.scorecard);
    let mut counts = [0_u64; ENDS.len()];
    for delay in row.map_or(&[][..], |row| row.delay_orders.figures()) {
        let place = ENDS.iter().position(|(end, _)| delay <= end);
        counts[place.unwrap_or(ENDS.len() - 1)] += 1;
    }
    let names: Vec<String> = ENDS.iter().map(|(_, name)| (*name).to_owned()).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let frame = Frame {
        x: Axis::named("leaked orders up to the flag", &names),
        y: Axis::linear("leaks found", 0.0, most.max(5) as f64 * 1.1),
    };
    let median = row.and_then(|row| row.delay_orders.quantile(0.5));
    let p90 = row.and_then(|row| row.delay_orders.quantile(0.9));
    html! {
        h3 { "How soon" }
        p.says {
            @if let Some((median, p90)) = median.zip(p90) {
                "Half of the leaks that were found were flagged within " (median) " leaked orders, nine in ten within "
                (p90) ". Leaks that were not found are not in the picture."
            } @else { "No leak was found." }
        }
        (frame.picture(&format!("{id}-delay"), "Leaks found by the number of leaked orders it took", html! {
            @for (place, count) in counts.iter().enumerate() {
                (frame.bar("fill0", place, (0.12, 0.88), (0.0, *count as f64)))
                @if *count > 0 { (frame.word(place as f64 + 0.5, *count as f64, &count.to_string())) }
            }
        }))
    }
}

/// What of the leaked commission came after the flag, by size of the leak.
pub(super) fn saved_by_size(group: &Group, id: &str) -> Markup {
    let rows: Vec<&LeakRow> = group
        .scorecard
        .leaks
        .iter()
        .filter(|row| row.dimension == "leaked orders")
        .collect();
    let names: Vec<String> = rows.iter().map(|row| row.value.clone()).collect();
    let frame = Frame {
        x: Axis::named("leaked orders of the leak", &names),
        y: Axis::share("share"),
    };
    let all = all_leaks(&group.scorecard);
    let saved = all.and_then(|row| row.saved.value());
    html! {
        h3 { "What is saved, by size of the leak" }
        p.says {
            @if let Some(saved) = saved {
                (format!("{:.0} %", saved * 100.0)) " of all leaked commission came while a flag was open. "
            }
            "Small leaks are hard to see and carry little money; the number above a bar is how many leaks the class has."
        }
        (frame.picture(&format!("{id}-saved"), "Share of leaks found and of leaked commission saved, by leaked orders", html! {
            @for (place, row) in rows.iter().enumerate() {
                @let found = row.found.value().unwrap_or(0.0);
                @let saved = row.saved.value().unwrap_or(0.0);
                (frame.bar("fill1", place, (0.16, 0.48), (0.0, found)))
                (frame.bar("fill0", place, (0.52, 0.84), (0.0, saved)))
                (frame.word(place as f64 + 0.5, found.max(saved), &row.found.of.to_string()))
            }
        }))
        (fills_legend(&[("key-fill1", "leaks found"), ("key-fill0", "leaked commission saved")]))
    }
}

/// Whether a score means what it says.
pub(super) fn calibration(group: &Group, id: &str) -> Markup {
    let steps: Vec<_> = group
        .steps
        .iter()
        .filter(|step| step.leaking.of > 0)
        .collect();
    let frame = Frame {
        x: Axis::linear("score reached, dB", 0.0, 64.0),
        y: Axis::share("share of these codes that leaked by then"),
    };
    let points: Vec<(f64, f64)> = steps
        .iter()
        .filter_map(|step| Some((step.threshold_db, step.leaking.value()?)))
        .collect();
    let at_threshold = steps.iter().find(|step| step.threshold_db >= 30.0);
    html! {
        h3 { "What a score means" }
        p.says {
            @if let Some(step) = at_threshold {
                "Of the codes whose score reached " (step.threshold_db) " dB, " (of(&step.leaking)) " were leaking when it did. "
            }
            "The number at a point is how many codes came so far. The share depends on how many codes leak at all, which is more here than in most programmes."
        }
        (frame.picture(&format!("{id}-calibration"), "Share of codes that were leaking, by the score that they reached", html! {
            (frame.line("series s0", &points))
            @for step in &steps {
                @let share = step.leaking.value().unwrap_or(0.0);
                (frame.spot(step.threshold_db, share))
                @if step.threshold_db % 10.0 == 0.0 || step.threshold_db == 5.0 {
                    @if share > 0.85 { (frame.word_below(step.threshold_db, share, &step.leaking.of.to_string())) }
                    @else { (frame.word(step.threshold_db, share, &step.leaking.of.to_string())) }
                }
            }
        }))
    }
}

/// Whether the intervals hold the truth as often as they say.
pub(super) fn coverage(group: &Group, id: &str) -> Markup {
    type Pick = fn(&Covered) -> Sides;
    let picks: [(&str, Pick); 3] = [
        ("onset", |covered| covered.onset),
        ("leaked orders", |covered| covered.leaked_orders),
        ("commission", |covered| covered.commission),
    ];
    let coverage = &group.scorecard.coverage;
    let mut bars = Vec::new();
    for (name, pick) in picks {
        bars.push((format!("{name}\nopened"), pick(&coverage.opened)));
        bars.push((format!("{name}\nlast"), pick(&coverage.last)));
    }
    let names: Vec<String> = bars.iter().map(|(name, _)| name.clone()).collect();
    let frame = Frame {
        x: Axis::named(
            "what the interval is about, and in which revision of the flag",
            &names,
        ),
        y: Axis::share("share of intervals"),
    };
    let opened = &coverage.opened;
    html! {
        h3 { "Whether the 90 % intervals hold" }
        p.says {
            "When the flag opened, the interval held the first leaked order for " (of(&opened.onset.share()))
            " flags and the number of leaked orders for " (of(&opened.leaked_orders.share()))
            "; nine in ten would be right (the broken line)."
        }
        (frame.picture(&format!("{id}-coverage"), "Share of 90 % intervals that hold the truth", html! {
            @for (place, (_, sides)) in bars.iter().enumerate() {
                @let all = sides.share().of;
                @let inside = part(sides.inside, all);
                @let below = part(sides.below, all);
                @let above = part(sides.above, all);
                (frame.bar("fill1", place, (0.15, 0.85), (0.0, inside)))
                (frame.bar("fill2", place, (0.15, 0.85), (inside, inside + above)))
                (frame.bar("fill0", place, (0.15, 0.85), (inside + above, inside + above + below)))
                (frame.word_below(place as f64 + 0.5, inside, &format!("{} of {all}", sides.inside)))
            }
            (frame.level(0.9))
        }))
        (fills_legend(&[
            ("key-fill1", "truth inside"),
            ("key-fill2", "truth above (later, or more)"),
            ("key-fill0", "truth below (earlier, or less)"),
        ]))
    }
}

fn all_leaks(card: &Scorecard) -> Option<&LeakRow> {
    card.leaks_of("leaks", "all")
}

fn series(place: usize) -> String {
    format!("series s{place}")
}

fn curves_legend(curves: &[Curve]) -> Markup {
    let lines = curves.iter().enumerate();
    let lines: Vec<(String, &str)> = lines
        .map(|(place, curve)| (series(place), curve.name))
        .collect();
    lines_legend(&lines)
}

fn part(part: u64, of: u64) -> f64 {
    if of == 0 {
        0.0
    } else {
        part as f64 / of as f64
    }
}

fn of(share: &Share) -> String {
    format!("{} of {}", share.n, share.of)
}
