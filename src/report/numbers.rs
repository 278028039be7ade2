//! How numbers are written for people: grouped by narrow spaces that do not break, rounded to
//! what they are worth.

use promoguard_event::{Currency, Decibans, Decimal, IntervalDecimal, IntervalF};

/// U+202F, a thin space at which no line breaks.
const THIN_SPACE: char = '\u{202f}';
/// U+2212, as wide as a plus.
const MINUS: char = '\u{2212}';

/// `12 345`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + 8);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(THIN_SPACE);
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 order`, `12 345 orders`.
pub(super) fn counted(value: u64, one: &str, many: &str) -> String {
    format!(
        "{}{THIN_SPACE}{}",
        count(value),
        if value == 1 { one } else { many }
    )
}

/// An estimated number of things: one place below ten, whole above.
pub(super) fn estimate(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let sign = if value <= -0.05 {
        MINUS.to_string()
    } else {
        String::new()
    };
    let size = value.abs();
    if size < 9.95 && (size - size.round()).abs() >= 0.05 {
        format!("{sign}{size:.1}")
    } else {
        // The cast saturates.
        format!("{sign}{}", count(size.round() as u64))
    }
}

/// `180–240`.
pub(super) fn range(interval: &IntervalF) -> String {
    format!("{}–{}", estimate(interval.low), estimate(interval.high))
}

/// An amount without its currency: whole from a hundred on, two places below.
pub(super) fn amount(amount: Decimal) -> String {
    let sign = if amount.0 < 0 {
        MINUS.to_string()
    } else {
        String::new()
    };
    let units = amount.0.unsigned_abs();
    if units >= 1_000_000 {
        format!("{sign}{}", grouped((units + 5_000) / 10_000))
    } else {
        let cents = (units + 50) / 100;
        format!("{sign}{}.{:02}", grouped(cents / 100), cents % 100)
    }
}

/// `318 000 KZT`.
pub(super) fn money(value: Decimal, currency: Currency) -> String {
    format!("{}{THIN_SPACE}{currency}", amount(value))
}

/// `270 000–360 000 KZT`.
pub(super) fn money_range(interval: &IntervalDecimal, currency: Currency) -> String {
    format!(
        "{}–{}",
        amount(interval.low),
        money(interval.high, currency)
    )
}

/// `35 %`, `2.1 %` below ten.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "–".to_owned()
    } else if percent.abs() < 9.95 && percent.fract().abs() >= 0.05 {
        format!("{percent:.1}{THIN_SPACE}%")
    } else {
        format!("{percent:.0}{THIN_SPACE}%")
    }
}

/// A score: `41 dB`.
pub(super) fn score(score: Decibans) -> String {
    format!("{}{THIN_SPACE}dB", signed(score.value(), 0, false))
}

/// A part of a score: `+4.1`, `−0.3`.
pub(super) fn part(part: Decibans) -> String {
    signed(part.value(), 1, true)
}

/// A plain number of unknown meaning.
pub(super) fn plain(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', &MINUS.to_string())
}

fn signed(value: f64, places: usize, plus: bool) -> String {
    let text = format!("{:.places$}", value.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    match (is_zero, value < 0.0) {
        (false, true) => format!("{MINUS}{text}"),
        (false, false) if plus => format!("+{text}"),
        _ => text,
    }
}

fn grouped(value: u128) -> String {
    match u64::try_from(value) {
        Ok(value) => count(value),
        // Larger than any money there is; the input bounds amounts, not their sums.
        Err(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded_to_what_they_are_worth() {
        let check =
            |shown: String, expected: &str| assert_eq!(shown.replace('\u{202f}', " "), expected);
        check(count(0), "0");
        check(count(999), "999");
        check(count(1_234_567), "1 234 567");
        check(counted(1, "order", "orders"), "1 order");
        check(estimate(0.0), "0");
        check(estimate(2.345), "2.3");
        check(estimate(3.0), "3");
        check(estimate(211.6), "212");
        check(estimate(f64::NAN), "–");
        check(estimate(-3.2), "−3.2");
        check(amount(Decimal(3_180_004_999)), "318 000");
        check(amount(Decimal(125_000)), "12.50");
        check(amount(Decimal(-5_000)), "−0.50");
        check(money(Decimal(10_000_000), Currency::KZT), "1 000 KZT");
        check(percent(0.35), "35 %");
        check(percent(0.021), "2.1 %");
        check(score(Decibans::new(41.4)), "41 dB");
        check(part(Decibans::new(-0.3)), "−0.3");
        check(part(Decibans::new(0.01)), "0.0");
        check(plain(-1.5), "−1.5");
    }
}
