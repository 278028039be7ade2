//! `promoguard config`: the documented example, a check, what is in force.

use std::io::Write as _;

use crate::config::{ConfigPlan, example};

use super::{DONE, FAILED};

/// Prints what was asked for.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn execute(plan: ConfigPlan) -> anyhow::Result<u8> {
    let (text, status) = match plan {
        ConfigPlan::Example => (example::example(), DONE),
        ConfigPlan::Show(resolved) => (example::show(&resolved), DONE),
        ConfigPlan::Check(Ok(_)) => ("settings are valid\n".to_owned(), DONE),
        ConfigPlan::Check(Err(faults)) => (format!("{faults}\n"), FAILED),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(status)
}
