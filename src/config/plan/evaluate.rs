//! What `promoguard evaluate` was asked for.

use std::path::PathBuf;

use promoguard_detect::Judge;
use promoguard_simulate::{Family, WorldSettings};

use super::{Plan, PlanError, argument, read_model, settle};
use crate::cli;
use crate::config::Config;
use crate::evaluate::Worlds;
use crate::evaluate::preset::Preset;

/// More worlds than this are a slip of the finger.
const WORLDS_MAX: u64 = 100_000;

/// Simulated worlds to be judged.
#[derive(Debug)]
pub struct EvaluatePlan {
    /// Settings in force.
    pub config: Config,
    /// Which worlds.
    pub worlds: Worlds,
    /// The judge to be compared with.
    pub against: Option<Judge>,
    /// Worlds of each kind whose truth a rival is trained on; 0 = no such rival.
    pub trained_on: u32,
    /// Where the JSON goes; `-` = standard output.
    pub json: Option<PathBuf>,
    /// Where the page goes.
    pub html: Option<PathBuf>,
    /// Show no progress.
    pub quiet: bool,
}

pub(super) fn plan(
    evaluate: cli::Evaluate,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    let families = match evaluate.family.as_slice() {
        [all] if all == "all" => Family::ALL.to_vec(),
        names => named(
            "--family",
            names,
            Family::named,
            Family::ALL.map(Family::name).as_slice(),
        )?,
    };
    let worlds = Worlds {
        families,
        presets: named(
            "--preset",
            &evaluate.preset,
            Preset::named,
            &WorldSettings::PRESETS,
        )?,
        seeds: seeds(&evaluate.seeds)?,
        codes: evaluate.codes,
        days: evaluate.days.map(f64::from),
    };
    check(&worlds)?;
    let page = evaluate.html.as_deref();
    if page.is_some_and(|page| page.as_os_str() == "-" || evaluate.json.as_deref() == Some(page)) {
        let said = "--html must be a file of its own";
        return Err(PlanError::Usage(said.to_owned()));
    }
    let against = evaluate.against.as_deref().map(read_model).transpose()?;
    let arguments = argument("--threads", "pipeline.threads", evaluate.threads.as_ref());
    Ok(Plan::Evaluate(Box::new(EvaluatePlan {
        config: settle(&evaluate.settings, environment, arguments)?.config,
        worlds,
        against,
        trained_on: evaluate.trained_on,
        json: evaluate.json,
        html: evaluate.html,
        quiet: evaluate.quiet,
    })))
}

/// Each name once, in the order in which they were typed.
fn named<T: PartialEq>(
    option: &str,
    names: &[String],
    find: fn(&str) -> Option<T>,
    all: &[&str],
) -> Result<Vec<T>, PlanError> {
    let mut found = Vec::new();
    for name in names {
        let one = find(name.trim()).ok_or_else(|| {
            let all = all.join(", ");
            PlanError::Usage(format!("{option} has no {name:?}; there are: {all}"))
        })?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    Ok(found)
}

fn seeds(text: &str) -> Result<(u64, u64), PlanError> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(PlanError::Usage(format!(
            "--seeds is {text}, must be the first and the last seed, such as 301..308"
        ))),
    }
}

fn check(worlds: &Worlds) -> Result<(), PlanError> {
    let (first, last) = worlds.seeds;
    let kinds = (worlds.families.len() * worlds.presets.len()) as u64;
    let count = (last - first).saturating_add(1).saturating_mul(kinds);
    if count > WORLDS_MAX {
        return Err(PlanError::Usage(format!(
            "--seeds asks for {count} worlds, at most {WORLDS_MAX} are run"
        )));
    }
    for preset in &worlds.presets {
        for family in &worlds.families {
            let settings = worlds.settings(*family, *preset, first);
            settings
                .validate()
                .map_err(|error| PlanError::Usage(error.to_string()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_first_and_a_last_one() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            assert_eq!(seeds(text).ok(), expected, "{text}");
        };
        check("301..308", Some((301, 308)));
        check("7", Some((7, 7)));
        check("8..7", None);
        check("..7", None);
        check("one", None);
    }
}
