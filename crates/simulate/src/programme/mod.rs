//! The first family of worlds, a programme: every code has rates, and each hour's clicks, typed orders and
//! leaked orders are drawn from them.
//!
//! Decides what happens and when. Must not know how records are written or delivered.

pub(crate) mod cast;
mod codes;
mod customers;
pub(crate) mod habits;
mod leaks;
pub(crate) mod names;
mod orders;
mod plots;
mod posts;
pub(crate) mod seasons;
mod stories;

use crate::programme::cast::{Referrers, cast_code, cast_merchant, cast_referrers};
use crate::programme::codes::CodePlan;
use crate::programme::customers::{Circle, Customers};
use crate::programme::habits::{BuyerHabits, Habits};
use crate::programme::leaks::{Era, Site};
use crate::programme::names::CodeTexts;
use crate::programme::orders::{Scene, Serials};
use crate::programme::plots::cast_sites;
use crate::programme::seasons::Seasons;
use crate::programme::stories::{Effect, lunch_begins};
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::shape::WeekShape;
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::{Hour, days_ms};
use crate::truth::{HonestLookalike, TruthEvent};
use crate::world::{Answers, Happenings};

/// Customers of a shop who are remembered as having used a code of it.
const CIRCLE_MAX: usize = 256;

#[derive(Clone, Debug)]
pub(crate) struct Programme {
    settings: WorldSettings,
    habits: Habits,
    plans: Vec<CodePlan>,
    /// Codes of each shop.
    codes_of: Vec<Vec<u32>>,
    circles: Vec<Circle>,
    seasons: Seasons,
    customers: Customers,
    serials: Serials,
    referrers: Referrers,
    sites: Vec<Site>,
    office: WeekShape,
    next_era: (u64, i64),
}

impl Programme {
    /// Sets the stage; `settings` must be valid.
    pub(crate) fn cast(settings: &WorldSettings) -> (Stage, Self, Answers) {
        let habits = Habits::drawn(settings.seed, settings.spread);
        let mut stage = Stage {
            cards: Vec::new(),
            merchants: (0..settings.merchants)
                .map(|number| cast_merchant(settings, &habits.shops, number))
                .collect(),
            referrers: Vec::new(),
        };
        let referrers = cast_referrers(&mut stage);
        let mut texts = CodeTexts::default();
        let mut answers = Answers::default();
        let mut plans = Vec::with_capacity(settings.codes as usize);
        let mut codes_of = vec![Vec::new(); stage.merchants.len()];
        for number in 0..settings.codes {
            let (plan, card, truth) = cast_code(
                settings, &habits, &mut stage, &referrers, &mut texts, number,
            );
            codes_of[card.merchant as usize].push(number);
            plans.push(plan);
            stage.cards.push(card);
            answers.truths.push(truth);
        }
        let mut programme = Self {
            circles: vec![Circle::of(CIRCLE_MAX); stage.merchants.len()],
            seasons: Seasons::cast(
                settings.seed,
                &habits.seasons,
                &stage.merchants,
                settings.start,
            ),
            customers: Customers::new(settings.seed, settings.codes, &habits.places),
            serials: Serials::default(),
            sites: cast_sites(settings.seed, &habits.places),
            office: WeekShape::office(),
            next_era: (0, settings.start),
            settings: settings.clone(),
            habits,
            plans,
            codes_of,
            referrers,
        };
        programme.begin_era(&mut stage, &mut answers);
        (stage, programme, answers)
    }

