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
        Pseudonymiser::new(key).pseudonymise(raw, kind)
    }

    /// The pseudonym as a number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Longest phone text, e-mail or id that is looked at, in bytes. 254 is the longest e-mail
/// address (RFC 5321, 4.5.3.1.3 with erratum 1690).
const RAW_BYTES_MAX: usize = 254;

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

    pub(crate) fn pseudonymise(&self, raw: &str, kind: CustomerKind) -> Option<CustomerId> {
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.len() > RAW_BYTES_MAX {
            return None;
        }
        match kind {
            CustomerKind::Id => Some(self.hash(b"id\0", trimmed.as_bytes())),
            CustomerKind::Phone => {
                let mut phone = e164(trimmed)?;
                let id = self.hash(b"phone\0", phone.as_bytes());
                phone.zeroize();
                Some(id)
            }
            CustomerKind::Email => {
                let mut email = normal_email(trimmed)?;
                let id = self.hash(b"email\0", email.as_bytes());
                email.zeroize();
                Some(id)
            }
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

/// The number in E.164 (ITU-T E.164: a plus and at most 15 digits).
///
/// Eleven digits that begin with 8, and ten that begin as Kazakh and Russian national numbers
/// do (3, 4, 7, 8, 9), get the country code 7 that both countries share.
fn e164(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(32);
    let plus = text.starts_with('+');
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if at == 0 => {}
            ' ' | '\u{a0}' | '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2015}' => {}
            _ => {
                digits.zeroize();
                return None;
            }
        }
        if digits.len() > 17 {
            digits.zeroize();
            return None;
        }
    }
    let international = international(&digits, plus);
    digits.zeroize();
    let number = international?;
    if is_masked(&number[1..]) {
        return None;
    }
    Some(number)
}

fn international(digits: &str, plus: bool) -> Option<String> {
    let national_first = |d: &str| matches!(d.as_bytes()[0], b'3' | b'4' | b'7' | b'8' | b'9');
    let number = match (plus, digits.len()) {
        (true, _) => format!("+{digits}"),
        (false, _) if digits.starts_with("00") => format!("+{}", &digits[2..]),
        // 8 10 is how one dials abroad from Kazakhstan and Russia.
        (false, 13..) if digits.starts_with("810") => format!("+{}", &digits[3..]),
        (false, 11) if digits.starts_with('8') => format!("+7{}", &digits[1..]),
        (false, 10) if national_first(digits) => format!("+7{digits}"),
        (false, _) => format!("+{digits}"),
    };
    // Eight is the shortest number with its country code in use anywhere.
    let length = number.len() - 1;
    let begins_with_country = number.as_bytes().get(1).is_some_and(|&b| b != b'0');
    ((8..=15).contains(&length) && begins_with_country).then_some(number)
}

/// A number whose last seven digits are one digit repeated is a mask or a placeholder.
fn is_masked(digits: &str) -> bool {
    let tail = &digits.as_bytes()[digits.len().saturating_sub(7)..];
    tail.iter().all(|&b| b == tail[0])
}

/// The address in lower case, where it looks like one and shows no mask.
fn normal_email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |c: char| {
        !c.is_whitespace() && !c.is_control() && !matches!(c, '*' | '@' | '<' | '>' | ',' | ';')
    };
    let masked = |part: &str| {
        part.chars()
            .all(|c| matches!(c, 'x' | 'X' | '.' | '-' | '0'))
    };
    if local.is_empty()
        || local.len() > 64
        || !text.chars().filter(|&c| c != '@').all(plain)
        || local.contains('@')
        || masked(local)
    {
        return None;
    }
    let labels_are_whole = domain.split('.').all(|label| !label.is_empty());
    if !domain.contains('.') || !labels_are_whole || masked(domain) {
        return None;
    }
    Some(text.to_lowercase())
}
