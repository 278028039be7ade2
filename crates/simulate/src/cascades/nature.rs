//! The constants of a world of this family, drawn once from its seed around their usual values.
//!
//! Decides how far a world lies from the usual one. Everything that the rest of the family draws per shop,
//! code or leak is drawn around these; nothing here knows of any of them.

use crate::cascades::chance::{Subject, chance, logit, sigmoid};
use crate::random::Random;

/// Moves usual values: shares in log-odds, sizes in logarithms, by a normal of 0.7 times the spread.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    random: Random,
    sd: f64,
}

impl Moved {
    pub(crate) fn new(random: Random, spread: f64) -> Self {
        /// At spread 1 odds and sizes move by a factor of about two.
        const SD_AT_ONE: f64 = 0.7;
        Self {
            random,
            sd: SD_AT_ONE * spread,
        }
    }

    /// A move in logarithms or log-odds.
    pub(crate) fn by(&mut self) -> f64 {
        self.sd * self.random.normal()
    }

    pub(crate) fn share(&mut self, usual: f64) -> f64 {
        let by = self.by();
        if usual <= 0.0 || usual >= 1.0 || self.sd == 0.0 {
            return usual;
        }
        sigmoid(logit(usual) + by)
    }

    pub(crate) fn size(&mut self, usual: f64) -> f64 {
        let by = self.by();
        usual * libm::exp(by)
    }

    fn within(&mut self, usual: f64, low: f64, high: f64) -> f64 {
        self.size(usual).clamp(low, high)
    }
}

/// How interest spreads from person to person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contagion {
    /// Mean children of an event in the median cascade.
    pub(crate) branching: f64,
    /// Spread of the branching ratios' log-odds between cascades.
    pub(crate) branching_sigma: f64,
    /// Share of cascades that are nearly critical.
    pub(crate) viral_share: f64,
    /// Tail index of how many children one event has.
    pub(crate) offspring_tail: f64,
    /// Operational hours at which the kernel bends into its power law.
    pub(crate) delay_scale_hours: f64,
    /// Power of the kernel's survival.
    pub(crate) delay_tail: f64,
    /// Chance that a child is of its parent's segment.
    pub(crate) homophily: f64,
}

/// Where cascades begin, and how the level of codes and shops wanders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origins {
    pub(crate) post_gap_days: f64,
    /// Share of a code's events that descend from posts.
    pub(crate) post_share: f64,
    /// Share that descends from mentions by others.
    pub(crate) mention_share: f64,
    /// Tail index of the sizes of posts and mentions.
    pub(crate) post_tail: f64,
    /// Stationary sd of a code's log-level.
    pub(crate) level_sd: f64,
    pub(crate) level_half_life_days: f64,
    pub(crate) shop_level_sd: f64,
    /// Days a partner keeps a habit: median, sd of the logarithm.
    pub(crate) regime_days: f64,
    pub(crate) regime_sigma: f64,
    /// Weights of the regimes beside the usual one: silent, weekly show, surge.
    pub(crate) regime_weights: [f64; 3],
    /// Chance that a new regime comes with another platform.
    pub(crate) move_share: f64,
    /// Chance that a new regime changes whom the code reaches.
    pub(crate) jump_share: f64,
    pub(crate) payday_lift: f64,
}

/// How codes differ in whom they reach, and how people resemble themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixing {
    /// Total of the Dirichlet by which a code's mixture is drawn; small = odd codes.
    pub(crate) concentration: f64,
    pub(crate) drift_sd: f64,
    pub(crate) drift_half_life_days: f64,
    /// Loading of the marks on the traits of the occasion.
    pub(crate) loading: f64,
    /// Share of a trait's variance that belongs to the person.
    pub(crate) person_share: f64,
    /// How far the home shares of codes lie apart, in probits.
    pub(crate) home_sd: f64,
    /// Discount of the restaurants: how fat the crowd of one-time buyers is.
    pub(crate) discount: f64,
    /// Chance that somebody known to the shop sits in another segment's restaurant.
    pub(crate) mingle: f64,
    pub(crate) gift_share: f64,
}

