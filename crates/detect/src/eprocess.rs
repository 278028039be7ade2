//! Evidence that accumulates over days.
//!
//! Decides: how bets of a day become one number, what a day deposits and what the night leaves.
//! An e-detector after Shin, Ramdas and Rinaldo (arXiv 2203.03532): the sum over all possible
//! starts of e-processes, here with one start a day. Must not know: what the bets are about.

use serde::{Deserialize, Serialize};

use crate::settings::DetectSettings;

/// Shares of leaked orders that are bet on.
pub(crate) const PHIS: usize = 4;
/// Log of the largest evidence kept, 1e12; beyond it nothing is learnt by adding.
const LOG_MAX: f64 = 27.631_021_115_928_547;
/// Days after which an idle accumulator stands where every idle one stands.
const CATCH_UP_DAYS_MAX: i32 = 400;

/// The accumulators of one story, one for each share of leaked orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bets {
    /// Log evidence at the start of the day, today's deposit included.
    start: [f32; PHIS],
    /// Sum of today's logs, before tempering.
    today: [f32; PHIS],
}

/// The day that a group of [`Bets`] stands in, and how many observations it brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BetDay {
    /// Days since 1970; 0 = nothing happened yet.
    pub(crate) day: i32,
    /// Observations of the day.
    pub(crate) seen: u32,
}

impl BetDay {
    /// What one day's logs are multiplied by: observations of a day share their circumstances.
    pub(crate) fn temper(self, settings: &DetectSettings) -> f64 {
        1.0 / (1.0 + settings.day_temper * (f64::from(self.seen) - 1.0).max(0.0))
    }

    /// Moves to `day`; returns how many nights passed, `None` at the very first.
    pub(crate) fn advance(&mut self, day: i32) -> Option<i32> {
        let nights = if self.day == 0 {
            None
        } else {
            Some((day - self.day).max(0))
        };
        if nights != Some(0) {
            self.day = day;
            self.seen = 0;
        }
        nights
    }
}

impl Bets {
    /// Nothing but the first deposit.
    pub(crate) fn fresh(settings: &DetectSettings) -> Bets {
        Bets {
            start: [libm::log(settings.day_deposit) as f32; PHIS],
            today: [0.0; PHIS],
        }
    }

    /// Closes the day and lives through `nights`. `temper` is that of the day closed.
    pub(crate) fn sleep(&mut self, settings: &DetectSettings, temper: f64, nights: i32) {
        if nights <= 0 {
            return;
        }
        for phi in 0..PHIS {
            let mut log = self.log(phi, temper);
            for _ in 0..nights.min(CATCH_UP_DAYS_MAX) {
                let next = after_night(settings, log);
                // Where idle accumulators settle; the rest of the nights changes nothing.
                if (next - log).abs() < 1e-9 {
                    break;
                }
                log = next;
            }
            self.start[phi] = log as f32;
            self.today[phi] = 0.0;
        }
    }

    /// Adds one observation's logs.
    pub(crate) fn add(&mut self, logs: &[f64; PHIS]) {
        for (today, log) in self.today.iter_mut().zip(logs) {
            *today = (f64::from(*today) + log) as f32;
        }
    }

    /// Log evidence of one share, held at [`LOG_MAX`].
    pub(crate) fn log(&self, phi: usize, temper: f64) -> f64 {
        (f64::from(self.start[phi]) + temper * f64::from(self.today[phi])).min(LOG_MAX)
    }

    /// Mean evidence over the shares.
    pub(crate) fn evidence(&self, temper: f64) -> f64 {
        let sum: f64 = (0..PHIS).map(|phi| libm::exp(self.log(phi, temper))).sum();
        sum / PHIS as f64
    }

    /// The share with the most evidence.
    pub(crate) fn best(&self, temper: f64) -> usize {
        (1..PHIS).fold(0, |best, phi| {
            if self.log(phi, temper) > self.log(best, temper) {
                phi
            } else {
                best
            }
        })
    }

    /// Holds the evidence at a log.
    pub(crate) fn hold(&mut self, log_max: f64, temper: f64) {
        for phi in 0..PHIS {
            if self.log(phi, temper) > log_max {
                self.start[phi] = log_max as f32;
                self.today[phi] = 0.0;
            }
        }
    }
}

