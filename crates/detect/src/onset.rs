//! When a leak began, and which orders came through it.
//!
//! Decides: the posterior over start, kind and share of leaked orders, given the last orders of
//! a suspect. Bayesian and model-based, unlike the flag: a flat prior over time and shares.
//! Must not know: money.

use promoguard_event::EventTime;
use serde::{Deserialize, Serialize};

use crate::marks::KINDS;
use crate::settings::DetectSettings;

/// Shares of leaked orders in the grid: .1 to .9.
const GRID: usize = 9;
/// A gap between orders weighs at most so many hours in the prior over starts.
const GAP_HOURS_MAX: f64 = 14.0 * 24.0;
/// Least time before the first remembered order in which the start may hide, hours.
const FIRST_GAP_HOURS: f64 = 7.0 * 24.0;
/// What is left of the log likelihood for the start and the share: the model of the orders is not
/// the truth, and taken at its word it was too sure of the start.
const MODEL_TRUST: f64 = 0.6;
/// Half of a 90 % interval in standard deviations.
pub(crate) const HALF_90: f64 = 1.644_853_626_951_472_7;

/// One order of a suspect.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RingOrder {
    /// Event time, whole minutes since 1970.
    pub(crate) minute: u32,
    /// Hash of merchant and order id.
    pub(crate) order: u32,
    /// Commission in units of 1/10,000; the whole amount where no percentage is known.
    pub(crate) money: i64,
    /// Likelihood ratio of each kind against the market.
    pub(crate) ratio: [f32; KINDS],
    /// Cancelled or returned: no money is at stake.
    pub(crate) fell_away: bool,
}

impl RingOrder {
    pub(crate) fn ts(&self) -> EventTime {
        EventTime::from_millis(i64::from(self.minute) * 60_000)
    }
}

/// What the orders say about the leak, given that there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    pub(crate) at: EventTime,
    pub(crate) low: EventTime,
    pub(crate) high: EventTime,
    /// Probability of each order of the ring to be leaked.
    pub(crate) leaked: Vec<f64>,
    pub(crate) orders: Moments,
    pub(crate) money: Moments,
}

/// Mean and variance of a sum over leaked orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// What a code sold before anybody suspected it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsualVolume {
    pub(crate) orders: f32,
    pub(crate) days: f32,
}

impl UsualVolume {
    /// Prior of the rate an hour, as a gamma's shape and rate: at most so many orders' worth, for
    /// habits change.
    fn prior(self) -> (f64, f64) {
        const ORDERS_MAX: f64 = 20.0;
        let orders = f64::from(self.orders) + 0.5;
        let hours = f64::from(self.days) * 24.0 + 12.0;
        let kept = (ORDERS_MAX / orders).min(1.0);
        (orders * kept, hours * kept)
    }
}

/// The posterior over a non-empty ring, oldest order first. `kind_mass` are the weights of the
/// kinds; `earliest` is the start when the first order of the ring is not the first of the leak.
pub(crate) fn posterior(
    settings: &DetectSettings,
    ring: &[RingOrder],
    kind_mass: &[f64; KINDS],
    earliest: Option<EventTime>,
    usual: UsualVolume,
) -> Posterior {
    let n = ring.len();
    assert!(n > 0, "a suspect has orders");
    let gaps = gap_hours(ring, earliest);
    let temper = day_tempers(settings, ring);
    let total_mass: f64 = kind_mass.iter().sum();
    let volume = Volume::of(settings, ring, usual);
    let mut cells: Vec<Cell> = Vec::with_capacity(KINDS * GRID * n);
    let mut highest = f64::NEG_INFINITY;
    for (kind, mass) in kind_mass.iter().enumerate() {
        let kind_log = libm::log((mass / total_mass).max(1e-12));
        for step in 1..=GRID {
            let share = step as f64 / (GRID + 1) as f64;
            let mut cell = Cell::default();
            for (at, order) in ring.iter().enumerate().rev() {
                let ratio = f64::from(order.ratio[kind]);
                let factor = (1.0 - share) + share * ratio;
                let leaked = share * ratio / factor;
                cell.extend(temper[at] * libm::log(factor), leaked, money_of(order));
                cell.start = at;
                cell.kind = kind;
                cell.share = share;
                let said = MODEL_TRUST * (cell.log + volume.log(at, share));
                cell.weight = said + libm::log(gaps[at]) + kind_log;
                highest = highest.max(cell.weight);
                cells.push(cell);
            }
        }
    }
    for cell in &mut cells {
        cell.weight = libm::exp(cell.weight - highest);
    }
    let total: f64 = cells.iter().map(|cell| cell.weight).sum();
    for cell in &mut cells {
        cell.weight /= total;
    }
    let mut starts = vec![0.0; n];
    for cell in &cells {
        starts[cell.start] += cell.weight;
    }
    let (at, low, high) = start_interval(ring, &gaps, &starts);
    Posterior {
        at,
        low,
        high,
        leaked: leaked_each(ring, &cells),
        orders: moments(&cells, |cell| (cell.orders, cell.orders_variance)),
        money: moments(&cells, |cell| (cell.money, cell.money_variance)),
    }
}

