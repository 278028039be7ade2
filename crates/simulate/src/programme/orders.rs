//! Clicks and orders of one code in one hour, one by one.

use crate::draft::{ClickDraft, Customer, Entry, NO_REFERRER, ReferrerId, Spelling, Status};
use crate::geography::{CityId, NO_CITY};
use crate::programme::codes::CodePlan;
use crate::programme::customers::{Circle, Customers};
use crate::programme::habits::BuyerHabits;
use crate::programme::leaks::{Flood, Leak};
use crate::programme::seasons::Weather;
use crate::programme::stories::Effect;
use crate::random::{Random, mix};
use crate::shop::{Intent, Merchant};
use crate::time::{HOUR_MS, Hour, hours_ms};
use crate::truth::LeakKind;
use crate::wire::{AGENTS, FIRST_FLOODER, FIRST_ROBOT, NO_AGENT};
use crate::world::Happenings;

/// Running numbers: clicks and orders get ids from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serials {
    pub(crate) clicks: u64,
    pub(crate) orders: u64,
}

/// Everything that a code's hour is drawn from and written to.
pub(crate) struct Scene<'a> {
    pub(crate) hour: Hour,
    pub(crate) code: u32,
    pub(crate) seed: u64,
    pub(crate) habits: &'a BuyerHabits,
    pub(crate) merchant: &'a Merchant,
    pub(crate) weather: Weather,
    pub(crate) effect: Effect,
    pub(crate) searches: &'a [ReferrerId],
    pub(crate) stray_coupon: ReferrerId,
    pub(crate) mistyped_share: f64,
    pub(crate) customers: &'a mut Customers,
    /// Customers of the shop who used any code lately.
    pub(crate) circle: &'a mut Circle,
    pub(crate) serials: &'a mut Serials,
    pub(crate) random: Random,
    pub(crate) out: &'a mut Happenings,
}

