//! How the scores of codes were spread in the markets that this version was measured on.
//!
//! A deployment whose codes are spread otherwise is another world than the simulated ones: its
//! references may be wrong, and its thresholds cost another number of false flags than promised.

use super::labels::{Label, ScoreBand};

/// Share of the codes in each band, in the order of the bands.
pub(super) const SHIPPED: [(ScoreBand, f64); 8] = {
    let bands = <ScoreBand as Label>::ALL;
    [
        (bands[0], 0.0),
        (bands[1], 0.0),
        (bands[2], 0.0),
        (bands[3], 0.0),
        (bands[4], 0.0),
        (bands[5], 0.0),
        (bands[6], 0.0),
        (bands[7], 0.0),
    ]
};
