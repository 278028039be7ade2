//! The lines of the topics, as far as the store needs them.
//!
//! Decides: which fields must be there. Must not know: where the lines come from, or tables.

use promoguard_event::{
    Basis, Currency, Decimal, EventTime, Exposure, FlagKind, FlagState, Hour, Likelihood, Onset,
    TopReferrer,
};
use serde::{Deserialize, Serialize};

/// A revision of a flag, as its line says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagRecord {
    /// The flag.
    pub flag_id: String,
    /// Counts from 1.
    pub rev: u32,
    /// As the registry spells it.
    pub code: String,
    /// Who the code was given to.
    pub partner_id: Option<String>,
    /// Where it works.
    pub merchant: Option<String>,
    /// Where it works, if not on the merchant's own site.
    pub marketplace: Option<String>,
    /// When the evidence crossed the threshold.
    pub ts: EventTime,
    /// Where the episode stands.
    pub state: FlagState,
    /// Which story explains it best.
    pub kind: FlagKind,
    /// Decibans.
    pub score: f64,
    /// Which layer crossed.
    pub basis: Basis,
    /// When it began.
    pub onset: Onset,
    /// What speaks for it and against.
    pub evidence: Vec<EvidenceRecord>,
    /// What it cost.
    pub exposure: Exposure,
    /// Where its orders came from.
    #[serde(default)]
    pub top_referrers: Vec<TopReferrer>,
    /// Version and hash of the detector's settings.
    pub detector: String,
    /// A known gap of the input touches the evidence.
    #[serde(default)]
    pub data_gap: bool,
}

impl FlagRecord {
    /// Everything before this instant is in the evidence.
    pub fn judged_until(&self) -> EventTime {
        let windows = self.evidence.iter().filter_map(|item| item.window);
        let last = windows.map(|window| window.to).max();
        last.unwrap_or_else(|| self.ts.hour().end())
    }
}

/// An item of the evidence: something that spoke, or that abstained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// Its name.
    pub signal: String,
    /// What was seen.
    #[serde(default)]
    pub observed: Option<f64>,
    /// What an honest code would have shown.
    #[serde(default)]
    pub expected: Option<f64>,
    /// Of how many.
    #[serde(default)]
    pub n: u64,
    /// How much it says.
    #[serde(default)]
    pub decibans: Option<f64>,
    /// From when to when.
    #[serde(default)]
    pub window: Option<Span>,
    /// Why it said nothing.
    #[serde(default)]
    pub abstained: Option<String>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub from: EventTime,
    /// First instant after it.
    pub to: EventTime,
}

#[derive(Deserialize)]
pub(crate) struct WindowRecord {
    pub(crate) code: String,
    pub(crate) hour: Hour,
    pub(crate) rev: u32,
    pub(crate) clicks: u32,
    pub(crate) visitors: u32,
    pub(crate) orders: StatusCounts,
    pub(crate) clickless_orders: u32,
    pub(crate) customers: u32,
}

#[derive(Deserialize)]
pub(crate) struct StatusCounts {
    pub(crate) created: u32,
    pub(crate) paid: u32,
    pub(crate) cancelled: u32,
    pub(crate) returned: u32,
    pub(crate) rejected: u32,
}

#[derive(Deserialize)]
pub(crate) struct OrderRecord {
    pub(crate) order_id: String,
    pub(crate) merchant: String,
    pub(crate) code: String,
    pub(crate) ts: EventTime,
    pub(crate) amount: Decimal,
    pub(crate) currency: Currency,
    pub(crate) commission: Option<Decimal>,
    pub(crate) p_leak: f64,
    pub(crate) likelihood: Option<Likelihood>,
    pub(crate) flag_id: Option<String>,
}

/// An entry of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// As the registry spells it.
    pub code: String,
    /// Who it was given to.
    pub partner_id: String,
    /// Where it works.
    pub merchant: String,
    /// Where it works, if not on the merchant's own site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<String>,
    /// Size class of the partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Followers of the partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followers: Option<u64>,
    /// City of the audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Also spoken or printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// Valid from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<AnyTime>,
    /// Valid until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<AnyTime>,
    /// When the partner published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<AnyTime>,
    /// Sites that the brand allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permitted_hosts: Vec<String>,
}

/// A time as text or as milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnyTime {
    /// RFC 3339.
    Text(EventTime),
    /// Milliseconds since 1970.
    Millis(i64),
}

impl AnyTime {
    /// The instant.
    pub fn at(self) -> EventTime {
        match self {
            AnyTime::Text(at) => at,
            AnyTime::Millis(millis) => EventTime::from_millis(millis),
        }
    }
}
