//! Clicks: what the redirect server sees of people who follow a link, and of robots.
//!
//! Decides what a click shows and what its visitor does next. Must not know of leaks.

use crate::agents::Agents;
use crate::agents::buying::Purchase;
use crate::agents::events::{Event, Follow, Mood, Scene, What};
use crate::agents::names::{PLATFORMS, SEARCHES};
use crate::draft::{ClickDraft, Entry, NO_REFERRER, ReferrerId, Spelling};
use crate::geography::NO_CITY;
use crate::random::mix;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, hours_ms};
use crate::truth::HonestLookalike;
use crate::wire::{AGENTS, FIRST_ROBOT, NO_AGENT};

/// Nobody follows one link more often.
const CLICKS_MAX: u8 = 15;

impl Agents {
    /// Somebody follows the link; who decides to buy does so now or later, by one of several ways.
    pub(super) fn follows(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        number: u32,
        ts: i64,
        follow: Follow,
    ) {
        if ts < self.codes[number as usize].starts_at {
            return;
        }
        let id = self.click(scene, person, number, ts, follow);
        if self
            .random
            .chance(self.partners[self.codes[number as usize].partner as usize].robot_share)
        {
            self.robot_click(scene, number, ts);
        }
        self.comes_again(person, number, ts, follow);
        let wants = match follow.mood {
            Mood::Idle => false,
            Mood::Decided => true,
            Mood::Curious => {
                let wish = self.wish(person, number, ts);
                self.random.chance(wish)
            }
        };
        if !wants {
            const KEEPS_SHARE: f64 = 0.15;
            if self.random.chance(KEEPS_SHARE) {
                self.town.person_mut(person).remember(number, ts, false);
            }
            return;
        }
        self.town.person_mut(person).remember(number, ts, false);
        if follow.mood == Mood::Decided || self.random.chance(self.habits.now_share) {
            self.buys_now(person, number, ts, (id, ts), follow.referrer);
        } else {
            self.buys_later(person, number, ts, (id, ts), follow);
        }
    }

    /// How much a visitor wants what the code is for.
    fn wish(&self, person: u32, number: u32, ts: i64) -> f64 {
        let code = &self.codes[number as usize];
        let visitor = self.town.person(person);
        let likes = if visitor.cares_for(self.market.interests[code.shop as usize]) {
            1.3
        } else {
            0.75
        };
        // A partner speaks most of all to people who have not found the shop yet.
        let news = if visitor.knows(code.shop) { 0.75 } else { 1.25 };
        let bargain = 0.8 + f64::from(visitor.thrift) * f64::from(code.discount) / 10.0;
        let deal = match code.story {
            Some(story) if story.kind == HonestLookalike::DiscountChange && ts >= story.at => {
                story.strength
            }
            _ => 1.0,
        };
        let season = self.seasons.lift(code.shop) * self.seasons.mood;
        (code.wish * self.fix.orders * likes * news * bargain * deal * season).min(0.85)
    }

    /// Reloads, second thoughts, or another look in the evening.
    fn comes_again(&mut self, person: u32, number: u32, ts: i64, follow: Follow) {
        let curiosity = f64::from(self.town.person(person).curiosity);
        let odds =
            self.habits.again_share / (1.0 - self.habits.again_share) * libm::sqrt(curiosity);
        if follow.before >= CLICKS_MAX
            || follow.mood == Mood::Decided
            || !self.random.chance(odds / (1.0 + odds))
        {
            return;
        }
        let drawn = self.random.unit();
        let later = if drawn < 0.3 {
            self.random.range_ms(2 * SECOND_MS, 45 * SECOND_MS)
        } else if drawn < 0.6 {
            self.random.range_ms(MINUTE_MS, 40 * MINUTE_MS)
        } else {
            let hours = self.random.log_normal(16.0, 1.0).min(400.0);
            self.town
                .attends(person, ts + hours_ms(hours), &mut self.random)
                - ts
        };
        self.schedule(Event {
            ts: ts + later,
            person,
            code: number,
            what: What::Follows(Follow {
                mood: Mood::Idle,
                before: follow.before + 1,
                ..follow
            }),
        });
    }

