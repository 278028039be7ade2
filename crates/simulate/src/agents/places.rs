//! Places where codes are found by people whom nobody meant to give them to: coupon and cashback sites,
//! extensions, deal channels; and what each of them lists of a shop.
//!
//! Decides what somebody who looks there finds. Must not know why anybody looks.

use std::collections::BTreeMap;

use crate::agents::habits::Habits;
use crate::agents::names::{CHANNELS, EXTENSIONS, FIRST_FORUM, SITES};
use crate::agents::person::{NO_SITE, Person};
use crate::agents::stage_texts::{add_referrer, url_word};
use crate::draft::ReferrerId;
use crate::random::{Random, Stream, mix};
use crate::stage::Stage;
use crate::time::DAY_MS;

/// How visits divide between places of a sort.
#[derive(Clone, Debug)]
pub(crate) struct Popularity {
    sums: Vec<f64>,
}

impl Popularity {
    /// The first is the most popular, by a gentle power law.
    pub(crate) fn falling(places: usize) -> Self {
        let mut sum = 0.0;
        let sums = (0..places)
            .map(|rank| {
                sum += libm::pow(rank as f64 + 1.5, -0.8);
                sum
            })
            .collect();
        Self { sums }
    }

    /// The share of visits that go to a place.
    pub(crate) fn share(&self, place: u8) -> f64 {
        let at = |index: usize| self.sums[index];
        let place = usize::from(place);
        let before = if place == 0 { 0.0 } else { at(place - 1) };
        (at(place) - before) / at(self.sums.len() - 1)
    }

    pub(crate) fn draw(&self, random: &mut Random) -> u8 {
        let top = self.sums.last().copied().unwrap_or(0.0);
        let at = random.unit() * top;
        self.sums
            .partition_point(|&sum| sum <= at)
            .min(self.sums.len() - 1) as u8
    }
}

/// A coupon or cashback site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) host: &'static str,
    /// Share of its visitors whose browser may name it to the shop.
    pub(crate) referrer_share: f64,
    /// Opens the partner's link when it shows the code.
    pub(crate) opens_link: bool,
    /// Share of buyers for whom its app or button fills the code in.
    pub(crate) auto_share: f64,
    /// How its addresses look.
    style: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension {
    pub(crate) name: &'static str,
    pub(crate) auto_share: f64,
    pub(crate) opens_link: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) text: &'static str,
    pub(crate) referrer: ReferrerId,
    pub(crate) referrer_share: f64,
    /// Subscribers act on a message with this time constant.
    pub(crate) decay_hours: f64,
    pub(crate) subscribers: Vec<u32>,
}

/// Where something is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Site(u8),
    Extension(u8),
}

/// A code on a site's or extension's page of a shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) spot: Spot,
    pub(crate) code: u32,
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// It climbs in rank over this time; 0 = at once.
    pub(crate) ramp_ms: i64,
    /// Share of those who look there and end up with this code.
    pub(crate) attention: f64,
    /// The site is the partner, or the brand permits it.
    pub(crate) permitted: bool,
}

impl Listing {
    fn level(&self, ts: i64, wobble_sigma: f64) -> f64 {
        if ts < self.from || ts >= self.until {
            return 0.0;
        }
        let grown = match self.ramp_ms {
            0 => 1.0,
            ramp_ms => ((ts - self.from) as f64 / ramp_ms as f64).min(1.0),
        };
        // Rank and luck change from day to day; twelve bits of a sum of two uniform draws will do for a normal.
        let day = mix(u64::from(self.code) << 32 ^ (ts / DAY_MS) as u64);
        let about_normal = ((day & 0xfff) + (day >> 12 & 0xfff)) as f64 / 4_096.0 - 1.0;
        grown * libm::exp(wobble_sigma * 2.4 * about_normal - wobble_sigma * wobble_sigma / 2.0)
    }
}

/// The most that the listings of one spot and shop may attract together.
pub(crate) const ATTENTION_MAX: f64 = 0.92;

/// What was seen of people's looking, for whoever plans a listing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) intentions: f64,
    pub(crate) site_visits: [f64; SITES.len()],
    pub(crate) extension_visits: [f64; EXTENSIONS.len()],
}

impl Traffic {
    /// Visits to the spot for each purchase intention, wherever.
    pub(crate) fn per_intention(&self, spot: Spot) -> f64 {
        let visits = match spot {
            Spot::Site(site) => self.site_visits[usize::from(site)],
            Spot::Extension(number) => self.extension_visits[usize::from(number)],
        };
        // As if twenty more intentions had been seen, with usual visits.
        const USUAL: f64 = 0.03;
        (visits + 20.0 * USUAL) / (self.intentions + 20.0)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) sites: Vec<Site>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) popularity: Popularity,
    pub(crate) traffic: Traffic,
    /// Listings of each shop.
    boards: Vec<Vec<Listing>>,
    wobble_sigma: f64,
    pages: BTreeMap<(u8, u32), ReferrerId>,
}

