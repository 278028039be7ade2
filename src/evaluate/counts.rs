//! Figures that carry what they were made from: a rate its events and weeks, a share its parts.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::intervals::garwood_95;

/// Events in clean code-weeks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// What was counted.
    pub events: u64,
    /// In how many code-weeks.
    pub weeks: f64,
}

impl Rate {
    /// Events in 1,000 code-weeks; `None` without any week.
    pub fn per_1000(&self) -> Option<f64> {
        self.of(self.events as f64)
    }

    /// Its exact 95 % interval.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let (low, high) = garwood_95(self.events);
        Some((self.of(low)?, self.of(high)?))
    }

    fn of(&self, events: f64) -> Option<f64> {
        (self.weeks > 0.0).then(|| events * 1000.0 / self.weeks)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Rate", 5)?;
        out.serialize_field("events", &self.events)?;
        out.serialize_field("clean_code_weeks", &rounded(self.weeks))?;
        out.serialize_field("per_1000", &self.per_1000().map(rounded))?;
        let (low, high) = self.interval().unzip();
        out.serialize_field("low_95", &low.map(rounded))?;
        out.serialize_field("high_95", &high.map(rounded))?;
        out.end()
    }
}

/// A part of a number of things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub n: u64,
    /// The whole.
    pub of: u64,
}

impl Share {
    /// Counts one more, as part or not.
    pub fn add(&mut self, is_part: bool) {
        self.n += u64::from(is_part);
        self.of += 1;
    }

    /// From 0 to 1; `None` of nothing.
    pub fn value(&self) -> Option<f64> {
        (self.of > 0).then(|| self.n as f64 / self.of as f64)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Share", 3)?;
        out.serialize_field("n", &self.n)?;
        out.serialize_field("of", &self.of)?;
        out.serialize_field("share", &self.value().map(rounded))?;
        out.end()
    }
}

/// A part of a sum of money, in KZT.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MoneyShare {
    /// The part.
    pub part: f64,
    /// The whole.
    pub of: f64,
}

impl MoneyShare {
    /// Adds a part and its whole.
    pub fn add(&mut self, part: f64, of: f64) {
        self.part += part;
        self.of += of;
    }

    /// From 0 to 1; `None` of nothing.
    pub fn value(&self) -> Option<f64> {
        (self.of > 0.0).then(|| self.part / self.of)
    }
}

impl Serialize for MoneyShare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("MoneyShare", 3)?;
        out.serialize_field("part", &self.part.round())?;
        out.serialize_field("of", &self.of.round())?;
        out.serialize_field("share", &self.value().map(rounded))?;
        out.end()
    }
}

/// Where the middle and the worst tenth of some figures are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread(Vec<f64>);

impl Spread {
    /// Takes one more figure.
    pub fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The figures, in the order in which they came.
    pub fn figures(&self) -> &[f64] {
        &self.0
    }

    /// The figure below or at which a share of them lies (nearest rank).
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).copied()
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Spread", 3)?;
        out.serialize_field("n", &self.0.len())?;
        out.serialize_field("median", &self.quantile(0.5).map(rounded))?;
        out.serialize_field("p90", &self.quantile(0.9).map(rounded))?;
        out.end()
    }
}

/// Six significant places are more than any of these figures is worth.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_nothing_in_3689_weeks_is_below_one_in_a_thousand() {
        let rate = Rate {
            events: 0,
            weeks: 3_689.0,
        };
        let (low, high) = rate.interval().unwrap();
        assert_eq!(low, 0.0);
        assert!((high - 1.0).abs() < 1e-3, "{high}");
        assert_eq!(Rate::default().per_1000(), None);
    }

    #[test]
    fn quantiles_are_figures_that_were_there() {
        let mut spread = Spread::default();
        assert_eq!(spread.quantile(0.5), None);
        for figure in [7.0, 1.0, 3.0, 5.0] {
            spread.add(figure);
        }
        assert_eq!(spread.quantile(0.5), Some(3.0));
        assert_eq!(spread.quantile(0.9), Some(7.0));
    }

    #[test]
    fn figures_keep_six_places() {
        assert_eq!(rounded(1_234.567_89), 1234.57);
        assert_eq!(rounded(0.001_234_567_8), 0.001_234_57);
        assert_eq!(rounded(0.0), 0.0);
    }
}
