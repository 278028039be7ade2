//! What one code did in one hour: the row that the hot stage counts into and the judge reads.

use promoguard_detect::{AttemptFact, ClickFacts, HostClass, StatusChange};
use promoguard_event::{Currency, Decimal, Decision, Hour, OrderCounts, Sighting, Status, Window};
use promoguard_sketch::Reach;

use serde::{Deserialize, Serialize};

use crate::names::{HostIndex, HostTable};

/// Precision of the unique visitors of one hour: 2^11 registers, 2.3 % standard error once it is
/// no longer exact.
pub(crate) type HourReach = Reach<11>;

/// Hosts of first-visit clicks kept by name for one code and hour.
const HOSTS_PER_ROW_MAX: usize = 8;

/// The part of a row that is published as a window and that late events may still change.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct WindowRow {
    pub(crate) rev: u32,
    clicks: u64,
    #[serde(with = "crate::saved::reach")]
    visitors: HourReach,
    orders: OrderCounts,
    clickless_orders: u64,
    customers: Vec<u64>,
    amounts: Vec<(Currency, i128)>,
}

impl WindowRow {
    pub(crate) fn add_click(&mut self, visitor: u64) {
        self.clicks += 1;
        self.visitors.insert(visitor);
    }

    pub(crate) fn add_status(&mut self, status: Status, customer: Option<u64>) {
        match status {
            Status::Created => self.orders.created += 1,
            Status::Paid => self.orders.paid += 1,
            Status::Cancelled => self.orders.cancelled += 1,
            Status::Returned => self.orders.returned += 1,
            Status::Rejected => self.orders.rejected += 1,
        }
        if let (Some(customer), Status::Created | Status::Paid) = (customer, status)
            && let Err(place) = self.customers.binary_search(&customer)
        {
            self.customers.insert(place, customer);
        }
    }

    /// Counts an order that is accepted for the first time.
    pub(crate) fn add_first_acceptance(&mut self, currency: Currency, amount: i128, click: bool) {
        self.clickless_orders += u64::from(!click);
        add_amount(&mut self.amounts, currency, amount);
    }

    /// The row as it is published; the first time with `rev` 1.
    pub(crate) fn publish(&mut self, code: &str, hour: Hour) -> Window {
        self.rev += 1;
        Window {
            code: code.to_owned(),
            hour,
            rev: self.rev,
            clicks: self.clicks,
            visitors: self.visitors.estimate().value.round() as u64,
            orders: self.orders,
            clickless_orders: self.clickless_orders,
            customers: self.customers.len() as u64,
            amounts: self
                .amounts
                .iter()
                .map(|(currency, units)| (*currency, Decimal(*units)))
                .collect(),
        }
    }
}

/// Adds to the sum of one currency; there are one or two in practice.
pub(crate) fn add_amount(amounts: &mut Vec<(Currency, i128)>, currency: Currency, amount: i128) {
    match amounts.iter_mut().find(|(known, _)| *known == currency) {
        Some((_, sum)) => *sum += amount,
        None => amounts.push((currency, amount)),
    }
}

/// Clicks of one code and hour as the judge sees them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ClickTally {
    clicks: u32,
    pub(crate) first_visits: u32,
    bots: u32,
    without_referrer: u32,
    coupon: u32,
    social: u32,
    unknown_host: u32,
    hosts: Vec<(HostIndex, u32)>,
}

impl ClickTally {
    pub(crate) fn add(&mut self, first_visit: bool, bot: bool, host: HostIndex, hosts: &HostTable) {
        self.clicks += 1;
        self.bots += u32::from(bot);
        self.without_referrer += u32::from(host == HostIndex::NONE);
        if !first_visit {
            return;
        }
        self.first_visits += 1;
        if host == HostIndex::NONE {
            return;
        }
        match hosts.host(host).class {
            HostClass::Social | HostClass::Messenger | HostClass::Search => {
                self.social += 1;
                return;
            }
            HostClass::OwnShop => return,
            class if class.is_coupon() => self.coupon += 1,
            HostClass::Other => self.unknown_host += 1,
            _ => {}
        }
        match self.hosts.iter().position(|(known, _)| *known == host) {
            Some(place) => self.hosts[place].1 += 1,
            None if self.hosts.len() < HOSTS_PER_ROW_MAX => self.hosts.push((host, 1)),
            None => {}
        }
    }

    fn facts(&self, hosts: &HostTable, reach_total: f64) -> ClickFacts {
        let mut named: Vec<(Box<str>, u32)> = self
            .hosts
            .iter()
            .map(|(host, count)| (Box::from(&*hosts.host(*host).name), *count))
            .collect();
        named.sort();
        ClickFacts {
            clicks: self.clicks,
            first_visits: self.first_visits,
            bots: self.bots,
            without_referrer: self.without_referrer,
            coupon: self.coupon,
            unknown_host: self.unknown_host,
            social: self.social,
            hosts: named,
            reach_total,
        }
    }
}

/// Everything about one code in one open hour.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct HourRow {
    pub(crate) window: WindowRow,
    /// Whether the window part was touched: a late order is judged here and counted elsewhere.
    pub(crate) in_window: bool,
    pub(crate) clicks: ClickTally,
    pub(crate) attempts: Vec<AttemptFact>,
    pub(crate) changes: Vec<StatusChange>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) decisions: Vec<Decision>,
}

/// A row of a closed hour, in the form that the judge takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClosedRow {
    pub(crate) local: u32,
    pub(crate) clicks: ClickFacts,
    pub(crate) attempts: Vec<AttemptFact>,
    pub(crate) changes: Vec<StatusChange>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) decisions: Vec<Decision>,
}

impl ClosedRow {
    /// An hour in which nothing happened.
    pub(crate) fn quiet() -> Self {
        HourRow::default().close(0, &HostTable::new(0), 0.0)
    }
}

impl HourRow {
    /// Puts the row into the judge's order: (`ts`, dedupe key), whatever order it arrived in.
    pub(crate) fn close(mut self, local: u32, hosts: &HostTable, reach_total: f64) -> ClosedRow {
        self.attempts.sort_by(|a, b| {
            (a.ts, &a.merchant, &a.order_id, a.rejected).cmp(&(
                b.ts,
                &b.merchant,
                &b.order_id,
                b.rejected,
            ))
        });
        self.changes.sort_by(|a, b| {
            (a.ts, &a.merchant, &a.order_id, a.status.as_str()).cmp(&(
                b.ts,
                &b.merchant,
                &b.order_id,
                b.status.as_str(),
            ))
        });
        self.sightings
            .sort_by(|a, b| (a.ts, &a.url, &a.source).cmp(&(b.ts, &b.url, &b.source)));
        self.decisions
            .sort_by(|a, b| (a.ts, &a.flag_id, a.rev).cmp(&(b.ts, &b.flag_id, b.rev)));
        ClosedRow {
            local,
            clicks: self.clicks.facts(hosts, reach_total),
            attempts: self.attempts,
            changes: self.changes,
            sightings: self.sightings,
            decisions: self.decisions,
        }
    }
}
