//! What one code shows when nothing is wrong: its own history, at least a week old.
//!
//! Decides: what a code remembers of itself, with a lag, so that a fresh leak cannot become its
//! own excuse. Must not know: what other codes show.

use serde::{Deserialize, Serialize};

use crate::marks::{KINDS, OWN_SHARES, SHARES};
use crate::settings::DetectSettings;
use crate::stable::decay;

/// Bins of the basket: quintiles of the shop.
pub(crate) const BASKET_BINS: usize = 5;
/// Bins of a code's day: three hours each.
pub(crate) const DAY_BINS: usize = 8;
/// Cities a code remembers.
pub(crate) const CITIES: usize = 4;
/// What an order's time can follow: recent clicks, own hours, the shop's hours.
pub(crate) const MIXES: usize = 3;
/// Hours in a bucket of the lag: with two buckets, what is released is 7 to 14 days old.
const BUCKET_HOURS: i32 = 168;
/// Fixed-point unit of fractions in the lag.
const PENDING_UNITS: f64 = 16.0;

/// Lagged history that has been released into the reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnReference {
    pub(crate) yes: [f32; OWN_SHARES],
    pub(crate) of: [f32; OWN_SHARES],
    pub(crate) basket: [f32; BASKET_BINS],
    pub(crate) day: [f32; DAY_BINS],
    pub(crate) mix: [f32; MIXES],
    pub(crate) ratio: [f32; KINDS],
    pub(crate) orders: f32,
    pub(crate) clicks: f32,
    pub(crate) cities: Cities,
    pending: [Week; 2],
    week: i32,
}

/// A week that is too fresh to be a reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Week {
    yes: [u16; OWN_SHARES],
    of: [u16; OWN_SHARES],
    basket: [u16; BASKET_BINS],
    day: [u16; DAY_BINS],
    mix: [u16; MIXES],
    ratio: [u16; KINDS],
    orders: u16,
    clicks: u32,
    cities: Cities,
}

/// The most frequent cities of a code, after Misra and Gries: counts are never too high, and too
/// low by at most `all` / (CITIES + 1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cities {
    city: [u32; CITIES],
    count: [f32; CITIES],
    pub(crate) all: f32,
}

/// What one order adds to the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderMemory {
    pub(crate) shares: [Option<bool>; SHARES],
    pub(crate) basket: Option<u8>,
    pub(crate) hour_of_day: u8,
    pub(crate) mix: Option<[f64; MIXES]>,
    pub(crate) ratio: [f64; KINDS],
    pub(crate) city: Option<u64>,
    pub(crate) rejected: bool,
}

impl OwnReference {
    /// Releases what has become old enough. With `hold`, the buckets that fall due are dropped:
    /// a code under suspicion teaches nothing.
    pub(crate) fn advance(&mut self, settings: &DetectSettings, hour: i32, hold: bool) {
        let week = hour.div_euclid(BUCKET_HOURS);
        if week <= self.week {
            return;
        }
        let weeks = if self.week == 0 { 2 } else { week - self.week };
        let keep = decay(
            f64::from(weeks) * f64::from(BUCKET_HOURS) / 24.0,
            settings.own_half_life_days,
        ) as f32;
        self.fade(keep);
        // The bucket about to be reused is the older one; with two weeks gone, both are due.
        for step in 1..=weeks.min(2) {
            let slot = (self.week + step).rem_euclid(2) as usize;
            let due = std::mem::take(&mut self.pending[slot]);
            if !hold {
                self.release(&due);
            }
        }
        self.week = week;
    }

    /// Makes the present behaviour the code's normal: what was kept aside while the code was under
    /// suspicion counts at once, and the past hardly any more.
    pub(crate) fn accept_present(&mut self, present: &Week) {
        self.fade(0.1);
        for slot in 0..self.pending.len() {
            let due = std::mem::take(&mut self.pending[slot]);
            self.release(&due);
        }
        self.release(present);
    }

    /// Forgets what is pending: it is not to become a reference.
    pub(crate) fn drop_pending(&mut self) {
        self.pending = Default::default();
    }

    pub(crate) fn remember(&mut self, order: &OrderMemory) {
        self.pending[self.week.rem_euclid(2) as usize].add(order);
    }

    /// Adds first-visit clicks: all, with a usable referrer, from coupon hosts, from unknown ones.
    pub(crate) fn remember_clicks(&mut self, first: u32, referred: u32, coupon: u32, unknown: u32) {
        use crate::marks::Share;
        let bucket = &mut self.pending[self.week.rem_euclid(2) as usize];
        bucket.clicks = bucket.clicks.saturating_add(first);
        // A week of one code beyond 65,535 clicks keeps its first ones; shares stay shares.
        let room = u32::from(u16::MAX - bucket.of[Share::ClickCoupon as usize]);
        if referred > room {
            return;
        }
        for (share, yes) in [(Share::ClickCoupon, coupon), (Share::ClickUnknown, unknown)] {
            let index = share as usize;
            bucket.of[index] += referred as u16;
            bucket.yes[index] = bucket.yes[index].saturating_add(yes.min(referred) as u16);
        }
    }

    fn fade(&mut self, keep: f32) {
        let all = self
            .yes
            .iter_mut()
            .chain(&mut self.of)
            .chain(&mut self.basket)
            .chain(&mut self.day)
            .chain(&mut self.mix)
            .chain(&mut self.ratio)
            .chain([&mut self.orders, &mut self.clicks, &mut self.cities.all])
            .chain(&mut self.cities.count);
        for value in all {
            *value *= keep;
        }
    }

