//! The constants of resampling: how blocks are chained, how volumes wander, and how a leak takes a shop's orders.
//!
//! Decides their usual values and how they are moved in a world of drawn constants. Honest behaviour has none:
//! it is in the recording. Must not know how they are used.

use crate::programme::habits::{PlaceHabits, RegistryHabits, SeasonHabits, ShopHabits};
use crate::spread::Spread;

/// How leaks of a kind take orders. Ranges are of shares of its orders unless noted; each leak has its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ThiefHabits {
    /// By known code-hunters.
    pub(crate) hunters: (f64, f64),
    /// Of the others: by somebody who used a code of the shop lately.
    pub(crate) circle: (f64, f64),
    /// Of the shop's new customers, those who are so among the leak's too.
    pub(crate) newcomers_kept: (f64, f64),
    /// Pasted by a helper of the browser.
    pub(crate) auto: (f64, f64),
    /// Named by the browser as where the buyer comes from.
    pub(crate) named: (f64, f64),
    /// Found by a search engine, of the rest.
    pub(crate) searched: (f64, f64),
    /// Share of leaks of the kind that open the partner's link behind the buyer's back.
    pub(crate) opens_link: f64,
    /// Orders of such a leak before which it does, and seconds from there to the order.
    pub(crate) clicks: (f64, f64),
    pub(crate) click_to_order_s: (f64, f64),
    /// Orders before which other codes are tried in vain.
    pub(crate) tries: (f64, f64),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Habits {
    pub(crate) shops: ShopHabits,
    pub(crate) registry: RegistryHabits,
    pub(crate) seasons: SeasonHabits,
    pub(crate) places: PlaceHabits,

    // Chains of blocks.
    /// Share of shops whose blocks last three days; the others' last a week.
    pub(crate) short_blocks: f64,
    /// A code's next block comes from another donor, for good.
    pub(crate) switches: f64,
    /// Codes whose donor is one of the shop's model, where there is a choice.
    pub(crate) model_donors: f64,
    /// People who come back whenever their block does; the others are somebody else each time.
    pub(crate) loyal: f64,
    /// Minutes by which a moment is moved at most.
    pub(crate) jitter_minutes: f64,
    /// Width of a code's volume around its donor's.
    pub(crate) volume_sigma: f64,
    /// Width of a day's step of the volume, of one in thirty that is larger by a factor, and that factor.
    pub(crate) step_sigma: f64,
    pub(crate) leap: f64,
    /// What is left of yesterday's distance from the usual volume.
    pub(crate) step_memory: f64,
    /// Width of a shop's baskets around its usual ones.
    pub(crate) basket_sigma: f64,
    pub(crate) launched_late: f64,

    // Leaks.
    pub(crate) site: ThiefHabits,
    pub(crate) extension: ThiefHabits,
    pub(crate) insider: ThiefHabits,
    pub(crate) channel: ThiefHabits,
    /// Where in its era a leak begins, the days over which a slow one grows, where in the rest one stops.
    pub(crate) onset: (f64, f64),
    pub(crate) ramp_days: (f64, f64),
    pub(crate) stops: (f64, f64),
    /// Shape of the gamma by which a leak's days differ.
    pub(crate) day_shape: (f64, f64),
    /// Members of a closed group, and the share of groups that order at the desk; the others do in the evening.
    pub(crate) members: (f64, f64),
    pub(crate) desk: f64,
    pub(crate) message_gap_days: (f64, f64),
    pub(crate) message_sigma: f64,
    /// Length of a flood, and its clicks as a multiple of the code's own; even on the logarithm.
    pub(crate) flood_days: (f64, f64),
    pub(crate) flood_strength: (f64, f64),
    pub(crate) flood_plain: f64,

    // Innocent stories.
    pub(crate) viral_strength: (f64, f64),
    pub(crate) spoken_clicks: (f64, f64),
    pub(crate) spoken_unlinked: (f64, f64),
    pub(crate) office_orders: (f64, f64),
    pub(crate) office_days: f64,
    pub(crate) giveaway_clicks: (f64, f64),
    pub(crate) discount_lift: (f64, f64),
    pub(crate) coupon_partner_named: (f64, f64),
    pub(crate) tries_ended_code: f64,
    pub(crate) ended_halves_days: f64,
}

const NOBODY: (f64, f64) = (0.0, 0.0);

