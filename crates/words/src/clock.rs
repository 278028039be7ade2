//! Times as people of one place read them.
//!
//! Decides: the zone, the calendar day that an hour belongs to, and how both are written.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use promoguard_event::{EventTime, Hour};

/// A calendar day of the zone, as days since 1970-01-01.
pub type Day = i32;

/// There is no time zone of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot find the time zone {0:?}")]
pub struct UnknownZone(String);

/// A time zone with its name.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    name: String,
}

impl Clock {
    /// The zone with this IANA name.
    ///
    /// # Errors
    /// There is none.
    pub fn new(name: &str) -> Result<Clock, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        Ok(Clock {
            zone,
            name: name.to_owned(),
        })
    }

    /// The zone with its offset at that moment: `Asia/Almaty, UTC+05:00`.
    pub fn name_at(&self, at: EventTime) -> String {
        format!("{}, UTC{}", self.name, self.format(at, "%:z"))
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `12 Jan 2026 18:00`.
    pub fn minute(&self, at: EventTime) -> String {
        self.format(at, "%-d %b %Y %H:%M")
    }

    /// `12 Jan 18:00 – 14 Jan 09:00`; with the years where they differ.
    pub fn between(&self, from: EventTime, to: EventTime) -> String {
        let is_one_year = self.format(from, "%Y") == self.format(to, "%Y");
        let pattern = if is_one_year {
            "%-d %b %H:%M"
        } else {
            "%-d %b %Y %H:%M"
        };
        format!(
            "{} – {}",
            self.format(from, pattern),
            self.format(to, pattern)
        )
    }

    /// `12 Jan 2026`.
    pub fn date(&self, at: EventTime) -> String {
        self.format(at, "%-d %b %Y")
    }

    /// The day on which the hour begins.
    pub fn day_of(&self, hour: Hour) -> Day {
        let start = hour.start();
        match timestamp(start) {
            // The local wall time as if it were UTC; days are then counted exactly.
            Some(at) => {
                let offset = i64::from(self.zone.to_offset(at).seconds());
                (start.millis() + offset * 1_000).div_euclid(86_400_000) as Day
            }
            None => start.millis().div_euclid(86_400_000) as Day,
        }
    }

    /// The moment's place on the axis of days: whole part = the day, fraction = time of day.
    pub fn place_of(&self, at: EventTime) -> f64 {
        let offset = timestamp(at).map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()));
        (at.millis() + offset * 1_000) as f64 / 86_400_000.0
    }

    /// With a pattern of strftime.
    pub fn format(&self, at: EventTime, pattern: &str) -> String {
        match timestamp(at) {
            Some(known) => known
                .to_zoned(self.zone.clone())
                .strftime(pattern)
                .to_string(),
            None => at.to_string(),
        }
    }
}

/// The calendar date of a day, with a pattern of strftime.
pub fn day_text(day: Day, pattern: &str) -> String {
    date_of(day).strftime(pattern).to_string()
}

/// Whether a month begins on that day.
pub fn begins_month(day: Day) -> bool {
    date_of(day).day() == 1
}

fn date_of(day: Day) -> Date {
    Date::constant(1970, 1, 1).saturating_add(day.days())
}

fn timestamp(at: EventTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> EventTime {
        promoguard_event::parse_rfc3339(text).expect("a time")
    }

    #[test]
    fn almaty_is_five_hours_ahead_since_march_2024_and_was_six_before() {
        let clock = Clock::new("Asia/Almaty").expect("a zone");
        let check = |moment: &str, expected: &str| assert_eq!(clock.minute(at(moment)), expected);
        check("2026-01-01T19:30:00Z", "2 Jan 2026 00:30");
        check("2024-02-01T19:30:00Z", "2 Feb 2024 01:30");
        assert_eq!(
            clock.between(at("2026-01-01T19:30:00Z"), at("2026-02-01T01:00:00Z")),
            "2 Jan 00:30 – 1 Feb 06:00"
        );
        assert_eq!(
            clock.name_at(at("2026-01-01T00:00:00Z")),
            "Asia/Almaty, UTC+05:00"
        );
    }

    #[test]
    fn an_hour_belongs_to_the_local_day_in_which_it_begins() {
        let clock = Clock::new("Asia/Almaty").expect("a zone");
        let day = |moment: &str| day_text(clock.day_of(at(moment).hour()), "%Y-%m-%d");
        assert_eq!(day("2026-01-01T18:59:00Z"), "2026-01-01");
        assert_eq!(day("2026-01-01T19:00:00Z"), "2026-01-02");
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(Clock::new("Asia/Atlantis").is_err());
    }
}
