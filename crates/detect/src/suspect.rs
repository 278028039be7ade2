//! What is kept of a code only while it is under suspicion.
//!
//! Decides: the ring of its last orders, its ledger, the hosts it was seen with. Must not know:
//! when a flag is announced.

use promoguard_event::{Currency, EventTime, Hour, Onset};
use serde::{Deserialize, Serialize};

use crate::episode::OpenEpisode;
use crate::exposure::Settled;
use crate::features::Usual;
use crate::ledger::Ledger;
use crate::marks::KINDS;
use crate::onset::{Before, DAYS_BEFORE, Posterior, RingOrder, UsualVolume, posterior};
use crate::profile::{DAYS, Profile};
use crate::reference::Week;
use crate::settings::DetectSettings;

/// Hosts that are named to people.
const HOSTS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suspect {
    pub(crate) ledger: Ledger,
    pub(crate) ring: Vec<RingOrder>,
    pub(crate) settled: Settled,
    pub(crate) hosts: Vec<HostSeen>,
    /// What its orders showed since: no reference, unless an analyst says that it is the normal.
    pub(crate) present: Week,
    /// Start of the evidence in the ledger.
    pub(crate) since: EventTime,
    /// Onset as it was when orders began to leave the ring.
    pub(crate) settled_onset: Option<SettledOnset>,
    /// Accepted evidential orders since then.
    pub(crate) orders: u32,
    pub(crate) currency: Option<Currency>,
    /// What the code sold before it came under suspicion.
    pub(crate) usual: UsualVolume,
    /// Orders of the days before the first of the ring, the newest day first.
    pub(crate) days_before: Vec<u16>,
    pub(crate) data_gap: bool,
    pub(crate) open: Option<OpenEpisode>,
    /// When the evidence crossed the flag's threshold in the hour at hand.
    pub(crate) crossed_at: Option<EventTime>,
}

/// Orders that a clean code remembers, so that a leak's first ones are not lost before it shows.
const RECENT_MAX: usize = 12;
/// Range of the logs of remembered ratios.
const RECENT_LOG: f64 = 4.0;

/// The last orders of a clean code in 12 bytes each, by arrival: ratios to a step of 3 %, money
/// to seven digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentOrders {
    orders: [RecentOrder; RECENT_MAX],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct RecentOrder {
    /// 0 = none.
    minute: u32,
    money: f32,
    ratio: [u8; KINDS],
}

impl RecentOrders {
    pub(crate) fn push(&mut self, order: &RingOrder) {
        let step = |ratio: f32| {
            let log = libm::log(f64::from(ratio).max(1e-6)).clamp(-RECENT_LOG, RECENT_LOG);
            libm::round((log + RECENT_LOG) / (2.0 * RECENT_LOG) * 255.0) as u8
        };
        self.orders.rotate_left(1);
        self.orders[RECENT_MAX - 1] = RecentOrder {
            minute: order.minute,
            money: order.money as f32,
            ratio: order.ratio.map(step),
        };
    }

    pub(crate) fn ring(&self) -> Vec<RingOrder> {
        let ratio =
            |step: u8| libm::exp(f64::from(step) / 255.0 * 2.0 * RECENT_LOG - RECENT_LOG) as f32;
        let mut ring: Vec<RingOrder> = self
            .orders
            .iter()
            .filter(|order| order.minute != 0)
            .map(|order| RingOrder {
                minute: order.minute,
                // Which order it was is not kept: that it fell away later cannot be told.
                order: 0,
                money: order.money as i64,
                ratio: order.ratio.map(ratio),
                fell_away: false,
            })
            .collect();
        ring.sort_by_key(|order| order.minute);
        ring
    }
}

/// An onset that later orders do not move: those it rests on have left the ring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SettledOnset {
    pub(crate) at: EventTime,
    pub(crate) low: EventTime,
    pub(crate) high: EventTime,
}

/// A host of checkouts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HostSeen {
    pub(crate) host: Box<str>,
    pub(crate) orders: u32,
    pub(crate) known: bool,
}

impl Suspect {
    pub(crate) fn new(since: EventTime, recent: Option<&RecentOrders>) -> Suspect {
        Suspect {
            ledger: Ledger::default(),
            ring: recent.map(RecentOrders::ring).unwrap_or_default(),
            settled: Settled::default(),
            hosts: Vec::new(),
            present: Week::default(),
            since,
            settled_onset: None,
            orders: 0,
            currency: None,
            usual: UsualVolume::default(),
            days_before: Vec::new(),
            data_gap: false,
            open: None,
            crossed_at: None,
        }
    }

