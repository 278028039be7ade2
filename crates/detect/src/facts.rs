//! What the hot stage hands to the judge about one code and one hour.
//!
//! Decides: the shape of the facts. Must not know: how they were counted, or what they mean.

use std::sync::Arc;

use promoguard_event::{
    Code, CodeEntry, CodeEntryMode, Currency, Decision, EventTime, Hour, Sighting, Status,
};
use serde::{Deserialize, Serialize};

/// One order record worth judging: an order accepted for the first time, or a refused attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptFact {
    /// When the order took its status.
    pub ts: EventTime,
    /// Arrived behind the watermark: its own hour was closed already.
    pub late: bool,
    /// The shop refused to redeem the code.
    pub rejected: bool,
    /// Unique within the merchant.
    pub order_id: Box<str>,
    /// The shop.
    pub merchant: Arc<str>,
    /// `None` = the merchant's own site.
    pub marketplace: Option<Arc<str>>,
    /// Paid after the discount, units of 1/10,000.
    pub amount: i128,
    /// Currency of `amount`.
    pub currency: Currency,
    /// Pseudonym of the customer.
    pub customer: Option<u64>,
    /// First order with this merchant.
    pub new_customer: Option<bool>,
    /// How the code got into the form.
    pub entry: Option<CodeEntryMode>,
    /// The shop carried a click id through checkout.
    pub has_click_id: bool,
    /// When that click was.
    pub click_ts: Option<EventTime>,
    /// Host of the last external referrer of the checkout.
    pub referrer: Option<Box<str>>,
    /// [`crate::city_hash`] of the delivery city.
    pub city: Option<u64>,
    /// Country of delivery, ISO 3166-1 alpha-2.
    pub country: Option<[u8; 2]>,
    /// First-visit clicks of this code earlier in the same hour.
    pub first_visits_before: u32,
}

/// An order that was counted before and fell away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// When.
    pub ts: EventTime,
    /// Which order.
    pub order_id: Box<str>,
    /// Of which shop.
    pub merchant: Arc<str>,
    /// `Cancelled` or `Returned`; others are ignored.
    pub status: Status,
}

/// Clicks of one code in one hour, after the dedupe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClickFacts {
    /// All of them.
    pub clicks: u32,
    /// Those by visitors not seen before on this code within the horizon of the hot stage.
    pub first_visits: u32,
    /// Clicks by known robots.
    pub bots: u32,
    /// Clicks without a usable referrer.
    pub without_referrer: u32,
    /// First visits from hosts of a class for which [`crate::HostClass::is_coupon`] holds.
    pub coupon: u32,
    /// First visits from hosts of class [`crate::HostClass::Other`].
    pub unknown_host: u32,
    /// First visits from social, search and messenger hosts.
    pub social: u32,
    /// Most frequent hosts of first visits that are not social, search or messenger; bounded.
    pub hosts: Vec<(Box<str>, u32)>,
    /// Unique visitors of the code up to now.
    pub reach_total: f64,
}

/// One code's closed hour, as both phases see it.
#[derive(Clone, Copy, Debug)]
pub struct HourOfCode<'a> {
    /// The hour being judged.
    pub hour: Hour,
    /// The code.
    pub code: &'a Code,
    /// Its registry entry; `None` = nobody issued it.
    pub entry: Option<&'a CodeEntry>,
    /// Its clicks.
    pub clicks: &'a ClickFacts,
    /// Orders and refused attempts, in the judge's total order.
    pub attempts: &'a [AttemptFact],
    /// Orders that fell away.
    pub changes: &'a [StatusChange],
    /// Sightings of this hour.
    pub sightings: &'a [Sighting],
    /// Decisions of this hour.
    pub decisions: &'a [Decision],
    /// A known gap in the input touches this hour.
    pub data_gap: bool,
}
