//! Another judge on the same worlds, before it takes over.
//!
//! Decides: what of two judges' flags is set side by side. Must not know: how they differ.

use promoguard_event::Track;
use serde::Serialize;

use super::outcome::{CodeOutcome, Fate, WorldOutcome};
use super::scorecard::Scorecard;

/// What the other judge was worth, and where the two disagree.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// Version and hash of the other judge's settings.
    pub detector: String,
    /// Its flags.
    pub scorecard: Scorecard,
    /// Honest codes that were flagged for their orders.
    pub falsely_flagged: Agreement,
    /// Leaks that were found.
    pub found: Agreement,
}

/// Codes by who flagged them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Both judges.
    pub both: u64,
    /// Only the judge in force.
    pub only_present: u64,
    /// Only the other judge.
    pub only_other: u64,
}

impl Agreement {
    fn add(&mut self, present: bool, other: bool) {
        self.both += u64::from(present && other);
        self.only_present += u64::from(present && !other);
        self.only_other += u64::from(!present && other);
    }
}

/// Sets the outcomes of the same worlds side by side; both come in the same order.
///
/// # Panics
/// The worlds are not the same.
pub fn against(detector: String, present: &[WorldOutcome], other: &[WorldOutcome]) -> Against {
    let mut falsely_flagged = Agreement::default();
    let mut found = Agreement::default();
    assert_eq!(
        present.len(),
        other.len(),
        "both judges saw the same worlds"
    );
    for (present, other) in present.iter().zip(other) {
        for (present, other) in present.codes.iter().zip(&other.codes) {
            assert_eq!(present.code, other.code, "both judges saw the same codes");
            match present.fate {
                Fate::Clean => falsely_flagged.add(is_flagged(present), is_flagged(other)),
                Fate::Leaks => found.add(present.hit().is_some(), other.hit().is_some()),
                Fate::Flooded => {}
            }
        }
    }
    Against {
        detector,
        scorecard: Scorecard::of(other.iter()),
        falsely_flagged,
        found,
    }
}

fn is_flagged(code: &CodeOutcome) -> bool {
    code.episodes_of(Track::Leak).next().is_some()
}
