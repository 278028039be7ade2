//! What comes over all codes of a shop at once: sale days, pay-days, slow moods, outages.
//!
//! Decides the weather of each shop in an hour. Must not know of codes or leaks.

use crate::cascades::chance::{Subject, chance, lomax};
use crate::cascades::names::MARKETPLACES;
use crate::cascades::nature::{Nature, Origins, Shops};
use crate::random::Random;
use crate::shop::{Merchant, Outage};
use crate::time::{DAY_MS, Hour, days_ms, hours_ms, local_midnight};
use crate::truth::TruthEvent;

/// A shop's weather in an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Multiplies the start of cascades.
    pub(crate) interest: f64,
    /// Multiplies the chance that interest becomes an order.
    pub(crate) buying: f64,
    /// How much people who like sales gain on the others, in logarithms per unit of their liking.
    pub(crate) tilt: f64,
    pub(crate) outage: Outage,
}

/// Windows that come again and again.
#[derive(Clone, Debug)]
struct Recurring {
    random: Random,
    from: i64,
    until: i64,
}

/// How windows of a sort come: gaps and lengths.
#[derive(Clone, Copy, Debug)]
enum Law {
    /// Whole days, one to four.
    Sales { gap_days: f64 },
    /// Hours, by a power law.
    Outages {
        gap_days: f64,
        hours: f64,
        tail: f64,
    },
}

impl Recurring {
    fn starting(random: Random, from: i64, law: Law) -> Self {
        let mut windows = Self {
            random,
            from,
            until: from,
        };
        windows.draw(law);
        windows
    }

    /// Whether the hour touches a window, how long ago the last one ended, and the window that begins in it.
    fn step(&mut self, hour: Hour, law: Law) -> (bool, Option<(i64, i64)>) {
        while self.until <= hour.from {
            self.draw(law);
        }
        let begins = hour.contains(self.from);
        (
            self.from < hour.until,
            begins.then_some((self.from, self.until)),
        )
    }

    fn draw(&mut self, law: Law) {
        let random = &mut self.random;
        match law {
            Law::Sales { gap_days } => {
                let gap = gap_days * (0.3 + random.exponential(0.7));
                self.from = local_midnight(self.until + days_ms(gap));
                self.until = self.from + (1 + random.below(4) as i64) * DAY_MS;
            }
            Law::Outages {
                gap_days,
                hours,
                tail,
            } => {
                const LONGEST_HOURS: f64 = 10.0 * 24.0;
                let gap = gap_days * (0.1 + random.exponential(0.9));
                self.from = self.until + days_ms(gap);
                let length = 1.0 + lomax(hours, tail, LONGEST_HOURS, random);
                self.until = self.from + hours_ms(length);
            }
        }
    }
}

#[derive(Clone, Debug)]
struct ShopSeason {
    /// Index of its calendar of sales.
    sale: usize,
    lift: f64,
    tilt: f64,
    /// The last sale's end, for the hangover.
    sale_ended: i64,
    /// Log-level, a slow random walk around nothing.
    mood: f64,
    moods: Random,
    outages: [Recurring; 2],
}

/// The weather of all shops.
#[derive(Clone, Debug)]
pub(crate) struct Seasons {
    origins: Origins,
    laws: Shops,
    /// Calendars of sales: of the marketplaces, then of single shops.
    sales: Vec<Recurring>,
    shops: Vec<ShopSeason>,
    weather: Vec<Weather>,
    /// When in the month advances and salaries are paid, as shares of a month.
    paydays: [f64; 2],
    seed: u64,
}

impl Seasons {
    /// The weather from `from` on.
    pub(crate) fn cast(seed: u64, nature: &Nature, merchants: &[Merchant], from: i64) -> Self {
        let laws = nature.shops;
        let sale_law = sale_law(&laws);
        // Somewhere within a gap when the world begins.
        let calendar = |number: u64| {
            let mut random = chance(seed, Subject::Sale, number, 0);
            let back = days_ms(laws.sale_gap_days * random.unit());
            Recurring::starting(random, from - back, sale_law)
        };
        let mut sales: Vec<Recurring> = (0..MARKETPLACES.len() as u64).map(calendar).collect();
        let mut shops = Vec::with_capacity(merchants.len());
        for (merchant, number) in merchants.iter().zip(1_000..) {
            let of_marketplace = MARKETPLACES
                .iter()
                .position(|&(name, _)| Some(name) == merchant.marketplace);
            let sale = of_marketplace.unwrap_or_else(|| {
                sales.push(calendar(number));
                sales.len() - 1
            });
            let mut random = chance(seed, Subject::Sale, number, 1);
            let outage = |which: u64| {
                let mut random = chance(seed, Subject::Outage, number, which);
                let back = days_ms(laws.outage_gap_days * random.unit());
                Recurring::starting(random, from - back, outage_law(&laws))
            };
            let outages = [outage(0), outage(1)];
            shops.push(ShopSeason {
                sale,
                lift: random.log_normal(laws.sale_lift, 0.25).max(1.3),
                tilt: laws.sale_tilt * random.range(0.5, 1.5),
                sale_ended: i64::MIN,
                mood: nature.origins.shop_level_sd * random.normal(),
                moods: random,
                outages,
            });
        }
        let fair = Weather {
            interest: 1.0,
            buying: 1.0,
            tilt: 0.0,
            outage: Outage::default(),
        };
        let mut random = chance(seed, Subject::Sale, 0, 2);
        Self {
            origins: nature.origins,
            laws,
            sales,
            weather: vec![fair; shops.len()],
            shops,
            paydays: [random.unit(), random.unit()],
            seed,
        }
    }