/// What shops tell, when it changes, and what breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shops {
    /// Coverage where a shop tells a field: click id, click time, referrer, entry, newcomer, city.
    pub(crate) told: [f64; 6],
    /// Chance that an open shop tells the field at all.
    pub(crate) open: [f64; 6],
    /// Chance that a marketplace tells it; click ids never.
    pub(crate) walled: [f64; 6],
    /// Days between changes of what a shop tells.
    pub(crate) migration_days: f64,
    pub(crate) outage_gap_days: f64,
    pub(crate) outage_hours: f64,
    pub(crate) outage_tail: f64,
    pub(crate) sale_gap_days: f64,
    pub(crate) sale_lift: f64,
    pub(crate) sale_tilt: f64,
    /// Activity in the two days after a sale.
    pub(crate) hangover: f64,
    /// Chance that an honest checkout has a helper that pastes the code.
    pub(crate) helper_share: f64,
}

/// Habits of leaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaks {
    /// Share of leaks whose buyers mostly look like the code's own.
    pub(crate) weak_share: f64,
    /// Chance that a leak joins a listing of its shop.
    pub(crate) join_share: f64,
    /// Share of codes that a channel's message names, of those it lists.
    pub(crate) named_share: f64,
    pub(crate) message_gap_days: f64,
    pub(crate) message_scale_hours: f64,
    pub(crate) message_tail: f64,
    pub(crate) message_size_tail: f64,
    /// Days a site lists a code before it is removed, and days until it is listed again.
    pub(crate) listed_days: f64,
    pub(crate) removed_days: f64,
    /// Share of sites and extensions that remove codes and list them again.
    pub(crate) relisting_share: f64,
    /// Share of closed groups that meet at fixed times instead of writing messages.
    pub(crate) rota_share: f64,
    pub(crate) group_members: f64,
    /// Share of sources that name themselves as referrers, and how often they do.
    pub(crate) named_source_share: f64,
    pub(crate) referrer_share: f64,
    /// Share of sites whose host is on nobody's list.
    pub(crate) unlisted_share: f64,
    /// Share of sites and extensions that open the partner's link behind the buyer's back.
    pub(crate) injector_share: f64,
    pub(crate) sighting_share: f64,
    pub(crate) honest_sighting_share: f64,
    /// Shape of the gamma by which a leak's days differ.
    pub(crate) day_shape: f64,
}

/// What is usual in this world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    pub(crate) contagion: Contagion,
    pub(crate) origins: Origins,
    pub(crate) mixing: Mixing,
    pub(crate) shops: Shops,
    pub(crate) leaks: Leaks,
}

impl Nature {
    pub(crate) fn draw(seed: u64, spread: f64) -> Self {
        let mut moved = Moved::new(chance(seed, Subject::Nature, 0, 0), spread);
        let m = &mut moved;
        Self {
            contagion: contagion(m),
            origins: origins(m),
            mixing: mixing(m),
            shops: shops(m),
            leaks: leaks(m),
        }
    }
}

/// Branching of 0.4 to 0.6 and tails of 0.3 to 1 are what studies of retweets and of video views report.
fn contagion(m: &mut Moved) -> Contagion {
    Contagion {
        branching: m.share(0.42).clamp(0.08, 0.7),
        branching_sigma: m.within(0.7, 0.2, 1.1),
        viral_share: m.share(0.004).min(0.02),
        offspring_tail: m.within(1.9, 1.3, 5.0),
        delay_scale_hours: m.within(0.35, 0.05, 3.0),
        delay_tail: m.within(0.8, 0.4, 1.8),
        homophily: m.share(0.4),
    }
}

