//! The identity of a promo code.
//!
//! Decides: when two spellings are one code. Must not know: what the code is for.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

/// Longest code after normalisation, in bytes.
pub const CODE_BYTES_MAX: usize = 64;

/// A promo code as it is compared, keyed and hashed: trimmed, NFKC, lower case, 1 to 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// Normalises any spelling.
    pub fn parse(raw: &str) -> Result<Code, CodeError> {
        let mut normalised = String::new();
        normalise_code_into(raw, &mut normalised)?;
        Ok(Code(normalised.into()))
    }

    /// Takes a text that is known to be normalised: one that a decoder or a [`Code`] gave.
    pub fn from_normalised(normalised: &str) -> Code {
        debug_assert!(
            Code::parse(normalised).is_ok_and(|code| &*code.0 == normalised),
            "code text is not normalised"
        );
        Code(normalised.into())
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text itself, for those who keep it.
    pub fn as_arc(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let raw = String::deserialize(deserializer)?;
        Code::parse(&raw).map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Nothing is left after trimming.
    #[error("code is empty")]
    Empty,
    /// More than [`CODE_BYTES_MAX`] bytes are left after normalisation.
    #[error("code is longer than 64 bytes")]
    TooLong,
}

/// Normalises `raw` into `out`, replacing what was there.
///
/// Nothing is allocated for ASCII codes once `out` has its capacity. After an error `out` is
/// empty.
pub fn normalise_code_into(raw: &str, out: &mut String) -> Result<(), CodeError> {
    out.clear();
    append_normalised_code(raw, out)
}

/// Normalises `raw` onto the end of `out`, which is unchanged after an error.
pub(crate) fn append_normalised_code(raw: &str, out: &mut String) -> Result<(), CodeError> {
    let trimmed = raw.trim();
    if trimmed.is_ascii() {
        check_length(trimmed)?;
        let start = out.len();
        out.push_str(trimmed);
        out[start..].make_ascii_lowercase();
        return Ok(());
    }
    if trimmed.len() > RAW_CODE_BYTES_MAX {
        return Err(CodeError::TooLong);
    }
    let settled = settle(trimmed);
    check_length(&settled)?;
    out.push_str(&settled);
    Ok(())
}

/// Longest text that is normalised at all. Normalisation shrinks a text at most fourfold (a
/// mathematical letter of four bytes becomes one of one byte), so nothing longer could fit.
const RAW_CODE_BYTES_MAX: usize = 16 * CODE_BYTES_MAX;

fn check_length(code: &str) -> Result<(), CodeError> {
    match code.len() {
        0 => Err(CodeError::Empty),
        1..=CODE_BYTES_MAX => Ok(()),
        _ => Err(CodeError::TooLong),
    }
}

/// Repeats the three steps until nothing changes: lower-casing can leave a text that NFKC
/// would compose, and NFKC can bring up spaces and capitals. A pass that changes nothing is
/// the exit; over all of Unicode the second or third pass is the last.
fn settle(trimmed: &str) -> String {
    let mut current = one_pass(trimmed);
    loop {
        let next = one_pass(&current);
        if next == current {
            return current;
        }
        current = next;
    }
}

fn one_pass(text: &str) -> String {
    let composed: String = text.nfkc().collect();
    composed.to_lowercase().trim().to_owned()
}
