//! How the values of a signal are meant.

use crate::words::{Words, fill};

/// The unit of what a signal observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A share from 0 to 1.
    Share,
    /// A multiple of the usual.
    Multiple,
    /// So many a day.
    ADay,
    /// A number of sightings, with nothing to compare it with.
    Count,
}

impl Measure {
    /// That of the signal with this name.
    pub fn of(signal: &str) -> Measure {
        match signal {
            "click_growth" => Measure::Multiple,
            "volume" => Measure::ADay,
            "sighting" => Measure::Count,
            _ => Measure::Share,
        }
    }
}

/// Items of the arithmetic: they observe nothing, and come last.
pub fn is_arithmetic(signal: &str) -> bool {
    const ARITHMETIC: [&str; 7] = [
        "prior",
        "mixture",
        "market",
        "agreement",
        "limit",
        "persistence",
        "scale",
    ];
    ARITHMETIC.contains(&signal)
}

impl Words {
    /// A value in the signal's own measure: `26 %`, `2.1×`, `3.8 a day`.
    pub fn measured(&self, signal: &str, value: f64) -> String {
        match Measure::of(signal) {
            Measure::Share => self.percent(value),
            Measure::Multiple => format!("{}×", self.number(value, 1)),
            Measure::ADay => fill(self.phrases.a_day, &[("value", self.number(value, 1))]),
            Measure::Count => self.number(value, 0),
        }
    }

    /// Observed against expected, of `n` observations; `None` where the item observes nothing.
    pub fn figures(
        &self,
        signal: &str,
        observed: Option<f64>,
        expected: Option<f64>,
        n: u64,
    ) -> Option<String> {
        if Measure::of(signal) == Measure::Count {
            return (n > 0).then(|| self.counted(n, &self.phrases.sightings));
        }
        let values = [
            ("observed", self.measured(signal, observed?)),
            ("expected", self.measured(signal, expected?)),
            ("n", self.count(n)),
        ];
        Some(fill(self.phrases.observed, &values))
    }
}
