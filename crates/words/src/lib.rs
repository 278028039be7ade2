//! How people read what the detector says: its names, numbers, amounts and times in English,
//! Russian and Kazakh.
//!
//! Decides: the words of signals, kinds and circumstances, plural forms, separators, time zones.
//! Must not know: in which order they are used, or on which page.
//!
//! - [`Language`] and its [`Words`]
//! - [`SignalWords`], [`find`], [`fill`]: single entries
//! - [`Clock`]: times of one place

mod clock;
mod english;
mod kazakh;
mod measure;
mod russian;
mod words;

pub use clock::{Clock, Day, UnknownZone, begins_month, day_text};
pub use measure::{Measure, is_arithmetic};
pub use words::{Language, Phrases, Plural, SignalWords, Table, Words, fill, find};
