//! Records on their way into a shard: looked up, ordered, not applied yet.

use promoguard_event::EventTime;
use serde::{Deserialize, Serialize};

use crate::names::HostIndex;
use crate::records::OrderRecord;

/// A click on its way into its shard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ShardClick {
    /// Effective time: the order of application.
    pub at: EventTime,
    /// When the redirect was served.
    pub ts: EventTime,
    /// Index of the code in the shard.
    pub local: u32,
    /// Where the visitor came from.
    pub host: HostIndex,
    /// Keyed hash of the click id.
    pub key: u128,
    /// Keyed hash of the visitor id.
    pub visitor: u64,
    /// The user agent names itself a bot.
    pub bot: bool,
}

/// An order record on its way into its shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardOrder {
    /// Effective time: the order of application.
    pub at: EventTime,
    /// When the order took its status.
    pub ts: EventTime,
    /// Index of the code in the shard.
    pub local: u32,
    /// The record.
    pub order: Box<OrderRecord>,
}

/// Clicks and orders for one shard, each in order of effective time.
#[derive(Debug, Default)]
pub struct ShardBatch {
    /// Clicks in order.
    pub clicks: Vec<ShardClick>,
    /// Orders in order.
    pub orders: Vec<ShardOrder>,
}

impl ShardBatch {
    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.clicks.len() + self.orders.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn clear(&mut self) {
        self.clicks.clear();
        self.orders.clear();
    }
}
