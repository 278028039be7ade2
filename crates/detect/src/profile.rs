//! What a code has shown lately, beside what was expected of it, over days, a week and a month.
//!
//! Decides: which sums a code keeps for the learned judge. Must not know: what they mean for a
//! leak; that is the model's.

use serde::{Deserialize, Serialize};

use crate::marks::KINDS;
use crate::reading::Reading;
use crate::stable::decay;
use crate::suspect::RecentOrders;

/// Yes-or-no traits of an order that are compared with the code's and the shop's habits.
pub(crate) const TRAITS: usize = 11;
/// Traits that are told as a log ratio: place, basket, time against the shop's hours, time
/// against office hours.
pub(crate) const LEANINGS: usize = 4;
/// Memories of a profile.
pub(crate) const SPANS: usize = 3;
/// Their half-lives in days: a burst, a week, a month.
pub(crate) const SPAN_DAYS: [f64; SPANS] = [1.5, 6.0, 24.0];
/// Days whose orders and clicks are kept one by one.
pub(crate) const DAYS: usize = 28;
/// Hours in which orders excite each other.
const BURST_HALF_LIFE_HOURS: f64 = 3.0;
/// Half-life of what is older than the days kept one by one.
const BEFORE_HALF_LIFE_DAYS: f64 = 60.0;
/// A profile that has faded to less than so many orders is dropped.
const FORGOTTEN_ORDERS: f32 = 0.1;
/// Share of a kind's leaked orders that the profile's own bets assume.
const BET_SHARE: f64 = 0.3;

/// A trait of one order: whether it showed, and the shares that the code's and the shop's habits
/// give it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trait {
    pub(crate) yes: bool,
    pub(crate) own: f64,
    pub(crate) shop: f64,
}

/// Sum of (shown − expected) and of the variance that honest chance gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Residual {
    pub(crate) sum: f32,
    pub(crate) variance: f32,
}

impl Residual {
    fn add(&mut self, yes: bool, share: f64) {
        let shown = f64::from(u8::from(yes));
        self.sum += (shown - share) as f32;
        self.variance += (share * (1.0 - share)) as f32;
    }

    fn fade(&mut self, keep: f32) {
        self.sum *= keep;
        self.variance *= keep;
    }
}

/// How often a trait showed, and how often the code's and the shop's habits let expect it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habit {
    pub(crate) told: f32,
    pub(crate) shown: f32,
    pub(crate) own: f32,
    pub(crate) shop: f32,
    /// Of the shown, by the shop's habits.
    pub(crate) variance: f32,
}

impl Habit {
    fn add(&mut self, seen: Trait) {
        self.told += 1.0;
        self.shown += f32::from(u8::from(seen.yes));
        self.own += seen.own as f32;
        self.shop += seen.shop as f32;
        self.variance += (seen.shop * (1.0 - seen.shop)) as f32;
    }

    fn fade(&mut self, keep: f32) {
        let all = [
            &mut self.told,
            &mut self.shown,
            &mut self.own,
            &mut self.shop,
            &mut self.variance,
        ];
        for value in all {
            *value *= keep;
        }
    }
}

/// Kept of a code while it has orders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Against the code's own habits.
    pub(crate) own: [[Residual; SPANS]; TRAITS],
    /// Over the longest span.
    pub(crate) habits: [Habit; TRAITS],
    pub(crate) leaning: [[f32; SPANS]; LEANINGS],
    /// Log evidence of each kind.
    pub(crate) bets: [[f32; SPANS]; KINDS],
    pub(crate) orders: [f32; SPANS],
    /// How much each order came on the heels of others.
    pub(crate) excited: [f32; SPANS],
    excitement: f32,
    /// Orders and first visits of each of the last days, by day modulo [`DAYS`].
    order_days: [u16; DAYS],
    click_days: [u16; DAYS],
    /// Orders of older days and how many days they were, both fading.
    pub(crate) before: f32,
    pub(crate) before_days: f32,
    /// Sightings on coupon pages, over the middle span.
    pub(crate) sightings: f32,
    /// Log odds of the learned judge, smoothed over its looks; `None` = it has not looked yet.
    pub(crate) learned_margin: Option<f32>,
    /// Its last evidential orders, by arrival.
    pub(crate) recent: RecentOrders,
    /// The last hour added to, and the first.
    hour: i32,
    pub(crate) since: i32,
}

impl Profile {
    pub(crate) fn new(hour: i32) -> Profile {
        Profile {
            hour,
            since: hour,
            ..Profile::default()
        }
    }

