//! How state, offsets and outputs become one: a chain of manifests, each created once.
//!
//! ```text
//! Takeover: list ─► newest readable manifest ─► its segments ─► create seq + 1 (epoch + 1)
//! Commit:   put segment ─► create seq + 1 ─► unclear? look: mine, another's, or nothing there
//! Tidy:     list ─► what no kept manifest names, once it is old
//! ```
//! A manifest holds the next offset of every log, the segments that make up the state below those
//! offsets, and the exact bytes of the outputs that the state implies and that nobody may have
//! seen yet. Its name is its number in the chain, and a store creates a name once: of two owners
//! that both believe in themselves one commits, and the other learns that it was replaced.
//!
//! Decides: what is asked of the store and what its answers mean. Must not know: which store it
//! is, when it is asked, and what the state stands for.

mod chain;
mod commit_step;
mod frame;
mod manifest;
mod names;
mod segment;
mod takeover;
mod tidy;

pub use chain::{Head, Object, Reply, Request, Step};
pub use commit_step::{Commit, CommitOutcome, Draft};
pub use frame::{Digest, FrameError, FrameKind};
pub use manifest::{
    Identity, IdleStep, LogName, Manifest, MismatchError, OutboxRecord, OutputHeader, SegmentRef,
};
pub use names::{MANIFEST_PREFIX, SEGMENT_PREFIX, manifest_name, segment_name};
pub use segment::{Change, Segment, fold, merge_from};
pub use takeover::{Beginning, Refusal, Restored, Takeover, TakeoverOutcome};
pub use tidy::{Tidy, TidyRule};

#[cfg(test)]
mod tests;
