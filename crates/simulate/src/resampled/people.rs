//! Who is known: to a shop as somebody who bought there, and to the world as a hunter of codes.

use std::collections::HashSet;

use crate::draft::Customer;
use crate::geography::Population;
use crate::programme::habits::PlaceHabits;
use crate::random::{Random, Stream, mix};
use crate::resampled::shops::unit;

/// Customers remembered at least; nobody is new at a shop again before so many others bought.
const MET_MAX: usize = 400_000;
/// Keeps the numbers of hunters, strangers and members apart.
const HUNTERS: u64 = 1 << 60;
const STRANGERS: u64 = 1 << 61;
const MEMBERS: u64 = 1 << 62;

#[derive(Clone, Debug)]
pub(crate) struct People {
    seed: u64,
    hunters: f64,
    /// Share of shops that know a hunter from before the world began.
    hunter_known: f64,
    strangers: u64,
    met_lately: HashSet<u64>,
    met_before: HashSet<u64>,
}

impl People {
    pub(crate) fn new(seed: u64, codes: u32, habits: &PlaceHabits) -> Self {
        Self {
            seed,
            hunters: habits.hunters + f64::from(codes) * habits.hunters_per_code,
            hunter_known: habits.hunter_known,
            strangers: 0,
            met_lately: HashSet::new(),
            met_before: HashSet::new(),
        }
    }

    /// Notes that the customer buys at a shop; returns whether the shop has not met them yet.
    pub(crate) fn meet(&mut self, shop: u32, customer: Customer) -> bool {
        let key = mix((customer.0 >> 8) ^ u64::from(shop) << 56 ^ mix(shop.into()));
        let known = self.met_before.contains(&key);
        let new = self.met_lately.insert(key) && !known;
        if self.met_lately.len() >= MET_MAX {
            self.met_before = std::mem::take(&mut self.met_lately);
        }
        new
    }

    /// Somebody who was never seen before.
    pub(crate) fn stranger(&mut self, city: u8) -> Customer {
        self.strangers += 1;
        Customer::new(mix((STRANGERS | self.strangers) ^ mix(self.seed)), city)
    }

    /// One of the hunters of codes, and whether the shop knew them from before the world began; few of them
    /// do most of the hunting.
    pub(crate) fn hunter(
        &self,
        shop: u32,
        population: &Population,
        random: &mut Random,
    ) -> (Customer, bool) {
        let rank = random.unit();
        let number = (rank * rank * self.hunters) as u64;
        let mut home = Random::of(self.seed, Stream::People, HUNTERS, number);
        let hash = mix((HUNTERS | number) ^ mix(self.seed));
        let known = unit(hash ^ u64::from(shop)) < self.hunter_known;
        (Customer::new(hash, population.draw(&mut home)), known)
    }

    /// Member `number` of the closed group of a code.
    pub(crate) fn member(&self, code: u32, number: u64, city: u8) -> Customer {
        let hash = mix((MEMBERS | u64::from(code) << 20 | number) ^ mix(self.seed));
        Customer::new(hash, city)
    }
}
