//! Times against another reader of RFC 3339, and what is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use jiff::Timestamp;
use promoguard_event::{EventTime, Hour, parse_rfc3339};
use proptest::prelude::*;

fn millis(text: &str) -> Option<i64> {
    parse_rfc3339(text).ok().map(EventTime::millis)
}

#[test]
fn every_spelling_of_one_instant_is_that_instant() {
    let instant = Some(1_767_272_709_123);
    for text in [
        "2026-01-01T13:05:09.123Z",
        "2026-01-01t13:05:09.123z",
        "2026-01-01 13:05:09.123Z",
        "2026-01-01T13:05:09.123+00:00",
        "2026-01-01T13:05:09.123-00:00",
        "2026-01-01T18:05:09.123+05:00",
        "2026-01-01T18:50:09.123+05:45",
        "2026-01-02T03:05:09.123+14:00",
        "2026-01-01T01:05:09.123-12:00",
        "2026-01-01T13:05:09.12399999999999999999999Z",
        "2026-01-01T13:05:09.1230Z",
    ] {
        assert_eq!(millis(text), instant, "{text}");
    }
    assert_eq!(millis("2026-01-01T13:05:09Z"), Some(1_767_272_709_000));
    assert_eq!(millis("2026-01-01T13:05:09.1Z"), Some(1_767_272_709_100));
    assert_eq!(millis("2026-01-01T13:05:09.12Z"), Some(1_767_272_709_120));
}

#[test]
fn a_leap_second_is_the_last_millisecond_of_its_utc_day() {
    let before_midnight = Some(1_483_228_799_999);
    assert_eq!(millis("2016-12-31T23:59:60Z"), before_midnight);
    assert_eq!(millis("2016-12-31T23:59:60.5Z"), before_midnight);
    assert_eq!(millis("2017-01-01T04:59:60+05:00"), before_midnight);
    assert_eq!(millis("2016-12-31T23:58:60Z"), None);
    assert_eq!(millis("2016-12-31T23:59:60+05:00"), None);
    assert_eq!(millis("2016-12-31T23:59:61Z"), None);
}

#[test]
fn what_is_not_rfc_3339_is_no_time() {
    for text in [
        "",
        "2026",
        "2026-01-01",
        "2026-01-01T13:05:09",
        "2026-01-01T13:05Z",
        "20260101T130509Z",
        "2026-01-01T13:05:09+0500",
        "2026-01-01T13:05:09+05",
        "2026-01-01T13:05:09.Z",
        "2026-01-01T13:05:09,5Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T13:60:09Z",
        "2026-13-01T13:05:09Z",
        "2026-00-01T13:05:09Z",
        "2026-01-00T13:05:09Z",
        "2026-01-32T13:05:09Z",
        "2026-04-31T13:05:09Z",
        "2026-02-29T13:05:09Z",
        "1900-02-29T13:05:09Z",
        "2026-1-01T13:05:09Z",
        "+2026-01-01T13:05:09Z",
        "2026-01-01T13:05:09+24:00",
        "2026-01-01T13:05:09+05:60",
        "2026-01-01T13:05:09ZZ",
        "2026-01-01T13:05:09 Z",
        "2026-01-01  13:05:09Z",
        "2026-01-01_13:05:09Z",
        " 2026-01-01T13:05:09Z",
        "２026-01-01T13:05:09Z",
        "2026-01-01T13:05:09.1２Z",
        "2026-01-01T-1:05:09Z",
        "2026-01-01T13:05:09\u{2212}05:00",
        "now",
        "1767272709123",
    ] {
        assert_eq!(millis(text), None, "{text}");
    }
    assert!(millis("2024-02-29T13:05:09Z").is_some());
    assert!(millis("2000-02-29T13:05:09Z").is_some());
}

#[test]
fn times_and_hours_are_printed_in_utc() {
    let time = EventTime::from_millis(1_767_272_709_123);
    assert_eq!(time.to_string(), "2026-01-01T13:05:09.123Z");
    assert_eq!(time.hour().to_string(), "2026-01-01T13:00:00Z");
    assert_eq!(time.hour().start().to_string(), "2026-01-01T13:00:00.000Z");
    assert_eq!(time.hour().end().to_string(), "2026-01-01T14:00:00.000Z");
    assert_eq!(time.hour().next().start(), time.hour().end());
    assert_eq!(
        EventTime::from_millis(-1).to_string(),
        "1969-12-31T23:59:59.999Z"
    );
    assert_eq!(EventTime::from_millis(-1).hour(), Hour::from_index(-1));
    assert_eq!(EventTime::YEAR_2000.to_string(), "2000-01-01T00:00:00.000Z");
    assert_eq!(
        EventTime::YEAR_9999_END.to_string(),
        "9999-12-31T23:59:59.999Z"
    );
}

#[test]
fn the_whole_range_of_integers_can_be_printed_and_has_an_hour() {
    for millis in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
        let time = EventTime::from_millis(millis);
        assert!(!time.to_string().is_empty());
        assert!(!time.hour().to_string().is_empty());
        assert!(!time.hour().next().end().to_string().is_empty());
    }
}

#[test]
fn a_time_in_the_future_is_one_beyond_the_slack() {
    let arrival = EventTime::from_millis(1_000_000);
    assert!(!EventTime::from_millis(1_600_000).is_in_future_of(arrival, 600_000));
    assert!(EventTime::from_millis(1_600_001).is_in_future_of(arrival, 600_000));
    assert!(!EventTime::from_millis(i64::MAX).is_in_future_of(arrival, i64::MAX));
}

#[test]
fn times_and_hours_survive_serde_in_text_and_reject_what_they_are_not() {
    let time = EventTime::from_millis(1_767_272_709_123);
    let text = serde_json::to_string(&(time, time.hour())).unwrap();
    assert_eq!(
        text,
        r#"["2026-01-01T13:05:09.123Z","2026-01-01T13:00:00Z"]"#
    );
    let back: (EventTime, Hour) = serde_json::from_str(&text).unwrap();
    assert_eq!(back, (time, time.hour()));
    assert!(serde_json::from_str::<Hour>(r#""2026-01-01T13:05:00Z""#).is_err());
}

proptest! {
    #[test]
    fn printing_and_reading_gives_the_same_instant(millis in -62_167_219_200_000..=253_402_300_799_999_i64) {
        let time = EventTime::from_millis(millis);
        prop_assert_eq!(parse_rfc3339(&time.to_string()), Ok(time));
        let theirs: Timestamp = time.to_string().parse().unwrap();
        prop_assert_eq!(theirs.as_millisecond(), millis);
        let hour = time.hour();
        prop_assert!(hour.start() <= time && time < hour.end());
        prop_assert_eq!(hour.next().index(), hour.index() + 1);
    }

    /// jiff reads more than RFC 3339 allows, so only what we accept is compared, and what it
    /// refuses must be refused, leap seconds and offsets of more than a day's half apart.
    #[test]
    fn what_is_read_is_what_jiff_reads(
        text in "(19|20|00)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-6][0-9])"
    ) {
        let theirs = text.parse::<Timestamp>();
        match (parse_rfc3339(&text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                // jiff cuts towards zero, we cut the digits.
                prop_assert_eq!(ours.millis(), theirs.as_nanosecond().div_euclid(1_000_000) as i64);
            }
            (Err(_), Err(_)) => {}
            (Ok(ours), Err(error)) => prop_assert!(ours < EventTime::YEAR_2000, "{text}: {error}"),
            (Err(_), Ok(_)) => prop_assert!(false, "{text} is refused"),
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
        let _whatever = parse_rfc3339(&text);
    }
}
