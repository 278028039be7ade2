//! The references of one shop: what its honest codes show now, and in the last month.
//!
//! Decides: slow and fast means, shapes of the week, of baskets and of places. Must not know:
//! any particular code.

use std::collections::VecDeque;

use promoguard_event::Hour;
use serde::{Deserialize, Serialize};

use crate::marks::{RATIOS, SHARES, Share};
use crate::reference::{BASKET_BINS, MIXES};
use crate::settings::DetectSettings;
use crate::stable::{decay, from_units, logit};
use crate::sums::ShopSums;
use crate::volume::Volume;

/// Bins of a week: 24 hours of working days, 24 of the weekend (UTC).
pub(crate) const WEEK_BINS: usize = 48;
/// Bins of amounts: a factor of √2 each.
pub(crate) const AMOUNT_BINS: usize = 48;
/// Pseudo-orders of the flat shape in the shape of a week.
const WEEK_PSEUDO: f64 = 48.0;
/// Orders a shop needs before its baskets or cities are a shape.
const SHAPE_ORDERS_MIN: f64 = 30.0;

/// Running sums of one shop, as of `last_hour`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shop {
    last_hour: i32,
    slow_yes: [f64; SHARES],
    slow_of: [f64; SHARES],
    fast_yes: [f64; SHARES],
    fast_of: [f64; SHARES],
    ratio_slow: [f64; RATIOS],
    ratio_slow_of: [f64; RATIOS],
    ratio_fast: [f64; RATIOS],
    ratio_fast_of: [f64; RATIOS],
    mix: [f64; MIXES],
    week: Vec<f64>,
    amounts: Vec<f64>,
    /// (city, orders), by city.
    cities: Vec<(u64, f64)>,
    cities_all: f64,
    /// Divisors of the last closed hours, for late orders.
    closed: VecDeque<(i32, [f32; RATIOS])>,
    pub(crate) volume: Volume,
}

impl Shop {
    pub(crate) fn new(hour: Hour) -> Shop {
        Shop {
            last_hour: hour.index(),
            slow_yes: [0.0; SHARES],
            slow_of: [0.0; SHARES],
            fast_yes: [0.0; SHARES],
            fast_of: [0.0; SHARES],
            ratio_slow: [0.0; RATIOS],
            ratio_slow_of: [0.0; RATIOS],
            ratio_fast: [0.0; RATIOS],
            ratio_fast_of: [0.0; RATIOS],
            mix: [0.0; MIXES],
            week: vec![0.0; WEEK_BINS],
            amounts: vec![0.0; AMOUNT_BINS],
            cities: Vec::new(),
            cities_all: 0.0,
            closed: VecDeque::new(),
            volume: Volume::new(hour.index().div_euclid(24)),
        }
    }

    /// The hour of the last contribution.
    pub(crate) fn last_hour(&self) -> i32 {
        self.last_hour
    }

    /// Adds one hour's sums after fading what is older.
    pub(crate) fn absorb(&mut self, settings: &DetectSettings, hour: Hour, sums: &ShopSums) {
        self.fade_to(settings, hour.index());
        for index in 0..SHARES {
            let (yes, of) = (from_units(sums.yes[index]), from_units(sums.of[index]));
            self.slow_yes[index] += yes;
            self.slow_of[index] += of;
            self.fast_yes[index] += yes;
            self.fast_of[index] += of;
        }
        for index in 0..RATIOS {
            let (sum, of) = (
                from_units(sums.ratio[index]),
                from_units(sums.ratio_of[index]),
            );
            self.ratio_slow[index] += sum;
            self.ratio_slow_of[index] += of;
            self.ratio_fast[index] += sum;
            self.ratio_fast_of[index] += of;
        }
        for (kept, part) in self.mix.iter_mut().zip(sums.mix) {
            *kept += from_units(part);
        }
        for (bin, weight) in &sums.hours {
            self.week[usize::from(*bin) % WEEK_BINS] += from_units(*weight);
        }
        for (bin, weight) in &sums.baskets {
            self.amounts[usize::from(*bin) % AMOUNT_BINS] += from_units(*weight);
        }
        for (city, weight) in &sums.cities {
            let weight = from_units(*weight);
            self.cities_all += weight;
            match self.cities.binary_search_by_key(city, |(city, _)| *city) {
                Ok(at) => self.cities[at].1 += weight,
                Err(at) => self.cities.insert(at, (*city, weight)),
            }
        }
        self.bound_cities(settings.shop_cities_max as usize);
        self.volume.absorb(hour.index().div_euclid(24), sums);
    }

