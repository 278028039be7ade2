//! Leaks and click floods: when, how strong, and what their orders look like.

use crate::draft::{NO_REFERRER, ReferrerId};
use crate::programme::habits::{FloodHabits, LeakBuyers, LeakHabits, MessageHabits};
use crate::programme::posts::{Burst, Feed, Rhythm};
use crate::random::{Random, Stream};
use crate::shape::WeekShape;
use crate::time::{DAY_MS, HOUR_MS, Hour, days_ms, hours_ms};
use crate::truth::LeakKind;

/// When leaked orders are placed.
#[derive(Clone, Debug)]
pub(crate) enum Timing {
    /// When people shop: they search for a code at checkout.
    ShopHours,
    /// At the desk.
    OfficeHours,
    /// After each message in a chat or channel, fading over hours.
    Messages(Box<Feed>),
}

#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) kind: LeakKind,
    pub(crate) onset: i64,
    pub(crate) until: i64,
    /// The leak grows linearly over this time; 0 = at once.
    pub(crate) ramp_ms: i64,
    /// Leaked orders as a multiple of the code's own.
    pub(crate) size: f64,
    pub(crate) timing: Timing,
    /// Where buyers come from, as far as the browser says.
    pub(crate) referrer: ReferrerId,
    pub(crate) referrer_share: f64,
    pub(crate) auto_share: f64,
    /// Share of buyers from the circle of deal hunters.
    pub(crate) hunter_share: f64,
    /// Share of the other buyers who used another code of the shop lately.
    pub(crate) circle_share: f64,
    /// Share of the remaining buyers whom the shop knows already.
    pub(crate) returning_share: f64,
    /// Share of the circle, or of those whom the shop does not know, near the partner.
    pub(crate) home_share: f64,
    /// Members of the circle around an insider; 0 = no closed circle.
    pub(crate) circle: u64,
    pub(crate) circle_known: u128,
    /// Share of orders before which the extension, or the coupon page, opens the partner's link.
    pub(crate) click_share: f64,
    /// Seconds from such a click to the order: an extension is quick, a page is not.
    pub(crate) click_to_order_s: (f64, f64),
    /// Basket relative to the shop's.
    pub(crate) basket: f64,
    /// Shape of the gamma by which the leak's days differ.
    day_shape: f64,
}

/// Members of a circle are remembered in the bits of `circle_known`.
const CIRCLE_MAX: u64 = u128::BITS as u64;

/// Shares that decide what a leak becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) from_day_one: f64,
    pub(crate) slow_ramp: f64,
    pub(crate) stops: f64,
    pub(crate) size: (f64, f64),
}

