//! A seeded world of partners, shops and customers with known leaks.
//!
//! It writes records in the event contract by itself and depends on no other crate of the workspace, so
//! that whoever reads them is checked against a second reading of the contract. What really happened is
//! kept beside the records ([`World::truth`], [`Marks`]).
//!
//! - [`WorldSettings::preset`], [`WorldSettings::drawn`]: worlds by name, and worlds of constants drawn at random
//! - [`World::fill`], [`World::next_hour`]: records in order of arrival, in bounded memory
//! - [`write_files`], [`write_world`]: a whole world as NDJSON
//!
//! ```
//! use promoguard_simulate::{RecordBatch, World, WorldSettings};
//!
//! let mut world = World::new(WorldSettings { codes: 5, days: 1.0, ..WorldSettings::default() })?;
//! let mut batch = RecordBatch::with_records_max(1_000);
//! let mut orders = 0;
//! while world.fill(&mut batch) > 0 {
//!     orders += batch.iter().filter(|record| record.marks.first_of_order).count() as u64;
//!     batch.clear();
//! }
//! let truth = world.truth();
//! assert_eq!(orders, truth.iter().map(|code| code.organic_orders + code.leaked_orders).sum());
//! # Ok::<(), promoguard_simulate::SettingsError>(())
//! ```
//!
//! How it is divided: a *family* decides what happens in an hour. In `programme` each code has rates, and
//! clicks, typed orders and leaks are drawn from them; in `agents` people with a memory follow partners, shop
//! and talk, and all of it follows from what they do; in `resampled` honest traffic is put together from blocks of a
//! recording, and leaks take orders from the shop. Everything else (stage, order life, delivery, wire, truth)
//! is shared, and knows nothing of how the family makes its decisions. Another family offers `cast`, `play` and
//! `outage` from a folder of its own, and is named in `family` and [`Family`].
//!
//! No clock and no random source of the machine are used: same settings, same bytes.

mod agents;
mod calendar;
mod cascades;
mod delivery;
mod dirty;
mod draft;
mod drawn;
mod family;
mod files;
mod geography;
mod json;
mod presets;
mod programme;
mod random;
mod record;
mod resampled;
mod settings;
mod shape;
mod shop;
mod spread;
mod stage;
mod time;
mod truth;
mod wire;
mod world;

pub use delivery::Totals;
pub use files::{Outputs, write_files, write_world};
pub use record::{Marks, Record, RecordBatch, Topic};
pub use settings::{Family, LeakMix, SettingsError, WorldSettings};
pub use truth::{CodeTruth, EVENTS_MAX, HonestLookalike, LeakKind, TruthEvent};
pub use world::World;