impl Places {
    pub(crate) fn found(seed: u64, habits: &Habits, stage: &mut Stage) -> Self {
        let mut random = Random::of(seed, Stream::Cast, 14, 0);
        let around = |share: f64, random: &mut Random| {
            let odds = share / (1.0 - share) * random.log_normal(1.0, 0.8);
            odds / (1.0 + odds)
        };
        let sites = SITES
            .iter()
            .map(|&(host, cashback)| Site {
                host,
                referrer_share: around(habits.site_referrer_share, &mut random),
                opens_link: random.chance(habits.site_opens_share),
                auto_share: if cashback {
                    random.range(0.2, 0.7)
                } else {
                    random.range(0.0, 0.1)
                },
                style: random.below(4),
            })
            .collect();
        let extensions = EXTENSIONS
            .iter()
            .map(|&(name, _)| Extension {
                name,
                auto_share: around(habits.extension_auto_share, &mut random),
                opens_link: random.chance(habits.extension_opens_share),
            })
            .collect();
        let channels = CHANNELS
            .iter()
            .enumerate()
            .map(|(number, &text)| Channel {
                text,
                referrer: add_referrer(stage, text),
                referrer_share: around(habits.channel_referrer_share, &mut random),
                decay_hours: habits.channel_decay_hours
                    * random.log_normal(if number >= FIRST_FORUM { 7.0 } else { 1.0 }, 0.4),
                subscribers: Vec::new(),
            })
            .collect();
        Self {
            sites,
            extensions,
            channels,
            popularity: Popularity::falling(SITES.len()),
            traffic: Traffic::default(),
            boards: vec![Vec::new(); stage.merchants.len()],
            wobble_sigma: habits.wobble_sigma,
            pages: BTreeMap::new(),
        }
    }

    /// People join channels, thrifty ones more.
    pub(crate) fn subscribe(&mut self, people: &[Person], habits: &Habits, random: &mut Random) {
        let scale = habits.subscriber_share / habits.thrift_mean;
        for (number, channel) in self.channels.iter_mut().enumerate() {
            let share = scale * libm::pow(number as f64 + 1.0, -0.5) * 1.6;
            channel.subscribers = (0..)
                .zip(people)
                .filter(|(_, person)| random.chance((share * f64::from(person.thrift)).min(0.9)))
                .map(|(number, _)| number)
                .collect();
        }
    }

    pub(crate) fn board(&self, shop: u32) -> &[Listing] {
        &self.boards[shop as usize]
    }

    /// Puts a code up; what is long over makes room.
    pub(crate) fn list(&mut self, shop: u32, listing: Listing, now: i64) {
        let board = &mut self.boards[shop as usize];
        board.retain(|old| old.until > now);
        board.push(listing);
    }

    /// What is left to attract at a spot, counting what is listed there at any time after `now`.
    pub(crate) fn room(&self, shop: u32, spot: Spot, now: i64) -> f64 {
        let taken: f64 = self
            .board(shop)
            .iter()
            .filter(|listing| listing.spot == spot && listing.until > now)
            .map(|listing| listing.attention)
            .sum();
        (ATTENTION_MAX - taken).max(0.0)
    }

    /// What somebody finds who looks at the spot's page of the shop.
    pub(crate) fn find(
        &self,
        shop: u32,
        spot: Spot,
        ts: i64,
        random: &mut Random,
    ) -> Option<Listing> {
        let mut left = random.unit();
        for listing in self
            .board(shop)
            .iter()
            .filter(|listing| listing.spot == spot)
        {
            left -= listing.attention * listing.level(ts, self.wobble_sigma);
            if left < 0.0 {
                return Some(*listing);
            }
        }
        None
    }

    /// The sites that somebody turns to who looks for a code: favourites first, then whatever a search shows.
    pub(crate) fn itinerary(&self, person: &Person, random: &mut Random) -> [u8; 3] {
        let searched = if random.chance(0.6) {
            self.popularity.draw(random)
        } else {
            NO_SITE
        };
        let [first, second] = person.sites;
        let second = if random.chance(0.5) { second } else { NO_SITE };
        [first, second, searched]
    }

    /// The address of a site's page of a shop, as a referrer.
    pub(crate) fn page(&mut self, site: u8, shop: u32, stage: &mut Stage) -> ReferrerId {
        if let Some(&page) = self.pages.get(&(site, shop)) {
            return page;
        }
        let Site { host, style, .. } = self.sites[usize::from(site)];
        let name = url_word(&stage.merchants[shop as usize].name);
        let text = match style {
            0 => format!("https://{host}/"),
            1 => format!("https://www.{host}/promokod/{name}"),
            2 => format!("https://{host}/store/{name}?sort=top"),
            _ => format!("https://{host}/{name}-kody"),
        };
        let page = add_referrer(stage, &text);
        self.pages.insert((site, shop), page);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_found_while_it_is_up_and_takes_its_time_to_climb() {
        let settings = crate::settings::WorldSettings::default();
        let mut stage = Stage {
            cards: Vec::new(),
            merchants: vec![crate::agents::shops::cast_merchant(&settings, 0)],
            referrers: vec![String::new()],
        };
        let habits = Habits::draw(1, 0.0);
        let mut places = Places::found(1, &habits, &mut stage);
        let listing = Listing {
            spot: Spot::Site(2),
            code: 5,
            from: 10 * DAY_MS,
            until: 40 * DAY_MS,
            ramp_ms: 10 * DAY_MS,
            attention: 0.5,
            permitted: false,
        };
        places.list(0, listing, 0);
        let mut random = Random::of(1, Stream::People, 0, 0);
        let mut found = |spot, from: i64| {
            let looks = (0..4_000).filter(|n| {
                let ts = from + n * 6 * DAY_MS / 4_000;
                places.find(0, spot, ts, &mut random).is_some()
            });
            looks.count() as f64 / 4_000.0
        };
        assert_eq!(found(Spot::Site(2), 0), 0.0);
        assert_eq!(found(Spot::Site(1), 25 * DAY_MS), 0.0);
        assert_eq!(found(Spot::Site(2), 41 * DAY_MS), 0.0);
        let (climbing, up) = (
            found(Spot::Site(2), 10 * DAY_MS),
            found(Spot::Site(2), 25 * DAY_MS),
        );
        assert!(
            climbing < 0.6 * up && (0.25..0.75).contains(&up),
            "{climbing} {up}"
        );
        assert!((places.room(0, Spot::Site(2), 0) - 0.42).abs() < 1e-9);
    }
}
