//! Crowds that come to a shop because it is a sale.
//!
//! Decides who comes; what they buy there is decided where people shop.

use crate::agents::Agents;
use crate::agents::events::Scene;
use crate::random::Random;
use crate::time::HOUR_MS;

/// By how much hours differ for all people together: for the crowd of a sale.
static CROWD: [f64; 24] = [
    1.0, 0.5, 0.25, 0.15, 0.12, 0.15, 0.35, 0.7, 1.0, 1.15, 1.2, 1.25, 1.4, 1.35, 1.2, 1.15, 1.15,
    1.2, 1.35, 1.6, 1.8, 1.85, 1.6, 1.2,
];

impl Agents {
    /// On sale days more people come, those who follow a partner of the shop among them.
    pub(super) fn sale_crowd(&mut self, scene: &mut Scene<'_>, shop: usize) {
        const FOLLOWERS_SHARE: f64 = 0.3;
        const EAGER_AT_SALES: f64 = 1.2;
        let lift = self.seasons.lift(shop as u32);
        let hour_of_day = scene.hour.week_hour % 24;
        let extra = self.market.purchases[shop] / 24.0 * (lift - 1.0) * CROWD[hour_of_day];
        for _ in 0..self.random.poisson(extra) {
            let person = self.one_of_the_crowd(shop, FOLLOWERS_SHARE);
            let ts = moment(scene, &mut self.random);
            self.shops_at(scene, person, shop as u32, ts, EAGER_AT_SALES);
        }
    }

    fn one_of_the_crowd(&mut self, shop: usize, followers_share: f64) -> u32 {
        let codes = &self.codes_of[shop];
        if !codes.is_empty() && self.random.chance(followers_share) {
            let code = &self.codes[self.random.pick(codes) as usize];
            return self
                .random
                .pick(&self.partners[code.partner as usize].followers);
        }
        let land = self.partners[self.codes[codes[0] as usize].partner as usize].land;
        self.town.lands[land].anyone(&mut self.random)
    }
}

pub(super) fn moment(scene: &Scene<'_>, random: &mut Random) -> i64 {
    scene.hour.from + random.range_ms(0, HOUR_MS)
}
