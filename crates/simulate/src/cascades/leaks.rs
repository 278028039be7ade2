//! Leaks and click floods: streams of their own that come on top of a code.
//!
//! Decides when leaked orders come. What they look like is a matter of segments, and who publishes codes
//! where, of `plots`.

use crate::cascades::chance::{Subject, chance, lomax, pareto_mean_one, sigmoid};
use crate::cascades::clock::Clock;
use crate::cascades::leaked::LEAKED;
use crate::cascades::nature::Leaks;
use crate::draft::ReferrerId;
use crate::random::Random;
use crate::time::{DAY_MS, HOUR_MS, Hour, MINUTE_MS, days_ms, hours_ms, local_midnight};
use crate::truth::LeakKind;

/// When leaked orders come.
#[derive(Clone, Debug)]
pub(crate) enum Course {
    /// Whenever people shop.
    Steady,
    /// Whenever people shop, while the code is listed.
    OnOff(Box<Listed>),
    /// After each message, by a power law.
    Messages(Box<Messages>),
    /// A closed group that meets.
    Rota(Box<Rota>),
}

/// What a leak brings in an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flow {
    Nothing,
    /// So many orders on average, somewhere in the hour.
    Even(f64),
    /// A message, and how many orders come of it on average.
    Burst(i64, f64),
    /// Exactly so many orders around that time.
    Meeting(i64, u64),
}

/// The people of a closed group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) seed: u64,
    /// At most 128.
    pub(crate) members: u64,
    /// The leaked segment that they are of.
    pub(crate) segment: u8,
    /// Members who have bought already, a bit each.
    pub(crate) bought: u128,
    /// Whose turn it is.
    pub(crate) turn: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) kind: LeakKind,
    pub(crate) onset: i64,
    pub(crate) until: i64,
    /// Leaked orders in a full week as a multiple of the code's own.
    pub(crate) size: f64,
    /// The leak grows by a logistic curve over this time; 0 = at once.
    pub(crate) growth_ms: i64,
    pub(crate) course: Course,
    /// Sums of the weights of the leaked segments up to and including each.
    pub(crate) blend: [f32; LEAKED.len()],
    /// Share of buyers who look like the code's own.
    pub(crate) weak: f64,
    /// Where buyers come from, as far as their browsers say, and how many do.
    pub(crate) referrer: ReferrerId,
    pub(crate) referrer_share: f64,
    pub(crate) group: Option<Group>,
    /// Shape of the gamma by which the leak's days differ.
    pub(crate) day_shape: f64,
}

impl Leak {
    /// What the leak brings in `hour`, where `orders_per_hour` is the code's own mean.
    pub(crate) fn step(
        &mut self,
        hour: Hour,
        shopping: &Clock,
        orders_per_hour: f64,
        (seed, code): (u64, u64),
    ) -> Flow {
        if hour.until <= self.onset || hour.from >= self.until {
            return Flow::Nothing;
        }
        let full = self.size * orders_per_hour * self.grown(hour);
        let even = || {
            let mut day = chance(seed, Subject::Day, code + 1, hour.local_day as u64);
            full * shopping.level(hour.week_hour) * day.gamma_mean_one(self.day_shape)
        };
        match &mut self.course {
            Course::Steady => Flow::Even(even()),
            Course::OnOff(listed) => {
                if listed.is_on(hour) {
                    Flow::Even(even())
                } else {
                    Flow::Nothing
                }
            }
            Course::Messages(messages) => match messages.step(hour, code) {
                Some((at, size)) if at >= self.onset && at < self.until => {
                    Flow::Burst(at, full * size)
                }
                _ => Flow::Nothing,
            },
            Course::Rota(rota) => rota.step(hour, full, self.onset),
        }
    }

    fn grown(&self, hour: Hour) -> f64 {
        if self.growth_ms == 0 {
            return 1.0;
        }
        // From 2 to 98 % within the time.
        let share = (hour.middle() - self.onset) as f64 / self.growth_ms as f64;
        sigmoid(8.0 * (share - 0.5))
    }
}

/// Stretches in which a code is listed, and removed in between.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    random: Random,
    days: [f64; 2],
    from: i64,
    until: i64,
}

impl Listed {
    /// Listed from `from` on; the same seed, the same stretches.
    pub(crate) fn new(seed: u64, listing: u64, leaks: &Leaks, from: i64) -> Self {
        let mut listed = Self {
            random: chance(seed, Subject::Windows, listing, 0),
            days: [leaks.listed_days, leaks.removed_days],
            from,
            until: from,
        };
        listed.until += listed.length(0);
        listed
    }