fn origins(m: &mut Moved) -> Origins {
    Origins {
        post_gap_days: m.within(6.5, 1.5, 30.0),
        post_share: m.share(0.45).clamp(0.05, 0.75),
        mention_share: m.share(0.15).min(0.2),
        post_tail: m.within(1.7, 1.25, 5.0),
        level_sd: m.within(0.4, 0.1, 0.9),
        level_half_life_days: m.within(25.0, 6.0, 120.0),
        shop_level_sd: m.within(0.18, 0.03, 0.5),
        regime_days: m.within(36.0, 10.0, 150.0),
        regime_sigma: m.within(0.8, 0.2, 1.3),
        regime_weights: [m.size(0.28), m.size(0.22), m.size(0.2)],
        move_share: m.share(0.25),
        jump_share: m.share(0.55),
        payday_lift: m.within(0.18, 0.02, 0.7),
    }
}

fn mixing(m: &mut Moved) -> Mixing {
    Mixing {
        concentration: m.within(2.6, 0.6, 12.0),
        drift_sd: m.within(0.35, 0.05, 1.0),
        drift_half_life_days: m.within(18.0, 4.0, 90.0),
        loading: m.share(0.6).min(0.75),
        person_share: m.share(0.5),
        home_sd: m.within(0.6, 0.1, 1.3),
        discount: m.share(0.35).min(0.8),
        mingle: m.share(0.12),
        gift_share: m.share(0.03).min(0.15),
    }
}

fn shops(m: &mut Moved) -> Shops {
    let mut shares = |usual: [f64; 6]| usual.map(|share| m.share(share));
    let told = shares([0.9, 0.99, 0.78, 0.95, 0.995, 0.96]);
    let open = shares([0.96, 0.8, 0.82, 0.8, 0.85, 0.96]);
    let walled = shares([0.0, 0.0, 0.18, 0.28, 0.62, 0.86]);
    Shops {
        told,
        open,
        walled,
        migration_days: m.within(90.0, 20.0, 500.0),
        outage_gap_days: m.within(45.0, 12.0, 300.0),
        outage_hours: m.within(4.0, 1.0, 12.0),
        outage_tail: m.within(1.2, 0.7, 3.0),
        sale_gap_days: m.within(32.0, 12.0, 90.0),
        sale_lift: m.within(2.8, 1.7, 6.0),
        sale_tilt: m.within(0.5, 0.1, 1.2),
        hangover: m.share(0.8).max(0.5),
        helper_share: m.share(0.025).min(0.12),
    }
}

fn leaks(m: &mut Moved) -> Leaks {
    Leaks {
        weak_share: m.share(0.3),
        join_share: m.share(0.55),
        named_share: m.share(0.65),
        message_gap_days: m.within(7.0, 1.5, 25.0),
        message_scale_hours: m.within(0.8, 0.1, 4.0),
        message_tail: m.within(1.1, 0.6, 2.5),
        message_size_tail: m.within(2.0, 1.3, 5.0),
        listed_days: m.within(9.0, 2.0, 40.0),
        removed_days: m.within(6.0, 1.0, 25.0),
        relisting_share: m.share(0.28),
        rota_share: m.share(0.55),
        group_members: m.within(30.0, 6.0, 110.0),
        named_source_share: m.share(0.8),
        referrer_share: m.share(0.4),
        unlisted_share: m.share(0.4),
        injector_share: m.share(0.22),
        sighting_share: m.share(0.33),
        honest_sighting_share: m.share(0.012).min(0.1),
        day_shape: m.within(4.0, 1.2, 20.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_spread_every_seed_has_the_usual_constants_and_with_it_none_has() {
        let shown = |seed, spread| format!("{:?}", Nature::draw(seed, spread));
        assert_eq!(shown(1, 0.0), shown(2, 0.0));
        assert_ne!(shown(1, 1.0), shown(2, 1.0));
        assert_ne!(shown(1, 1.0), shown(1, 0.0));
        assert_eq!(shown(1, 1.0), shown(1, 1.0));
    }

    #[test]
    fn even_the_widest_spread_keeps_cascades_below_criticality() {
        for seed in 0..200 {
            let nature = Nature::draw(seed, 3.0);
            assert!(nature.contagion.branching <= 0.7);
            assert!(nature.origins.post_share + nature.origins.mention_share < 1.0);
            assert!(nature.contagion.offspring_tail > 1.0);
        }
    }
}
