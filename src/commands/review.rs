//! `promoguard audit verify` and `promoguard review`: the trail checked; the store copied, put
//! back, and read anew.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use promoguard_review::Store;
use promoguard_review::audit::Verdict;

use super::console::{follow_alone, open};
use super::{DONE, FAILED};
use crate::config::{ConsolePlan, ReviewPlan, ReviewWork};

/// Runs the plan.
///
/// # Errors
/// The store or the copy cannot be used.
pub(super) fn execute(plan: ReviewPlan) -> Result<u8> {
    let ReviewPlan { config, work } = plan;
    let plan = ConsolePlan { config };
    match work {
        ReviewWork::Verify => verify(&existing(&plan)?),
        ReviewWork::Backup(to) => backup(&existing(&plan)?, &to),
        ReviewWork::Restore(from) => restore(&plan, &from),
        ReviewWork::Rebuild => {
            let store = existing(&plan)?;
            // One that follows would go on from where it stands, and what is forgotten be missing.
            let _following = follow_alone(&plan)?;
            store.forget_fed()?;
            println!(
                "The review store has forgotten what it was fed; the console reads the topics from their beginning."
            );
            Ok(DONE)
        }
    }
}

/// The store, which must be there: a mistyped name shall not become an empty store.
fn existing(plan: &ConsolePlan) -> Result<Store> {
    let file = &plan.config.review.file;
    if !file.exists() {
        bail!("there is no review store {}", file.display());
    }
    open(plan)
}

fn verify(store: &Store) -> Result<u8> {
    match store.verify_audit()? {
        Verdict::Whole { entries, anchored } => {
            println!("whole: {entries} entries; anchors vouch for the first {anchored}");
            Ok(DONE)
        }
        Verdict::Broken { seq, why } => {
            println!("broken at entry {seq}: {why}");
            Ok(FAILED)
        }
    }
}

fn backup(store: &Store, to: &Path) -> Result<u8> {
    if to.exists() {
        bail!(
            "{} exists already; a copy never replaces anything",
            to.display()
        );
    }
    store
        .backup(to)
        .with_context(|| format!("cannot write {}", to.display()))?;
    println!("copied to {}", to.display());
    Ok(DONE)
}

/// Puts a copy in place; what was there stays beside it.
fn restore(plan: &ConsolePlan, from: &Path) -> Result<u8> {
    let file = &plan.config.review.file;
    if !from.exists() {
        bail!("there is no copy {}", from.display());
    }
    let _following = follow_alone(plan)?;
    let new = beside(file, ".restoring");
    let copied = Store::open(from, plan.config.review.limits())
        .and_then(|copy| copy.backup(&new))
        .with_context(|| format!("{} is no review store that can be read", from.display()));
    if let Err(error) = copied {
        // Half a copy is of no use.
        let _ = std::fs::remove_file(&new);
        return Err(error);
    }
    let old = beside(file, ".before-restore");
    if file.exists() {
        // Opening and closing it puts what is in its log into the file itself.
        drop(open(plan)?);
        std::fs::rename(file, &old)
            .with_context(|| format!("cannot keep the present store as {}", old.display()))?;
    }
    std::fs::rename(&new, file).with_context(|| format!("cannot write {}", file.display()))?;
    println!("restored {} from {}", file.display(), from.display());
    Ok(DONE)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
