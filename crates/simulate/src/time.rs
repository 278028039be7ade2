//! Hours of the world and their place in the week of Almaty.

/// One second, in milliseconds.
pub(crate) const SECOND_MS: i64 = 1_000;
/// One minute, in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour, in milliseconds.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day, in milliseconds.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// All of Kazakhstan has been at UTC+5 since 1 March 2024, without summer time.
pub(crate) const ALMATY_OFFSET_MS: i64 = 5 * HOUR_MS;

/// Hours, possibly a fraction, as milliseconds.
pub(crate) fn hours_ms(hours: f64) -> i64 {
    (hours * HOUR_MS as f64) as i64
}

/// Days, possibly a fraction, as milliseconds.
pub(crate) fn days_ms(days: f64) -> i64 {
    (days * DAY_MS as f64) as i64
}

/// One hour of the world, half open: `from` ≤ t < `until`, in epoch milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hour {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// 0 = Monday 00:00 to 01:00 in Almaty, up to 167.
    pub(crate) week_hour: usize,
    /// Days since the epoch in Almaty.
    pub(crate) local_day: i64,
}

impl Hour {
    pub(crate) fn starting(from: i64) -> Self {
        let local = from + ALMATY_OFFSET_MS;
        let local_day = local.div_euclid(DAY_MS);
        let hour_of_day = local.rem_euclid(DAY_MS) / HOUR_MS;
        // Day 0 of the epoch was a Thursday.
        let weekday = (local_day + 3).rem_euclid(7);
        Self {
            from,
            until: from + HOUR_MS,
            week_hour: (weekday * 24 + hour_of_day) as usize,
            local_day,
        }
    }

    pub(crate) fn contains(&self, t: i64) -> bool {
        self.from <= t && t < self.until
    }

    pub(crate) fn middle(&self) -> i64 {
        self.from + HOUR_MS / 2
    }
}

/// Midnight in Almaty of the day of `t`.
pub(crate) fn local_midnight(t: i64) -> i64 {
    (t + ALMATY_OFFSET_MS).div_euclid(DAY_MS) * DAY_MS - ALMATY_OFFSET_MS
}
