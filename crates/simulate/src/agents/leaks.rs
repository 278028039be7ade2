//! How a leak lives on: messages in channels and chats, members of closed circles.
//!
//! Decides who learns a code from a place it should not have been in. Listings live in `places`.

use crate::agents::Agents;
use crate::agents::buying::Purchase;
use crate::agents::chronotypes::at_the_desk;
use crate::agents::events::{Event, Scene, What};
use crate::agents::names::FIRST_FORUM;
use crate::draft::{Entry, NO_REFERRER};
use crate::random::Random;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, hours_ms, local_midnight};
use crate::truth::{LeakKind, TruthEvent};

/// Where a leaked code is passed on.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// On the boards of sites, or in extensions.
    Listed,
    /// In messages of that channel.
    Channel(u8),
    /// In messages of a closed chat.
    Chat(Vec<u32>),
    /// Among colleagues, who order when they need something.
    Staff(Vec<u32>),
    /// Among friends and relatives, in the same way.
    Family(Vec<u32>),
}

#[derive(Clone, Debug)]
pub(crate) struct Leak {
    pub(crate) kind: LeakKind,
    pub(crate) onset: i64,
    pub(crate) until: i64,
    /// It grows over this time; 0 = at once.
    pub(crate) ramp_ms: i64,
    /// Orders a day that it is meant to bring.
    pub(crate) per_day: f64,
    pub(crate) form: Form,
    /// Days between messages, or between a member's purchases.
    pub(crate) gap_days: f64,
}

impl Leak {
    fn grown(&self, ts: i64) -> f64 {
        if ts < self.onset || ts >= self.until {
            return 0.0;
        }
        match self.ramp_ms {
            0 => 1.0,
            ramp_ms => ((ts - self.onset) as f64 / ramp_ms as f64).min(1.0),
        }
    }
}

impl Agents {
    /// A message with the code: readers who want something of that shop act on it, others keep it in mind.
    pub(super) fn message(&mut self, scene: &mut Scene<'_>, number: u32, ts: i64) {
        let code = &self.codes[number as usize];
        let valid = code.is_valid(ts);
        let Some(leak) = code.leak.as_ref().filter(|leak| ts < leak.until && valid) else {
            return;
        };
        const LUCK_SIGMA: f64 = 0.6;
        let luck = self
            .random
            .log_normal(libm::exp(-LUCK_SIGMA * LUCK_SIGMA / 2.0), LUCK_SIGMA);
        // The first message speaks to all, whatever the ramp says of its first minute.
        let grown = leak.grown(ts).max(0.1);
        let buyers = leak.per_day * leak.gap_days * luck * grown;
        let gap = leak.gap_days * (0.4 + self.random.exponential(0.6));
        let next = self.waking_hour(ts + hours_ms(24.0 * gap));
        self.schedule(Event::of_code(next, number, What::Messages));
        self.note(
            scene,
            number,
            TruthEvent {
                kind: "leak_burst",
                at: ts,
                until: None,
            },
        );
        for _ in 0..self.random.poisson(buyers) {
            self.acts_on_message(number, ts);
        }
        for _ in 0..self.random.poisson(0.4 * buyers) {
            let person = self.reader_of(number);
            let hours = self.random.log_normal(5.0, 1.0).min(200.0);
            self.schedule(Event {
                ts: ts + hours_ms(hours),
                person,
                code: number,
                what: What::Notices { leaked: true },
            });
        }
    }

    fn acts_on_message(&mut self, number: u32, ts: i64) {
        let person = self.reader_of(number);
        let code = &self.codes[number as usize];
        let Some(leak) = &code.leak else { return };
        let (decay_hours, referrer, referrer_share) = match leak.form {
            Form::Channel(channel) => {
                let channel = &self.places.channels[usize::from(channel)];
                (
                    channel.decay_hours,
                    channel.referrer,
                    channel.referrer_share,
                )
            }
            _ => (2.0 * self.habits.channel_decay_hours, NO_REFERRER, 0.0),
        };
        let hours = self.random.exponential(decay_hours).min(300.0);
        let seen = ts + MINUTE_MS + hours_ms(hours);
        // Whoever has the sound on reads at once; others when they look at their phone.
        let at = if self.random.chance(0.5) {
            seen
        } else {
            self.town.attends(person, seen, &mut self.random)
        };
        let shows = !self.town.person(person).private && self.random.chance(referrer_share);
        let referrer = if shows {
            referrer
        } else {
            self.search_referrer(person)
        };
        self.schedule(Event {
            ts: at,
            person,
            code: number,
            what: What::Buys(Purchase {
                click: None,
                referrer,
                way: Entry::Typed,
                leaked: true,
            }),
        });
    }

    /// Somebody who reads the channel or chat, rather one who cares for what the shop sells.
    fn reader_of(&mut self, number: u32) -> u32 {
        let code = &self.codes[number as usize];
        let land = &self.town.lands[self.partners[code.partner as usize].land];
        let interest = self.market.interests[code.shop as usize];
        let readers: &[u32] = match code.leak.as_ref().map(|leak| &leak.form) {
            Some(Form::Channel(channel)) => {
                &self.places.channels[usize::from(*channel)].subscribers
            }
            Some(Form::Chat(members) | Form::Staff(members) | Form::Family(members)) => members,
            Some(Form::Listed) | None => &[],
        };
        let mut somebody = None;
        if !readers.is_empty() {
            for _ in 0..6 {
                let reader = self.random.pick(readers);
                if !(land.from..land.until).contains(&reader) {
                    continue;
                }
                somebody = Some(reader);
                if self.town.person(reader).cares_for(interest) {
                    break;
                }
            }
        }
        // A channel that nobody of this country reads is forwarded to somebody of it.
        somebody.unwrap_or_else(|| land.anyone(&mut self.random))
    }