    pub(crate) fn weather(&self, shop: u32) -> Weather {
        self.weather[shop as usize]
    }

    /// Moves on to `hour`; what begins in it is told to `note(shop, event)`.
    pub(crate) fn step(
        &mut self,
        hour: Hour,
        merchants: &[Merchant],
        mut note: impl FnMut(usize, TruthEvent),
    ) {
        let law = sale_law(&self.laws);
        let on: Vec<(bool, Option<(i64, i64)>)> = self
            .sales
            .iter_mut()
            .map(|sale| sale.step(hour, law))
            .collect();
        let elsewhere = on[..MARKETPLACES.len()].iter().any(|sale| sale.0);
        let payday = self.payday(hour.local_day);
        let outages = outage_law(&self.laws);
        let new_day = hour.week_hour.is_multiple_of(24);
        for (number, shop) in self.shops.iter_mut().enumerate() {
            let (sale_on, sale_begun) = on[shop.sale];
            if sale_on {
                shop.sale_ended = hour.until;
            }
            if new_day {
                shop.wander(self.origins.shop_level_sd);
            }
            let [click_ids, referrers] =
                [0, 1].map(|which| shop.outages[which].step(hour, outages));
            let mood = libm::exp(shop.mood - self.origins.shop_level_sd.powi(2) / 2.0);
            // A lift comes partly from more interest, partly from more of it buying.
            let (interest, buying, tilt) = if sale_on {
                let interest = libm::pow(shop.lift, 0.4);
                (interest, shop.lift / interest, shop.tilt)
            } else if hour.from < shop.sale_ended.saturating_add(2 * DAY_MS) {
                (1.0, self.laws.hangover, -0.3 * shop.tilt)
            } else if elsewhere {
                (1.08, 1.08, 0.2 * shop.tilt)
            } else {
                (1.0, 1.0, 0.0)
            };
            self.weather[number] = Weather {
                interest: interest * mood,
                buying: buying * payday,
                tilt,
                outage: Outage {
                    click_ids: click_ids.0,
                    referrers: referrers.0,
                },
            };
            let told = &merchants[number].coverage;
            let mut tell = |kind, begun: Option<(i64, i64)>, matters: bool| {
                if let Some((at, until)) = begun.filter(|_| matters) {
                    let until = Some(until);
                    note(number, TruthEvent { kind, at, until });
                }
            };
            tell("sale", sale_begun, true);
            tell("click_id_outage", click_ids.1, told.click_id > 0.0);
            tell("referrer_outage", referrers.1, told.referrer > 0.0);
        }
    }

    /// People buy more for two days after money comes; some days are dull or lively for no reason.
    fn payday(&self, local_day: i64) -> f64 {
        const MONTH_DAYS: f64 = 30.436_875;
        const PAID_FOR_DAYS: f64 = 2.0;
        let phase = local_day as f64 / MONTH_DAYS;
        let paid = self.paydays.iter().any(|&at| {
            let since = phase - at;
            (since - libm::floor(since)) * MONTH_DAYS < PAID_FOR_DAYS
        });
        let mut day = chance(self.seed, Subject::Day, local_day as u64, 0);
        let lift = if paid { self.origins.payday_lift } else { 0.0 };
        (1.0 + lift) * day.log_normal(1.0, 0.06)
    }
}

fn sale_law(laws: &Shops) -> Law {
    Law::Sales {
        gap_days: laws.sale_gap_days,
    }
}

fn outage_law(laws: &Shops) -> Law {
    Law::Outages {
        gap_days: laws.outage_gap_days,
        hours: laws.outage_hours,
        tail: laws.outage_tail,
    }
}

impl ShopSeason {
    fn wander(&mut self, sd: f64) {
        /// Half of a shop's mood is forgotten in three weeks.
        const KEPT_A_DAY: f64 = 0.967_5;
        let fresh = libm::sqrt(1.0 - KEPT_A_DAY * KEPT_A_DAY) * sd;
        self.mood = KEPT_A_DAY * self.mood + fresh * self.moods.normal();
    }
}
