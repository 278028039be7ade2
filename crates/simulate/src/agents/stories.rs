//! Innocent stories that look like leaks, told through what people do.
//!
//! Decides whose code gets which story, and what it changes. Must not know of leaks.

use crate::agents::Agents;
use crate::agents::buying::Purchase;
use crate::agents::cast::Casting;
use crate::agents::codes::{Code, Medium, Partner, Taste};
use crate::agents::events::{Event, Scene, What};
use crate::agents::names::{SITES, TELEGRAM};
use crate::agents::people::Town;
use crate::agents::places::{Listing, Places, Spot};
use crate::agents::posting::Fate;
use crate::agents::stage_texts::add_referrer;
use crate::draft::{Entry, NO_REFERRER};
use crate::random::Random;
use crate::stage::{CodeCard, Stage};
use crate::time::{DAY_MS, HOUR_MS, days_ms, hours_ms, local_midnight};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) kind: HonestLookalike,
    /// When it happens, where it is a happening.
    pub(crate) at: i64,
    /// How strong it is; what that means depends on the kind.
    pub(crate) strength: f64,
    /// The persons who share an office or a dormitory.
    group: (u32, u32),
    /// The site that is the partner.
    site: u8,
}

/// Gives a code its story and writes into plan, card and truth what follows from it.
pub(crate) fn tell(
    casting: &mut Casting<'_>,
    code: &mut Code,
    card: &mut CodeCard,
    truth: &mut CodeTruth,
    random: &mut Random,
) {
    use HonestLookalike as Kind;
    let kind = random.pick(&Kind::ALL);
    if is_about_the_partner(kind) {
        code.partner = casting.add_partner(code.shop, random);
        card.partner = code.partner;
    }
    let start = code.starts_at.max(casting.settings.start);
    let end = casting.settings.start + days_ms(casting.settings.days);
    let span = (end - start).max(HOUR_MS) as f64;
    let day = local_midnight(start + (span * random.range(0.15, 0.85)) as i64);
    let mut story = Story {
        kind,
        at: day + hours_ms(random.range(9.0, 21.5)),
        strength: 1.0,
        group: (0, 0),
        site: 0,
    };
    let partner = &mut casting.partners[code.partner as usize];
    match kind {
        Kind::ViralPost => story.strength = random.range(14.0, 28.0),
        Kind::Giveaway => story.strength = random.range(5.0, 14.0),
        Kind::DiscountChange => story.strength = random.range(1.3, 2.3),
        Kind::OfficeSharing => story.strength = random.range(1.5, 5.0),
        Kind::EndedCode => code.ends_at = story.at,
        Kind::TelegramChannel => {}
        Kind::SpokenRegistered | Kind::SpokenUnregistered => {
            speak(code, partner, random);
            card.entry.offline = kind == Kind::SpokenRegistered;
        }
        Kind::CouponPartner => {
            // The more popular sites have the means to become partners.
            story.site = random.index(SITES.len() / 2) as u8;
            become_a_site(code, partner, random);
            card.entry
                .permitted_hosts
                .push(SITES[usize::from(story.site)].0.to_owned());
        }
        Kind::LoyalBase => {
            code.clickers *= 0.3;
            code.wish *= 1.2;
            code.typers *= random.range(1.5, 3.5);
            code.bother *= 12.0;
            partner.passers_share = 0.04;
        }
        Kind::ReturningAudience => {
            partner.taste = Taste::CustomersOf(code.shop);
            partner.passers_share = 0.05;
            code.bother *= 2.5;
        }
        Kind::StudentGroup => {
            code.typers *= random.range(1.5, 3.0);
            code.wish *= 0.6;
            partner.passers_share = 0.08;
            partner.home_share = 0.95;
        }
        Kind::DealBlogger => {
            partner.taste = Taste::Hunters;
            partner.home_share = 0.05;
            partner.platforms[0] = random.pick(&[TELEGRAM, TELEGRAM, 4, 6]);
            code.bother *= 3.0;
        }
    }
    if is_dated(kind) {
        truth.note(TruthEvent {
            kind: kind.name(),
            at: story.at,
            until: (kind == Kind::Giveaway).then_some(story.at + 3 * DAY_MS),
        });
    }
    truth.honest_lookalike = Some(kind);
    code.story = Some(story);
}

