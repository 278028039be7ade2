//! The records that come in, after every check.
//!
//! Decides: which facts a record carries. Must not know: bytes, or what the facts mean.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::customer::CustomerId;
use crate::money::{Currency, Percent};
use crate::time::EventTime;
use crate::vocabulary::{CodeEntryMode, Outcome, Status, Tier};

/// One valid record.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A visitor followed a partner's link.
    Click(Click<'a>),
    /// An order that redeemed a code, or a later change of its status.
    Order(Order<'a>),
    /// A registry entry.
    Code(Box<CodeEntry>),
    /// A registry entry was removed; made by the caller from the key of a null value.
    CodeRemoved(Code),
    /// Somebody saw the code in a public place.
    Sighting(Box<Sighting>),
    /// An analyst decided.
    Decision(Box<Decision>),
}

/// A visitor followed a partner's redirect link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Click<'a> {
    /// When the redirect was served.
    pub ts: EventTime,
    /// The code, normalised; may be an alias.
    pub code: &'a str,
    /// Unique per click.
    pub click_id: &'a str,
    /// First-party cookie or device hash.
    pub visitor_id: &'a str,
    /// Where the visitor came from; `None` = absent or unusable.
    pub referrer_host: Option<&'a str>,
    /// For bot filtering, never stored.
    pub ip: Option<&'a str>,
    /// For bot filtering, never stored.
    pub ua: Option<&'a str>,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Option<&'a str>,
    /// Free text.
    pub city: Option<&'a str>,
}

impl fmt::Debug for Click<'_> {
    /// Address and user agent are left out, so that no log shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Click")
            .field("ts", &self.ts)
            .field("code", &self.code)
            .field("click_id", &self.click_id)
            .field("visitor_id", &self.visitor_id)
            .field("referrer_host", &self.referrer_host)
            .field("country", &self.country)
            .field("city", &self.city)
            .finish_non_exhaustive()
    }
}

/// An order that redeemed a code, or a later change of its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// When the order took this status.
    pub ts: EventTime,
    /// The code, normalised; may be an alias.
    pub code: &'a str,
    /// Unique within the merchant.
    pub order_id: &'a str,
    /// Paid after the discount, in units of 1/10,000 of the currency, never negative.
    pub amount: i128,
    /// Currency of `amount`.
    pub currency: Currency,
    /// The brand or shop, lower case.
    pub merchant: &'a str,
    /// Lower case; `None` = the merchant's own site.
    pub marketplace: Option<&'a str>,
    /// What the order became.
    pub status: Status,
    /// Pseudonym of the customer.
    pub customer: Option<CustomerId>,
    /// The click that the shop carried through checkout.
    pub click_id: Option<&'a str>,
    /// When that click was.
    pub click_ts: Option<EventTime>,
    /// First order with this merchant.
    pub new_customer: Option<bool>,
    /// Host of the last external referrer of the checkout session.
    pub referrer_host: Option<&'a str>,
    /// How the code got into the form.
    pub code_entry: Option<CodeEntryMode>,
    /// Of delivery; ISO 3166-1 alpha-2, upper case.
    pub country: Option<&'a str>,
    /// Of delivery; free text.
    pub city: Option<&'a str>,
}

/// What the registry knows of a code.
///
/// A list that is longer than its bound is cut, and an element that is not what the list is for
/// is dropped; either is a defect of the list's field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeEntry {
    /// The identity.
    pub code: Code,
    /// As the registry writes it, for people.
    pub spelling: Arc<str>,
    /// Who it was given to.
    pub partner_id: Arc<str>,
    /// Where it works, lower case.
    pub merchant: Arc<str>,
    /// Other identities of the code in the events, at most 64, none of them the code itself.
    pub aliases: Vec<Code>,
    /// Lower case; `None` = the merchant's own site.
    pub marketplace: Option<Arc<str>>,
    /// Size class of the partner.
    pub tier: Option<Tier>,
    /// Followers of the partner.
    pub followers: Option<u64>,
    /// City of the audience.
    pub city: Option<Arc<str>>,
    /// Country of the audience; ISO 3166-1 alpha-2, upper case.
    pub country: Option<Arc<str>>,
    /// Where the partner publishes, as the registry writes it; at most 32.
    pub channels: Vec<Arc<str>>,
    /// What the customer saves.
    pub discount_pct: Option<Percent>,
    /// What the partner earns on the amount, before VAT.
    pub commission_pct: Option<Percent>,
    /// Whether VAT comes on top.
    pub vat_payer: Option<bool>,
    /// Valid from, inclusive.
    pub starts_at: Option<EventTime>,
    /// Valid until, exclusive.
    pub ends_at: Option<EventTime>,
    /// Also spoken or printed, so that orders without clicks are normal.
    pub offline: Option<bool>,
    /// When the partner published or will, ascending, each once, at most 1,024.
    pub posts: Vec<EventTime>,
    /// Coupon or cashback sites that the brand allows for this code, ascending, each once, at
    /// most 256.
    pub permitted_hosts: Vec<Arc<str>>,
}

/// Somebody or something saw the code in a public place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The code seen.
    pub code: Code,
    /// When.
    pub ts: EventTime,
    /// Host of `url`, where it has one.
    pub url_host: Option<Arc<str>>,
    /// Where; at most 2 KiB.
    pub url: Arc<str>,
    /// Who saw it: a crawler, a service, a person.
    pub source: Arc<str>,
}

/// An analyst's answer to a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The flag answered.
    pub flag_id: Arc<str>,
    /// The revision of it that the analyst saw.
    pub rev: u32,
    /// The code of the flag.
    pub code: Code,
    /// When the decision was taken.
    pub ts: EventTime,
    /// Who took it.
    pub actor: Arc<str>,
    /// What was decided.
    pub outcome: Outcome,
    /// Why, in words; at most 2 KiB.
    pub note: Option<Arc<str>>,
    /// Commission is held from this time on.
    pub hold_from: Option<EventTime>,
    /// Hosts that become permitted, ascending, each once, at most 256.
    pub hosts: Vec<Arc<str>>,
    /// When an announced post is expected.
    pub expected_post: Option<EventTime>,
}
