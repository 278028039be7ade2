//! The secret keys: 32 bytes from a file that only its owner may read.
//!
//! Decides what a key file may look like and who may see it. Must not know what a key is used for.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::sections::Keys;

/// Length of every key.
pub const KEY_BYTES: usize = 32;

/// The key of `replay` and `demo` without key files. It is published here on purpose: results of
/// two people are then comparable, and pseudonyms made with it protect nobody.
pub const PUBLISHED_KEY: &[u8; KEY_BYTES] = b"promoguard published, not secret";

/// A key that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; KEY_BYTES]);

impl SecretKey {
    /// The bytes, for whoever hashes with them.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// Both keys of a process.
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// Turns phones and e-mails into pseudonyms.
    pub pseudonym: SecretKey,
    /// Keys the hashes inside the state.
    pub hash: SecretKey,
    /// Whether one of them is the published key.
    pub published: bool,
}

impl KeyRing {
    /// Keys from the files that are set, the published key for the others: for files at home.
    ///
    /// # Errors
    /// A file that is set and cannot be used.
    pub fn or_published(keys: &Keys) -> Result<Self, KeyError> {
        let read = |file: &Option<PathBuf>| match file {
            Some(file) => read_key(file),
            None => Ok(SecretKey(*PUBLISHED_KEY)),
        };
        Ok(Self {
            pseudonym: read(&keys.pseudonym_key_file)?,
            hash: read(&keys.hash_key_file)?,
            published: keys.pseudonym_key_file.is_none() || keys.hash_key_file.is_none(),
        })
    }

    /// Keys from files, both of which must be set: for a deployment.
    ///
    /// # Errors
    /// A file that is not set or cannot be used.
    pub fn required(keys: &Keys) -> Result<Self, KeyError> {
        let read = |setting, file: &Option<PathBuf>| match file {
            Some(file) => read_key(file),
            None => Err(KeyError::NotSet { setting }),
        };
        Ok(Self {
            pseudonym: read("keys.pseudonym_key_file", &keys.pseudonym_key_file)?,
            hash: read("keys.hash_key_file", &keys.hash_key_file)?,
            published: false,
        })
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A deployment needs it.
    #[error("{setting} is not set; make a key: head -c 32 /dev/urandom > FILE && chmod 600 FILE")]
    NotSet {
        /// The setting.
        setting: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read key file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("key file {} may be read by others than its owner (mode {mode:04o}); chmod 600 it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error(
        "key file {} does not hold a key: {KEY_BYTES} bytes, raw, as hex or as base64, are needed, it has {length}",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
}

/// Reads the key in a file.
///
/// # Errors
/// The file is missing, others may read it, or it holds no key.
pub fn read_key(path: &Path) -> Result<SecretKey, KeyError> {
    let unreadable = |source| KeyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mode = mode_of(path).map_err(unreadable)?;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let content = std::fs::read(path).map_err(unreadable)?;
    parse_key(&content).ok_or_else(|| KeyError::Malformed {
        path: path.to_owned(),
        length: content.len(),
    })
}

#[cfg(unix)]
fn mode_of(path: &Path) -> std::io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o7777)
}

/// Elsewhere permissions are not bits; whoever sets up such a system looks after them.
#[cfg(not(unix))]
fn mode_of(path: &Path) -> std::io::Result<u32> {
    std::fs::metadata(path).map(|_| 0o600)
}

fn parse_key(content: &[u8]) -> Option<SecretKey> {
    if let Ok(raw) = content.try_into() {
        return Some(SecretKey(raw));
    }
    let text = std::str::from_utf8(content).ok()?.trim();
    let bytes = match text.len() {
        64 => bytes_of_hex(text)?,
        _ => STANDARD.decode(text).ok()?,
    };
    bytes.try_into().ok().map(SecretKey)
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: char| c.to_digit(16).map(|digit| digit as u8);
    let digits: Vec<u8> = text.chars().map(digit).collect::<Option<_>>()?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

    fn check(content: &[u8], first_bytes: Option<[u8; 2]>) {
        let key = parse_key(content).map(|key| [key.bytes()[0], key.bytes()[31]]);
        assert_eq!(key, first_bytes, "{content:?}");
    }

    #[test]
    fn a_key_may_be_raw_hex_or_base64() {
        let raw: Vec<u8> = (0..32).collect();
        check(&raw, Some([0, 31]));
        check(HEX.as_bytes(), Some([0, 31]));
        check(format!("{HEX}\n").as_bytes(), Some([0, 31]));
        check(
            format!(" {}\r\n", STANDARD.encode(&raw)).as_bytes(),
            Some([0, 31]),
        );
    }

    #[test]
    fn anything_else_is_no_key() {
        check(b"", None);
        check(b"hunter2", None);
        check(&HEX.as_bytes()[..62], None);
        check(STANDARD.encode([7; 31]).as_bytes(), None);
        check(&[0xff; 64], None);
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = parse_key(HEX.as_bytes()).unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(…)");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, HEX).unwrap();
        let chmod =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        chmod(0o640);
        assert!(matches!(
            read_key(&path),
            Err(KeyError::Exposed { mode: 0o640, .. })
        ));
        chmod(0o600);
        assert!(read_key(&path).is_ok());
    }

    #[test]
    fn a_deployment_has_no_published_key() {
        assert!(KeyRing::or_published(&Keys::default()).unwrap().published);
        let error = KeyRing::required(&Keys::default()).unwrap_err().to_string();
        assert!(
            error.contains("keys.pseudonym_key_file is not set"),
            "{error}"
        );
    }
}
