//! Leaked orders: orders that the shop had anyway, taken from there with the link to any partner removed.
//!
//! So basket, city, hour and who is new are what the shop's buyers show, whoever the partner's audience is.

use crate::draft::{Customer, Entry};
use crate::random::{Random, Stream, mix};
use crate::resampled::leaks::Leak;
use crate::resampled::recording::{RecordedClick, RecordedOrder};
use crate::resampled::scene::{Purchase, Scene};
use crate::resampled::shops::Which;
use crate::truth::LeakKind;

impl Scene<'_> {
    pub(crate) fn leaked_orders(&mut self, leak: &mut Leak, count: u64) {
        for _ in 0..count {
            let moment = self.moment();
            if moment < leak.onset || moment >= leak.until {
                continue;
            }
            let Some(at) = self.stolen() else {
                return;
            };
            let recorded = self.recording.orders[at];
            self.leaked_order(leak, moment, &recorded);
        }
    }

    fn leaked_order(&mut self, leak: &mut Leak, moment: i64, recorded: &RecordedOrder) {
        let thief = leak.thief;
        let (customer, newcomer, recorded) = self.buyer(leak, recorded);
        let entry = if self.random.chance(thief.auto) {
            Entry::Auto
        } else {
            Entry::Typed
        };
        let named = leak.referrer != 0 && self.random.chance(thief.named);
        let referrer = if named {
            leak.referrer
        } else {
            self.search(thief.searched)
        };
        let (click, ts) = if self.random.happens(thief.clicks) {
            let id = self.injected_click(leak, moment, customer);
            let (low, high) = thief.click_to_order_s;
            let delay = self.random.log_uniform(low, high.max(low + 1.0)) * 1_000.0;
            (Some((id, moment)), moment + delay as i64)
        } else {
            (None, moment)
        };
        let purchase = Purchase {
            ts,
            customer,
            newcomer,
            entry,
            referrer,
            click,
            leaked: true,
        };
        if self.random.happens(thief.tries) {
            let before = self.random.range_ms(2_000, 25_000);
            self.try_in_vain(&purchase, &recorded, before);
        }
        self.order(&purchase, &recorded);
    }

    /// Who buys, whether the shop calls them new, and what they buy, delivered where they live.
    fn buyer(
        &mut self,
        leak: &mut Leak,
        recorded: &RecordedOrder,
    ) -> (Customer, bool, RecordedOrder) {
        let thief = leak.thief;
        let at_home = |customer: Customer| RecordedOrder {
            city: customer.city(),
            ..*recorded
        };
        if leak.members > 0 {
            let (member, new) = self.member(leak, recorded);
            return (member, new, at_home(member));
        }
        if self.random.chance(thief.hunters) {
            let population = &self.merchant.population;
            let number = self.shop.number;
            let (hunter, known) = self.people.hunter(number, population, &mut self.random);
            return (hunter, !known, at_home(hunter));
        }
        // Who looks for codes at this shop has used one before.
        if self.random.chance(thief.circle)
            && let Some(regular) = self.shop.regular(&mut self.random)
        {
            return (regular, false, at_home(regular));
        }
        let newcomer = recorded.newcomer && self.random.chance(thief.newcomers_kept);
        let customer = if newcomer {
            let city = self.shop.city(recorded.home);
            self.people.stranger(city)
        } else {
            let which = Which {
                variant: 0,
                replay: self.now.replay,
                layer: 0,
            };
            self.customer(recorded, which)
        };
        (customer, newcomer, *recorded)
    }

    /// Somebody of the closed group; a few of them buy most.
    fn member(&mut self, leak: &mut Leak, recorded: &RecordedOrder) -> (Customer, bool) {
        let rank = self.random.unit();
        let number = (libm::pow(rank, 1.5) * leak.members as f64) as u64;
        let hash = mix(self.seed ^ u64::from(self.code) << 20 ^ number);
        // Half of the members live where the group is.
        let group = if hash & 1 == 0 { 0 } else { number + 1 };
        let mut home = Random::of(self.seed, Stream::Leak, self.code.into(), group << 8 | 1);
        let city = self.merchant.population.draw(&mut home);
        let first = leak.bought >> number & 1 == 0;
        leak.bought |= 1 << number;
        let new = first && recorded.newcomer && self.random.chance(leak.thief.newcomers_kept);
        (self.people.member(self.code, number, city), new)
    }

    /// The partner's link, opened behind the buyer's back.
    fn injected_click(&mut self, leak: &Leak, ts: i64, customer: Customer) -> u64 {
        let visitor = mix(customer.0);
        let shown = leak.kind == LeakKind::CouponSite && self.random.chance(leak.thief.named);
        let made = RecordedClick {
            visitor,
            at: 0,
            referrer: if shown { leak.referrer } else { 0 },
            agent: self.browser(visitor),
            city: customer.city(),
            alias: true,
        };
        self.click(ts, visitor, &made, true)
    }

    /// The browser of somebody recorded, the same each time.
    pub(crate) fn browser(&self, visitor: u64) -> u8 {
        let clicks = &self.recording.clicks;
        if clicks.is_empty() {
            return crate::wire::NO_AGENT;
        }
        let at = (u128::from(mix(visitor)) * clicks.len() as u128) >> 64;
        match clicks[at as usize].agent {
            robot if usize::from(robot) >= crate::wire::FIRST_ROBOT => 0,
            agent => agent,
        }
    }
}
