//! promoguard: clicks and orders in, explained flags about leaked promo codes out.
//!
//! This package is the only place that knows every adapter; the judging itself is in the crates
//! below, which do no I/O. Read it in this order: what was typed ([`cli`]), what was meant
//! ([`config`]), what then happens ([`commands`]), and what can be seen from outside meanwhile
//! ([`telemetry`], [`http`], [`logging`]).

pub mod cli;
pub mod commands;
pub mod config;
pub mod console;
pub mod engine;
pub mod evaluate;
pub mod explain;
pub mod http;
pub mod logging;
pub mod report;
pub mod telemetry;
pub mod train;
