//! What people decide about flags, and the record of it.
//!
//! Decides: what is stored of flags, hours and orders, who may hold a flag at a time, when a
//! decision is final, and how the trail of all this can be checked. Must not know: HTTP, pages, or
//! how records reach it.
//!
//! - [`Store`]: one SQLite file; opened once a process, used from any thread
//! - [`Store::feed`]: what the detector says, idempotent
//! - [`Following`]: one process at a time does that
//! - [`QueueFilter`], [`FlagCard`], [`CodeSheet`]: what is read
//! - [`Claim`], [`NewDecision`], [`Store::unpublished`]: deciding, and the outbox
//! - [`User`], [`Role`], [`Session`]: people; [`NewToken`], [`TokenScope`]: their programs
//! - [`audit`]: the hash-chained trail
//! - [`holds`]: which part of a payout a flag holds
//!
//! SQL stands in this crate only. It keeps to what SQLite and PostgreSQL both understand, except
//! for the migrations and the opening of the file.

pub mod audit;
mod codes;
pub mod csv;
mod decide;
mod feed;
mod following;
pub mod holds;
mod limits;
mod migrations;
mod password;
mod people;
mod quality;
mod queue;
mod records;
mod sheet;
mod store;
mod tokens;

pub use codes::{CodeFilter, CodeRow, PartnerSheet, ShopRow};
pub use decide::{
    Claim, DecideError, DecisionRecord, NewDecision, Note, Outgoing, OutgoingDecision,
};
pub use feed::{DeadLetter, FeedKind, FeedReport, Freshness, Position};
pub use following::Following;
pub use limits::Limits;
pub use password::{PasswordFault, check_new_password};
pub use people::{Actor, NewUser, Role, Session, SignIn, User, UserError};
pub use quality::{KindQuality, Quality, ScoreBand, SignalQuality};
pub use queue::{
    FlagCard, QueueCounts, QueueFilter, QueuePage, QueueSort, QueueStatus, SPARK_DAYS,
};
pub use records::{AnyTime, CodeRecord, EvidenceRecord, FlagRecord, Span};
pub use sheet::{CodeSheet, HourSums, OrderRow, SimilarFlag, SimilarWhy};
pub use store::{Scope, Store, StoreError};
pub use tokens::{
    NewToken, TOKEN_DAYS_MAX, TOKENS_MAX, TokenError, TokenHolder, TokenRecord, TokenScope,
};
