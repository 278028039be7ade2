//! How good the detector is: simulated worlds through the real pipeline, compared with what
//! really happened in them, and with the rules that one would write without a detector.
//!
//! Decides: which worlds are run and how their outcomes become figures. Must not know: how a
//! detector works; it only sees what anybody sees of the pipeline.
//!
//! Read it in this order: [`world`] runs a world, [`outcome`] is what is kept of it, [`scorecard`],
//! [`comparison`] and [`mod@curves`] make figures of outcomes, [`table`], [`json`] and [`html`] tell them.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;
use promoguard_detect::DetectSettings;
use promoguard_simulate::{Family, WorldSettings};
use serde::Serialize;

pub mod against;
mod code_watch;
pub mod comparison;
pub mod counts;
pub mod curves;
pub mod html;
pub mod intervals;
pub mod json;
mod observation;
pub mod outcome;
mod pictures;
mod plot;
pub mod preset;
pub mod rules;
pub mod scorecard;
pub mod table;
pub mod trained;
mod words;
pub mod world;

use against::{Against, against};
use comparison::{Matched, Row, compare, match_thresholds};
use curves::{Curve, Step, curves, steps};
use outcome::WorldOutcome;
use preset::Preset;
use rules::Score;
use scorecard::Scorecard;
use world::Setup;

/// Which worlds are run.
#[derive(Clone, Debug)]
pub struct Worlds {
    /// Families.
    pub families: Vec<Family>,
    /// Presets of each family.
    pub presets: Vec<Preset>,
    /// Seeds of each preset, the last one included.
    pub seeds: (u64, u64),
    /// Codes of each world; `None` = as the preset has them.
    pub codes: Option<u32>,
    /// Days of each world; `None` = as the preset has them.
    pub days: Option<f64>,
}

impl Worlds {
    /// Every world, by family, preset and seed.
    pub fn list(&self) -> Vec<(Preset, WorldSettings)> {
        let mut list = Vec::new();
        for family in &self.families {
            for preset in &self.presets {
                for seed in self.seeds.0..=self.seeds.1 {
                    list.push((*preset, self.settings(*family, *preset, seed)));
                }
            }
        }
        list
    }

    /// The settings of one world.
    pub fn settings(&self, family: Family, preset: Preset, seed: u64) -> WorldSettings {
        let settings = preset.settings(family, seed);
        let codes = self.codes.unwrap_or(settings.codes);
        WorldSettings {
            days: self.days.unwrap_or(settings.days),
            ..settings.with_codes(codes)
        }
    }
}

/// All figures.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Version and hash of the detector's settings.
    pub detector: String,
    /// The score at which the detector flags.
    pub threshold_db: f64,
    /// First and last seed.
    pub seeds: (u64, u64),
    /// All worlds together.
    pub overall: Group,
    /// By family and preset; empty where there is only one.
    pub groups: Vec<Group>,
    /// Another judge on the same worlds, where one was to be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// The figures of some worlds.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Which family; `all` of several.
    pub family: String,
    /// Which preset; `all` of several.
    pub preset: String,
    /// The detector's flags.
    pub scorecard: Scorecard,
    /// The detector beside the rules.
    pub comparison: Vec<Row>,
    /// The detector at other thresholds.
    pub steps: Vec<Step>,
    /// Every score with a moving threshold.
    pub curves: Vec<Curve>,
}

/// Runs all worlds, several at once, and adds them up. `done` is told how many are finished.
///
/// # Errors
/// A world that cannot be made.
pub fn evaluate(
    setup: &Setup,
    worlds: &Worlds,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation> {
    let outcomes = run_all(setup, &worlds.list(), threads, done)?;
    Ok(sum_up(
        &setup.detect,
        &setup.scores,
        worlds.seeds,
        &outcomes,
    ))
}

/// The same, with another judge beside the one in force. `done` counts the worlds of both.
///
/// # Errors
/// A world that cannot be made.
pub fn evaluate_against(
    setup: &Setup,
    other: &DetectSettings,
    worlds: &Worlds,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation> {
    let list = worlds.list();
    let present = run_all(setup, &list, threads, done)?;
    let beside = Setup {
        detect: other.clone(),
        scores: Vec::new(),
        ..setup.clone()
    };
    let others = run_all(&beside, &list, threads, &|so_far| {
        done(list.len() + so_far);
    })?;
    Ok(Evaluation {
        against: Some(against(other.detector(), &present, &others)),
        ..sum_up(&setup.detect, &setup.scores, worlds.seeds, &present)
    })
}

/// Makes figures of outcomes, which come by family and preset; `scores` are those that were
/// followed.
pub fn sum_up(
    detect: &DetectSettings,
    scores: &[Score],
    seeds: (u64, u64),
    outcomes: &[WorldOutcome],
) -> Evaluation {
    let threshold_db = detect.flag_db();
    let matched = match_thresholds(outcomes, scores);
    let kind = |matched: &Matched<'_>| (matched.world.family, matched.world.preset);
    let groups: Vec<Group> = matched
        .chunk_by(|a, b| kind(a) == kind(b))
        .map(|worlds| group(worlds, scores))
        .collect();
    Evaluation {
        detector: detect.detector(),
        threshold_db: counts::rounded(threshold_db),
        seeds,
        overall: group(&matched, scores),
        groups: if groups.len() > 1 { groups } else { Vec::new() },
        against: None,
    }
}

fn group(matched: &[Matched<'_>], scores: &[Score]) -> Group {
    let worlds: Vec<&WorldOutcome> = matched.iter().map(|matched| matched.world).collect();
    Group {
        family: common(worlds.iter().map(|world| world.family.name())),
        preset: common(worlds.iter().map(|world| world.preset.name())),
        scorecard: Scorecard::of(worlds.iter().copied()),
        comparison: compare(matched, scores),
        steps: steps(&worlds),
        curves: curves(&worlds, scores),
    }
}

/// The name that all have, else `all`.
fn common(mut names: impl Iterator<Item = &'static str>) -> String {
    let first = names.next().unwrap_or("all");
    let same = names.all(|name| name == first);
    if same { first } else { "all" }.to_owned()
}

/// Outcomes in the order of `list`, whichever thread finished first.
fn run_all(
    setup: &Setup,
    list: &[(Preset, WorldSettings)],
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Vec<WorldOutcome>> {
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<WorldOutcome>>>> =
        list.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((preset, settings)) = list.get(place) else {
                return;
            };
            let outcome = world::run(setup, *preset, settings, &mut |_, _| {});
            *results[place]
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            done(finished.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(list.len()) {
            scope.spawn(work);
        }
        work();
    });
    let outcomes = results.into_iter().map(|result| {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.expect("every world was taken by a thread")
    });
    outcomes.collect()
}
