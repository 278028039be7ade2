//! One code's hour: what everything that happens in it is made from, and how it is filed.
//!
//! Decides what the shop makes of an order. Must not know why the order happens.

use crate::draft::{
    ClickDraft, Customer, Entry, NO_REFERRER, OrderDraft, ReferrerId, Spelling, Status,
};
use crate::geography::NO_CITY;
use crate::random::{Random, mix};
use crate::resampled::habits::Habits;
use crate::resampled::people::People;
use crate::resampled::recording::{RecordedClick, RecordedOrder, Recording};
use crate::resampled::shops::{Now, Shop, Which};
use crate::shop::{Intent, Merchant};
use crate::time::{HOUR_MS, Hour, MINUTE_MS};
use crate::wire::FIRST_ROBOT;
use crate::world::Happenings;

/// Running numbers: clicks and orders get ids from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serials {
    pub(crate) clicks: u64,
    pub(crate) orders: u64,
}

pub(crate) struct Scene<'a> {
    pub(crate) hour: Hour,
    pub(crate) now: Now,
    pub(crate) seed: u64,
    pub(crate) code: u32,
    pub(crate) ends_at: i64,
    /// Factor on what is bought at the shop: sale days.
    pub(crate) lift: f64,
    pub(crate) habits: &'a Habits,
    pub(crate) recording: &'a Recording,
    pub(crate) merchant: &'a Merchant,
    pub(crate) shop: &'a mut Shop,
    pub(crate) people: &'a mut People,
    pub(crate) serials: &'a mut Serials,
    pub(crate) searches: &'a [ReferrerId],
    pub(crate) mistyped_share: f64,
    pub(crate) random: Random,
    pub(crate) out: &'a mut Happenings,
}

/// An order on its way to the shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purchase {
    pub(crate) ts: i64,
    pub(crate) customer: Customer,
    pub(crate) newcomer: bool,
    pub(crate) entry: Entry,
    pub(crate) referrer: ReferrerId,
    pub(crate) click: Option<(u64, i64)>,
    pub(crate) leaked: bool,
}

impl Scene<'_> {
    /// Any moment of the hour.
    pub(crate) fn moment(&mut self) -> i64 {
        self.hour.from + self.random.below(HOUR_MS as u64) as i64
    }

    /// A recorded moment, moved by a few minutes within its hour; copies are moved further.
    pub(crate) fn moved(&mut self, at: u32, layer: u64) -> i64 {
        let reach = self.habits.jitter_minutes * if layer == 0 { 1.0 } else { 4.0 };
        let minutes = reach * (self.random.unit() - self.random.unit());
        let moved = i64::from(at) + (minutes * MINUTE_MS as f64) as i64;
        self.hour.from + moved.rem_euclid(HOUR_MS)
    }

    /// Files a click and returns its id.
    pub(crate) fn click(
        &mut self,
        ts: i64,
        visitor: u64,
        of: &RecordedClick,
        fraudulent: bool,
    ) -> u64 {
        self.serials.clicks += 1;
        let id = mix(self.serials.clicks ^ self.seed.rotate_left(29));
        let robot = (FIRST_ROBOT..usize::from(u8::MAX)).contains(&usize::from(of.agent));
        self.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code: self.code,
            ip: if robot {
                // 203.0.113.0/24 is set aside for documentation (RFC 5737).
                0xcb00_7100 | (visitor & 0xff) as u32
            } else {
                // 100.64.0.0/10, where mobile carriers put many behind one address (RFC 6598).
                0x6440_0000 | (mix(visitor) >> 44) as u32 & 0x003f_ffff
            },
            referrer: of.referrer,
            agent: of.agent,
            city: self.shop.city(of.city),
            spelling: if of.alias {
                Spelling::Alias
            } else {
                Spelling::Registry
            },
            fraudulent,
        });
        id
    }

    /// The customer that a recorded one is at this shop.
    pub(crate) fn customer(&self, recorded: &RecordedOrder, which: Which) -> Customer {
        let hash = self
            .shop
            .person(self.seed, recorded.customer, self.habits.loyal, which);
        Customer::new(hash, self.shop.city(recorded.home))
    }

    /// A search engine, for this share of checkouts, else nothing.
    pub(crate) fn search(&mut self, share: f64) -> ReferrerId {
        if self.random.chance(share) {
            self.random.pick(self.searches)
        } else {
            NO_REFERRER
        }
    }

    /// Files an order, with the slip of the finger before it, or the refusal where the code has ended. Basket
    /// and city of delivery are those of the recorded order.
    pub(crate) fn order(&mut self, purchase: &Purchase, recorded: &RecordedOrder) {
        let refused = purchase.ts >= self.ends_at;
        // Most give up when they read that the code has ended; some try.
        if refused && !self.random.chance(self.habits.tries_ended_code) {
            return;
        }
        if purchase.entry == Entry::Typed && self.random.chance(self.mistyped_share) {
            let before = self.random.range_ms(6_000, 70_000);
            self.try_in_vain(purchase, recorded, before);
        }
        let unmet = !refused && self.people.meet(self.shop.number, purchase.customer);
        if !refused {
            self.shop.welcome(purchase.customer);
        }
        let newcomer = purchase.newcomer && unmet;
        let mut draft = self.report(purchase, recorded, newcomer, refused);
        draft.first = draft.status != Status::Rejected;
        self.out.orders.push(draft);
    }

    /// A code that nobody issued is tried, so many milliseconds before the order, and refused.
    pub(crate) fn try_in_vain(
        &mut self,
        purchase: &Purchase,
        recorded: &RecordedOrder,
        before: i64,
    ) {
        let tried = Purchase {
            ts: (purchase.ts - before).max(self.hour.from),
            ..*purchase
        };
        let draft = self.report(&tried, recorded, false, true);
        self.out.orders.push(OrderDraft {
            spelling: Spelling::Mistyped,
            ..draft
        });
    }

    fn report(
        &mut self,
        purchase: &Purchase,
        recorded: &RecordedOrder,
        newcomer: bool,
        refused: bool,
    ) -> OrderDraft {
        self.serials.orders += 1;
        let intent = Intent {
            ts: purchase.ts,
            code: self.code,
            customer: purchase.customer,
            newcomer,
            entry: purchase.entry,
            referrer: purchase.referrer,
            click: purchase.click,
            basket: 1.0,
            leaked: purchase.leaked,
            refused,
        };
        let draft = self.merchant.report(
            self.shop.number,
            self.serials.orders,
            &intent,
            &mut self.random,
        );
        let price = f64::from(recorded.basket) * self.merchant.basket_median * self.shop.basket;
        let step = self.merchant.price_step;
        OrderDraft {
            amount: (price / step as f64).max(1.0) as i64 * step,
            city: if draft.city == NO_CITY {
                NO_CITY
            } else {
                self.shop.city(recorded.city)
            },
            ..draft
        }
    }
}
