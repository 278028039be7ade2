//! What each code did on each day.
//!
//! Decides: how hourly windows become daily sums when a later revision may replace an hour.
//! Must not know: flags, or how sums are drawn.

use std::collections::BTreeMap;

use promoguard_event::{Hour, Window};

use promoguard_words::{Clock, Day};

/// Hours that are kept apart from the sums of their days, because a revision may still replace
/// them: the 14 days that events may be late, and one more.
const HOURS_OPEN: i32 = 15 * 24;
/// Codes whose days are kept; junk codes beyond that are only counted.
const CODES_MAX: usize = 200_000;

/// Figures of an hour or a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) clicks: u64,
    created: u32,
    paid: u32,
    clickless: u32,
}

impl Sums {
    fn of(window: &Window) -> Sums {
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Sums {
            clicks: window.clicks,
            created: small(window.orders.created),
            paid: small(window.orders.paid),
            clickless: small(window.clickless_orders),
        }
    }

    pub(super) fn add(&mut self, other: &Sums) {
        self.clicks = self.clicks.saturating_add(other.clicks);
        self.created = self.created.saturating_add(other.created);
        self.paid = self.paid.saturating_add(other.paid);
        self.clickless = self.clickless.saturating_add(other.clickless);
    }

    /// Orders. A window counts records, and an order is placed and paid in two of them; exports
    /// have both or only one. So the larger of the two stands for the orders.
    pub(super) fn orders(&self) -> u64 {
        u64::from(self.created.max(self.paid).max(self.clickless))
    }

    /// Orders without a click.
    pub(super) fn clickless(&self) -> u64 {
        u64::from(self.clickless)
    }
}

#[derive(Clone, Copy, Debug)]
struct OpenHour {
    hour: Hour,
    rev: u32,
    sums: Sums,
}

/// One code's days.
#[derive(Debug, Default)]
struct Series {
    /// Ascending by day.
    days: Vec<(Day, Sums)>,
    /// Ascending by hour.
    open: Vec<OpenHour>,
}

/// The days of all codes.
#[derive(Debug, Default)]
pub(super) struct Daily {
    codes: BTreeMap<String, Series>,
    newest: Option<Hour>,
    oldest: Option<Hour>,
    swept: Option<Hour>,
    /// Codes that came when the table was full; their windows are not kept.
    pub(super) windows_not_kept: u64,
}

impl Daily {
    /// Takes an hour. A revision replaces the lower one it follows; one that comes after the hour
    /// has been closed for good is ignored.
    pub(super) fn add(&mut self, window: &Window, clock: &Clock) {
        let hour = window.hour;
        let newest = self.newest.map_or(hour, |newest| newest.max(hour));
        self.newest = Some(newest);
        self.oldest = Some(self.oldest.map_or(hour, |oldest| oldest.min(hour)));
        self.sweep(newest, clock);
        let is_closed = hour.index() < newest.index() - HOURS_OPEN;
        if is_closed && window.rev > 1 {
            return;
        }
        let code = super::identity(&window.code);
        if !self.codes.contains_key(&code) {
            if self.codes.len() >= CODES_MAX {
                self.windows_not_kept += 1;
                return;
            }
            self.codes.insert(code.clone(), Series::default());
        }
        let series = self
            .codes
            .get_mut(&code)
            .expect("was inserted above if it was absent");
        series.put(window);
    }

    /// First and last hour of all codes.
    pub(super) fn period(&self) -> Option<(Hour, Hour)> {
        self.oldest.zip(self.newest)
    }

    /// Codes that did anything.
    pub(super) fn codes(&self) -> usize {
        self.codes.len()
    }

    /// Days of a code, ascending; days on which nothing happened are absent.
    pub(super) fn days_of(&self, code: &str, clock: &Clock) -> Vec<(Day, Sums)> {
        self.codes
            .get(code)
            .map(|series| series.merged(clock))
            .unwrap_or_default()
    }

    /// All codes and days together.
    pub(super) fn total(&self) -> Sums {
        let mut total = Sums::default();
        for series in self.codes.values() {
            for (_, sums) in &series.days {
                total.add(sums);
            }
            for open in &series.open {
                total.add(&open.sums);
            }
        }
        total
    }

    /// Folds the hours that no revision can reach any more; once a day of the newest hour.
    fn sweep(&mut self, newest: Hour, clock: &Clock) {
        let due = self
            .swept
            .is_none_or(|swept| newest.index() >= swept.index() + 24);
        if due {
            self.swept = Some(newest);
            for series in self.codes.values_mut() {
                series.fold_before(newest.index() - HOURS_OPEN, clock);
            }
        }
    }
}

