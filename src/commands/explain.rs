//! `promoguard explain`: the evidence of one code, flagged or not.

use anyhow::{Result, bail};
use promoguard_event::Code;
use promoguard_pipeline::{CodeAccount, ShardSet};

use super::DONE;
use crate::config::ExplainPlan;
use crate::config::keys::KeyRing;
use crate::engine::progress::Progress;
use crate::engine::replay::{Inputs, ReplayOrder, replay_then};
use crate::engine::settings::replay_settings;
use crate::engine::sinks::OutputPaths;
use crate::explain::Told;

/// Codes named to somebody who mistyped one.
const NEAR_MAX: usize = 5;
/// How alike a code must be to be named, by Jaro and Winkler; 0.8 finds a letter lost, added or
/// swapped in a code of five.
const NEAR_MIN: f64 = 0.8;

/// Runs the plan.
///
/// # Errors
/// An input cannot be read, or the code is not in it.
pub(super) fn execute(plan: ExplainPlan) -> Result<u8> {
    let keys = KeyRing::or_published(&plan.config.keys)?;
    let order = ReplayOrder::from(plan.order);
    let mut settings = replay_settings(&plan.config, &keys, order);
    settings.until = plan.until;
    // It would only take time: the answer is about the judge whose flags count.
    settings.shadow = None;
    let inputs = Inputs::from(plan.inputs);
    let progress = Progress::new(inputs.paths(), !plan.quiet);
    let ask = |shards: &ShardSet| {
        shards
            .explain(&plan.code)
            .ok_or_else(|| unknown(shards, &plan.code))
    };
    let (_, answer) = replay_then(&inputs, &OutputPaths::default(), &settings, &progress, &ask)?;
    let account: CodeAccount = match answer {
        Ok(account) => account,
        Err(why) => bail!(why),
    };
    let told = Told::new(&account, plan.language, &settings.zone)?;
    if plan.json {
        print!("{}", told.json());
    } else {
        print!("{}", told.text());
    }
    Ok(DONE)
}

/// Why there is nothing to tell, with codes that may have been meant.
fn unknown(shards: &ShardSet, code: &Code) -> String {
    if shards.judged_hour().is_none() {
        return "nothing was judged: there is no click and no order in the time asked about"
            .to_owned();
    }
    let near = near(code.as_str(), shards.known_codes().map(Code::as_str));
    let mut text = format!("code {code} is neither in the events nor in the registry");
    if !near.is_empty() {
        text = format!("{text}; near it: {}", near.join(", "));
    }
    text
}

/// The known codes that are most like this one, best first.
fn near<'a>(code: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(code, known);
    let mut near: Vec<(f64, &str)> = known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness >= NEAR_MIN)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    near.into_iter()
        .take(NEAR_MAX)
        .map(|(_, code)| code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_codes_are_named_once_and_best_first() {
        let known = ["aliya10", "alya10", "timur", "aliya1", "aliya10"];
        assert_eq!(
            near("aliyaa10", known.into_iter()),
            ["aliya10", "aliya1", "alya10"]
        );
        assert!(near("xyz", known.into_iter()).is_empty());
    }
}
