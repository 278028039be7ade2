//! Real servers for the end-to-end tests.

pub(crate) mod broker;
pub(crate) mod prometheus;