/// The night after log evidence `log`: what speaks for a leak fades a little, then the next
/// day's deposit is made.
pub(crate) fn after_night(settings: &DetectSettings, log: f64) -> f64 {
    let kept = if log > 0.0 {
        settings.day_keep * log
    } else {
        log
    };
    libm::log(libm::exp(kept) + settings.day_deposit).min(LOG_MAX)
}

/// Logs of the contamination factor (1 − φ) + φ·ratio for every share: with a share φ of leaked
/// orders, how much likelier was this one.
pub(crate) fn mixture_logs(settings: &DetectSettings, ratio: f64) -> [f64; PHIS] {
    settings
        .leak_shares
        .map(|phi| libm::log((1.0 - phi) + phi * ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contamination_factor_has_mean_one_over_all_patterns_of_honest_marks() {
        let honest: [f64; 6] = [0.01, 0.02, 0.25, 0.35, 0.35, 0.06];
        let leaked: [f64; 6] = [0.35, 0.10, 0.90, 0.75, 0.85, 0.35];
        for phi in [0.25, 0.7] {
            let mut mean = 0.0_f64;
            for pattern in 0..64_u32 {
                let (mut chance, mut ratio) = (1.0, 1.0);
                for mark in 0..6 {
                    let (m, h) = (honest[mark], leaked[mark]);
                    let yes = pattern >> mark & 1 == 1;
                    chance *= if yes { m } else { 1.0 - m };
                    ratio *= if yes { h / m } else { (1.0 - h) / (1.0 - m) };
                }
                mean += chance * ((1.0 - phi) + phi * ratio);
            }
            assert!((mean - 1.0).abs() < 1e-12, "{mean}");
        }
    }

    #[test]
    fn a_known_pattern_has_the_factor_that_was_computed_elsewhere() {
        // (phi, marks) -> R, L of an independent computation; marks as in the test above.
        let honest: [f64; 6] = [0.01, 0.02, 0.25, 0.35, 0.35, 0.06];
        let leaked: [f64; 6] = [0.35, 0.10, 0.90, 0.75, 0.85, 0.35];
        let yes = [true, false, true, true, true, false];
        let ratio: f64 = (0..6)
            .map(|i| {
                if yes[i] {
                    leaked[i] / honest[i]
                } else {
                    (1.0 - leaked[i]) / (1.0 - honest[i])
                }
            })
            .product();
        assert!((ratio - 416.405_62).abs() < 1e-4, "{ratio}");
        let settings = DetectSettings {
            leak_shares: [0.25, 0.3, 0.6, 0.7],
            ..Default::default()
        };
        let logs = mixture_logs(&settings, ratio);
        assert!((libm::exp(logs[0]) - 104.851_405).abs() < 1e-5);
    }

    #[test]
    fn an_idle_accumulator_settles_and_stays_far_below_a_suspicion() {
        let settings = DetectSettings::default();
        let mut bets = Bets::fresh(&settings);
        bets.sleep(&settings, 1.0, 400);
        let settled = crate::stable::decibans(libm::log(bets.evidence(1.0)));
        assert!((3.0..5.0).contains(&settled), "{settled}");
    }

    #[test]
    fn sleeping_night_by_night_is_sleeping_them_at_once() {
        let settings = DetectSettings::default();
        let (mut one, mut many) = (Bets::fresh(&settings), Bets::fresh(&settings));
        one.add(&[0.1, 0.5, 2.0, 4.0]);
        many.add(&[0.1, 0.5, 2.0, 4.0]);
        one.sleep(&settings, 0.7, 9);
        many.sleep(&settings, 0.7, 1);
        for _ in 0..8 {
            many.sleep(&settings, 1.0, 1);
        }
        for phi in 0..PHIS {
            assert!((one.log(phi, 1.0) - many.log(phi, 1.0)).abs() < 1e-4);
        }
    }

    #[test]
    fn many_orders_of_one_day_count_like_a_few() {
        let settings = DetectSettings::default();
        let day = BetDay {
            day: 1,
            seen: 1_000,
        };
        let all = 1_000.0 * day.temper(&settings);
        assert!(all < 7.0, "{all}");
    }
}
