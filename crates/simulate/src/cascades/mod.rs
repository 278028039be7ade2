//! A family of worlds as point processes and mixtures: every code is a self-exciting marked process, every
//! order belongs to a latent segment, and a leak is a stream of its own on top.
//!
//! Decides what happens and when. Must not know how records are written or delivered.
//!
//! How it is divided: `nature` holds the world's constants, drawn once; `kernel`, `clock` and `regimes` say
//! when things happen; `archetypes`, `segments`, `mixtures` and `restaurants` say to whom; `shops` and
//! `seasons` what shops tell and what comes over them; `stories`, `sources`, `leaks`, `leaked` and `plots`
//! what goes wrong or only looks so; `play`, `streams`, `checkout` and `leaked_orders` act it out hour by hour.

mod archetypes;
mod cast;
mod chance;
mod checkout;
mod clock;
mod codes;
mod kernel;
mod leaked;
mod leaked_orders;
mod leaks;
mod mixtures;
mod names;
mod nature;
mod play;
mod plots;
mod regimes;
mod restaurants;
mod seasons;
mod segments;
mod shops;
mod sources;
mod stories;
mod streams;

use crate::calendar::Calendar;
use crate::cascades::cast::{Casting, Places, cast_places};
use crate::cascades::chance::{Subject, chance};
use crate::cascades::codes::{CodeState, prevalences};
use crate::cascades::kernel::Stir;
use crate::cascades::names::CodeTexts;
use crate::cascades::nature::Nature;
use crate::cascades::play::{Scene, Serials, prelude_hours};
use crate::cascades::plots::Era;
use crate::cascades::restaurants::Guests;
use crate::cascades::seasons::Seasons;
use crate::cascades::segments::Segments;
use crate::cascades::shops::{Shop, cast_shop};
use crate::cascades::sources::{Source, cast_sources};
use crate::settings::WorldSettings;
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::{HOUR_MS, Hour, days_ms};
use crate::truth::{CodeTruth, TruthEvent};
use crate::world::{Answers, Happenings};

#[derive(Clone, Debug)]
pub(crate) struct Cascades {
    settings: WorldSettings,
    nature: Nature,
    segments: Segments,
    /// Weights of the segments for open shops and for marketplaces.
    prevalences: [Vec<f64>; 2],
    shops: Vec<Shop>,
    /// Codes of each shop.
    codes_of: Vec<Vec<u32>>,
    codes: Vec<CodeState>,
    sources: Vec<Source>,
    places: Places,
    seasons: Seasons,
    guests: Guests,
    serials: Serials,
    stirs: Calendar<Stir>,
    next_era: (u64, i64),
}

impl Cascades {
    /// Sets the stage; `settings` must be valid.
    pub(crate) fn cast(settings: &WorldSettings) -> (Stage, Self, Answers) {
        let nature = Nature::draw(settings.seed, settings.spread);
        let segments = Segments::cast(settings.seed, settings.spread, &nature.mixing);
        let from = settings.start - prelude_hours(settings.days) * HOUR_MS;
        let (merchants, shops): (Vec<_>, Vec<_>) = (0..settings.merchants)
            .map(|number| cast_shop(settings, &nature, number))
            .unzip();
        let mut stage = Stage {
            cards: Vec::new(),
            merchants,
            referrers: Vec::new(),
        };
        let places = cast_places(&mut stage);
        let prevalences = [false, true].map(|walled| prevalences(&segments, walled));
        let mut texts = CodeTexts::default();
        let mut answers = Answers::default();
        let mut codes = Vec::with_capacity(settings.codes as usize);
        let mut codes_of = vec![Vec::new(); shops.len()];
        let casting = Casting {
            settings,
            nature: &nature,
            segments: &segments,
            prevalences: &prevalences,
            shops: &shops,
            places: &places,
            from,
        };
        for number in 0..settings.codes {
            let (state, card, truth) = casting.code(&mut stage, &mut texts, number);
            codes_of[card.merchant as usize].push(number);
            codes.push(state);
            stage.cards.push(card);
            answers.truths.push(truth);
        }
        let mixing = nature.mixing;
        let mut cascades = Self {
            seasons: Seasons::cast(settings.seed, &nature, &stage.merchants, from),
            guests: Guests::new(
                settings.seed,
                shops.len(),
                segments.honest.len(),
                mixing.discount,
                mixing.mingle,
            ),
            sources: cast_sources(settings.seed, &nature.leaks, &segments),
            serials: Serials::default(),
            stirs: Calendar::starting(from),
            next_era: (0, settings.start),
            settings: settings.clone(),
            nature,
            segments,
            prevalences,
            shops,
            codes_of,
            codes,
            places,
        };
        cascades.begin_era(&mut stage, &mut answers);
        cascades.prelude(&mut stage, from);
        (stage, cascades, answers)
    }

