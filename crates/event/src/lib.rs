//! What happened, and how it is written down: bytes become domain values here, and domain values
//! become the lines that others read.
//!
//! Decides: what a valid click, order, registry entry, sighting and decision is, which defect
//! makes a record a dead letter, and the exact text of every output line.
//! Must not know: where bytes come from, what time it is now, what makes a code suspicious.

pub mod code;
pub mod customer;
pub mod decode;
pub mod error;
pub mod flag;
pub mod host;
mod json;
pub mod model;
pub mod money;
pub mod out;
pub mod time;
pub mod vocabulary;
mod write;

pub use code::{Code, CodeError, normalise_code_into};
pub use customer::{CustomerId, CustomerKind, PseudonymKey};
pub use decode::{Decoded, Decoder, DecoderLimits};
pub use error::{DecodeError, Defects, ErrorKind, Field};
pub use flag::{
    Basis, Decibans, Evidence, Exposure, Flag, FlagKind, FlagState, IntervalDecimal, IntervalF,
    Onset, TopReferrer, Track, flag_id,
};
pub use host::{host_of, host_of_into};
pub use model::{Click, CodeEntry, Decision, Event, Order, Sighting};
pub use money::{AmountError, Currency, Decimal, Money, Percent, parse_amount};
pub use out::{DeadLetterLine, JudgedOrder, Likelihood, OrderCounts, ScoreLine, Window};
pub use time::{EventTime, Hour, TimeError, parse_rfc3339};
pub use vocabulary::{CodeEntryMode, Outcome, Status, Tier, Topic};
