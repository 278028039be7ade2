//! The second family of worlds: people with a home, habits and a memory, who follow partners, shop, look for
//! bargains and talk to each other.
//!
//! Decides what happens and when. No code has a rate: clicks, orders, who is new, from where and when follow
//! from what persons do. A leak is knowledge of a code at a place, and reaches whoever looks there. Must not
//! know how records are written or delivered.

mod audience;
mod buying;
mod cast;
mod chronotypes;
mod codes;
mod crowds;
mod events;
mod floods;
mod habits;
mod leaks;
mod names;
mod people;
mod person;
mod places;
mod plots;
mod posting;
mod seasons;
mod shopping;
mod shops;
mod stage_texts;
mod stories;
mod visiting;
mod warm_up;

use crate::agents::audience::Subscriptions;
use crate::agents::cast::Casting;
use crate::agents::codes::{Code, Partner};
use crate::agents::events::{Event, Queue, Scene};
use crate::agents::habits::Habits;
use crate::agents::names::{CodeTexts, MESSENGER, PLATFORMS, SEARCHES};
use crate::agents::people::Town;
use crate::agents::places::Places;
use crate::agents::seasons::Seasons;
use crate::agents::shops::{Market, cast_merchant};
use crate::agents::stage_texts::add_referrer;
use crate::agents::warm_up::{Fix, Tally, WARM_UP_DAYS};
use crate::calendar::Calendar;
use crate::draft::ReferrerId;
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::{Hour, days_ms};
use crate::world::{Answers, Happenings};

#[derive(Clone, Debug)]
pub(crate) struct Agents {
    settings: WorldSettings,
    habits: Habits,
    town: Town,
    market: Market,
    seasons: Seasons,
    partners: Vec<Partner>,
    codes: Vec<Code>,
    codes_of: Vec<Vec<u32>>,
    subscriptions: Subscriptions,
    places: Places,
    platform_referrers: Vec<ReferrerId>,
    search_referrers: Vec<ReferrerId>,
    messenger: ReferrerId,
    /// A platform whose app passes no referrers on for a while.
    mute: Option<(u8, i64, i64)>,
    calendar: Calendar<Event>,
    queue: Queue,
    random: Random,
    hour: Hour,
    clicks_made: u64,
    orders_made: u64,
    tally: Tally,
    fix: Fix,
    /// Shops in a sale in the hour before.
    in_sale: Vec<bool>,
    next_era: (u64, i64),
}

impl Agents {
    /// Sets the stage; `settings` must be valid.
    pub(crate) fn cast(settings: &WorldSettings) -> (Stage, Self, Answers) {
        let seed = settings.seed;
        let habits = Habits::draw(seed, settings.spread);
        let dawn = settings.start - days_ms(WARM_UP_DAYS);
        let mut stage = Stage {
            cards: Vec::new(),
            merchants: (0..settings.merchants)
                .map(|number| cast_merchant(settings, number))
                .collect(),
            // The one at 0 stands for none.
            referrers: vec![String::new()],
        };
        let platform_referrers = PLATFORMS
            .iter()
            .map(|platform| add_referrer(&mut stage, platform.referrer))
            .collect();
        let search_referrers = SEARCHES
            .iter()
            .map(|(engine, _)| add_referrer(&mut stage, engine))
            .collect();
        let messenger = add_referrer(&mut stage, MESSENGER);
        let mut places = Places::found(seed, &habits, &mut stage);
        let mut casting = Casting {
            settings,
            habits: &habits,
            stage: &mut stage,
            partners: Vec::new(),
            codes: Vec::new(),
            truths: Vec::new(),
            texts: CodeTexts::default(),
            dawn,
        };
        (0..settings.codes).for_each(|_| casting.add_code());
        let Casting {
            mut partners,
            mut codes,
            truths,
            ..
        } = casting;

        let mut codes_of = vec![Vec::new(); stage.merchants.len()];
        let mut coded = vec![0.0; stage.merchants.len()];
        for (number, code) in (0..).zip(&codes) {
            codes_of[code.shop as usize].push(number);
            coded[code.shop as usize] += code.pace;
        }
        let market = Market::open(seed, &stage, &coded, habits.coded_share);
        let mut by_land = [0.0; 2];
        for (merchant, coded) in stage.merchants.iter().zip(&coded) {
            by_land[people::land_of(merchant.country)] += coded;
        }
        let purchases = market.purchases_per_day();
        let mut town = Town::settle(seed, &habits, by_land, purchases, &places.popularity);
        let mut random = Random::of(seed, Stream::Events, 0, 0);
        remember_the_past(&mut town, &market, &habits, &mut random);
        places.subscribe(&town.people, &habits, &mut random);
        for (number, code) in (0..).zip(&mut codes) {
            let looks = habits.look_share * market.purchases[code.shop as usize];
            let partner = &mut partners[code.partner as usize];
            let texts = (&mut places, &mut stage);
            stories::settle((number, code), partner, &town, texts, looks, &mut random);
        }
        audience::gather(&mut partners, &town, &mut random);
        let mute = random.chance(0.3).then(|| {
            let platform = random.index(PLATFORMS.len()) as u8;
            let from = settings.start + days_ms(settings.days * random.unit());
            (platform, from, from + days_ms(random.range(2.0, 20.0)))
        });
        let mut agents = Self {
            seasons: Seasons::cast(seed, &habits, &stage, settings.start),
            subscriptions: Subscriptions::of(town.people.len(), &partners, &codes),
            in_sale: vec![false; stage.merchants.len()],
            settings: settings.clone(),
            habits,
            town,
            market,
            partners,
            codes,
            codes_of,
            places,
            platform_referrers,
            search_referrers,
            messenger,
            mute,
            calendar: Calendar::starting(dawn),
            queue: Queue::default(),
            random,
            hour: Hour::starting(dawn),
            clicks_made: 0,
            orders_made: 0,
            tally: Tally::default(),
            fix: Fix::default(),
            next_era: (0, settings.start),
        };
        let mut answers = Answers {
            truths,
            sightings: Vec::new(),
        };
        agents.warm_up(&mut stage, &mut answers);
        agents.begin_era(&mut stage, &mut answers);
        (stage, agents, answers)
    }

