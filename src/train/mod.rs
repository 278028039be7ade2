//! Fitting the learned judge: simulated worlds of several families through the real pipeline,
//! trees grown on what the judge saw there, and a scale from worlds they were not grown on.
//!
//! Decides: which worlds are lived through, and what a model is measured on. Must not know: how
//! worlds are made, or how trees are grown.

mod decided;
mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use promoguard_detect::{
    DetectSettings, Direction, Forest, Model, Provenance, feature_names, smoothed,
};
use promoguard_learn::{CleanPeaks, FitSettings, Rows, fit, scale_of};
use promoguard_pipeline::PipelineSettings;
use promoguard_simulate::{Family, WorldSettings};

/// Presets that the worlds of a family take in turn; half of them have constants drawn at random.
const PRESETS: [&str; 8] = [
    "drawn", "mixed", "drawn", "walled", "drawn", "hard", "drawn", "open",
];
/// How far the inner constants of named presets are drawn from their usual values.
const SPREAD: f64 = 0.5;
/// Days of a training world.
const DAYS: f64 = 56.0;
/// More clicks an order cost much time and teach little.
const CLICKS_PER_ORDER_MAX: f64 = 20.0;
/// Codes of a training world.
const CODES: u32 = 200;
/// A score costs so many times fewer false flags on the worlds measured than it says: worlds that
/// nobody simulated will be worse.
const RESERVE: f64 = 4.0;
/// Peaks that a set of worlds must have above a point of the scale for it to be told.
const SCALE_EVENTS_MIN: usize = 3;
/// Added to the seed for worlds that only the scale is measured on.
const SCALE_SEEDS: u64 = 500_000;

/// What is to be fitted, and on what.
#[derive(Clone, Debug)]
pub struct TrainSettings {
    /// Bounds and horizons of the pipeline.
    pub pipeline: PipelineSettings,
    /// Settings of the label-free core; its own model is not used.
    pub detect: DetectSettings,
    /// Families of worlds.
    pub families: Vec<Family>,
    /// Worlds of each family to grow trees on.
    pub worlds: u32,
    /// Worlds of each family to measure the scale on.
    pub scale_worlds: u32,
    /// Seed of the first world.
    pub seed: u64,
    /// How trees are grown.
    pub fit: FitSettings,
    /// What the judge saw of recorded events, and files of what analysts decided about them.
    pub recorded: Option<(PathBuf, Vec<PathBuf>)>,
    /// Weight of a code that was decided about.
    pub decision_weight: f64,
    /// Also fit a model without each of the families.
    pub leave_one_out: bool,
    /// The command, for the model's provenance.
    pub command: String,
}

impl TrainSettings {
    fn lives(&self) -> Lives<'_> {
        Lives {
            pipeline: &self.pipeline,
            detect: &self.detect,
            threads: self.fit.threads,
        }
    }
}

/// What was fitted.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model of all families.
    pub model: Model,
    /// Models that never saw one of the families, neither for their trees nor for their scale.
    pub without: Vec<(Family, Model)>,
}

/// Fits a model. `say` is told what is being done.
///
/// # Errors
/// A world that cannot be made, or too little to fit on.
pub fn train(settings: &TrainSettings, say: &(dyn Fn(&str) + Sync)) -> Result<Trained> {
    let names = feature_names();
    let mut by_family = Vec::new();
    for family in &settings.families {
        let plans = plans(*family, settings.seed, settings.worlds);
        let mut rows = Rows::new(names.len());
        for mut world in each_world(&settings.lives(), &plans, say, |world| {
            let mut rows = Rows::new(names.len());
            world.teach(&mut rows);
            rows
        })? {
            rows.append(&mut world);
        }
        say(&format!("{}: {} rows", family.name(), rows.len()));
        by_family.push(rows);
    }
    let mut decided = Rows::new(names.len());
    let mut decision_rows = 0;
    if let Some((seen, decisions)) = &settings.recorded {
        decision_rows = decided::teach(&mut decided, seen, decisions, settings.decision_weight)?;
        say(&format!("{decision_rows} rows with decisions"));
    }
    let mut choices: Vec<Vec<Family>> = vec![settings.families.clone()];
    if settings.leave_one_out {
        let left_out = settings.families.iter();
        choices.extend(left_out.map(|left| {
            let rest = settings.families.iter().filter(|family| *family != left);
            rest.copied().collect()
        }));
    }
    let mut forests = Vec::new();
    for choice in &choices {
        say(&format!("growing the trees of {}", names_of(choice)));
        let mut rows = decided.clone();
        for (family, of_family) in settings.families.iter().zip(&by_family) {
            if choice.contains(family) {
                rows.append(&mut of_family.clone());
            }
        }
        forests.push((rows.len(), grow(settings, &rows)?));
    }
    drop(by_family);
    let mut peaks: Vec<Vec<CleanPeaks>> = vec![Vec::new(); choices.len()];
    for family in &settings.families {
        let seed = settings.seed + SCALE_SEEDS;
        let plans = plans(*family, seed, settings.scale_worlds);
        let worlds = each_world(&settings.lives(), &plans, say, |world| {
            clean_peaks(world, &forests)
        })?;
        for (at, sets) in peaks.iter_mut().enumerate() {
            let mut set = CleanPeaks::default();
            for world in &worlds {
                set.peaks.extend(&world[at].peaks);
                set.code_weeks += world[at].code_weeks;
            }
            sets.push(set);
        }
    }
    let mut models = Vec::new();
    for ((choice, (rows, forest)), sets) in choices.iter().zip(forests).zip(peaks) {
        let sets: Vec<CleanPeaks> = settings
            .families
            .iter()
            .zip(sets)
            .filter(|(family, _)| choice.contains(family))
            .map(|(_, set)| set)
            .collect();
        models.push(Model {
            format: 1,
            provenance: provenance(settings, choice, rows, &sets, decision_rows),
            features: names.iter().map(|name| name.name.clone()).collect(),
            scale: scale_of(&sets, RESERVE, SCALE_EVENTS_MIN),
            forest,
        });
    }
    let without = models.split_off(1);
    Ok(Trained {
        model: models.remove(0),
        without: settings.families.iter().copied().zip(without).collect(),
    })
}