    fn length(&mut self, which: usize) -> i64 {
        days_ms(self.random.exponential(self.days[which]).max(0.2))
    }

    fn is_on(&mut self, hour: Hour) -> bool {
        while self.until <= hour.from {
            self.from = self.until + self.length(1);
            self.until = self.from + self.length(0);
        }
        self.from < hour.until
    }
}

/// Messages of a channel; all codes of a listing share them.
#[derive(Clone, Debug)]
pub(crate) struct Messages {
    random: Random,
    gap_days: f64,
    size_tail: f64,
    named_share: f64,
    next: (i64, f64),
    first: i64,
}

impl Messages {
    /// The first message at `first`, which names every code; the same seed, the same messages.
    pub(crate) fn new(seed: u64, listing: u64, leaks: &Leaks, first: i64) -> Self {
        let mut random = chance(seed, Subject::Messages, listing, 0);
        let gap_days = random.log_normal(leaks.message_gap_days, 0.5);
        Self {
            gap_days: gap_days.clamp(0.7, 60.0),
            size_tail: leaks.message_size_tail,
            named_share: leaks.named_share,
            next: (
                first,
                pareto_mean_one(leaks.message_size_tail, 30.0, &mut random),
            ),
            random,
            first,
        }
    }

    /// The last message in the hour that names the code, with its size in hours of a full stream.
    fn step(&mut self, hour: Hour, code: u64) -> Option<(i64, f64)> {
        let mut found = None;
        while self.next.0 < hour.until {
            let (at, size) = self.next;
            let opening = at == self.first;
            let named =
                opening || chance(code, Subject::Messages, at as u64, 1).chance(self.named_share);
            if named && hour.contains(at) {
                let named_share = if opening { 1.0 } else { self.named_share };
                found = Some((at, size * self.gap_days * 24.0 / named_share));
            }
            let gap = self.gap_days * (0.2 + self.random.exponential(0.8));
            let day = local_midnight(at + days_ms(gap));
            let then = day + self.random.range_ms(9 * HOUR_MS, 23 * HOUR_MS);
            let size = pareto_mean_one(self.size_tail, 30.0, &mut self.random);
            self.next = (then.max(at + 20 * MINUTE_MS), size);
        }
        found
    }
}

/// A group that orders together at fixed times, as much each time as it takes.
#[derive(Clone, Debug)]
pub(crate) struct Rota {
    random: Random,
    /// Days of the week on which it meets, a bit each.
    weekdays: u8,
    hour: usize,
    /// Orders that are wanted and not placed yet.
    wanted: f64,
}

impl Rota {
    pub(crate) fn new(seed: u64, code: u64) -> Self {
        let mut random = chance(seed, Subject::Rota, code, 0);
        Self {
            weekdays: random.pick(&[0b001_1111, 0b001_1111, 0b001_0101, 0b000_0010, 0b010_0000]),
            hour: random.pick(&[9, 10, 11, 12, 12, 13, 14, 16, 17]),
            wanted: 0.0,
            random,
        }
    }

    fn step(&mut self, hour: Hour, full: f64, onset: i64) -> Flow {
        let (weekday, hour_of_day) = (hour.week_hour / 24, hour.week_hour % 24);
        if self.weekdays >> weekday & 1 == 0 || hour_of_day != self.hour {
            return Flow::Nothing;
        }
        let meetings = f64::from(self.weekdays.count_ones());
        self.wanted += full * 168.0 / meetings;
        let placed = libm::floor(self.wanted);
        self.wanted -= placed;
        let at = hour.from + self.random.range_ms(0, 25 * MINUTE_MS);
        if placed < 1.0 || at < onset {
            return Flow::Nothing;
        }
        Flow::Meeting(at, placed as u64)
    }
}

/// Made-up clicks: no orders come of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flood {
    pub(crate) onset: i64,
    pub(crate) until: i64,
    clicks_per_hour: f64,
    /// Works in shifts of so many minutes an hour; 60 = all the time.
    busy_minutes: i64,
    /// Keeps people's hours to hide among them.
    awake: bool,
    /// Distinct visitors that it pretends; 0 = a new one for each click.
    pub(crate) visitors: u64,
    /// Whether it calls itself by its name.
    pub(crate) plain: bool,
    /// Whether it pretends to come from the partner's platform.
    pub(crate) referred: bool,
}

/// Busiest flood, in clicks a day, before `volume_scale`: what a rented network does without being noticed.
const FLOOD_CLICKS_PER_DAY_MAX: f64 = 4_000.0;

