//! What comes over everybody: sale days, pay days, the mood of a day; and over shops: outages, releases.
//!
//! Decides when. Must not know what people do about it.

use crate::agents::habits::Habits;
use crate::agents::shops::change_coverage;
use crate::random::{Random, Stream};
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::{DAY_MS, HOUR_MS, Hour, hours_ms, local_midnight};
use crate::truth::TruthEvent;

/// A sale of a marketplace or a shop, from midnight on or for some hours of an evening.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: i64,
    until: i64,
}

impl Window {
    fn holds(&self, hour: Hour) -> bool {
        self.from < hour.until && hour.from < self.until
    }
}

/// Sales that are on the same days for everybody who takes part.
#[derive(Clone, Debug)]
struct Fair {
    marketplace: Option<&'static str>,
    random: Random,
    gap_days: f64,
    window: Window,
}

#[derive(Clone, Debug)]
struct ShopSeason {
    fair: usize,
    lift: f64,
    /// Sales of some hours, besides the fair.
    flash: Window,
    clicks_lost: Window,
    referrers_lost: Window,
    release: i64,
    random: Random,
    now: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Seasons {
    fairs: Vec<Fair>,
    shops: Vec<ShopSeason>,
    payday_lift: f64,
    /// How much people buy today, whatever the shop.
    pub(crate) mood: f64,
    mood_random: Random,
    /// Nothing of all this happens before.
    start: i64,
}

fn gap_after(at: i64, mean_days: f64, random: &mut Random) -> i64 {
    // A third of the gap is certain.
    at + hours_ms(24.0 * mean_days * (0.33 + random.exponential(0.67)))
}

/// Cut to hours, so that an outage never covers half of what an hour's orders show.
fn whole_hours(from: i64, hours: f64) -> Window {
    let from = from.div_euclid(HOUR_MS) * HOUR_MS;
    Window {
        from,
        until: from + (hours.max(1.0) as i64) * HOUR_MS,
    }
}

impl Seasons {
    pub(crate) fn cast(seed: u64, habits: &Habits, stage: &Stage, start: i64) -> Self {
        let mut names: Vec<Option<&'static str>> = Vec::new();
        let mut fairs = Vec::new();
        let mut shops = Vec::with_capacity(stage.merchants.len());
        for (merchant, number) in stage.merchants.iter().zip(0..) {
            let mut random = Random::of(seed, Stream::Sale, 500_000 + number, 7);
            let shared = names
                .iter()
                .position(|&name| name.is_some() && name == merchant.marketplace);
            let fair = shared.unwrap_or_else(|| {
                names.push(merchant.marketplace);
                let mut random = Random::of(seed, Stream::Sale, 400_000 + fairs.len() as u64, 7);
                let gap_days = random.range(20.0, 40.0);
                // The last one lies somewhere within a gap before the world.
                let before = start - hours_ms(24.0 * gap_days * random.unit());
                fairs.push(Fair {
                    marketplace: merchant.marketplace,
                    window: Window {
                        from: before,
                        until: before,
                    },
                    random,
                    gap_days,
                });
                fairs.len() - 1
            });
            shops.push(ShopSeason {
                fair,
                lift: random.log_normal(habits.sale_lift, 0.3).max(1.1),
                flash: Window {
                    from: gap_after(start, 50.0, &mut random),
                    until: i64::MIN,
                },
                clicks_lost: whole_hours(
                    gap_after(start, 35.0, &mut random),
                    random.log_uniform(2.0, 90.0),
                ),
                referrers_lost: whole_hours(
                    gap_after(start, 50.0, &mut random),
                    random.log_uniform(2.0, 120.0),
                ),
                release: gap_after(start, 110.0, &mut random),
                random,
                now: 1.0,
            });
            let season: &mut ShopSeason = shops.last_mut().expect("pushed above");
            season.flash.until = season.flash.from + hours_ms(season.random.range(3.0, 30.0));
        }
        Self {
            fairs,
            shops,
            payday_lift: habits.payday_lift,
            mood: 1.0,
            mood_random: Random::of(seed, Stream::Day, 600_000, 7),
            start,
        }
    }

    /// How much more is bought at a shop in this hour than usual; 1 on most days.
    pub(crate) fn lift(&self, shop: u32) -> f64 {
        self.shops[shop as usize].now
    }

    pub(crate) fn outage(&self, shop: u32, hour: Hour) -> Outage {
        let season = &self.shops[shop as usize];
        Outage {
            click_ids: season.clicks_lost.holds(hour),
            referrers: season.referrers_lost.holds(hour),
        }
    }

