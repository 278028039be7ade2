//! The commit protocol of `promoguard-pipeline`, driven through failures: a seeded world of logs, a
//! store that loses answers and bits, and nodes that are killed, frozen and told too late that they
//! were replaced.
//!
//! ```text
//! Logs ─► Node (Machine: merge, state, flags) ─► Commit, Takeover, Tidy of the real protocol
//!                 │                                        ⇅ requests and answers
//!                 ▼ publishes                            Store: delays, losses, damage
//!               Output ◄──────────── checked against ─── History of everything created
//! ```
//! One seed is one run, in one thread and in virtual time, and repeats to the byte. The state is a
//! toy that is sensitive to order; merge, manifests, segments, take-over, commit and tidying are
//! the real ones. A [`Sabotage`] plants a known fault in the driver, and a run must notice it: a
//! simulation that finds nothing may just be looking away.

mod chance;
mod logs;
mod machine;
mod node;
mod output;
mod run;
mod sabotage;
mod store;

pub use run::{Report, Violation, run};
pub use sabotage::Sabotage;
