//! Passwords: what is accepted, and how it is kept.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

use crate::store::StoreError;

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than 8 characters.
    #[error("too short: at least 8 characters, better 15")]
    Short,
    /// More than 128 characters.
    #[error("too long: at most 128 characters")]
    Long,
    /// Everybody tries it.
    #[error("too common: it is on every list of passwords to try")]
    Common,
}

/// Characters at least (OWASP ASVS 5.0, 6.2.1).
const CHARS_MIN: usize = 8;
/// Characters at most; a bound on the work of hashing, far above what people type.
const CHARS_MAX: usize = 128;

/// What every guesser tries first, and what people make of the product's own name. Not a list of
/// leaked passwords: those are long, and belong to whoever runs a directory of users.
const BEGINNINGS: &[&str] = &[
    "password",
    "passw0rd",
    "parol",
    "пароль",
    "qwerty",
    "йцукен",
    "asdfgh",
    "zxcvbn",
    "12345",
    "11111",
    "00000",
    "admin",
    "administrator",
    "letmein",
    "welcome",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "sunshine",
    "princess",
    "promoguard",
    "changeme",
    "secret",
    "kaspi",
    "almaty",
    "astana",
    "kazakhstan",
    "қазақстан",
    "казахстан",
];

/// Whether a password may be chosen: no rules of composition, only length and not the obvious.
///
/// # Errors
/// Why not.
pub fn check_new_password(password: &str) -> Result<(), PasswordFault> {
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        return Err(PasswordFault::Short);
    }
    if chars > CHARS_MAX {
        return Err(PasswordFault::Long);
    }
    let lower = password.to_lowercase();
    // The obvious with a few characters after it is as obvious.
    let is_obvious = BEGINNINGS
        .iter()
        .any(|beginning| lower.starts_with(beginning) && chars <= beginning.chars().count() + 6);
    let mut letters = lower.chars();
    let first = letters.next();
    let is_one_letter = letters.all(|letter| Some(letter) == first);
    if is_obvious || is_one_letter {
        return Err(PasswordFault::Common);
    }
    Ok(())
}

/// argon2id with 19 MiB, two passes, one lane: the least that OWASP recommends.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("constants within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

pub(crate) fn hash(password: &str) -> Result<String, StoreError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(StoreError::Chance)?;
    let hashed = hasher().hash_password_with_salt(password.as_bytes(), &salt);
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| StoreError::Password(error.to_string()))
}

pub(crate) fn matches(password: &str, stored: &str) -> bool {
    hasher()
        .verify_password(password.as_bytes(), stored)
        .is_ok()
}