    /// Moves on to `hour`; what begins in it is told to `note(shop, event)`.
    pub(crate) fn step(
        &mut self,
        hour: Hour,
        stage: &mut Stage,
        mut note: impl FnMut(u32, TruthEvent),
    ) {
        if hour.from == local_midnight(hour.from) {
            self.mood = self.mood_random.log_normal(1.0, 0.1) * self.payday(hour);
        }
        if hour.from < self.start {
            return;
        }
        for fair in &mut self.fairs {
            if fair.window.until < hour.from - DAY_MS {
                fair.call(hour);
            }
        }
        for (number, season) in (0..).zip(&mut self.shops) {
            let fair = &self.fairs[season.fair];
            season.now = match fair.level(hour) {
                level if level > 0.0 => 1.0 + (season.lift - 1.0) * level,
                level if level < 0.0 => 0.85,
                _ if season.flash.holds(hour) => 1.0 + 0.7 * (season.lift - 1.0),
                _ => 1.0,
            };
            let mut tell = |kind, window: Window| {
                if hour.contains(window.from) {
                    note(
                        number,
                        TruthEvent {
                            kind,
                            at: window.from,
                            until: Some(window.until),
                        },
                    );
                }
            };
            tell("sale", fair.window);
            tell("sale", season.flash);
            let merchant = &mut stage.merchants[number as usize];
            if merchant.coverage.click_id > 0.0 {
                tell("click_id_outage", season.clicks_lost);
            }
            if merchant.coverage.referrer > 0.0 {
                tell("referrer_outage", season.referrers_lost);
            }
            if hour.from >= season.release {
                tell(
                    "coverage_change",
                    Window {
                        from: hour.from,
                        until: hour.until,
                    },
                );
                change_coverage(merchant, &mut season.random);
                season.release = gap_after(hour.until, 110.0, &mut season.random);
            }
            season.renew(hour);
        }
    }

    /// Wages come around the 5th and the 20th; a month of 30.4 days is near enough.
    fn payday(&self, hour: Hour) -> f64 {
        let day_of_month = (hour.local_day as f64 * 100.0).rem_euclid(3_044.0) / 100.0;
        let just_paid = [5.0, 20.0]
            .iter()
            .any(|&day| (day..day + 3.0).contains(&day_of_month));
        if just_paid { self.payday_lift } else { 1.0 }
    }
}

impl Fair {
    /// Sets the date of the next one.
    fn call(&mut self, hour: Hour) {
        let at = gap_after(hour.from, self.gap_days, &mut self.random);
        let from = local_midnight(at).max(local_midnight(hour.from) + DAY_MS);
        let days = if self.marketplace.is_some() {
            self.random.pick(&[2, 3, 3, 4])
        } else {
            self.random.pick(&[1, 2, 2, 5])
        };
        *self = Self {
            window: Window {
                from,
                until: from + days * DAY_MS,
            },
            ..self.clone()
        };
    }

    /// Strength of the sale: strongest at its beginning and on its last evening, negative the day before,
    /// when people wait for it.
    fn level(&self, hour: Hour) -> f64 {
        if self.window.holds(hour) {
            let gone = (hour.from - self.window.from) as f64 / DAY_MS as f64;
            let left = (self.window.until - hour.from) as f64 / DAY_MS as f64;
            return if gone < 1.0 || left < 0.5 { 1.15 } else { 0.75 };
        }
        let eve = Window {
            from: self.window.from - DAY_MS,
            until: self.window.from,
        };
        if eve.holds(hour) { -1.0 } else { 0.0 }
    }
}

impl ShopSeason {
    /// Sets the next date of whatever is over.
    fn renew(&mut self, hour: Hour) {
        let random = &mut self.random;
        if self.flash.until <= hour.from {
            let from = gap_after(hour.until, 50.0, random);
            self.flash = Window {
                from,
                until: from + hours_ms(random.range(3.0, 30.0)),
            };
        }
        if self.clicks_lost.until <= hour.from {
            self.clicks_lost = whole_hours(
                gap_after(hour.until, 35.0, random),
                random.log_uniform(2.0, 90.0),
            );
        }
        if self.referrers_lost.until <= hour.from {
            self.referrers_lost = whole_hours(
                gap_after(hour.until, 50.0, random),
                random.log_uniform(2.0, 120.0),
            );
        }
    }
}
