//! What became of each code of a world: what really happened, what was flagged when, and how far
//! every rule's score went. Small enough to keep for hundreds of worlds.
//!
//! Decides: when an alarm is early, when it is a hit. Must not know: how a world is run, or how
//! outcomes are added up.

use promoguard_event::{FlagKind, Track};
use promoguard_simulate::{Family, LeakKind};

use super::preset::Preset;

/// Everything kept of one world.
#[derive(Clone, Debug)]
pub struct WorldOutcome {
    /// By which idea it came about.
    pub family: Family,
    /// With which settings.
    pub preset: Preset,
    /// Which one.
    pub seed: u64,
    /// Its length; every clean code contributes as many clean code-weeks.
    pub weeks: f64,
    /// Its codes, in the order of the truth.
    pub codes: Vec<CodeOutcome>,
    /// What went through the pipeline.
    pub volume: Volume,
}

/// What went through the pipeline, for speed and for conservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Clicks and orders, repeats and broken ones among them.
    pub records: u64,
    /// Distinct orders that the world's shops accepted.
    pub orders: u64,
    /// Those of them that the pipeline judged.
    pub judged_orders: u64,
}

/// What really happened to a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing fraudulent touched it: its weeks are clean code-weeks.
    Clean,
    /// It leaks, sooner or later.
    Leaks,
    /// Its clicks were inflated, and it does not leak.
    Flooded,
}

/// What became of one code.
#[derive(Clone, Debug)]
pub struct CodeOutcome {
    /// As the registry spells it.
    pub code: Box<str>,
    /// What really happened.
    pub fate: Fate,
    /// The word of its innocent story, or `plain`.
    pub story: &'static str,
    /// Tier of the partner; `unregistered` where the registry has no entry, `untold` where the
    /// entry has no tier.
    pub tier: &'static str,
    /// Where the shop sells; `None` = on its own site.
    pub marketplace: Option<Box<str>>,
    /// The leak, once at least one order came through it.
    pub leak: Option<Leak>,
    /// Commission on honest orders by day of the world.
    pub honest_by_day: Vec<f64>,
    /// Flags, by opening.
    pub episodes: Vec<Episode>,
    /// How far the scores went, in the order of [`super::world::Setup::scores`].
    pub climbs: Vec<Climb>,
}

impl CodeOutcome {
    /// Whether the shop is on a marketplace, which tells little about an order.
    pub fn place(&self) -> &'static str {
        if self.marketplace.is_some() {
            "walled"
        } else {
            "open"
        }
    }

    /// Flags of one track.
    pub fn episodes_of(&self, track: Track) -> impl Iterator<Item = &Episode> {
        let episodes = self.episodes.iter();
        episodes.filter(move |episode| episode.track == track)
    }

    /// The flag that found the leak: the first one about orders that opened in or after the hour of
    /// the first leaked order.
    pub fn hit(&self) -> Option<&Episode> {
        let leak = self.leak.as_ref()?;
        self.episodes_of(Track::Leak)
            .find(|episode| episode.opened >= leak.first_hour)
    }

    /// Flags about orders that opened before the first leaked order.
    pub fn early_flags(&self) -> usize {
        let first = self.leak.as_ref().map_or(i32::MAX, |leak| leak.first_hour);
        self.episodes_of(Track::Leak)
            .filter(|episode| episode.opened < first)
            .count()
    }

    /// Commission on honest orders while a flag about orders was open, the hour of the flag's own
    /// day apart: days are the grain of the honest side.
    pub fn honest_held(&self) -> f64 {
        let held = |day: usize| {
            let (from, to) = (day as i32 * 24, day as i32 * 24 + 23);
            self.episodes_of(Track::Leak)
                .any(|episode| episode.opened < from && episode.cleared.is_none_or(|at| at >= to))
        };
        let days = self.honest_by_day.iter().enumerate();
        days.filter(|(day, _)| held(*day)).map(|(_, sum)| sum).sum()
    }

    /// Commission on honest orders of the days after the one with `hour`.
    pub fn honest_after(&self, hour: i32) -> f64 {
        let day = hour.div_euclid(24).max(-1) + 1;
        self.honest_by_day.iter().skip(day as usize).sum()
    }

    /// Commission on all honest orders.
    pub fn honest(&self) -> f64 {
        self.honest_by_day.iter().sum()
    }
}

/// A leak, as far as orders came through it.
#[derive(Clone, Debug)]
pub struct Leak {
    /// How the code came into other hands.
    pub kind: LeakKind,
    /// Leaked orders of a full week, as a multiple of the code's own.
    pub intensity: f64,
    /// How it began and whether it ended.
    pub course: Course,
    /// When the first leaked order was placed, in hours of the world.
    pub first_at_hours: f64,
    /// Hour of the world in which the first leaked order was judged.
    pub first_hour: i32,
    /// Leaked orders by hour.
    pub orders: Vec<LeakedOrder>,
}