impl Flood {
    /// Draws a flood within `from` to `until` of a code with so many clicks an hour.
    pub(crate) fn draw(
        (from, until): (i64, i64),
        clicks_per_hour: f64,
        volume_scale: f64,
        random: &mut Random,
    ) -> Self {
        let span = (until - from) as f64;
        let onset = from + (span * random.range(0.05, 0.85)) as i64;
        let length = (DAY_MS as f64 * random.log_uniform(0.3, 25.0)).min(span);
        let most = FLOOD_CLICKS_PER_DAY_MAX * volume_scale / 24.0;
        Self {
            onset,
            until: onset + length as i64,
            clicks_per_hour: (clicks_per_hour * random.log_uniform(4.0, 90.0)).min(most),
            busy_minutes: random.pick(&[60, 60, 60, 5, 20]),
            awake: random.chance(0.35),
            visitors: random.pick(&[0, 0, 3, 30, 300, 2_000]),
            plain: random.chance(0.35),
            referred: random.chance(0.25),
        }
    }

    /// Clicks in the hour on average, and the minutes of the hour in which they come.
    pub(crate) fn step(&self, hour: Hour, shopping: &Clock) -> Option<(f64, i64)> {
        let on = self.onset < hour.until && hour.from < self.until;
        let level = if self.awake {
            shopping.level(hour.week_hour)
        } else {
            1.0
        };
        on.then_some((self.clicks_per_hour * level, self.busy_minutes))
    }
}

impl Leaks {
    /// Operational hours from a message to an order.
    pub(crate) fn message_delay_hours(&self, random: &mut Random) -> f64 {
        /// Nobody scrolls back further than a week.
        const LONGEST_HOURS: f64 = 168.0;
        lomax(
            self.message_scale_hours,
            self.message_tail,
            LONGEST_HOURS,
            random,
        )
    }
}

/// Codes of one listing appear within two days.
pub(crate) fn listed_after(onset: i64, random: &mut Random) -> i64 {
    onset + random.range_ms(0, hours_ms(48.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascades::archetypes::SHOPPING;
    use crate::cascades::nature::Nature;

    const START: i64 = 1_772_391_600_000;

    fn leak(course: Course, growth_ms: i64) -> Leak {
        Leak {
            kind: LeakKind::CouponSite,
            onset: START,
            until: i64::MAX,
            size: 2.0,
            growth_ms,
            course,
            blend: [1.0; LEAKED.len()],
            weak: 0.0,
            referrer: 0,
            referrer_share: 0.0,
            group: None,
            day_shape: 4.0,
        }
    }

    /// Leaked orders of each of `weeks` weeks, at one own order an hour.
    fn weeks(leak: &mut Leak, weeks: i64) -> Vec<f64> {
        let shopping = Clock::of(&SHOPPING, 0);
        (0..weeks)
            .map(|week| {
                (0..168)
                    .map(|h| {
                        let hour = Hour::starting(START + (week * 168 + h) * HOUR_MS);
                        match leak.step(hour, &shopping, 1.0, (1, 0)) {
                            Flow::Nothing => 0.0,
                            Flow::Even(mean) | Flow::Burst(_, mean) => mean,
                            Flow::Meeting(_, count) => count as f64,
                        }
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn every_course_brings_its_size_in_the_long_run_and_rotas_nearly_exactly() {
        let leaks = Nature::draw(1, 0.0).leaks;
        let mut steady = leak(Course::Steady, 0);
        let mut messages = leak(
            Course::Messages(Box::new(Messages::new(1, 0, &leaks, START))),
            0,
        );
        let mut rota = leak(Course::Rota(Box::new(Rota::new(1, 0))), 0);
        for (leak, off) in [(&mut steady, 0.1), (&mut messages, 0.5), (&mut rota, 0.02)] {
            let mean = weeks(leak, 400).iter().sum::<f64>() / 400.0;
            assert!((mean / 336.0 - 1.0).abs() < off, "{mean}");
        }
        let each = weeks(&mut leak(Course::Rota(Box::new(Rota::new(2, 7))), 0), 30);
        assert!(
            each.iter().all(|&week| (week - 336.0).abs() < 2.0),
            "{each:?}"
        );
    }

    #[test]
    fn a_site_grows_by_a_logistic_curve_and_another_lists_and_removes() {
        let grown = weeks(&mut leak(Course::Steady, 6 * 7 * DAY_MS), 10);
        assert!(grown[0] < 30.0 && grown[9] > 200.0, "{grown:?}");
        let leaks = Nature::draw(1, 0.0).leaks;
        let listed = Listed::new(1, 3, &leaks, START);
        let on_off = weeks(&mut leak(Course::OnOff(Box::new(listed)), 0), 60);
        assert!(on_off.contains(&0.0));
        assert!(on_off.iter().any(|&week| week > 200.0));
    }
}