fn grow(settings: &TrainSettings, rows: &Rows) -> Result<Forest> {
    let directions: Vec<Direction> = feature_names().iter().map(|name| name.direction).collect();
    fit(rows, &directions, &settings.fit).context("cannot fit the model")
}

fn names_of(families: &[Family]) -> String {
    let names: Vec<&str> = families.iter().map(|family| family.name()).collect();
    names.join(", ")
}

fn provenance(
    settings: &TrainSettings,
    families: &[Family],
    rows: usize,
    scale_sets: &[CleanPeaks],
    decision_rows: u64,
) -> Provenance {
    let told = |worlds: u32, seed: u64| {
        let of = |family: &Family| {
            let last = seed + u64::from(worlds.max(1)) - 1;
            format!(
                "{} seeds {seed} to {last}: {}",
                family.name(),
                PRESETS.join(", ")
            )
        };
        families.iter().map(of).collect()
    };
    Provenance {
        made_by: concat!("promoguard ", env!("CARGO_PKG_VERSION")).into(),
        command: settings.command.clone(),
        worlds: told(settings.worlds, settings.seed),
        scale_worlds: told(settings.scale_worlds, settings.seed + SCALE_SEEDS),
        rows: rows as u64,
        scale_clean_code_weeks: scale_sets.iter().map(|set| set.code_weeks).sum(),
        decision_rows,
    }
}

fn plans(family: Family, seed: u64, worlds: u32) -> Vec<WorldSettings> {
    (0..u64::from(worlds))
        .map(|at| {
            let name = PRESETS[at as usize % PRESETS.len()];
            let mut world =
                WorldSettings::preset(name, seed + at).expect("the presets are named right");
            if name != "drawn" {
                world.spread = SPREAD;
            }
            world.family = family;
            world.days = DAYS;
            world.clicks_per_order = world.clicks_per_order.min(CLICKS_PER_ORDER_MAX);
            world.with_codes(CODES)
        })
        .collect()
}

/// What honest codes reach with each of the forests.
fn clean_peaks(world: world::WorldRows, forests: &[(usize, Forest)]) -> Vec<CleanPeaks> {
    let clean = world.clean();
    forests
        .iter()
        .map(|(_, forest)| CleanPeaks {
            peaks: clean
                .codes
                .iter()
                .map(|looks| peak(looks, forest))
                .collect(),
            code_weeks: clean.code_weeks,
        })
        .collect()
}

/// The highest smoothed log odds of a code's looks, in their order.
fn peak(looks: &[Vec<f32>], forest: &Forest) -> f64 {
    let (mut peak, mut margin) = (f64::NEG_INFINITY, None);
    for look in looks {
        let now = smoothed(margin, forest.margin(look));
        peak = peak.max(now);
        margin = Some(now);
    }
    peak
}

/// How worlds are lived through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives<'a> {
    /// Bounds and horizons of the pipeline.
    pub(crate) pipeline: &'a PipelineSettings,
    /// Settings of the judge.
    pub(crate) detect: &'a DetectSettings,
    /// Worlds at a time.
    pub(crate) threads: usize,
}

/// Lives through worlds, some at a time, and gives what is made of each in the order of the plans.
///
/// # Errors
/// A world that cannot be made.
pub(crate) fn each_world<T: Send>(
    lives: &Lives<'_>,
    plans: &[WorldSettings],
    say: &(dyn Fn(&str) + Sync),
    make: impl Fn(world::WorldRows) -> T + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::new());
    let lived = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = plans.get(at) else { break };
            let world = world::live_through(plan, lives.pipeline, lives.detect);
            let world = world.map(&make);
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push((at, world));
            if made.len().is_multiple_of(10) {
                let family = plan.family.name();
                say(&format!(
                    "{family}: {} of {} worlds",
                    made.len(),
                    plans.len()
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..lives.threads.max(1) {
            scope.spawn(lived);
        }
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}
