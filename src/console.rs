//! The console in this process: what it is fed with, and where decisions go.
//!
//! - [`lines::FeedLines`]: effects of the engine as lines for the review store
//! - [`feed`]: the review store follows the topics, and decisions leave for theirs

pub mod feed;
pub mod lines;
