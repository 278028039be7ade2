//! The strongest rival: gradient boosting that was told the truth of worlds of the very kind it is
//! tried on.
//!
//! Decides: which worlds it learns from, and what it makes of a look. Must not know: the worlds it
//! is tried on.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use promoguard_detect::{Direction, Forest, feature_names, smoothed};
use promoguard_learn::{FitSettings, Rows, fit};
use promoguard_simulate::{Family, WorldSettings};

use super::Worlds;
use super::preset::Preset;
use super::rules::{By, Score};
use super::world::Setup;
use crate::train::{Lives, each_world};

/// Added to the first seed for the worlds whose truth it is told.
const TRUTH_SEEDS: u64 = 7_000_000;

/// Trees by the kind of worlds whose truth they were told.
pub type Forests = BTreeMap<(Family, Preset), Arc<Forest>>;

/// Trains on the truth of `told` more worlds of each kind, as large and as long as those it will be
/// tried on. `say` is told what is being done.
///
/// # Errors
/// A world that cannot be made, or one without leaks.
pub fn trained(
    setup: &Setup,
    worlds: &Worlds,
    told: u32,
    threads: usize,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Score> {
    let names = feature_names();
    let directions: Vec<Direction> = names.iter().map(|name| name.direction).collect();
    let settings = FitSettings {
        threads,
        ..FitSettings::default()
    };
    let mut forests = Forests::new();
    for family in &worlds.families {
        for preset in &worlds.presets {
            let plans: Vec<WorldSettings> = (0..u64::from(told))
                .map(|at| worlds.settings(*family, *preset, worlds.seeds.0 + TRUTH_SEEDS + at))
                .collect();
            let lives = Lives {
                pipeline: &setup.pipeline,
                detect: &setup.detect,
                threads,
            };
            let lessons = each_world(&lives, &plans, say, |world| {
                let mut rows = Rows::new(names.len());
                world.teach(&mut rows);
                rows
            })?;
            let mut rows = Rows::new(names.len());
            for mut lesson in lessons {
                rows.append(&mut lesson);
            }
            let forest = fit(&rows, &directions, &settings)
                .with_context(|| format!("cannot train on {} {}", family.name(), preset.name()))?;
            forests.insert((*family, *preset), Arc::new(forest));
        }
    }
    Ok(Score {
        name: "trained on the truth",
        meaning: "boosted trees over what the detector sees of a code, told the truth of other worlds of the same kind",
        unit: "log odds",
        natural: 0.0,
        by: By::Looks(Arc::new(forests)),
    })
}

/// What the trees have made of a code's looks so far.
#[derive(Clone, Debug)]
pub(super) struct Trained {
    forest: Arc<Forest>,
    margin: Option<f64>,
}

impl Trained {
    pub(super) fn new(forest: &Arc<Forest>) -> Trained {
        Trained {
            forest: Arc::clone(forest),
            margin: None,
        }
    }

    /// Log odds after one more look, smoothed as the detector's own are.
    pub(super) fn look(&mut self, values: &[f32]) -> f64 {
        let margin = smoothed(self.margin, self.forest.margin(values));
        self.margin = Some(margin);
        margin
    }
}