impl Habits {
    pub(crate) const fn usual() -> Self {
        Self {
            shops: ShopHabits::usual(),
            registry: RegistryHabits::usual(),
            seasons: SeasonHabits::usual(),
            places: PlaceHabits::usual(),
            short_blocks: 0.4,
            switches: 0.06,
            model_donors: 0.9,
            loyal: 0.3,
            jitter_minutes: 6.0,
            volume_sigma: 0.35,
            step_sigma: 0.06,
            leap: 5.0,
            step_memory: 0.97,
            basket_sigma: 0.25,
            launched_late: 0.12,
            site: ThiefHabits {
                hunters: (0.2, 0.5),
                circle: (0.1, 0.4),
                newcomers_kept: (0.35, 0.75),
                auto: (0.03, 0.25),
                named: (0.1, 0.7),
                searched: (0.2, 0.5),
                opens_link: 0.2,
                clicks: (0.4, 0.9),
                click_to_order_s: (40.0, 1_500.0),
                tries: (0.0, 0.1),
            },
            extension: ThiefHabits {
                hunters: (0.08, 0.3),
                circle: (0.1, 0.35),
                newcomers_kept: (0.3, 0.6),
                auto: (0.6, 0.95),
                named: NOBODY,
                searched: (0.1, 0.35),
                opens_link: 0.3,
                clicks: (0.5, 0.95),
                click_to_order_s: (3.0, 60.0),
                tries: (0.1, 0.4),
            },
            insider: ThiefHabits {
                hunters: NOBODY,
                circle: NOBODY,
                newcomers_kept: (0.5, 0.9),
                auto: (0.01, 0.08),
                named: NOBODY,
                searched: (0.0, 0.15),
                opens_link: 0.0,
                clicks: (0.4, 0.9),
                click_to_order_s: (40.0, 1_500.0),
                tries: (0.0, 0.03),
            },
            channel: ThiefHabits {
                hunters: (0.25, 0.6),
                circle: (0.15, 0.4),
                newcomers_kept: (0.3, 0.8),
                auto: (0.02, 0.1),
                named: (0.15, 0.7),
                searched: (0.05, 0.3),
                opens_link: 0.0,
                clicks: (0.4, 0.9),
                click_to_order_s: (40.0, 1_500.0),
                tries: (0.0, 0.06),
            },
            onset: (0.12, 0.85),
            ramp_days: (7.0, 35.0),
            stops: (0.25, 0.8),
            day_shape: (2.0, 6.0),
            members: (6.0, 90.0),
            desk: 0.5,
            message_gap_days: (3.0, 14.0),
            message_sigma: 0.7,
            flood_days: (0.5, 20.0),
            flood_strength: (5.0, 80.0),
            flood_plain: 0.4,
            viral_strength: (6.0, 15.0),
            spoken_clicks: (0.1, 0.5),
            spoken_unlinked: (0.6, 0.95),
            office_orders: (0.6, 2.5),
            office_days: 0.4,
            giveaway_clicks: (8.0, 40.0),
            discount_lift: (1.3, 2.2),
            coupon_partner_named: (0.5, 0.9),
            tries_ended_code: 0.4,
            ended_halves_days: 3.0,
        }
    }

    /// The habits of the world of `seed`: each constant is moved once, the usual ones at spread 0.
    pub(crate) fn drawn(seed: u64, spread: f64) -> Self {
        let mut habits = Self::usual();
        if spread > 0.0 {
            habits.spread(&mut Spread::of(seed, spread));
        }
        habits
    }

    fn spread(&mut self, by: &mut Spread) {
        self.shops.spread(by);
        self.registry.spread(by);
        self.seasons.spread(by);
        self.places.spread(by);
        for share in [
            &mut self.short_blocks,
            &mut self.switches,
            &mut self.model_donors,
            &mut self.loyal,
            &mut self.launched_late,
            &mut self.desk,
            &mut self.flood_plain,
            &mut self.office_days,
            &mut self.tries_ended_code,
            &mut self.step_memory,
        ] {
            by.share(share);
        }
        for size in [&mut self.jitter_minutes, &mut self.ended_halves_days] {
            by.size(size);
        }
        for ratio in [
            &mut self.volume_sigma,
            &mut self.step_sigma,
            &mut self.leap,
            &mut self.basket_sigma,
            &mut self.message_sigma,
        ] {
            by.ratio(ratio);
        }
        for thief in [
            &mut self.site,
            &mut self.extension,
            &mut self.insider,
            &mut self.channel,
        ] {
            thief.spread(by);
        }
        for shares in [
            &mut self.onset,
            &mut self.stops,
            &mut self.spoken_clicks,
            &mut self.spoken_unlinked,
            &mut self.coupon_partner_named,
        ] {
            by.shares(shares);
        }
        for paces in [
            &mut self.ramp_days,
            &mut self.day_shape,
            &mut self.message_gap_days,
            &mut self.flood_days,
        ] {
            by.paces(paces);
        }
        by.sizes(&mut self.members);
        by.ratios(&mut self.office_orders);
        for lifts in [
            &mut self.flood_strength,
            &mut self.viral_strength,
            &mut self.giveaway_clicks,
            &mut self.discount_lift,
        ] {
            by.lifts(lifts);
        }
    }
}

impl ThiefHabits {
    fn spread(&mut self, by: &mut Spread) {
        const OPENS_LINK: f64 = 0.05;
        for shares in [
            &mut self.hunters,
            &mut self.circle,
            &mut self.newcomers_kept,
            &mut self.auto,
            &mut self.named,
            &mut self.searched,
            &mut self.clicks,
            &mut self.tries,
        ] {
            by.shares(shares);
        }
        if self.opens_link > 0.0 {
            by.share(&mut self.opens_link);
        } else {
            self.opens_link = by.appear(OPENS_LINK);
        }
        by.sizes(&mut self.click_to_order_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_without_spread_are_the_usual_ones_and_each_seed_has_its_own_else() {
        assert_eq!(Habits::drawn(1, 0.0), Habits::usual());
        let drawn = Habits::drawn(1, 1.0);
        assert_eq!(drawn, Habits::drawn(1, 1.0));
        assert_ne!(drawn, Habits::usual());
        assert_ne!(drawn, Habits::drawn(2, 1.0));
    }
}
