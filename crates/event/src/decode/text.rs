//! The texts of one event, in one buffer that is reused.

use zeroize::Zeroize;

use crate::code::{CodeError, append_normalised_code};
use crate::host::append_host;

/// Where a text is in [`Texts`].
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

/// Texts one after the other. A record has at most a megabyte, so places fit 32 bits.
#[derive(Default)]
pub(super) struct Texts(String);

impl Texts {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn wipe(&mut self) {
        self.0.zeroize();
    }

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn get(&self, place: Place) -> &str {
        &self.0[place.start as usize..place.end as usize]
    }

    fn since(&self, start: usize) -> Place {
        Place {
            start: start as u32,
            end: self.0.len() as u32,
        }
    }

    pub(super) fn push(&mut self, text: &str) -> Place {
        let start = self.0.len();
        self.0.push_str(text);
        self.since(start)
    }

    /// The text in lower case.
    pub(super) fn push_lower(&mut self, text: &str) -> Place {
        let start = self.0.len();
        if text.is_ascii() {
            self.0.push_str(text);
            self.0[start..].make_ascii_lowercase();
        } else {
            self.0.push_str(&text.to_lowercase());
        }
        self.since(start)
    }

    /// The country code in upper case, if it has the shape of ISO 3166-1 alpha-2.
    pub(super) fn push_country(&mut self, text: &str) -> Option<Place> {
        let start = self.0.len();
        let is_country = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        is_country.then(|| {
            self.0.push_str(text);
            self.0[start..].make_ascii_uppercase();
            self.since(start)
        })
    }

    pub(super) fn push_code(&mut self, raw: &str) -> Result<Place, CodeError> {
        let start = self.0.len();
        append_normalised_code(raw, &mut self.0)?;
        Ok(self.since(start))
    }

    /// The host inside a referrer, if there is one.
    pub(super) fn push_host(&mut self, referrer: &str) -> Option<Place> {
        let start = self.0.len();
        append_host(referrer, &mut self.0).then(|| self.since(start))
    }
}
