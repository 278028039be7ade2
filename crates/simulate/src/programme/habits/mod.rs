//! The constants of a programme's inside: how shops, partners, buyers, innocent stories, seasons and leaks
//! behave.
//!
//! Decides their usual values, which came from the brands' experience and from guesses, and how they are
//! moved in a world of drawn constants. Must not know how they are used.

mod buyers;
mod leaks;
mod partners;
mod places;
mod seasons;
mod shops;
mod stories;

pub(crate) use buyers::BuyerHabits;
pub(crate) use leaks::{FloodHabits, LeakBuyers, LeakHabits, MessageHabits};
pub(crate) use partners::{PartnerHabits, RegistryHabits, TIERS};
pub(crate) use places::PlaceHabits;
pub(crate) use seasons::{SeasonHabits, Windows};
pub(crate) use shops::ShopHabits;
pub(crate) use stories::StoryHabits;

use crate::spread::Spread;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Habits {
    pub(crate) shops: ShopHabits,
    pub(crate) partners: PartnerHabits,
    pub(crate) registry: RegistryHabits,
    pub(crate) buyers: BuyerHabits,
    pub(crate) stories: StoryHabits,
    pub(crate) seasons: SeasonHabits,
    pub(crate) leaks: LeakHabits,
    pub(crate) floods: FloodHabits,
    pub(crate) places: PlaceHabits,
}

impl Habits {
    pub(crate) fn usual() -> Self {
        Self {
            shops: ShopHabits::usual(),
            partners: PartnerHabits::usual(),
            registry: RegistryHabits::usual(),
            buyers: BuyerHabits::usual(),
            stories: StoryHabits::usual(),
            seasons: SeasonHabits::usual(),
            leaks: LeakHabits::usual(),
            floods: FloodHabits::usual(),
            places: PlaceHabits::usual(),
        }
    }

    /// The habits of the world of `seed`: each constant is moved once, the usual ones at spread 0.
    pub(crate) fn drawn(seed: u64, spread: f64) -> Self {
        let mut habits = Self::usual();
        if spread == 0.0 {
            return habits;
        }
        let mut by = Spread::of(seed, spread);
        let Self {
            shops,
            partners,
            registry,
            buyers,
            stories,
            seasons,
            leaks,
            floods,
            places,
        } = &mut habits;
        shops.spread(&mut by);
        partners.spread(&mut by);
        registry.spread(&mut by);
        buyers.spread(&mut by);
        stories.spread(&mut by);
        seasons.spread(&mut by);
        leaks.spread(&mut by);
        floods.spread(&mut by);
        places.spread(&mut by);
        habits
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
        assert_ne!(drawn, Habits::drawn(1, 0.5));
    }
}