/// The stretch of time in which a leak is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Era {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Leak {
    /// Draws a leak of `kind` that begins within `era`.
    pub(crate) fn draw(
        kind: LeakKind,
        habits: &LeakHabits,
        fate: Fate,
        era: Era,
        seed: u64,
        code: u64,
        random: &mut Random,
    ) -> Self {
        let span = era.until - era.from;
        let day_one = random.chance(fate.from_day_one);
        let onset = if day_one {
            era.from
        } else {
            era.from + (span as f64 * random.between(habits.onset)) as i64
        };
        let ramps = !day_one && random.chance(fate.slow_ramp);
        let ramp_ms = if ramps {
            days_ms(random.between(habits.ramp_days))
        } else {
            0
        };
        let left_ms = era.until - onset;
        let until = if random.chance(fate.stops) {
            onset + (left_ms as f64 * random.between(habits.stops)) as i64
        } else {
            i64::MAX
        };
        let mut leak = Self {
            kind,
            onset,
            until,
            ramp_ms,
            size: random.log_uniform(fate.size.0.max(1e-3), fate.size.1.max(1e-3)),
            timing: Timing::ShopHours,
            referrer: NO_REFERRER,
            referrer_share: 0.0,
            auto_share: 0.0,
            hunter_share: 0.0,
            circle_share: 0.0,
            returning_share: 0.0,
            home_share: 0.0,
            circle: 0,
            circle_known: 0,
            click_share: 0.0,
            click_to_order_s: (0.0, 0.0),
            basket: 1.0,
            day_shape: random.between(habits.day_shape),
        };
        match kind {
            LeakKind::CouponSite => leak.bring(&habits.coupon_site, random),
            LeakKind::Extension => leak.bring(&habits.extension, random),
            LeakKind::InsiderOrCommunity => leak.make_insider(habits, (seed, code), random),
            LeakKind::DealChannel => leak.make_deal_channel(habits, (seed, code), random),
            LeakKind::ClickFlood => unreachable!("a flood is no leak of the code"),
        }
        leak
    }

    /// Who buys through it.
    fn bring(&mut self, buyers: &LeakBuyers, random: &mut Random) {
        self.home_share = random.between(buyers.home);
        self.hunter_share = random.between(buyers.hunters);
        self.circle_share = random.between(buyers.circle);
        self.returning_share = random.between(buyers.returning);
        self.auto_share = random.between(buyers.auto);
        self.basket = random.between(buyers.basket);
        if random.happens(buyers.opens_link) {
            self.click_share = random.between(buyers.clicks);
            self.click_to_order_s = buyers.click_to_order_s;
        }
    }

    fn make_insider(&mut self, habits: &LeakHabits, stream: (u64, u64), random: &mut Random) {
        self.circle = (random.between(habits.insider_members) as u64).clamp(1, CIRCLE_MAX);
        self.bring(&habits.insider, random);
        self.timing = Timing::OfficeHours;
        if random.chance(habits.insider_writes) {
            self.timing = self.messages(&habits.insider_messages, (9, 21), stream, random);
        }
    }

    fn make_deal_channel(&mut self, habits: &LeakHabits, stream: (u64, u64), random: &mut Random) {
        self.bring(&habits.deal_channel, random);
        self.referrer_share = random.between(habits.deal_channel_named);
        self.timing = self.messages(&habits.deal_channel_messages, (9, 22), stream, random);
    }

    /// Messages in a rhythm; the leak begins with the first of them.
    fn messages(
        &self,
        habits: &MessageHabits,
        hours_of_day: (i64, i64),
        (seed, code): (u64, u64),
        random: &mut Random,
    ) -> Timing {
        let rhythm = Rhythm {
            gap_mean_days: random.between(habits.gap_days),
            decay_hours: random.between(habits.decay_hours),
            burst_share: habits.burst_share,
            height_sigma: habits.height_sigma,
            hours_of_day,
        };
        let mut feed = Feed::new(seed, Stream::Leak, code, rhythm, self.onset);
        let height = feed.typical_height();
        feed.add(Burst {
            at: self.onset,
            height,
            decay_hours: rhythm.decay_hours,
        });
        Timing::Messages(Box::new(feed))
    }

    /// Mean leaked orders in `hour` relative to the code's own mean of an hour, and a message that begins in it.
    pub(crate) fn level(
        &mut self,
        hour: Hour,
        shop: &WeekShape,
        office: &WeekShape,
        days: (u64, u64),
    ) -> (f64, Option<i64>) {
        if hour.until <= self.onset || hour.from >= self.until {
            return (0.0, None);
        }
        let (timing, message) = match &mut self.timing {
            Timing::ShopHours => (shop.at(hour.week_hour), None),
            Timing::OfficeHours => (office.at(hour.week_hour), None),
            Timing::Messages(feed) => {
                let (level, message) = feed.level(hour);
                (level, message)
            }
        };
        let grown = match self.ramp_ms {
            0 => 1.0,
            ramp_ms => ((hour.middle() - self.onset) as f64 / ramp_ms as f64).clamp(0.0, 1.0),
        };
        let (seed, code) = days;
        let mut day = Random::of(seed, Stream::LeakDay, code, hour.local_day as u64);
        (
            self.size * timing * grown * day.gamma_mean_one(self.day_shape),
            message,
        )
    }
}

/// Made-up clicks: no orders come of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flood {
    pub(crate) onset: i64,
    pub(crate) until: i64,
    pub(crate) clicks_per_hour: f64,
    /// Distinct visitors that it pretends; 0 = a new one for each click.
    pub(crate) visitors: u64,
    /// Whether it calls itself by its name.
    pub(crate) plain: bool,
}

/// Busiest flood, in clicks a day, before `volume_scale`: a rented botnet's hour is cheap, the shop's patience is not.
const FLOOD_CLICKS_PER_DAY_MAX: f64 = 4_000.0;

impl Flood {
    pub(crate) fn draw(
        habits: &FloodHabits,
        era: Era,
        clicks_per_hour: f64,
        volume_scale: f64,
        random: &mut Random,
    ) -> Self {
        let span = (era.until - era.from) as f64;
        let onset = era.from + (span * random.range(0.1, 0.8)) as i64;
        let length = (DAY_MS as f64 * random.log_between(habits.length_days)).min(span);
        let cap = FLOOD_CLICKS_PER_DAY_MAX * volume_scale / 24.0;
        Self {
            onset,
            until: onset + length as i64,
            clicks_per_hour: (clicks_per_hour * random.log_between(habits.strength)).min(cap),
            visitors: random.pick(&[0, 0, 5, 40, 400]),
            plain: random.chance(habits.plain),
        }
    }

    pub(crate) fn is_on(&self, hour: Hour) -> bool {
        self.onset < hour.until && hour.from < self.until
    }
}

/// Coupon sites of the world.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) host: &'static str,
    /// Share of buyers whose browser names the site.
    pub(crate) referrer_share: f64,
    /// How many leaks it takes relative to others.
    pub(crate) weight: f64,
}

/// A site or channel that lists codes of a shop, so that several begin to leak together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) source: usize,
    pub(crate) onset: i64,
}

/// Codes of one listing appear within hours or days.
pub(crate) fn listed_after(listing: Listing, listing_hours: f64, random: &mut Random) -> i64 {
    listing.onset + random.range_ms(0, hours_ms(listing_hours)) / HOUR_MS * HOUR_MS
}
