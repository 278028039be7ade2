//! `promoguard train`: the learned judge's model, fitted on simulated worlds.
//!
//! Decides where the model goes. Must not know how it is fitted.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use promoguard_learn::FitSettings;

use super::DONE;
use crate::config::TrainPlan;
use crate::engine::settings::pipeline_settings;
use crate::train::{TrainSettings, train};

/// Fits the model and writes it.
///
/// # Errors
/// A world that cannot be made, or a file that does not take the model.
pub(super) fn execute(plan: TrainPlan) -> Result<u8> {
    let families: Vec<&str> = plan.families.iter().map(|family| family.name()).collect();
    let command = format!(
        "promoguard train --family {} --worlds {} --scale-worlds {} --seed {} --trees {}",
        families.join(","),
        plan.worlds,
        plan.scale_worlds,
        plan.seed,
        plan.trees
    );
    let settings = TrainSettings {
        pipeline: pipeline_settings(&plan.config),
        detect: plan.config.detect.settings.clone(),
        families: plan.families,
        worlds: plan.worlds,
        scale_worlds: plan.scale_worlds,
        seed: plan.seed,
        fit: FitSettings {
            trees: plan.trees as usize,
            seed: plan.seed,
            threads: plan.config.threads().get(),
            ..FitSettings::default()
        },
        recorded: plan.recorded,
        decision_weight: plan.decision_weight,
        command,
    };
    let say = |text: &str| {
        if !plan.quiet {
            eprintln!("{text}");
        }
    };
    let model = train(&settings, &say)?;
    let cannot = || format!("cannot write the model to {}", plan.out.display());
    let mut output = promoguard_storage::Output::create(&plan.out).with_context(cannot)?;
    output
        .write_all(model.to_text().as_bytes())
        .with_context(cannot)?;
    output.commit().with_context(cannot)?;
    say(&format!(
        "{} rows, {} clean code-weeks behind the scale; in {}",
        model.provenance.rows,
        model.provenance.scale_clean_code_weeks.round(),
        plan.out.display()
    ));
    Ok(DONE)
}
