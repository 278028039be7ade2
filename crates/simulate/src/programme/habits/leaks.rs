//! Habits of leaks, by kind, and of click floods.

use crate::spread::Spread;

/// Who buys through a leak of a kind, and how. Ranges are of shares of its orders unless noted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LeakBuyers {
    /// Near the partner.
    pub(crate) home: (f64, f64),
    /// From the circle of deal hunters.
    pub(crate) hunters: (f64, f64),
    /// Of the others: used another code of the shop lately.
    pub(crate) circle: (f64, f64),
    /// Of the remaining: known to the shop.
    pub(crate) returning: (f64, f64),
    /// Pasted by a helper of the browser.
    pub(crate) auto: (f64, f64),
    /// Basket relative to the shop's.
    pub(crate) basket: (f64, f64),
    /// Share of leaks of the kind that open the partner's link behind the buyer's back.
    pub(crate) opens_link: f64,
    /// Share of such a leak's orders before which it does.
    pub(crate) clicks: (f64, f64),
    /// Seconds from such a click to the order: an extension is quick, a page is not.
    pub(crate) click_to_order_s: (f64, f64),
}

/// Messages in a chat or channel, after which buyers come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MessageHabits {
    pub(crate) gap_days: (f64, f64),
    pub(crate) decay_hours: (f64, f64),
    /// Share of the buyers who come after a message, not in between.
    pub(crate) burst_share: f64,
    pub(crate) height_sigma: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LeakHabits {
    /// Where in its era a leak begins, as a share of it.
    pub(crate) onset: (f64, f64),
    /// Days over which a slow leak grows.
    pub(crate) ramp_days: (f64, f64),
    /// Where in the rest of the era a leak that stops does, as a share of it.
    pub(crate) stops: (f64, f64),
    /// Shape of the gamma by which a leak's days differ.
    pub(crate) day_shape: (f64, f64),
    pub(crate) coupon_site: LeakBuyers,
    pub(crate) extension: LeakBuyers,
    pub(crate) insider: LeakBuyers,
    /// Members of the circle around an insider.
    pub(crate) insider_members: (f64, f64),
    /// Share of insiders who write messages; the others pass the code on at the desk.
    pub(crate) insider_writes: f64,
    pub(crate) insider_messages: MessageHabits,
    pub(crate) deal_channel: LeakBuyers,
    /// Share of orders whose browser names the channel.
    pub(crate) deal_channel_named: (f64, f64),
    pub(crate) deal_channel_messages: MessageHabits,
}

const NOBODY: (f64, f64) = (0.0, 0.0);
/// As many baskets of helpers as honest buyers have, about.
const HARDLY_AUTO: (f64, f64) = (0.05, 0.05);
const USUAL_BASKET: (f64, f64) = (1.0, 1.0);
/// Leaks of other kinds open no link; where some do, they do it as a page does.
const NO_LINK: f64 = 0.0;
const PAGE_CLICKS: (f64, f64) = (0.4, 0.9);
const PAGE_CLICK_TO_ORDER_S: (f64, f64) = (60.0, 1_800.0);

