//! Innocent stories that look like leaks, and what they do to a code.

use crate::programme::habits::StoryHabits;
use crate::random::{Random, Stream};
use crate::time::{HOUR_MS, Hour, hours_ms, local_midnight};
use crate::truth::HonestLookalike;

/// The stories that this family tells.
pub(crate) static TOLD: [HonestLookalike; 9] = [
    HonestLookalike::ViralPost,
    HonestLookalike::SpokenRegistered,
    HonestLookalike::SpokenUnregistered,
    HonestLookalike::TelegramChannel,
    HonestLookalike::OfficeSharing,
    HonestLookalike::CouponPartner,
    HonestLookalike::Giveaway,
    HonestLookalike::DiscountChange,
    HonestLookalike::EndedCode,
];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) kind: HonestLookalike,
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// How strong it is; what that means depends on the kind.
    pub(crate) strength: f64,
}

/// What a story changes in an hour, as factors on the usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    pub(crate) clicks: f64,
    pub(crate) conversion: f64,
    pub(crate) newcomers: f64,
    pub(crate) home: f64,
    /// Share of clicks from the partner's new channel, which is the second platform then.
    pub(crate) channel: f64,
    /// Orders an hour by colleagues at lunch.
    pub(crate) office_orders: f64,
}

impl Effect {
    /// Nothing out of the usual.
    pub(crate) const NONE: Self = Self {
        clicks: 1.0,
        conversion: 1.0,
        newcomers: 1.0,
        home: 1.0,
        channel: 0.0,
        office_orders: 0.0,
    };
}

impl Story {
    /// Draws when the story of `kind` happens between `start` and `end`.
    pub(crate) fn draw(
        kind: HonestLookalike,
        habits: &StoryHabits,
        start: i64,
        end: i64,
        random: &mut Random,
    ) -> Self {
        use HonestLookalike as Kind;
        let span = (end - start).max(HOUR_MS);
        let from = local_midnight(start + (span as f64 * random.range(0.2, 0.85)) as i64)
            + random.range_ms(10, 21) * HOUR_MS;
        let (from, length_days, strength) = match kind {
            Kind::ViralPost => (from, 4.0, random.between(habits.viral_strength)),
            Kind::Giveaway => (
                from,
                random.between(habits.giveaway_days),
                random.between(habits.giveaway_clicks),
            ),
            Kind::TelegramChannel => (from, f64::INFINITY, random.between(habits.channel_clicks)),
            Kind::DiscountChange => (
                from,
                f64::INFINITY,
                random.between(habits.discount_conversion),
            ),
            Kind::EndedCode => (from, f64::INFINITY, 0.0),
            Kind::OfficeSharing => (start, f64::INFINITY, random.between(habits.office_orders)),
            // The rest lasts; what is not in `TOLD` is never drawn.
            _ => (start, f64::INFINITY, 1.0),
        };
        let until = if length_days.is_finite() {
            from + hours_ms(length_days * 24.0)
        } else {
            i64::MAX
        };
        Self {
            kind,
            from,
            until,
            strength,
        }
    }

    /// Whether the story is a single happening with a date rather than a lasting property.
    pub(crate) fn is_dated(&self) -> bool {
        use HonestLookalike as Kind;
        matches!(
            self.kind,
            Kind::ViralPost
                | Kind::Giveaway
                | Kind::TelegramChannel
                | Kind::DiscountChange
                | Kind::EndedCode
        )
    }

    pub(crate) fn is_on(&self, hour: Hour) -> bool {
        self.from < hour.until && hour.from < self.until
    }

    pub(crate) fn effect(
        &self,
        habits: &StoryHabits,
        hour: Hour,
        (seed, code): (u64, u64),
    ) -> Effect {
        use HonestLookalike as Kind;
        if !self.is_on(hour) {
            return Effect::NONE;
        }
        match self.kind {
            Kind::Giveaway => Effect {
                clicks: self.strength,
                conversion: habits.giveaway_conversion,
                newcomers: habits.giveaway_newcomers,
                home: habits.giveaway_home,
                ..Effect::NONE
            },
            // The viral post itself comes as a burst; strangers in other cities see it.
            Kind::ViralPost => Effect {
                newcomers: habits.viral_newcomers,
                home: habits.viral_home,
                ..Effect::NONE
            },
            Kind::TelegramChannel => Effect {
                clicks: self.strength,
                newcomers: habits.channel_newcomers,
                channel: habits.channel_share,
                ..Effect::NONE
            },
            Kind::DiscountChange => Effect {
                conversion: self.strength,
                ..Effect::NONE
            },
            Kind::OfficeSharing => {
                let orders = if lunch_of_sharing(hour, habits.office_days, (seed, code)) {
                    self.strength
                } else {
                    0.0
                };
                Effect {
                    office_orders: orders,
                    ..Effect::NONE
                }
            }
            _ => Effect::NONE,
        }
    }
}

/// On some working days an office passes the code around, from eleven to two.
fn lunch_of_sharing(hour: Hour, office_days: f64, (seed, code): (u64, u64)) -> bool {
    let weekday = hour.week_hour / 24;
    let hour_of_day = hour.week_hour % 24;
    weekday < 5
        && (11..14).contains(&hour_of_day)
        && Random::of(seed, Stream::Office, code, hour.local_day as u64).chance(office_days)
}

/// Whether this is the first hour of an office's lunch.
pub(crate) fn lunch_begins(hour: Hour) -> bool {
    hour.week_hour % 24 == 11
}
