//! What comes over a whole shop: sale days, and outages of its tracking.

use crate::programme::habits::{SeasonHabits, Windows};
use crate::random::{Random, Stream};
use crate::shop::{Merchant, Outage};
use crate::time::{Hour, hours_ms, local_midnight};
use crate::truth::TruthEvent;

/// A shop's weather in an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Multiplies orders.
    pub(crate) lift: f64,
    /// 0 on a usual day, 1 on a full sale day: how far the mix of buyers shifts.
    pub(crate) sale: f64,
    pub(crate) outage: Outage,
}

/// Windows of time that come again and again.
#[derive(Clone, Debug)]
struct Recurring {
    random: Random,
    windows: Windows,
    from: i64,
    until: i64,
}

impl Recurring {
    /// Whether the hour lies in a window, and the window where it begins in this hour.
    fn step(&mut self, hour: Hour) -> (bool, Option<(i64, i64)>) {
        while self.until <= hour.from {
            self.draw();
        }
        let inside = self.from < hour.until;
        (
            inside,
            hour.contains(self.from).then_some((self.from, self.until)),
        )
    }

    fn draw(&mut self) {
        let (gap_min_days, gap_mean_days) = self.windows.gap_days;
        let extra = self.random.exponential(gap_mean_days - gap_min_days);
        self.from = self.until + hours_ms((gap_min_days + extra) * 24.0);
        let mut hours = self.random.log_between(self.windows.length_hours);
        if self.windows.whole_days {
            self.from = local_midnight(self.from);
            hours = libm::round(hours / 24.0).max(1.0) * 24.0;
        }
        self.until = self.from + hours_ms(hours);
    }
}

/// A calendar of sales: a marketplace's own, or a single shop's.
#[derive(Clone, Debug)]
struct Sale {
    marketplace: Option<&'static str>,
    windows: Recurring,
}

#[derive(Clone, Debug)]
struct ShopSeason {
    sale: usize,
    /// How strongly this shop takes part in a sale.
    lift: f64,
    click_ids: Recurring,
    referrers: Recurring,
}

/// The weather of all shops.
#[derive(Clone, Debug)]
pub(crate) struct Seasons {
    sales: Vec<Sale>,
    shops: Vec<ShopSeason>,
    weather: Vec<Weather>,
    /// The weather of the others on a marketplace's sale days: factor on orders, share of a sale day.
    elsewhere: (f64, f64),
}

/// Marketplaces with sale days of their own.
pub(crate) const MARKETPLACES: [&str; 4] = ["kaspi", "halyk", "wildberries", "ozon"];

impl Seasons {
    pub(crate) fn cast(
        seed: u64,
        habits: &SeasonHabits,
        merchants: &[Merchant],
        start: i64,
    ) -> Self {
        let recurring = |stream, number, windows: Windows| {
            let mut random = Random::of(seed, stream, number, 0);
            // Somewhere within a gap when the world begins.
            let until = start - hours_ms(24.0 * windows.gap_days.1 * 0.7 * random.unit());
            Recurring {
                random,
                windows,
                from: until,
                until,
            }
        };
        let mut sales: Vec<Sale> = MARKETPLACES
            .iter()
            .zip(0..)
            .map(|(&name, number)| Sale {
                marketplace: Some(name),
                windows: recurring(Stream::Sale, number, habits.marketplace_sales),
            })
            .collect();
        let mut shops = Vec::with_capacity(merchants.len());
        for (merchant, number) in merchants.iter().zip(1_000..) {
            let mut random = Random::of(seed, Stream::Sale, number, 1);
            let of_marketplace = MARKETPLACES
                .iter()
                .position(|&name| Some(name) == merchant.marketplace);
            let sale = of_marketplace.unwrap_or_else(|| {
                let windows = recurring(Stream::Sale, number, habits.own_sales);
                sales.push(Sale {
                    marketplace: None,
                    windows,
                });
                sales.len() - 1
            });
            shops.push(ShopSeason {
                sale,
                lift: random.log_normal(
                    if of_marketplace.is_some() {
                        habits.marketplace_lift
                    } else {
                        habits.own_lift
                    },
                    habits.lift_sigma,
                ),
                click_ids: recurring(Stream::Outage, number * 2, habits.click_id_outages),
                referrers: recurring(Stream::Outage, number * 2 + 1, habits.referrer_outages),
            });
        }
        let fair = Weather {
            lift: 1.0,
            sale: 0.0,
            outage: Outage::default(),
        };
        Self {
            sales,
            weather: vec![fair; shops.len()],
            elsewhere: (habits.elsewhere_lift, habits.elsewhere_sale),
            shops,
        }
    }

    /// What is broken at a shop in the hour stepped to last.
    pub(crate) fn outage(&self, shop: usize) -> Outage {
        self.weather[shop].outage
    }

    /// The weather in `hour`, one entry per shop; what begins in it is told to `note(shop, event)`.
    pub(crate) fn step(
        &mut self,
        hour: Hour,
        merchants: &[Merchant],
        mut note: impl FnMut(usize, TruthEvent),
    ) -> &[Weather] {
        let on: Vec<(bool, Option<(i64, i64)>)> = self
            .sales
            .iter_mut()
            .map(|sale| sale.windows.step(hour))
            .collect();
        // On a marketplace's sale days people look around elsewhere too.
        let elsewhere = self
            .sales
            .iter()
            .zip(&on)
            .any(|(sale, on)| sale.marketplace.is_some() && on.0);
        for (shop, season) in self.shops.iter_mut().enumerate() {
            let (sale_on, sale_begun) = on[season.sale];
            let (click_ids, click_outage_begun) = season.click_ids.step(hour);
            let (referrers, referrer_outage_begun) = season.referrers.step(hour);
            let (lift, sale) = match (sale_on, elsewhere) {
                (true, _) => (season.lift, 1.0),
                (false, true) => self.elsewhere,
                (false, false) => (1.0, 0.0),
            };
            self.weather[shop] = Weather {
                lift,
                sale,
                outage: Outage {
                    click_ids,
                    referrers,
                },
            };
            let mut tell = |kind, begun: Option<(i64, i64)>| {
                if let Some((at, until)) = begun {
                    note(
                        shop,
                        TruthEvent {
                            kind,
                            at,
                            until: Some(until),
                        },
                    );
                }
            };
            tell("sale", sale_begun);
            if merchants[shop].coverage.click_id > 0.0 {
                tell("click_id_outage", click_outage_begun);
            }
            if merchants[shop].coverage.referrer > 0.0 {
                tell("referrer_outage", referrer_outage_begun);
            }
        }
        &self.weather
    }
}
