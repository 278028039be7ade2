//! Habits of honest buyers.

use crate::spread::Spread;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BuyerHabits {
    /// Share of clicks by fans, who click again and again.
    pub(crate) fan_clicks: f64,
    /// Fans of a code.
    pub(crate) fans: f64,
    /// Shares of the buyers who order at once, and who order by the evening.
    pub(crate) at_once_and_by_evening: (f64, f64),
    /// Hours from click to order of those at once, in the evening, and later: medians and widths.
    pub(crate) hours_to_order: [(f64, f64); 3],
    /// Hours from hearing the code to typing it.
    pub(crate) hours_to_type: (f64, f64),
    /// Share of typed orders by people who remember the code, whenever it was posted.
    pub(crate) remembered: f64,
    /// Share of linked orders in which the link carries the code to the checkout.
    pub(crate) carried_by_link: f64,
    /// Share of linked orders that still name the platform at checkout.
    pub(crate) platform_at_checkout: f64,
    /// Share of the others who come from a coupon site: an honest follower looks for a better code too.
    pub(crate) stray_coupon: f64,
    /// Share of the others who come from a search engine, those above included.
    pub(crate) searched: f64,
    /// Share of known customers who come through another partner's code of the same shop.
    pub(crate) follows_several: f64,
    /// What a full sale day adds to that, as a multiple.
    pub(crate) sale_follows_several: f64,
    /// Share of the home audience, and of newcomers, that a full sale day takes away.
    pub(crate) sale_less_home: f64,
    pub(crate) sale_less_newcomers: f64,
    /// Share of colleagues in an office who are new customers.
    pub(crate) office_newcomers: f64,
    /// Share who try a code although it has ended.
    pub(crate) tries_ended_code: f64,
    /// Days in which the interest in an ended code halves.
    pub(crate) ended_halves_days: f64,
}

impl BuyerHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            fan_clicks: 0.125,
            fans: 24.0,
            at_once_and_by_evening: (0.55, 0.87),
            hours_to_order: [(0.15, 1.0), (3.0, 0.8), (26.0, 0.7)],
            hours_to_type: (0.4, 1.2),
            remembered: 0.5,
            carried_by_link: 0.76,
            platform_at_checkout: 0.85,
            stray_coupon: 0.004,
            searched: 0.4,
            follows_several: 0.1,
            sale_follows_several: 1.0,
            sale_less_home: 0.25,
            sale_less_newcomers: 0.3,
            office_newcomers: 0.5,
            tries_ended_code: 0.5,
            ended_halves_days: 2.0,
        }
    }

    pub(super) fn spread(&mut self, by: &mut Spread) {
        let Self {
            fan_clicks,
            fans,
            at_once_and_by_evening,
            hours_to_order,
            hours_to_type,
            remembered,
            carried_by_link,
            platform_at_checkout,
            stray_coupon,
            searched,
            follows_several,
            sale_follows_several,
            sale_less_home,
            sale_less_newcomers,
            office_newcomers,
            tries_ended_code,
            ended_halves_days,
        } = self;
        by.shares(at_once_and_by_evening);
        for hours in hours_to_order {
            by.log_normal(hours);
        }
        by.log_normal(hours_to_type);
        for share in [
            fan_clicks,
            remembered,
            carried_by_link,
            platform_at_checkout,
            stray_coupon,
            searched,
            follows_several,
            sale_less_home,
            sale_less_newcomers,
            office_newcomers,
            tries_ended_code,
        ] {
            by.share(share);
        }
        for size in [fans, sale_follows_several, ended_halves_days] {
            by.size(size);
        }
    }
}
