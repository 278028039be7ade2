//! One code of the world: its rates, whom it reaches, and where it stands at the moment.

use crate::cascades::leaks::{Flood, Leak};
use crate::cascades::mixtures::Mixture;
use crate::cascades::nature::{Contagion, Origins};
use crate::cascades::regimes::Feed;
use crate::cascades::restaurants::Restaurant;
use crate::cascades::segments::{Segment, Segments};
use crate::cascades::stories::Story;
use crate::draft::ReferrerId;
use crate::geography::CityId;
use crate::random::Random;
use crate::time::{Hour, days_ms};

/// Where a code's audience lives and comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    pub(crate) city: CityId,
    /// Moves the whole audience towards that city, in probits.
    pub(crate) home_shift: f64,
    /// Distinct visitors that the partner can reach.
    pub(crate) reach: u64,
    pub(crate) platforms: [ReferrerId; 2],
    pub(crate) messenger: ReferrerId,
    /// A page of codes of its own, where the partner is one; else where a stray visitor finds codes.
    pub(crate) code_page: ReferrerId,
    /// The robot that fetches previews on the main platform.
    pub(crate) robot: u8,
    /// Robots' clicks per visit.
    pub(crate) robot_share: f64,
}

/// Rates of a code in the long run, without story, sale or leak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) orders_per_hour: f64,
    /// Visits, orders and interest that nobody sees.
    pub(crate) events_per_hour: f64,
    /// Orders per event of a segment that buys as the average one does.
    pub(crate) buying: f64,
    /// Days between posts.
    pub(crate) post_gap_days: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct CodeState {
    pub(crate) shop: u32,
    pub(crate) audience: Audience,
    pub(crate) rates: Rates,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) discount_pct: u64,
    pub(crate) mixture: Mixture,
    pub(crate) feed: Feed,
    /// Log-level, a slow random walk around nothing.
    pub(crate) level: f64,
    /// How lively the code is today, relative to the long run.
    pub(crate) lively: f64,
    pub(crate) regulars: Restaurant,
    pub(crate) story: Option<Story>,
    pub(crate) leak: Option<Box<Leak>>,
    pub(crate) flood: Option<Box<Flood>>,
}

impl Rates {
    /// Rates such that the mixture yields `orders_per_day`, and `clicks_per_order` if all its interest can
    /// be seen.
    pub(crate) fn of(
        orders_per_day: f64,
        clicks_per_order: f64,
        post_gap_days: f64,
        mixture: &Mixture,
        segments: &[Segment],
    ) -> Self {
        /// Interest that can be seen in the usual mixture.
        const SEEN: f64 = 0.85;
        /// Nobody buys at every visit.
        const BUYING_MAX: f64 = 0.4;
        let buys = mixture.mean(|segment| segments[segment].shape.buys);
        let buying = (SEEN / (clicks_per_order * buys)).min(BUYING_MAX);
        let orders_per_hour = orders_per_day / 24.0;
        Self {
            orders_per_hour,
            events_per_hour: orders_per_hour / (buying * buys),
            buying,
            post_gap_days,
        }
    }

    /// Immigrants an hour that no post or mention brings.
    pub(crate) fn searches_per_hour(&self, origins: &Origins, contagion: &Contagion) -> f64 {
        let share = 1.0 - origins.post_share - origins.mention_share;
        self.events_per_hour * share / contagion.cluster_mean()
    }

    /// Mentions an hour, each of [`MENTION_SIZE`] immigrants on average.
    pub(crate) fn mentions_per_hour(&self, origins: &Origins, contagion: &Contagion) -> f64 {
        let immigrants = self.events_per_hour * origins.mention_share / contagion.cluster_mean();
        immigrants / MENTION_SIZE
    }

    /// Immigrants whom the usual post brings.
    pub(crate) fn post_size(&self, origins: &Origins, contagion: &Contagion) -> f64 {
        let gap_hours = 24.0 * self.post_gap_days;
        self.events_per_hour * origins.post_share * gap_hours / contagion.cluster_mean()
    }
}

/// Immigrants whom the usual mention brings: a shared screenshot, a comment.
pub(crate) const MENTION_SIZE: f64 = 5.0;

impl CodeState {
    /// Moves on by a day.
    pub(crate) fn wander(&mut self, origins: &Origins, random: &mut Random) {
        let kept = libm::exp2(-1.0 / origins.level_half_life_days);
        let fresh = libm::sqrt(1.0 - kept * kept) * origins.level_sd;
        self.level = kept * self.level + fresh * random.normal();
        // The mean over all days is 1.
        self.lively = libm::exp(self.level - origins.level_sd * origins.level_sd / 2.0);
    }

    /// What is left of a code's life after its end: it halves every two days.
    pub(crate) fn faded(&self, hour: Hour) -> f64 {
        if hour.from < self.ends_at {
            return 1.0;
        }
        libm::exp2(-((hour.from - self.ends_at) as f64) / days_ms(2.0) as f64)
    }
}

/// Weights of the honest segments for a code of such a shop.
pub(crate) fn prevalences(segments: &Segments, walled: bool) -> Vec<f64> {
    segments
        .honest
        .iter()
        .map(|segment| {
            let shape = &segment.shape;
            shape.weight * if walled { shape.walled } else { 1.0 }
        })
        .collect()
}
