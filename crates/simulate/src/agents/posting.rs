//! A partner publishes, and people react: who sees it, when, and what they make of it.
//!
//! Decides reactions to posts. Must not know of leaks.

use crate::agents::Agents;
use crate::agents::audience::{drift, join, passer_by, reacting};
use crate::agents::buying::Purchase;
use crate::agents::codes::Medium;
use crate::agents::events::{Event, Follow, Mood, Scene, What};
use crate::agents::names::{PLATFORMS, TELEGRAM};
use crate::draft::{Entry, NO_REFERRER, ReferrerId};
use crate::time::{DAY_MS, MINUTE_MS, hours_ms};
use crate::truth::{HonestLookalike, TruthEvent};

/// What becomes of a post.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Usual,
    /// It is passed on to so many times the usual audience.
    Viral(f64),
    /// So many times the usual crowd comes for the prize.
    Giveaway(f64),
}

/// The latest that anybody sees a post: the calendar keeps 40 days, and older posts are not found.
const SEEN_DAYS_MAX: f64 = 30.0;

impl Agents {
    /// The partner publishes as planned, or besides for a sale.
    pub(super) fn publishes(&mut self, scene: &mut Scene<'_>, number: u32, ts: i64, planned: bool) {
        if planned {
            self.plan_next_post(number);
        }
        let fate = if self.random.chance(self.habits.viral_share) {
            Fate::Viral(self.random.log_normal(14.0, 0.5))
        } else {
            Fate::Usual
        };
        if let Fate::Viral(_) = fate {
            self.note(
                scene,
                number,
                TruthEvent {
                    kind: HonestLookalike::ViralPost.name(),
                    at: ts,
                    until: None,
                },
            );
        }
        self.publish(scene, number, ts, fate);
    }

    pub(super) fn plan_next_post(&mut self, number: u32) {
        let posts = &mut self.codes[number as usize].posts;
        posts.advance();
        let next = Event::of_code(posts.next, number, What::Publishes { planned: true });
        self.schedule(next);
    }

    /// A post goes out and finds its people.
    pub(super) fn publish(&mut self, scene: &mut Scene<'_>, number: u32, ts: i64, fate: Fate) {
        self.react(number, ts, fate);
        let code = &self.codes[number as usize];
        if scene.hour.contains(ts) && code.is_valid(ts) && code.medium == Medium::Link {
            // Whoever shows a preview of the link fetches it.
            let robots = self.random.poisson(1.5);
            for _ in 0..robots {
                self.robot_click(scene, number, ts);
            }
        }
        self.chat(number, ts);
    }

    /// Schedules what people will do about a post.
    pub(super) fn react(&mut self, number: u32, ts: i64, fate: Fate) {
        let code = &self.codes[number as usize];
        if !code.is_valid(ts) {
            return;
        }
        let partner = &self.partners[code.partner as usize];
        let sigma = self.habits.post_luck_sigma;
        let luck = self
            .random
            .log_normal(libm::exp(-sigma * sigma / 2.0), sigma)
            * partner.favour;
        let passers = partner.passers_share;
        let (own, strange) = match fate {
            Fate::Usual => (1.0 - passers, passers),
            Fate::Viral(strength) => (1.3, strength),
            Fate::Giveaway(strength) => (1.5, 0.8 * strength),
        };
        let deal = match code.story {
            Some(story) if story.kind == HonestLookalike::DiscountChange && ts >= story.at => {
                story.strength
            }
            _ => 1.0,
        };
        let clickers = code.clickers * luck * self.fix.clicks;
        let typers = code.typers * luck * self.fix.orders * deal * self.seasons.lift(code.shop);
        let noticers = code.noticers * luck;
        let followers_click = self.random.poisson(clickers * own);
        let strangers_click = self.random.poisson(clickers * strange);
        for _ in 0..followers_click {
            let person = self.reacting_person(number);
            let mood = if let Fate::Giveaway(_) = fate {
                Mood::Idle
            } else {
                Mood::Curious
            };
            self.will_click(number, person, ts, mood);
        }
        for _ in 0..strangers_click {
            let person = self.stranger(number, fate);
            let idle = match fate {
                Fate::Giveaway(_) => 0.85,
                Fate::Viral(_) => 0.3,
                Fate::Usual => 0.0,
            };
            let mood = if self.random.chance(idle) {
                Mood::Idle
            } else {
                Mood::Curious
            };
            self.will_click(number, person, ts, mood);
            let follows = if let Fate::Giveaway(_) = fate {
                0.25
            } else {
                0.02
            };
            if self.random.chance(follows) {
                let partner = self.codes[number as usize].partner;
                join(&mut self.partners[partner as usize], person);
            }
        }
        for _ in 0..self.random.poisson(typers) {
            let person = self.reacting_person(number);
            self.will_type(number, person, ts);
        }
        for _ in 0..self.random.poisson(noticers) {
            let person = self.reacting_person(number);
            let at = self.seen_at(number, person, ts).1;
            self.schedule(Event {
                ts: at,
                person,
                code: number,
                what: What::Notices { leaked: false },
            });
        }
    }

    fn reacting_person(&mut self, number: u32) -> u32 {
        let code = &self.codes[number as usize];
        let partner = &self.partners[code.partner as usize];
        let shop = code.shop;
        match code.medium {
            Medium::Link | Medium::Air => reacting(partner, &self.town, &mut self.random),
            Medium::Leaflet => passer_by(partner, partner.home_share, &self.town, &mut self.random),
            Medium::Parcel => {
                // The card lies in the parcel of somebody who has just bought.
                let land = &self.town.lands[partner.land];
                let mut person = land.anyone(&mut self.random);
                for _ in 0..12 {
                    if self.town.person(person).knows(shop) {
                        break;
                    }
                    person = land.anyone(&mut self.random);
                }
                person
            }
        }
    }

