//! The sorts of people that worlds are made of: usual joint profiles of honest buyers.
//!
//! Plain tables; how a world moves them is decided in `segments`.

use crate::cascades::clock::Hours;

/// Where somebody comes from, in the order in which thrift moves people: from the partner's own places to
/// nowhere that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Platform,
    SecondPlatform,
    Messenger,
    Search,
    /// A page that lists codes: the leak's own, or a stray one.
    CodePage,
    Nowhere,
}

/// All origins, in order.
pub(crate) const ORIGINS: [Origin; 6] = [
    Origin::Platform,
    Origin::SecondPlatform,
    Origin::Messenger,
    Origin::Search,
    Origin::CodePage,
    Origin::Nowhere,
];

/// A joint profile of buyers. Shares are of orders unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Archetype {
    /// Weight among honest events, or among leaks of the kinds that it suits.
    pub(crate) weight: f64,
    /// Factor on the weight where the shop is a marketplace.
    pub(crate) walled: f64,
    /// Buyers known to this code's own restaurant, in the long run.
    pub(crate) repeat: f64,
    /// Of the others, those known to the shop's restaurant.
    pub(crate) regular: f64,
    /// Of the others, deal hunters whom many shops know.
    pub(crate) hunter: f64,
    /// Of the others, those who bought before the world began.
    pub(crate) returning: f64,
    /// Orders that follow a click on the partner's link.
    pub(crate) linked: f64,
    /// Of those, orders whose click id gets lost on the way.
    pub(crate) lost: f64,
    /// Code pasted by a helper or a script.
    pub(crate) auto: f64,
    /// Of the other linked orders, those where the code was typed all the same.
    pub(crate) typed: f64,
    /// Weights of [`ORIGINS`].
    pub(crate) origins: [f64; 6],
    /// Lives in the partner's city; of the others, in the segment's own town.
    pub(crate) home: f64,
    pub(crate) town: f64,
    /// Log of the basket relative to the shop's, and its spread.
    pub(crate) basket: f64,
    pub(crate) basket_sigma: f64,
    /// Operational hours from click to order: median and sd of the logarithm.
    pub(crate) delay_hours: f64,
    pub(crate) delay_sigma: f64,
    /// Orders per event relative to the other segments.
    pub(crate) buys: f64,
    /// Events without an order that can be seen as a click.
    pub(crate) seen: f64,
    /// How much more a sale day moves these people than others, in logarithms.
    pub(crate) sale: f64,
    pub(crate) hours: Hours,
}

pub(crate) const EVENING: Hours = Hours {
    bumps: [(20.5, 1.0, 3.0), (13.0, 0.45, 4.0)],
    floor: 0.03,
    weekend: 1.15,
    friday: 1.05,
};
const ALL_DAY: Hours = Hours {
    bumps: [(12.5, 0.8, 2.0), (19.5, 1.0, 3.0)],
    floor: 0.03,
    weekend: 1.0,
    friday: 1.0,
};
pub(crate) const DESK: Hours = Hours {
    bumps: [(11.0, 1.0, 6.0), (15.0, 0.9, 5.0)],
    floor: 0.01,
    weekend: 0.08,
    friday: 0.8,
};
const NIGHT: Hours = Hours {
    bumps: [(0.0, 1.0, 6.0), (22.0, 0.5, 4.0)],
    floor: 0.02,
    weekend: 1.3,
    friday: 1.1,
};
const MORNING: Hours = Hours {
    bumps: [(8.2, 1.0, 9.0), (18.3, 0.7, 9.0)],
    floor: 0.03,
    weekend: 0.55,
    friday: 1.0,
};
const WEEKENDS: Hours = Hours {
    bumps: [(14.0, 1.0, 2.5), (20.0, 0.5, 4.0)],
    floor: 0.02,
    weekend: 2.8,
    friday: 1.3,
};
/// When people shop, whoever sent them.
pub(crate) const SHOPPING: Hours = Hours {
    bumps: [(13.0, 0.9, 1.6), (20.0, 0.9, 3.0)],
    floor: 0.04,
    weekend: 1.05,
    friday: 1.05,
};

/// People who followed a post, as most do.
const FOLLOWER: Archetype = Archetype {
    weight: 3.0,
    walled: 1.0,
    repeat: 0.08,
    regular: 0.08,
    hunter: 0.005,
    returning: 0.3,
    linked: 0.86,
    lost: 0.05,
    auto: 0.01,
    typed: 0.2,
    origins: [0.62, 0.12, 0.05, 0.05, 0.001, 0.16],
    home: 0.55,
    town: 0.05,
    basket: 0.0,
    basket_sigma: 0.35,
    delay_hours: 0.25,
    delay_sigma: 1.3,
    buys: 1.0,
    seen: 0.95,
    sale: 0.0,
    hours: EVENING,
};

/// Index into [`HONEST`]: people who heard the code and type it.
pub(crate) const LISTENERS: usize = 1;
/// Index into [`HONEST`]: colleagues who share a code at their desks.
pub(crate) const DESKS: usize = 2;
/// Index into [`HONEST`]: people who look for any saving, honestly.
pub(crate) const THRIFTY: usize = 3;
/// Index into [`HONEST`]: people who pass the link on in chats.
pub(crate) const CHATS: usize = 4;
/// The first so many of [`HONEST`] are in every world, because stories need them.
pub(crate) const ALWAYS: usize = 6;

