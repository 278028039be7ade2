//! Confidence limits of counts.

/// The exact 95 % interval of a Poisson mean after `events` were counted (Garwood 1936).
pub fn garwood_95(events: u64) -> (f64, f64) {
    let tail = 0.025;
    let low = match events {
        0 => 0.0,
        // The mean at which so many or more would be seen with 2.5 %.
        _ => mean_where(events, |mean| 1.0 - at_most(events - 1, mean) >= tail),
    };
    // The mean at which so few would be seen with 2.5 %.
    let high = mean_where(events, |mean| at_most(events, mean) <= tail);
    (low, high)
}

/// Probability of at most `events` where `mean` are expected.
fn at_most(events: u64, mean: f64) -> f64 {
    // From the largest term outwards, in logarithms, so that large means do not underflow.
    let mut log_term = -mean;
    let mut log_terms = Vec::with_capacity(events as usize + 1);
    log_terms.push(log_term);
    for event in 1..=events {
        log_term += (mean / event as f64).ln();
        log_terms.push(log_term);
    }
    let largest = log_terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = log_terms.iter().map(|term| (term - largest).exp()).sum();
    (largest + sum.ln()).exp().min(1.0)
}

/// The least mean for which `holds`, which stays true from there on.
fn mean_where(events: u64, holds: impl Fn(f64) -> bool) -> f64 {
    let events = events as f64;
    // Six standard deviations and some room for small counts are beyond any 2.5 % limit.
    let (mut low, mut high) = (0.0, events + 6.0 * events.sqrt() + 10.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_published_tables() {
        for (events, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (2, 0.2422, 7.225),
            (10, 4.795, 18.39),
            (100, 81.36, 121.63),
        ] {
            let (found_low, found_high) = garwood_95(events);
            assert!((found_low - low).abs() < 0.005, "{events}: {found_low}");
            assert!((found_high - high).abs() < 0.005, "{events}: {found_high}");
        }
        let (low, high) = garwood_95(5_000);
        assert!(low > 4_861.0 && low < 4_864.0, "{low}");
        assert!(high > 5_140.0 && high < 5_142.0, "{high}");
    }
}
