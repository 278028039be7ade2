//! Whole worlds, read back from their bytes.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and all of this is one"
)]

mod cascades;
mod contract;
mod delivered;
mod effects;
mod running;
mod support;
