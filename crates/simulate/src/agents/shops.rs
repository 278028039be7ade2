//! Shops: what each sells, what it tells about its orders, and how its telling changes.
//!
//! Decides the fields that a shop passes on. Must not know who buys there, or why.

use crate::agents::names;
use crate::agents::person::INTERESTS;
use crate::geography::Population;
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::shape::WeekShape;
use crate::shop::{Coverage, Identity, Lifecycle, Merchant, TimeStyle, draw_poll_ms};
use crate::stage::Stage;

/// How talkative a shop on its own site is.
#[derive(Clone, Copy)]
enum Talk {
    /// A modern checkout with all events.
    Full,
    /// Some fields, some of the time.
    Patchy,
    /// The order and nothing else.
    Silent,
}

/// Where a programme's shops sell.
static MARKETPLACES: [(&str, f64, f64); 4] = [
    // Name, weight among Kazakhstani shops, among Russian ones.
    ("kaspi", 0.62, 0.0),
    ("halyk", 0.13, 0.0),
    ("wildberries", 0.15, 0.55),
    ("ozon", 0.1, 0.45),
];

pub(crate) fn cast_merchant(settings: &WorldSettings, number: u32) -> Merchant {
    let mut random = Random::of(settings.seed, Stream::Cast, 11, number.into());
    let random = &mut random;
    let walled = random.chance(settings.walled_share);
    let russian = random.chance(settings.russia_share);
    let country = if russian { "RU" } else { "KZ" };
    let marketplace = walled.then(|| {
        let weights = MARKETPLACES.map(|(_, kz, ru)| if russian { ru } else { kz });
        MARKETPLACES[random.weighted(&weights)].0
    });
    let lifecycle = [Lifecycle::Full, Lifecycle::FromPaid, Lifecycle::CreatedOnly];
    Merchant {
        name: names::shop(number as usize),
        marketplace,
        country,
        currency: if russian { "RUB" } else { "KZT" },
        identity: draw_identity(walled, random),
        coverage: if walled {
            walled_coverage(random)
        } else {
            open_coverage(random)
        },
        time_style: match random.index(4) {
            0 | 1 => TimeStyle::EpochMs,
            2 => TimeStyle::Utc,
            _ => TimeStyle::Offset(if russian { 3 } else { 5 }),
        },
        amount_quoted: random.chance(0.3),
        basket_median: 100.0 * random.log_normal(if russian { 2_900.0 } else { 15_000.0 }, 0.8),
        // What is left of the spread when the person is known.
        basket_sigma: random.range(0.2, 0.55),
        price_step: random.pick(&[100, 1_000, 5_000, 9_000, 1]),
        lifecycle: lifecycle[random.weighted(&[0.62, 0.18, 0.2])],
        pay_delay_median_hours: if walled {
            random.log_uniform(12.0, 120.0)
        } else {
            random.log_uniform(0.02, 4.0)
        },
        cancel_share: random.log_uniform(0.01, 0.2),
        return_share: random.log_uniform(0.005, 0.15),
        poll_ms: (walled && random.chance(settings.polled_share)).then(|| draw_poll_ms(random)),
        auto_base: random.log_uniform(0.002, 0.04),
        population: Population::of(country),
        // People's own hours make those of this family's shops; the shape is what others may ask of a shop.
        week: WeekShape::shop(0, 1.0),
    }
}

fn draw_identity(walled: bool, random: &mut Random) -> Identity {
    if walled {
        let choices = [
            Identity::Marketplace,
            Identity::MaskedPhone,
            Identity::Nobody,
        ];
        return choices[random.weighted(&[0.72, 0.16, 0.12])];
    }
    let choices = [
        Identity::Own,
        Identity::Phone,
        Identity::PhoneAsTyped,
        Identity::Email,
        Identity::Nobody,
    ];
    choices[random.weighted(&[0.36, 0.2, 0.22, 0.16, 0.06])]
}

fn some(share: f64, low: f64, high: f64, random: &mut Random) -> f64 {
    if random.chance(share) {
        random.range(low, high)
    } else {
        0.0
    }
}

fn walled_coverage(random: &mut Random) -> Coverage {
    Coverage {
        click_id: 0.0,
        click_ts: 0.0,
        referrer: some(0.15, 0.03, 0.35, random),
        entry: some(0.25, 0.4, 1.0, random),
        newcomer: some(0.55, 0.8, 1.0, random),
        city: some(0.8, 0.7, 1.0, random),
    }
}