/// How a leak began, and whether it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The code leaked from its first day on: it has no honest past.
    pub from_day_one: bool,
    /// It grew over weeks.
    pub slow_ramp: bool,
    /// It stopped before the end.
    pub stops: bool,
}

impl Leak {
    /// Leaked orders judged in `hour` or before.
    pub fn orders_until(&self, hour: i32) -> usize {
        self.orders.partition_point(|order| order.hour <= hour)
    }

    /// Commission on all leaked orders.
    pub fn value(&self) -> f64 {
        self.orders.iter().map(|order| order.value).sum()
    }

    /// Commission on leaked orders that were judged after `hour`, up to `until`.
    pub fn value_between(&self, hour: i32, until: Option<i32>) -> f64 {
        let last = until.map_or(self.orders.len(), |until| self.orders_until(until));
        let first = self.orders_until(hour).min(last);
        self.orders[first..last]
            .iter()
            .map(|order| order.value)
            .sum()
    }

    /// Commission on leaked orders that came while a flag about orders was open, which opened with
    /// the leak or after it.
    pub fn value_held(&self, episodes: &[Episode]) -> f64 {
        episodes
            .iter()
            .filter(|episode| episode.track == Track::Leak && episode.opened >= self.first_hour)
            .map(|episode| self.value_between(episode.opened, episode.cleared))
            .sum()
    }
}

/// An order that came through the leak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakedOrder {
    /// Hour of the world in which it was judged.
    pub hour: i32,
    /// Commission on it, in KZT.
    pub value: f64,
}

/// One flag from opening to clearing.
#[derive(Clone, Debug)]
pub struct Episode {
    /// What it is about.
    pub track: Track,
    /// Which story it told when it opened.
    pub kind: FlagKind,
    /// Score when it opened, in decibans.
    pub score_db: f64,
    /// Hour of the world at whose close it opened.
    pub opened: i32,
    /// Hour at whose close it was cleared; `None` = never.
    pub cleared: Option<i32>,
    /// What its first revision told; `None` where there is nothing true to compare it with.
    pub first: Option<Told>,
    /// What its last revision told.
    pub last: Option<Told>,
}

/// The 90 % intervals of a revision, each with the truth of that hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// Start of the leak, in hours of the world; true is the first leaked order.
    pub onset: Interval,
    /// Leaked orders up to the hour.
    pub orders: Interval,
    /// Commission on those that did not fall away, in the flag's currency.
    pub commission: Option<Interval>,
}

/// An interval and what it should hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// 5 % point.
    pub low: f64,
    /// 95 % point.
    pub high: f64,
    /// The truth.
    pub truth: f64,
}

impl Interval {
    /// Where the truth lies.
    pub fn side(&self) -> Side {
        if self.truth < self.low {
            Side::Below
        } else if self.truth > self.high {
            Side::Above
        } else {
            Side::Inside
        }
    }
}

/// Where a truth lies with regard to an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Below its lower end: the interval claimed too much, or too late.
    Below,
    /// In it.
    Inside,
    /// Above its upper end.
    Above,
}

/// How far a score went: every hour at which it was higher than ever before, apart for the time
/// before the first leaked order and the time from then on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Climb {
    before: Vec<(i32, f32)>,
    since: Vec<(i32, f32)>,
}

/// When a score first reached a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// On an honest code, or on a leaking one before anything leaked.
    Unfounded(i32),
    /// With the first leaked order or later.
    Founded(i32),
}

/// The least score that raises an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// This one.
    From(f64),
    /// Anything higher.
    Above(f64),
}

impl Threshold {
    fn is_reached(self, score: f32) -> bool {
        match self {
            Threshold::From(least) => f64::from(score) >= least,
            Threshold::Above(most) => f64::from(score) > most,
        }
    }
}

impl Climb {
    /// Takes the score at the close of an hour; `leaking` once a leaked order was judged.
    pub fn note(&mut self, hour: i32, score: f64, leaking: bool) {
        let side = if leaking {
            &mut self.since
        } else {
            &mut self.before
        };
        let score = score as f32;
        if side.last().is_none_or(|(_, highest)| score > *highest) {
            side.push((hour, score));
        }
    }

    /// The only alarm that a threshold raises: at its first crossing.
    pub fn alarm(&self, threshold: Threshold) -> Option<Alarm> {
        let first = |side: &[(i32, f32)]| {
            let crossing = side.iter().find(|(_, score)| threshold.is_reached(*score));
            crossing.map(|(hour, _)| *hour)
        };
        let unfounded = first(&self.before).map(Alarm::Unfounded);
        unfounded.or_else(|| first(&self.since).map(Alarm::Founded))
    }

    /// Highest score before the first leaked order; of a code that never leaks, at all.
    pub fn peak_before(&self) -> Option<f32> {
        self.before.last().map(|(_, score)| *score)
    }

    /// Highest score since the first leaked order.
    pub fn peak_since(&self) -> Option<f32> {
        self.since.last().map(|(_, score)| *score)
    }
}
