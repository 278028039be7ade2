//! People go shopping when they need something, and some of them have, know or look for a code.
//!
//! Decides where they shop and which code they use. What it says of leaks is only where a code was found.

use crate::agents::Agents;
use crate::agents::buying::Purchase;
use crate::agents::events::{Event, Follow, Mood, NOBODY, Scene, What};
use crate::agents::person::{NO_SITE, Remembered};
use crate::agents::places::{Listing, Spot};
use crate::draft::{Entry, NO_REFERRER};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, hours_ms};

/// How far somebody trusts a code that worked, relative to one just seen.
const USED_LASTS: f64 = 3.0;
/// What people learnt at a leak place works for so long after it has stopped: then the brand has acted.
const AFTER_THE_END_MS: i64 = 3 * DAY_MS;

/// A partner's profile shows a code for so long after its end.
const SHOWN_AFTER_THE_END_MS: i64 = 14 * DAY_MS;

impl Agents {
    /// Files the first purchase of everybody.
    pub(super) fn send_everybody_shopping(&mut self) {
        for person in 0..self.town.people.len() as u32 {
            let at = self.hour.from;
            self.plan_next_purchase(person, at);
        }
    }

    fn plan_next_purchase(&mut self, person: u32, ts: i64) {
        let per_day = f64::from(self.town.person(person).purchases_per_day) * self.seasons.mood;
        let days = self.random.exponential(1.0 / per_day.max(1e-4));
        let next = ts + hours_ms(24.0 * days) + MINUTE_MS;
        let next = self.town.attends(person, next, &mut self.random);
        self.schedule(Event {
            ts: next,
            person,
            code: NOBODY,
            what: What::Shops,
        });
    }

    pub(super) fn goes_shopping(&mut self, scene: &mut Scene<'_>, person: u32, ts: i64) {
        self.plan_next_purchase(person, ts);
        if let Some(shop) = self.choose_shop(person) {
            self.shops_at(scene, person, shop, ts, 1.0);
        }
    }

    /// Where there is a code in mind, or where one is known, or anywhere.
    fn choose_shop(&mut self, person: u32) -> Option<u32> {
        let land = usize::from(self.town.lands[1].until > 0 && person >= self.town.lands[1].from);
        let shopper = self.town.person(person);
        let follows_code = 0.1 + 0.3 * f64::from(shopper.thrift);
        if self.random.chance(follows_code) {
            let remembered = shopper.memory[self.random.index(shopper.memory.len())];
            if remembered.code != u32::MAX {
                return Some(self.codes[remembered.code as usize].shop);
            }
        }
        if self.random.chance(self.habits.loyal_share)
            && let Some(shop) = self.town.person(person).regular_shop(&mut self.random)
        {
            return Some(shop);
        }
        let mut shop = self.market.draw(land, &mut self.random)?;
        // Most need what they care for.
        for _ in 0..2 {
            let shopper = self.town.person(person);
            if shopper.cares_for(self.market.interests[shop as usize]) {
                break;
            }
            shop = self.market.draw(land, &mut self.random)?;
        }
        Some(shop)
    }

    /// A purchase at that shop; `eager` says how much more than usual people care about codes today.
    pub(super) fn shops_at(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        shop: u32,
        ts: i64,
        eager: f64,
    ) {
        self.places.traffic.intentions += 1.0;
        let bargain = f64::from(self.town.person(person).thrift) / self.habits.thrift_mean;
        let care = eager * (0.4 + 0.6 * bargain);
        if let Some(in_mind) = self.recalls(person, shop, ts, care) {
            self.uses_what_is_in_mind(scene, person, shop, ts, in_mind);
            return;
        }
        if let Some(number) = self.looks_up(person, shop, ts, care) {
            self.uses_looked_up(scene, person, number, ts);
            return;
        }
        let looks = self
            .random
            .chance((self.habits.look_share * bargain * eager.min(1.3)).min(0.97));
        if looks && let Some(listing) = self.looks_around(person, shop, ts) {
            self.uses_listing(scene, person, listing, ts);
            return;
        }
        if let Some(listing) = self.extension_offers(person, shop, ts) {
            self.uses_listing(scene, person, listing, ts);
            return;
        }
        self.town.person_mut(person).meet(shop);
    }

