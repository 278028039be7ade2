//! Habits of innocent stories.

use crate::programme::stories::TOLD;
use crate::spread::Spread;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoryHabits {
    /// Weights of the kinds, in the order of `TOLD`.
    pub(crate) kinds: [f64; TOLD.len()],
    /// Height of a viral post, as a multiple of the partner's typical one.
    pub(crate) viral_strength: (f64, f64),
    pub(crate) viral_decay_hours: (f64, f64),
    /// Factors on the shares of newcomers and of the home audience while it is seen.
    pub(crate) viral_newcomers: f64,
    pub(crate) viral_home: f64,
    pub(crate) giveaway_days: (f64, f64),
    /// Factors of a giveaway on clicks, conversion, newcomers and the home audience.
    pub(crate) giveaway_clicks: (f64, f64),
    pub(crate) giveaway_conversion: f64,
    pub(crate) giveaway_newcomers: f64,
    pub(crate) giveaway_home: f64,
    /// Factor on clicks when the partner opens a channel.
    pub(crate) channel_clicks: (f64, f64),
    pub(crate) channel_newcomers: f64,
    /// Share of clicks from the channel.
    pub(crate) channel_share: f64,
    /// Factor on conversion when the discount grows.
    pub(crate) discount_conversion: (f64, f64),
    /// Orders an hour by the colleagues of an office at lunch, and the share of working days of it.
    pub(crate) office_orders: (f64, f64),
    pub(crate) office_days: f64,
    /// Of a code that is spoken: share of typed orders, and clicks relative to other codes.
    pub(crate) spoken_typed: (f64, f64),
    pub(crate) spoken_clicks: (f64, f64),
    /// Of a partner who is a coupon site: share of clicks that name it, factor on newcomers.
    pub(crate) coupon_partner_named: (f64, f64),
    pub(crate) coupon_partner_newcomers: f64,
}

impl StoryHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            kinds: [1.0; TOLD.len()],
            viral_strength: (14.0, 26.0),
            viral_decay_hours: (14.0, 34.0),
            viral_newcomers: 1.25,
            viral_home: 0.6,
            giveaway_days: (2.0, 4.0),
            giveaway_clicks: (5.0, 12.0),
            giveaway_conversion: 0.25,
            giveaway_newcomers: 1.5,
            giveaway_home: 0.4,
            channel_clicks: (1.15, 1.7),
            channel_newcomers: 0.9,
            channel_share: 0.45,
            discount_conversion: (1.3, 2.2),
            office_orders: (1.5, 5.0),
            office_days: 0.04,
            spoken_typed: (0.88, 0.98),
            spoken_clicks: (0.03, 0.15),
            coupon_partner_named: (0.7, 0.9),
            coupon_partner_newcomers: 0.6,
        }
    }

    pub(super) fn spread(&mut self, by: &mut Spread) {
        let Self {
            kinds,
            viral_strength,
            viral_decay_hours,
            viral_newcomers,
            viral_home,
            giveaway_days,
            giveaway_clicks,
            giveaway_conversion,
            giveaway_newcomers,
            giveaway_home,
            channel_clicks,
            channel_newcomers,
            channel_share,
            discount_conversion,
            office_orders,
            office_days,
            spoken_typed,
            spoken_clicks,
            coupon_partner_named,
            coupon_partner_newcomers,
        } = self;
        by.weights(kinds);
        for factors in [
            viral_strength,
            giveaway_clicks,
            channel_clicks,
            discount_conversion,
            office_orders,
        ] {
            by.lifts(factors);
        }
        for factor in [
            viral_newcomers,
            viral_home,
            giveaway_conversion,
            giveaway_newcomers,
            giveaway_home,
            channel_newcomers,
            coupon_partner_newcomers,
        ] {
            by.lift(factor);
        }
        by.ratios(viral_decay_hours);
        by.paces(giveaway_days);
        for share in [channel_share, office_days] {
            by.share(share);
        }
        for shares in [spoken_typed, spoken_clicks, coupon_partner_named] {
            by.shares(shares);
        }
    }
}