    fn fade_to(&mut self, settings: &DetectSettings, hour: i32) {
        let hours = f64::from((hour - self.last_hour).max(0));
        self.last_hour = self.last_hour.max(hour);
        if hours == 0.0 {
            return;
        }
        let slow = decay(hours / 24.0, settings.slow_half_life_days);
        let fast = decay(hours / 24.0, settings.fast_half_life_days);
        let slow_sums = self
            .slow_yes
            .iter_mut()
            .chain(&mut self.slow_of)
            .chain(&mut self.ratio_slow)
            .chain(&mut self.ratio_slow_of)
            .chain(&mut self.mix)
            .chain(&mut self.week)
            .chain(&mut self.amounts)
            .chain(self.cities.iter_mut().map(|(_, orders)| orders))
            .chain([&mut self.cities_all]);
        for value in slow_sums {
            *value *= slow;
        }
        let fast_sums = self
            .fast_yes
            .iter_mut()
            .chain(&mut self.fast_of)
            .chain(&mut self.ratio_fast)
            .chain(&mut self.ratio_fast_of);
        for value in fast_sums {
            *value *= fast;
        }
    }

    /// Keeps the largest cities; what they lose stays in `cities_all` as "elsewhere".
    fn bound_cities(&mut self, cities_max: usize) {
        if self.cities.len() <= cities_max * 2 {
            return;
        }
        let mut by_size = self.cities.clone();
        by_size.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        by_size.truncate(cities_max);
        by_size.sort_by_key(|(city, _)| *city);
        self.cities = by_size;
    }

    pub(crate) fn note_closed(&mut self, hour: Hour, means: &[f64; RATIOS], hours_max: usize) {
        if hours_max == 0 {
            return;
        }
        if self.closed.len() >= hours_max {
            self.closed.pop_front();
        }
        self.closed
            .push_back((hour.index(), means.map(|mean| mean as f32)));
    }

    /// The divisors that orders of `hour` were measured with, where they are still kept.
    pub(crate) fn closed_means(&self, hour: Hour) -> Option<[f64; RATIOS]> {
        let at = self
            .closed
            .partition_point(|(kept, _)| *kept < hour.index());
        match self.closed.get(at) {
            Some((kept, means)) if *kept == hour.index() => Some(means.map(f64::from)),
            _ => None,
        }
    }

    /// Slow share with `pseudo` pseudo-orders at `prior`.
    pub(crate) fn slow_share(&self, share: Share, prior: f64, pseudo: f64) -> f64 {
        let index = share as usize;
        (self.slow_yes[index] + pseudo * prior) / (self.slow_of[index] + pseudo)
    }

    /// Orders behind the slow share.
    pub(crate) fn slow_weight(&self, share: Share) -> f64 {
        self.slow_of[share as usize]
    }

    /// Orders that showed the mark, slow.
    pub(crate) fn slow_yes(&self, share: Share) -> f64 {
        self.slow_yes[share as usize]
    }

    /// Recent share and its weight, faded to `hour`.
    pub(crate) fn fast(&self, settings: &DetectSettings, share: Share, hour: i32) -> (f64, f64) {
        let keep = decay(
            f64::from((hour - self.last_hour).max(0)) / 24.0,
            settings.fast_half_life_days,
        );
        (
            self.fast_yes[share as usize] * keep,
            self.fast_of[share as usize] * keep,
        )
    }

    /// How far the odds of a mark moved lately, in the direction that looks like a leak.
    pub(crate) fn shift(
        &self,
        settings: &DetectSettings,
        share: Share,
        slow: f64,
        hour: i32,
    ) -> f64 {
        let (yes, of) = self.fast(settings, share, hour);
        let pseudo = settings.mark_fast_pseudo;
        let fast = (yes + pseudo * slow) / (of + pseudo);
        let moved = logit(fast) - logit(slow);
        if share.falls_in_a_leak() {
            moved.min(0.0)
        } else {
            moved.max(0.0)
        }
    }

    /// (slow mean, fast mean) of a ratio, both with their pseudo-orders.
    pub(crate) fn ratio_means(
        &self,
        settings: &DetectSettings,
        index: usize,
        hour: i32,
    ) -> (f64, f64) {
        let elapsed = f64::from((hour - self.last_hour).max(0)) / 24.0;
        let pseudo = settings.ratio_slow_pseudo;
        let slow = (self.ratio_slow[index] + pseudo) / (self.ratio_slow_of[index] + pseudo);
        let keep = decay(elapsed, settings.fast_half_life_days);
        let pseudo = settings.ratio_fast_pseudo;
        let fast = (self.ratio_fast[index] * keep + pseudo * slow)
            / (self.ratio_fast_of[index] * keep + pseudo);
        (slow, fast)
    }

