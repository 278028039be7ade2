//! Clicks and orders one by one: from a person of a segment to drafts of records.
//!
//! Decides who buys and what that looks like. Must not know when.

use crate::cascades::archetypes::Origin;
use crate::cascades::play::Scene;
use crate::cascades::restaurants::{Arrival, Wish};
use crate::cascades::segments::{Around, Look, Segment, Traits};
use crate::cascades::shops::Purchase;
use crate::draft::{
    ClickDraft, Customer, Entry, NO_REFERRER, OrderDraft, ReferrerId, Spelling, Status,
};
use crate::geography::{CityId, NO_CITY};
use crate::random::mix;
use crate::time::SECOND_MS;
use crate::wire::{FIRST_ROBOT, NO_AGENT};

/// Who buys, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buyer {
    pub(crate) customer: Customer,
    pub(crate) newcomer: bool,
    pub(crate) traits: Traits,
}

impl<'s> Scene<'s> {
    pub(crate) fn next_click_id(&mut self) -> u64 {
        self.serials.clicks += 1;
        mix(self.serials.clicks ^ self.seed.rotate_left(11))
    }

    /// Where the code's audience lives.
    pub(crate) fn around(&self, code: u32) -> Around<'s> {
        let state = &self.codes[code as usize];
        let shop = state.shop as usize;
        Around {
            city: state.audience.city,
            shift: state.audience.home_shift,
            abroad: self.shops[shop].abroad,
            population: &self.stage.merchants[shop].population,
        }
    }

    /// A visit that leads to nothing.
    pub(crate) fn visit(&mut self, ts: i64, code: u32, segment: u8) {
        let segments = self.segments;
        let segment = &segments.honest[usize::from(segment)];
        let around = self.around(code);
        let origin = segment.origin(&mut self.random);
        let city = segment.city(&around, &mut self.random);
        let audience = &self.codes[code as usize].audience;
        let rank = self.random.unit();
        // Few visit often: visits fall off like the root of their rank.
        let number = (rank * rank * audience.reach as f64) as u64;
        let robot = self.random.chance(audience.robot_share);
        let visitor = mix(mix(u64::from(code) ^ self.seed) ^ number);
        let referrer = self.referrer(code, origin);
        self.click(ts, code, visitor, referrer, city, false);
        if robot {
            self.robot(ts, code);
        }
    }

    /// A robot that fetches a preview.
    pub(crate) fn robot(&mut self, ts: i64, code: u32) {
        let id = self.next_click_id();
        let visitor = mix(id);
        self.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code,
            ip: ip_of(visitor % 64),
            referrer: NO_REFERRER,
            agent: self.codes[code as usize].audience.robot,
            city: NO_CITY,
            spelling: Spelling::Registry,
            fraudulent: false,
        });
    }

    pub(crate) fn click(
        &mut self,
        ts: i64,
        code: u32,
        visitor: u64,
        referrer: ReferrerId,
        city: CityId,
        fraudulent: bool,
    ) -> u64 {
        let id = self.next_click_id();
        let bits = mix(id ^ visitor);
        self.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code,
            ip: ip_of(visitor),
            referrer,
            agent: person_agent(visitor),
            // Some addresses cannot be placed.
            city: if bits >> 8 & 31 == 0 { NO_CITY } else { city },
            spelling: if bits & 3 == 0 {
                Spelling::Alias
            } else {
                Spelling::Registry
            },
            fraudulent,
        });
        id
    }

    pub(crate) fn referrer(&mut self, code: u32, origin: Origin) -> ReferrerId {
        let state = &self.codes[code as usize];
        let moved = usize::from(state.feed.regime().moved);
        match origin {
            Origin::Platform => state.audience.platforms[moved],
            Origin::SecondPlatform => state.audience.platforms[1 - moved],
            Origin::Messenger => state.audience.messenger,
            Origin::Search => self.random.pick(self.searches),
            Origin::CodePage => state.audience.code_page,
            Origin::Nowhere => NO_REFERRER,
        }
    }

    /// An honest order, with the click before it where the buyer followed the link.
    pub(crate) fn honest_order(&mut self, ts: i64, code: u32, segment: u8) {
        let segments = self.segments;
        let profile = &segments.honest[usize::from(segment)];
        let buyer = self.honest_buyer(code, segment);
        let mut look = profile.look(buyer.traits, &mut self.random);
        let helper = self.stage.merchants[self.codes[code as usize].shop as usize].auto_base;
        look.auto |= self.random.chance(helper);
        let referrer = self.referrer(code, look.origin);
        self.order(ts, code, profile, buyer, look, referrer, false);
    }

    fn honest_buyer(&mut self, code: u32, segment: u8) -> Buyer {
        let segments = self.segments;
        let profile = &segments.honest[usize::from(segment)];
        let occasion = Traits::draw(&mut self.random);
        let strangeness = profile.strangeness(occasion, &mut self.random);
        let state = &self.codes[code as usize];
        let shop = state.shop;
        let shape = &profile.shape;
        let wish = Wish {
            shop,
            abroad: self.shops[shop as usize].abroad,
            segment: segment.into(),
            repeat: shape.repeat,
            regular: shape.regular,
            hunter: shape.hunter,
            returning: shape.returning,
        };
        let arrival = self
            .guests
            .arrive(&state.regulars, wish, strangeness, &mut self.random);
        let (customer, newcomer, founder) = self.welcome(code, profile, occasion, arrival);
        if founder && self.random.chance(shape.hunter) {
            self.guests.hunt(customer, wish.abroad, true);
        }
        let regulars = Some(&mut self.codes[code as usize].regulars);
        self.guests
            .seat(regulars, shop, segment.into(), customer, founder);
        Buyer {
            customer,
            newcomer,
            traits: occasion.of_buyer(customer, self.nature.mixing.person_share),
        }
    }

    /// Gives a stranger a home. Returns the customer, whether new to the shop, and whether new to the world.
    pub(crate) fn welcome(
        &mut self,
        code: u32,
        profile: &Segment,
        occasion: Traits,
        arrival: Arrival,
    ) -> (Customer, bool, bool) {
        match arrival {
            Arrival::Known(customer) => (customer, false, false),
            Arrival::Stranger { newcomer } => {
                let around = self.around(code);
                let city = profile.home(occasion, &around, &mut self.random);
                (self.guests.stranger(city), newcomer, true)
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "all of it together is an order, and nothing else is made of it"
    )]
    pub(crate) fn order(
        &mut self,
        ts: i64,
        code: u32,
        profile: &Segment,
        buyer: Buyer,
        look: Look,
        referrer: ReferrerId,
        leaked: bool,
    ) {
        /// Nobody carries a click around for longer: shops forget it.
        const DELAY_MAX_HOURS: f64 = 14.0 * 24.0;
        /// From the click to the order it takes some seconds at least.
        const FASTEST_MS: i64 = 2 * SECOND_MS;
        let state = &self.codes[code as usize];
        let shop = state.shop;
        let discount_pct = state.discount_pct;
        let ends_at = state.ends_at;
        let (mut order_ts, mut click) = (ts, None);
        if look.linked {
            let visitor = mix(buyer.customer.0 ^ self.seed);
            let city = buyer.customer.city();
            let id = self.click(ts, code, visitor, referrer, city, leaked);
            let abroad = self.shops[shop as usize].abroad;
            let hours = look.delay_hours.min(DELAY_MAX_HOURS);
            order_ts = profile.clock(abroad).after(ts, hours) + FASTEST_MS;
            click = (!look.lost).then_some((id, ts));
        }
        let entry = match look {
            Look { auto: true, .. } => Entry::Auto,
            Look {
                linked: true,
                typed: false,
                ..
            } => Entry::Link,
            _ => Entry::Typed,
        };
        let refused = order_ts >= ends_at;
        // Most give up when they read that the code has ended; some try.
        if refused && !self.random.chance(0.5) {
            return;
        }
        let purchase = Purchase {
            ts: order_ts,
            code,
            shop,
            serial: 0,
            customer: buyer.customer,
            newcomer: buyer.newcomer,
            entry,
            referrer,
            click,
            basket: look.basket,
            discount_pct,
            gift_share: self.nature.mixing.gift_share,
            leaked,
            refused,
        };
        if entry == Entry::Typed && self.random.chance(self.mistyped_share) {
            let earlier = self.random.range_ms(5 * SECOND_MS, 90 * SECOND_MS);
            let slip = Purchase {
                ts: (order_ts - earlier).max(self.hour.from),
                refused: true,
                ..purchase
            };
            let draft = self.report(slip);
            self.out.orders.push(OrderDraft {
                spelling: Spelling::Mistyped,
                ..draft
            });
        }
        let draft = self.report(purchase);
        debug_assert!(refused == (draft.status == Status::Rejected));
        self.out.orders.push(draft);
    }

    fn report(&mut self, purchase: Purchase) -> OrderDraft {
        self.serials.orders += 1;
        let purchase = Purchase {
            serial: self.serials.orders,
            ..purchase
        };
        let shop = purchase.shop as usize;
        self.shops[shop].report(&self.stage.merchants[shop], &purchase, &mut self.random)
    }
}

/// An address in 100.64.0.0/10, where mobile carriers put many behind one (RFC 6598).
pub(crate) fn ip_of(visitor: u64) -> u32 {
    0x6440_0000 | (mix(visitor) >> 44) as u32 & 0x003f_ffff
}

/// One person has one browser; one in fifty hides it.
fn person_agent(visitor: u64) -> u8 {
    let drawn = (visitor >> 40) % 50;
    if drawn == 0 {
        NO_AGENT
    } else {
        (drawn % FIRST_ROBOT as u64) as u8
    }
}