fn open_coverage(random: &mut Random) -> Coverage {
    let talk = [Talk::Full, Talk::Patchy, Talk::Silent][random.weighted(&[0.55, 0.33, 0.12])];
    match talk {
        Talk::Full => Coverage {
            click_id: random.range(0.85, 1.0),
            click_ts: some(0.85, 0.95, 1.0, random),
            referrer: random.range(0.7, 1.0),
            entry: random.range(0.92, 1.0),
            newcomer: some(0.9, 0.97, 1.0, random),
            city: random.range(0.9, 1.0),
        },
        Talk::Patchy => Coverage {
            click_id: random.range(0.45, 0.92),
            click_ts: some(0.5, 0.5, 1.0, random),
            referrer: some(0.6, 0.2, 0.8, random),
            entry: some(0.5, 0.5, 1.0, random),
            newcomer: some(0.6, 0.6, 1.0, random),
            city: some(0.8, 0.5, 1.0, random),
        },
        Talk::Silent => Coverage {
            click_id: some(0.5, 0.3, 0.9, random),
            click_ts: 0.0,
            referrer: 0.0,
            entry: 0.0,
            newcomer: some(0.25, 0.9, 1.0, random),
            city: some(0.3, 0.9, 1.0, random),
        },
    }
}

/// A release of the shop's checkout: one field more, or one less, or another share of it.
pub(crate) fn change_coverage(merchant: &mut Merchant, random: &mut Random) {
    let walled = merchant.marketplace.is_some();
    let fresh = if walled {
        walled_coverage(random)
    } else {
        open_coverage(random)
    };
    let coverage = &mut merchant.coverage;
    match random.index(5) {
        // A marketplace sends no click ids, whatever its release.
        0 => {
            coverage.click_id = fresh.click_id;
            coverage.click_ts = fresh.click_ts;
        }
        1 => coverage.referrer = fresh.referrer,
        2 => coverage.entry = fresh.entry,
        3 => coverage.newcomer = fresh.newcomer,
        _ => coverage.city = fresh.city,
    }
}

/// What a shop sells.
pub(crate) fn interest_of(seed: u64, shop: u32) -> u8 {
    Random::of(seed, Stream::Cast, 12, shop.into()).below(INTERESTS) as u8
}

/// Which shops people turn to, codes or no codes.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    /// Purchases a day at each shop.
    pub(crate) purchases: Vec<f64>,
    pub(crate) interests: Vec<u8>,
    /// For each country: shops and their running sum of purchases.
    wheels: [(Vec<u32>, Vec<f64>); 2],
}

impl Market {
    /// `coded[shop]` orders a day carry a code; they are a shop's own share of all its orders.
    pub(crate) fn open(seed: u64, stage: &Stage, coded: &[f64], coded_share: f64) -> Self {
        let mut random = Random::of(seed, Stream::Cast, 13, 0);
        let odds = coded_share / (1.0 - coded_share);
        let purchases: Vec<f64> = coded
            .iter()
            .map(|coded| {
                let odds = random.log_normal(odds, 0.35);
                coded * (1.0 + odds) / odds
            })
            .collect();
        let mut wheels: [(Vec<u32>, Vec<f64>); 2] = Default::default();
        for (shop, (merchant, bought)) in (0..).zip(stage.merchants.iter().zip(&purchases)) {
            let (shops, sums) = &mut wheels[super::people::land_of(merchant.country)];
            if *bought > 0.0 {
                shops.push(shop);
                sums.push(sums.last().copied().unwrap_or(0.0) + bought);
            }
        }
        Self {
            interests: (0..coded.len() as u32)
                .map(|shop| interest_of(seed, shop))
                .collect(),
            purchases,
            wheels,
        }
    }

    /// Purchases a day in each country.
    pub(crate) fn purchases_per_day(&self) -> [f64; 2] {
        [0, 1].map(|land| self.wheels[land].1.last().copied().unwrap_or(0.0))
    }

    /// A shop of the country, by what is bought there.
    pub(crate) fn draw(&self, land: usize, random: &mut Random) -> Option<u32> {
        let (shops, sums) = &self.wheels[land];
        let at = random.unit() * sums.last()?;
        let index = sums.partition_point(|&sum| sum <= at).min(shops.len() - 1);
        Some(shops[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_release_of_a_marketplace_makes_it_send_click_ids() {
        let settings = WorldSettings::preset("walled", 3).expect("it is a preset");
        let mut random = Random::of(1, Stream::People, 0, 0);
        for number in 0..20 {
            let mut merchant = cast_merchant(&settings, number);
            for _ in 0..20 {
                change_coverage(&mut merchant, &mut random);
                assert_eq!(merchant.coverage.click_id, 0.0);
            }
        }
    }
}
