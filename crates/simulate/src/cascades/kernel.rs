//! The law of a cascade: how many children an event has, and how long they take.
//!
//! A Hawkes process in its branching construction. Knows nothing of codes, marks or clocks.

use crate::cascades::chance::{logit, lomax, pareto_mean_one, sigmoid};
use crate::cascades::nature::Contagion;
use crate::random::Random;

/// An event that is yet to happen; its children come after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stir {
    pub(crate) ts: i64,
    pub(crate) code: u32,
    /// Mean children of this event: the cascade's branching ratio, less what it has tired.
    pub(crate) ratio: f32,
    pub(crate) segment: u8,
    pub(crate) kind: StirKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StirKind {
    /// Somebody takes an interest: a visit, an order, or nothing that can be seen.
    Interest,
    /// Interest in a prize, hardly in the shop.
    Curiosity,
    /// A colleague at lunch: always an order, and no children.
    Colleague,
    /// Somebody who has the code from a leak: always an order, and no children.
    Leaked,
}

impl Stir {
    /// An event that has no children.
    pub(crate) fn single(ts: i64, code: u32, kind: StirKind) -> Self {
        Self {
            ts,
            code,
            ratio: 0.0,
            segment: 0,
            kind,
        }
    }
}

/// Near-critical cascades: each event has this many children on average.
const VIRAL_RATIO: f64 = 0.94;
/// No cascade is closer to criticality than this, so that each ends.
const RATIO_MAX: f64 = 0.96;
/// One event has at most this many times the mean number of children.
const INFLUENCE_MAX: f64 = 300.0;
/// Operational hours after which nobody remembers: three weeks.
const DELAY_MAX_HOURS: f64 = 21.0 * 24.0;
/// Each generation has heard of it more often already: its ratio is this share of its parents'.
pub(crate) const FATIGUE: f32 = 0.985;

impl Contagion {
    /// The branching ratio of a new cascade.
    pub(crate) fn ratio(&self, random: &mut Random) -> f32 {
        if random.chance(self.viral_share) {
            return VIRAL_RATIO as f32;
        }
        let log_odds = logit(self.branching) + self.branching_sigma * random.normal();
        sigmoid(log_odds).min(RATIO_MAX) as f32
    }

    /// Mean size of a cascade that one event begins, that event included.
    ///
    /// The mean of 1/(1-n) over logit-normal ratios n is 1 + exp(mu + sigma²/2); fatigue takes a little off.
    pub(crate) fn cluster_mean(&self) -> f64 {
        let sigma = self.branching_sigma;
        let usual = 1.0 + libm::exp(logit(self.branching) + sigma * sigma / 2.0);
        /// Sum of the generations at [`VIRAL_RATIO`] under [`FATIGUE`].
        const VIRAL_MEAN: f64 = 7.9;
        (1.0 - self.viral_share) * usual + self.viral_share * VIRAL_MEAN
    }

    /// How many children an event of that ratio has.
    #[inline]
    pub(crate) fn children(&self, ratio: f32, random: &mut Random) -> u64 {
        let influence = pareto_mean_one(self.offspring_tail, INFLUENCE_MAX, random);
        random.poisson(f64::from(ratio) * influence)
    }

    /// Operational hours from an event to its child.
    #[inline]
    pub(crate) fn delay_hours(&self, random: &mut Random) -> f64 {
        lomax(
            self.delay_scale_hours,
            self.delay_tail,
            DELAY_MAX_HOURS,
            random,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascades::chance::{Subject, chance};
    use crate::cascades::nature::Nature;

    /// Sizes of single cascades.
    fn sizes(contagion: &Contagion, n: usize) -> Vec<f64> {
        let mut random = chance(7, Subject::Hour, 0, 0);
        let size = |random: &mut Random| {
            let ratio = contagion.ratio(random);
            let (mut size, mut open) = (0u64, vec![ratio]);
            while let Some(ratio) = open.pop() {
                size += 1;
                for _ in 0..contagion.children(ratio, random) {
                    open.push(ratio * FATIGUE);
                }
            }
            size as f64
        };
        (0..n).map(|_| size(&mut random)).collect()
    }

    #[test]
    fn cascades_are_as_large_as_promised_on_average_and_a_few_are_huge() {
        let contagion = Nature::draw(1, 0.0).contagion;
        let mut drawn = sizes(&contagion, 60_000);
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let promised = contagion.cluster_mean();
        assert!((mean / promised - 1.0).abs() < 0.15, "{mean} of {promised}");
        drawn.sort_by(f64::total_cmp);
        assert_eq!(drawn[drawn.len() / 2], 1.0);
        assert!(drawn[drawn.len() - 60] > 15.0 * promised);
    }

    #[test]
    fn children_come_by_a_power_law_not_exponentially() {
        let contagion = Nature::draw(1, 0.0).contagion;
        let mut random = chance(3, Subject::Hour, 0, 0);
        let delays: Vec<f64> = (0..100_000)
            .map(|_| contagion.delay_hours(&mut random))
            .collect();
        let later = |hours: f64| delays.iter().filter(|&&delay| delay > hours).count() as f64;
        // From 5 to 50 and from 50 to 500 operational hours the same share survives.
        let first = later(50.0) / later(5.0);
        let second = later(400.0) / later(40.0);
        assert!((first / second - 1.0).abs() < 0.2, "{first}, {second}");
        assert!(second > 0.1);
    }
}
