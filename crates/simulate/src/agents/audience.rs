//! Who follows whom: a partner's audience when the world begins, and how it drifts.
//!
//! Decides about following. Must not know of posts or codes.

use crate::agents::codes::{Code, Partner, Taste};
use crate::agents::habits::Habits;
use crate::agents::people::Town;
use crate::random::Random;

/// Followings of all partners together, for memory: above it every audience is cut in proportion.
const FOLLOWINGS_MAX: f64 = 40e6;
/// An audience grows to this multiple of its first size at most.
const GROWTH_MAX: usize = 2;

/// Gathers every partner's first followers.
pub(crate) fn gather(partners: &mut [Partner], town: &Town, random: &mut Random) {
    let wanted: f64 = partners
        .iter()
        .map(|partner| partner.followers_wanted)
        .sum();
    let cut = (FOLLOWINGS_MAX / wanted).min(1.0);
    for partner in partners {
        let most = f64::from(town.lands[partner.land].len()) * 0.5;
        let size = (partner.followers_wanted * cut).min(most).max(5.0) as usize;
        partner.followers = (0..size).map(|_| recruit(partner, town, random)).collect();
    }
}

/// One more follower: from the partner's city or anywhere, rather a curious person with the same interest.
pub(crate) fn recruit(partner: &Partner, town: &Town, random: &mut Random) -> u32 {
    const TRIES: u32 = 8;
    let land = &town.lands[partner.land];
    let mut candidate = land.from;
    for _ in 0..TRIES {
        candidate = match partner.taste {
            Taste::Campus(from, until) => from + random.below(u64::from(until - from)) as u32,
            _ if random.chance(partner.home_share) => land.townsman(partner.city, random),
            _ => land.anyone(random),
        };
        let person = town.person(candidate);
        let curious = f64::from(person.curiosity / (person.curiosity + 1.0));
        let likes = if person.cares_for(partner.interest) {
            1.0
        } else {
            0.3
        };
        let fits = match partner.taste {
            Taste::CustomersOf(shop) if !person.knows(shop) => 0.05,
            Taste::Hunters => f64::from(person.thrift * person.thrift) * 2.0,
            _ => likes,
        };
        if random.chance(curious * fits) {
            break;
        }
    }
    candidate
}

/// A follower who sees a post and reacts: fans more than the rest, the curious more than others.
pub(crate) fn reacting(partner: &Partner, town: &Town, random: &mut Random) -> u32 {
    let draw = |random: &mut Random| {
        let rank = random.unit();
        partner.followers[(rank * rank * partner.followers.len() as f64) as usize]
    };
    let first = draw(random);
    let curiosity = town.person(first).curiosity;
    if random.chance(f64::from(curiosity / (curiosity + 0.6))) {
        first
    } else {
        draw(random)
    }
}

/// Somebody who comes across a post without following.
pub(crate) fn passer_by(
    partner: &Partner,
    home_share: f64,
    town: &Town,
    random: &mut Random,
) -> u32 {
    let land = &town.lands[partner.land];
    let mut candidate = land.from;
    for _ in 0..3 {
        candidate = if random.chance(home_share) {
            land.townsman(partner.city, random)
        } else {
            land.anyone(random)
        };
        if town.person(candidate).cares_for(partner.interest) {
            break;
        }
    }
    candidate
}

/// A week of drift: some followers leave, others come, perhaps from elsewhere; posts do better or worse.
pub(crate) fn drift(partner: &mut Partner, town: &Town, habits: &Habits, random: &mut Random) {
    let odds = partner.home_share / (1.0 - partner.home_share) * random.log_normal(1.0, 0.12);
    partner.home_share = (odds / (1.0 + odds)).clamp(0.01, 0.97);
    partner.favour = (libm::pow(partner.favour, 0.9) * random.log_normal(1.0, 0.1)).clamp(0.2, 5.0);
    let leaving = random.poisson(habits.churn_share * partner.followers.len() as f64);
    for _ in 0..leaving.min(partner.followers.len() as u64) {
        let at = random.index(partner.followers.len());
        partner.followers[at] = recruit(partner, town, random);
    }
}

/// Somebody begins to follow, while there is room.
pub(crate) fn join(partner: &mut Partner, person: u32) {
    let room = GROWTH_MAX * partner.followers_wanted as usize;
    if partner.followers.len() < room {
        partner.followers.push(person);
    }
}

/// For every person the codes of the partners followed when the world began, to look them up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions {
    from: Vec<u32>,
    codes: Vec<u32>,
}

impl Subscriptions {
    pub(crate) fn of(people: usize, partners: &[Partner], codes: &[Code]) -> Self {
        let mut from = vec![0u32; people + 1];
        let followers = |code: &Code| &partners[code.partner as usize].followers;
        for person in codes.iter().flat_map(followers) {
            from[*person as usize + 1] += 1;
        }
        for person in 0..people {
            from[person + 1] += from[person];
        }
        let mut next = from.clone();
        let mut listed = vec![0u32; from[people] as usize];
        for (number, code) in (0..).zip(codes) {
            for person in followers(code) {
                let at = &mut next[*person as usize];
                listed[*at as usize] = number;
                *at += 1;
            }
        }
        Self {
            from,
            codes: listed,
        }
    }

    pub(crate) fn of_person(&self, person: u32) -> &[u32] {
        let person = person as usize;
        &self.codes[self.from[person] as usize..self.from[person + 1] as usize]
    }
}
