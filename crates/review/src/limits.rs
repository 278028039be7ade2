//! Bounds of the store.

/// How much is kept, and how long people keep what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Days for which the hours of a code are kept.
    pub hours_days: u32,
    /// Days for which the orders of a code without a flag are kept; a hold reaches back so far.
    pub orders_days: u32,
    /// Days for which flags, and the orders of flagged codes, are kept.
    pub flags_days: u32,
    /// Dead letters kept; the oldest go first.
    pub dead_letters_max: u32,
    /// How long a claim lasts.
    pub claim_minutes: u32,
    /// A session ends when it was not used for so long.
    pub session_idle_minutes: u32,
    /// A session ends after so long, used or not.
    pub session_hours_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hours_days: 90,
            orders_days: 30,
            flags_days: 400,
            dead_letters_max: 10_000,
            claim_minutes: 30,
            session_idle_minutes: 30,
            session_hours_max: 12,
        }
    }
}

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
