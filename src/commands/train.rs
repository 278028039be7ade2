//! `promoguard train`: the learned judge's model, fitted on simulated worlds.
//!
//! Decides where the model goes. Must not know how it is fitted.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use promoguard_detect::Model;
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
        leave_one_out: plan.leave_one_out.is_some(),
        command,
    };
    let say = |text: &str| {
        if !plan.quiet {
            eprintln!("{text}");
        }
    };
    if let Some(folder) = &plan.leave_one_out {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let trained = train(&settings, &say)?;
    let model = trained.model;
    write(&plan.out, &model)?;
    for (family, model) in &trained.without {
        let folder = plan.leave_one_out.as_deref().expect("it was asked for");
        write(
            &folder.join(format!("without-{}.json", family.name())),
            model,
        )?;
    }
    say(&format!(
        "{} rows, {} clean code-weeks behind the scale; in {}",
        model.provenance.rows,
        model.provenance.scale_clean_code_weeks.round(),
        plan.out.display()
    ));
    Ok(DONE)
}

fn write(path: &Path, model: &Model) -> Result<()> {
    let cannot = || format!("cannot write the model to {}", path.display());
    let mut output = promoguard_storage::Output::create(path).with_context(cannot)?;
    output
        .write_all(model.to_text().as_bytes())
        .with_context(cannot)?;
    output.commit().with_context(cannot)
}
