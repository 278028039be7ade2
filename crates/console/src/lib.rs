//! The analysts' console: pages over HTTP, rendered here, from what the review store holds.
//!
//! Decides: who may see and do what, and how it looks. Must not know: how evidence is found, how
//! records reach the store, or where decisions go from its outbox.
//!
//! - [`Console`] and [`Console::router`]: the whole of it
//! - [`Access`]: with accounts, or open on the machine itself
//! - [`route_rules`]: every page with the permission it needs; [`allows`]: who has which
//!
//! Programs have the same under `/api/v1`, with tokens; `/api/v1/openapi.json` describes it.
//!
//! Pages work without JavaScript; `console.js` adds keys, and a line that says what is new. Nothing
//! is loaded from elsewhere.

mod access;
mod api;
mod app;
mod assets;
mod charts;
mod fault;
mod forms;
mod link;
mod page;
mod policy;
mod routes;
mod screens;
mod texts;
mod throttle;

pub use access::Access;
pub use app::{Banner, Console, ConsoleSettings, Now};
pub use policy::{Permission, allows, scope_of};
pub use routes::{Method, RouteRule, route_rules};
