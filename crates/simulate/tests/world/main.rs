//! Whole worlds, read back from their bytes.

mod contract;
mod delivered;
mod effects;
mod running;
mod support;
