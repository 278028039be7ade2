//! Leaks: when they take the shop's orders, how many, and by which door.

use crate::draft::{NO_REFERRER, ReferrerId};
use crate::random::{Random, Stream};
use crate::resampled::habits::{Habits, ThiefHabits};
use crate::resampled::recording::{BURST_HOURS, Recording};
use crate::settings::WorldSettings;
use crate::time::{HOUR_MS, Hour, days_ms};
use crate::truth::LeakKind;

/// When leaked orders are placed.
#[derive(Clone, Debug)]
enum Timing {
    /// Whenever the shop sells.
    WithShop,
    /// At the desk, from ten to six on working days.
    Desk,
    /// In the evening, any day.
    Evenings,
    /// After each message, as honest buyers came in one of the recording's bursts.
    Messages(Messages),
}

/// Messages in a channel. Those with the same random stream are one digest of several codes.
#[derive(Clone, Debug)]
struct Messages {
    random: Random,
    gap_days: f64,
    sigma: f64,
    /// First hour of the next one, epoch milliseconds.
    next: i64,
    /// Beginning, shape and days' worth of those that are still felt.
    felt: Vec<(i64, usize, f64)>,
}

/// How a leak's orders differ from the shop's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thief {
    pub(crate) hunters: f64,
    pub(crate) circle: f64,
    pub(crate) newcomers_kept: f64,
    pub(crate) auto: f64,
    pub(crate) named: f64,
    pub(crate) searched: f64,
    pub(crate) clicks: f64,
    pub(crate) click_to_order_s: (f64, f64),
    pub(crate) tries: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) kind: LeakKind,
    pub(crate) onset: i64,
    pub(crate) until: i64,
    /// It grows linearly over this time; 0 = at once.
    pub(crate) ramp_ms: i64,
    /// Leaked orders as a multiple of the code's own.
    pub(crate) size: f64,
    pub(crate) referrer: ReferrerId,
    pub(crate) thief: Thief,
    /// Members of a closed group; 0 = whoever buys at the shop.
    pub(crate) members: u64,
    /// Members who have bought, by bit.
    pub(crate) bought: u128,
    timing: Timing,
    day_shape: f64,
}

/// Members are remembered in the bits of `bought`.
const MEMBERS_MAX: f64 = u128::BITS as f64;

impl Leak {
    /// Draws a leak of `kind` that begins between `from` and `until`.
    pub(crate) fn draw(
        kind: LeakKind,
        settings: &WorldSettings,
        habits: &Habits,
        (from, until): (i64, i64),
        random: &mut Random,
    ) -> Self {
        let span = (until - from) as f64;
        let day_one = random.chance(settings.from_day_one_share);
        let onset = if day_one {
            from
        } else {
            from + (span * random.between(habits.onset)) as i64
        };
        let ramps = !day_one && random.chance(settings.slow_ramp_share);
        let stops = random.chance(settings.stops_share);
        let lasts = (until - onset) as f64 * random.between(habits.stops);
        let of_kind = match kind {
            LeakKind::CouponSite => &habits.site,
            LeakKind::Extension => &habits.extension,
            LeakKind::InsiderOrCommunity => &habits.insider,
            LeakKind::DealChannel => &habits.channel,
            LeakKind::ClickFlood => unreachable!("a flood is no leak of the code"),
        };
        let closed = kind == LeakKind::InsiderOrCommunity;
        Self {
            kind,
            onset,
            until: if stops {
                onset + lasts as i64
            } else {
                i64::MAX
            },
            ramp_ms: if ramps {
                days_ms(random.between(habits.ramp_days))
            } else {
                0
            },
            size: random.log_uniform(
                settings.leak_size_min.max(1e-3),
                settings.leak_size_max.max(1e-3),
            ),
            referrer: NO_REFERRER,
            thief: Thief::draw(of_kind, random),
            members: if closed {
                random.between(habits.members).clamp(2.0, MEMBERS_MAX) as u64
            } else {
                0
            },
            bought: 0,
            timing: match kind {
                LeakKind::InsiderOrCommunity if random.chance(habits.desk) => Timing::Desk,
                LeakKind::InsiderOrCommunity => Timing::Evenings,
                _ => Timing::WithShop,
            },
            day_shape: random.between(habits.day_shape),
        }
    }