    /// Lets what is kept fade up to `hour`.
    pub(crate) fn advance(&mut self, hour: i32) {
        let hours = hour - self.hour;
        if hours <= 0 {
            return;
        }
        let keep = SPAN_DAYS.map(|half_life| decay(f64::from(hours) / 24.0, half_life) as f32);
        for spans in &mut self.own {
            for (residual, keep) in spans.iter_mut().zip(keep) {
                residual.fade(keep);
            }
        }
        for habit in &mut self.habits {
            habit.fade(keep[SPANS - 1]);
        }
        let plain = self
            .leaning
            .iter_mut()
            .chain(&mut self.bets)
            .chain([&mut self.orders, &mut self.excited]);
        for spans in plain {
            for (kept, keep) in spans.iter_mut().zip(keep) {
                *kept *= keep;
            }
        }
        self.sightings *= keep[1];
        self.excitement *= decay(f64::from(hours), BURST_HALF_LIFE_HOURS) as f32;
        let (from, to) = (self.hour.div_euclid(24), hour.div_euclid(24));
        for day in from + 1..=to.min(from + DAYS as i32) {
            self.turn_day(day);
        }
        self.hour = hour;
    }

    /// Begins a day: its slot held the one that is four weeks old.
    fn turn_day(&mut self, day: i32) {
        let at = slot(day);
        if day - DAYS as i32 >= self.since.div_euclid(24) {
            let keep = decay(1.0, BEFORE_HALF_LIFE_DAYS) as f32;
            self.before = self.before * keep + f32::from(self.order_days[at]);
            self.before_days = self.before_days * keep + 1.0;
        }
        self.order_days[at] = 0;
        self.click_days[at] = 0;
    }

    /// Adds an evidential order; `ratio` is that of each kind over what the market shows.
    pub(crate) fn add_order(&mut self, reading: &Reading, ratio: &[f64; KINDS], rejected: bool) {
        for (index, seen) in reading.traits.iter().enumerate() {
            let Some(seen) = *seen else { continue };
            for residual in &mut self.own[index] {
                residual.add(seen.yes, seen.own);
            }
            self.habits[index].add(seen);
        }
        for (spans, log) in self.leaning.iter_mut().zip(reading.leaning) {
            for kept in spans {
                *kept += log as f32;
            }
        }
        for (spans, ratio) in self.bets.iter_mut().zip(ratio) {
            let log = libm::log((1.0 - BET_SHARE) + BET_SHARE * ratio) as f32;
            for kept in spans {
                *kept += log;
            }
        }
        if rejected {
            return;
        }
        for (kept, excited) in self.orders.iter_mut().zip(&mut self.excited) {
            *kept += 1.0;
            *excited += self.excitement;
        }
        self.excitement += 1.0;
        let today = &mut self.order_days[slot(self.hour.div_euclid(24))];
        *today = today.saturating_add(1);
    }

    /// Adds first visits by people.
    pub(crate) fn add_clicks(&mut self, people: u32) {
        let today = &mut self.click_days[slot(self.hour.div_euclid(24))];
        *today = today.saturating_add(people.min(u32::from(u16::MAX)) as u16);
    }

    pub(crate) fn add_sighting(&mut self) {
        self.sightings += 1.0;
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.orders[SPANS - 1] < FORGOTTEN_ORDERS
    }

    /// The day that it stands in.
    pub(crate) fn day(&self) -> i32 {
        self.hour.div_euclid(24)
    }

    /// Whether the code was under watch then.
    pub(crate) fn knows_day(&self, ago: usize) -> bool {
        self.day() - ago as i32 >= self.since.div_euclid(24)
    }

    /// Orders and first visits `ago` days before, 0 = today.
    pub(crate) fn day_ago(&self, ago: usize) -> (f64, f64) {
        let at = slot(self.day() - ago as i32);
        (
            f64::from(self.order_days[at]),
            f64::from(self.click_days[at]),
        )
    }
}

fn slot(day: i32) -> usize {
    day.rem_euclid(DAYS as i32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_kept_apart_for_four_weeks_and_then_forgotten() {
        let mut profile = Profile::new(24 * 20_000 + 5);
        profile.add_clicks(7);
        profile.advance(24 * 20_003 + 1);
        profile.add_clicks(2);
        assert_eq!(profile.day_ago(0).1, 2.0);
        assert_eq!(profile.day_ago(3).1, 7.0);
        assert_eq!(profile.day_ago(1).1, 0.0);
        profile.advance(24 * 20_028 + 1);
        assert!((0..DAYS).all(|ago| ago == 25 || profile.day_ago(ago).1 == 0.0));
        profile.advance(24 * 20_200);
        assert!((0..DAYS).all(|ago| profile.day_ago(ago).1 == 0.0));
    }

    #[test]
    fn memories_fade_by_their_half_lives() {
        let mut profile = Profile::new(1_000);
        profile.orders = [8.0; SPANS];
        profile.advance(1_000 + 36);
        assert!((profile.orders[0] - 4.0).abs() < 1e-5);
        profile.advance(1_000 + 144);
        assert!((profile.orders[1] - 4.0).abs() < 1e-5);
        assert!(profile.orders[2] > 6.0);
    }
}
