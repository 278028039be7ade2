//! The scale: what a score costs in false flags.
//!
//! Decides: decibans of log odds, from the peaks that honest codes reached on worlds that the
//! trees were not grown on. Must not know: how the peaks came about.

/// How high honest codes got.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CleanPeaks {
    /// The highest log odds of each clean code that was ever looked at.
    pub peaks: Vec<f64>,
    /// Clean code-weeks behind them, of codes without orders too.
    pub code_weeks: f64,
}

/// False flags per 1,000 clean code-weeks at the points of the scale.
const POINTS: [f64; 6] = [100.0, 30.0, 10.0, 3.0, 1.0, 0.3];

/// The scale on which `10·log10(1000 / rate)` decibans cost `rate` false flags per 1,000 clean
/// code-weeks, told with a reserve: a score costs `reserve` times less on the worlds measured.
/// The worst of several sets of worlds decides each point. Points that no set is large enough to
/// tell (fewer than `events_min` peaks above them) are left out.
///
/// # Panics
/// Not one point can be told.
pub fn scale_of(sets: &[CleanPeaks], reserve: f64, events_min: usize) -> Vec<[f64; 2]> {
    let mut scale: Vec<[f64; 2]> = Vec::new();
    for rate in POINTS {
        let margins: Vec<f64> = sets
            .iter()
            .filter_map(|set| margin_at(set, rate / reserve, events_min))
            .collect();
        let Some(worst) = margins.into_iter().reduce(f64::max) else {
            continue;
        };
        let db = 10.0 * libm::log10(1000.0 / rate);
        if scale.last().is_none_or(|last| last[0] < worst) {
            scale.push([worst, db]);
        }
    }
    assert!(
        !scale.is_empty(),
        "too few clean code-weeks to tell a scale"
    );
    scale
}

/// The log odds that `rate` clean codes in 1,000 code-weeks exceed.
fn margin_at(set: &CleanPeaks, rate: f64, events_min: usize) -> Option<f64> {
    let events = (rate * set.code_weeks / 1000.0) as usize;
    if events < events_min {
        return None;
    }
    let mut peaks = set.peaks.clone();
    peaks.sort_by(|a, b| b.total_cmp(a));
    let above = peaks.get(events.saturating_sub(1))?;
    let below = peaks.get(events).unwrap_or(above);
    Some(0.5 * (above + below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_costs_what_it_says_with_the_reserve() {
        // 10,000 code-weeks in which the k-th highest peak is 10 − log10 k.
        let set = CleanPeaks {
            peaks: (1..=2_000).map(|k| 10.0 - f64::from(k).log10()).collect(),
            code_weeks: 10_000.0,
        };
        let scale = scale_of(&[set], 2.0, 3);
        let at = |db: f64| scale.iter().find(|point| (point[1] - db).abs() < 1e-9);
        // 30 dB: 1 per 1,000, measured 0.5 per 1,000 = 5 of them.
        let margin = at(30.0).unwrap()[0];
        assert!(
            (margin - (10.0 - 5.5_f64.log10())).abs() < 0.01,
            "{scale:?}"
        );
        // 0.3 per 1,000 would be 1.5 of them: too few to tell.
        assert!(scale.iter().all(|point| point[1] < 35.0));
    }

    #[test]
    fn the_worst_set_decides() {
        let set = |shift: f64| CleanPeaks {
            peaks: (1..=2_000).map(|k| shift - f64::from(k).log10()).collect(),
            code_weeks: 10_000.0,
        };
        assert_eq!(
            scale_of(&[set(3.0), set(5.0)], 1.0, 3),
            scale_of(&[set(5.0)], 1.0, 3)
        );
    }
}
