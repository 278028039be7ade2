//! A shop of the new world on the recording: which part of it is played at the moment, and who buys there.
//!
//! Decides the chain of blocks that all codes of a shop share, so that what came over a recorded shop comes
//! over them together. Must not know of leaks.

use crate::draft::Customer;
use crate::geography::CITIES;
use crate::random::{Random, Stream, mix};
use crate::resampled::habits::Habits;
use crate::resampled::recording::{RECORDED_HOURS, Recording, WEEK_HOURS};
use crate::shop::Merchant;

const RECORDED_DAYS: usize = RECORDED_HOURS / 24;
const WEEKS: u64 = (RECORDED_HOURS / WEEK_HOURS) as u64;
/// Customers of a shop who are remembered as having used a code of it.
const CIRCLE_MAX: usize = 200;

#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) number: u32,
    pub(crate) country: &'static str,
    /// Donors of the recorded shop that this one is like, and all that may lend to it.
    pub(crate) model: Vec<u32>,
    pub(crate) lenders: Vec<u32>,
    /// Whether leaks take from the orders of marketplaces.
    pub(crate) walled_stock: bool,
    /// Baskets relative to the usual.
    pub(crate) basket: f64,
    block_hours: i64,
    /// How often each recorded day has been played.
    visits: Vec<u32>,
    circle: Vec<Customer>,
    oldest: usize,
    /// How often each donor has been lent to a code of this shop.
    lent: Vec<(u32, u32)>,
}

/// What is played in an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The recorded hour.
    pub(crate) recorded: usize,
    /// How often this recorded day has been played before.
    pub(crate) replay: u32,
    /// Number of the block, and whether it begins in this hour.
    pub(crate) block: u64,
    pub(crate) begins: bool,
}

impl Shop {
    pub(crate) fn cast(
        seed: u64,
        habits: &Habits,
        recording: &Recording,
        merchant: &Merchant,
        number: u32,
    ) -> Self {
        let mut random = Random::of(seed, Stream::Cast, 11, number.into());
        let walled = merchant.marketplace.is_some();
        let lenders = lenders(recording, walled, merchant.country);
        let like = recording.donors[random.pick(&lenders) as usize].shop;
        let of_model = |donor: &&u32| recording.donors[**donor as usize].shop == like;
        let has_stock = !recording.stocks[usize::from(walled)].is_empty();
        Self {
            number,
            country: merchant.country,
            model: lenders.iter().filter(of_model).copied().collect(),
            lenders,
            walled_stock: if has_stock { walled } else { !walled },
            basket: random.log_normal(1.0, habits.basket_sigma),
            block_hours: if random.chance(habits.short_blocks) {
                3 * 24
            } else {
                7 * 24
            },
            visits: vec![0; RECORDED_DAYS],
            circle: Vec::new(),
            oldest: 0,
            lent: Vec::new(),
        }
    }

    /// Which recorded hour is played in hour `since` of the world: of the same hour of the week.
    pub(crate) fn recorded_hour(&self, seed: u64, since: i64) -> usize {
        let block = since.div_euclid(self.block_hours) as u64;
        let week = Random::of(seed, Stream::Hour, 11 << 40 | u64::from(self.number), block)
            .below(WEEKS) as i64;
        (since + week * WEEK_HOURS as i64).rem_euclid(RECORDED_HOURS as i64) as usize
    }

    /// Moves on to hour `since` of the world; hours must come in order.
    pub(crate) fn step(&mut self, seed: u64, since: i64) -> Now {
        let recorded = self.recorded_hour(seed, since);
        let visits = &mut self.visits[recorded / 24];
        if since % 24 == 0 {
            *visits += 1;
        }
        Now {
            recorded,
            replay: visits.saturating_sub(1),
            block: since.div_euclid(self.block_hours) as u64,
            begins: since.rem_euclid(self.block_hours) == 0,
        }
    }

