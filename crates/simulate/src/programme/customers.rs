//! Who buys: newcomers, people who come back, people who follow several partners, deal hunters.
//!
//! Nobody is a new customer of a shop twice.

use crate::draft::Customer;
use crate::geography::{CityId, Population};
use crate::programme::habits::PlaceHabits;
use crate::random::{Random, Stream, mix};

/// The last few customers of something; a new one takes the place of the oldest.
#[derive(Clone, Debug)]
pub(crate) struct Circle {
    members: Vec<Customer>,
    oldest: usize,
    members_max: usize,
}

impl Circle {
    pub(crate) fn of(members_max: usize) -> Self {
        Self {
            members: Vec::new(),
            oldest: 0,
            members_max,
        }
    }

    pub(crate) fn join(&mut self, customer: Customer) {
        if self.members.len() < self.members_max {
            self.members.push(customer);
        } else {
            self.members[self.oldest] = customer;
            self.oldest = (self.oldest + 1) % self.members_max;
        }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> Option<Customer> {
        (!self.members.is_empty()).then(|| random.pick(&self.members))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Customers {
    seed: u64,
    met: u64,
    hunters: u64,
    /// Share of shops that know a hunter from before the world began.
    hunter_known: f64,
}

/// Keeps hunters' numbers apart from those of people met one by one.
const HUNTER_NUMBERS: u64 = 1 << 60;
/// Keeps insiders' numbers apart from both.
const INSIDER_NUMBERS: u64 = 1 << 61;

impl Customers {
    pub(crate) fn new(seed: u64, codes: u32, habits: &PlaceHabits) -> Self {
        Self {
            seed,
            met: 0,
            hunters: (habits.hunters + f64::from(codes) * habits.hunters_per_code) as u64,
            hunter_known: habits.hunter_known,
        }
    }

    /// Somebody who was never seen before.
    pub(crate) fn stranger(&mut self, city: CityId) -> Customer {
        self.met += 1;
        Customer::new(mix(self.met ^ self.seed), city)
    }

    /// One of the deal hunters; few of them do most of the hunting.
    pub(crate) fn hunter(&self, population: &Population, random: &mut Random) -> Customer {
        let rank = random.unit();
        let number = (rank * rank * self.hunters as f64) as u64;
        let mut home = Random::of(self.seed, Stream::Cast, HUNTER_NUMBERS, number);
        Customer::new(
            mix((HUNTER_NUMBERS | number) ^ self.seed),
            population.draw(&mut home),
        )
    }

    /// Whether this shop already knew the hunter before the world began: most shops know them.
    pub(crate) fn hunter_is_known(&self, customer: Customer, merchant: u32) -> bool {
        let drawn = mix((customer.0 >> 8) ^ u64::from(merchant)).reverse_bits();
        (drawn >> 11) as f64 / (1u64 << 53) as f64 >= 1.0 - self.hunter_known
    }

    /// Member `number` of the circle around an insider.
    pub(crate) fn insider(&self, leak: u64, number: u64, city: CityId) -> Customer {
        Customer::new(
            mix((INSIDER_NUMBERS | leak << 16 | number) ^ self.seed),
            city,
        )
    }
}