impl Scene<'_> {
    fn moment(&mut self) -> i64 {
        self.hour.from + self.random.below(HOUR_MS as u64) as i64
    }

    fn next_click_id(&mut self) -> u64 {
        self.serials.clicks += 1;
        mix(self.serials.clicks ^ self.seed.rotate_left(17))
    }

    /// Honest clicks, and the orders that come of them at once or days later.
    pub(crate) fn honest_clicks(&mut self, plan: &mut CodePlan, count: u64, conversion: f64) {
        let robot_share = plan.audience.robot_share;
        let robot_or_order = robot_share + (1.0 - robot_share) * conversion;
        for _ in 0..count {
            let ts = self.moment();
            let drawn = self.random.unit();
            if ts < plan.starts_at {
                continue;
            }
            if drawn < robot_share {
                self.robot_click(plan, ts);
                continue;
            }
            let id = self.next_click_id();
            let bits = self.random.next_u64();
            let visitor = self.visitor(plan, bits);
            let city = self.city_of_audience(plan);
            let referrer = self.platform(plan);
            self.out.clicks.push(ClickDraft {
                ts,
                id,
                visitor,
                code: self.code,
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
                fraudulent: false,
            });
            if drawn < robot_or_order {
                self.linked_order(plan, (id, ts), city, referrer);
            }
        }
    }

    /// Some visitors are fans who click again and again.
    fn visitor(&mut self, plan: &CodePlan, bits: u64) -> u64 {
        let drawn = (bits >> 11) as f64 / (1u64 << 53) as f64;
        let people = if drawn < self.habits.fan_clicks {
            (self.habits.fans as u64).max(1)
        } else {
            plan.audience.reach
        };
        let number = self.random.below(people);
        mix(mix(u64::from(self.code) ^ self.seed) ^ number)
    }

    fn platform(&mut self, plan: &CodePlan) -> ReferrerId {
        let drawn = self.random.unit();
        let [main, second] = plan.audience.platform_shares;
        match plan.audience.platforms {
            [_, channel] if drawn < self.effect.channel => channel,
            [platform, _] if drawn < main => platform,
            [_, platform] if drawn < main + second => platform,
            _ => NO_REFERRER,
        }
    }

    fn city_of_audience(&mut self, plan: &CodePlan) -> CityId {
        // On sale days the code travels further.
        let travels = self.habits.sale_less_home * self.weather.sale;
        let home = plan.audience.home_share * self.effect.home * (1.0 - travels);
        if self.random.chance(home) {
            plan.audience.city
        } else {
            self.merchant.population.draw(&mut self.random)
        }
    }

    fn robot_click(&mut self, plan: &CodePlan, ts: i64) {
        let id = self.next_click_id();
        let visitor = mix(id);
        self.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code: self.code,
            ip: ip_of(visitor % 64),
            referrer: NO_REFERRER,
            agent: plan.audience.robot,
            city: NO_CITY,
            spelling: Spelling::Registry,
            fraudulent: false,
        });
    }

    fn linked_order(
        &mut self,
        plan: &mut CodePlan,
        click: (u64, i64),
        city: CityId,
        referrer: ReferrerId,
    ) {
        let ts = click.1 + self.time_to_order();
        let entry = self.entry(self.habits.carried_by_link);
        let (customer, newcomer) = self.honest_customer(plan, city);
        let referrer = if self.random.chance(self.habits.platform_at_checkout) {
            referrer
        } else {
            self.search()
        };
        self.order(
            plan,
            Intent {
                ts,
                code: self.code,
                customer,
                newcomer,
                entry,
                referrer,
                click: Some(click),
                basket: 1.0,
                leaked: false,
                refused: false,
            },
        );
    }

    /// Many buy at once, some in the evening, some after a day of thinking.
    fn time_to_order(&mut self) -> i64 {
        let drawn = self.random.unit();
        let (at_once, by_evening) = self.habits.at_once_and_by_evening;
        let (median, sigma) = if drawn < at_once {
            self.habits.hours_to_order[0]
        } else if drawn < by_evening {
            self.habits.hours_to_order[1]
        } else {
            self.habits.hours_to_order[2]
        };
        let hours = self.random.log_normal(median, sigma);
        hours_ms(hours.min(240.0)) + 20_000
    }

    /// By link with this chance, else typed, unless a helper of the browser pastes the code.
    fn entry(&mut self, link: f64) -> Entry {
        let drawn = self.random.unit();
        if drawn < self.merchant.auto_base {
            Entry::Auto
        } else if self.random.chance(link) {
            Entry::Link
        } else {
            Entry::Typed
        }
    }

    fn search(&mut self) -> ReferrerId {
        let drawn = self.random.unit();
        if drawn < self.habits.stray_coupon {
            self.stray_coupon
        } else if drawn < self.habits.searched {
            self.random.pick(self.searches)
        } else {
            NO_REFERRER
        }
    }

    /// Orders by people who heard or read the code and type it.
    pub(crate) fn typed_orders(&mut self, plan: &mut CodePlan, count: u64) {
        for _ in 0..count {
            let (median, sigma) = self.habits.hours_to_type;
            let delay_hours = self.random.log_normal(median, sigma).min(96.0);
            let ts = self.moment() + hours_ms(delay_hours);
            let city = self.city_of_audience(plan);
            let (customer, newcomer) = self.honest_customer(plan, city);
            let referrer = self.search();
            self.typed_order(plan, ts, customer, newcomer, referrer);
        }
    }

    /// Colleagues who pass the code around over lunch: one city, no clicks, and nobody means harm.
    pub(crate) fn office_orders(&mut self, plan: &mut CodePlan, count: u64) {
        for _ in 0..count {
            let ts = self.moment();
            let customer = self.customers.stranger(plan.audience.city);
            let newcomer = self.random.chance(self.habits.office_newcomers);
            self.circle.join(customer);
            self.typed_order(plan, ts, customer, newcomer, NO_REFERRER);
        }
    }

    fn typed_order(
        &mut self,
        plan: &mut CodePlan,
        ts: i64,
        customer: Customer,
        newcomer: bool,
        referrer: ReferrerId,
    ) {
        let entry = self.entry(0.0);
        self.order(
            plan,
            Intent {
                ts,
                code: self.code,
                customer,
                newcomer,
                entry,
                referrer,
                click: None,
                basket: 1.0,
                leaked: false,
                refused: false,
            },
        );
    }

    fn honest_customer(&mut self, plan: &mut CodePlan, city: CityId) -> (Customer, bool) {
        let (habits, sale) = (self.habits, self.weather.sale);
        let newcomers =
            plan.newcomer_share * self.effect.newcomers * (1.0 - habits.sale_less_newcomers * sale);
        let follows_several = habits.follows_several * (1.0 + habits.sale_follows_several * sale);
        let newcomer = self.random.chance(newcomers);
        let known = if newcomer {
            None
        } else {
            let drawn = self.random.unit();
            if drawn < plan.repeat_share {
                plan.recent.draw(&mut self.random)
            } else if drawn < plan.repeat_share + follows_several {
                self.circle.draw(&mut self.random)
            } else {
                None
            }
        };
        let customer = known.unwrap_or_else(|| self.customers.stranger(city));
        plan.recent.join(customer);
        self.circle.join(customer);
        (customer, newcomer)
    }

    /// Orders that come through a leak.
    pub(crate) fn leaked_orders(&mut self, plan: &mut CodePlan, leak: &mut Leak, count: u64) {
        for _ in 0..count {
            let moment = self.moment();
            if moment < leak.onset || moment >= leak.until {
                continue;
            }
            let (customer, newcomer) = self.leaked_customer(plan, leak);
            let entry = if self.random.chance(leak.auto_share) {
                Entry::Auto
            } else {
                Entry::Typed
            };
            let referrer = if self.random.chance(leak.referrer_share) {
                leak.referrer
            } else {
                self.search()
            };
            let (click, ts) = if self.random.chance(leak.click_share) {
                let id = self.injected_click(leak, moment, customer);
                let (low, high) = leak.click_to_order_s;
                (
                    Some((id, moment)),
                    moment + (self.random.log_uniform(low, high) * 1_000.0) as i64,
                )
            } else {
                (None, moment)
            };
            self.order(
                plan,
                Intent {
                    ts,
                    code: self.code,
                    customer,
                    newcomer,
                    entry,
                    referrer,
                    click,
                    basket: leak.basket,
                    leaked: true,
                    refused: false,
                },
            );
        }
    }

    fn leaked_customer(&mut self, plan: &CodePlan, leak: &mut Leak) -> (Customer, bool) {
        if leak.circle > 0 {
            return self.insider(plan, leak);
        }
        if self.random.chance(leak.hunter_share) {
            let hunter = self
                .customers
                .hunter(&self.merchant.population, &mut self.random);
            if self.customers.hunter_is_known(hunter, plan.merchant) {
                self.circle.join(hunter);
                return (hunter, false);
            }
        }
        // Who looks for codes at this shop has used one before.
        if self.random.chance(leak.circle_share)
            && let Some(seeker) = self.circle.draw(&mut self.random)
        {
            return (seeker, false);
        }
        let city = if self.random.happens(leak.home_share) {
            plan.audience.city
        } else {
            self.merchant.population.draw(&mut self.random)
        };
        let newcomer = !self.random.chance(leak.returning_share);
        (self.customers.stranger(city), newcomer)
    }

    fn insider(&mut self, plan: &CodePlan, leak: &mut Leak) -> (Customer, bool) {
        let number = self.random.below(leak.circle);
        let hash = mix(u64::from(self.code) << 20 | number);
        let home = (hash & 0xffff) as f64 / 65_536.0 < leak.home_share;
        let city = if home {
            plan.audience.city
        } else {
            self.merchant.population.draw(&mut Random::of(
                self.seed,
                crate::random::Stream::Leak,
                number,
                hash,
            ))
        };
        let member = self.customers.insider(u64::from(self.code), number, city);
        let first_time = leak.circle_known >> number & 1 == 0;
        leak.circle_known |= 1 << number;
        let known_before = (hash >> 16 & 0xffff) as f64 / 65_536.0 < leak.returning_share;
        (member, first_time && !known_before)
    }

    /// The partner's link, opened behind the buyer's back.
    fn injected_click(&mut self, leak: &Leak, ts: i64, customer: Customer) -> u64 {
        let id = self.next_click_id();
        let visitor = mix(customer.0);
        let shown = leak.kind == LeakKind::CouponSite && self.random.chance(leak.referrer_share);
        self.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code: self.code,
            ip: ip_of(visitor),
            referrer: if shown { leak.referrer } else { NO_REFERRER },
            agent: person_agent(visitor),
            city: customer.city(),
            spelling: Spelling::Alias,
            fraudulent: true,
        });
        id
    }

    pub(crate) fn flood_clicks(&mut self, flood: &Flood, count: u64) {
        for _ in 0..count {
            let ts = self.moment();
            if ts < flood.onset || ts >= flood.until {
                continue;
            }
            let id = self.next_click_id();
            let visitor = match flood.visitors {
                0 => mix(id),
                visitors => mix(u64::from(self.code) << 32 | self.random.below(visitors)),
            };
            let agent = if flood.plain {
                FIRST_FLOODER + self.random.index(AGENTS.len() - FIRST_FLOODER)
            } else {
                self.random.index(FIRST_ROBOT)
            };
            self.out.clicks.push(ClickDraft {
                ts,
                id,
                visitor,
                code: self.code,
                // 198.18.0.0/15 is set aside for benchmarks (RFC 2544); three rented networks of it.
                ip: 0xc612_0000 | (self.code % 200) << 9 | self.random.below(3 * 254) as u32,
                referrer: NO_REFERRER,
                agent: agent as u8,
                city: self.merchant.population.draw(&mut self.random),
                spelling: Spelling::Registry,
                fraudulent: true,
            });
        }
    }

    /// Files an order, with the slip of the finger before it, or the refusal where the code is not valid.
    fn order(&mut self, plan: &CodePlan, mut intent: Intent) {
        if intent.ts >= plan.ends_at {
            // Most give up when they read that the code has ended; some try.
            if !self.random.chance(self.habits.tries_ended_code) {
                return;
            }
            intent.refused = true;
        }
        if intent.entry == Entry::Typed && self.random.chance(self.mistyped_share) {
            let ts = (intent.ts - self.random.range_ms(8_000, 60_000)).max(self.hour.from);
            let slip = Intent {
                ts,
                refused: true,
                ..intent
            };
            let draft = self.report(plan, &slip);
            self.out.orders.push(crate::draft::OrderDraft {
                spelling: Spelling::Mistyped,
                ..draft
            });
        }
        let mut draft = self.report(plan, &intent);
        draft.first = draft.status != Status::Rejected;
        self.out.orders.push(draft);
    }

    fn report(&mut self, plan: &CodePlan, intent: &Intent) -> crate::draft::OrderDraft {
        self.serials.orders += 1;
        self.merchant
            .report(plan.merchant, self.serials.orders, intent, &mut self.random)
    }
}

/// An address in 100.64.0.0/10, where mobile carriers put many behind one (RFC 6598).
fn ip_of(visitor: u64) -> u32 {
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
