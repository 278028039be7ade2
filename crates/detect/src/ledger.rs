//! Which signal brought how much of the evidence.
//!
//! Decides: the split of every bet among the signals, so that the items add up to the score
//! whatever happens in between. Must not know: how a signal is computed, or when a flag opens.

use serde::{Deserialize, Serialize};

use crate::eprocess::PHIS;
use crate::marks::{KINDS, OBSERVING, SIGNALS, Signal, Silence};
use crate::reading::Reading;
use crate::settings::DetectSettings;

/// Log evidence by kind, share of leaked orders and signal, as a suspect keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Settled in earlier days, tempered and faded as the accumulators were.
    settled: [[[f32; SIGNALS]; PHIS]; KINDS],
    /// Of today, before tempering.
    today: [[[f32; SIGNALS]; PHIS]; KINDS],
    /// What each signal saw.
    pub(crate) tallies: [Tally; OBSERVING],
    pub(crate) silence: Option<[Silence; OBSERVING]>,
}

/// Observed against expected of one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) n: u32,
    pub(crate) observed: f32,
    pub(crate) expected: f32,
}

impl Ledger {
    /// Books one observation: its log ratios by signal, and the bounded ratio over `mean` that
    /// the accumulators were given.
    pub(crate) fn book(
        &mut self,
        settings: &DetectSettings,
        logs: &[[f64; OBSERVING]; KINDS],
        ratio: &[f64; KINDS],
        means: &[f64; KINDS],
    ) {
        for kind in 0..KINDS {
            for (phi, share) in settings.leak_shares.into_iter().enumerate() {
                let parts = split(share, &logs[kind], ratio[kind], means[kind]);
                for (kept, part) in self.today[kind][phi].iter_mut().zip(parts) {
                    *kept = (f64::from(*kept) + part) as f32;
                }
            }
        }
    }

    /// Counts what the signals of one order saw.
    pub(crate) fn count(&mut self, reading: &Reading) {
        for (tally, seen) in self.tallies.iter_mut().zip(reading.seen) {
            if let Some((observed, expected)) = seen {
                tally.add(observed, expected);
            }
        }
        self.silence = Some(match self.silence {
            None => reading.silence,
            // A signal that spoke once is not listed as silent.
            Some(mut kept) => {
                for (kept, now) in kept.iter_mut().zip(reading.silence) {
                    if *kept != Silence::None {
                        *kept = now;
                    }
                }
                kept
            }
        });
    }

    /// Closes the day as the accumulators do: `keep[kind][phi]` is what the nights left.
    pub(crate) fn sleep(&mut self, temper: f64, keep: &[[f64; PHIS]; KINDS]) {
        for (kind, keep) in keep.iter().enumerate() {
            for (phi, keep) in keep.iter().enumerate() {
                let settled = &mut self.settled[kind][phi];
                let today = &mut self.today[kind][phi];
                for (settled, today) in settled.iter_mut().zip(today) {
                    let all = f64::from(*settled) + temper * f64::from(*today);
                    *settled = (all * keep) as f32;
                    *today = 0.0;
                }
            }
        }
    }

    /// Log evidence of every signal for one accumulator.
    pub(crate) fn items(&self, kind: usize, phi: usize, temper: f64) -> [f64; SIGNALS] {
        let mut items = [0.0; SIGNALS];
        for (signal, item) in items.iter_mut().enumerate() {
            *item = f64::from(self.settled[kind][phi][signal])
                + temper * f64::from(self.today[kind][phi][signal]);
        }
        items
    }
}

impl Tally {
    pub(crate) fn add(&mut self, observed: f64, expected: f64) {
        self.n += 1;
        self.observed += observed as f32;
        self.expected += expected as f32;
    }

    /// Means, where anything was seen.
    pub(crate) fn means(&self) -> Option<(f64, f64)> {
        let n = f64::from(self.n);
        (self.n > 0).then(|| (f64::from(self.observed) / n, f64::from(self.expected) / n))
    }
}

/// Splits ln((1 − φ) + φ·ratio/mean) among the signals: each takes what the factor grows by when
/// its ratio joins those before it; the bounds of an order and the market's mean take the rest.
pub(crate) fn split(share: f64, logs: &[f64; OBSERVING], ratio: f64, mean: f64) -> [f64; SIGNALS] {
    let factor = |ratio: f64| libm::log((1.0 - share) + share * ratio);
    let mut parts = [0.0; SIGNALS];
    let (mut log, mut before) = (0.0, 0.0);
    for (part, of_signal) in parts.iter_mut().zip(logs) {
        if *of_signal != 0.0 {
            log += of_signal;
            let now = factor(libm::exp(log));
            *part = now - before;
            before = now;
        }
    }
    let bounded = factor(ratio);
    parts[Signal::Limit as usize] = bounded - before;
    parts[Signal::Market as usize] = factor(ratio / mean) - bounded;
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECIBANS: f64 = 10.0 / core::f64::consts::LN_10;

    #[test]
    fn the_split_gives_each_signal_the_share_computed_elsewhere() {
        // An independent computation (numpy) of the telescoped factor, six marks, phi 0.25.
        let honest: [f64; 6] = [0.01, 0.02, 0.25, 0.35, 0.35, 0.06];
        let leaked: [f64; 6] = [0.35, 0.10, 0.90, 0.75, 0.85, 0.35];
        let yes = [true, false, true, true, true, false];
        let mut logs = [0.0; OBSERVING];
        for i in 0..6 {
            logs[i] = libm::log(if yes[i] {
                leaked[i] / honest[i]
            } else {
                (1.0 - leaked[i]) / (1.0 - honest[i])
            });
        }
        let ratio = libm::exp(logs.iter().sum());
        let parts = split(0.25, &logs, ratio, 1.0);
        let expected = [9.777236, -0.339465, 5.286659, 3.251001, 3.822862, -1.592550];
        for (part, expected) in parts.iter().zip(expected) {
            assert!(
                (part * DECIBANS - expected).abs() < 1e-6,
                "{part} {expected}"
            );
        }
    }

    #[test]
    fn the_parts_of_a_bounded_order_add_up_to_its_bounded_factor() {
        let mut logs = [0.0; OBSERVING];
        logs[0] = 4.0;
        logs[4] = 3.0;
        logs[7] = -0.5;
        for share in [0.1, 0.9] {
            let parts = split(share, &logs, 20.0, 1.7);
            let whole = libm::log((1.0 - share) + share * 20.0 / 1.7);
            assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-12);
            assert!(parts[Signal::Limit as usize] < 0.0 && parts[Signal::Market as usize] < 0.0);
        }
    }
}