    /// The onset to tell: settled before, or by the orders at hand.
    pub(crate) fn onset(&self, found: &Posterior) -> Onset {
        match self.settled_onset {
            Some(SettledOnset { at, low, high }) => Onset { at, low, high },
            None => Onset {
                at: found.at,
                low: found.low,
                high: found.high,
            },
        }
    }

    fn before(&self) -> Before<'_> {
        match self.settled_onset {
            Some(onset) => Before::Began(onset.at),
            None => Before::Days(&self.days_before),
        }
    }

    /// Notes what the profile knows of the time before the ring.
    pub(crate) fn note_past(&mut self, profile: &Profile) {
        self.usual = Usual::of(profile).volume();
        let Some(first) = self.ring.first().filter(|_| self.settled.seen == 0) else {
            return;
        };
        let first_day = first.ts().hour().index().div_euclid(24);
        let newest = profile.day() - first_day + 1;
        let days = (newest.max(0) as usize..DAYS).take(DAYS_BEFORE);
        self.days_before = days
            .filter(|ago| profile.knows_day(*ago))
            .map(|ago| profile.day_ago(ago).0 as u16)
            .collect();
    }

    /// Takes an accepted evidential order. `worst` is the highest of its
    /// ratios.
    pub(crate) fn take(
        &mut self,
        settings: &DetectSettings,
        hour: Hour,
        kind_mass: &[f64; KINDS],
        order: RingOrder,
        currency: Currency,
        worst: f64,
    ) {
        self.orders += 1;
        let first = *self.currency.get_or_insert(currency);
        // Money of another currency cannot be added; its orders still count.
        let money = if first == currency { order.money } else { 0 };
        self.push(settings, kind_mass, RingOrder { money, ..order });
        if let Some(open) = &mut self.open {
            open.order(settings, hour, worst);
        }
    }

    /// Adds an order; the oldest leaves with the probability that it has now.
    fn push(&mut self, settings: &DetectSettings, kind_mass: &[f64; KINDS], order: RingOrder) {
        if self.ring.len() >= settings.ring_orders as usize {
            let found = posterior(settings, &self.ring, kind_mass, self.before(), self.usual);
            // A quarter leaves at once, so that the grid is not computed for every order.
            let leaving = (self.ring.len() / 4).max(1);
            for (order, leaked) in self.ring.iter().zip(&found.leaked).take(leaving) {
                self.settled.take(order, *leaked);
            }
            self.settled.take_unseen(&found);
            self.days_before.clear();
            self.ring.drain(..leaving);
            let last_leaving = self.ring[leaving - 1].ts();
            if found.at <= last_leaving {
                let Posterior { at, low, high, .. } = found;
                self.settled_onset
                    .get_or_insert(SettledOnset { at, low, high });
            }
        }
        // Late orders are put where they belong; the grid reads the ring in time order.
        let at = self
            .ring
            .partition_point(|kept| kept.minute <= order.minute);
        self.ring.insert(at, order);
    }

    /// The posterior, where there are orders.
    pub(crate) fn posterior(
        &self,
        settings: &DetectSettings,
        kind_mass: &[f64; KINDS],
    ) -> Option<Posterior> {
        (!self.ring.is_empty())
            .then(|| posterior(settings, &self.ring, kind_mass, self.before(), self.usual))
    }

    pub(crate) fn note_host(&mut self, host: &str, known: bool) {
        if let Some(seen) = self.hosts.iter_mut().find(|seen| &*seen.host == host) {
            seen.orders += 1;
            return;
        }
        if self.hosts.len() < HOSTS_MAX {
            self.hosts.push(HostSeen {
                host: host.into(),
                orders: 1,
                known,
            });
            return;
        }
        // Misra and Gries: everybody pays for the newcomer, the rare ones go.
        for seen in &mut self.hosts {
            seen.orders -= 1;
        }
        self.hosts.retain(|seen| seen.orders > 0);
    }

    /// An order fell away.
    pub(crate) fn fell_away(&mut self, order: u32) {
        match self.ring.iter_mut().find(|kept| kept.order == order) {
            Some(kept) => kept.fell_away = true,
            None => self.settled.fell_away(),
        }
    }
}
