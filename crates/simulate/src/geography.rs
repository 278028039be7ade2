//! Cities, and how partners' audiences and shops' customers spread over them.

use crate::random::Random;

/// Index into [`CITIES`].
pub(crate) type CityId = u8;
/// Marks a city that was not reported.
pub(crate) const NO_CITY: CityId = u8::MAX;

pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    /// Share among online buyers of its country, up to a factor; about population in 10,000s.
    weight: u16,
}

const fn kz(name: &'static str, weight: u16) -> City {
    City {
        name,
        country: "KZ",
        weight,
    }
}

const fn ru(name: &'static str, weight: u16) -> City {
    City {
        name,
        country: "RU",
        weight,
    }
}

pub(crate) static CITIES: [City; 30] = [
    kz("Алматы", 225),
    kz("Астана", 145),
    kz("Шымкент", 121),
    kz("Караганда", 52),
    kz("Актобе", 56),
    kz("Тараз", 43),
    kz("Павлодар", 36),
    kz("Усть-Каменогорск", 35),
    kz("Семей", 33),
    kz("Атырау", 33),
    kz("Костанай", 26),
    kz("Кызылорда", 31),
    kz("Уральск", 29),
    kz("Петропавловск", 22),
    kz("Актау", 24),
    kz("Туркестан", 21),
    kz("Кокшетау", 19),
    kz("Талдыкорган", 20),
    kz("Экибастуз", 14),
    kz("Темиртау", 18),
    ru("Москва", 1300),
    ru("Санкт-Петербург", 560),
    ru("Новосибирск", 163),
    ru("Екатеринбург", 154),
    ru("Казань", 131),
    ru("Омск", 110),
    ru("Челябинск", 118),
    ru("Самара", 116),
    ru("Краснодар", 113),
    ru("Тюмень", 85),
];

/// The first city of Russia in [`CITIES`].
const FIRST_RU: usize = 20;

/// Draws cities of one country in proportion to their size: a Walker alias table, so a draw is two look-ups.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    first: usize,
    keep: Vec<f64>,
    alias: Vec<u8>,
}

impl Population {
    pub(crate) fn of(country: &str) -> Self {
        let (first, cities) = match country {
            "RU" => (FIRST_RU, &CITIES[FIRST_RU..]),
            _ => (0, &CITIES[..FIRST_RU]),
        };
        let n = cities.len();
        let total: f64 = cities.iter().map(|city| f64::from(city.weight)).sum();
        let mut keep: Vec<f64> = cities
            .iter()
            .map(|city| f64::from(city.weight) * n as f64 / total)
            .collect();
        let mut alias = vec![0u8; n];
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| keep[i] < 1.0);
        while let (Some(s), Some(&l)) = (small.pop(), large.last()) {
            alias[s] = l as u8;
            keep[l] -= 1.0 - keep[s];
            if keep[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        for rest in small.into_iter().chain(large) {
            keep[rest] = 1.0;
        }
        Self { first, keep, alias }
    }

    #[inline]
    pub(crate) fn draw(&self, random: &mut Random) -> CityId {
        let scaled = random.unit() * self.keep.len() as f64;
        let slot = scaled as usize;
        let within = if scaled - (slot as f64) < self.keep[slot] {
            slot
        } else {
            self.alias[slot].into()
        };
        (self.first + within) as CityId
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn cities_are_drawn_in_proportion_to_their_size_and_within_their_country() {
        let mut random = Random::of(1, Stream::Cast, 0, 0);
        for country in ["KZ", "RU"] {
            let population = Population::of(country);
            let mut drawn = [0u32; CITIES.len()];
            for _ in 0..200_000 {
                drawn[usize::from(population.draw(&mut random))] += 1;
            }
            let total: u16 = CITIES
                .iter()
                .filter(|c| c.country == country)
                .map(|c| c.weight)
                .sum();
            for (city, &count) in CITIES.iter().zip(&drawn) {
                let expected = if city.country == country {
                    f64::from(city.weight) / f64::from(total)
                } else {
                    0.0
                };
                assert!(
                    (f64::from(count) / 200_000.0 - expected).abs() < 0.005,
                    "{}",
                    city.name
                );
            }
        }
    }
}
