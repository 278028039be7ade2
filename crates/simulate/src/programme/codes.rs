//! One code of the programme: its rates, its audience and where it stands at the moment.

use crate::draft::ReferrerId;
use crate::geography::CityId;
use crate::programme::customers::Circle;
use crate::programme::leaks::{Flood, Leak};
use crate::programme::posts::Feed;
use crate::programme::stories::Story;
use crate::random::{Random, Stream};
use crate::shape::WeekShape;
use crate::time::Hour;

#[derive(Clone, Debug)]
pub(crate) struct Audience {
    pub(crate) city: CityId,
    /// Share of the audience in that city; the rest is spread like the population.
    pub(crate) home_share: f64,
    /// Distinct people the partner can reach.
    pub(crate) reach: u64,
    /// Where clicks come from: main platform, second platform.
    pub(crate) platforms: [ReferrerId; 2],
    /// Shares of the two platforms; the rest comes without a referrer.
    pub(crate) platform_shares: [f64; 2],
    /// The robot that fetches previews on the main platform.
    pub(crate) robot: u8,
    /// Share of clicks made by robots.
    pub(crate) robot_share: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct CodePlan {
    pub(crate) merchant: u32,
    pub(crate) audience: Audience,
    pub(crate) week: WeekShape,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    /// Means over the long run, without story, sale or leak.
    pub(crate) orders_per_hour: f64,
    pub(crate) clicks_per_hour: f64,
    /// Share of orders by people who type the code without having followed the link.
    pub(crate) typed_share: f64,
    pub(crate) newcomer_share: f64,
    /// Share of known customers who have used this very code before.
    pub(crate) repeat_share: f64,
    /// Shape of the gamma by which days differ; small = wild.
    pub(crate) day_shape: f64,
    pub(crate) posts: Feed,
    pub(crate) story: Option<Story>,
    pub(crate) leak: Option<Leak>,
    pub(crate) flood: Option<Flood>,
    pub(crate) recent: Circle,
    /// The local day and its factor, drawn once a day.
    today: (i64, f64),
}

pub(crate) const RECENT_MAX: usize = 12;

impl CodePlan {
    pub(crate) fn new(merchant: u32, audience: Audience, week: WeekShape, posts: Feed) -> Self {
        Self {
            merchant,
            audience,
            week,
            starts_at: i64::MIN,
            ends_at: i64::MAX,
            orders_per_hour: 0.0,
            clicks_per_hour: 0.0,
            typed_share: 0.0,
            newcomer_share: 0.5,
            repeat_share: 0.2,
            day_shape: 3.0,
            posts,
            story: None,
            leak: None,
            flood: None,
            recent: Circle::of(RECENT_MAX),
            today: (i64::MIN, 1.0),
        }
    }

    /// How good a day it is: gamma distributed with mean 1, so that counts are over-dispersed.
    pub(crate) fn day_factor(&mut self, seed: u64, code: u64, hour: Hour) -> f64 {
        if self.today.0 != hour.local_day {
            let mut random = Random::of(seed, Stream::Day, code, hour.local_day as u64);
            self.today = (hour.local_day, random.gamma_mean_one(self.day_shape));
        }
        self.today.1
    }
}
