//! The review store as its users see it.
#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

mod deciding;
mod feeding;
mod following;
mod people;
mod support;
mod tokens;
mod trail;
