//! Weeks as clocks: an operational time that runs fast while people are awake and nearly stands at night.
//!
//! A cascade lives in operational time, so that its power law bends around nights and weekends without any
//! event being dropped. Knows nothing of who looks at the clock.

use crate::time::{ALMATY_OFFSET_MS, DAY_MS, HOUR_MS};

const WEEK_HOURS: usize = 168;
const WEEK_MS: i64 = 7 * DAY_MS;

/// Operational hours that have passed at the start of each hour of the week; a week has 168 of them.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    passed: [f64; WEEK_HOURS + 1],
}

/// When a sort of people is awake and about: bumps of activity over a floor, and how days differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    /// (local hour, weight, sharpness) of each bump; sharpness 1 spans the day, 20 about two hours.
    pub(crate) bumps: [(f64, f64, f64); 2],
    pub(crate) floor: f64,
    /// Saturdays and Sundays relative to other days.
    pub(crate) weekend: f64,
    /// Fridays relative to Mondays.
    pub(crate) friday: f64,
}

impl Clock {
    /// The clock of people with those hours who live `west_hours` west of Almaty.
    pub(crate) fn of(hours: &Hours, west_hours: i64) -> Self {
        /// Nobody's hour stands quite still, or time could not be told from it.
        const STILL: f64 = 0.004;
        let level = |week_hour: usize| {
            let local = (week_hour as i64 - west_hours).rem_euclid(WEEK_HOURS as i64);
            let (weekday, hour) = (local / 24, (local % 24) as f64 + 0.5);
            let day = match weekday {
                5 | 6 => hours.weekend,
                weekday => 1.0 + (hours.friday - 1.0) * weekday as f64 / 4.0,
            };
            let bumps: f64 = hours
                .bumps
                .iter()
                .map(|&(at, weight, sharpness)| {
                    let angle = (hour - at) * core::f64::consts::TAU / 24.0;
                    weight * libm::exp(sharpness * (libm::cos(angle) - 1.0))
                })
                .sum();
            (day * (hours.floor + bumps)).max(STILL)
        };
        let mut passed = [0.0; WEEK_HOURS + 1];
        for week_hour in 0..WEEK_HOURS {
            passed[week_hour + 1] = passed[week_hour] + level(week_hour);
        }
        let scale = WEEK_HOURS as f64 / passed[WEEK_HOURS];
        for value in &mut passed {
            *value *= scale;
        }
        Self { passed }
    }

    /// Activity in that hour of the week relative to the mean.
    #[inline]
    pub(crate) fn level(&self, week_hour: usize) -> f64 {
        self.passed[week_hour + 1] - self.passed[week_hour]
    }

    /// The time at which so many operational hours have passed since `ts`.
    #[inline]
    pub(crate) fn after(&self, ts: i64, operational_hours: f64) -> i64 {
        // Day 0 of the epoch was a Thursday.
        let in_week = (ts + ALMATY_OFFSET_MS + 3 * DAY_MS).rem_euclid(WEEK_MS);
        let hour = (in_week / HOUR_MS) as usize;
        let fraction = (in_week % HOUR_MS) as f64 / HOUR_MS as f64;
        let target = self.passed[hour] + fraction * self.level(hour) + operational_hours;
        let weeks = libm::floor(target / WEEK_HOURS as f64);
        let rest = target - weeks * WEEK_HOURS as f64;
        let at = self.passed[1..WEEK_HOURS].partition_point(|&passed| passed <= rest);
        let within = ((rest - self.passed[at]) / self.level(at)).clamp(0.0, 1.0);
        let then = at as i64 * HOUR_MS + (within * HOUR_MS as f64) as i64;
        (ts - in_week + weeks as i64 * WEEK_MS + then).max(ts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: Hours = Hours {
        bumps: [(11.0, 1.0, 6.0), (15.0, 1.0, 6.0)],
        floor: 0.01,
        weekend: 0.05,
        friday: 0.8,
    };

    #[test]
    fn a_week_of_operational_hours_is_a_week_and_offices_sleep_through_sunday() {
        let clock = Clock::of(&OFFICE, 0);
        let monday = 1_772_391_600_000;
        let mean = (0..WEEK_HOURS).map(|h| clock.level(h)).sum::<f64>() / 168.0;
        assert!((mean - 1.0).abs() < 1e-9);
        assert!(clock.level(6 * 24 + 11) < 0.1 * clock.level(11));
        assert!((clock.after(monday, 168.0) - monday - WEEK_MS).abs() < 1_000);
        let saturday_noon = monday + 5 * DAY_MS + 12 * HOUR_MS;
        let next = clock.after(saturday_noon, 4.0);
        assert!(next >= monday + WEEK_MS, "{next}");
    }

    #[test]
    fn time_never_runs_backwards_and_pieces_add_up() {
        let clock = Clock::of(&OFFICE, 2);
        let start = 1_772_391_600_000;
        let (mut at, mut sum) = (start, 0.0);
        for step in 0..500 {
            let hours = 0.01 * f64::from(step);
            let next = clock.after(at, hours);
            assert!(next >= at);
            at = next;
            sum += hours;
        }
        let direct = clock.after(start, sum);
        assert!((direct - at).abs() < 500_000, "{direct} against {at}");
    }
}