/// Honest buyers.
pub(crate) static HONEST: [Archetype; 14] = [
    FOLLOWER,
    // Listeners of a radio spot or a talk show.
    Archetype {
        weight: 0.7,
        walled: 1.6,
        linked: 0.03,
        auto: 0.015,
        origins: [0.01, 0.01, 0.01, 0.22, 0.002, 0.75],
        home: 0.4,
        town: 0.1,
        delay_hours: 0.6,
        seen: 0.03,
        hours: MORNING,
        ..FOLLOWER
    },
    // Desks.
    Archetype {
        weight: 0.4,
        repeat: 0.2,
        regular: 0.25,
        returning: 0.5,
        linked: 0.3,
        origins: [0.08, 0.02, 0.3, 0.05, 0.002, 0.55],
        home: 0.9,
        basket: 0.1,
        delay_hours: 1.2,
        seen: 0.5,
        hours: DESK,
        ..FOLLOWER
    },
    // Thrifty people: known to the shop, cold, from everywhere; a leak's buyers without a leak.
    Archetype {
        weight: 0.6,
        repeat: 0.12,
        regular: 0.4,
        hunter: 0.05,
        returning: 0.75,
        linked: 0.35,
        lost: 0.25,
        auto: 0.05,
        typed: 0.6,
        origins: [0.2, 0.1, 0.08, 0.3, 0.015, 0.3],
        home: 0.2,
        town: 0.15,
        basket: -0.25,
        delay_hours: 5.0,
        buys: 1.4,
        seen: 0.6,
        sale: 0.7,
        hours: ALL_DAY,
        ..FOLLOWER
    },
    // Chats: the link is passed on.
    Archetype {
        weight: 0.9,
        repeat: 0.1,
        regular: 0.15,
        linked: 0.75,
        origins: [0.05, 0.03, 0.55, 0.02, 0.001, 0.35],
        home: 0.65,
        delay_hours: 0.5,
        buys: 1.3,
        hours: ALL_DAY,
        ..FOLLOWER
    },
    // Loyal fans who come back to the same code.
    Archetype {
        weight: 0.9,
        repeat: 0.5,
        regular: 0.2,
        returning: 0.7,
        linked: 0.55,
        typed: 0.45,
        origins: [0.5, 0.15, 0.05, 0.05, 0.001, 0.25],
        home: 0.7,
        basket: 0.15,
        delay_hours: 0.4,
        buys: 1.8,
        sale: 0.25,
        ..FOLLOWER
    },
    // Night owls.
    Archetype {
        weight: 0.6,
        returning: 0.25,
        home: 0.3,
        town: 0.1,
        delay_hours: 0.12,
        hours: NIGHT,
        ..FOLLOWER
    },
    // Searchers: they remember the name, look the shop up days later and type.
    Archetype {
        weight: 0.7,
        walled: 1.3,
        linked: 0.15,
        lost: 0.4,
        returning: 0.45,
        origins: [0.03, 0.02, 0.02, 0.7, 0.008, 0.22],
        home: 0.4,
        delay_hours: 20.0,
        delay_sigma: 0.9,
        seen: 0.75,
        hours: ALL_DAY,
        ..FOLLOWER
    },
    // Users of an app whose browser hides where it came from.
    Archetype {
        weight: 1.0,
        linked: 0.93,
        typed: 0.05,
        origins: [0.06, 0.02, 0.02, 0.01, 0.001, 0.889],
        delay_hours: 0.08,
        delay_sigma: 0.8,
        ..FOLLOWER
    },
    // People who buy gifts, large baskets for other cities.
    Archetype {
        weight: 0.35,
        returning: 0.55,
        home: 0.12,
        town: 0.0,
        basket: 0.55,
        basket_sigma: 0.5,
        delay_hours: 9.0,
        hours: WEEKENDS,
        ..FOLLOWER
    },
    // Honest users of a browser helper that pastes any code it knows.
    Archetype {
        weight: 0.3,
        walled: 0.4,
        returning: 0.55,
        linked: 0.8,
        auto: 0.55,
        origins: [0.4, 0.1, 0.02, 0.2, 0.02, 0.26],
        basket: 0.2,
        hours: ALL_DAY,
        ..FOLLOWER
    },
    // A far town that follows the partner as one.
    Archetype {
        weight: 0.4,
        repeat: 0.12,
        regular: 0.2,
        home: 0.08,
        town: 0.85,
        basket: -0.1,
        hours: ALL_DAY,
        ..FOLLOWER
    },
    // Planners: many visits, one large order, after days.
    Archetype {
        weight: 0.4,
        returning: 0.4,
        linked: 0.7,
        lost: 0.3,
        typed: 0.5,
        basket: 0.45,
        delay_hours: 45.0,
        delay_sigma: 0.8,
        buys: 0.6,
        hours: DESK,
        ..FOLLOWER
    },
    // Newcomers off a video, on the weekend, in a hurry.
    Archetype {
        weight: 0.7,
        repeat: 0.03,
        regular: 0.03,
        returning: 0.12,
        linked: 0.9,
        origins: [0.3, 0.5, 0.02, 0.03, 0.001, 0.149],
        home: 0.25,
        basket: -0.2,
        delay_hours: 0.06,
        delay_sigma: 0.7,
        buys: 0.7,
        hours: WEEKENDS,
        ..FOLLOWER
    },
];
