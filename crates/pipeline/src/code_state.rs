//! What a shard remembers of one code, from its first record to the end.

use std::sync::Arc;

use promoguard_event::{Code, CodeEntry, Currency, Decibans, Decimal, Hour, ScoreLine};
use promoguard_sketch::Reach;
use serde::{Deserialize, Serialize};

use crate::hour_judge::Watched;

/// What a shard remembers of one code.
#[derive(Debug)]
pub(crate) struct CodeState {
    pub(crate) code: Code,
    pub(crate) hash: u64,
    pub(crate) entry: Option<Arc<CodeEntry>>,
    pub(crate) watched: Watched,
    pub(crate) totals: CodeTotals,
    pub(crate) reach: Reach,
    pub(crate) open_row: Option<u32>,
    pub(crate) last_seen: Hour,
    /// Routed records that are not applied yet: the slot must stay this code's until they are.
    pub(crate) in_flight: u32,
    /// Changed since it was last saved, and in its shard's list of those that did.
    pub(crate) dirty: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CodeTotals {
    pub(crate) clicks: u64,
    pub(crate) orders: u64,
    pub(crate) clickless_orders: u64,
    pub(crate) amounts: Vec<(Currency, i128)>,
}

impl CodeState {
    /// A code of which nothing was seen yet.
    pub(crate) fn new(code: Code, hash: u64, entry: Option<Arc<CodeEntry>>) -> Self {
        Self {
            code,
            hash,
            entry,
            watched: Watched::default(),
            totals: CodeTotals::default(),
            reach: Reach::new(),
            open_row: None,
            last_seen: Hour::from_index(i32::MIN),
            in_flight: 0,
            dirty: false,
        }
    }

    pub(crate) fn had_events(&self) -> bool {
        self.totals.clicks > 0 || self.totals.orders > 0
    }

    pub(crate) fn score_line(&self) -> ScoreLine {
        let (peak_score, peak_at) = self.watched.watch.peak().unzip();
        ScoreLine {
            code: self.code.as_str().to_owned(),
            peak_score: peak_score.map(Decibans::new),
            peak_at,
            score: self.watched.watch.score().map(Decibans::new),
            clicks: self.totals.clicks,
            orders: self.totals.orders,
            clickless_orders: self.totals.clickless_orders,
            reach: self.reach.estimate().value.round() as u64,
            amounts: self
                .totals
                .amounts
                .iter()
                .map(|(currency, sum)| (*currency, Decimal(*sum)))
                .collect(),
        }
    }
}
