//! Whom a code reaches: a Dirichlet mixture over segments that drifts from day to day and jumps with regimes.
//!
//! Knows nothing of how segments look.

use crate::cascades::chance::gamma;
use crate::cascades::nature::Mixing;
use crate::cascades::segments::SEGMENTS_MAX;
use crate::random::Random;

/// Weights of segments, as they are today.
#[derive(Clone, Debug)]
pub(crate) struct Mixture {
    segments: u8,
    /// Where the drift returns to.
    base: [f32; SEGMENTS_MAX],
    /// Log-weights relative to the base.
    drift: [f32; SEGMENTS_MAX],
    /// Sums of today's weights up to and including each segment.
    below: [f32; SEGMENTS_MAX],
}

/// Draws one mixture around the prevalences: gammas whose shapes sum to the concentration.
fn dirichlet(prevalences: &[f64], concentration: f64, random: &mut Random) -> [f32; SEGMENTS_MAX] {
    /// A segment that is nearly absent still turns up.
    const LEAST: f64 = 1e-4;
    let total: f64 = prevalences.iter().sum();
    let mut weights = [0.0; SEGMENTS_MAX];
    for (weight, prevalence) in weights.iter_mut().zip(prevalences) {
        *weight = gamma(concentration * prevalence / total, random) + LEAST;
    }
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| (weight / sum) as f32)
}

impl Mixture {
    /// A mixture around the prevalences.
    pub(crate) fn draw(prevalences: &[f64], mixing: &Mixing, random: &mut Random) -> Self {
        let mut mixture = Self {
            segments: prevalences.len() as u8,
            base: dirichlet(prevalences, mixing.concentration, random),
            drift: [0.0; SEGMENTS_MAX],
            below: [0.0; SEGMENTS_MAX],
        };
        for drift in &mut mixture.drift[..prevalences.len()] {
            *drift = (mixing.drift_sd * random.normal()) as f32;
        }
        mixture.sum();
        mixture
    }

    /// Moves on by a day: the log-weights wander and return.
    pub(crate) fn wander(&mut self, mixing: &Mixing, random: &mut Random) {
        let kept = libm::exp2(-1.0 / mixing.drift_half_life_days);
        let fresh = libm::sqrt(1.0 - kept * kept) * mixing.drift_sd;
        for drift in &mut self.drift[..usize::from(self.segments)] {
            *drift = (kept * f64::from(*drift) + fresh * random.normal()) as f32;
        }
        self.sum();
    }

    /// Jumps part of the way to another mixture.
    pub(crate) fn jump(&mut self, prevalences: &[f64], mixing: &Mixing, random: &mut Random) {
        let new = dirichlet(prevalences, mixing.concentration, random);
        let part = random.range(0.2, 0.8) as f32;
        for (base, new) in self.base.iter_mut().zip(new) {
            *base += part * (new - *base);
        }
        self.sum();
    }

    /// Gives those segments together so much of the base, and the others the rest.
    pub(crate) fn favour(&mut self, favoured: impl Fn(usize) -> bool, share: f64) {
        let n = usize::from(self.segments);
        let count = (0..n).filter(|&segment| favoured(segment)).count();
        if count == 0 {
            return;
        }
        for (segment, base) in self.base[..n].iter_mut().enumerate() {
            *base *= 1.0 - share as f32;
            if favoured(segment) {
                *base += share as f32 / count as f32;
            }
        }
        self.sum();
    }

    fn sum(&mut self) {
        let mut below = 0.0;
        for segment in 0..usize::from(self.segments) {
            below += self.base[segment] * libm::expf(self.drift[segment]);
            self.below[segment] = below;
        }
    }

    /// A segment, by today's weights.
    #[inline]
    pub(crate) fn pick(&self, random: &mut Random) -> u8 {
        let last = usize::from(self.segments) - 1;
        let drawn = random.unit() as f32 * self.below[last];
        self.below[..last].partition_point(|&below| below <= drawn) as u8
    }

    /// The mean of something over the base.
    pub(crate) fn mean(&self, of: impl Fn(usize) -> f64) -> f64 {
        let n = usize::from(self.segments);
        let weights: f64 = self.base[..n].iter().map(|&base| f64::from(base)).sum();
        let sum: f64 = self.base[..n]
            .iter()
            .enumerate()
            .map(|(segment, &base)| f64::from(base) * of(segment))
            .sum();
        sum / weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascades::chance::{Subject, chance};
    use crate::cascades::nature::Nature;

    const EVEN: [f64; 12] = [1.0; 12];

    #[test]
    fn codes_are_odd_and_stay_so_from_day_to_day() {
        let mixing = Nature::draw(1, 0.0).mixing;
        let mut random = chance(1, Subject::Code, 0, 0);
        let favourite = |mixture: &Mixture, random: &mut Random| {
            let mut drawn = [0u32; 12];
            for _ in 0..2_000 {
                drawn[usize::from(mixture.pick(random))] += 1;
            }
            let most = *drawn.iter().max().unwrap();
            (drawn.iter().position(|&n| n == most).unwrap(), most)
        };
        let (mut odd, mut stayed) = (0, 0);
        for _ in 0..40 {
            let mut mixture = Mixture::draw(&EVEN, &mixing, &mut random);
            let (before, most) = favourite(&mixture, &mut random);
            odd += u32::from(most > 600);
            for _ in 0..30 {
                mixture.wander(&mixing, &mut random);
            }
            stayed += u32::from(favourite(&mixture, &mut random).0 == before);
        }
        assert!(odd > 20 && stayed > 22, "{odd} odd, {stayed} stayed");
    }

    #[test]
    fn a_favoured_segment_gets_its_share() {
        let mixing = Nature::draw(1, 0.0).mixing;
        let mut random = chance(2, Subject::Code, 0, 0);
        let mut mixture = Mixture::draw(&EVEN, &mixing, &mut random);
        mixture.favour(|segment| segment == 3, 0.9);
        assert!(mixture.mean(|segment| f64::from(u8::from(segment == 3))) > 0.9);
    }
}
