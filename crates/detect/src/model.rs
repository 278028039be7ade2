//! The learned judge's model: trees, the scale they are told on, and where they came from.
//!
//! Decides: what a readable model is, and how its log odds become decibans. Must not know: how
//! it was fitted, or where its file lies.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::features::feature_names;
use crate::stable::{decibans, stable_hash};
use crate::trees::{Forest, NO_SPLIT};

/// The form of the file that this version reads and writes.
const FORMAT: u32 = 1;
/// The model that promoguard ships with.
const SHIPPED: &str = include_str!("../data/judge.json");

/// A model as its file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Form of the file: 1.
    pub format: u32,
    /// Where it came from, for people and for the record.
    pub provenance: Provenance,
    /// Names of the features by which the trees know them.
    pub features: Vec<String>,
    /// Points (log odds, decibans), rising in both: the scale on which 30 decibans cost one false
    /// flag in 1,000 clean code-weeks. Straight between two points, one deciban a deciban beyond.
    pub scale: Vec<[f64; 2]>,
    /// The trees.
    pub forest: Forest,
}

/// How a model came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of promoguard that fitted it.
    pub made_by: String,
    /// The command that made it.
    pub command: String,
    /// Worlds it was fitted on: family, preset, seeds.
    pub worlds: Vec<String>,
    /// Worlds that its scale was measured on.
    pub scale_worlds: Vec<String>,
    /// Rows, codes and clean code-weeks that went into it.
    pub rows: u64,
    /// Clean code-weeks behind the scale.
    pub scale_clean_code_weeks: f64,
    /// Rows that came from analysts' decisions.
    pub decision_rows: u64,
}

/// Why a model cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not JSON, or not a model.
    #[error("the model cannot be read: {0}")]
    Unreadable(String),
    /// Of another format.
    #[error("the model has format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// It wants a feature that this version does not make.
    #[error("the model needs the feature `{0}`, which this version does not make")]
    Feature(String),
    /// It is damaged.
    #[error("the model is damaged: {0}")]
    Damaged(&'static str),
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// It is no model, of another format, damaged, or needs features that are not made.
    pub fn parse(text: &str) -> Result<Model, ModelError> {
        let model: Model = serde_json::from_str(text)
            .map_err(|error| ModelError::Unreadable(error.to_string()))?;
        if model.format != FORMAT {
            return Err(ModelError::Format(model.format));
        }
        model.check()?;
        Ok(model)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a model is plain data");
        text.push('\n');
        text
    }

    fn check(&self) -> Result<(), ModelError> {
        let features = self.features.len();
        for tree in &self.forest.trees {
            if tree.depth().is_none() {
                return Err(ModelError::Damaged("a tree is not perfect"));
            }
            let known = |feature: &u16| *feature == NO_SPLIT || usize::from(*feature) < features;
            if !tree.feature.iter().all(known) {
                return Err(ModelError::Damaged(
                    "a tree splits on a feature out of range",
                ));
            }
            let inner = tree.feature.len();
            let open_below = (1..inner).any(|node| {
                tree.feature[(node - 1) / 2] == NO_SPLIT && tree.feature[node] != NO_SPLIT
            });
            if open_below {
                return Err(ModelError::Damaged(
                    "a tree splits below a node without a split",
                ));
            }
            let numbers = tree.value.iter().chain(&tree.threshold).chain(&tree.cover);
            if !numbers.into_iter().all(|number| number.is_finite()) {
                return Err(ModelError::Damaged("a tree holds what is no number"));
            }
        }
        let rising = self
            .scale
            .windows(2)
            .all(|pair| pair[0][0] < pair[1][0] && pair[0][1] <= pair[1][1]);
        if self.scale.is_empty() || !rising {
            return Err(ModelError::Damaged("its scale does not rise"));
        }
        let made = feature_names();
        let missing = self
            .features
            .iter()
            .find(|name| made.iter().all(|made| made.name != **name));
        missing.map_or(Ok(()), |name| Err(ModelError::Feature(name.clone())))
    }

    /// Decibans of log odds, by the scale.
    pub fn score_db(&self, margin: f64) -> f64 {
        let (first, last) = (self.scale[0], self.scale[self.scale.len() - 1]);
        if margin <= first[0] {
            return first[1] + decibans(margin - first[0]);
        }
        if margin >= last[0] {
            return last[1] + decibans(margin - last[0]);
        }
        let at = self.scale.partition_point(|point| point[0] <= margin);
        let ([low, from], [high, to]) = (self.scale[at - 1], self.scale[at]);
        from + (to - from) * (margin - low) / (high - low)
    }
}

/// Share of the newest look in the smoothed log odds: one strange hour is forgotten within some
/// orders, a leak stays.
const NEWEST_SHARE: f64 = 0.4;