    /// A code of the shop that this person still remembers and cares to use: of several the one that saves
    /// most.
    fn recalls(&mut self, person: u32, shop: u32, ts: i64, care: f64) -> Option<Remembered> {
        let memory = self.town.person(person).memory;
        let mut best: Option<Remembered> = None;
        for slot in memory {
            if slot.code == u32::MAX || self.codes[slot.code as usize].shop != shop {
                continue;
            }
            let age_days = (ts - i64::from(slot.hour) * HOUR_MS).max(0) as f64 / DAY_MS as f64;
            let (lasts, habit) = if slot.used {
                (self.habits.memory_days * USED_LASTS, 1.5)
            } else {
                (self.habits.memory_days, 1.0)
            };
            let uses = (self.habits.recall_share * self.fix.bother * care * habit).min(0.9);
            let gone = slot.leaked && !self.leak_lasts(slot.code, ts);
            if gone || !self.random.chance(uses * libm::exp(-age_days / lasts)) {
                continue;
            }
            let saves = |slot: &Remembered| (self.codes[slot.code as usize].discount, slot.hour);
            if best.is_none_or(|other| saves(&other) < saves(&slot)) {
                best = Some(slot);
            }
        }
        best
    }

    /// Whether what was learnt at a leak place still works.
    pub(super) fn leak_lasts(&self, number: u32, ts: i64) -> bool {
        self.codes[number as usize]
            .leak
            .as_ref()
            .is_some_and(|leak| ts < leak.until.saturating_add(AFTER_THE_END_MS))
    }

    fn uses_what_is_in_mind(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        shop: u32,
        ts: i64,
        known: Remembered,
    ) {
        let mut referrer = self.search_referrer(person);
        let bargain = f64::from(self.town.person(person).thrift) / self.habits.thrift_mean;
        if !known.leaked
            && self
                .random
                .chance((self.habits.vain_look_share * bargain).min(0.9))
        {
            // Is there a better one? Mostly not, but the browser has been there.
            match self.looks_around(person, shop, ts) {
                Some(listing) if self.saves_more(listing.code, known.code) => {
                    self.uses_listing(scene, person, listing, ts);
                    return;
                }
                _ => referrer = self.vain_referrer(scene, person, shop),
            }
        }
        let purchase = Purchase {
            click: None,
            referrer,
            way: Entry::Typed,
            leaked: known.leaked,
        };
        if self.buy(scene, (person, known.code), ts, purchase) && !known.leaked {
            self.tally.shop_orders += 1;
        }
    }

    pub(super) fn saves_more(&self, one: u32, other: u32) -> bool {
        self.codes[one as usize].discount > self.codes[other as usize].discount
    }

    fn vain_referrer(&mut self, scene: &mut Scene<'_>, person: u32, shop: u32) -> u32 {
        let visitor = self.town.person(person);
        let site = if visitor.sites[0] == NO_SITE {
            self.places.popularity.draw(&mut self.random)
        } else {
            visitor.sites[0]
        };
        let passes = self.places.sites[usize::from(site)].referrer_share;
        if visitor.private || !self.random.chance(passes) {
            return NO_REFERRER;
        }
        self.places.page(site, shop, scene.stage)
    }

    /// The code of a partner whom this person follows, if it is worth the bother.
    fn looks_up(&mut self, person: u32, shop: u32, ts: i64, eager: f64) -> Option<u32> {
        let codes = self.subscriptions.of_person(person);
        let mut found: Option<u32> = None;
        let mut bother = 0.0;
        for &number in codes {
            let code = &self.codes[number as usize];
            // An old profile still shows a code that has ended.
            let shown =
                code.starts_at <= ts && ts < code.ends_at.saturating_add(SHOWN_AFTER_THE_END_MS);
            if code.shop != shop || !shown {
                continue;
            }
            bother += code.bother;
            if found.is_none_or(|other| self.saves_more(number, other)) {
                found = Some(number);
            }
        }
        let share = self.habits.bother_share * self.fix.bother * bother * eager;
        if found.is_some() && self.random.chance(share.min(0.9)) {
            found
        } else {
            None
        }
    }

    /// By the link in the profile, or by typing what the profile says.
    fn uses_looked_up(&mut self, scene: &mut Scene<'_>, person: u32, number: u32, ts: i64) {
        self.tally.shop_orders += 1;
        self.town.person_mut(person).remember(number, ts, false);
        let code = &self.codes[number as usize];
        let by_link = self.random.chance(if code.walled { 0.35 } else { 0.6 });
        if by_link && ts < scene.hour.until - MINUTE_MS {
            let platform = self.partners[code.partner as usize].platforms[0];
            let referrer = self.click_referrer(number, person, Some(platform), ts);
            let follow = Follow {
                referrer,
                platform,
                mood: Mood::Decided,
                before: 0,
            };
            // Counted above, so not among the planned ones when it happens.
            self.tally.planned_orders -= 1;
            self.follows(scene, person, number, ts, follow);
        } else {
            let referrer = self.search_referrer(person);
            let purchase = Purchase {
                click: None,
                referrer,
                way: Entry::Typed,
                leaked: false,
            };
            self.buy(scene, (person, number), ts, purchase);
        }
    }

