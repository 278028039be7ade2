//! Leaked orders one by one: who comes through a leak, and what that looks like.
//!
//! Must not know when.

use crate::cascades::archetypes::{Origin, THRIFTY};
use crate::cascades::chance::{Subject, chance};
use crate::cascades::checkout::Buyer;
use crate::cascades::leaks::Group;
use crate::cascades::play::Scene;
use crate::cascades::restaurants::Wish;
use crate::cascades::segments::{Segment, Traits};
use crate::cascades::sources::pick;
use crate::draft::{Customer, NO_REFERRER, ReferrerId};
use crate::time::SECOND_MS;

impl Scene<'_> {
    /// An order through the code's leak.
    pub(crate) fn leaked_order(&mut self, ts: i64, code: u32) {
        let Some(mut leak) = self.codes[code as usize].leak.take() else {
            return;
        };
        if ts >= leak.onset && ts < leak.until {
            let segments = self.segments;
            let own = self.random.chance(leak.weak);
            let profile = if own {
                let state = &self.codes[code as usize];
                &segments.honest[usize::from(state.mixture.pick(&mut self.random))]
            } else {
                &segments.leaked[pick(&leak.blend, &mut self.random)].1
            };
            let buyer = match &mut leak.group {
                Some(group) => self.member(code, group),
                None => self.leaked_buyer(code, profile, own),
            };
            let mut look = profile.look(buyer.traits, &mut self.random);
            // Somebody who has the code from a leak seldom has the partner's link.
            look.linked &= !own || self.random.chance(0.35);
            let named = self.random.chance(leak.referrer_share);
            let referrer = if named && look.origin != Origin::Search && !own {
                leak.referrer
            } else {
                match look.origin {
                    Origin::CodePage => NO_REFERRER,
                    Origin::Messenger if !own => self.random.pick(self.messengers),
                    origin => self.referrer(code, origin),
                }
            };
            self.order(ts, code, profile, buyer, look, referrer, true);
            self.idle_clicks(ts, code, profile, leak.referrer, own);
        }
        self.codes[code as usize].leak = Some(leak);
    }

    /// Visitors of a page that opens the partner's link and who then buy nothing.
    fn idle_clicks(
        &mut self,
        ts: i64,
        code: u32,
        profile: &Segment,
        referrer: ReferrerId,
        own: bool,
    ) {
        if own || profile.shape.linked < 0.3 {
            return;
        }
        /// As many as buy at a page that opens the link for everybody who looks.
        const IDLE_PER_ORDER: f64 = 2.0;
        let idle = self.random.poisson(IDLE_PER_ORDER * profile.shape.seen);
        for _ in 0..idle {
            let at = self.random.range_ms(self.hour.from, self.hour.until);
            let visitor = self.random.next_u64();
            let city = self.around(code).population.draw(&mut self.random);
            let at = at
                .max(ts - 600 * SECOND_MS)
                .clamp(self.hour.from, self.hour.until - 1);
            self.click(at, code, visitor, referrer, city, true);
        }
    }

    fn leaked_buyer(&mut self, code: u32, profile: &Segment, own: bool) -> Buyer {
        let occasion = Traits::draw(&mut self.random);
        let strangeness = profile.strangeness(occasion, &mut self.random);
        let state = &self.codes[code as usize];
        let shop = state.shop;
        let shape = &profile.shape;
        let wish = Wish {
            shop,
            abroad: self.shops[shop as usize].abroad,
            segment: THRIFTY,
            repeat: if own {
                0.3 * shape.repeat
            } else {
                shape.repeat
            },
            regular: shape.regular,
            hunter: shape.hunter,
            returning: shape.returning,
        };
        let arrival = self
            .guests
            .arrive(&state.regulars, wish, strangeness, &mut self.random);
        let (customer, newcomer, founder) = self.welcome(code, profile, occasion, arrival);
        if self.random.chance(shape.hunter) {
            self.guests.hunt(customer, wish.abroad, founder);
        }
        self.guests.seat(None, shop, THRIFTY, customer, founder);
        Buyer {
            customer,
            newcomer,
            traits: occasion.of_buyer(customer, self.nature.mixing.person_share),
        }
    }

    /// A member of a closed group: mostly the one whose turn it is.
    fn member(&mut self, code: u32, group: &mut Group) -> Buyer {
        const IN_TURN: f64 = 0.6;
        group.turn += 1;
        let number = if self.random.chance(IN_TURN) {
            group.turn % group.members
        } else {
            self.random.below(group.members)
        };
        // Who a member is follows from the group and the number alone.
        let circle = &self.segments.leaked[usize::from(group.segment)].1;
        let mut own = chance(group.seed, Subject::Rota, number, 1);
        let traits = Traits::draw(&mut own);
        let city = circle.home(traits, &self.around(code), &mut own);
        let customer = Customer::new(own.next_u64(), city);
        let known = own.chance(circle.shape.returning);
        let first = group.bought >> number & 1 == 0;
        group.bought |= 1 << number;
        let occasion = Traits::draw(&mut self.random);
        Buyer {
            customer,
            newcomer: first && !known,
            traits: occasion.of_buyer(customer, self.nature.mixing.person_share),
        }
    }
}