    fn begin_era(&mut self, stage: &mut Stage, answers: &mut Answers) {
        let (number, from) = self.next_era;
        let until = from + days_ms(self.settings.days).max(1);
        self.plot(stage, answers, Era { from, until }, number);
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
        for (code, plan) in self.plans.iter_mut().enumerate() {
            let (level, _) = plan.posts.level(hour);
            if hour.until <= plan.starts_at {
                continue;
            }
            let shop = plan.merchant as usize;
            let scene = Scene {
                hour,
                code: code as u32,
                seed,
                habits: &self.habits.buyers,
                merchant: &stage.merchants[shop],
                weather: weather[shop],
                effect: plan.story.map_or(Effect::NONE, |story| {
                    story.effect(&self.habits.stories, hour, (seed, code as u64))
                }),
                searches: &self.referrers.searches,
                stray_coupon: self.referrers.stray_coupon,
                mistyped_share: self.settings.mistyped_share,
                customers: &mut self.customers,
                circle: &mut self.circles[shop],
                serials: &mut self.serials,
                random: Random::of(seed, Stream::Hour, code as u64, hour.from as u64),
                out,
            };
            let truth = &mut answers.truths[code];
            play_code(scene, plan, level, &self.office, |event| truth.note(event));
        }
    }
}

/// One code's hour. `level` is what its posts make of it, relative to the long run.
fn play_code(
    mut scene: Scene<'_>,
    plan: &mut CodePlan,
    level: f64,
    office: &WeekShape,
    mut note: impl FnMut(TruthEvent),
) {
    let hour = scene.hour;
    let code = u64::from(scene.code);
    let (effect, weather) = (scene.effect, scene.weather);
    let day = plan.day_factor(scene.seed, code, hour);
    let followers = plan.week.at(hour.week_hour) * day * level;
    // A lift comes half from more visits, half from more of them buying.
    let half_lift = libm::sqrt(weather.lift);
    let faded = faded(plan, scene.habits, hour);

    let clicks_mean = plan.clicks_per_hour * followers * effect.clicks * half_lift * faded;
    let clicks = scene.random.poisson(clicks_mean);
    let linked_per_click = plan.orders_per_hour * (1.0 - plan.typed_share) / plan.clicks_per_hour;
    let conversion = (linked_per_click * effect.conversion * half_lift).min(0.6);
    scene.honest_clicks(plan, clicks, conversion);

    // People who remember a code type it when they shop, not only when it is posted.
    let share = scene.habits.remembered;
    let remembered =
        (1.0 - share) * followers + share * day * scene.merchant.week.at(hour.week_hour);
    let typed_mean = plan.orders_per_hour
        * plan.typed_share
        * remembered
        * weather.lift
        * effect.conversion
        * faded;
    let typed = scene.random.poisson(typed_mean * effect.clicks.min(2.0));
    scene.typed_orders(plan, typed);

    if effect.office_orders > 0.0 {
        if lunch_begins(hour) {
            let kind = HonestLookalike::OfficeSharing.name();
            note(TruthEvent {
                kind,
                at: hour.from,
                until: Some(hour.from + 3 * (hour.until - hour.from)),
            });
        }
        let colleagues = scene.random.poisson(effect.office_orders);
        scene.office_orders(plan, colleagues);
    }
    if let Some(mut leak) = plan.leak.take() {
        let (leak_level, message) =
            leak.level(hour, &scene.merchant.week, office, (scene.seed, code));
        if let Some(at) = message.filter(|&at| at >= leak.onset && at < leak.until) {
            note(TruthEvent {
                kind: "leak_burst",
                at,
                until: None,
            });
        }
        let mean = plan.orders_per_hour * leak_level * libm::sqrt(weather.lift) * faded;
        let count = scene.random.poisson(mean);
        scene.leaked_orders(plan, &mut leak, count);
        plan.leak = Some(leak);
    }
    if let Some(flood) = plan.flood.filter(|flood| flood.is_on(hour)) {
        let count = scene.random.poisson(flood.clicks_per_hour);
        scene.flood_clicks(&flood, count);
    }
}

/// What is left of a code's life after its end.
fn faded(plan: &CodePlan, habits: &BuyerHabits, hour: Hour) -> f64 {
    if hour.from < plan.ends_at {
        return 1.0;
    }
    libm::exp2(-((hour.from - plan.ends_at) as f64) / days_ms(habits.ended_halves_days) as f64)
}
