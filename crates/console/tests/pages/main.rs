//! The console as requests see it, without a socket.
#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

mod api;
mod matrix;
mod sessions;
mod support;
