//! The driver: takes batches from the sources, drives the shards, performs their effects. All
//! I/O, threads and clocks of a run are here; the decisions are in `promoguard-pipeline`.

pub mod arrival;
pub mod checkpoint;
pub mod click_stream;
pub mod decode;
pub mod desk;
pub mod event_time;
pub mod features;
pub mod live;
pub mod measure;
pub mod memory;
pub mod partition;
pub mod progress;
pub mod publish;
pub mod rekey;
pub mod replay;
pub mod session;
pub mod settings;
pub mod shadow;
pub mod sinks;
pub mod sorted;
