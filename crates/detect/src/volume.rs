//! How much a shop sells and is visited from day to day.
//!
//! Decides: what the market's own rise or fall is, against which a code's orders are held. Must
//! not know: any particular code.

use serde::{Deserialize, Serialize};

use crate::profile::DAYS;
use crate::stable::from_units;
use crate::sums::ShopSums;

/// Orders and first visits of the last days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volume {
    /// By day modulo [`DAYS`].
    orders: Vec<f64>,
    visits: Vec<f64>,
    suspect_orders: Vec<f64>,
    day: i32,
    since: i32,
}

impl Volume {
    pub(crate) fn new(day: i32) -> Volume {
        Volume {
            orders: vec![0.0; DAYS],
            visits: vec![0.0; DAYS],
            suspect_orders: vec![0.0; DAYS],
            day,
            since: day,
        }
    }

    pub(crate) fn absorb(&mut self, day: i32, sums: &ShopSums) {
        self.advance(day);
        let at = slot(self.day);
        self.orders[at] += from_units(sums.orders);
        self.visits[at] += from_units(sums.visits);
        self.suspect_orders[at] += from_units(sums.suspect_orders);
    }

    fn advance(&mut self, day: i32) {
        if day > self.day + DAYS as i32 {
            self.orders.fill(0.0);
            self.visits.fill(0.0);
            self.suspect_orders.fill(0.0);
        } else {
            for passed in self.day + 1..=day {
                self.orders[slot(passed)] = 0.0;
                self.visits[slot(passed)] = 0.0;
                self.suspect_orders[slot(passed)] = 0.0;
            }
        }
        self.day = self.day.max(day);
    }

    /// Orders of the day `ago` days before `today`; 0 where it is not known any more.
    pub(crate) fn orders(&self, today: i32, ago: usize) -> f64 {
        let day = today - ago as i32;
        if day > self.day || day + DAYS as i32 <= self.day || day < self.since {
            return 0.0;
        }
        self.orders[slot(day)]
    }

    /// Share of the last week's orders that codes under suspicion had; 0 while next to nothing is
    /// known.
    pub(crate) fn suspect_share(&self, today: i32) -> f64 {
        const DAYS_BACK: i32 = 7;
        const PSEUDO: f64 = 10.0;
        let (mut suspect, mut all) = (0.0, PSEUDO);
        for day in (today - DAYS_BACK).max(self.since)..=today.min(self.day) {
            suspect += self.suspect_orders[slot(day)];
            all += self.suspect_orders[slot(day)] + self.orders[slot(day)];
        }
        suspect / all
    }

    /// Orders and first visits of all days known.
    pub(crate) fn totals(&self) -> (f64, f64) {
        (self.orders.iter().sum(), self.visits.iter().sum())
    }
}

fn slot(day: i32) -> usize {
    day.rem_euclid(DAYS as i32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stable::to_units;

    #[test]
    fn a_month_of_days_is_known_and_nothing_older() {
        let sums = |orders| ShopSums {
            orders: to_units(orders),
            ..ShopSums::default()
        };
        let mut volume = Volume::new(20_000);
        volume.absorb(20_000, &sums(3.0));
        volume.absorb(20_000, &sums(2.0));
        volume.absorb(20_004, &sums(7.0));
        assert_eq!(volume.orders(20_004, 4), 5.0);
        assert_eq!(volume.orders(20_006, 2), 7.0);
        assert_eq!(volume.orders(20_006, 0), 0.0);
        volume.absorb(20_028, &sums(1.0));
        assert_eq!(volume.orders(20_028, 28), 0.0);
        assert_eq!(volume.totals().0, 8.0);
    }
}