    /// In this visit; or in the shop's app, to which no click leads.
    pub(super) fn buys_now(
        &mut self,
        person: u32,
        number: u32,
        ts: i64,
        click: (u64, i64),
        referrer: ReferrerId,
    ) {
        let walled = self.codes[number as usize].walled;
        let switch = if walled {
            self.habits.walled_switch_share
        } else {
            self.habits.switch_share
        };
        let minutes = self
            .random
            .log_normal(self.habits.now_minutes, 1.1)
            .min(600.0);
        let at = ts + (minutes * MINUTE_MS as f64) as i64 + 15 * SECOND_MS;
        let purchase = if self.random.chance(switch) {
            Purchase {
                click: None,
                referrer: NO_REFERRER,
                way: Entry::Typed,
                leaked: false,
            }
        } else {
            // Few delete what the link filled in and type it themselves.
            let way = if self.random.chance(0.93) {
                Entry::Link
            } else {
                Entry::Typed
            };
            Purchase {
                click: Some(click),
                referrer,
                way,
                leaked: false,
            }
        };
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Buys(purchase),
        });
    }

    /// After a night or a pay day: by the link again, by the cookie that is still there, or from memory.
    fn buys_later(&mut self, person: u32, number: u32, ts: i64, click: (u64, i64), follow: Follow) {
        let hours = self
            .random
            .log_normal(self.habits.later_hours, 1.0)
            .clamp(0.5, 700.0);
        let at = self
            .town
            .attends(person, ts + hours_ms(hours), &mut self.random);
        if self.random.chance(self.habits.later_again_share) {
            let again = Follow {
                mood: Mood::Decided,
                ..follow
            };
            self.schedule(Event {
                ts: at,
                person,
                code: number,
                what: What::Follows(again),
            });
            return;
        }
        let cookie = self.random.chance(self.habits.later_cookie_share);
        let referrer = self.search_referrer(person);
        let way = if cookie && self.random.chance(0.6) {
            Entry::Link
        } else {
            Entry::Typed
        };
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Buys(Purchase {
                click: cookie.then_some(click),
                referrer,
                way,
                leaked: false,
            }),
        });
    }

    /// A search engine, or nothing.
    pub(super) fn search_referrer(&mut self, person: u32) -> ReferrerId {
        if self.town.person(person).private || !self.random.chance(self.habits.search_share) {
            return NO_REFERRER;
        }
        let engine = self.random.weighted(&SEARCHES.map(|engine| engine.1));
        self.search_referrers[engine]
    }

    fn next_click_id(&mut self) -> u64 {
        self.clicks_made += 1;
        mix(self.clicks_made ^ self.settings.seed.rotate_left(23))
    }

    /// A person's click, written as it is seen.
    fn click(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        number: u32,
        ts: i64,
        follow: Follow,
    ) -> u64 {
        let second = self.town.person(person).two_devices && self.random.chance(0.3);
        let agent = PLATFORMS[usize::from(follow.platform)]
            .in_app
            .filter(|_| !second);
        self.tally.clicks += 1;
        self.draw_click(
            scene,
            (person, second),
            number,
            ts,
            (follow.referrer, agent),
            false,
        )
    }

    /// Writes a click of a person's device. `ts` lies in the open hour.
    pub(super) fn draw_click(
        &mut self,
        scene: &mut Scene<'_>,
        (person, second_device): (u32, bool),
        number: u32,
        ts: i64,
        (referrer, in_app): (ReferrerId, Option<u8>),
        fraudulent: bool,
    ) -> u64 {
        let id = self.next_click_id();
        let visitor = self.town.visitor(person, second_device, ts);
        let drawn = self.random.next_u64();
        let home = self.town.person(person).city;
        let city = match drawn % 64 {
            // Some addresses cannot be placed, others are where the carrier's gateway is.
            0..=2 => NO_CITY,
            3 | 4 => self.town.person(self.town.land_of(person).from).city,
            _ => home,
        };
        let own_agent = match mix(visitor) % 40 {
            0 => NO_AGENT,
            device => (device % FIRST_ROBOT as u64) as u8,
        };
        scene.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code: number,
            ip: address_of(visitor, ts),
            referrer,
            agent: in_app.unwrap_or(own_agent),
            city,
            spelling: if drawn >> 8 & 7 < 3 {
                Spelling::Alias
            } else {
                Spelling::Registry
            },
            fraudulent,
        });
        id
    }

    /// A robot that fetches a preview, or reads along.
    pub(super) fn robot_click(&mut self, scene: &mut Scene<'_>, number: u32, ts: i64) {
        let ts = (ts + self.random.range_ms(200, 20 * SECOND_MS)).min(scene.hour.until - 1);
        let id = self.next_click_id();
        let platform = self.partners[self.codes[number as usize].partner as usize].platforms[0];
        let agent = if self.random.chance(0.7) {
            PLATFORMS[usize::from(platform)].robot
        } else {
            FIRST_ROBOT as u8 + self.random.index(AGENTS.len() - FIRST_ROBOT) as u8
        };
        let visitor = mix(id);
        scene.out.clicks.push(ClickDraft {
            ts,
            id,
            visitor,
            code: number,
            // 203.0.113.0/24 is set aside for documentation (RFC 5737).
            ip: 0xcb00_7100 | (visitor & 0xff) as u32,
            referrer: NO_REFERRER,
            agent,
            city: NO_CITY,
            spelling: Spelling::Registry,
            fraudulent: false,
        });
    }
}

/// An address in 100.64.0.0/10, where mobile carriers put many behind one (RFC 6598); it changes by the day.
fn address_of(visitor: u64, ts: i64) -> u32 {
    let day = (ts / (24 * HOUR_MS)) as u64;
    0x6440_0000 | (mix(visitor ^ day << 32) >> 44) as u32 & 0x003f_ffff
}
