//! A person: traits, habits, and what is kept in mind.
//!
//! Decides about one person alone. Must not know of others.

use crate::agents::chronotypes::CHRONOTYPES;
use crate::agents::habits::Habits;
use crate::agents::names::EXTENSIONS;
use crate::agents::places::Popularity;
use crate::geography::CityId;
use crate::random::Random;
use crate::time::HOUR_MS;

/// Codes that a person keeps in mind at a time.
pub(crate) const MEMORY: usize = 4;
/// Shops that a person returns to.
const REGULAR: usize = 3;
/// Sorts of goods; a shop sells one, a person cares for some, a partner talks about some.
pub(crate) const INTERESTS: u64 = 8;
/// No regular shop.
const NO_SHOP: u32 = u32::MAX;
/// No favourite site.
pub(crate) const NO_SITE: u8 = u8::MAX;

/// A code in somebody's mind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remembered {
    pub(crate) code: u32,
    /// Hours since the epoch.
    pub(crate) hour: u32,
    /// Learnt from a place it should not have been in, or from somebody who had it from there.
    pub(crate) leaked: bool,
    pub(crate) used: bool,
}

const NOTHING: Remembered = Remembered {
    code: u32::MAX,
    hour: 0,
    leaked: false,
    used: false,
};

#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Shops that know this person, one bit each; beyond 128 shops several share a bit, so that a large shop
    /// may take a stranger for somebody it knows, but never the other way round.
    known: u128,
    pub(crate) memory: [Remembered; MEMORY],
    /// Shops where this person bought last.
    regular: [u32; REGULAR],
    /// Purchases a day, whether or not a code is involved.
    pub(crate) purchases_per_day: f32,
    /// What this person spends, relative to others.
    pub(crate) budget: f32,
    /// How much a bargain matters, 0 to 1.
    pub(crate) thrift: f32,
    /// How readily this person clicks, follows and talks; mean about 1.
    pub(crate) curiosity: f32,
    /// Who lives at this place in the population now.
    pub(super) generation: u16,
    pub(crate) city: CityId,
    pub(crate) chronotype: u8,
    /// Number of the extension plus 1; 0 = none.
    pub(crate) extension: u8,
    pub(crate) interests: u8,
    pub(crate) sites: [u8; 2],
    pub(crate) private: bool,
    pub(crate) two_devices: bool,
    pub(crate) loses_cookies: bool,
}

impl Person {
    pub(crate) fn knows(&self, shop: u32) -> bool {
        self.known >> (shop % 128) & 1 == 1
    }

    /// Buys at that shop, which knows this person from now on.
    pub(crate) fn meet(&mut self, shop: u32) {
        self.known |= 1 << (shop % 128);
        if !self.regular.contains(&shop) {
            self.regular.rotate_right(1);
            self.regular[0] = shop;
        }
    }

    /// One of the shops that this person returns to, if there is one.
    pub(crate) fn regular_shop(&self, random: &mut Random) -> Option<u32> {
        let shop = self.regular[random.index(REGULAR)];
        (shop != NO_SHOP).then_some(shop)
    }

    pub(crate) fn cares_for(&self, interest: u8) -> bool {
        self.interests >> interest & 1 == 1
    }

    /// Keeps a code in mind in place of the stalest one. Who had it from the partner does not forget that.
    pub(crate) fn remember(&mut self, code: u32, ts: i64, leaked: bool) {
        let hour = ts.div_euclid(HOUR_MS) as u32;
        let slot = match self.memory.iter().position(|slot| slot.code == code) {
            Some(same) => same,
            None => {
                let stale = |index: &usize| {
                    let slot = self.memory[*index];
                    (slot.used, slot.hour)
                };
                let stalest = (0..MEMORY).min_by_key(stale).unwrap_or(0);
                self.memory[stalest] = Remembered {
                    code,
                    leaked,
                    ..NOTHING
                };
                stalest
            }
        };
        self.memory[slot].hour = hour;
        self.memory[slot].leaked &= leaked;
    }

    pub(crate) fn remember_use(&mut self, code: u32) {
        for slot in self.memory.iter_mut().filter(|slot| slot.code == code) {
            slot.used = true;
        }
    }
}

/// Somebody new in that city.
pub(super) fn born(
    habits: &Habits,
    sites: &Popularity,
    city: CityId,
    random: &mut Random,
) -> Person {
    // The power that gives a uniform draw this mean: many near nothing, few near one.
    let power = 1.0 / habits.thrift_mean - 1.0;
    let thrift = libm::pow(random.unit(), power);
    let bargain = thrift / habits.thrift_mean;
    let reads = |share: f64, random: &mut Random| random.chance((share * bargain).min(0.97));
    let extension = if reads(habits.extension_share, random) {
        1 + random.weighted(&EXTENSIONS.map(|extension| extension.1)) as u8
    } else {
        0
    };
    let favourites = reads(habits.reader_share, random);
    let site = |random: &mut Random| {
        if favourites {
            sites.draw(random)
        } else {
            NO_SITE
        }
    };
    let interests = (0..3).fold(0, |all, _| all | 1 << random.below(INTERESTS));
    let centred = |sigma: f64| libm::exp(-sigma * sigma / 2.0);
    // Who hunts bargains shops more.
    let shops_more = 0.7 + 0.9 * thrift / (thrift + 0.4);
    Person {
        known: 0,
        memory: [NOTHING; MEMORY],
        regular: [NO_SHOP; REGULAR],
        purchases_per_day: (random.log_normal(1.0, habits.shopping_sigma) * shops_more) as f32,
        budget: (random.log_normal(1.0, habits.budget_sigma) * (1.0 - 0.25 * thrift)) as f32,
        thrift: thrift as f32,
        curiosity: random.log_normal(centred(habits.curiosity_sigma), habits.curiosity_sigma)
            as f32,
        generation: 0,
        city,
        chronotype: random.below(CHRONOTYPES as u64) as u8,
        extension,
        interests,
        sites: [site(random), site(random)],
        private: random.chance(habits.private_share),
        two_devices: random.chance(habits.second_device_share),
        loses_cookies: random.chance(habits.cookie_loss_share),
    }
}
