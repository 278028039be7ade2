//! Partners and their codes: what each is like and where it stands, and when partners publish.
//!
//! Decides the rhythm of posts. Must not know who reacts to them.

use crate::agents::floods::Flood;
use crate::agents::leaks::Leak;
use crate::agents::stories::Story;
use crate::draft::ReferrerId;
use crate::geography::CityId;
use crate::random::Random;
use crate::time::{HOUR_MS, hours_ms, local_midnight};

/// Whom a partner attracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taste {
    /// People from around who care for what the partner talks about.
    Usual,
    /// Customers of that shop.
    CustomersOf(u32),
    /// People who care about bargains.
    Hunters,
    /// These persons, who live together.
    Campus(u32, u32),
}

#[derive(Clone, Debug)]
pub(crate) struct Partner {
    pub(crate) land: usize,
    pub(crate) city: CityId,
    /// Share of the audience that lives there; wanders over the weeks.
    pub(crate) home_share: f64,
    pub(crate) interest: u8,
    pub(crate) taste: Taste,
    /// Indices into the platforms: where most see the partner, and where some do.
    pub(crate) platforms: [u8; 2],
    /// Share of clicks from the first and from the second platform; the rest comes from nowhere.
    pub(crate) platform_shares: [f64; 2],
    /// A channel of the partner's own: since when, and its referrer.
    pub(crate) channel: Option<(i64, ReferrerId)>,
    /// The site where the partner's links stand, if that is what the partner is.
    pub(crate) site_page: Option<ReferrerId>,
    /// Clicking persons who do not follow.
    pub(crate) passers_share: f64,
    pub(crate) robot_share: f64,
    /// How well the posts do of late, around 1; wanders over the weeks.
    pub(crate) favour: f64,
    /// Persons; the first are fans.
    pub(crate) followers: Vec<u32>,
    pub(crate) followers_wanted: f64,
}

/// How the code reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Posts with a link.
    Link,
    /// It is said on the air; who listens hears it then.
    Air,
    /// Leaflets in a city, picked up over days.
    Leaflet,
    /// A card in the shop's parcels: for people who have bought before.
    Parcel,
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) partner: u32,
    pub(crate) shop: u32,
    pub(crate) walled: bool,
    pub(crate) medium: Medium,
    /// Honest orders a day that the world was made for.
    pub(crate) pace: f64,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) discount: u8,
    pub(crate) posts: Posts,
    /// Persons who click on a post of usual luck, followers and passers-by.
    pub(crate) clickers: f64,
    /// Share of them who want to buy.
    pub(crate) wish: f64,
    /// Persons who want to buy and never click, for each post.
    pub(crate) typers: f64,
    /// Persons who keep the code in mind for later, for each post.
    pub(crate) noticers: f64,
    /// How often followers look the code up, relative to other partners'.
    pub(crate) bother: f64,
    pub(crate) story: Option<Story>,
    pub(crate) leak: Option<Leak>,
    pub(crate) flood: Option<Flood>,
}

impl Code {
    pub(crate) fn is_valid(&self, ts: i64) -> bool {
        self.starts_at <= ts && ts < self.ends_at
    }
}

/// In what manner a partner publishes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Every so many days, give or take.
    Steady,
    /// Several posts within days, then silence.
    Campaigns,
    /// When it comes to mind: long gaps, and sudden zeal.
    Moody,
}

/// An endless plan of posts.
#[derive(Clone, Debug)]
pub(crate) struct Posts {
    random: Random,
    manner: Manner,
    pub(crate) gap_days: f64,
    /// Local hour around which the partner publishes.
    hour: f64,
    /// Posts left of the campaign.
    left: u32,
    pub(crate) next: i64,
}

impl Posts {
    pub(crate) fn begin(mut random: Random, gap_days: f64, from: i64) -> Self {
        let manner =
            [Manner::Steady, Manner::Campaigns, Manner::Moody][random.weighted(&[0.45, 0.25, 0.3])];
        let hour = random.range(9.5, 22.0);
        let mut posts = Self {
            random,
            manner,
            gap_days,
            hour,
            left: 0,
            next: from,
        };
        posts.next += hours_ms(24.0 * gap_days * posts.random.unit());
        posts
    }

    /// Sets the time of the post after the one at `self.next`. The mean gap is `gap_days` in every manner.
    pub(crate) fn advance(&mut self) {
        let random = &mut self.random;
        let days = match self.manner {
            Manner::Steady => self.gap_days * random.range(0.6, 1.4),
            Manner::Campaigns if self.left > 0 => {
                self.left -= 1;
                0.25 * self.gap_days * random.range(0.6, 1.4)
            }
            Manner::Campaigns => {
                // One long gap and k short ones; together as long as k + 1 usual ones.
                let shorts = 1 + random.below(4) as u32;
                self.left = shorts;
                self.gap_days * (1.0 + 0.75 * f64::from(shorts)) * random.range(0.7, 1.3)
            }
            Manner::Moody => self.gap_days * random.log_normal(0.61, 1.0),
        };
        let day = local_midnight(self.next + hours_ms(24.0 * days));
        let hour = (self.hour + 1.8 * random.normal()).clamp(6.0, 23.9);
        self.next = (day + hours_ms(hour)).max(self.next + HOUR_MS / 2);
    }

    /// Times of posts to come before `until`.
    pub(crate) fn preview(&self, until: i64) -> Vec<i64> {
        const PREVIEW_MAX: usize = 200;
        let mut ahead = self.clone();
        let mut times = Vec::new();
        while ahead.next < until && times.len() < PREVIEW_MAX {
            times.push(ahead.next);
            ahead.advance();
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::time::DAY_MS;

    #[test]
    fn whatever_the_manner_the_mean_gap_is_the_one_that_was_asked_for() {
        for number in 0..30 {
            let from = 1_772_391_600_000;
            let mut posts = Posts::begin(Random::of(number, Stream::Posts, 0, 0), 5.0, from);
            let first = posts.next;
            for _ in 0..4_000 {
                posts.advance();
            }
            let gap = (posts.next - first) as f64 / 4_000.0 / DAY_MS as f64;
            assert!((4.4..5.6).contains(&gap), "{:?}: {gap}", posts.manner);
        }
    }
}
