//! How the inner constants of a world are moved away from their usual values, once per world.
//!
//! Decides how far. Must not know what a constant is about: a family lists its own.

use crate::random::{Random, Stream};

/// Standard deviation of the logarithm of odds and sizes at spread 1: a factor of two.
const SD: f64 = 0.7;
/// At whatever spread, no size is moved by more than this factor.
const SIZE_FACTOR_MAX: f64 = 8.0;
/// Heights of bursts follow from their pace, and with them the busiest hour, whose records are in memory.
const PACE_FACTOR_MAX: f64 = 4.0;
/// Several lifts multiply each other.
const LIFT_FACTOR_MAX: f64 = 3.0;

/// Moves constants, each by a draw of its own.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    random: Random,
    spread: f64,
}

impl Spread {
    /// The moves of the world of `seed`; `spread` as in the settings.
    pub(crate) fn of(seed: u64, spread: f64) -> Self {
        Self {
            random: Random::of(seed, Stream::Habits, 0, 0),
            spread,
        }
    }

    fn log_factor(&mut self) -> f64 {
        SD * self.spread * self.random.normal()
    }

    fn factor(&mut self, factor_max: f64) -> f64 {
        libm::exp(self.log_factor()).clamp(1.0 / factor_max, factor_max)
    }

    /// Moves the odds of a share; 0 and 1 stay what they are.
    pub(crate) fn share(&mut self, share: &mut f64) {
        *share = with_odds(*share, libm::exp(self.log_factor()));
    }

    /// Moves the odds of both ends of a range of shares alike.
    pub(crate) fn shares(&mut self, (low, high): &mut (f64, f64)) {
        let factor = libm::exp(self.log_factor());
        *low = with_odds(*low, factor);
        *high = with_odds(*high, factor);
    }

    /// Gives a habit that nobody has in the usual world a share around `share`.
    pub(crate) fn appear(&mut self, share: f64) -> f64 {
        let mut moved = share * self.spread.min(1.0);
        self.share(&mut moved);
        moved
    }

    /// Moves a size or a delay.
    pub(crate) fn size(&mut self, size: &mut f64) {
        *size *= self.factor(SIZE_FACTOR_MAX);
    }

    /// Moves both ends of a range of sizes alike.
    pub(crate) fn sizes(&mut self, (low, high): &mut (f64, f64)) {
        let factor = self.factor(SIZE_FACTOR_MAX);
        *low *= factor;
        *high *= factor;
    }

    /// Moves both ends of a range of gaps or lengths of what comes again and again.
    pub(crate) fn paces(&mut self, (low, high): &mut (f64, f64)) {
        let factor = self.factor(PACE_FACTOR_MAX);
        *low *= factor;
        *high *= factor;
    }

    /// Moves the ratio of two like things, or the width of a distribution: half as far on the logarithm.
    pub(crate) fn ratio(&mut self, ratio: &mut f64) {
        *ratio *= libm::sqrt(self.factor(PACE_FACTOR_MAX));
    }

    /// Moves both ends of a range of ratios alike.
    pub(crate) fn ratios(&mut self, (low, high): &mut (f64, f64)) {
        let factor = libm::sqrt(self.factor(PACE_FACTOR_MAX));
        *low *= factor;
        *high *= factor;
    }

    /// Moves a median and the width around it.
    pub(crate) fn log_normal(&mut self, (median, sigma): &mut (f64, f64)) {
        self.size(median);
        self.ratio(sigma);
    }

    /// Moves how far a factor on something else lies from 1.
    pub(crate) fn lift(&mut self, lift: &mut f64) {
        *lift = lifted(*lift, self.factor(LIFT_FACTOR_MAX));
    }

    /// Moves both ends of a range of lifts alike.
    pub(crate) fn lifts(&mut self, (low, high): &mut (f64, f64)) {
        let factor = self.factor(LIFT_FACTOR_MAX);
        *low = lifted(*low, factor);
        *high = lifted(*high, factor);
    }

    /// Moves proportions by a factor each and keeps their sum.
    pub(crate) fn weights(&mut self, weights: &mut [f64]) {
        let before: f64 = weights.iter().sum();
        for weight in weights.iter_mut() {
            *weight *= libm::exp(self.log_factor());
        }
        let after: f64 = weights.iter().sum();
        for weight in weights.iter_mut() {
            *weight *= before / after;
        }
    }

    /// Whether this world is of the kind that `share` of worlds are at spread 1 or more.
    pub(crate) fn world_is(&mut self, share: f64) -> bool {
        self.random.chance(share * self.spread.min(1.0))
    }
}

fn with_odds(share: f64, factor: f64) -> f64 {
    share * factor / (1.0 - share + share * factor)
}

/// A factor of 1.5 becomes 2 when its lift doubles, one of 0.5 becomes 0.25.
fn lifted(lift: f64, factor: f64) -> f64 {
    if lift >= 1.0 {
        1.0 + (lift - 1.0) * factor
    } else {
        libm::pow(lift, factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_spread_one_odds_and_sizes_move_by_a_factor_of_two() {
        let n = 4_000;
        let logs = |mut draw: Box<dyn FnMut(&mut Spread) -> f64>| -> f64 {
            let mut spread = Spread::of(1, 1.0);
            let squares: f64 = (0..n)
                .map(|_| libm::log(draw(&mut spread)))
                .map(|log| log * log)
                .sum();
            libm::sqrt(squares / f64::from(n))
        };
        let odds = logs(Box::new(|spread| {
            let mut share = 0.2;
            spread.share(&mut share);
            share / (1.0 - share) * 4.0
        }));
        let size = logs(Box::new(|spread| {
            let mut size = 30.0;
            spread.size(&mut size);
            size / 30.0
        }));
        assert!((odds - SD).abs() < 0.03, "{odds}");
        assert!((size - SD).abs() < 0.03, "{size}");
    }

    #[test]
    fn at_the_widest_spread_shares_stay_shares_and_ranges_keep_their_order() {
        let mut spread = Spread::of(2, 3.0);
        for _ in 0..2_000 {
            let mut certain = (0.0, 1.0);
            spread.shares(&mut certain);
            assert_eq!(certain, (0.0, 1.0));
            let mut shares = (0.1, 0.7);
            spread.shares(&mut shares);
            assert!(0.0 < shares.0 && shares.0 < shares.1 && shares.1 < 1.0);
            let mut lifts = (1.2, 3.0);
            spread.lifts(&mut lifts);
            assert!(1.0 < lifts.0 && lifts.0 < lifts.1 && lifts.1 < 7.1);
            let mut weights = [0.0, 0.5, 0.3, 0.2];
            spread.weights(&mut weights);
            assert!(weights[0] == 0.0 && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!((0.0..1.0).contains(&spread.appear(0.05)));
        }
    }
}
