//! `promoguard evaluate`: how good the detector is on simulated worlds.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use promoguard_detect::DetectSettings;
use promoguard_event::PseudonymKey;
use promoguard_sketch::HashKey;
use promoguard_storage::Output;

use super::DONE;
use crate::config::EvaluatePlan;
use crate::config::keys::KeyRing;
use crate::engine::settings::pipeline_settings;
use crate::evaluate::html::to_html;
use crate::evaluate::json::to_json;
use crate::evaluate::rules::scores;
use crate::evaluate::table::to_table;
use crate::evaluate::trained::trained;
use crate::evaluate::world::Setup;
use crate::evaluate::{evaluate, evaluate_against};

/// Runs the plan.
///
/// # Errors
/// An output cannot be written.
pub(super) fn execute(plan: EvaluatePlan) -> Result<u8> {
    let started = Instant::now();
    let keys = KeyRing::or_published(&plan.config.keys)?;
    let mut setup = Setup {
        scores: scores(plan.config.detect.settings.flag_db()),
        pipeline: pipeline_settings(&plan.config),
        detect: plan.config.detect.settings.clone(),
        hash_key: HashKey::new(*keys.hash.bytes()),
        pseudonym_key: PseudonymKey::new(*keys.pseudonym.bytes()),
    };
    let judges = 1 + u64::from(plan.against.is_some());
    let progress = progress(judges * plan.worlds.list().len() as u64, !plan.quiet);
    let threads = plan.config.threads().get();
    if plan.trained_on > 0 {
        let say = |what: &str| progress.println(what);
        let rival = trained(&setup, &plan.worlds, plan.trained_on, threads, &say)?;
        setup.scores.push(rival);
    }
    let done = |done: usize| progress.set_position(done as u64);
    let evaluation = match plan.against {
        None => evaluate(&setup, &plan.worlds, threads, &done)?,
        Some(judge) => {
            let other = DetectSettings {
                judge,
                learned: true,
                ..setup.detect.clone()
            };
            evaluate_against(&setup, &other, &plan.worlds, threads, &done)?
        }
    };
    progress.finish_and_clear();
    let to_stdout = plan.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = &plan.json {
        write(path, &to_json(&evaluation))?;
    }
    if let Some(path) = &plan.html {
        write(path, &to_html(&evaluation))?;
    }
    if !to_stdout {
        print!("{}", to_table(&evaluation));
    }
    if !plan.quiet {
        let extent = evaluation.overall.scorecard.extent;
        let seconds = started.elapsed().as_secs_f64();
        eprintln!(
            "{} worlds with {} records in {seconds:.1} s",
            extent.worlds, extent.records
        );
    }
    Ok(DONE)
}

fn progress(worlds: u64, visible: bool) -> ProgressBar {
    let target = if visible {
        ProgressDrawTarget::stderr_with_hz(5)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(worlds), target);
    let template = "[{bar:30}] {pos} of {len} worlds, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    bar.set_style(style.progress_chars("=> "));
    bar
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut output = Output::create(path)?;
    output
        .write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    output.commit()?;
    Ok(())
}