/// How well the number of orders before and after a start goes with a share of leaked ones: the
/// code's own orders come at one rate throughout, which is integrated out under its gamma prior, and
/// leaked ones come on top.
struct Volume {
    /// Hours from the first order of the ring to each, and to the last.
    hours: Vec<f64>,
    span: f64,
    shape: f64,
    rate: f64,
    temper: f64,
}

impl Volume {
    fn of(settings: &DetectSettings, ring: &[RingOrder], usual: UsualVolume) -> Volume {
        let first = ring[0].minute;
        let hours: Vec<f64> = ring
            .iter()
            .map(|order| f64::from(order.minute.saturating_sub(first)) / 60.0)
            .collect();
        let (shape, rate) = usual.prior();
        Volume {
            span: hours[hours.len() - 1],
            hours,
            shape,
            rate,
            temper: settings.volume_temper,
        }
    }

    /// Log of the marginal likelihood, up to a constant, tempered: orders come in clusters.
    fn log(&self, start: usize, share: f64) -> f64 {
        let orders = self.hours.len() as f64;
        let after = orders - start as f64;
        let rise = 1.0 / (1.0 - share);
        let exposed = self.rate + self.hours[start] + rise * (self.span - self.hours[start]);
        self.temper * (after * libm::log(rise) - (self.shape + orders) * libm::log(exposed))
    }
}

/// One hypothesis: the leak of this kind and share began with order `start`.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    kind: usize,
    share: f64,
    start: usize,
    log: f64,
    weight: f64,
    orders: f64,
    orders_variance: f64,
    money: f64,
    money_variance: f64,
}

impl Cell {
    fn extend(&mut self, log: f64, leaked: f64, money: f64) {
        self.log += log;
        self.orders += leaked;
        self.orders_variance += leaked * (1.0 - leaked);
        self.money += leaked * money;
        self.money_variance += leaked * (1.0 - leaked) * money * money;
    }
}

fn money_of(order: &RingOrder) -> f64 {
    if order.fell_away {
        0.0
    } else {
        order.money as f64
    }
}

fn moments(cells: &[Cell], of: impl Fn(&Cell) -> (f64, f64)) -> Moments {
    let mean: f64 = cells.iter().map(|cell| cell.weight * of(cell).0).sum();
    let variance = cells
        .iter()
        .map(|cell| {
            let (sum, within) = of(cell);
            cell.weight * (within + (sum - mean) * (sum - mean))
        })
        .sum();
    Moments { mean, variance }
}

fn leaked_each(ring: &[RingOrder], cells: &[Cell]) -> Vec<f64> {
    let mut leaked = vec![0.0; ring.len()];
    // Cells of one kind and share lie together, latest start first: their running weight read
    // from the other end is the chance that the leak had begun.
    for group in cells.chunks(ring.len()) {
        let mut begun = 0.0;
        for (at, cell) in group.iter().rev().enumerate() {
            begun += cell.weight;
            let ratio = f64::from(ring[at].ratio[cell.kind]);
            leaked[at] += begun * cell.share * ratio / ((1.0 - cell.share) + cell.share * ratio);
        }
    }
    leaked
}

/// Hours before each order without any: where a start may hide.
fn gap_hours(ring: &[RingOrder], earliest: Option<EventTime>) -> Vec<f64> {
    let hours =
        |from: u32, to: u32| (f64::from(to.saturating_sub(from)) / 60.0).clamp(1.0, GAP_HOURS_MAX);
    let span = hours(ring[0].minute, ring[ring.len() - 1].minute);
    let typical = span / ring.len() as f64;
    let first = match earliest {
        Some(earliest) => {
            let minute = (earliest.millis() / 60_000).clamp(0, i64::from(u32::MAX)) as u32;
            hours(minute, ring[0].minute)
        }
        // The leak may be older than what is remembered.
        None => typical.max(FIRST_GAP_HOURS),
    };
    let mut gaps = vec![first];
    gaps.extend(
        ring.windows(2)
            .map(|pair| hours(pair[0].minute, pair[1].minute)),
    );
    gaps
}

