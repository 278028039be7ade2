//! Habits of partners and their audiences, and what the brand knows of them.

use crate::spread::Spread;

/// Name, upper bound of followers.
pub(crate) const TIERS: [(&str, f64); 5] = [
    ("nano", 5e3),
    ("micro", 2e4),
    ("mid", 1e5),
    ("macro", 1e6),
    ("mega", 8e6),
];

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartnerHabits {
    /// Share of codes whose partner has the code before as well: for another shop, mostly.
    pub(crate) has_two_codes: f64,
    /// Weights of the tiers.
    pub(crate) tiers: [f64; 5],
    /// Orders a day of each tier relative to the median code.
    pub(crate) tier_orders: [f64; 5],
    /// Width of the orders a day within a tier.
    pub(crate) orders_sigma: f64,
    /// Median and width of the clicks per order relative to the programme's.
    pub(crate) clicks_per_order: (f64, f64),
    /// Weights of the platforms.
    pub(crate) platforms: [f64; 6],
    /// Followers to one that the partner really reaches.
    pub(crate) followers_per_reached: f64,
    /// Weights of the audiences' profiles over the day.
    pub(crate) profiles: [f64; 4],
    /// Share of a second profile.
    pub(crate) profile_blend: (f64, f64),
    /// Activity on Saturdays and Sundays relative to other days.
    pub(crate) weekend: (f64, f64),
    /// Mean days between posts, spread evenly on the logarithm.
    pub(crate) post_gap_days: (f64, f64),
    pub(crate) post_decay_hours: (f64, f64),
    /// Share of all activity that comes of posts.
    pub(crate) post_share: (f64, f64),
    pub(crate) post_height_sigma: (f64, f64),
    /// Share of partners whose audience lives anywhere.
    pub(crate) scattered: f64,
    /// Share of such an audience in the partner's city.
    pub(crate) scattered_home: (f64, f64),
    /// The same of other audiences.
    pub(crate) home: (f64, f64),
    /// Shares of clicks that name the main and the second platform.
    pub(crate) main_platform: (f64, f64),
    pub(crate) second_platform: (f64, f64),
    /// Share of clicks by robots.
    pub(crate) robots: (f64, f64),
    /// Share of orders by people who type the code: on marketplaces, in shops of their own.
    pub(crate) walled_typed: (f64, f64),
    pub(crate) open_typed: (f64, f64),
    /// Share of orders by new customers: on marketplaces, in shops of their own.
    pub(crate) walled_newcomers: (f64, f64),
    pub(crate) open_newcomers: (f64, f64),
    /// Share of known customers who have used this very code before.
    pub(crate) repeats: (f64, f64),
    /// Shape of the gamma by which days differ, spread evenly on the logarithm; small = wild.
    pub(crate) day_shape: (f64, f64),
    /// Share of codes that are launched while the world is running.
    pub(crate) launched_late: f64,
}

impl PartnerHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            has_two_codes: 0.16,
            tiers: [0.45, 0.32, 0.16, 0.06, 0.01],
            tier_orders: [0.55, 1.2, 2.8, 7.0, 22.0],
            orders_sigma: 0.8,
            clicks_per_order: (0.88, 0.5),
            platforms: [0.46, 0.22, 0.1, 0.12, 0.06, 0.04],
            followers_per_reached: 3.0,
            profiles: [0.5, 0.2, 0.12, 0.18],
            profile_blend: (0.0, 0.5),
            weekend: (0.7, 1.6),
            post_gap_days: (2.5, 16.0),
            post_decay_hours: (8.0, 34.0),
            post_share: (0.3, 0.8),
            post_height_sigma: (0.4, 0.9),
            scattered: 0.2,
            scattered_home: (0.0, 0.25),
            home: (0.3, 0.9),
            main_platform: (0.5, 0.8),
            second_platform: (0.02, 0.15),
            robots: (0.01, 0.08),
            walled_typed: (0.2, 0.7),
            open_typed: (0.08, 0.4),
            walled_newcomers: (0.2, 0.55),
            open_newcomers: (0.4, 0.8),
            repeats: (0.08, 0.35),
            day_shape: (1.2, 8.0),
            launched_late: 0.1,
        }
    }

    pub(crate) fn spread(&mut self, by: &mut Spread) {
        // Above this the largest code outweighs the rest of the programme.
        const ORDERS_SIGMA_MAX: f64 = 1.1;
        let Self {
            has_two_codes,
            tiers,
            tier_orders,
            orders_sigma,
            clicks_per_order,
            platforms,
            followers_per_reached,
            profiles,
            profile_blend,
            weekend,
            post_gap_days,
            post_decay_hours,
            post_share,
            post_height_sigma,
            scattered,
            scattered_home,
            home,
            main_platform,
            second_platform,
            robots,
            walled_typed,
            open_typed,
            walled_newcomers,
            open_newcomers,
            repeats,
            day_shape,
            launched_late,
        } = self;
        by.weights(tiers);
        by.weights(platforms);
        by.weights(profiles);
        for orders in tier_orders {
            by.ratio(orders);
        }
        by.ratio(orders_sigma);
        *orders_sigma = orders_sigma.min(ORDERS_SIGMA_MAX);
        by.ratio(&mut clicks_per_order.0);
        by.ratio(&mut clicks_per_order.1);
        by.size(followers_per_reached);
        for share in [has_two_codes, scattered, launched_late] {
            by.share(share);
        }
        for pace in [post_gap_days, post_decay_hours, day_shape] {
            by.paces(pace);
        }
        for ratio in [weekend, post_height_sigma] {
            by.ratios(ratio);
        }
        for shares in [
            profile_blend,
            post_share,
            scattered_home,
            home,
            main_platform,
            second_platform,
            robots,
            walled_typed,
            open_typed,
            walled_newcomers,
            open_newcomers,
            repeats,
        ] {
            by.shares(shares);
        }
    }
}

/// What the brand enters of a code: shares of codes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RegistryHabits {
    pub(crate) alias: f64,
    pub(crate) tier: f64,
    pub(crate) followers: f64,
    pub(crate) city: f64,
    pub(crate) channels: f64,
    pub(crate) vat_payer: f64,
    pub(crate) starts_at: f64,
    pub(crate) ends_at: f64,
    pub(crate) posts: f64,
    /// Share of the posts of such a code that the brand was told of.
    pub(crate) posts_told: (f64, f64),
}

impl RegistryHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            alias: 0.2,
            tier: 0.95,
            followers: 0.85,
            city: 0.85,
            channels: 0.8,
            vat_payer: 0.8,
            starts_at: 0.7,
            ends_at: 0.4,
            posts: 0.45,
            posts_told: (0.4, 1.0),
        }
    }

    pub(crate) fn spread(&mut self, by: &mut Spread) {
        let Self {
            alias,
            tier,
            followers,
            city,
            channels,
            vat_payer,
            starts_at,
            ends_at,
            posts,
            posts_told,
        } = self;
        for share in [
            alias, tier, followers, city, channels, vat_payer, starts_at, ends_at, posts,
        ] {
            by.share(share);
        }
        by.shares(posts_told);
    }
}
