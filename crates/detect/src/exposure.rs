//! What a leak cost: orders, commission, VAT, each with its 90 % interval.
//!
//! Decides: how the leak probabilities of orders become money, also of orders that have left the
//! ring. Must not know: how the probabilities came about.

use promoguard_event::{CodeEntry, Currency, Decimal, Exposure, IntervalDecimal, IntervalF};
use serde::{Deserialize, Serialize};

use crate::onset::{HALF_90, Moments, Posterior, RingOrder};
use crate::settings::DetectSettings;
use crate::suspect::Suspect;

/// Relative standard error of a sum of leak probabilities that comes from the beliefs themselves;
/// chosen so that the intervals of some 600 simulated episodes held their truth more often.
const BELIEF_ERROR: f64 = 0.5;

/// Orders that left the ring while the episode went on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) seen: u32,
    orders: Moments,
    money: Moments,
}

impl Settled {
    /// Takes an order with the leak probability that it had last.
    pub(crate) fn take(&mut self, order: &RingOrder, leaked: f64) {
        self.seen += 1;
        add(&mut self.orders, leaked, 1.0);
        if !order.fell_away {
            add(&mut self.money, leaked, order.money as f64);
        }
    }

    /// Takes what orders before the ring may have leaked.
    pub(crate) fn take_unseen(&mut self, found: &Posterior) {
        let unseen = |all: Moments, seen: f64| (all.mean - seen).max(0.0);
        let orders = unseen(found.orders, found.leaked.iter().sum());
        let money = unseen(found.money, found.money_of_ring);
        for (kept, unseen) in [(&mut self.orders, orders), (&mut self.money, money)] {
            kept.mean += unseen;
            kept.variance += 0.25 * unseen * unseen;
        }
    }

    /// An order that left the ring before fell away: which one is not known any more, so the
    /// mean one goes.
    pub(crate) fn fell_away(&mut self) {
        if self.seen > 0 {
            let keep = 1.0 - 1.0 / f64::from(self.seen);
            self.money.mean *= keep;
            self.money.variance *= keep;
        }
    }
}

fn add(moments: &mut Moments, leaked: f64, value: f64) {
    moments.mean += leaked * value;
    moments.variance += leaked * (1.0 - leaked) * value * value;
}

/// The exposure of a flag. Money is commission where the registry names a percentage, else none.
pub(crate) fn exposure(
    settings: &DetectSettings,
    entry: Option<&CodeEntry>,
    currency: Currency,
    found: &Posterior,
    suspect: &Suspect,
) -> Exposure {
    let (settled, ring) = (&suspect.settled, &suspect.ring);
    let orders_before: f64 = suspect.days_before.iter().map(|day| f64::from(*day)).sum();

    let orders_all =
        f64::from(settled.seen) + settled.orders.mean + orders_before + ring.len() as f64;
    let (orders, low, high) = interval(settled.orders, found.orders, orders_all);
    let with_commission = entry.is_some_and(|entry| entry.commission_pct.is_some());
    let of_ring: f64 = ring
        .iter()
        .filter(|order| !order.fell_away)
        .map(|order| order.money as f64)
        .sum();
    let money_all = settled.money.mean * 2.0 + of_ring * (1.0 + orders_before / ring.len() as f64);
    let commission = with_commission.then(|| {
        let (estimate, low, high) = interval(settled.money, found.money, money_all);
        IntervalDecimal {
            estimate: whole(estimate),
            low: whole(low),
            high: whole(high),
        }
    });
    let vat = commission
        .zip(entry.and_then(|entry| entry.vat_payer))
        .map(|(commission, payer)| {
            let share = if payer { settings.vat_pct / 100.0 } else { 0.0 };
            whole(commission.estimate.0 as f64 * share)
        });
    Exposure {
        leaked_orders: IntervalF {
            estimate: orders,
            low,
            high,
        },
        commission,
        vat,
        currency,
    }
}

/// Nothing at stake, for tracks that are not about orders.
pub(crate) fn nothing(currency: Currency) -> Exposure {
    Exposure {
        leaked_orders: IntervalF::default(),
        commission: None,
        vat: None,
        currency,
    }
}

fn interval(settled: Moments, found: Moments, most: f64) -> (f64, f64, f64) {
    let mean = (settled.mean + found.mean).clamp(0.0, most);
    // The beliefs about leaks are the same for all orders of an episode, so their error does not
    // average out; it is most of the uncertainty once an episode is large.
    let by_belief = BELIEF_ERROR * mean;
    let variance = (settled.variance + found.variance).max(0.0) + by_belief * by_belief;
    // Sums of what leaked are wrong by a factor rather than by an amount, and seldom too high.
    let factor = libm::exp(HALF_90 * libm::sqrt(variance) / mean.max(1e-9));
    (mean, mean / factor, (mean * factor).min(most))
}

fn whole(units: f64) -> Decimal {
    Decimal(libm::round(units) as i128)
}