    /// From site to site until one has something that works.
    fn looks_around(&mut self, person: u32, shop: u32, ts: i64) -> Option<Listing> {
        let itinerary = self
            .places
            .itinerary(self.town.person(person), &mut self.random);
        for site in itinerary.into_iter().filter(|&site| site != NO_SITE) {
            self.places.traffic.site_visits[usize::from(site)] += 1.0;
            let found = self
                .places
                .find(shop, Spot::Site(site), ts, &mut self.random);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// What the person's extension puts into the checkout.
    pub(super) fn extension_offers(&mut self, person: u32, shop: u32, ts: i64) -> Option<Listing> {
        let number = self.town.person(person).extension.checked_sub(1)?;
        self.places.traffic.extension_visits[usize::from(number)] += 1.0;
        self.places
            .find(shop, Spot::Extension(number), ts, &mut self.random)
    }

    /// Buys with a code that a site or an extension showed.
    fn uses_listing(&mut self, scene: &mut Scene<'_>, person: u32, listing: Listing, ts: i64) {
        let purchase = self.through(scene, person, listing, ts);
        self.town
            .person_mut(person)
            .remember(listing.code, ts, !listing.permitted);
        let bought = self.buy(scene, (person, listing.code), ts, purchase);
        if bought && listing.permitted {
            self.tally.shop_orders += 1;
        }
    }

    /// An extension goes down its list; what was never issued, or long ago, is refused before something works.
    fn tries_in_vain(&mut self, scene: &mut Scene<'_>, person: u32, listing: Listing, ts: i64) {
        const IN_VAIN_SHARE: f64 = 0.2;
        let tries = if self.random.chance(IN_VAIN_SHARE) {
            1 + self.random.below(3)
        } else {
            0
        };
        for _ in 0..tries {
            let before = self.random.range_ms(SECOND_MS, 12 * SECOND_MS);
            self.tries_nobodys_code(scene, person, listing.code, ts - before);
        }
    }

    /// What a purchase through a listing looks like.
    pub(super) fn through(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        listing: Listing,
        ts: i64,
    ) -> Purchase {
        let leaked = !listing.permitted;
        let shop = self.codes[listing.code as usize].shop;
        let (auto_share, opens, seconds) = match listing.spot {
            Spot::Site(site) => {
                let site = self.places.sites[usize::from(site)];
                let opens = if listing.permitted {
                    self.random.chance(0.8)
                } else {
                    site.opens_link
                };
                (site.auto_share, opens, (45.0, 2_400.0))
            }
            Spot::Extension(number) => {
                let extension = self.places.extensions[usize::from(number)];
                (extension.auto_share, extension.opens_link, (2.0, 60.0))
            }
        };
        let referrer = match listing.spot {
            Spot::Site(site) => {
                let passes = self.places.sites[usize::from(site)].referrer_share;
                if !self.town.person(person).private && self.random.chance(passes) {
                    self.places.page(site, shop, scene.stage)
                } else {
                    self.search_referrer(person)
                }
            }
            Spot::Extension(_) => {
                self.tries_in_vain(scene, person, listing, ts);
                self.search_referrer(person)
            }
        };
        let click = opens.then(|| {
            let before = (self.random.log_uniform(seconds.0, seconds.1) * SECOND_MS as f64) as i64;
            let at = (ts - before).max(scene.hour.from);
            let shown = if matches!(listing.spot, Spot::Site(_)) {
                referrer
            } else {
                NO_REFERRER
            };
            (
                self.draw_click(
                    scene,
                    (person, false),
                    listing.code,
                    at,
                    (shown, None),
                    leaked,
                ),
                at,
            )
        });
        let way = match () {
            () if self.random.chance(auto_share) => Entry::Auto,
            () if click.is_some() && listing.permitted => Entry::Link,
            () => Entry::Typed,
        };
        Purchase {
            click,
            referrer,
            way,
            leaked,
        }
    }
}