impl LeakHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            onset: (0.15, 0.85),
            ramp_days: (7.0, 35.0),
            stops: (0.25, 0.8),
            day_shape: (2.0, 6.0),
            coupon_site: LeakBuyers {
                home: NOBODY,
                hunters: (0.25, 0.55),
                circle: (0.1, 0.4),
                returning: (0.5, 0.8),
                auto: (0.02, 0.3),
                basket: (0.8, 1.15),
                // Some pages "reveal" the code by opening the partner's link.
                opens_link: 0.2,
                clicks: PAGE_CLICKS,
                click_to_order_s: PAGE_CLICK_TO_ORDER_S,
            },
            extension: LeakBuyers {
                home: NOBODY,
                hunters: (0.1, 0.3),
                circle: (0.1, 0.35),
                returning: (0.65, 0.85),
                auto: (0.65, 0.95),
                basket: (0.95, 1.3),
                opens_link: 0.3,
                clicks: (0.6, 0.95),
                click_to_order_s: (3.0, 50.0),
            },
            insider: LeakBuyers {
                home: (0.3, 0.95),
                hunters: NOBODY,
                circle: NOBODY,
                returning: (0.5, 0.7),
                auto: HARDLY_AUTO,
                basket: USUAL_BASKET,
                opens_link: NO_LINK,
                clicks: PAGE_CLICKS,
                click_to_order_s: PAGE_CLICK_TO_ORDER_S,
            },
            insider_members: (8.0, 120.0),
            insider_writes: 0.5,
            insider_messages: MessageHabits {
                gap_days: (3.0, 12.0),
                decay_hours: (3.0, 12.0),
                burst_share: 0.85,
                height_sigma: 0.6,
            },
            deal_channel: LeakBuyers {
                home: NOBODY,
                hunters: (0.3, 0.6),
                circle: (0.15, 0.45),
                returning: (0.45, 0.75),
                auto: HARDLY_AUTO,
                basket: USUAL_BASKET,
                opens_link: NO_LINK,
                clicks: PAGE_CLICKS,
                click_to_order_s: PAGE_CLICK_TO_ORDER_S,
            },
            deal_channel_named: (0.2, 0.7),
            deal_channel_messages: MessageHabits {
                gap_days: (3.0, 14.0),
                decay_hours: (1.5, 7.0),
                burst_share: 0.97,
                height_sigma: 0.7,
            },
        }
    }

    pub(super) fn spread(&mut self, by: &mut Spread) {
        let Self {
            onset,
            ramp_days,
            stops,
            day_shape,
            coupon_site,
            extension,
            insider,
            insider_members,
            insider_writes,
            insider_messages,
            deal_channel,
            deal_channel_named,
            deal_channel_messages,
        } = self;
        by.shares(onset);
        by.paces(ramp_days);
        by.shares(stops);
        by.paces(day_shape);
        for buyers in [coupon_site, extension, insider, deal_channel] {
            buyers.spread(by);
        }
        by.sizes(insider_members);
        by.share(insider_writes);
        insider_messages.spread(by);
        by.shares(deal_channel_named);
        deal_channel_messages.spread(by);
    }
}

impl LeakBuyers {
    fn spread(&mut self, by: &mut Spread) {
        /// Some sites and channels are of a city.
        const LOCAL: f64 = 0.1;
        const OPENS_LINK: f64 = 0.05;
        let Self {
            home,
            hunters,
            circle,
            returning,
            auto,
            basket,
            opens_link,
            clicks,
            click_to_order_s,
        } = self;
        for shares in [hunters, circle, returning, auto, clicks] {
            by.shares(shares);
        }
        if *home == NOBODY {
            home.1 = by.appear(LOCAL);
        } else {
            by.shares(home);
        }
        if *opens_link == NO_LINK {
            *opens_link = by.appear(OPENS_LINK);
        } else {
            by.share(opens_link);
        }
        by.ratios(basket);
        by.sizes(click_to_order_s);
    }
}

impl MessageHabits {
    fn spread(&mut self, by: &mut Spread) {
        let Self {
            gap_days,
            decay_hours,
            burst_share,
            height_sigma,
        } = self;
        by.paces(gap_days);
        by.paces(decay_hours);
        by.share(burst_share);
        by.ratio(height_sigma);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FloodHabits {
    /// Length, and clicks as a multiple of the code's own; both spread evenly on the logarithm.
    pub(crate) length_days: (f64, f64),
    pub(crate) strength: (f64, f64),
    /// Share of floods that call themselves by their name.
    pub(crate) plain: f64,
}

impl FloodHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            length_days: (0.5, 20.0),
            strength: (5.0, 80.0),
            plain: 0.4,
        }
    }

    pub(super) fn spread(&mut self, by: &mut Spread) {
        let Self {
            length_days,
            strength,
            plain,
        } = self;
        by.paces(length_days);
        by.lifts(strength);
        by.share(plain);
    }
}
