//! The detector beside the rules, judged on the same codes and weeks.
//!
//! Decides: how a score becomes an alarm, and how a threshold is set on other seeds. Must not
//! know: what a score means.

use serde::Serialize;

use super::counts::{MoneyShare, Rate, Share, Spread};
use super::outcome::{Alarm, CodeOutcome, Fate, Threshold, WorldOutcome};
use super::rules::Score;

/// False flags per 1,000 clean code-weeks for which thresholds are set on other seeds.
pub const BUDGET_PER_1000: f64 = 1.0;

/// How a row's threshold came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// The detector's flags as they are.
    Flags,
    /// The threshold that one would choose without having measured.
    Natural,
    /// For each world the threshold that keeps the budget on the other seeds of its kind.
    OtherSeeds,
}

/// What one way of flagging was worth.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What flags.
    pub name: &'static str,
    /// How its threshold was set.
    pub setting: Setting,
    /// The threshold, or the median of those of the worlds; `None` for the flags themselves.
    pub threshold: Option<f64>,
    /// In which unit.
    pub unit: &'static str,
    /// False flags.
    pub false_flags: Rate,
    /// Leaking codes flagged before the first leaked order, of all.
    pub early: Share,
    /// Leaks found.
    pub found: Share,
    /// Leaks of five leaked orders or more found.
    pub found_of_five: Share,
    /// Leaked commission after the first flag.
    pub saved: MoneyShare,
    /// Commission on honest orders after the flag, on all codes.
    pub falsely_held: MoneyShare,
    /// Leaked orders up to the flag, of those found.
    pub delay_orders: Spread,
}

/// A world with the threshold that every score has in it from the other seeds; `None` where there
/// is no other seed.
#[derive(Clone, Debug)]
pub struct Matched<'a> {
    /// The world.
    pub world: &'a WorldOutcome,
    /// By score.
    pub thresholds: Vec<Option<f64>>,
}

/// Sets every world's thresholds on the other worlds of the same family and preset.
pub fn match_thresholds<'a>(worlds: &'a [WorldOutcome], scores: &[Score]) -> Vec<Matched<'a>> {
    let matched = |world: &'a WorldOutcome| {
        let others: Vec<&WorldOutcome> = worlds
            .iter()
            .filter(|other| {
                (other.family, other.preset) == (world.family, world.preset)
                    && other.seed != world.seed
            })
            .collect();
        let thresholds = (0..scores.len())
            .map(|score| budget_threshold(&others, score))
            .collect();
        Matched { world, thresholds }
    };
    worlds.iter().map(matched).collect()
}

/// Below or at which there are too many alarms: the budget allows those above it.
fn budget_threshold(worlds: &[&WorldOutcome], score: usize) -> Option<f64> {
    let mut peaks = Vec::new();
    let mut weeks = 0.0;
    for (world, code) in clean_codes(worlds.iter().copied()) {
        weeks += world.weeks;
        peaks.extend(code.climbs[score].peak_before());
    }
    if weeks == 0.0 {
        return None;
    }
    peaks.sort_by(|a, b| b.total_cmp(a));
    let allowed = (weeks * BUDGET_PER_1000 / 1000.0).floor() as usize;
    // No score says anything at nought, even where the budget would allow it.
    Some(f64::from(
        peaks.get(allowed).map_or(0.0, |peak| peak.max(0.0)),
    ))
}

fn clean_codes<'a>(
    worlds: impl Iterator<Item = &'a WorldOutcome>,
) -> impl Iterator<Item = (&'a WorldOutcome, &'a CodeOutcome)> {
    worlds.flat_map(|world| {
        let clean = world.codes.iter().filter(|code| code.fate == Fate::Clean);
        clean.map(move |code| (world, code))
    })
}

