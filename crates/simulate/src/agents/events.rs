//! What happens next: everything that people and partners have in mind, in order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::agents::Agents;
use crate::agents::buying::Purchase;
use crate::draft::ReferrerId;
use crate::stage::Stage;
use crate::time::Hour;
use crate::truth::TruthEvent;
use crate::world::{Answers, Happenings};

/// Nobody in particular.
pub(crate) const NOBODY: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) ts: i64,
    pub(crate) person: u32,
    pub(crate) code: u32,
    pub(crate) what: What,
}

impl Event {
    /// Something that a code's partner does, or that happens around the code.
    pub(crate) fn of_code(ts: i64, code: u32, what: What) -> Self {
        Self {
            ts,
            person: NOBODY,
            code,
            what,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The person goes shopping.
    Shops,
    /// The partner publishes, as planned or besides.
    Publishes { planned: bool },
    /// The person follows the link.
    Follows(Follow),
    /// The person keeps the code in mind.
    Notices { leaked: bool },
    /// The person buys with the code.
    Buys(Purchase),
    /// A friend tells the person.
    Hears { leaked: bool, link: bool },
    /// A message with the code appears where it leaks.
    Messages,
    /// A member of the closed circle needs something again.
    Needs,
    /// The code's story goes on.
    Tells,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Follow {
    pub(crate) referrer: ReferrerId,
    /// Index into the platforms; it decides which browser opens.
    pub(crate) platform: u8,
    pub(crate) mood: Mood,
    /// Clicks of this person on this post before.
    pub(crate) before: u8,
}

/// With what in mind somebody follows a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    /// May come to want it.
    Curious,
    /// Will not buy, whatever is there: looks again, or takes part in a giveaway.
    Idle,
    /// Has decided to buy.
    Decided,
}

/// An event of the open hour; the earliest is the greatest, and of two at once the first that was filed.
#[derive(Clone, Debug)]
struct Queued {
    event: Event,
    number: u64,
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.event.ts, other.number).cmp(&(self.event.ts, self.number))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

/// The open hour's events: those that were filed before it, and those that come up in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    /// The latest first, so that the next one is at the end.
    filed_before: Vec<Event>,
    fresh: BinaryHeap<Queued>,
    filed: u64,
}

impl Queue {
    /// Takes over what was filed under the hour that opens; the queue must be empty.
    pub(crate) fn open(&mut self, due: impl DoubleEndedIterator<Item = Event>) {
        self.filed_before.extend(due.rev());
        self.filed_before
            .sort_by_key(|event| std::cmp::Reverse(event.ts));
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.filed += 1;
        let number = self.filed;
        self.fresh.push(Queued { event, number });
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        let fresh = self.fresh.peek().map_or(i64::MAX, |queued| queued.event.ts);
        match self.filed_before.last() {
            Some(event) if event.ts <= fresh => self.filed_before.pop(),
            _ => self.fresh.pop().map(|queued| queued.event),
        }
    }
}

/// Where an hour is written to.
pub(crate) struct Scene<'a> {
    pub(crate) hour: Hour,
    pub(crate) stage: &'a mut Stage,
    pub(crate) answers: &'a mut Answers,
    pub(crate) out: &'a mut Happenings,
}

impl Agents {
    /// Files an event; what should have happened before the open hour is forgotten, so that the echo of posts
    /// from before the warm-up leaves only what still lies ahead.
    pub(super) fn schedule(&mut self, event: Event) {
        if event.ts >= self.hour.until {
            self.calendar.push(event.ts, event);
        } else if event.ts >= self.hour.from {
            self.queue.push(event);
        }
    }

    /// Writes into a code's truth, unless the world is only warming up.
    pub(super) fn note(&self, scene: &mut Scene<'_>, code: u32, event: TruthEvent) {
        if self.hour.from >= self.settings.start {
            scene.answers.truths[code as usize].note(event);
        }
    }

    pub(super) fn happens(&mut self, scene: &mut Scene<'_>, event: Event) {
        let Event {
            ts, person, code, ..
        } = event;
        match event.what {
            What::Shops => self.goes_shopping(scene, person, ts),
            What::Publishes { planned } => self.publishes(scene, code, ts, planned),
            What::Follows(follow) => self.follows(scene, person, code, ts, follow),
            What::Notices { leaked } => self.town.person_mut(person).remember(code, ts, leaked),
            What::Buys(purchase) => {
                let honest = i64::from(!purchase.leaked);
                if self.buy(scene, (person, code), ts, purchase) {
                    self.tally.planned_orders += honest;
                }
            }
            What::Hears { leaked, link } => self.hears(person, code, ts, leaked, link),
            What::Messages => self.message(scene, code, ts),
            What::Needs => self.member_needs(scene, person, code, ts),
            What::Tells => self.tells(scene, code, ts),
        }
    }
}
