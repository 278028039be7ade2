//! The other lines that go out: judged orders, windows, scores, dead letters.
//!
//! Decides: their fields, order and formats. Must not know: how the figures are made.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Field};
use crate::money::{Currency, Decimal};
use crate::time::{EventTime, Hour};
use crate::write::JsonLine;

/// One order with the probability that it came through a leak.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedOrder {
    /// Unique within the merchant.
    pub order_id: String,
    /// The shop.
    pub merchant: String,
    /// The registry's spelling, else the normalised code.
    pub code: String,
    /// When the order took its status.
    pub ts: EventTime,
    /// What was paid.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// What the partner earns; `None` where the registry names no percentage.
    pub commission: Option<Decimal>,
    /// Probability from 0 to 1 that the order came through the leak, given all evidence so far.
    pub p_leak: f64,
    /// The hour in which it was judged.
    pub hour: Hour,
    /// What it says by itself; printed only if it is evidence.
    pub likelihood: Option<Likelihood>,
    /// The flag it belongs to; printed only if there is one.
    pub flag_id: Option<String>,
}

/// How many times likelier an order is if it came through a leak of a kind than if it is honest,
/// as it was when the order was judged; later evidence does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// Of [`crate::FlagKind::CouponSite`].
    pub coupon_site: f64,
    /// Of [`crate::FlagKind::Extension`].
    pub extension: f64,
    /// Of [`crate::FlagKind::InsiderOrCommunity`].
    pub insider_or_community: f64,
}

impl JudgedOrder {
    /// Appends one line of JSON with its newline.
    ///
    /// # Panics
    /// If the probability is not a number: it must not be printed as if it were.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        assert!(!self.p_leak.is_nan(), "p_leak is not a number");
        let mut line = JsonLine::begin(out);
        line.text("order_id", &self.order_id);
        line.text("merchant", &self.merchant);
        line.text("code", &self.code);
        line.quoted("ts", self.ts);
        line.quoted("amount", self.amount);
        line.quoted("currency", self.currency);
        line.quoted_or_null("commission", self.commission);
        // Adding zero takes the sign off minus zero.
        let p_leak = self.p_leak.clamp(0.0, 1.0) + 0.0;
        line.shown("p_leak", format_args!("{p_leak:.6}"));
        line.quoted("hour", self.hour);
        if let Some(likelihood) = &self.likelihood {
            line.object("likelihood", |object| {
                object.rounded_or_null("coupon_site", Some(likelihood.coupon_site));
                object.rounded_or_null("extension", Some(likelihood.extension));
                let insider = Some(likelihood.insider_or_community);
                object.rounded_or_null("insider_or_community", insider);
            });
        }
        if let Some(flag_id) = &self.flag_id {
            line.text("flag_id", flag_id);
        }
        line.end();
    }
}

/// Order records of one hour by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCounts {
    /// Placed.
    pub created: u64,
    /// Paid.
    pub paid: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Sent back.
    pub returned: u64,
    /// Refused redemptions.
    pub rejected: u64,
}

/// What one code did in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The registry's spelling, else the normalised code.
    pub code: String,
    /// Which hour.
    pub hour: Hour,
    /// Counts from 1; higher where late events changed the window.
    pub rev: u32,
    /// Clicks after the dedupe.
    pub clicks: u64,
    /// Distinct visitors, estimated.
    pub visitors: u64,
    /// Order records.
    pub orders: OrderCounts,
    /// Orders without a click.
    pub clickless_orders: u64,
    /// Distinct customers.
    pub customers: u64,
    /// Sum of the amounts, by currency.
    pub amounts: BTreeMap<Currency, Decimal>,
}

impl Window {
    /// Appends one line of JSON with its newline.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut line = JsonLine::begin(out);
        line.text("code", &self.code);
        line.quoted("hour", self.hour);
        line.shown("rev", self.rev);
        line.shown("clicks", self.clicks);
        line.shown("visitors", self.visitors);
        line.object("orders", |orders| {
            orders.shown("created", self.orders.created);
            orders.shown("paid", self.orders.paid);
            orders.shown("cancelled", self.orders.cancelled);
            orders.shown("returned", self.orders.returned);
            orders.shown("rejected", self.orders.rejected);
        });
        line.shown("clickless_orders", self.clickless_orders);
        line.shown("customers", self.customers);
        write_amounts(&mut line, &self.amounts);
        line.end();
    }
}

/// What a whole run says of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreLine {
    /// The registry's spelling, else the normalised code.
    pub code: String,
    /// The highest score; `None` where there was no evidence.
    pub peak_score: Option<crate::flag::Decibans>,
    /// When that was.
    pub peak_at: Option<EventTime>,
    /// The score at the end; `None` where there was no evidence.
    pub score: Option<crate::flag::Decibans>,
    /// Clicks after the dedupe.
    pub clicks: u64,
    /// Distinct orders accepted.
    pub orders: u64,
    /// Those of them without a click id.
    pub clickless_orders: u64,
    /// Distinct visitors, estimated.
    pub reach: u64,
    /// Sum of the orders' amounts when first accepted, by currency. The line's `amount` is the
    /// only one of them, or null.
    pub amounts: BTreeMap<Currency, Decimal>,
}

impl ScoreLine {
    /// The sum where there is exactly one currency.
    pub fn amount(&self) -> Option<Decimal> {
        match self.amounts.len() {
            1 => self.amounts.values().next().copied(),
            _ => None,
        }
    }

    /// Appends one line of JSON with its newline.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut line = JsonLine::begin(out);
        line.text("code", &self.code);
        line.shown_or_null("peak_score", self.peak_score);
        line.quoted_or_null("peak_at", self.peak_at);
        line.shown_or_null("score", self.score);
        line.shown("clicks", self.clicks);
        line.shown("orders", self.orders);
        line.shown("clickless_orders", self.clickless_orders);
        line.shown("reach", self.reach);
        line.quoted_or_null("amount", self.amount());
        write_amounts(&mut line, &self.amounts);
        line.end();
    }
}

fn write_amounts(line: &mut JsonLine<'_>, amounts: &BTreeMap<Currency, Decimal>) {
    line.object("amounts", |object| {
        for (currency, amount) in amounts {
            object.quoted(&currency.to_string(), amount);
        }
    });
}

/// A record that could not be read, as a line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetterLine<'a> {
    /// What is wrong.
    pub error: ErrorKind,
    /// The field to blame; printed only if there is one.
    pub field: Option<Field>,
    /// The file it came from.
    pub source: &'a str,
    /// Line number in it, from 1.
    pub line: u64,
    /// The bytes as they came, without the newline.
    pub raw: &'a [u8],
}

impl DeadLetterLine<'_> {
    /// Appends one line of JSON with its newline.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut line = JsonLine::begin(out);
        line.text("error", self.error.as_str());
        if let Some(field) = self.field {
            line.text("field", field.as_str());
        }
        line.text("source", self.source);
        line.shown("line", self.line);
        line.text("raw_base64", &STANDARD.encode(self.raw));
        line.end();
    }
}
