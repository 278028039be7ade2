//! What is remembered in bounded space: which records were seen before, how many distinct visitors there were.
//!
//! Everything here is a function of its inputs: no clock, no random source, no I/O. Time comes as an argument, keys
//! and hashes come from [`StableHasher`], and what is saved is the same bytes for the same content.
//! This crate must not know what a click, an order or a code is; it sees keys, times and hashes.

mod bloom_line;
mod codec;
mod hash;
mod order_index;
mod reach;
mod registers;
mod seen_window;

pub use codec::RestoreError;
pub use hash::{Domain, HashKey, StableHasher};
pub use order_index::{Inserted, OrderIndex, OrderIndexSettings};
pub use reach::{Estimate, Reach};
pub use seen_window::{Seen, SeenWindow, SeenWindowSettings};
