//! The third family of worlds: nobody models honest behaviour, it is resampled from a recording.
//!
//! A code's traffic is a chain of blocks of recorded codes' traffic, and a leak is the theft of orders that the
//! shop had anyway. Decides which recorded hour is played where, how thickly, and what is injected into it. Must
//! not know how records are written or delivered.

mod bursts;
mod cast;
mod codes;
mod floods;
mod habits;
mod honest;
mod leaks;
mod people;
mod plots;
mod recording;
mod scene;
mod shops;
mod stories;
mod tape;
mod theft;

use crate::draft::ReferrerId;
use crate::programme::cast::{cast_merchant, coupon_hosts};
use crate::programme::names::{CodeTexts, SEARCHES};
use crate::programme::seasons::Seasons;
use crate::random::{Random, Stream};
use crate::resampled::cast::{Casting, add_referrer};
use crate::resampled::codes::Code;
use crate::resampled::habits::Habits;
use crate::resampled::people::People;
use crate::resampled::recording::Recording;
use crate::resampled::scene::{Scene, Serials};
use crate::resampled::shops::{Now, Shop};
use crate::resampled::stories::{Effect, lunch_begins};
use crate::settings::WorldSettings;
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::{HOUR_MS, Hour, days_ms};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};
use crate::world::{Answers, Happenings};

#[derive(Clone, Debug)]
pub(crate) struct Resampled {
    settings: WorldSettings,
    habits: Habits,
    recording: Recording,
    shops: Vec<Shop>,
    codes: Vec<Code>,
    /// Codes of each shop.
    codes_of: Vec<Vec<u32>>,
    seasons: Seasons,
    people: People,
    serials: Serials,
    searches: Vec<ReferrerId>,
    /// Coupon sites, and the share of their visitors who show where they come from.
    sites: Vec<(&'static str, f64)>,
    site_weights: Vec<f64>,
    next_era: (u64, i64),
}

impl Resampled {
    /// Sets the stage; `settings` must be valid.
    pub(crate) fn cast(settings: &WorldSettings) -> (Stage, Self, Answers) {
        let seed = settings.seed;
        let habits = Habits::drawn(seed, settings.spread);
        let recording = tape::record(settings);
        let mut stage = Stage {
            cards: Vec::new(),
            merchants: (0..settings.merchants)
                .map(|number| cast_merchant(settings, &habits.shops, number))
                .collect(),
            // Numbered as in the recording.
            referrers: recording.referrers.clone(),
        };
        let searches = SEARCHES
            .iter()
            .map(|engine| add_referrer(&mut stage, engine))
            .collect();
        let mut shops: Vec<Shop> = (0..)
            .zip(&stage.merchants)
            .map(|(number, merchant)| Shop::cast(seed, &habits, &recording, merchant, number))
            .collect();
        let mut casting = Casting {
            settings,
            habits: &habits,
            recording: &recording,
            stage: &mut stage,
            shops: &mut shops,
            texts: CodeTexts::default(),
        };
        let mut answers = Answers::default();
        let mut codes = Vec::with_capacity(settings.codes as usize);
        let mut codes_of = vec![Vec::new(); settings.merchants as usize];
        for number in 0..settings.codes {
            let (code, card, truth) = casting.cast_code(number);
            codes_of[code.shop as usize].push(number);
            codes.push(code);
            casting.stage.cards.push(card);
            answers.truths.push(truth);
        }
        let mut random = Random::of(seed, Stream::Cast, 13, 0);
        let places = &habits.places;
        let (sites, site_weights) = coupon_hosts()
            .map(|(host, listed)| {
                let named = random.between(places.site_named);
                let usual = if listed { 1.0 } else { places.unlisted_weight };
                let weight = random.log_normal(usual, places.popularity_sigma);
                ((host, named), weight)
            })
            .unzip();
        let mut resampled = Self {
            seasons: Seasons::cast(seed, &habits.seasons, &stage.merchants, settings.start),
            people: People::new(seed, settings.codes, &habits.places),
            serials: Serials::default(),
            next_era: (0, settings.start),
            settings: settings.clone(),
            habits,
            recording,
            shops,
            codes,
            codes_of,
            searches,
            sites,
            site_weights,
        };
        resampled.begin_era(&mut stage, &mut answers);
        (stage, resampled, answers)
    }

    fn begin_era(&mut self, stage: &mut Stage, answers: &mut Answers) {
        let (number, from) = self.next_era;
        let until = from + days_ms(self.settings.days).max(1);
        self.plot(stage, answers, (from, until), number);
        self.next_era = (number + 1, until);
    }

