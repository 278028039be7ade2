//! What `promoguard console`, `audit` and `review` were asked for.

use std::path::PathBuf;

use super::{Plan, PlanError, argument, settle};
use crate::cli::{self, AuditAction, ReviewAction};
use crate::config::Config;

/// The console over the review store of `config.review`, on `config.http.listen`.
#[derive(Debug)]
pub struct ConsolePlan {
    /// Settings in force.
    pub config: Config,
}

/// Work on the review store of `config.review`.
#[derive(Debug)]
pub struct ReviewPlan {
    /// Settings in force.
    pub config: Config,
    /// What to do.
    pub work: ReviewWork,
}

/// What to do with a review store.
#[derive(Debug, PartialEq, Eq)]
pub enum ReviewWork {
    /// Check its trail.
    Verify,
    /// Copy it to there.
    Backup(PathBuf),
    /// Replace it by that copy.
    Restore(PathBuf),
    /// Forget what was fed.
    Rebuild,
}

pub(super) fn plan(
    console: cli::Console,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    let store = console.store.map(|file| file.display().to_string());
    let mut arguments = argument("--store", "review.file", store.as_ref());
    arguments.extend(argument("--listen", "http.listen", console.listen.as_ref()));
    arguments.extend(argument(
        "--brokers",
        "kafka.brokers",
        console.brokers.as_ref(),
    ));
    let config = settle(&console.settings, environment, arguments)?.config;
    Ok(Plan::Console(Box::new(ConsolePlan { config })))
}

pub(super) fn audit(
    audit: cli::Audit,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    let AuditAction::Verify(store) = audit.action;
    of(store, environment, ReviewWork::Verify)
}

pub(super) fn review(
    review: cli::Review,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    match review.action {
        ReviewAction::Backup(backup) => of(backup.of, environment, ReviewWork::Backup(backup.to)),
        ReviewAction::Restore(restore) => {
            of(restore.of, environment, ReviewWork::Restore(restore.from))
        }
        ReviewAction::Rebuild(store) => of(store, environment, ReviewWork::Rebuild),
    }
}

fn of(
    store: cli::ReviewStore,
    environment: &[(String, String)],
    work: ReviewWork,
) -> Result<Plan, PlanError> {
    let file = store.store.map(|file| file.display().to_string());
    let arguments = argument("--store", "review.file", file.as_ref());
    let config = settle(&store.settings, environment, arguments)?.config;
    Ok(Plan::Review(Box::new(ReviewPlan { config, work })))
}
