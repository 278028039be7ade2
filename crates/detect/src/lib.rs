//! Why a promo code is suspicious: what its orders and clicks show, against what honest ones show.
//!
//! Decides: references, evidence, episodes. Fed once per closed hour in two phases: every code
//! adds to the sums of its shop ([`CodeWatch::summarise`]), the merged sums move the references
//! ([`Market::absorb`]), and only then is every code judged ([`CodeWatch::judge`]). So a sale day
//! or an outage moves what is expected, not the flag, and no result depends on which shard or
//! thread counted what.
//! Must not know: where facts come from, where flags go, what time it is.

mod click_watch;
mod closing;
mod decision;
mod episode;
mod eprocess;
mod expected;
mod explain;
mod explanation;
mod exposure;
mod facts;
mod features;
mod hopper;
mod hosts;
mod judge;
mod learned;
mod ledger;
mod market;
mod marks;
mod merchant_settings;
mod model;
mod novel_hosts;
mod onset;
mod order_time;
mod orders;
mod prepare;
mod profile;
mod reading;
mod reference;
mod settings;
mod shop;
mod stable;
mod sums;
mod suspect;
mod trees;
mod volume;
mod watch;

pub use explanation::{
    Circumstance, Episode, Explanation, Flood, History, Lack, Layer, LeakedOrder, Story,
};
pub use facts::{AttemptFact, ClickFacts, HourOfCode, StatusChange};
pub use features::{Direction, FeatureName, feature_names};
pub use hosts::{HostClass, classify_host};
pub use judge::Verdict;
pub use learned::FeatureRow;
pub use market::Market;
pub use marks::{evidence_names, silence_reasons};
pub use merchant_settings::{BookError, MerchantSettings, Page, SettingsBook};
pub use model::{Judge, Model, ModelError, Provenance, smoothed};
pub use orders::order_hash;
pub use settings::{DetectSettings, SettingsError};
pub use stable::city_hash;
pub use sums::HourSums;
pub use trees::{Forest, NO_SPLIT, Tree};
pub use watch::CodeWatch;
