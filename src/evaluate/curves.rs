//! What happens as a threshold moves, and how far a score means what it says.
//!
//! Decides: at which thresholds a curve has points. Must not know: how it is drawn.

use serde::Serialize;

use super::counts::{MoneyShare, Rate, Share, rounded};
use super::outcome::{Alarm, Fate, Threshold, WorldOutcome};
use super::rules::Score;

/// One score with a moving threshold.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Which score.
    pub name: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// Clean code-weeks behind every point.
    pub clean_code_weeks: f64,
    /// Leaks behind every point.
    pub leaks: u64,
    /// From the highest threshold down.
    pub points: Vec<Point>,
}

/// One threshold of a curve; a code is flagged where its score is above it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The threshold.
    pub threshold: f64,
    /// Clean codes flagged.
    pub false_flags: u64,
    /// Leaks found.
    pub found: u64,
    /// Leaking codes flagged before the first leaked order.
    pub early: u64,
}

impl Point {
    /// Leaks among the codes that were flagged; early flags count against it.
    pub fn precision(&self) -> Option<f64> {
        let all = self.found + self.false_flags + self.early;
        (all > 0).then(|| self.found as f64 / all as f64)
    }
}

/// The curves of all scores.
pub fn curves(worlds: &[&WorldOutcome], scores: &[Score]) -> Vec<Curve> {
    let curve = |(place, score): (usize, &Score)| {
        let peaks = Peaks::of(worlds, place);
        let clean = worlds.iter().map(|world| {
            let clean = world.codes.iter().filter(|code| code.fate == Fate::Clean);
            world.weeks * clean.count() as f64
        });
        Curve {
            name: score.name,
            unit: score.unit,
            clean_code_weeks: rounded(clean.sum()),
            leaks: peaks.leaks,
            points: peaks.points(),
        }
    };
    scores.iter().enumerate().map(curve).collect()
}

/// Highest scores of codes, each list descending.
struct Peaks {
    clean: Vec<f32>,
    since: Vec<f32>,
    before: Vec<f32>,
    /// Leaks that a threshold below this would have flagged too early to be found.
    spoilt: Vec<f32>,
    leaks: u64,
}

impl Peaks {
    fn of(worlds: &[&WorldOutcome], score: usize) -> Peaks {
        let mut peaks = Peaks {
            clean: Vec::new(),
            since: Vec::new(),
            before: Vec::new(),
            spoilt: Vec::new(),
            leaks: 0,
        };
        for code in worlds.iter().flat_map(|world| &world.codes) {
            let climb = &code.climbs[score];
            match code.fate {
                Fate::Clean => peaks.clean.extend(climb.peak_before()),
                Fate::Flooded => {}
                Fate::Leaks => {
                    peaks.leaks += u64::from(code.leak.is_some());
                    peaks.before.extend(climb.peak_before());
                    peaks.since.extend(climb.peak_since());
                    let both = climb.peak_before().zip(climb.peak_since());
                    peaks
                        .spoilt
                        .extend(both.map(|(before, since)| before.min(since)));
                }
            }
        }
        for list in [
            &mut peaks.clean,
            &mut peaks.since,
            &mut peaks.before,
            &mut peaks.spoilt,
        ] {
            list.sort_by(|a, b| b.total_cmp(a));
        }
        peaks
    }

    /// Every number of false flags where there are few, fewer and fewer of them beyond.
    fn points(&self) -> Vec<Point> {
        const EACH_UP_TO: usize = 64;
        const GROWTH: f64 = 1.12;
        let mut points = Vec::new();
        let mut place = 0;
        // No score says anything at nought.
        while self.clean.get(place).is_some_and(|peak| *peak > 0.0) {
            points.push(self.point(self.clean[place]));
            place = if place < EACH_UP_TO {
                place + 1
            } else {
                (place as f64 * GROWTH) as usize
            };
        }
        points.push(self.point(0.0));
        points.dedup_by_key(|point| point.threshold.to_bits());
        points
    }

    fn point(&self, threshold: f32) -> Point {
        let above = |list: &[f32]| list.partition_point(|peak| *peak > threshold) as u64;
        Point {
            threshold: rounded(f64::from(threshold)),
            false_flags: above(&self.clean),
            found: above(&self.since) - above(&self.spoilt),
            early: above(&self.before),
        }
    }
}

/// What the detector would have done with another threshold.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Step {
    /// The threshold, in decibans.
    pub threshold_db: f64,
    /// Clean codes that reached it.
    pub false_flags: Rate,
    /// Leaking codes that reached it before the first leaked order.
    pub early: Share,
    /// Leaks found.
    pub found: Share,
    /// Leaked commission after the first crossing.
    pub saved: MoneyShare,
    /// Of all codes that reached it, click floods apart: those that were leaking by then.
    pub leaking: Share,
}

/// Thresholds that are told, in decibans.
const STEPS_DB: [f64; 13] = [
    5.0, 10.0, 15.0, 20.0, 25.0, 27.5, 30.0, 32.5, 35.0, 40.0, 45.0, 50.0, 60.0,
];

/// The detector at other thresholds; its score is the first one.
pub fn steps(worlds: &[&WorldOutcome]) -> Vec<Step> {
    STEPS_DB.iter().map(|db| step(worlds, *db)).collect()
}

fn step(worlds: &[&WorldOutcome], threshold_db: f64) -> Step {
    let mut step = Step {
        threshold_db,
        false_flags: Rate::default(),
        early: Share::default(),
        found: Share::default(),
        saved: MoneyShare::default(),
        leaking: Share::default(),
    };
    for world in worlds {
        for code in &world.codes {
            let alarm = code.climbs[0].alarm(Threshold::From(threshold_db));
            if alarm.is_some() && code.fate != Fate::Flooded {
                step.leaking.add(matches!(alarm, Some(Alarm::Founded(_))));
            }
            match (code.fate, &code.leak) {
                (Fate::Clean, _) => {
                    step.false_flags.weeks += world.weeks;
                    step.false_flags.events += u64::from(alarm.is_some());
                }
                (Fate::Leaks, leak) => {
                    step.early.add(matches!(alarm, Some(Alarm::Unfounded(_))));
                    if let Some(leak) = leak {
                        let hour = match alarm {
                            Some(Alarm::Founded(hour)) => Some(hour),
                            _ => None,
                        };
                        step.found.add(hour.is_some());
                        let saved = hour.map_or(0.0, |hour| leak.value_between(hour, None));
                        step.saved.add(saved, leak.value());
                    }
                }
                (Fate::Flooded, _) => {}
            }
        }
    }
    step
}
