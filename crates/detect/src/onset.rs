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
/// Least time before the first remembered order in which the start may hide, hours, where nothing
/// is known of the days before it.
const FIRST_GAP_HOURS: f64 = 7.0 * 24.0;
/// Days before the first remembered order whose orders are known by number only.
pub(crate) const DAYS_BEFORE: usize = 14;
/// What is left of the log likelihood for the start and the share: the model of the orders is not
/// the truth, and taken at its word it was too sure of the start.
const MODEL_TRUST: f64 = 0.3;
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
    /// Mean of the money of the ring's orders alone.
    pub(crate) money_of_ring: f64,
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

/// What came before the first order of a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Before<'a> {
    /// The leak began then, and orders of it have left the ring.
    Began(EventTime),
    /// Orders of so many days before it, the newest day first; the leak may have begun in any.
    Days(&'a [u16]),
}

/// The posterior over a non-empty ring, oldest order first. `kind_mass` are the weights of the
/// kinds.
pub(crate) fn posterior(
    settings: &DetectSettings,
    ring: &[RingOrder],
    kind_mass: &[f64; KINDS],
    before: Before<'_>,
    usual: UsualVolume,
) -> Posterior {
    let n = ring.len();
    assert!(n > 0, "a suspect has orders");
    let days = match before {
        Before::Began(_) => &[],
        Before::Days(days) => days,
    };
    let starts_at = Starts::of(ring, before);
    let gaps = &starts_at.gaps;
    let mean_money = ring.iter().map(money_of).sum::<f64>() / n as f64;
    let temper = day_tempers(settings, ring);
    let total_mass: f64 = kind_mass.iter().sum();
    let volume = Volume::of(settings, ring, days, usual);
    let mut cells: Vec<Cell> = Vec::with_capacity(KINDS * GRID * (n + days.len()));
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
            // A leak that began on one of the days before: all of the ring, and its share of what
            // those days sold.
            let said = cell.log;
            for (ago, sold) in days.iter().enumerate() {
                let sold = f64::from(*sold);
                cell.start = n + ago;
                let leaked = share * sold;
                // On the day of the start it was half a day, more or less.
                let started = cell.with_unseen(0.5 * leaked, leaked * leaked / 12.0, mean_money);
                let log = MODEL_TRUST * (said + volume.log_of_day(ago, share));
                let weight = log + libm::log(gaps[n + ago]) + kind_log;
                highest = highest.max(weight);
                cells.push(Cell { weight, ..started });
                cell = cell.with_unseen(leaked, leaked * (1.0 - share), mean_money);
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
    let mut starts = vec![0.0; n + days.len()];
    for cell in &cells {
        starts[cell.start] += cell.weight;
    }
    let (at, low, high) = starts_at.interval(&starts);
    let leaked = leaked_each(ring, &cells);
    let money = ring.iter().map(money_of);
    let money_of_ring = leaked.iter().zip(money).map(|(share, money)| share * money);
    Posterior {
        at,
        low,
        high,
        money_of_ring: money_of_ring.sum(),
        leaked,
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
    /// Orders of the days before, the newest first.
    days: Vec<f64>,
    shape: f64,
    rate: f64,
    temper: f64,
}

impl Volume {
    fn of(
        settings: &DetectSettings,
        ring: &[RingOrder],
        days: &[u16],
        usual: UsualVolume,
    ) -> Volume {
        let first = ring[0].minute;
        let hours: Vec<f64> = ring
            .iter()
            .map(|order| f64::from(order.minute.saturating_sub(first)) / 60.0)
            .collect();
        let (shape, rate) = usual.prior();
        Volume {
            span: hours[hours.len() - 1],
            hours,
            days: days.iter().map(|orders| f64::from(*orders)).collect(),
            shape,
            rate,
            temper: settings.volume_temper,
        }
    }

    /// Log of the marginal likelihood, up to a constant, tempered: orders come in clusters.
    fn log(&self, start: usize, share: f64) -> f64 {
        let after = self.hours.len() as f64 - start as f64;
        let calm_hours = self.hours[start] + 24.0 * self.days.len() as f64;
        self.log_with(after, calm_hours, self.span - self.hours[start], share)
    }

    /// The same for a start on a day before the ring, 0 = the newest.
    fn log_of_day(&self, ago: usize, share: f64) -> f64 {
        let whole: f64 = self.days[..ago].iter().sum();
        let after = self.hours.len() as f64 + whole + 0.5 * self.days[ago];
        let raised_hours = self.span + 24.0 * (ago as f64 + 0.5);
        let calm_hours = 24.0 * (self.days.len() - ago) as f64 - 12.0;
        self.log_with(after, calm_hours, raised_hours, share)
    }

    fn log_with(&self, after: f64, calm_hours: f64, raised_hours: f64, share: f64) -> f64 {
        let orders = self.hours.len() as f64 + self.days.iter().sum::<f64>();
        let rise = 1.0 / (1.0 - share);
        let exposed = self.rate + calm_hours + rise * raised_hours;
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

    /// With leaked orders that nobody remembers one by one.
    fn with_unseen(self, leaked: f64, variance: f64, money: f64) -> Cell {
        Cell {
            orders: self.orders + leaked,
            orders_variance: self.orders_variance + variance,
            money: self.money + leaked * money,
            money_variance: self.money_variance + variance * money * money,
            ..self
        }
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
    // Cells of one kind and share lie together, latest start first, those before the ring at the
    // end: their running weight read from there is the chance that the leak had begun.
    for group in cells.chunks(cells.len() / (KINDS * GRID)) {
        let (of_ring, before) = group.split_at(ring.len());
        let mut begun: f64 = before.iter().map(|cell| cell.weight).sum();
        for (at, cell) in of_ring.iter().rev().enumerate() {
            begun += cell.weight;
            let ratio = f64::from(ring[at].ratio[cell.kind]);
            leaked[at] += begun * cell.share * ratio / ((1.0 - cell.share) + cell.share * ratio);
        }
    }
    leaked
}

/// Where a start may be: at an order of the ring, in the hours without any before it; or on one of
/// the days before.
struct Starts {
    /// End of each place; those of the ring first, then the days, the newest first.
    ends: Vec<EventTime>,
    /// Hours of each place.
    gaps: Vec<f64>,
    /// How many of them are of the ring.
    of_ring: usize,
}

impl Starts {
    fn of(ring: &[RingOrder], before: Before<'_>) -> Starts {
        let hours = |from: u32, to: u32| {
            (f64::from(to.saturating_sub(from)) / 60.0).clamp(1.0, GAP_HOURS_MAX)
        };
        let span = hours(ring[0].minute, ring[ring.len() - 1].minute);
        let typical = span / ring.len() as f64;
        let first = match before {
            Before::Began(at) => {
                let minute = (at.millis() / 60_000).clamp(0, i64::from(u32::MAX)) as u32;
                hours(minute, ring[0].minute)
            }
            Before::Days([]) => typical.max(FIRST_GAP_HOURS),
            Before::Days(_) => typical.min(24.0),
        };
        let mut gaps = vec![first];
        gaps.extend(
            ring.windows(2)
                .map(|pair| hours(pair[0].minute, pair[1].minute)),
        );
        let mut ends: Vec<EventTime> = ring.iter().map(RingOrder::ts).collect();
        if let Before::Days(days) = before {
            let mut end = ends[0].plus_millis(-((first * 3_600_000.0) as i64));
            for _ in days {
                ends.push(end);
                gaps.push(24.0);
                end = end.plus_millis(-86_400_000);
            }
        }
        Starts {
            ends,
            gaps,
            of_ring: ring.len(),
        }
    }

    /// (most likely, 5 %, 95 %), starts spread evenly over their places.
    fn interval(&self, weights: &[f64]) -> (EventTime, EventTime, EventTime) {
        // From the oldest place to the newest.
        let places = (self.of_ring..weights.len()).rev().chain(0..self.of_ring);
        let places: Vec<usize> = places.collect();
        // The mode of the density over time: a long gap holds much probability, none of it likely.
        let density = |at: usize| weights[at] / self.gaps[at];
        let best = places
            .iter()
            .copied()
            .reduce(|best, at| {
                if density(at) > density(best) {
                    at
                } else {
                    best
                }
            })
            .expect("a ring has orders");
        let quantile = |level: f64| {
            let mut below = 0.0;
            for at in &places {
                let weight = weights[*at];
                if below + weight >= level {
                    let inside = (level - below) / weight.max(1e-300);
                    let back_ms = (1.0 - inside) * self.gaps[*at] * 3_600_000.0;
                    return self.ends[*at].plus_millis(-(back_ms as i64));
                }
                below += weight;
            }
            self.ends[self.of_ring - 1]
        };
        let at = self.ends[best];
        (at, quantile(0.05).min(at), quantile(0.95).max(at))
    }
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
            Before::Days(&[]),
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
        let found = posterior(&settings, &orders, &[1.0; KINDS], Before::Days(&[]), usual);
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
    fn a_leak_that_began_before_the_remembered_orders_is_dated_and_counted_by_the_days_before() {
        // Twelve remembered orders within a day and a half; the four days before sold eight each, the
        // ten before them one each.
        let mut orders = ring(&[1.5; 12]);
        for (at, order) in orders.iter_mut().enumerate() {
            order.minute = 29_000_000 + 180 * at as u32;
        }
        let days = [8, 8, 8, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        let usual = UsualVolume {
            orders: 10.0,
            days: 10.0,
        };
        let settings = DetectSettings::default();
        let of = |before| posterior(&settings, &orders, &[1.0; KINDS], before, usual);
        let found = of(Before::Days(&days));
        let days_before = orders[0].ts().millis_since(found.at) as f64 / 86_400_000.0;
        assert!((3.0..=5.5).contains(&days_before), "{days_before}");
        assert!(found.low <= found.at && found.at <= found.high);
        // 44 orders since then, five of them its own.
        assert!(
            (24.0..44.0).contains(&found.orders.mean),
            "{:?}",
            found.orders
        );
        let remembered: f64 = found.leaked.iter().sum();
        assert!(found.orders.mean > remembered + 12.0, "{remembered}");
        assert!((found.money_of_ring - 10_000.0 * remembered).abs() < 1.0);
        // Without those days nobody would count more than what is remembered.
        assert!(of(Before::Days(&[])).orders.mean <= 12.0);
    }

    #[test]
    fn an_order_that_fell_away_is_leaked_all_the_same_but_costs_nothing() {
        let mut orders = ring(&[8.0; 6]);
        let before = posterior(
            &DetectSettings::default(),
            &orders,
            &[1.0; KINDS],
            Before::Days(&[]),
            UsualVolume::default(),
        );
        orders[5].fell_away = true;
        let after = posterior(
            &DetectSettings::default(),
            &orders,
            &[1.0; KINDS],
            Before::Days(&[]),
            UsualVolume::default(),
        );
        assert_eq!(before.orders, after.orders);
        assert!(after.money.mean < before.money.mean - 8_000.0);
    }
}
