//! From arguments to exit status: one file for each command.
//!
//! Decides which command runs and what its outcome means to the shell. Must not know how.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::config::sections::LogFormat;
use crate::config::{Plan, PlanError};
use crate::logging;

pub(crate) mod aligned;
mod config;
mod console;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod holds;
mod replay;
mod review;
mod run;
mod simulate;
mod state;
mod topics;
mod train;

/// Did what was asked for.
pub const DONE: u8 = 0;
/// Could not do it.
pub const FAILED: u8 = 1;
/// Did not understand it; nothing was done.
pub const WRONG_USAGE: u8 = 2;

/// Runs the command that the arguments name; the first one is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed = match Cli::try_parse_from(arguments) {
        Ok(typed) => typed,
        Err(message) => {
            // A closed pipe behind `--help` is nobody's fault.
            let _ = message.print();
            return ExitCode::from(message.exit_code().try_into().unwrap_or(WRONG_USAGE));
        }
    };
    // Names and values that are not Unicode cannot be ours.
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let plan = match Plan::new(typed, &environment) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("promoguard: {error}");
            if matches!(error, PlanError::Usage(_)) {
                eprintln!("For more information, try '--help'.");
            }
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let log = plan.log();
    logging::start(log);
    match execute(plan) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Whoever reads the log with a program reads the end of it with that program too.
            match log.format {
                LogFormat::Json => tracing::error!(error = format!("{error:#}"), "cannot go on"),
                LogFormat::Text => eprintln!("promoguard: {error:#}"),
            }
            ExitCode::from(FAILED)
        }
    }
}

fn execute(plan: Plan) -> anyhow::Result<u8> {
    match plan {
        Plan::Config(plan) => config::execute(*plan),
        Plan::Doctor(plan) => doctor::execute(*plan),
        Plan::Simulate(plan) => simulate::execute(*plan),
        Plan::Train(plan) => train::execute(*plan),
        Plan::Topics(plan) => topics::execute(*plan),
        Plan::Demo(plan) => demo::execute(*plan),
        Plan::Evaluate(plan) => evaluate::execute(*plan),
        Plan::Replay(plan) => replay::execute(*plan),
        Plan::Explain(plan) => explain::execute(*plan),
        Plan::Holds(plan) => holds::execute(*plan),
        Plan::Console(plan) => console::execute(*plan),
        Plan::Review(plan) => review::execute(*plan),
        Plan::Run(plan) => run::execute(*plan),
        Plan::State(plan) => state::execute(*plan),
    }
}