/// Orders of one day share their circumstances, here as in the accumulators.
fn day_tempers(settings: &DetectSettings, ring: &[RingOrder]) -> Vec<f64> {
    let day = |order: &RingOrder| order.minute / 1440;
    let mut tempers = Vec::with_capacity(ring.len());
    let mut from = 0;
    while from < ring.len() {
        let length = ring[from..]
            .iter()
            .take_while(|o| day(o) == day(&ring[from]))
            .count();
        let temper = 1.0 / (1.0 + settings.day_temper * (length as f64 - 1.0));
        tempers.extend(std::iter::repeat_n(temper, length));
        from += length;
    }
    tempers
}

/// (most likely, 5 %, 95 %), starts spread evenly over the gap before their order.
fn start_interval(
    ring: &[RingOrder],
    gaps: &[f64],
    starts: &[f64],
) -> (EventTime, EventTime, EventTime) {
    // The mode of the density over time: a long gap holds much probability, none of it likely.
    let density = |at: usize| starts[at] / gaps[at];
    let best = (1..starts.len()).fold(0, |best, at| {
        if density(at) > density(best) {
            at
        } else {
            best
        }
    });
    let quantile = |level: f64| {
        let mut below = 0.0;
        for (at, weight) in starts.iter().enumerate() {
            if below + weight >= level {
                let inside = (level - below) / weight.max(1e-300);
                let back_ms = (1.0 - inside) * gaps[at] * 3_600_000.0;
                return ring[at].ts().plus_millis(-(back_ms as i64));
            }
            below += weight;
        }
        ring[ring.len() - 1].ts()
    };
    let at = ring[best].ts();
    (at, quantile(0.05).min(at), quantile(0.95).max(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ratios: &[f32]) -> Vec<RingOrder> {
        ratios
            .iter()
            .enumerate()
            .map(|(at, ratio)| RingOrder {
                minute: 29_000_000 + 360 * at as u32,
                order: at as u32,
                money: 10_000,
                ratio: [*ratio; KINDS],
                fell_away: false,
            })
            .collect()
    }

    #[test]
    fn the_onset_is_where_the_orders_begin_to_look_leaked() {
        let orders = ring(&[0.2, 0.2, 0.3, 0.2, 8.0, 9.0, 7.0, 8.0, 9.0, 8.0]);
        let found = posterior(
            &DetectSettings::default(),
            &orders,
            &[1.0; KINDS],
            None,
            UsualVolume::default(),
        );
        assert_eq!(found.at, orders[4].ts());
        assert!(found.low <= found.at && found.at <= found.high);
        assert!(
            found.leaked[1] < 0.25 && found.leaked[8] > 0.8,
            "{:?}",
            found.leaked
        );
        let sum: f64 = found.leaked.iter().sum();
        assert!((sum - found.orders.mean).abs() < 1e-9);
        assert!((found.orders.mean - 6.0).abs() < 1.0, "{:?}", found.orders);
    }

    #[test]
    fn a_rise_of_the_volume_tells_how_much_leaked_where_the_orders_look_alike() {
        // One order in two days, then four a day, all of them saying nothing by themselves.
        let mut orders = ring(&[1.0; 34]);
        let mut minute = 29_000_000;
        for (at, order) in orders.iter_mut().enumerate() {
            order.minute = minute;
            minute += if at < 10 { 2_880 } else { 360 };
        }
        let usual = UsualVolume {
            orders: 10.0,
            days: 20.0,
        };
        let settings = DetectSettings::default();
        let found = posterior(&settings, &orders, &[1.0; KINDS], None, usual);
        assert!(
            (9..13).any(|at| found.at == orders[at].ts()),
            "{:?}",
            found.at
        );
        assert!(
            (15.0..24.0).contains(&found.orders.mean),
            "{:?}",
            found.orders
        );
    }

    #[test]
    fn an_order_that_fell_away_is_leaked_all_the_same_but_costs_nothing() {
        let mut orders = ring(&[8.0; 6]);
        let before = posterior(
            &DetectSettings::default(),
            &orders,
            &[1.0; KINDS],
            None,
            UsualVolume::default(),
        );
        orders[5].fell_away = true;
        let after = posterior(
            &DetectSettings::default(),
            &orders,
            &[1.0; KINDS],
            None,
            UsualVolume::default(),
        );
        assert_eq!(before.orders, after.orders);
        assert!(after.money.mean < before.money.mean - 8_000.0);
    }
}
