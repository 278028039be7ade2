//! Bytes of JSON without a serialiser: numbers, times and texts appended to one buffer.
//!
//! Texts of the world are chosen free of characters that JSON escapes, except where [`push_text`] is used.

use crate::time::DAY_MS;

const DIGIT_PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Appends a decimal integer.
#[inline]
pub(crate) fn push_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while value >= 100 {
        let pair = (value % 100) as usize * 2;
        value /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
    }
    if value >= 10 {
        let pair = value as usize * 2;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a decimal integer with a sign where it is negative.
pub(crate) fn push_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_u64(out, value.unsigned_abs());
}

/// Appends an amount given in hundredths; no point where the hundredths are zero.
#[inline]
pub(crate) fn push_hundredths(out: &mut Vec<u8>, value: i64) {
    let value = value.max(0) as u64;
    push_u64(out, value / 100);
    if !value.is_multiple_of(100) {
        let pair = (value % 100) as usize * 2;
        out.push(b'.');
        out.extend_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
    }
}

/// Appends 16 hexadecimal digits.
#[inline]
pub(crate) fn push_hex(out: &mut Vec<u8>, value: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digits: [u8; 16] = std::array::from_fn(|i| HEX[(value >> (60 - 4 * i) & 15) as usize]);
    out.extend_from_slice(&digits);
}

/// Appends an RFC 3339 time (without quotes) with milliseconds, at `offset_hours` east of UTC;
/// `Z` where that is zero. For years 0 to 9999.
#[inline]
pub(crate) fn push_rfc3339(out: &mut Vec<u8>, ms: i64, offset_hours: i64) {
    let local = ms + offset_hours * 3_600_000;
    let (year, month, day) = civil_from_days(local.div_euclid(DAY_MS));
    let of_day = local.rem_euclid(DAY_MS) as u64;
    let mut text = *b"0000-00-00T00:00:00.000";
    let mut pair = |at: usize, value: u64| {
        text[at..at + 2].copy_from_slice(&DIGIT_PAIRS[value as usize * 2..value as usize * 2 + 2]);
    };
    pair(0, year / 100);
    pair(2, year % 100);
    pair(5, month);
    pair(8, day);
    pair(11, of_day / 3_600_000);
    pair(14, of_day / 60_000 % 60);
    pair(17, of_day / 1_000 % 60);
    pair(21, of_day % 100);
    text[20] = b'0' + (of_day % 1_000 / 100) as u8;
    out.extend_from_slice(&text);
    if offset_hours == 0 {
        out.push(b'Z');
    } else {
        let pair = offset_hours.unsigned_abs() as usize * 2;
        out.push(if offset_hours > 0 { b'+' } else { b'-' });
        out.extend_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
        out.extend_from_slice(b":00");
    }
}

/// Days since the epoch to (year, month, day): Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn civil_from_days(days: i64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
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
    (year as u64, month as u64, day as u64)
}

/// Appends a quoted text, escaping what JSON demands.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// A JSON object under construction in a buffer; for lines that are rare enough not to be hand-laid.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    /// Writes the name and lends the buffer for the value.
    pub(crate) fn field(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        push_text(self.out, name);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        push_text(self.field(name), value);
    }

    pub(crate) fn opt_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.field(name).extend_from_slice(b"null"),
        }
    }

    pub(crate) fn uint(&mut self, name: &str, value: u64) {
        push_u64(self.field(name), value);
    }

    pub(crate) fn opt_ms(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => push_i64(self.field(name), value),
            None => self.field(name).extend_from_slice(b"null"),
        }
    }

    pub(crate) fn time(&mut self, name: &str, ms: i64) {
        let out = self.field(name);
        out.push(b'"');
        push_rfc3339(out, ms, 5);
        out.push(b'"');
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.field(name).extend_from_slice(text);
    }

    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: &[T],
        mut push: impl FnMut(&mut Vec<u8>, &T),
    ) {
        let out = self.field(name);
        out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push(out, item);
        }
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Vec<u8>), expected: &str) {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    }

    #[test]
    fn integers_and_hundredths_print_as_a_decimal_reader_expects() {
        for value in [0, 7, 10, 99, 100, 101, 12_345, u64::MAX] {
            check(|out| push_u64(out, value), &value.to_string());
        }
        check(|out| push_hundredths(out, 1_299_000), "12990");
        check(|out| push_hundredths(out, 1_299_005), "12990.05");
        check(|out| push_hundredths(out, 5), "0.05");
        check(|out| push_hex(out, 0xfe01), "000000000000fe01");
    }

    #[test]
    fn times_print_in_the_zone_they_are_asked_for() {
        check(|out| push_rfc3339(out, 0, 0), "1970-01-01T00:00:00.000Z");
        check(
            |out| push_rfc3339(out, 1_709_164_800_007, 0),
            "2024-02-29T00:00:00.007Z",
        );
        check(
            |out| push_rfc3339(out, 1_772_391_600_000, 5),
            "2026-03-02T00:00:00.000+05:00",
        );
        check(
            |out| push_rfc3339(out, 1_798_761_599_999, 0),
            "2026-12-31T23:59:59.999Z",
        );
    }

    #[test]
    fn texts_are_escaped() {
        check(|out| push_text(out, "a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
