//! The population: who lives where, and who knows whom.
//!
//! Decides about people. Must not know codes' plans, leaks or what is written about anybody.

use crate::agents::chronotypes::Chronotypes;
use crate::agents::habits::Habits;
use crate::agents::person::{Person, born};
use crate::agents::places::Popularity;
use crate::draft::Customer;
use crate::geography::{CityId, Population};
use crate::random::{Random, Stream, mix};
use crate::time::HOUR_MS;

/// The largest population: 3 million persons are about 400 MB, and more codes than they can follow share them.
const PEOPLE_MAX: f64 = 3e6;
const PEOPLE_MIN: f64 = 400.0;
/// A country: its persons stand city by city, so that neighbours in the list are neighbours in life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Land {
    pub(crate) from: u32,
    pub(crate) until: u32,
    /// City and its first person, in order.
    cities: Vec<(CityId, u32)>,
}

impl Land {
    /// The persons of a city.
    pub(crate) fn city(&self, city: CityId) -> (u32, u32) {
        match self.cities.iter().position(|&(id, _)| id == city) {
            Some(index) => {
                let until = self.cities.get(index + 1).map_or(self.until, |next| next.1);
                (self.cities[index].1, until)
            }
            None => (self.from, self.until),
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.until - self.from
    }

    pub(crate) fn anyone(&self, random: &mut Random) -> u32 {
        self.from + random.below(u64::from(self.len())) as u32
    }

    /// Somebody of that city, or anybody where nobody lives there.
    pub(crate) fn townsman(&self, city: CityId, random: &mut Random) -> u32 {
        let (from, until) = self.city(city);
        if from == until {
            return self.anyone(random);
        }
        from + random.below(u64::from(until - from)) as u32
    }

    /// Persons who stand together somewhere in that city: a desk row, a dormitory.
    pub(crate) fn cluster(&self, city: CityId, size: u32, random: &mut Random) -> (u32, u32) {
        let (from, until) = self.city(city);
        let (from, until) = if until - from < 8 {
            (self.from, self.until)
        } else {
            (from, until)
        };
        let size = size.min(until - from);
        let first = from + random.below(u64::from(until - from - size + 1)) as u32;
        (first, first + size)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) people: Vec<Person>,
    /// Kazakhstan, Russia.
    pub(crate) lands: [Land; 2],
    pub(crate) chronotypes: Chronotypes,
    seed: u64,
}

/// The index of a country in [`Town::lands`].
pub(crate) fn land_of(country: &str) -> usize {
    usize::from(country == "RU")
}

impl Town {
    /// Settles both countries for so many coded orders and purchases a day.
    pub(crate) fn settle(
        seed: u64,
        habits: &Habits,
        orders_per_day: [f64; 2],
        purchases_per_day: [f64; 2],
        sites: &Popularity,
    ) -> Self {
        let mut random = Random::of(seed, Stream::People, 0, 0);
        let chronotypes = Chronotypes::draw(&mut random);
        let wanted = orders_per_day.map(|orders| orders * habits.people_per_daily_order);
        let squeeze = (PEOPLE_MAX / (wanted[0] + wanted[1])).min(1.0);
        let all = (wanted[0] + wanted[1]) * squeeze + 2.0 * PEOPLE_MIN;
        let mut people = Vec::with_capacity(all as usize);
        let mut lands = [Land::default(), Land::default()];
        for (land, country) in lands.iter_mut().zip(["KZ", "RU"]) {
            let index = land_of(country);
            if wanted[index] <= 0.0 {
                continue;
            }
            let size = (wanted[index] * squeeze).max(PEOPLE_MIN) as u32;
            land.from = people.len() as u32;
            land.until = land.from + size;
            let population = Population::of(country);
            let mut homes: Vec<CityId> = (0..size).map(|_| population.draw(&mut random)).collect();
            homes.sort_unstable();
            for city in homes {
                if land.cities.last().is_none_or(|&(last, _)| last != city) {
                    land.cities.push((city, people.len() as u32));
                }
                people.push(born(habits, sites, city, &mut random));
            }
            // Scaled so that all of them together buy as much as the shops sell.
            let own = &mut people[land.from as usize..];
            let sum: f64 = own.iter().map(|p| f64::from(p.purchases_per_day)).sum();
            let scale = (purchases_per_day[index] / sum) as f32;
            own.iter_mut()
                .for_each(|person| person.purchases_per_day *= scale);
        }
        Self {
            people,
            lands,
            chronotypes,
            seed,
        }
    }

    pub(crate) fn person(&self, number: u32) -> &Person {
        &self.people[number as usize]
    }

    pub(crate) fn person_mut(&mut self, number: u32) -> &mut Person {
        &mut self.people[number as usize]
    }

