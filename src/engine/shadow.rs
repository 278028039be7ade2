//! What a judge in shadow flagged, beside the judge whose flags count.
//!
//! Decides: when the two agree. Must not know: what either of them is set to.

use std::collections::BTreeMap;

use promoguard_event::{FlagKind, FlagState, Hour};
use promoguard_pipeline::{Effects, JudgedFlag};

/// Codes that are compared; further ones are counted as left out. About 100 bytes each.
const CODES_MAX: usize = 1_000_000;

/// Codes by who flagged them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowTally {
    /// Flagged by both.
    pub both: u64,
    /// Flagged under the present settings only.
    pub only_present: u64,
    /// Flagged in shadow only.
    pub only_shadow: u64,
    /// Not compared, because there were too many.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct FlaggedBy {
    present: bool,
    shadow: bool,
}

/// Which codes were flagged by whom so far. A code that leaks and has its clicks flooded counts as
/// two.
#[derive(Debug, Default)]
pub struct ShadowComparison {
    flagged: BTreeMap<(String, bool), FlaggedBy>,
    left_out: u64,
    day: Option<i32>,
    told: ShadowTally,
}

impl ShadowComparison {
    /// Takes in the flags of a step.
    pub fn note(&mut self, effects: &Effects) {
        self.note_opened(&effects.flags, |by| &mut by.present);
        self.note_opened(&effects.shadow_flags, |by| &mut by.shadow);
    }

    /// Codes by who flagged them so far.
    pub fn tally(&self) -> ShadowTally {
        let count = |present, shadow| {
            let of = |by: &&FlaggedBy| (by.present, by.shadow) == (present, shadow);
            self.flagged.values().filter(of).count() as u64
        };
        ShadowTally {
            both: count(true, true),
            only_present: count(true, false),
            only_shadow: count(false, true),
            left_out: self.left_out,
        }
    }

    /// The tally when a new day (UTC) is judged, if it changed since it was last told.
    pub fn daily(&mut self, judged: Hour) -> Option<ShadowTally> {
        let day = judged.index().div_euclid(24);
        if self.day.replace(day) == Some(day) {
            return None;
        }
        let tally = self.tally();
        (std::mem::replace(&mut self.told, tally) != tally).then_some(tally)
    }

    fn note_opened(&mut self, flags: &[JudgedFlag], side: fn(&mut FlaggedBy) -> &mut bool) {
        let opened = flags
            .iter()
            .filter(|judged| judged.flag.state == FlagState::Opened);
        for judged in opened {
            let is_flood = judged.flag.kind == FlagKind::ClickFlood;
            let key = (judged.flag.code.clone(), is_flood);
            if self.flagged.len() >= CODES_MAX && !self.flagged.contains_key(&key) {
                self.left_out += 1;
                continue;
            }
            *side(self.flagged.entry(key).or_default()) = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flagged(by: &[(&str, bool, bool)]) -> ShadowComparison {
        let flagged = by
            .iter()
            .map(|(code, present, shadow)| {
                let by = FlaggedBy {
                    present: *present,
                    shadow: *shadow,
                };
                (((*code).to_owned(), false), by)
            })
            .collect();
        ShadowComparison {
            flagged,
            ..ShadowComparison::default()
        }
    }

    #[test]
    fn codes_are_counted_by_who_flagged_them() {
        let compared = flagged(&[
            ("a", true, true),
            ("b", true, false),
            ("c", false, true),
            ("d", false, true),
        ]);
        let expected = ShadowTally {
            both: 1,
            only_present: 1,
            only_shadow: 2,
            left_out: 0,
        };
        assert_eq!(compared.tally(), expected);
    }

    #[test]
    fn the_tally_is_told_once_a_day_and_only_when_it_changed() {
        let mut compared = flagged(&[("a", true, true)]);
        assert!(compared.daily(Hour::from_index(24)).is_some());
        compared
            .flagged
            .insert(("b".to_owned(), false), FlaggedBy::default());
        assert!(compared.daily(Hour::from_index(47)).is_none());
        assert!(compared.daily(Hour::from_index(48)).is_none());
        *compared.flagged.values_mut().last().unwrap() = FlaggedBy {
            present: false,
            shadow: true,
        };
        assert!(compared.daily(Hour::from_index(72)).is_some());
    }
}
