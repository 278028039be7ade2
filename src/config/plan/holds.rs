//! What `promoguard holds` was asked for.

use std::path::{Path, PathBuf};

use promoguard_event::parse_rfc3339;

use super::{Plan, PlanError, key_arguments, settle};
use crate::cli;
use crate::config::Config;
use promoguard_review::holds::{HoldFrom, Rule};

/// A list of what to hold for one flag.
#[derive(Debug)]
pub struct HoldsPlan {
    /// Settings in force.
    pub config: Config,
    /// Id of the flag.
    pub flag_id: String,
    /// Files of flags; none only where the hold begins at a given time.
    pub flags: Vec<PathBuf>,
    /// Files of judged orders.
    pub judged_orders: Vec<PathBuf>,
    /// Files of orders with their statuses.
    pub orders: Vec<PathBuf>,
    /// Where the hold begins.
    pub from: HoldFrom,
    /// How much is held.
    pub rule: Rule,
    /// Where the list goes; `-` = standard output.
    pub out: PathBuf,
    /// Whether it is CSV.
    pub csv: bool,
    /// Print no totals.
    pub quiet: bool,
}

pub(super) fn plan(holds: cli::Holds, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let from = from(&holds.from)?;
    if holds.flags.is_empty() && !matches!(from, HoldFrom::At(_)) {
        return Err(PlanError::Usage(
            "without --flags the onset is not known: give --flags, or a time in --from".to_owned(),
        ));
    }
    let inputs = [&holds.judged_orders, &holds.flags, &holds.orders];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    let standard = Path::new("-");
    if inputs.iter().filter(|path| **path == standard).count() > 1 {
        return Err(PlanError::Usage(
            "standard input (-) can be read only once".to_owned(),
        ));
    }
    if holds.out != standard && inputs.contains(&holds.out.as_path()) {
        return Err(PlanError::Usage(format!(
            "--out would overwrite the input {}",
            holds.out.display()
        )));
    }
    Ok(Plan::Holds(Box::new(HoldsPlan {
        config: settle(&holds.settings, environment, key_arguments(&holds.keys))?.config,
        flag_id: holds.flag,
        flags: holds.flags,
        judged_orders: holds.judged_orders,
        orders: holds.orders,
        from,
        rule: rule(holds.threshold)?,
        out: holds.out,
        csv: holds.format == cli::HoldFormat::Csv,
        quiet: holds.quiet,
    })))
}

fn from(text: &str) -> Result<HoldFrom, PlanError> {
    match text {
        "low" => Ok(HoldFrom::Low),
        "onset" => Ok(HoldFrom::Onset),
        time => parse_rfc3339(time).map(HoldFrom::At).map_err(|_| {
            PlanError::Usage(format!(
                "--from is {time}, must be low, onset or an RFC 3339 time, such as \
                 2026-03-02T00:00:00+05:00"
            ))
        }),
    }
}

fn rule(threshold: Option<f64>) -> Result<Rule, PlanError> {
    match threshold {
        None => Ok(Rule::Part),
        // In millionths, as probabilities are reckoned with.
        Some(share) if (0.0..=1.0).contains(&share) => {
            Ok(Rule::Threshold((share * 1e6).round() as u32))
        }
        Some(share) => Err(PlanError::Usage(format!(
            "--threshold is {share}, must be from 0 to 1"
        ))),
    }
}