fn is_about_the_partner(kind: HonestLookalike) -> bool {
    use HonestLookalike as Kind;
    matches!(
        kind,
        Kind::CouponPartner
            | Kind::LoyalBase
            | Kind::ReturningAudience
            | Kind::StudentGroup
            | Kind::DealBlogger
            | Kind::SpokenRegistered
            | Kind::SpokenUnregistered
    )
}

fn is_dated(kind: HonestLookalike) -> bool {
    use HonestLookalike as Kind;
    matches!(
        kind,
        Kind::ViralPost
            | Kind::Giveaway
            | Kind::TelegramChannel
            | Kind::DiscountChange
            | Kind::EndedCode
    )
}

/// Hardly a link: the code is heard on the air, or read on a leaflet, or on a card in a parcel.
fn speak(code: &mut Code, partner: &mut Partner, random: &mut Random) {
    code.medium = [Medium::Air, Medium::Leaflet, Medium::Parcel][random.weighted(&[0.5, 0.3, 0.2])];
    let wanting = code.typers + code.clickers * code.wish;
    code.noticers = wanting * random.range(1.0, 6.0);
    code.typers = wanting;
    code.clickers *= random.range(0.0, 0.12);
    if code.medium != Medium::Air {
        partner.home_share = partner.home_share.max(0.85);
    }
}

/// The partner is a coupon site: its readers come from everywhere, look around and click.
fn become_a_site(code: &mut Code, partner: &mut Partner, random: &mut Random) {
    partner.taste = Taste::Hunters;
    partner.home_share = 0.02;
    partner.passers_share = random.range(0.4, 0.8);
    partner.platform_shares = [random.range(0.6, 0.95), 0.0];
    code.bother *= 1.5;
}

/// What needs people to exist: groups that live together, the site's page, the happening's date.
pub(crate) fn settle(
    (number, code): (u32, &mut Code),
    partner: &mut Partner,
    town: &Town,
    (places, stage): (&mut Places, &mut Stage),
    looks_per_day: f64,
    random: &mut Random,
) {
    use HonestLookalike as Kind;
    let Some(story) = &mut code.story else { return };
    let land = &town.lands[partner.land];
    match story.kind {
        Kind::OfficeSharing => {
            let size = random.log_uniform(20.0, 250.0) as u32;
            story.group = land.cluster(partner.city, size, random);
        }
        Kind::StudentGroup => {
            let size = (partner.followers_wanted * random.range(1.5, 3.0)).max(60.0) as u32;
            story.group = land.cluster(partner.city, size, random);
            partner.taste = Taste::Campus(story.group.0, story.group.1);
        }
        Kind::CouponPartner => {
            partner.site_page = Some(places.page(story.site, code.shop, stage));
            // A third of its orders come from people who look for a code there at the checkout.
            let visits = looks_per_day * places.popularity.share(story.site);
            let attention = (0.33 * code.pace / visits.max(1e-9)).min(0.5);
            places.list(
                code.shop,
                Listing {
                    spot: Spot::Site(story.site),
                    code: number,
                    from: code.starts_at,
                    until: code.ends_at,
                    ramp_ms: 0,
                    attention,
                    permitted: true,
                },
                i64::MIN,
            );
        }
        _ => {}
    }
}

impl Agents {
    /// Schedules the happenings of the stories.
    pub(super) fn schedule_stories(&mut self) {
        for number in 0..self.codes.len() as u32 {
            let Some(story) = self.codes[number as usize].story else {
                continue;
            };
            let at = match story.kind {
                HonestLookalike::OfficeSharing => self.next_lunch(self.settings.start),
                HonestLookalike::ViralPost
                | HonestLookalike::Giveaway
                | HonestLookalike::TelegramChannel => story.at,
                _ => continue,
            };
            self.schedule(Event::of_code(at, number, What::Tells));
        }
    }

