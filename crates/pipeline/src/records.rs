//! What a decoded batch looks like between a reader and the shards: plain rows with their text in
//! one arena, so that decoding needs no allocation per click and rows can change threads.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use promoguard_event::{
    CodeEntry, CodeEntryMode, Currency, Decision, EventTime, Order, Sighting, Status,
};

/// A piece of [`Records::text`]; empty where the field is absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    start: u32,
    length: u32,
}

/// A click after decoding and hashing.
#[derive(Clone, Copy, Debug)]
pub struct ClickRow {
    /// When the redirect was served.
    pub ts: EventTime,
    /// The normalised code, perhaps an alias.
    pub code: Span,
    /// Host of the referrer.
    pub host: Span,
    /// Keyed hash of the click id.
    pub key: u128,
    /// Keyed hash of the visitor id.
    pub visitor: u64,
    /// The user agent names itself a bot, a script or a headless browser.
    pub bot: bool,
}

/// An order record after decoding.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// When the order took its status.
    pub ts: EventTime,
    /// The normalised code, perhaps an alias.
    pub code: Span,
    /// Everything else.
    pub order: Box<OrderRecord>,
}

/// An order record that owns its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Unique within the merchant.
    pub order_id: Box<str>,
    /// The brand or shop, lower case.
    pub merchant: Arc<str>,
    /// `None` = the merchant's own site.
    pub marketplace: Option<Arc<str>>,
    /// Paid, in 1/10,000 of the currency.
    pub amount: i128,
    /// Currency of `amount`.
    pub currency: Currency,
    /// What the order became.
    pub status: Status,
    /// Pseudonym of the customer.
    pub customer: Option<u64>,
    /// Whether the order carried a click id.
    pub has_click_id: bool,
    /// When that click was.
    pub click_ts: Option<EventTime>,
    /// First order with this merchant.
    pub new_customer: Option<bool>,
    /// Host of the last external referrer.
    pub referrer: Option<Box<str>>,
    /// How the code got into the form.
    pub entry: Option<CodeEntryMode>,
    /// Hash of the city of delivery.
    pub city: Option<u64>,
    /// Country of delivery.
    pub country: Option<[u8; 2]>,
}

/// A decoded record that is neither a click nor an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Notice {
    /// A registry entry.
    Code(Box<CodeEntry>),
    /// Somebody saw the code in public.
    Sighting(Box<Sighting>),
    /// An analyst decided.
    Decision(Box<Decision>),
}

/// Decoded records of one source, in the order of that source.
#[derive(Debug, Default)]
pub struct Records {
    text: String,
    /// Clicks, in order.
    pub clicks: Vec<ClickRow>,
    /// Orders, in order.
    pub orders: Vec<OrderRow>,
    /// The rest, in order.
    pub notices: Vec<Notice>,
}

impl Records {
    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.text.clear();
        self.clicks.clear();
        self.orders.clear();
        self.notices.clear();
    }

    /// The text of a span of this batch.
    pub fn text(&self, span: Span) -> &str {
        &self.text[span.start as usize..(span.start + span.length) as usize]
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.clicks.len() + self.orders.len() + self.notices.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn keep(&mut self, text: &str) -> Span {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Span {
            start,
            length: text.len() as u32,
        }
    }
}

/// Shares one allocation between equal texts of a stream with few different ones (merchants,
/// marketplaces). Bounded: past `NAMES_MAX` it starts again.
#[derive(Debug, Default)]
pub(crate) struct NamePool {
    names: hashbrown::HashSet<Arc<str>>,
}

const NAMES_MAX: usize = 4096;

impl NamePool {
    pub(crate) fn share(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        let shared: Arc<str> = Arc::from(name);
        self.names.insert(Arc::clone(&shared));
        shared
    }
}

impl OrderRecord {
    pub(crate) fn of(order: &Order<'_>, city: Option<u64>, names: &mut NamePool) -> Self {
        Self {
            order_id: Box::from(order.order_id),
            merchant: names.share(order.merchant),
            marketplace: order.marketplace.map(|name| names.share(name)),
            amount: order.amount,
            currency: order.currency,
            status: order.status,
            customer: order.customer.map(|customer| customer.as_u64()),
            has_click_id: order.click_id.is_some(),
            click_ts: order.click_ts,
            new_customer: order.new_customer,
            referrer: order.referrer_host.map(Box::from),
            entry: order.code_entry,
            city,
            country: order
                .country
                .and_then(|text| text.as_bytes().try_into().ok()),
        }
    }
}
