//! Amounts as integers, and how they are written.
//!
//! Decides: which texts are an amount, a currency or a percentage, and their one printed form.
//! Must not know: exchange rates, or what is paid for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of a [`Decimal`] in one whole.
pub const UNITS_PER_WHOLE: i128 = 10_000;

/// A currency code of the shape of ISO 4217: three ASCII letters.
///
/// Kept in lower case, as it is compared; printed in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 4]);

impl Currency {
    /// The Kazakh tenge.
    pub const KZT: Currency = Currency(*b"kzt\0");
    /// The Russian rouble.
    pub const RUB: Currency = Currency(*b"rub\0");

    /// Reads three ASCII letters in any case; spaces around them are the caller's to trim.
    pub fn parse(text: &str) -> Option<Currency> {
        let &[a, b, c] = text.as_bytes() else {
            return None;
        };
        let letters = [a, b, c];
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then_some(Currency([a | 0x20, b | 0x20, c | 0x20, 0]))
    }

    /// Lower case, as compared: `kzt`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0[..3]).expect("only ASCII letters are ever stored")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upper = [self.0[0], self.0[1], self.0[2]].map(|b| b.to_ascii_uppercase());
        f.write_str(std::str::from_utf8(&upper).expect("only ASCII letters are ever stored"))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let text = String::deserialize(deserializer)?;
        Currency::parse(&text).ok_or_else(|| serde::de::Error::custom("not a currency code"))
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Units of 1/10,000 of the currency.
    pub units: i128,
    /// The currency.
    pub currency: Currency,
}

/// A decimal number in units of 1/10,000.
///
/// Printed with two places, more only where they are not zero, and never with an exponent:
/// `12.50`, `12.3456`, `0.00`, `-0.05`. Serialised as that text in formats for people, as the
/// integer in binary ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(pub i128);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let (whole, part) = (units / 10_000, units % 10_000);
        if part % 100 == 0 {
            write!(f, "{sign}{whole}.{:02}", part / 100)
        } else if part % 10 == 0 {
            write!(f, "{sign}{whole}.{:03}", part / 10)
        } else {
            write!(f, "{sign}{whole}.{part:04}")
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i128(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            parse_printed(&text).ok_or_else(|| serde::de::Error::custom("not a decimal"))
        } else {
            i128::deserialize(deserializer).map(Decimal)
        }
    }
}

/// A percentage in units of 1/10,000 of a percent: 10 % is 100,000.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Percent(i64);

impl Percent {
    /// 100 %.
    pub const HUNDRED: Percent = Percent(1_000_000);

    /// From units of 1/10,000 of a percent; `None` outside 0 to 100 %.
    pub const fn from_units(units: i64) -> Option<Percent> {
        if units < 0 || units > Percent::HUNDRED.0 {
            None
        } else {
            Some(Percent(units))
        }
    }

    /// Reads a decimal number from 0 to 100 without exponent; decimals beyond the fourth are cut.
    pub fn parse(text: &str) -> Option<Percent> {
        let point = text.find('.').unwrap_or(text.len());
        let (whole, decimals) = text.split_at(point);
        let fifth = decimals.len().min(5);
        if !decimals.bytes().skip(1).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let kept = &text[..whole.len() + fifth];
        let units = parse_amount(kept).ok()?;
        Percent::from_units(i64::try_from(units).ok()?)
    }

    /// Units of 1/10,000 of a percent.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// This share of `amount` in units of 1/10,000, halves rounded away from zero.
    pub const fn of(self, amount: i128) -> i128 {
        let scaled = amount.saturating_mul(self.0 as i128);
        let half = if scaled < 0 { -500_000 } else { 500_000 };
        scaled.saturating_add(half) / 1_000_000
    }
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount: a number from 0 with at most 18 digits, 4 of them decimals, no exponent")]
pub struct AmountError;

/// Reads an amount in units of 1/10,000.
///
/// The grammar is that of a JSON number (RFC 8259, section 6) without exponent: at most 18
/// digits in all, at most 4 of them after the point. Minus is only allowed before zero.
pub fn parse_amount(text: &str) -> Result<i128, AmountError> {
    let units = parse_units(text.as_bytes()).ok_or(AmountError)?;
    if units < 0 {
        return Err(AmountError);
    }
    Ok(units)
}

/// Digits allowed in an amount.
const DIGITS_MAX: usize = 18;

fn parse_units(text: &[u8]) -> Option<i128> {
    let (negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    let whole_length = leading_digits(number);
    let (whole, rest) = number.split_at(whole_length);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return None;
    }
    let decimals = match rest {
        [] => rest,
        [b'.', decimals @ ..] if !decimals.is_empty() => decimals,
        _ => return None,
    };
    if leading_digits(decimals) != decimals.len()
        || decimals.len() > 4
        || whole.len() + decimals.len() > DIGITS_MAX
    {
        return None;
    }
    // At most 18 digits fit an i64.
    let mantissa = whole
        .iter()
        .chain(decimals)
        .fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let places_left = 4 - decimals.len() as u32;
    let units = i128::from(mantissa) * 10_i128.pow(places_left);
    Some(if negative { -units } else { units })
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Reads what [`Decimal`] prints; sums may have more digits than an amount.
fn parse_printed(text: &str) -> Option<Decimal> {
    let (negative, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) || decimals.len() > 4 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let part: i128 = format!("{decimals:0<4}").parse().ok()?;
    let units = whole.checked_mul(UNITS_PER_WHOLE)?.checked_add(part)?;
    Some(Decimal(if negative { -units } else { units }))
}