    /// Plays the days before the world begins, unheard: what begins in them is still felt.
    fn prelude(&mut self, stage: &mut Stage, from: i64) {
        let mut unheard = Happenings::default();
        let mut at = from;
        while at < self.settings.start {
            self.play_hour(Hour::starting(at), stage, None, &mut unheard);
            unheard.clicks.clear();
            unheard.orders.clear();
            at += HOUR_MS;
        }
    }

    fn begin_era(&mut self, stage: &mut Stage, answers: &mut Answers) {
        let (number, from) = self.next_era;
        let until = from + days_ms(self.settings.days).max(1);
        let era = Era {
            number,
            from,
            until,
        };
        self.plot(stage, answers, era);
        self.next_era = (number + 1, until);
    }

    /// What is broken at a shop in the hour that was played last.
    pub(crate) fn outage(&self, merchant: u32) -> Outage {
        self.seasons.weather(merchant).outage
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
        self.play_hour(hour, stage, Some(&mut answers.truths), out);
    }

    /// Plays one hour; what happens around codes is told to `truths`, where there are any yet.
    fn play_hour(
        &mut self,
        hour: Hour,
        stage: &mut Stage,
        mut truths: Option<&mut Vec<CodeTruth>>,
        out: &mut Happenings,
    ) {
        let new_day = hour.week_hour.is_multiple_of(24);
        if new_day {
            self.wander(hour);
        }
        let codes_of = &self.codes_of;
        let mut note = |shop: usize, event: TruthEvent| {
            for &code in &codes_of[shop] {
                if let Some(truths) = truths.as_deref_mut() {
                    truths[code as usize].note(event);
                }
            }
        };
        if new_day {
            for (number, shop) in self.shops.iter_mut().enumerate() {
                let merchant = &mut stage.merchants[number];
                if shop.migrate(hour.from, &self.nature.shops, merchant) {
                    let kind = "coverage_change";
                    let at = hour.from;
                    note(
                        number,
                        TruthEvent {
                            kind,
                            at,
                            until: None,
                        },
                    );
                }
            }
        }
        self.seasons.step(hour, &stage.merchants, note);

        let due = self.stirs.take_hour();
        let mut scene = Scene {
            hour,
            seed: self.settings.seed,
            mistyped_share: self.settings.mistyped_share,
            nature: &self.nature,
            segments: &self.segments,
            stage,
            shops: &self.shops,
            seasons: &self.seasons,
            searches: &self.places.searches,
            messengers: &self.places.messengers,
            prevalences: &self.prevalences,
            codes: &mut self.codes,
            guests: &mut self.guests,
            serials: &mut self.serials,
            stirs: &mut self.stirs,
            open: due,
            random: chance(self.settings.seed, Subject::Hour, hour.from as u64, 0),
            out,
        };
        for code in 0..self.settings.codes {
            let truth = truths
                .as_deref_mut()
                .map(|truths| &mut truths[code as usize]);
            scene.begin(code, truth);
        }
        scene.run();
        let emptied = scene.open;
        self.stirs.recycle(emptied);
    }

    /// Lets levels and mixtures wander at midnight.
    fn wander(&mut self, hour: Hour) {
        for (state, code) in self.codes.iter_mut().zip(0..) {
            let day = hour.local_day as u64;
            let mut random = chance(self.settings.seed, Subject::Day, day, code + (1 << 32));
            state.wander(&self.nature.origins, &mut random);
            state.mixture.wander(&self.nature.mixing, &mut random);
        }
    }
}
