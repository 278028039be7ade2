//! An order with a code, from what the buyer does to what the shop tells; and what friends hear of it.
//!
//! Decides whether it happens, is refused, or is taken over by an extension. Who is new follows from what
//! this person bought before.

use crate::agents::Agents;
use crate::agents::events::{Event, Follow, Mood, Scene, What};
use crate::agents::names::TELEGRAM;
use crate::draft::{Entry, NO_REFERRER, OrderDraft, ReferrerId, Spelling};
use crate::shop::Intent;
use crate::time::{MINUTE_MS, SECOND_MS, hours_ms};

/// How somebody comes to the checkout with a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purchase {
    pub(crate) click: Option<(u64, i64)>,
    pub(crate) referrer: ReferrerId,
    pub(crate) way: Entry,
    /// The code comes from a place it should not have been in, however many hands it went through since.
    pub(crate) leaked: bool,
}

impl Agents {
    /// A person pays with a code, or tries to. Returns whether an order came of it.
    pub(super) fn buy(
        &mut self,
        scene: &mut Scene<'_>,
        (person, mut number): (u32, u32),
        ts: i64,
        mut purchase: Purchase,
    ) -> bool {
        if purchase.leaked && !self.leak_lasts(number, ts) {
            return false;
        }
        let shop = self.codes[number as usize].shop;
        if ts < self.codes[number as usize].starts_at {
            self.town.person_mut(person).meet(shop);
            return false;
        }
        if purchase.way != Entry::Auto {
            (number, purchase) = self.at_the_checkout(scene, person, number, ts, purchase);
        }
        let refused = ts >= self.codes[number as usize].ends_at;
        // Some read that a code has ended and do not try.
        if refused && !self.random.chance(0.6) {
            self.town.person_mut(person).meet(shop);
            return false;
        }
        let merchant = &scene.stage.merchants[shop as usize];
        if purchase.way != Entry::Auto && self.random.chance(merchant.auto_base) {
            purchase.way = Entry::Auto;
        }
        let intent = Intent {
            ts,
            code: number,
            customer: self.town.customer(person),
            newcomer: !self.town.person(person).knows(shop),
            entry: purchase.way,
            referrer: purchase.referrer,
            click: purchase.click,
            basket: f64::from(self.town.person(person).budget),
            leaked: purchase.leaked,
            refused,
        };
        self.slip(scene, shop, &intent);
        let mut draft = self.report(scene, shop, &intent);
        draft.first = !refused;
        scene.out.orders.push(draft);
        self.town.person_mut(person).meet(shop);
        if !refused {
            self.town.person_mut(person).remember_use(number);
            self.tells_a_friend(person, number, ts, purchase.leaked);
        }
        !refused
    }

    /// An extension may fill in the very code that the buyer has, or one that it likes better.
    fn at_the_checkout(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        number: u32,
        ts: i64,
        mut purchase: Purchase,
    ) -> (u32, Purchase) {
        let shop = self.codes[number as usize].shop;
        let Some(listing) = self.extension_offers(person, shop, ts) else {
            return (number, purchase);
        };
        if listing.code == number {
            purchase.way = Entry::Auto;
        } else if self.random.chance(self.habits.replace_share) {
            let taken_over = self.through(scene, person, listing, ts);
            return (listing.code, taken_over);
        }
        (number, purchase)
    }

    /// The code typed wrong, and refused, just before.
    fn slip(&mut self, scene: &mut Scene<'_>, shop: u32, intent: &Intent) {
        if intent.entry != Entry::Typed || !self.random.chance(self.settings.mistyped_share) {
            return;
        }
        let before = self.random.range_ms(6 * SECOND_MS, 90 * SECOND_MS);
        let tried = Intent {
            ts: (intent.ts - before).max(scene.hour.from),
            refused: true,
            ..*intent
        };
        let draft = self.report(scene, shop, &tried);
        scene.out.orders.push(OrderDraft {
            spelling: Spelling::Mistyped,
            ..draft
        });
    }

    /// A code that nobody issued is tried, spelled much like the one that works, and refused.
    pub(super) fn tries_nobodys_code(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        number: u32,
        ts: i64,
    ) {
        let shop = self.codes[number as usize].shop;
        let tried = Intent {
            ts: ts.max(scene.hour.from),
            code: number,
            customer: self.town.customer(person),
            newcomer: !self.town.person(person).knows(shop),
            entry: Entry::Auto,
            referrer: NO_REFERRER,
            click: None,
            basket: f64::from(self.town.person(person).budget),
            leaked: true,
            refused: true,
        };
        let draft = self.report(scene, shop, &tried);
        scene.out.orders.push(OrderDraft {
            spelling: Spelling::Mistyped,
            ..draft
        });
    }

    fn report(&mut self, scene: &Scene<'_>, shop: u32, intent: &Intent) -> OrderDraft {
        self.orders_made += 1;
        scene.stage.merchants[shop as usize].report(
            shop,
            self.orders_made,
            intent,
            &mut self.random,
        )
    }

    /// Who is glad of a code tells somebody; where the code came from goes with it.
    fn tells_a_friend(&mut self, person: u32, number: u32, ts: i64, leaked: bool) {
        let talk = self.habits.tell_share * f64::from(self.town.person(person).curiosity);
        if !self.random.chance(talk.min(0.6)) {
            return;
        }
        let friend = self.town.friend(person, &mut self.random);
        let hours = self.random.log_normal(3.0, 1.4).min(240.0);
        let at = self
            .town
            .attends(friend, ts + hours_ms(hours), &mut self.random);
        let link = !leaked && self.random.chance(0.35);
        self.schedule(Event {
            ts: at,
            person: friend,
            code: number,
            what: What::Hears { leaked, link },
        });
    }

    /// A friend hears of a code, and perhaps needs something there.
    pub(super) fn hears(&mut self, person: u32, number: u32, ts: i64, leaked: bool, link: bool) {
        if leaked && !self.leak_lasts(number, ts) {
            return;
        }
        self.town.person_mut(person).remember(number, ts, leaked);
        let shop = self.codes[number as usize].shop as usize;
        let cares = self
            .town
            .person(person)
            .cares_for(self.market.interests[shop]);
        let buys = self.habits.friend_buys_share * if cares { 1.2 } else { 0.6 };
        let buys = self.random.chance(buys.min(0.9));
        let later = MINUTE_MS + hours_ms(self.random.log_normal(0.7, 1.2).min(100.0));
        if link {
            let shown = !self.town.person(person).private && self.random.chance(0.2);
            let follow = Follow {
                referrer: if shown { self.messenger } else { NO_REFERRER },
                platform: TELEGRAM,
                mood: if buys { Mood::Decided } else { Mood::Idle },
                before: 0,
            };
            self.schedule(Event {
                ts: ts + MINUTE_MS / 2,
                person,
                code: number,
                what: What::Follows(follow),
            });
        } else if buys {
            self.schedule(Event {
                ts: ts + later,
                person,
                code: number,
                what: What::Buys(Purchase {
                    click: None,
                    referrer: NO_REFERRER,
                    way: Entry::Typed,
                    leaked,
                }),
            });
        }
    }
}