    fn identity(&self, number: u32) -> u64 {
        mix(u64::from(number) << 16 | u64::from(self.person(number).generation)) ^ self.seed
    }

    pub(crate) fn customer(&self, number: u32) -> Customer {
        Customer::new(mix(self.identity(number)), self.person(number).city)
    }

    /// The cookie, or device, that a click of this person shows.
    pub(crate) fn visitor(&self, number: u32, second_device: bool, ts: i64) -> u64 {
        let person = self.person(number);
        let week = if person.loses_cookies {
            ts / (7 * 24 * HOUR_MS)
        } else {
            0
        };
        mix(self.identity(number) ^ (week as u64) << 8 ^ u64::from(second_device) ^ 0x7669_7369)
    }

    pub(crate) fn land_of(&self, number: u32) -> &Land {
        &self.lands[usize::from(number >= self.lands[1].from && self.lands[1].until > 0)]
    }

    pub(crate) fn attends(&self, number: u32, ts: i64, random: &mut Random) -> i64 {
        let person = self.person(number);
        self.chronotypes
            .attends(person.chronotype, person.city, ts, random)
    }

    /// Mostly somebody from around, now and then somebody far away; whoever it is, the same few again.
    pub(crate) fn friend(&self, number: u32, random: &mut Random) -> u32 {
        const NEAR: u64 = 12;
        const FAR: u64 = 4;
        let land = self.land_of(number);
        let near = random.chance(0.8);
        let step = if near {
            1 + random.below(NEAR)
        } else {
            mix(u64::from(number) << 8 | random.below(FAR)) % u64::from(land.len())
        };
        let at = u64::from(number - land.from) + step + u64::from(land.len());
        let at = if near && random.chance(0.5) {
            at - 2 * step
        } else {
            at
        };
        land.from + (at % u64::from(land.len())) as u32
    }

    /// Somebody else takes this place: same city, nothing else.
    pub(crate) fn renew(
        &mut self,
        number: u32,
        habits: &Habits,
        sites: &Popularity,
        random: &mut Random,
    ) {
        let before = self.person(number);
        let mut newcomer = born(habits, sites, before.city, random);
        newcomer.generation = before.generation.wrapping_add(1);
        newcomer.purchases_per_day = before.purchases_per_day;
        *self.person_mut(number) = newcomer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town() -> (Town, Habits) {
        let habits = Habits::draw(1, 0.0);
        let sites = Popularity::falling(4);
        let town = Town::settle(1, &habits, [30.0, 10.0], [300.0, 100.0], &sites);
        (town, habits)
    }

    #[test]
    fn people_live_in_the_cities_of_their_country_and_so_do_their_friends() {
        let (town, _) = town();
        let mut random = Random::of(2, Stream::People, 1, 0);
        assert_eq!(town.people.len() as u32, town.lands[1].until);
        for (number, person) in (0..).zip(&town.people) {
            assert_eq!(person.city >= 20, number >= town.lands[1].from);
            let (from, until) = town.land_of(number).city(person.city);
            assert!((from..until).contains(&number));
            let friend = town.friend(number, &mut random);
            assert_eq!(friend >= town.lands[1].from, number >= town.lands[1].from);
        }
        let bought: f32 = town.people.iter().map(|p| p.purchases_per_day).sum();
        assert!((bought - 400.0).abs() < 1.0, "{bought}");
    }

    #[test]
    fn whoever_takes_a_place_is_another_customer_and_remembers_nothing() {
        let (mut town, habits) = town();
        town.person_mut(5).meet(3);
        town.person_mut(5).remember(7, 0, false);
        let before = town.customer(5);
        let mut random = Random::of(2, Stream::People, 1, 0);
        town.renew(5, &habits, &Popularity::falling(4), &mut random);
        assert_ne!(before, town.customer(5));
        assert!(!town.person(5).knows(3));
        assert!(town.person(5).memory.iter().all(|slot| slot.code != 7));
    }

    #[test]
    fn a_code_learnt_from_the_partner_stays_honest_and_the_stalest_makes_room() {
        let (mut town, _) = town();
        let person = town.person_mut(0);
        person.remember(1, HOUR_MS, false);
        person.remember(1, 2 * HOUR_MS, true);
        assert!(!person.memory.iter().any(|slot| slot.leaked));
        person.remember_use(1);
        for code in 2..=5 {
            person.remember(code, i64::from(code) * HOUR_MS, true);
        }
        let kept: Vec<u32> = person.memory.iter().map(|slot| slot.code).collect();
        assert!(kept.contains(&1) && !kept.contains(&2), "{kept:?}");
    }
}