impl Series {
    fn put(&mut self, window: &Window) {
        let fresh = OpenHour {
            hour: window.hour,
            rev: window.rev,
            sums: Sums::of(window),
        };
        match self
            .open
            .binary_search_by_key(&window.hour, |open| open.hour)
        {
            Ok(at) if self.open[at].rev < window.rev => self.open[at] = fresh,
            Ok(_) => {}
            Err(at) => self.open.insert(at, fresh),
        }
    }

    fn fold_before(&mut self, hour_index: i32, clock: &Clock) {
        let folded = self
            .open
            .partition_point(|open| open.hour.index() < hour_index);
        for open in self.open.drain(..folded) {
            add_to_day(&mut self.days, clock.day_of(open.hour), &open.sums);
        }
        if self.open.is_empty() {
            self.open.shrink_to_fit();
        }
    }

    fn merged(&self, clock: &Clock) -> Vec<(Day, Sums)> {
        let mut days = self.days.clone();
        for open in &self.open {
            add_to_day(&mut days, clock.day_of(open.hour), &open.sums);
        }
        days
    }
}

fn add_to_day(days: &mut Vec<(Day, Sums)>, day: Day, sums: &Sums) {
    match days.binary_search_by_key(&day, |(day, _)| *day) {
        Ok(at) => days[at].1.add(sums),
        Err(at) => days.insert(at, (day, *sums)),
    }
}

#[cfg(test)]
mod tests {
    use promoguard_event::OrderCounts;

    use super::*;

    fn window(code: &str, hour: i32, rev: u32, orders: u64) -> Window {
        Window {
            code: code.to_owned(),
            hour: Hour::from_index(hour),
            rev,
            clicks: orders * 10,
            visitors: 0,
            orders: OrderCounts {
                paid: orders,
                ..OrderCounts::default()
            },
            clickless_orders: orders,
            customers: 0,
            amounts: BTreeMap::new(),
        }
    }

    fn clock() -> Clock {
        Clock::new("Asia/Almaty").expect("a zone")
    }

    #[test]
    fn a_higher_revision_replaces_the_lower_and_a_lower_one_changes_nothing() {
        let (clock, mut daily) = (clock(), Daily::default());
        let hour = 490_000;
        for (rev, orders) in [(1, 3), (2, 5), (1, 3), (2, 9)] {
            daily.add(&window("a", hour, rev, orders), &clock);
        }
        let days = daily.days_of("a", &clock);
        assert_eq!(days.len(), 1);
        assert_eq!((days[0].1.orders(), days[0].1.clicks), (5, 50));
        assert_eq!(daily.total().orders(), 5);
    }

    #[test]
    fn a_year_of_revisions_in_any_order_sums_to_the_last_of_each_hour() {
        let (clock, mut daily) = (clock(), Daily::default());
        let mut last: BTreeMap<(usize, i32), (u32, u64)> = BTreeMap::new();
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        for step in 0..8_760 {
            let code = random(3) as usize;
            // Back within the 14 days that a late event may reach.
            let hour = 480_000 + step
                - if random(10) == 0 {
                    random(336) as i32
                } else {
                    0
                };
            let rev = last.get(&(code, hour)).map_or(1, |(rev, _)| rev + 1);
            let orders = random(5);
            last.insert((code, hour), (rev, orders));
            daily.add(&window(["a", "b", "c"][code], hour, rev, orders), &clock);
        }
        for (code, name) in ["a", "b", "c"].into_iter().enumerate() {
            let mut expected: BTreeMap<Day, u64> = BTreeMap::new();
            for ((_, hour), (_, orders)) in last.iter().filter(|((of, _), _)| *of == code) {
                *expected
                    .entry(clock.day_of(Hour::from_index(*hour)))
                    .or_default() += orders;
            }
            let found: BTreeMap<Day, u64> = daily
                .days_of(name, &clock)
                .into_iter()
                .map(|(day, sums)| (day, sums.orders()))
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_order_that_is_placed_and_then_paid_is_one_order() {
        let (clock, mut daily) = (clock(), Daily::default());
        let mut both = window("a", 490_000, 1, 4);
        both.orders.created = 5;
        both.clickless_orders = 1;
        daily.add(&both, &clock);
        assert_eq!(daily.total().orders(), 5);
        assert_eq!(daily.total().clickless(), 1);
    }
}
