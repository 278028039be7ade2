//! A recording: honest traffic of some programme, hour by hour and code by code.
//!
//! Decides how it is kept and looked up. Must not know where it came from, or what is made of it.

use crate::draft::{Entry, ReferrerId};
use crate::geography::CityId;
use crate::random::Random;

/// Four whole weeks, so that any hour of the week was recorded as often as any other.
pub(crate) const RECORDED_HOURS: usize = 28 * 24;
/// Hours of a week.
pub(crate) const WEEK_HOURS: usize = 7 * 24;
/// An order to which no click led.
pub(crate) const NO_CLICK: u32 = u32::MAX;
/// A burst is followed for this many hours.
pub(crate) const BURST_HOURS: usize = 36;

#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordedClick {
    pub(crate) visitor: u64,
    /// Milliseconds within its hour.
    pub(crate) at: u32,
    pub(crate) referrer: ReferrerId,
    pub(crate) agent: u8,
    pub(crate) city: CityId,
    /// The link carries an alias of the code.
    pub(crate) alias: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordedOrder {
    pub(crate) customer: u64,
    /// Index of the click that led to it, or [`NO_CLICK`]. Such an order is filed under the click's hour.
    pub(crate) click: u32,
    /// Milliseconds within its hour; of one with a click, since that click.
    pub(crate) at: u32,
    pub(crate) referrer: ReferrerId,
    /// Basket relative to its shop's.
    pub(crate) basket: f32,
    pub(crate) home: CityId,
    pub(crate) city: CityId,
    pub(crate) entry: Entry,
    /// The customer's first order with the shop.
    pub(crate) newcomer: bool,
    /// The customer's first order with the shop is in the recording, be it this one or another.
    pub(crate) joined: bool,
}

/// A recorded code, which lends its traffic.
#[derive(Clone, Debug)]
pub(crate) struct Donor {
    pub(crate) walled: bool,
    pub(crate) country: &'static str,
    pub(crate) shop: u32,
    pub(crate) orders_per_day: f64,
    /// Where the clicks and orders of each hour begin; one entry more than there are hours.
    pub(crate) clicks_from: Vec<u32>,
    pub(crate) orders_from: Vec<u32>,
    /// Hours in which a burst began.
    pub(crate) bursts: Vec<u16>,
}

/// Orders of one kind of shop by the hour of the week in which they were placed.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    by_week_hour: Vec<Vec<u32>>,
    /// Orders of each recorded hour relative to the mean, smoothed.
    level: Vec<f32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) donors: Vec<Donor>,
    pub(crate) clicks: Vec<RecordedClick>,
    pub(crate) orders: Vec<RecordedOrder>,
    /// Of shops of their own, of shops on marketplaces.
    pub(crate) stocks: [Stock; 2],
    /// Shapes of the highest bursts: shares of what came in the hours after they began.
    pub(crate) bursts: Vec<[f32; BURST_HOURS]>,
    /// Hour of the day, in Almaty, in which each of them began.
    pub(crate) burst_day_hours: Vec<u16>,
    /// Texts of referrers by id; the one at 0 stands for none.
    pub(crate) referrers: Vec<String>,
    pub(crate) orders_per_day_median: f64,
    pub(crate) clicks_per_order: f64,
}

impl Donor {
    pub(crate) fn clicks_in(&self, hour: usize) -> std::ops::Range<usize> {
        self.clicks_from[hour] as usize..self.clicks_from[hour + 1] as usize
    }

    pub(crate) fn orders_in(&self, hour: usize) -> std::ops::Range<usize> {
        self.orders_from[hour] as usize..self.orders_from[hour + 1] as usize
    }

    pub(crate) fn all_clicks(&self) -> std::ops::Range<usize> {
        self.clicks_from[0] as usize..self.clicks_from[RECORDED_HOURS] as usize
    }

    pub(crate) fn all_orders(&self) -> std::ops::Range<usize> {
        self.orders_from[0] as usize..self.orders_from[RECORDED_HOURS] as usize
    }
}

impl Stock {
    /// The stock of orders, each with the recorded hour in which it was placed.
    pub(crate) fn of(orders: impl Iterator<Item = (u32, usize)>) -> Self {
        let mut by_week_hour = vec![Vec::new(); WEEK_HOURS];
        let mut counts = vec![0.0_f32; RECORDED_HOURS];
        for (order, hour) in orders {
            by_week_hour[hour % WEEK_HOURS].push(order);
            counts[hour] += 1.0;
        }
        Self {
            level: smoothed(&counts),
            by_week_hour,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_week_hour.iter().all(Vec::is_empty)
    }

    /// Orders in a recorded hour relative to the mean.
    pub(crate) fn level(&self, hour: usize) -> f64 {
        f64::from(self.level[hour])
    }

    /// Some order of about that hour of the week.
    pub(crate) fn draw(&self, week_hour: usize, random: &mut Random) -> Option<u32> {
        (0..WEEK_HOURS).find_map(|away| {
            // Nearest first, to either side: 0, 1, -1, 2, -2, …
            let shift = away.div_ceil(2);
            let at = if away % 2 == 1 {
                (week_hour + shift) % WEEK_HOURS
            } else {
                (week_hour + WEEK_HOURS - shift) % WEEK_HOURS
            };
            let orders = &self.by_week_hour[at];
            (!orders.is_empty()).then(|| random.pick(orders))
        })
    }
}

/// A short recording has few orders in an hour, so its own hours are blended with the mean of that hour of
/// the week and of the hours around.
fn smoothed(counts: &[f32]) -> Vec<f32> {
    let total: f32 = counts.iter().sum();
    if total == 0.0 {
        return vec![1.0; counts.len()];
    }
    let mean = total / counts.len() as f32;
    let around = |hour: usize, reach: usize| -> f32 {
        let n = counts.len();
        let sum: f32 = (0..=2 * reach)
            .map(|shift| counts[(hour + n + shift - reach) % n])
            .sum();
        sum / (2 * reach + 1) as f32
    };
    let weeks = counts.len() / WEEK_HOURS;
    (0..counts.len())
        .map(|hour| {
            let usual: f32 = (0..weeks)
                .map(|week| around((hour + week * WEEK_HOURS) % counts.len(), 1))
                .sum::<f32>()
                / weeks as f32;
            (0.5 * around(hour, 2) + 0.5 * usual) / mean
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_stock_gives_orders_of_the_hour_of_the_week_or_the_nearest_that_has_any() {
        let stock = Stock::of([(7, 10), (8, 10 + 2 * WEEK_HOURS), (9, 160)].into_iter());
        let mut random = Random::of(1, Stream::Cast, 0, 0);
        let mut drawn = |week_hour| stock.draw(week_hour, &mut random).unwrap();
        assert!((0..20).all(|_| [7, 8].contains(&drawn(10))));
        assert_eq!(drawn(159), 9);
        assert_eq!(drawn(166), 9);
        assert!([7, 8].contains(&drawn(20)));
        let mean = (0..RECORDED_HOURS)
            .map(|hour| stock.level(hour))
            .sum::<f64>();
        assert!((mean / RECORDED_HOURS as f64 - 1.0).abs() < 1e-3);
    }
}