    pub(crate) fn mix(&self, prior: &[f64; MIXES], pseudo: f64) -> [f64; MIXES] {
        let all: f64 = self.mix.iter().sum();
        let mut mix = [0.0; MIXES];
        for ((part, seen), prior) in mix.iter_mut().zip(self.mix).zip(prior) {
            *part = (seen + pseudo * prior) / (all + pseudo);
        }
        mix
    }

    /// Density of orders at an hour of the week, 1 = as many as in the mean hour.
    pub(crate) fn week_density(&self, bin: usize) -> f64 {
        let all: f64 = self.week.iter().sum();
        let flat = flat_week(bin);
        (self.week[bin] + WEEK_PSEUDO * flat) / (all + WEEK_PSEUDO) / flat
    }

    /// Density over a part of the day, 1 = as in the mean hour.
    pub(crate) fn day_density(&self, first_hour: usize, hours: usize) -> f64 {
        let all: f64 = self.week.iter().sum();
        let seen: f64 = (first_hour..first_hour + hours)
            .map(|hour| self.week[hour] + self.week[hour + 24])
            .sum();
        let flat = hours as f64 / 24.0;
        (seen + WEEK_PSEUDO * flat) / (all + WEEK_PSEUDO) / flat
    }

    /// The fifth of the shop's baskets that an amount bin falls into; `None` while unknown.
    pub(crate) fn basket_fifth(&self, bin: u8) -> Option<u8> {
        let all: f64 = self.amounts.iter().sum();
        if all < SHAPE_ORDERS_MIN {
            return None;
        }
        let below: f64 = self.amounts[..usize::from(bin)].iter().sum();
        let middle = (below + 0.5 * self.amounts[usize::from(bin)]) / all;
        Some(((middle * BASKET_BINS as f64) as u8).min(BASKET_BINS as u8 - 1))
    }

    /// Shares of the fifths as the bins allow them: coarse bins make fifths uneven.
    pub(crate) fn fifth_shares(&self) -> Option<[f64; BASKET_BINS]> {
        let all: f64 = self.amounts.iter().sum();
        if all < SHAPE_ORDERS_MIN {
            return None;
        }
        let mut shares = [0.0; BASKET_BINS];
        let mut below = 0.0;
        for amount in &self.amounts {
            let middle = (below + 0.5 * amount) / all;
            let fifth = ((middle * BASKET_BINS as f64) as usize).min(BASKET_BINS - 1);
            shares[fifth] += amount / all;
            below += amount;
        }
        Some(shares)
    }

    /// Share of the shop's orders that go to a city, never 0; `None` while unknown.
    pub(crate) fn city_share(&self, city: u64) -> Option<f64> {
        if self.cities_all < SHAPE_ORDERS_MIN {
            return None;
        }
        let orders = match self.cities.binary_search_by_key(&city, |(city, _)| *city) {
            Ok(at) => self.cities[at].1,
            Err(_) => 0.0,
        };
        Some((orders + 0.5) / (self.cities_all + 0.5 * (self.cities.len() as f64 + 1.0)))
    }
}

/// Share of the week that a bin stands for: five days or two, one hour each.
fn flat_week(bin: usize) -> f64 {
    if bin < 24 { 5.0 / 168.0 } else { 2.0 / 168.0 }
}

/// The bin of the week of an hour.
pub(crate) fn week_bin(hour: Hour) -> usize {
    // 1970-01-01 was a Thursday: day 2 and 3 of the epoch were a weekend.
    let day = hour.index().div_euclid(24);
    let weekend = matches!((day + 4).rem_euclid(7), 0 | 6);
    hour.index().rem_euclid(24) as usize + if weekend { 24 } else { 0 }
}

/// The bin of an amount in units of 1/10,000: half-octaves from one unit of the currency on.
pub(crate) fn amount_bin(amount: i128) -> u8 {
    let whole = (amount as f64 / 10_000.0).max(1.0);
    let half_octaves = (2.0 * libm::log2(whole)) as usize;
    half_octaves.min(AMOUNT_BINS - 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_was_a_thursday_and_its_weekend_began_two_days_later() {
        assert_eq!(week_bin(Hour::from_index(0)), 0);
        assert_eq!(week_bin(Hour::from_index(2 * 24 + 5)), 29);
        assert_eq!(week_bin(Hour::from_index(3 * 24 + 5)), 29);
        assert_eq!(week_bin(Hour::from_index(4 * 24 + 5)), 5);
        assert_eq!(week_bin(Hour::from_index(-1)), 23);
    }

    #[test]
    fn amounts_of_any_size_have_a_bin() {
        assert_eq!(amount_bin(0), 0);
        assert_eq!(amount_bin(i128::MAX), AMOUNT_BINS as u8 - 1);
        assert!(amount_bin(200_000_000) > amount_bin(100_000_000));
    }
}
