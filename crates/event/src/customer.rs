//! Who ordered, without knowing who.
//!
//! Decides: when two spellings of a phone or address are one person, which values are masks
//! and so nobody, and the pseudonym. Must not know: anything else about the order.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroize;

/// The deployment's secret key for pseudonyms. Whoever has it can find the phones again.
#[derive(Clone)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// Takes 256 secret bits.
    pub const fn new(bytes: [u8; 32]) -> PseudonymKey {
        PseudonymKey(bytes)
    }
}

impl Drop for PseudonymKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(secret)")
    }
}

/// What a raw customer value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerKind {
    /// The producer's own pseudonym; compared as it is.
    Id,
    /// A phone number in any spelling.
    Phone,
    /// An e-mail address.
    Email,
}

/// A pseudonym: the first 64 bits of HMAC-SHA256 over the kind and the normalised value.
///
/// With 10 million customers the chance that any two share one is 3 in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(u64);

impl CustomerId {
    /// The pseudonym of a raw value; `None` where it is empty, a mask, or not what `kind` says.
    pub fn pseudonymise(raw: &str, kind: CustomerKind, key: &PseudonymKey) -> Option<CustomerId> {
        match Pseudonymiser::new(key).person(raw, kind) {
            Person::Known(id) => Some(id),
            Person::Masked | Person::Unreadable => None,
        }
    }

    /// The pseudonym as a number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3 with erratum 1690).
pub(crate) const EMAIL_BYTES_MAX: usize = 254;

/// What a raw customer value turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Known(CustomerId),
    /// Hidden on purpose, or a placeholder.
    Masked,
    /// Not what the field is for.
    Unreadable,
}

/// The key, expanded once.
#[derive(Clone)]
pub(crate) struct Pseudonymiser {
    keyed: Hmac<Sha256>,
}

impl Pseudonymiser {
    pub(crate) fn new(key: &PseudonymKey) -> Pseudonymiser {
        Pseudonymiser {
            keyed: Hmac::new_from_slice(&key.0).expect("HMAC takes a key of any length"),
        }
    }

    pub(crate) fn person(&self, raw: &str, kind: CustomerKind) -> Person {
        let raw = raw.trim();
        if raw.is_empty() || raw.len() > EMAIL_BYTES_MAX {
            return Person::Unreadable;
        }
        if is_mask(raw) {
            return Person::Masked;
        }
        match kind {
            CustomerKind::Id => Person::Known(self.hash(b"id\0", raw.as_bytes())),
            CustomerKind::Phone => self.wiped(b"phone\0", e164(raw)),
            CustomerKind::Email => self.wiped(b"email\0", normal_email(raw)),
        }
    }

    /// The pseudonym of a normalised value, which is wiped.
    fn wiped(&self, domain: &[u8], value: Result<String, Person>) -> Person {
        match value {
            Ok(mut value) => {
                let id = self.hash(domain, value.as_bytes());
                value.zeroize();
                Person::Known(id)
            }
            Err(person) => person,
        }
    }

    fn hash(&self, domain: &[u8], value: &[u8]) -> CustomerId {
        let tag = self
            .keyed
            .clone()
            .chain_update(domain)
            .chain_update(value)
            .finalize()
            .into_bytes();
        let first = tag.first_chunk::<8>().expect("a SHA-256 tag has 32 bytes");
        CustomerId(u64::from_be_bytes(*first))
    }
}

/// A value of nothing but zeros, fillers and punctuation, as marketplaces send in the place of
/// a phone: `+0(000)-000-00-00`, `+7 (***) ***-**-**`, `xxx`.
fn is_mask(raw: &str) -> bool {
    let is_phone_mark = |c: char| matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | ' ' | '#');
    let filled = raw
        .strip_prefix("+7")
        .or(raw.strip_prefix("+8"))
        .unwrap_or(raw);
    filled.chars().all(|c| {
        is_phone_mark(c) || matches!(c, '0' | '*' | 'x' | 'X' | '\u{425}' | '\u{445}' | '•')
    })
}

/// The number in E.164 (ITU-T E.164: a plus and at most 15 digits).
///
/// Eleven digits that begin with 8, and ten that begin as Kazakh and Russian national numbers
/// do (3, 4, 7, 8, 9), get the country code 7 that both countries share.
fn e164(text: &str) -> Result<String, Person> {
    if text.contains(['*', 'x', 'X', '\u{425}', '\u{445}', '•']) {
        return Err(Person::Masked);
    }
    let mut digits = [0_u8; DIALLED_DIGITS_MAX];
    let dialled = digits_of(text, &mut digits);
    let number = dialled
        .and_then(|length| international(&digits[..length], text.starts_with('+')))
        .ok_or(Person::Unreadable);
    digits.zeroize();
    let number = number?;
    if is_placeholder(&number) {
        return Err(Person::Masked);
    }
    Ok(number)
}

/// Fifteen digits of a number and the longest prefix that one dials before it, 810.
const DIALLED_DIGITS_MAX: usize = 18;

/// Writes the digits of a phone number; `None` where anything else is in it but punctuation.
fn digits_of(text: &str, digits: &mut [u8; DIALLED_DIGITS_MAX]) -> Option<usize> {
    let mut length = 0;
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                *digits.get_mut(length)? = c as u8;
                length += 1;
            }
            '+' if at == 0 => {}
            '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ if c.is_whitespace() => {}
            _ => return None,
        }
    }
    Some(length)
}

fn international(dialled: &[u8], has_plus: bool) -> Option<String> {
    let (country, rest): (&str, &[u8]) = match *dialled {
        _ if has_plus => ("", dialled),
        [b'0', b'0', ref rest @ ..] => ("", rest),
        // 8 10 is how one dials abroad from Kazakhstan and Russia.
        [b'8', b'1', b'0', ref rest @ ..] if rest.len() > 8 => ("", rest),
        [b'8', ref rest @ ..] if rest.len() == 10 => ("7", rest),
        [b'3' | b'4' | b'7' | b'8' | b'9', ..] if dialled.len() == 10 => ("7", dialled),
        _ => ("", dialled),
    };
    let length = country.len() + rest.len();
    let first = country.as_bytes().iter().chain(rest).next()?;
    // Eight is the shortest number with its country code in use anywhere; no country code
    // begins with 0.
    if !(8..=15).contains(&length) || *first == b'0' {
        return None;
    }
    let mut number = String::with_capacity(1 + length);
    number.push('+');
    number.push_str(country);
    number.extend(rest.iter().map(|&digit| char::from(digit)));
    Some(number)
}

/// A number whose last seven digits are one digit repeated.
fn is_placeholder(number: &str) -> bool {
    let tail = &number.as_bytes()[number.len() - 7..];
    tail.iter().all(|digit| *digit == tail[0])
}

/// The address in lower case, where it looks like one.
fn normal_email(text: &str) -> Result<String, Person> {
    let (local, domain) = text.rsplit_once('@').ok_or(Person::Unreadable)?;
    if text.contains('*') {
        return Err(Person::Masked);
    }
    let is_plain = |c: char| {
        !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | '<' | '>' | ',' | ';' | '"')
    };
    let is_plain_local = (1..=64).contains(&local.len()) && local.chars().all(is_plain);
    let is_plain_domain = domain.contains('.')
        && domain.chars().all(is_plain)
        && domain.split('.').all(|label| !label.is_empty());
    if !is_plain_local || !is_plain_domain {
        return Err(Person::Unreadable);
    }
    if is_mask(local) {
        return Err(Person::Masked);
    }
    Ok(text.to_lowercase())
}
