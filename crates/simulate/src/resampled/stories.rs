//! Innocent stories that look like leaks: parts of the recording repeated, dropped, or seen through another door.

use crate::draft::ReferrerId;
use crate::random::Random;
use crate::resampled::habits::Habits;
use crate::resampled::recording::{BURST_HOURS, Recording};
use crate::time::{DAY_MS, HOUR_MS, Hour, days_ms, local_midnight};
use crate::truth::HonestLookalike as Kind;

/// The stories that this family tells.
pub(crate) static TOLD: [Kind; 8] = [
    Kind::ViralPost,
    Kind::SpokenRegistered,
    Kind::SpokenUnregistered,
    Kind::OfficeSharing,
    Kind::CouponPartner,
    Kind::Giveaway,
    Kind::DiscountChange,
    Kind::EndedCode,
];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) kind: Kind,
    pub(crate) from: i64,
    pub(crate) until: i64,
    strength: f64,
    /// Share of orders that the story changes: those that lose their click, or come by the partner's page.
    share: f64,
    /// Which burst is repeated.
    burst: usize,
    pub(crate) page: ReferrerId,
}

/// What a story changes in an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    /// Factors on what is borrowed.
    pub(crate) orders: f64,
    pub(crate) clicks: f64,
    /// Share of orders whose buyer never clicked, but typed.
    pub(crate) unlinked: f64,
    /// Where the partner itself sends people from, and the share of them who show it.
    pub(crate) page: Option<(ReferrerId, f64)>,
    /// A day's clicks, with the orders that follow, this many times on top.
    pub(crate) more_days: f64,
    /// Orders by colleagues.
    pub(crate) office_orders: f64,
}

impl Effect {
    /// Nothing out of the usual.
    pub(crate) const NONE: Self = Self {
        orders: 1.0,
        clicks: 1.0,
        unlinked: 0.0,
        page: None,
        more_days: 0.0,
        office_orders: 0.0,
    };
}

impl Story {
    /// Draws when the story of `kind` happens between `begin` and `end`.
    pub(crate) fn draw(
        kind: Kind,
        habits: &Habits,
        recording: &Recording,
        (begin, end): (i64, i64),
        random: &mut Random,
    ) -> Self {
        let span = (end - begin).max(HOUR_MS) as f64;
        let day = local_midnight(begin + (span * random.range(0.15, 0.85)) as i64);
        let dated = day + random.range_ms(9, 22) * HOUR_MS;
        let (from, until, strength) = match kind {
            Kind::ViralPost => {
                let days = (BURST_HOURS as f64 / 24.0 * DAY_MS as f64) as i64;
                (dated, dated + days, random.between(habits.viral_strength))
            }
            Kind::Giveaway => {
                let until = dated + days_ms(random.range(1.5, 4.0));
                (dated, until, random.between(habits.giveaway_clicks))
            }
            Kind::DiscountChange => (dated, i64::MAX, random.between(habits.discount_lift)),
            Kind::EndedCode => (dated, i64::MAX, 0.0),
            Kind::SpokenRegistered | Kind::SpokenUnregistered => {
                (begin, i64::MAX, random.between(habits.spoken_clicks))
            }
            Kind::OfficeSharing => (begin, i64::MAX, random.between(habits.office_orders)),
            // What is not in `TOLD` is never drawn.
            _ => (begin, i64::MAX, 1.0),
        };
        Self {
            kind,
            from,
            until,
            strength,
            share: random.between(if kind == Kind::CouponPartner {
                habits.coupon_partner_named
            } else {
                habits.spoken_unlinked
            }),
            burst: random.index(recording.bursts.len()),
            page: 0,
        }
    }

    /// Whether the story is a single happening with a date rather than a lasting property.
    pub(crate) fn is_dated(&self) -> bool {
        matches!(
            self.kind,
            Kind::ViralPost | Kind::Giveaway | Kind::DiscountChange | Kind::EndedCode
        )
    }

    /// What it changes in `hour`; `office_days` is the share of working days on which an office orders.
    pub(crate) fn effect(
        &self,
        recording: &Recording,
        hour: Hour,
        office_days: f64,
        day: &mut Random,
    ) -> Effect {
        if hour.until <= self.from || hour.from >= self.until {
            return Effect::NONE;
        }
        match self.kind {
            Kind::ViralPost => {
                let since = (hour.from - self.from).max(0) / HOUR_MS;
                let shape = &recording.bursts[self.burst];
                let share = shape.get(since as usize).copied().unwrap_or(0.0);
                Effect {
                    more_days: self.strength * f64::from(share),
                    ..Effect::NONE
                }
            }
            Kind::Giveaway => Effect {
                clicks: self.strength,
                orders: 1.0 + 0.02 * self.strength,
                ..Effect::NONE
            },
            Kind::DiscountChange => Effect {
                orders: self.strength,
                clicks: libm::pow(self.strength, 0.25),
                ..Effect::NONE
            },
            Kind::SpokenRegistered | Kind::SpokenUnregistered => Effect {
                clicks: self.strength,
                unlinked: self.share,
                ..Effect::NONE
            },
            Kind::CouponPartner => Effect {
                page: Some((self.page, self.share)),
                ..Effect::NONE
            },
            Kind::OfficeSharing if is_lunch(hour) && day.chance(office_days) => Effect {
                office_orders: self.strength,
                ..Effect::NONE
            },
            _ => Effect::NONE,
        }
    }
}

/// From eleven to two on a working day.
fn is_lunch(hour: Hour) -> bool {
    hour.week_hour / 24 < 5 && (11..14).contains(&(hour.week_hour % 24))
}

/// Whether this is the first hour of an office's lunch.
pub(crate) fn lunch_begins(hour: Hour) -> bool {
    hour.week_hour % 24 == 11
}
