//! What `promoguard explain` was asked for.

use std::path::Path;

use promoguard_event::{Code, EventTime, parse_rfc3339};

use super::{Plan, PlanError, ReplayInputs, argument, key_arguments, settle};
use crate::cli::{self, Order};
use crate::config::Config;
use promoguard_words::Language;

/// A code to be explained.
#[derive(Debug)]
pub struct ExplainPlan {
    /// Settings in force.
    pub config: Config,
    /// The code.
    pub code: Code,
    /// What is read.
    pub inputs: ReplayInputs,
    /// What came at this time or later is left out.
    pub until: Option<EventTime>,
    /// Language of the answer.
    pub language: Language,
    /// Print JSON.
    pub json: bool,
    /// How lines become one sequence.
    pub order: Order,
    /// Show no progress.
    pub quiet: bool,
}

pub(super) fn plan(
    explain: cli::Explain,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    let code = Code::parse(&explain.code)
        .map_err(|error| PlanError::Usage(format!("--code {}: {error}", explain.code)))?;
    let until = explain.at.as_deref().map(at).transpose()?;
    let inputs = ReplayInputs {
        clicks: explain.clicks,
        orders: explain.orders,
        codes: explain.codes,
        sightings: explain.sightings,
        decisions: explain.decisions,
    };
    if inputs
        .paths()
        .filter(|path| **path == *Path::new("-"))
        .count()
        > 1
    {
        return Err(PlanError::Usage(
            "standard input (-) can be read only once".to_owned(),
        ));
    }
    let language = Language::ALL
        .into_iter()
        .find(|language| language.as_str() == explain.lang)
        .expect("the argument parser knows the languages");
    let mut arguments = key_arguments(&explain.keys);
    arguments.extend(argument(
        "--threads",
        "pipeline.threads",
        explain.threads.as_ref(),
    ));
    Ok(Plan::Explain(Box::new(ExplainPlan {
        config: settle(&explain.settings, environment, arguments)?.config,
        code,
        inputs,
        until,
        language,
        json: explain.json,
        order: explain.order,
        quiet: explain.quiet,
    })))
}

fn at(text: &str) -> Result<EventTime, PlanError> {
    parse_rfc3339(text).map_err(|_| {
        let example = "such as 2026-03-02T00:00:00+05:00";
        PlanError::Usage(format!(
            "--at is {text}, must be an RFC 3339 time, {example}"
        ))
    })
}
