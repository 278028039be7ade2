//! Chance of this family: streams of its own, and the distributions that cascades and mixtures need.
//!
//! Knows nothing of codes or shops.

use crate::random::{Random, Stream, mix};

/// What a stream of this family is about; keeps streams of one seed apart.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Subject {
    Nature = 1,
    Segment,
    Shop,
    Sale,
    Outage,
    Partner,
    Code,
    Feed,
    Story,
    Source,
    Era,
    Messages,
    Windows,
    Day,
    Hour,
    Announcements,
    Rota,
}

/// The stream of `seed` about `subject` number `a`, `b`.
pub(crate) fn chance(seed: u64, subject: Subject, a: u64, b: u64) -> Random {
    /// Keeps this family's streams apart from those of the other families.
    const FAMILY: u64 = 0x6361_7363_6164_6573;
    Random::of(
        mix(seed ^ FAMILY).wrapping_add(subject as u64),
        Stream::Cast,
        a,
        b,
    )
}

/// Pareto with the given tail index (above 1) and mean 1, cut at `most`.
#[inline]
pub(crate) fn pareto_mean_one(tail: f64, most: f64, random: &mut Random) -> f64 {
    let least = (tail - 1.0) / tail;
    (least * libm::pow(1.0 - random.unit(), -1.0 / tail)).min(most)
}

/// Lomax (Pareto of the second kind): the delay of Omori's law, with survival (1 + d/scale)^-tail.
#[inline]
pub(crate) fn lomax(scale: f64, tail: f64, most: f64, random: &mut Random) -> f64 {
    (scale * (libm::pow(1.0 - random.unit(), -1.0 / tail) - 1.0)).min(most)
}

/// Gamma with the given shape and scale 1, as Dirichlet weights are made of.
pub(crate) fn gamma(shape: f64, random: &mut Random) -> f64 {
    random.gamma_mean_one(shape) * shape
}

pub(crate) fn logit(share: f64) -> f64 {
    libm::log(share / (1.0 - share))
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The standard normal distribution function.
pub(crate) fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// The inverse of [`phi`]: Acklam's rational approximation, relative error below 1.2e-9.
pub(crate) fn probit(share: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    const LOW: f64 = 0.024_25;
    let p = share.clamp(1e-9, 1.0 - 1e-9);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        let above = C[1..].iter().fold(C[0], |sum, c| sum * q + c);
        let below = D[1..].iter().fold(D[0], |sum, d| sum * q + d) * q + 1.0;
        above / below
    };
    if p < LOW {
        tail(p)
    } else if p > 1.0 - LOW {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        let above = A[1..].iter().fold(A[0], |sum, a| sum * r + a) * q;
        let below = B[1..].iter().fold(B[0], |sum, b| sum * r + b) * r + 1.0;
        above / below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probit_undoes_phi() {
        for share in [1e-6, 0.01, 0.024, 0.3, 0.5, 0.9, 0.99, 0.999_999] {
            let back = phi(probit(share));
            assert!((back / share - 1.0).abs() < 1e-6, "{share}: {back}");
        }
    }

    #[test]
    fn pareto_has_mean_one_and_lomax_the_power_law_of_its_tail() {
        let mut random = chance(1, Subject::Nature, 0, 0);
        let n = 200_000;
        let mean = (0..n)
            .map(|_| pareto_mean_one(3.0, 1e9, &mut random))
            .sum::<f64>()
            / f64::from(n);
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        let tail = 0.8;
        for d in [1.0, 10.0, 100.0] {
            let longer = (0..n)
                .filter(|_| lomax(0.5, tail, 1e9, &mut random) > d)
                .count();
            let expected = libm::pow(1.0 + d / 0.5, -tail);
            let share = longer as f64 / f64::from(n);
            assert!((share / expected - 1.0).abs() < 0.1, "{d}: {share}");
        }
    }
}