    /// Lets a channel write, from the onset on. `digest` is the same for codes that it posts together.
    pub(crate) fn write(&mut self, seed: u64, habits: &Habits, digest: u64) {
        let mut random = Random::of(seed, Stream::Leak, digest, 0);
        self.timing = Timing::Messages(Messages {
            gap_days: random.between(habits.message_gap_days),
            sigma: habits.message_sigma,
            next: self.onset.div_euclid(HOUR_MS) * HOUR_MS,
            felt: Vec::new(),
            random,
        });
    }

    /// Mean leaked orders in `hour` relative to the code's own mean of an hour, and a message that begins in
    /// it. `shop` is how much the shop sells in this hour relative to its mean.
    pub(crate) fn level(
        &mut self,
        hour: Hour,
        recording: &Recording,
        shop: f64,
        day: &mut Random,
    ) -> (f64, Option<i64>) {
        if hour.until <= self.onset || hour.from >= self.until {
            return (0.0, None);
        }
        let (timing, message) = match &mut self.timing {
            Timing::WithShop => (shop, None),
            Timing::Desk => (desk(hour), None),
            Timing::Evenings => (evening(hour), None),
            Timing::Messages(messages) => messages.level(hour, recording),
        };
        let grown = match self.ramp_ms {
            0 => 1.0,
            ramp_ms => ((hour.middle() - self.onset) as f64 / ramp_ms as f64).clamp(0.0, 1.0),
        };
        let day = day.gamma_mean_one(self.day_shape);
        (self.size * timing * grown * day, message)
    }
}

impl Thief {
    fn draw(habits: &ThiefHabits, random: &mut Random) -> Self {
        Self {
            hunters: random.between(habits.hunters),
            circle: random.between(habits.circle),
            newcomers_kept: random.between(habits.newcomers_kept),
            auto: random.between(habits.auto),
            named: random.between(habits.named),
            searched: random.between(habits.searched),
            clicks: if random.happens(habits.opens_link) {
                random.between(habits.clicks)
            } else {
                0.0
            },
            click_to_order_s: habits.click_to_order_s,
            tries: random.between(habits.tries),
        }
    }
}

impl Messages {
    fn level(&mut self, hour: Hour, recording: &Recording) -> (f64, Option<i64>) {
        let lasts = BURST_HOURS as i64 * HOUR_MS;
        self.felt.retain(|(at, ..)| at + lasts > hour.from);
        let mut begun = None;
        while self.next < hour.until {
            let shape = self.random.index(recording.bursts.len());
            // The median that gives a log-normal the mean 1.
            let median = libm::exp(-self.sigma * self.sigma / 2.0);
            let days = self.gap_days * self.random.log_normal(median, self.sigma);
            self.felt.push((self.next, shape, days));
            begun = Some(self.next);
            let gap = self.gap_days * (0.5 + self.random.exponential(0.5));
            // The next message comes at the hour of day at which its buyers came once.
            let day = 1 + gap as i64;
            let hours = i64::from(recording.burst_day_hours[shape]);
            let local_hour = hour.week_hour as i64 % 24;
            self.next += (day * 24 + (hours - local_hour)) * HOUR_MS;
        }
        let level = self
            .felt
            .iter()
            .map(|&(at, shape, days)| {
                let since = (hour.from - at) / HOUR_MS;
                let share = recording.bursts[shape].get(since as usize);
                days * 24.0 * f64::from(share.copied().unwrap_or(0.0))
            })
            .sum();
        (level, begun)
    }
}

/// Eight hours of five days, with the mean 1 over the week.
fn desk(hour: Hour) -> f64 {
    let open = hour.week_hour / 24 < 5 && (10..18).contains(&(hour.week_hour % 24));
    if open { 168.0 / 40.0 } else { 0.0 }
}

/// Four hours of every day, with the mean 1.
fn evening(hour: Hour) -> f64 {
    if (19..23).contains(&(hour.week_hour % 24)) {
        6.0
    } else {
        0.0
    }
}