    /// A member of a closed circle needs something again, and uses the code that the circle has.
    pub(super) fn member_needs(
        &mut self,
        scene: &mut Scene<'_>,
        person: u32,
        number: u32,
        ts: i64,
    ) {
        let code = &self.codes[number as usize];
        let valid = code.is_valid(ts);
        let Some(leak) = code.leak.as_ref().filter(|leak| ts < leak.until && valid) else {
            return;
        };
        let staff = matches!(leak.form, Form::Staff(_));
        let grown = leak.grown(ts);
        let days = self.random.exponential(leak.gap_days).max(0.02);
        let next = ts + hours_ms(24.0 * days) + MINUTE_MS;
        let next = if staff {
            at_the_desk(next, &mut self.random)
        } else {
            self.town.attends(person, next, &mut self.random)
        };
        self.schedule(Event {
            ts: next,
            person,
            code: number,
            what: What::Needs,
        });
        // Who has not been told yet buys without it.
        if self.random.chance(grown) {
            self.town.person_mut(person).remember(number, ts, true);
            let purchase = Purchase {
                click: None,
                referrer: NO_REFERRER,
                way: Entry::Typed,
                leaked: true,
            };
            self.buy(scene, (person, number), ts, purchase);
        }
    }

    /// Gives the leak a channel, perhaps one whose message lists other codes too (`messages`: channel, onset).
    pub(super) fn choose_channel(
        &mut self,
        leak: &mut Leak,
        (from, until): (i64, i64),
        messages: &mut Vec<(u8, i64)>,
        random: &mut Random,
    ) -> u8 {
        let channel = if !messages.is_empty() && random.chance(0.4) {
            let (channel, onset) = random.pick(messages);
            if leak.onset > from {
                // One message with codes of several shops.
                let lasts = leak.until.saturating_sub(leak.onset);
                leak.onset = onset.clamp(from, until - 1);
                leak.until = if leak.until == i64::MAX {
                    i64::MAX
                } else {
                    leak.onset + lasts.max(DAY_MS)
                };
            }
            channel
        } else {
            random.index(self.places.channels.len()) as u8
        };
        messages.push((channel, leak.onset));
        let forum = usize::from(channel) >= FIRST_FORUM;
        leak.form = Form::Channel(channel);
        leak.gap_days = (self.habits.channel_gap_days
            * random.log_normal(if forum { 1.8 } else { 1.0 }, 0.5))
        .max(0.7);
        // Besides, readers keep the code in mind and come back with it.
        leak.per_day /= 1.1;
        channel
    }

    /// Who is in the circle: colleagues and relatives live close together, a chat is spread over the country.
    pub(super) fn gather_circle(&mut self, number: u32, leak: &mut Leak, random: &mut Random) {
        let code = &self.codes[number as usize];
        let partner = &self.partners[code.partner as usize];
        let interest = self.market.interests[code.shop as usize];
        let land = &self.town.lands[partner.land];
        let gap_days = self.habits.circle_gap_days * random.log_normal(1.0, 0.4);
        let most = f64::from(land.len() / 3).clamp(1.0, 4_000.0);
        let size = (leak.per_day * gap_days).clamp(4.0, most.max(4.0)) as u32;
        leak.gap_days = f64::from(size) / leak.per_day.max(1e-6);
        let staff = random.chance(self.habits.staff_share);
        let near = staff || random.chance(0.4);
        let city = if random.chance(0.35) {
            partner.city
        } else {
            self.town.person(land.anyone(random)).city
        };
        if near {
            let (from, until) = land.cluster(city, size, random);
            let members: Vec<u32> = (from..until).collect();
            leak.form = if staff {
                Form::Staff(members)
            } else {
                Form::Family(members)
            };
        } else {
            let member = |random: &mut Random| {
                let mut member = land.anyone(random);
                for _ in 0..4 {
                    if self.town.person(member).cares_for(interest) {
                        break;
                    }
                    member = land.anyone(random);
                }
                member
            };
            leak.form = Form::Chat((0..size).map(|_| member(random)).collect());
            leak.gap_days = self.habits.channel_gap_days * random.log_normal(0.8, 0.4);
            self.schedule(Event::of_code(leak.onset, number, What::Messages));
            return;
        }
        let (Form::Staff(members) | Form::Family(members)) = &leak.form else {
            return;
        };
        for member in members.clone() {
            let at = leak.onset + HOUR_MS + hours_ms(24.0 * leak.gap_days * random.unit());
            let at = if staff { at_the_desk(at, random) } else { at };
            self.schedule(Event {
                ts: at,
                person: member,
                code: number,
                what: What::Needs,
            });
        }
    }

    /// Nobody writes messages at night.
    pub(super) fn waking_hour(&mut self, ts: i64) -> i64 {
        let hours = self.random.range(8.5, 22.0);
        (local_midnight(ts) + hours_ms(hours)).max(ts)
    }
}