/// The detector's flags, then every score with its natural threshold and with those of other seeds.
pub fn compare(worlds: &[Matched<'_>], scores: &[Score]) -> Vec<Row> {
    let mut rows = vec![Row::new("detector's flags", Setting::Flags, None, "dB")];
    for matched in worlds {
        for code in &matched.world.codes {
            rows[0].add(matched.world.weeks, code, first_flag(code));
        }
    }
    for (place, score) in scores.iter().enumerate() {
        let natural = Threshold::From(score.natural);
        let mut row = Row::new(
            score.name,
            Setting::Natural,
            Some(score.natural),
            score.unit,
        );
        row.add_all(worlds, place, |_| Some(natural));
        rows.push(row);
        let median = median_threshold(worlds, place);
        let mut row = Row::new(score.name, Setting::OtherSeeds, median, score.unit);
        row.add_all(worlds, place, |matched| {
            matched.thresholds[place].map(Threshold::Above)
        });
        rows.push(row);
    }
    rows
}

/// The first flag about orders counts, as the first crossing does with a rule; but a flag that was
/// cleared before the leak began does not hide one that opened with it.
fn first_flag(code: &CodeOutcome) -> Option<Alarm> {
    if let Some(hit) = code.hit() {
        return Some(Alarm::Founded(hit.opened));
    }
    let mut flags = code.episodes_of(promoguard_event::Track::Leak);
    flags.next().map(|flag| Alarm::Unfounded(flag.opened))
}

fn median_threshold(worlds: &[Matched<'_>], score: usize) -> Option<f64> {
    let mut all = Spread::default();
    for matched in worlds {
        if let Some(threshold) = matched.thresholds[score] {
            all.add(threshold);
        }
    }
    all.quantile(0.5)
}

impl Row {
    fn new(
        name: &'static str,
        setting: Setting,
        threshold: Option<f64>,
        unit: &'static str,
    ) -> Row {
        Row {
            name,
            setting,
            threshold: threshold.map(super::counts::rounded),
            unit,
            false_flags: Rate::default(),
            early: Share::default(),
            found: Share::default(),
            found_of_five: Share::default(),
            saved: MoneyShare::default(),
            falsely_held: MoneyShare::default(),
            delay_orders: Spread::default(),
        }
    }

    fn add_all(
        &mut self,
        worlds: &[Matched<'_>],
        score: usize,
        threshold: impl Fn(&Matched<'_>) -> Option<Threshold>,
    ) {
        for matched in worlds {
            let Some(threshold) = threshold(matched) else {
                continue;
            };
            for code in &matched.world.codes {
                self.add(
                    matched.world.weeks,
                    code,
                    code.climbs[score].alarm(threshold),
                );
            }
        }
    }

    fn add(&mut self, weeks: f64, code: &CodeOutcome, alarm: Option<Alarm>) {
        let at = match alarm {
            Some(Alarm::Founded(hour) | Alarm::Unfounded(hour)) => Some(hour),
            None => None,
        };
        let held = at.map_or(0.0, |hour| code.honest_after(hour));
        match code.fate {
            Fate::Clean => {
                self.false_flags.weeks += weeks;
                self.false_flags.events += u64::from(alarm.is_some());
            }
            Fate::Flooded => return,
            Fate::Leaks => self.add_leaking(code, alarm),
        }
        self.falsely_held.add(held, code.honest());
    }

    fn add_leaking(&mut self, code: &CodeOutcome, alarm: Option<Alarm>) {
        self.early.add(matches!(alarm, Some(Alarm::Unfounded(_))));
        let Some(leak) = &code.leak else { return };
        let found_at = match alarm {
            Some(Alarm::Founded(hour)) => Some(hour),
            _ => None,
        };
        self.found.add(found_at.is_some());
        if leak.orders.len() >= 5 {
            self.found_of_five.add(found_at.is_some());
        }
        let saved = found_at.map_or(0.0, |hour| leak.value_between(hour, None));
        self.saved.add(saved, leak.value());
        if let Some(hour) = found_at {
            self.delay_orders.add(leak.orders_until(hour) as f64);
        }
    }
}
