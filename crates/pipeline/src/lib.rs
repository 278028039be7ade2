//! In which order, exactly once: from raw records to the effects that the outside performs.
//!
//! ```text
//! raw ─► Intake ─► ShardSet::route ─► Merge ─► Shard (dedupe, count) ─► hour closes
//!                                                 └► summarise ─► exchange ─► judge ─► Effects
//! ```
//! No I/O, no clock, no random source: the same logs give the same effects, byte for byte.

mod code_state;
pub mod commit;
mod counts;
mod hashing;
mod hour_judge;
mod hour_row;
mod intake;
mod late_windows;
mod merge;
mod names;
mod placement;
mod plausible_time;
mod records;
mod registry;
mod saved;
mod settings;
mod shard;
mod shard_batch;
mod shard_set;

pub use counts::{Counts, FieldDefects, TopicCounts};
pub use hashing::Hashers;
pub use intake::Intake;
pub use merge::{AFTER_ALL, Merge, Released, SavedMerge, SourceIndex};
pub use names::{CodeSlot, HostIndex};
pub use placement::{murmur2, partition_of};
pub use plausible_time::{Plausibility, PlausibleTime};
pub use records::{ClickRow, Notice, OrderRecord, OrderRow, Records, Span};
pub use registry::{Applied, Registry, RegistryChange, RegistryConflict};
pub use saved::StateError;
pub use settings::PipelineSettings;
pub use shard::{Shard, ShardMemory};
pub use shard_batch::{ShardBatch, ShardClick, ShardOrder};
pub use shard_set::{CodeAccount, Effects, JudgedFlag, Routed, SavedRouted, ShardSet};
