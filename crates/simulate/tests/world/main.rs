//! Whole worlds, read back from their bytes.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and all of this is one"
)]

mod agents;
mod cascades;
mod contract;
mod delivered;
mod effects;
mod resampled;
mod running;
mod spread;
mod support;
