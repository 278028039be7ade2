//! Sums of gradients by step, and the best split that they allow.
//!
//! Decides: which split pays, given directions and bounds. Must not know: rows.

use crate::bins::BINS;

/// Gradient and curvature of the loss, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Slope {
    pub(crate) gradient: f64,
    pub(crate) curvature: f64,
}

impl Slope {
    pub(crate) fn plus(self, other: Slope) -> Slope {
        Slope {
            gradient: self.gradient + other.gradient,
            curvature: self.curvature + other.curvature,
        }
    }

    pub(crate) fn minus(self, other: Slope) -> Slope {
        Slope {
            gradient: self.gradient - other.gradient,
            curvature: self.curvature - other.curvature,
        }
    }
}

/// Sums by step of one feature.
pub(crate) type Histogram = [Slope; BINS];

/// What a leaf's value must lie between, and how strongly it is held near 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Bounds {
    pub(crate) const OPEN: Bounds = Bounds {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// The best value of a leaf, by one step of Newton.
    pub(crate) fn value(self, slope: Slope, ridge: f64) -> f64 {
        (-slope.gradient / (slope.curvature + ridge)).clamp(self.low, self.high)
    }

    /// By how much that value lowers the loss.
    fn gain(self, slope: Slope, ridge: f64) -> f64 {
        let value = self.value(slope, ridge);
        -(slope.gradient * value + 0.5 * (slope.curvature + ridge) * value * value)
    }
}

/// A split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) feature: usize,
    /// Steps up to this one go to the left.
    pub(crate) bin: usize,
    pub(crate) gain: f64,
    pub(crate) left: Slope,
    pub(crate) right: Slope,
    /// Between the values of the children, where the direction is held.
    pub(crate) middle: Option<f64>,
}

/// What a split must satisfy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) ridge: f64,
    pub(crate) curvature_min: f64,
    pub(crate) gain_min: f64,
}

/// The best split of a node on one feature.
pub(crate) fn best_split(
    feature: usize,
    histogram: &Histogram,
    steps: usize,
    rising: bool,
    bounds: Bounds,
    rules: Rules,
) -> Option<Split> {
    let whole = histogram[..steps]
        .iter()
        .fold(Slope::default(), |sum, slope| sum.plus(*slope));
    let before = bounds.gain(whole, rules.ridge);
    let mut best: Option<Split> = None;
    let mut left = Slope::default();
    for (bin, slope) in histogram[..steps.saturating_sub(1)].iter().enumerate() {
        left = left.plus(*slope);
        let right = whole.minus(left);
        if left.curvature < rules.curvature_min {
            continue;
        }
        if right.curvature < rules.curvature_min {
            break;
        }
        let (low, high) = (
            bounds.value(left, rules.ridge),
            bounds.value(right, rules.ridge),
        );
        if rising && low > high {
            continue;
        }
        let gain = bounds.gain(left, rules.ridge) + bounds.gain(right, rules.ridge) - before;
        if gain > rules.gain_min && best.is_none_or(|best| gain > best.gain) {
            best = Some(Split {
                feature,
                bin,
                gain,
                left,
                right,
                middle: rising.then_some(0.5 * (low + high)),
            });
        }
    }
    best
}