    fn stranger(&mut self, number: u32, fate: Fate) -> u32 {
        let partner = &self.partners[self.codes[number as usize].partner as usize];
        let home = match fate {
            Fate::Usual => partner.home_share * 0.8,
            // What travels far does so beyond the city.
            Fate::Viral(_) | Fate::Giveaway(_) => partner.home_share * 0.3,
        };
        passer_by(partner, home, &self.town, &mut self.random)
    }

    /// Where and when somebody sees a post.
    fn seen_at(&mut self, number: u32, person: u32, ts: i64) -> (Option<u8>, i64) {
        let code = &self.codes[number as usize];
        let partner = &self.partners[code.partner as usize];
        let drawn = self.random.unit();
        let [first, second] = partner.platform_shares;
        let in_channel =
            partner.channel.is_some_and(|(since, _)| ts >= since) && self.random.chance(0.45);
        let platform = if in_channel {
            Some(TELEGRAM)
        } else if drawn < first {
            Some(partner.platforms[0])
        } else if drawn < first + second {
            Some(partner.platforms[1])
        } else {
            None
        };
        let seen_from = &PLATFORMS[usize::from(platform.unwrap_or(partner.platforms[0]))];
        let (hours, sigma) = match code.medium {
            Medium::Link => (seen_from.seen_hours, seen_from.seen_sigma),
            Medium::Air => (0.4, 1.0),
            Medium::Leaflet => (60.0, 0.9),
            Medium::Parcel => (110.0, 0.7),
        };
        let hours = self
            .random
            .log_normal(hours * self.habits.seen_later, sigma);
        let at = ts + hours_ms(hours.min(24.0 * SEEN_DAYS_MAX)) + MINUTE_MS / 3;
        // Who listens to the radio is awake.
        let at = if code.medium == Medium::Air {
            at
        } else {
            self.town.attends(person, at, &mut self.random)
        };
        (platform, at)
    }

    fn will_click(&mut self, number: u32, person: u32, ts: i64, mood: Mood) {
        let (platform, at) = self.seen_at(number, person, ts);
        let referrer = self.click_referrer(number, person, platform, at);
        let partner = &self.partners[self.codes[number as usize].partner as usize];
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Follows(Follow {
                referrer,
                platform: platform.unwrap_or(partner.platforms[0]),
                mood,
                before: 0,
            }),
        });
    }

    /// What the browser says about where a click came from.
    pub(super) fn click_referrer(
        &mut self,
        number: u32,
        person: u32,
        platform: Option<u8>,
        at: i64,
    ) -> ReferrerId {
        let code = &self.codes[number as usize];
        let partner = &self.partners[code.partner as usize];
        let Some(platform) = platform.filter(|_| !self.town.person(person).private) else {
            return NO_REFERRER;
        };
        let mute = self
            .mute
            .is_some_and(|(muted, from, until)| muted == platform && from <= at && at < until);
        let passes = PLATFORMS[usize::from(platform)].passes;
        if let Some(page) = partner.site_page {
            return if self.random.chance(0.75) {
                page
            } else {
                NO_REFERRER
            };
        }
        if mute || !self.random.chance(passes) {
            return NO_REFERRER;
        }
        match partner.channel {
            Some((since, channel)) if platform == TELEGRAM && at >= since => channel,
            _ => self.platform_referrers[usize::from(platform)],
        }
    }

    /// Somebody who saw it and types the code, hours or days later.
    fn will_type(&mut self, number: u32, person: u32, ts: i64) {
        let (_, seen) = self.seen_at(number, person, ts);
        let hours = self.random.log_normal(2.0, 1.4).min(200.0);
        let at = self
            .town
            .attends(person, seen + hours_ms(hours), &mut self.random);
        let referrer = self.search_referrer(person);
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Buys(Purchase {
                click: None,
                referrer,
                way: Entry::Typed,
                leaked: false,
            }),
        });
    }

    /// Once a day: a seventh of the partners drift by a week, and some persons' places are taken by others.
    pub(super) fn pass_a_day(&mut self, local_day: i64) {
        let today = local_day.rem_euclid(7) as usize;
        for partner in self.partners.iter_mut().skip(today).step_by(7) {
            drift(partner, &self.town, &self.habits, &mut self.random);
        }
        let people = self.town.people.len();
        let leaving = self
            .random
            .poisson(self.habits.turnover_share * people as f64);
        for _ in 0..leaving.min(people as u64) {
            let person = self.random.index(people) as u32;
            self.town.renew(
                person,
                &self.habits,
                &self.places.popularity,
                &mut self.random,
            );
        }
    }

    /// On the first day of a sale many partners speak of it.
    pub(super) fn announce_sale(&mut self, shop: usize, from: i64) {
        const SPEAK_SHARE: f64 = 0.2;
        for at in 0..self.codes_of[shop].len() {
            let code = self.codes_of[shop][at];
            if self.random.chance(SPEAK_SHARE) && self.codes[code as usize].medium == Medium::Link {
                let ts = from + self.random.range_ms(0, DAY_MS);
                self.schedule(Event::of_code(ts, code, What::Publishes { planned: false }));
            }
        }
    }
}
