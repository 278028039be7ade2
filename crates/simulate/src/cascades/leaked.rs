//! The sorts of people who come through leaks: usual joint profiles, and the kinds of leak that they suit.
//!
//! Plain tables; how a world moves them is decided in `segments`.

use crate::cascades::archetypes::{Archetype, DESK, EVENING, SHOPPING};

/// Kinds of leak that a leaked archetype suits, as weights: coupon site, extension, closed group, channel.
pub(crate) type Suits = [f64; 4];

/// Buyers who search for any code at checkout.
const SEEKER: Archetype = Archetype {
    weight: 1.0,
    walled: 1.0,
    repeat: 0.03,
    regular: 0.3,
    hunter: 0.3,
    returning: 0.62,
    linked: 0.0,
    lost: 0.1,
    auto: 0.06,
    typed: 0.9,
    origins: [0.0, 0.0, 0.02, 0.25, 0.45, 0.28],
    home: 0.06,
    town: 0.0,
    basket: 0.0,
    basket_sigma: 0.4,
    delay_hours: 0.2,
    delay_sigma: 0.9,
    buys: 1.0,
    seen: 0.0,
    sale: 0.3,
    hours: SHOPPING,
};

/// Buyers through a leak, and the kinds that they suit.
pub(crate) static LEAKED: [(Suits, Archetype); 9] = [
    ([1.0, 0.1, 0.0, 0.1], SEEKER),
    // The page opens the partner's link before it shows the code.
    (
        [0.35, 0.0, 0.0, 0.0],
        Archetype {
            linked: 0.7,
            lost: 0.15,
            typed: 0.6,
            seen: 0.6,
            origins: [0.0, 0.0, 0.0, 0.1, 0.65, 0.25],
            ..SEEKER
        },
    ),
    // Cashback regulars with full baskets.
    (
        [0.4, 0.25, 0.0, 0.0],
        Archetype {
            regular: 0.45,
            hunter: 0.35,
            returning: 0.8,
            basket: 0.25,
            origins: [0.0, 0.0, 0.0, 0.1, 0.55, 0.35],
            ..SEEKER
        },
    ),
    // An extension pastes the code.
    (
        [0.0, 1.0, 0.0, 0.0],
        Archetype {
            regular: 0.25,
            hunter: 0.12,
            returning: 0.72,
            auto: 0.85,
            basket: 0.12,
            origins: [0.0, 0.0, 0.01, 0.35, 0.06, 0.58],
            ..SEEKER
        },
    ),
    // An extension that claims the click as well, within seconds.
    (
        [0.0, 0.35, 0.0, 0.0],
        Archetype {
            linked: 0.85,
            lost: 0.02,
            auto: 0.9,
            delay_hours: 0.005,
            delay_sigma: 0.6,
            returning: 0.72,
            hunter: 0.12,
            origins: [0.0, 0.0, 0.0, 0.3, 0.05, 0.65],
            ..SEEKER
        },
    ),
    // Readers of a deal channel.
    (
        [0.0, 0.0, 0.15, 1.0],
        Archetype {
            regular: 0.3,
            hunter: 0.45,
            returning: 0.55,
            origins: [0.0, 0.0, 0.3, 0.05, 0.25, 0.4],
            basket: -0.2,
            home: 0.1,
            ..SEEKER
        },
    ),
    // People to whom a reader passed it on: hardly different from anybody.
    (
        [0.1, 0.0, 0.4, 0.5],
        Archetype {
            repeat: 0.06,
            regular: 0.12,
            hunter: 0.05,
            returning: 0.4,
            origins: [0.05, 0.02, 0.3, 0.08, 0.0, 0.55],
            home: 0.3,
            town: 0.1,
            ..SEEKER
        },
    ),
    // Staff and their families.
    (
        [0.0, 0.0, 1.0, 0.0],
        Archetype {
            repeat: 0.0,
            regular: 0.05,
            hunter: 0.0,
            returning: 0.6,
            auto: 0.01,
            origins: [0.0, 0.0, 0.1, 0.03, 0.0, 0.87],
            home: 0.75,
            basket: 0.1,
            hours: DESK,
            ..SEEKER
        },
    ),
    // A closed community of one town.
    (
        [0.0, 0.0, 0.7, 0.1],
        Archetype {
            regular: 0.1,
            hunter: 0.03,
            returning: 0.5,
            origins: [0.0, 0.0, 0.35, 0.05, 0.0, 0.6],
            home: 0.15,
            town: 0.7,
            hours: EVENING,
            ..SEEKER
        },
    ),
];
