//! Event time and the hours of the judge, and how times are written.
//!
//! Decides: which texts are a time and what instant they name, what hour an instant lies in.
//! Must not know: the present.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_HOUR: i64 = 3_600_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// An instant of the events' own clock: milliseconds since 1970-01-01T00:00:00Z.
///
/// Printed as RFC 3339 in UTC with three decimals. Serialised as that text where the format is
/// meant for people, as the integer in binary formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(i64);

impl EventTime {
    /// 2000-01-01T00:00:00Z: an event before it is a producer's mistake.
    pub const YEAR_2000: EventTime = EventTime(946_684_800_000);
    /// 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write.
    pub const YEAR_9999_END: EventTime = EventTime(253_402_300_799_999);

    /// The instant so many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> EventTime {
        EventTime(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The hour that this instant lies in.
    pub const fn hour(self) -> Hour {
        let index = self.0.div_euclid(MILLIS_PER_HOUR);
        // Hours of 244,000 years fit; what lies beyond is held at the edge.
        if index > i32::MAX as i64 {
            Hour(i32::MAX)
        } else if index < i32::MIN as i64 {
            Hour(i32::MIN)
        } else {
            Hour(index as i32)
        }
    }

    /// This instant moved by a signed number of milliseconds, held at the ends of the range.
    pub const fn plus_millis(self, millis: i64) -> EventTime {
        EventTime(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    pub const fn millis_since(self, earlier: EventTime) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether this instant lies more than `slack_ms` after `arrival`: a time that cannot be.
    pub const fn is_in_future_of(self, arrival: EventTime, slack_ms: i64) -> bool {
        self.0 > arrival.0.saturating_add(slack_ms)
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MILLIS_PER_DAY));
        let of_day = self.0.rem_euclid(MILLIS_PER_DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            of_day / MILLIS_PER_HOUR,
            of_day / 60_000 % 60,
            of_day / 1_000 % 60,
            of_day % 1_000
        )
    }
}

/// One hour of UTC: hours since 1970-01-01T00:00:00Z.
///
/// Printed as its start, `2026-01-01T13:00:00Z`. Serialised like [`EventTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i32);

impl Hour {
    /// The hour with this number, counted from the epoch.
    pub const fn from_index(index: i32) -> Hour {
        Hour(index)
    }

    /// Hours since the epoch.
    pub const fn index(self) -> i32 {
        self.0
    }

    /// The first instant of the hour.
    pub const fn start(self) -> EventTime {
        EventTime(self.0 as i64 * MILLIS_PER_HOUR)
    }

    /// The first instant after the hour.
    pub const fn end(self) -> EventTime {
        EventTime((self.0 as i64 + 1) * MILLIS_PER_HOUR)
    }

    /// The hour after this one.
    pub const fn next(self) -> Hour {
        Hour(self.0.saturating_add(1))
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(i64::from(self.0).div_euclid(24));
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:00:00Z",
            i64::from(self.0).rem_euclid(24)
        )
    }
}

/// Why a text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct TimeError;

/// Reads an RFC 3339 time with any offset (RFC 3339, section 5.6).
///
/// `T` and `Z` may be lower case, and the date may be parted from the time by `T` or one space
/// (the note of section 5.6 leaves that to applications; databases print it so). Fractions of
/// any length are cut to milliseconds. A leap second, which only the last second of a UTC day
/// may be, is read as the last millisecond before midnight UTC, so that it keeps its day and
/// hour. Offsets go up to 23:59; `-00:00` is UTC.
pub fn parse_rfc3339(text: &str) -> Result<EventTime, TimeError> {
    TimeReader::default().read(text)
}

/// Reads times one after the other, which mostly lie on the day of the one before.
#[derive(Debug)]
pub(crate) struct TimeReader {
    date: [u8; 10],
    days: i64,
}

impl Default for TimeReader {
    fn default() -> TimeReader {
        TimeReader {
            date: *b"1970-01-01",
            days: 0,
        }
    }
}

impl TimeReader {
    /// The same as [`parse_rfc3339`].
    pub(crate) fn read(&mut self, text: &str) -> Result<EventTime, TimeError> {
        let (date, rest) = text.as_bytes().split_first_chunk::<10>().ok_or(TimeError)?;
        if *date != self.date {
            self.days = parse_date(date).ok_or(TimeError)?;
            self.date = *date;
        }
        parse_time_and_offset(rest)
            .and_then(|time| time.on_day(self.days))
            .ok_or(TimeError)
    }
}

/// Days since the epoch of a `YYYY-MM-DD` that names a real day.
fn parse_date(date: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let month = two_digits(m1, m2)?;
    let day = two_digits(d1, d2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

/// A time of day with its offset, not yet on a day.
struct TimeOfDay {
    /// Milliseconds of the local day; a leap second counts as second 60.
    local_millis: i64,
    offset_minutes: i64,
    leap_second: bool,
}

impl TimeOfDay {
    /// The instant, unless a leap second is claimed that is not the last second of a UTC day.
    fn on_day(&self, days: i64) -> Option<EventTime> {
        let millis = days * MILLIS_PER_DAY + self.local_millis - self.offset_minutes * 60_000;
        if !self.leap_second {
            return Some(EventTime(millis));
        }
        let midnight = millis - millis.rem_euclid(1_000);
        (midnight % MILLIS_PER_DAY == 0).then_some(EventTime(midnight - 1))
    }
}

/// Reads `Thh:mm:ss[.f…]` and the offset.
fn parse_time_and_offset(text: &[u8]) -> Option<TimeOfDay> {
    let (&[separator, h1, h2, b':', m1, m2, b':', s1, s2], rest) = text.split_first_chunk::<9>()?
    else {
        return None;
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (hour, minute, second) = (
        two_digits(h1, h2)?,
        two_digits(m1, m2)?,
        two_digits(s1, s2)?,
    );
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction_millis, rest) = parse_fraction(rest)?;
    let offset_minutes = parse_offset(rest)?;
    Some(TimeOfDay {
        local_millis: ((hour * 60 + minute) * 60 + second) * 1_000 + fraction_millis,
        offset_minutes,
        leap_second: second == 60,
    })
}

/// Milliseconds of an optional fraction, and what follows it.
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let length = digits
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let millis = (0..3).fold(0, |sum, place| {
        let digit = if place < length {
            i64::from(digits[place] - b'0')
        } else {
            0
        };
        sum * 10 + digit
    });
    Some((millis, &digits[length..]))
}

/// Minutes east of UTC.
fn parse_offset(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two_digits(h1, h2)?, two_digits(m1, m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = hours * 60 + minutes;
            Some(if sign == b'+' { east } else { -east })
        }
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the epoch of a date of the proleptic Gregorian calendar (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventTime, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            parse_rfc3339(&text).map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(EventTime)
        }
    }
}

impl Serialize for Hour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hour, D::Error> {
        if deserializer.is_human_readable() {
            let start = EventTime::deserialize(deserializer)?;
            let hour = start.hour();
            if hour.start() != start {
                return Err(serde::de::Error::custom("not the start of an hour"));
            }
            Ok(hour)
        } else {
            i32::deserialize(deserializer).map(Hour)
        }
    }
}