    /// What is broken at a shop in the hour that was played last.
    pub(crate) fn outage(&self, merchant: u32) -> Outage {
        self.seasons.outage(merchant as usize)
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
        let codes_of = &self.codes_of;
        let weather = self.seasons.step(hour, &stage.merchants, |shop, event| {
            for &code in &codes_of[shop] {
                answers.truths[code as usize].note(event);
            }
        });
        let seed = self.settings.seed;
        let since = (hour.from - self.settings.start).div_euclid(HOUR_MS);
        for (number, shop) in self.shops.iter_mut().enumerate() {
            if codes_of[number].is_empty() {
                continue;
            }
            let now = shop.step(seed, since);
            for &code in &codes_of[number] {
                let code = &mut self.codes[code as usize];
                if now.begins {
                    code.begin_block(seed, &self.habits, shop, now.block);
                }
                if since % 24 == 0 {
                    code.wander(seed, &self.habits, hour.local_day);
                }
                if hour.until <= code.starts_at {
                    continue;
                }
                let mut scene = Scene {
                    hour,
                    now,
                    seed,
                    code: code.number,
                    ends_at: code.ends_at,
                    lift: weather[number].lift,
                    habits: &self.habits,
                    recording: &self.recording,
                    merchant: &stage.merchants[number],
                    shop,
                    people: &mut self.people,
                    serials: &mut self.serials,
                    searches: &self.searches,
                    mistyped_share: self.settings.mistyped_share,
                    random: Random::of(seed, Stream::Hour, code.number.into(), hour.from as u64),
                    out,
                };
                play_code(
                    &mut scene,
                    code,
                    now,
                    &mut answers.truths[code.number as usize],
                );
            }
        }
    }
}

/// One code's hour.
fn play_code(scene: &mut Scene<'_>, code: &mut Code, now: Now, truth: &mut CodeTruth) {
    let hour = scene.hour;
    let recording = scene.recording;
    let day = |stream| {
        Random::of(
            scene.seed,
            stream,
            code.number.into(),
            hour.local_day as u64,
        )
    };
    let mut office_day = day(Stream::Office);
    let mut leak_day = day(Stream::LeakDay);
    let office_days = scene.habits.office_days;
    let effect = code.story.map_or(Effect::NONE, |story| {
        story.effect(recording, hour, office_days, &mut office_day)
    });
    if effect.office_orders > 0.0 && lunch_begins(hour) {
        truth.note(TruthEvent {
            kind: HonestLookalike::OfficeSharing.name(),
            at: hour.from,
            until: Some(hour.from + 3 * HOUR_MS),
        });
    }
    let left = left_of_life(code, scene.habits, hour);
    scene.honest_hour(code, &effect, left);
    if let Some(mut leak) = code.leak.take() {
        let stock = &recording.stocks[usize::from(scene.shop.walled_stock)];
        let shop = stock.level(now.recorded);
        let (level, message) = leak.level(hour, recording, shop, &mut leak_day);
        if let Some(at) = message.filter(|&at| at >= leak.onset && at < leak.until) {
            truth.note(TruthEvent {
                kind: "leak_burst",
                at,
                until: None,
            });
        }
        let mean = code.orders_per_day / 24.0 * level * libm::sqrt(scene.lift) * left;
        let count = scene.random.poisson(mean);
        scene.leaked_orders(&mut leak, count);
        code.leak = Some(leak);
    }
    if let Some(flood) = code.flood.filter(|flood| flood.is_on(hour)) {
        scene.flood_clicks(&flood, &recording.donors[code.donor as usize]);
    }
}

/// What is left of a code's life after its end.
fn left_of_life(code: &Code, habits: &Habits, hour: Hour) -> f64 {
    if hour.from < code.ends_at {
        return 1.0;
    }
    libm::exp2(-((hour.from - code.ends_at) as f64) / days_ms(habits.ended_halves_days) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Family;

    /// A world in which nothing happens to a code but what is borrowed.
    fn plain(seed: u64) -> (Stage, Resampled, Answers) {
        let mut world = WorldSettings {
            seed,
            family: Family::Resampled,
            codes: 40,
            merchants: 4,
            orders_per_day_median: 3.0,
            leak_share: 0.0,
            click_flood_share: 0.0,
            lookalike_share: 0.0,
            mistyped_share: 0.0,
            ..WorldSettings::default()
        };
        world.start = world.start.div_euclid(HOUR_MS) * HOUR_MS;
        Resampled::cast(&world)
    }

    #[test]
    fn an_honest_hour_brings_clicks_where_the_donors_same_hour_of_the_week_did() {
        for seed in 1..4 {
            let (mut stage, mut resampled, mut answers) = plain(seed);
            let mut out = Happenings::default();
            let (mut played, mut recorded) = (0.0, 0.0);
            for since in 0..21 * 24 {
                let hour = Hour::starting(resampled.settings.start + since * HOUR_MS);
                out.clicks.clear();
                out.orders.clear();
                resampled.play(hour, &mut stage, &mut answers, &mut out);
                for code in &resampled.codes {
                    let shop = &resampled.shops[code.shop as usize];
                    let from = shop.recorded_hour(seed, since);
                    assert_eq!(from % (7 * 24), since as usize % (7 * 24));
                    let donor = &resampled.recording.donors[code.donor as usize];
                    let clicks = out.clicks.iter().filter(|click| click.code == code.number);
                    let clicks = clicks.count();
                    assert!(clicks == 0 || !donor.clicks_in(from).is_empty());
                    if code.starts_at < hour.from {
                        let (_, thickness) = code.factors(&resampled.recording);
                        played += clicks as f64;
                        recorded += thickness * donor.clicks_in(from).len() as f64;
                    }
                }
            }
            // Sales and clicks that orders need come on top.
            assert!(
                (0.85..1.5).contains(&(played / recorded)),
                "{}",
                played / recorded
            );
        }
    }

    #[test]
    fn orders_follow_the_click_that_they_followed_in_the_recording() {
        let (mut stage, mut resampled, mut answers) = plain(2);
        let mut out = Happenings::default();
        let mut clicks = std::collections::HashMap::new();
        let mut linked = 0;
        for since in 0..14 * 24 {
            let hour = Hour::starting(resampled.settings.start + since * HOUR_MS);
            resampled.play(hour, &mut stage, &mut answers, &mut out);
            clicks.extend(out.clicks.drain(..).map(|click| (click.id, click)));
            for order in out.orders.drain(..) {
                let Some((id, _)) = order.click else {
                    continue;
                };
                linked += 1;
                assert_eq!(clicks[&id].code, order.code);
                assert!(clicks[&id].ts < order.ts);
            }
        }
        assert!(linked > 100, "{linked}");
    }
}
