//! How the scores of codes were spread in the markets that this version was measured on.
//!
//! A deployment whose codes are spread otherwise is another world than the simulated ones: its
//! references may be wrong, and its thresholds cost another number of false flags than promised.

use super::labels::{Label, ScoreBand};

/// Share of the codes in each band, in the order of the bands. 5,102 codes at the end of twelve
/// simulated markets of six weeks, three of each family; `docs/measurements.md` has the command.
pub(super) const SHIPPED: [(ScoreBand, f64); 8] = {
    let bands = <ScoreBand as Label>::ALL;
    [
        (bands[0], 421.0 / 5_102.0),
        (bands[1], 1642.0 / 5_102.0),
        (bands[2], 189.0 / 5_102.0),
        (bands[3], 73.0 / 5_102.0),
        (bands[4], 35.0 / 5_102.0),
        (bands[5], 30.0 / 5_102.0),
        (bands[6], 5.0 / 5_102.0),
        (bands[7], 2707.0 / 5_102.0),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_add_up_to_all_codes() {
        let sum: f64 = SHIPPED.iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}