    fn begin_era(&mut self, stage: &mut Stage, answers: &mut Answers) {
        let (number, from) = self.next_era;
        let until = from + days_ms(self.settings.days).max(1);
        self.plot(stage, answers, (from, until), number);
        self.next_era = (number + 1, until);
    }

    /// What is broken at a shop in the hour that was played last.
    pub(crate) fn outage(&self, merchant: u32) -> Outage {
        self.seasons.outage(merchant, self.hour)
    }

    /// Plays one hour; hours must be played in order.
    pub(crate) fn play(
        &mut self,
        hour: Hour,
        stage: &mut Stage,
        answers: &mut Answers,
        out: &mut Happenings,
    ) {
        while self.next_era.1 < hour.until {
            self.begin_era(stage, answers);
        }
        self.play_hour(hour, stage, answers, out);
    }

    fn play_hour(
        &mut self,
        hour: Hour,
        stage: &mut Stage,
        answers: &mut Answers,
        out: &mut Happenings,
    ) {
        self.hour = hour;
        let codes_of = &self.codes_of;
        self.seasons.step(hour, stage, |shop, event| {
            for &code in &codes_of[shop as usize] {
                answers.truths[code as usize].note(event);
            }
        });
        let due = self.calendar.take_hour();
        // What lay beyond the calendar's edge when it was filed may still lie ahead.
        for &event in due.iter().filter(|event| event.ts >= hour.until) {
            self.schedule(event);
        }
        let of_the_hour = due.iter().filter(|event| event.ts < hour.until);
        self.queue.open(of_the_hour.copied());
        // Not recycled: a busy hour's memory would lie idle under an hour weeks ahead.
        drop(due);
        let mut scene = Scene {
            hour,
            stage,
            answers,
            out,
        };
        const QUIET_HOUR: usize = 4;
        if hour.week_hour % 24 == QUIET_HOUR {
            self.pass_a_day(hour.local_day);
        }
        for shop in 0..self.in_sale.len() {
            let sale = self.seasons.lift(shop as u32) > 1.0;
            if sale && !self.codes_of[shop].is_empty() {
                if !self.in_sale[shop] {
                    self.announce_sale(shop, hour.from);
                }
                self.sale_crowd(&mut scene, shop);
            }
            self.in_sale[shop] = sale;
        }
        for number in 0..self.codes.len() as u32 {
            self.flood(&mut scene, number);
        }
        while let Some(event) = self.queue.pop() {
            self.happens(&mut scene, event);
        }
    }
}

/// Shops know those who bought there before the world began.
fn remember_the_past(town: &mut Town, market: &Market, habits: &Habits, random: &mut Random) {
    const PURCHASES_MAX: u64 = 40;
    for (index, land) in town.lands.clone().iter().enumerate() {
        for number in land.from..land.until {
            let person = town.person_mut(number);
            let bought = random.poisson(f64::from(person.purchases_per_day) * habits.history_days);
            for _ in 0..bought.min(PURCHASES_MAX) {
                let Some(shop) = market.draw(index, random) else {
                    break;
                };
                let fits = person.cares_for(market.interests[shop as usize]);
                if fits || random.chance(0.5) {
                    person.meet(shop);
                }
            }
        }
    }
}
