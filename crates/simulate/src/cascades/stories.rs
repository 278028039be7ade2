//! Innocent stories that look like leaks, and what they do to a code.
//!
//! Decides when they happen and what changes; the events themselves come about in `play`.

use crate::cascades::archetypes::{CHATS, DESKS, LISTENERS, THRIFTY};
use crate::cascades::chance::{Subject, chance};
use crate::draft::{NO_REFERRER, ReferrerId};
use crate::random::Random;
use crate::time::{DAY_MS, HOUR_MS, Hour, days_ms, local_midnight};
use crate::truth::HonestLookalike;

/// The stories that this family has a mechanism for.
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
    /// A place of the partner's own that opens then.
    pub(crate) place: ReferrerId,
    /// How strong it is; what that means depends on the kind.
    strength: f64,
}

/// What begins in an hour of a story.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Turn {
    Nothing,
    /// Nearly critical cascades from a crowd of so many usual posts.
    Viral(f64),
    /// A crowd of so many days' interest that hardly buys.
    Curious(f64),
    /// A spot on the air: so many days' interest at once.
    Spot(f64),
    /// So many colleagues order over lunch.
    Lunch(u64),
    /// From now on these archetypes make up so much of the audience.
    Reaches(usize, f64),
}

impl Story {
    /// Draws when the story of `kind` happens between `start` and `end`.
    pub(crate) fn draw(kind: HonestLookalike, start: i64, end: i64, random: &mut Random) -> Self {
        use HonestLookalike as Kind;
        let span = (end - start).max(HOUR_MS) as f64;
        let day = local_midnight(start + (span * random.range(0.15, 0.85)) as i64);
        let dated = (day + random.range_ms(9, 22) * HOUR_MS).max(start);
        let (from, until, strength) = match kind {
            Kind::ViralPost => (dated, dated + 4 * DAY_MS, random.log_uniform(1.5, 6.0)),
            Kind::Giveaway => (
                dated,
                dated + days_ms(random.range(2.0, 5.0)),
                random.log_uniform(4.0, 15.0),
            ),
            Kind::TelegramChannel => (dated, i64::MAX, random.range(0.35, 0.8)),
            Kind::DiscountChange => (dated, i64::MAX, random.range(1.3, 2.4)),
            Kind::EndedCode => (dated, i64::MAX, 0.0),
            Kind::OfficeSharing => (start, i64::MAX, random.log_uniform(2.0, 9.0)),
            Kind::SpokenRegistered | Kind::SpokenUnregistered => {
                (start, i64::MAX, random.log_uniform(0.8, 4.0))
            }
            _ => (start, i64::MAX, random.range(0.6, 0.9)),
        };
        Self {
            kind,
            from,
            until,
            place: NO_REFERRER,
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

    fn is_on(&self, hour: Hour) -> bool {
        self.from < hour.until && hour.from < self.until
    }

    /// Factor on the chance that interest becomes an order.
    pub(crate) fn buying(&self, hour: Hour) -> f64 {
        let on = self.kind == HonestLookalike::DiscountChange && self.is_on(hour);
        if on { self.strength } else { 1.0 }
    }

    /// The archetypes that make up the audience from the first day, and how much of it.
    pub(crate) fn audience(&self) -> Option<(usize, f64)> {
        match self.kind {
            HonestLookalike::SpokenRegistered | HonestLookalike::SpokenUnregistered => {
                Some((LISTENERS, 0.9))
            }
            HonestLookalike::CouponPartner => Some((THRIFTY, self.strength)),
            HonestLookalike::OfficeSharing => Some((DESKS, 0.25)),
            _ => None,
        }
    }

    /// What begins in this hour.
    pub(crate) fn turn(&self, hour: Hour, seed: u64, code: u64) -> Turn {
        use HonestLookalike as Kind;
        let begins = hour.contains(self.from);
        match self.kind {
            Kind::ViralPost if begins => Turn::Viral(self.strength),
            Kind::Giveaway if begins => Turn::Curious(self.strength),
            Kind::TelegramChannel if begins => Turn::Reaches(CHATS, self.strength),
            Kind::DiscountChange if begins => Turn::Reaches(THRIFTY, 0.3),
            Kind::SpokenRegistered | Kind::SpokenUnregistered if self.is_on(hour) => {
                self.spot(hour, seed, code)
            }
            Kind::OfficeSharing if self.is_on(hour) => self.lunch(hour, seed, code),
            _ => Turn::Nothing,
        }
    }

    /// Spots run twice a week on average, on the air's busy hours.
    fn spot(&self, hour: Hour, seed: u64, code: u64) -> Turn {
        let mut random = chance(seed, Subject::Story, code, hour.local_day as u64);
        let airs = random.chance(0.3);
        let at = random.pick(&[7, 8, 9, 13, 17, 18, 19]);
        if airs && hour.week_hour % 24 == at {
            Turn::Spot(self.strength * random.log_normal(0.8, 0.5))
        } else {
            Turn::Nothing
        }
    }

    /// One working day in about twenty an office passes the code around.
    fn lunch(&self, hour: Hour, seed: u64, code: u64) -> Turn {
        let mut random = chance(seed, Subject::Story, code, hour.local_day as u64);
        let shares = random.chance(0.05);
        let at = random.pick(&[11, 12, 12, 13, 16]);
        if shares && hour.week_hour < 5 * 24 && hour.week_hour % 24 == at {
            Turn::Lunch(1 + random.poisson(self.strength))
        } else {
            Turn::Nothing
        }
    }
}