    /// First hours of the blocks that begin before `hours` of the world are over.
    pub(crate) fn blocks(&self, hours: i64) -> impl Iterator<Item = (u64, i64)> {
        let block_hours = self.block_hours;
        (0..)
            .map(move |block: u64| (block, block as i64 * block_hours))
            .take_while(move |&(_, from)| from < hours)
    }

    pub(crate) fn block_hours(&self) -> i64 {
        self.block_hours
    }

    /// Draws who lends to a code: mostly a code of the model, rather one that has lent little so far, so that
    /// people who used several codes of the recorded shop use several here.
    pub(crate) fn draw_donor(&self, habits: &Habits, random: &mut Random) -> u32 {
        const CANDIDATES: usize = 4;
        let from = if random.chance(habits.model_donors) {
            &self.model
        } else {
            &self.lenders
        };
        let candidates: [u32; CANDIDATES] = std::array::from_fn(|_| random.pick(from));
        let lent = |donor: &u32| self.lent.iter().find(|lent| lent.0 == *donor);
        let least = candidates
            .into_iter()
            .min_by_key(|donor| lent(donor).map_or(0, |lent| lent.1 + 1));
        least.expect("there are several candidates")
    }

    /// Borrows from a donor; the number keeps apart the people of codes with the same donor.
    pub(crate) fn borrow(&mut self, donor: u32) -> u32 {
        match self.lent.iter_mut().find(|(lent, _)| *lent == donor) {
            Some((_, times)) => {
                *times += 1;
                *times
            }
            None => {
                self.lent.push((donor, 0));
                0
            }
        }
    }

    /// Who a recorded person is here. `layer` tells copies apart that are made of one record.
    pub(crate) fn person(&self, seed: u64, recorded: u64, loyal: f64, which: Which) -> u64 {
        let hash = mix(recorded ^ mix(seed ^ u64::from(self.number) << 24));
        let replay = if unit(hash) < loyal { 0 } else { which.replay };
        let copy = u64::from(which.variant) << 42 | u64::from(replay) << 20 | which.layer;
        mix(hash ^ mix(copy))
    }

    pub(crate) fn welcome(&mut self, customer: Customer) {
        if self.circle.len() < CIRCLE_MAX {
            self.circle.push(customer);
        } else {
            self.circle[self.oldest] = customer;
            self.oldest = (self.oldest + 1) % CIRCLE_MAX;
        }
    }

    /// Somebody who used a code of the shop lately.
    pub(crate) fn regular(&self, random: &mut Random) -> Option<Customer> {
        (!self.circle.is_empty()).then(|| random.pick(&self.circle))
    }

    /// A recorded city in the shop's own country.
    pub(crate) fn city(&self, recorded: u8) -> u8 {
        const FIRST_RU: u8 = 20;
        match CITIES.get(usize::from(recorded)) {
            Some(city) if city.country != self.country => {
                if self.country == "RU" {
                    FIRST_RU + recorded % (CITIES.len() as u8 - FIRST_RU)
                } else {
                    recorded - FIRST_RU
                }
            }
            _ => recorded,
        }
    }
}

/// Which of the people that a recorded one stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which {
    pub(crate) variant: u32,
    pub(crate) replay: u32,
    pub(crate) layer: u64,
}

/// Uniform in [0, 1), from a hash.
pub(crate) fn unit(hash: u64) -> f64 {
    (mix(hash) >> 11) as f64 / (1u64 << 53) as f64
}

/// Recorded codes of the same kind of shop and country; where these are too few, of any.
fn lenders(recording: &Recording, walled: bool, country: &str) -> Vec<u32> {
    const ENOUGH: usize = 3;
    let like = |same_kind: bool, same_country: bool| -> Vec<u32> {
        (0..)
            .zip(&recording.donors)
            .filter(|(_, donor)| !same_kind || donor.walled == walled)
            .filter(|(_, donor)| !same_country || donor.country == country)
            .map(|(number, _)| number)
            .collect()
    };
    [like(true, true), like(true, false), like(false, false)]
        .into_iter()
        .find(|lenders| lenders.len() >= ENOUGH)
        .unwrap_or_else(|| like(false, false))
}