    /// A story's moment has come.
    pub(super) fn tells(&mut self, scene: &mut Scene<'_>, number: u32, ts: i64) {
        use HonestLookalike as Kind;
        let Some(story) = self.codes[number as usize].story else {
            return;
        };
        match story.kind {
            Kind::ViralPost => self.publish(scene, number, ts, Fate::Viral(story.strength)),
            Kind::Giveaway => {
                let reminder = if ts > story.at { 0.35 } else { 1.0 };
                self.publish(scene, number, ts, Fate::Giveaway(reminder * story.strength));
                // Reminders, while it lasts.
                let over = story.at + 2 * DAY_MS;
                if ts < over {
                    let again = ts + self.random.range_ms(10 * HOUR_MS, 26 * HOUR_MS);
                    self.schedule(Event::of_code(again, number, What::Tells));
                }
            }
            Kind::TelegramChannel => {
                let code = &self.codes[number as usize];
                let text = format!("https://t.me/s/blog_{:05}_demo", code.partner);
                let referrer = add_referrer(scene.stage, &text);
                self.partners[code.partner as usize].channel = Some((ts, referrer));
                self.publish(scene, number, ts, Fate::Usual);
            }
            Kind::OfficeSharing => self.lunch(scene, number, story, ts),
            _ => {}
        }
    }

    /// Colleagues who pass the code around: one city, no clicks, and nobody means harm.
    fn lunch(&mut self, scene: &mut Scene<'_>, number: u32, story: Story, ts: i64) {
        let next = self.next_lunch(ts + DAY_MS);
        self.schedule(Event::of_code(next, number, What::Tells));
        if !self.codes[number as usize].is_valid(ts) {
            return;
        }
        self.note(
            scene,
            number,
            TruthEvent {
                kind: HonestLookalike::OfficeSharing.name(),
                at: ts,
                until: Some(ts + 3 * HOUR_MS),
            },
        );
        let colleagues = self.random.poisson(3.0 * story.strength);
        for _ in 0..colleagues {
            self.group_order(number, story.group, ts, 3.0);
        }
    }

    /// Somebody of a group orders within hours, by typing what was passed around.
    fn group_order(&mut self, number: u32, (from, until): (u32, u32), ts: i64, within_hours: f64) {
        let person = from + self.random.below(u64::from((until - from).max(1))) as u32;
        let at = ts + hours_ms(within_hours * self.random.unit());
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Buys(Purchase {
                click: None,
                referrer: NO_REFERRER,
                way: Entry::Typed,
                leaked: false,
            }),
        });
    }

    /// A chat in the dormitory, on some evenings after a post.
    pub(super) fn chat(&mut self, number: u32, ts: i64) {
        const CHATS_SHARE: f64 = 0.5;
        let code = &self.codes[number as usize];
        let Some(story) = code
            .story
            .filter(|story| story.kind == HonestLookalike::StudentGroup)
        else {
            return;
        };
        let wanting = 0.8 * code.pace * code.posts.gap_days;
        if self.random.chance(CHATS_SHARE) {
            let evening = local_midnight(ts) + hours_ms(self.random.range(21.5, 25.5));
            for _ in 0..self.random.poisson(wanting) {
                self.group_order(number, story.group, evening.max(ts), 2.5);
            }
        }
    }

    /// One working day in about 25, shortly after noon.
    fn next_lunch(&mut self, after: i64) -> i64 {
        let days = 1.0 + self.random.exponential(24.0);
        let mut day = local_midnight(after + hours_ms(24.0 * days));
        // Day 0 of the epoch was a Thursday.
        while ((day + 5 * HOUR_MS).div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5 {
            day += DAY_MS;
        }
        day + hours_ms(self.random.range(11.3, 13.0))
    }
}