/// The log odds after a look, given the smoothed ones before it.
pub fn smoothed(before: Option<f64>, looked: f64) -> f64 {
    match before {
        Some(before) => before + NEWEST_SHARE * (looked - before),
        None => looked,
    }
}

/// What a score is made of, in decibans; the sum of all is the score.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parts {
    /// What each made feature contributes.
    pub(crate) features: Vec<f64>,
    /// What every code starts from.
    pub(crate) start: f64,
    /// What earlier looks hold back or keep up.
    pub(crate) persistence: f64,
    /// What the scale adds.
    pub(crate) scale: f64,
}

/// A model ready for use, shared by whoever judges with it.
#[derive(Clone)]
pub struct Judge {
    model: Arc<Model>,
    /// Index of each of the model's features among those made.
    inputs: Arc<[u16]>,
    hash: u64,
}

impl Judge {
    /// Prepares a model.
    pub fn new(model: Model) -> Judge {
        let made = feature_names();
        let inputs = model
            .features
            .iter()
            .map(|name| {
                let at = made.iter().position(|made| made.name == *name);
                at.expect("a model that was read has only features that are made") as u16
            })
            .collect();
        Judge {
            hash: stable_hash(model.to_text().as_bytes()),
            inputs,
            model: Arc::new(model),
        }
    }

    /// The model that promoguard ships with.
    pub fn shipped() -> Judge {
        static SHIPPED_JUDGE: OnceLock<Judge> = OnceLock::new();
        SHIPPED_JUDGE
            .get_or_init(|| {
                Judge::new(Model::parse(SHIPPED).expect("the shipped model is read by a test"))
            })
            .clone()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Sixteen hexadecimal digits that differ between models.
    pub fn hash(&self) -> String {
        format!("{:016x}", self.hash)
    }

    fn inputs_of(&self, made: &[f32]) -> Vec<f32> {
        self.inputs
            .iter()
            .map(|at| made[usize::from(*at)])
            .collect()
    }

    /// Log odds of features in the order of [`feature_names`].
    pub(crate) fn margin(&self, made: &[f32]) -> f64 {
        self.model.forest.margin(&self.inputs_of(made))
    }

    /// The score of a smoothed margin told in parts, in decibans.
    pub(crate) fn explain(&self, made: &[f32], smoothed: f64) -> Parts {
        let inputs = self.inputs_of(made);
        let (each, rest) = self.model.forest.contributions(&inputs);
        let mut by_made = vec![0.0; made.len()];
        for (at, contribution) in self.inputs.iter().zip(each) {
            by_made[usize::from(*at)] += decibans(contribution);
        }
        Parts {
            features: by_made,
            start: decibans(rest),
            persistence: decibans(smoothed - self.model.forest.margin(&inputs)),
            scale: self.model.score_db(smoothed) - decibans(smoothed),
        }
    }
}

impl Default for Judge {
    fn default() -> Judge {
        Judge::shipped()
    }
}

impl fmt::Debug for Judge {
    /// The hash alone: it stands for every number, also in the hash of the settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Judge({:016x})", self.hash)
    }
}

impl PartialEq for Judge {
    fn eq(&self, other: &Judge) -> bool {
        self.hash == other.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(scale: Vec<[f64; 2]>) -> Model {
        Model {
            format: FORMAT,
            provenance: Provenance::default(),
            features: vec!["cold.shop".into()],
            scale,
            forest: Forest {
                base: 0.0,
                trees: Vec::new(),
            },
        }
    }

    #[test]
    fn the_scale_is_straight_between_its_points_and_goes_on_beyond() {
        let model = model(vec![[-1.0, 10.0], [1.0, 30.0]]);
        assert_eq!(model.score_db(0.0), 20.0);
        assert!((model.score_db(1.0 + core::f64::consts::LN_10) - 40.0).abs() < 1e-9);
        assert!((model.score_db(-1.0 - core::f64::consts::LN_10) - 0.0).abs() < 1e-9);
    }

    #[test]
    fn a_model_that_cannot_be_used_says_why() {
        let check = |change: fn(&mut Model), expected: &str| {
            let mut model = model(vec![[0.0, 30.0]]);
            change(&mut model);
            let error = Model::parse(&model.to_text()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(|m| m.format = 9, "format 9");
        check(|m| m.features = vec!["moon".into()], "`moon`");
        check(|m| m.scale = vec![[0.0, 1.0], [0.0, 2.0]], "does not rise");
        assert!(
            Model::parse("{")
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
        let text = model(vec![[0.0, 30.0]]).to_text();
        assert!(Model::parse(&text).is_ok());
    }

    #[test]
    fn the_shipped_model_is_readable_and_small() {
        let judge = Judge::shipped();
        assert!(!judge.model().forest.trees.is_empty());
        assert!(SHIPPED.len() <= 300_000, "{} bytes", SHIPPED.len());
    }
}