    fn release(&mut self, due: &Week) {
        let plain = [
            (&mut self.yes[..], &due.yes[..]),
            (&mut self.of[..], &due.of[..]),
            (&mut self.basket[..], &due.basket[..]),
            (&mut self.day[..], &due.day[..]),
        ];
        for (kept, fresh) in plain {
            for (kept, fresh) in kept.iter_mut().zip(fresh) {
                *kept += f32::from(*fresh);
            }
        }
        let fractions = [
            (&mut self.mix[..], &due.mix[..]),
            (&mut self.ratio[..], &due.ratio[..]),
        ];
        for (kept, fresh) in fractions {
            for (kept, fresh) in kept.iter_mut().zip(fresh) {
                *kept += f32::from(*fresh) / PENDING_UNITS as f32;
            }
        }
        self.orders += f32::from(due.orders);
        self.clicks += due.clicks as f32;
        for (city, count) in due.cities.city.iter().zip(due.cities.count) {
            if count > 0.0 {
                self.cities.add_counted(*city, count);
            }
        }
        self.cities.all += due.cities.all;
    }
}

impl Week {
    pub(crate) fn add(&mut self, order: &OrderMemory) {
        for (index, share) in order.shares[..OWN_SHARES].iter().enumerate() {
            if let Some(yes) = share {
                self.of[index] = self.of[index].saturating_add(1);
                self.yes[index] = self.yes[index].saturating_add(u16::from(*yes));
            }
        }
        if order.rejected {
            return;
        }
        if let Some(bin) = order.basket {
            let bin = &mut self.basket[usize::from(bin)];
            *bin = bin.saturating_add(1);
        }
        let bin = &mut self.day[usize::from(order.hour_of_day) / 3];
        *bin = bin.saturating_add(1);
        if let Some(mix) = order.mix {
            for (kept, part) in self.mix.iter_mut().zip(mix) {
                *kept = kept.saturating_add(libm::round(part * PENDING_UNITS) as u16);
            }
        }
        for (kept, ratio) in self.ratio.iter_mut().zip(order.ratio) {
            *kept = kept.saturating_add(libm::round(ratio * PENDING_UNITS) as u16);
        }
        self.orders = self.orders.saturating_add(1);
        if let Some(city) = order.city {
            self.cities.add(city as u32, 1.0);
        }
    }
}

impl Cities {
    fn add(&mut self, city: u32, count: f32) {
        self.all += count;
        self.add_counted(city, count);
    }

    fn add_counted(&mut self, city: u32, count: f32) {
        for slot in 0..CITIES {
            if self.count[slot] > 0.0 && self.city[slot] == city {
                self.count[slot] += count;
                return;
            }
        }
        let lowest = (1..CITIES).fold(0, |lowest, slot| {
            if self.count[slot] < self.count[lowest] {
                slot
            } else {
                lowest
            }
        });
        let taken = self.count[lowest].min(count);
        for kept in &mut self.count {
            *kept -= taken;
        }
        if count > taken {
            self.city[lowest] = city;
            self.count[lowest] = count - taken;
        } else if self.count[lowest] <= 0.0 {
            self.count[lowest] = 0.0;
        }
    }

    /// Known orders from `city`.
    pub(crate) fn count_of(&self, city: u64) -> f64 {
        (0..CITIES)
            .filter(|slot| self.count[*slot] > 0.0 && self.city[*slot] == city as u32)
            .map(|slot| f64::from(self.count[slot]))
            .sum()
    }

    /// Known orders from all remembered cities together.
    pub(crate) fn known(&self) -> f64 {
        self.count.iter().map(|count| f64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(cold: bool) -> OrderMemory {
        let mut shares = [None; SHARES];
        shares[crate::marks::Share::Cold as usize] = Some(cold);
        OrderMemory {
            shares,
            basket: Some(2),
            hour_of_day: 13,
            mix: Some([0.5, 0.25, 0.25]),
            ratio: [1.0; KINDS],
            city: Some(7),
            rejected: false,
        }
    }

    #[test]
    fn what_is_younger_than_a_week_is_no_reference() {
        let settings = DetectSettings::default();
        let mut own = OwnReference::default();
        let start = 168 * 2_900;
        own.advance(&settings, start, false);
        own.remember(&order(true));
        own.advance(&settings, start + 167, false);
        assert_eq!(own.orders, 0.0);
        own.advance(&settings, start + 168, false);
        assert_eq!(own.orders, 0.0);
        own.advance(&settings, start + 336, false);
        assert_eq!(own.orders, 1.0);
        assert_eq!(own.cities.count_of(7), 1.0);
    }

    #[test]
    fn a_code_under_suspicion_teaches_nothing() {
        let settings = DetectSettings::default();
        let mut own = OwnReference::default();
        let start = 168 * 2_900;
        own.advance(&settings, start, false);
        own.remember(&order(true));
        own.advance(&settings, start + 168, true);
        own.advance(&settings, start + 336, true);
        assert_eq!(own.orders, 0.0);
    }

    #[test]
    fn the_heaviest_city_survives_a_stream_of_singletons() {
        let mut cities = Cities::default();
        for round in 0..100_u32 {
            cities.add(1, 1.0);
            cities.add(1_000 + round, 1.0);
        }
        assert!(cities.count_of(1) >= 100.0 - 200.0 / 5.0, "{cities:?}");
    }
}
