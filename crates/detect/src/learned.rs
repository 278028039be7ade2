//! The learned judge's look at a code, once an hour, where the code had orders.
//!
//! Decides: when the code is looked at, what surrounds it, and when its score crosses. Must not
//! know: how the model was fitted.

use promoguard_event::{Decibans, EventTime, Evidence};

use crate::facts::HourOfCode;
use crate::features::{
    LAG, ORDERS_MIN, Surroundings, TRAIT_SIGNALS, Usual, VOLUME_DAYS, feature_names, features,
};
use crate::judge::Verdict;
use crate::market::{Market, ShopView};
use crate::marks::Share;
use crate::model::smoothed;
use crate::orders::Judgement;
use crate::profile::Profile;
use crate::settings::DetectSettings;
use crate::stable::{decay, decibans};
use crate::suspect::Suspect;
use crate::watch::CodeWatch;

/// What the learned judge saw of one code at the close of one hour.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureRow {
    /// The normalised code.
    pub code: String,
    /// The hour.
    pub hour: promoguard_event::Hour,
    /// Values in the order of [`crate::feature_names`].
    pub values: Vec<f32>,
}

impl CodeWatch {
    /// A code with evidential orders gets a profile.
    pub(crate) fn begin_profile(&mut self, facts: &HourOfCode<'_>, judgements: &[Judgement<'_>]) {
        let evidential = judgements.iter().any(|judgement| judgement.counts);
        if self.profile.is_none() && evidential {
            self.profile = Some(Box::new(Profile::new(facts.hour.index())));
        }
    }

    /// Brings the profile up to the hour and looks at it.
    pub(crate) fn look_back(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        judgements: &[Judgement<'_>],
        out: &mut Vec<Verdict>,
    ) {
        let Some(profile) = &mut self.profile else {
            return;
        };
        profile.advance(facts.hour.index());
        let clicks = facts.clicks;
        profile.add_clicks(clicks.first_visits.saturating_sub(clicks.bots));
        let evidential = judgements.iter().filter(|judgement| judgement.counts);
        let mut last_order: Option<EventTime> = None;
        for judgement in evidential {
            let reading = &judgement.reading;
            let ratio = std::array::from_fn(|kind| reading.ratio[kind] / judgement.means[kind]);
            profile.add_order(reading, &ratio, judgement.attempt.rejected);
            last_order = last_order.max(Some(judgement.attempt.ts.max(facts.hour.start())));
        }
        if profile.is_forgotten() {
            self.profile = None;
            return;
        }
        if let Some(suspect) = self
            .suspect
            .as_mut()
            .filter(|suspect| suspect.open.is_none())
        {
            suspect.note_past(profile);
        }
        if profile.orders[2] < ORDERS_MIN || (last_order.is_none() && !self.episode_open()) {
            return;
        }
        let values = self.learned_features(settings, market, facts);
        if settings.learned {
            self.note_learned(settings, settings.judge.margin(&values), last_order, facts);
        }
        if settings.export_features && last_order.is_some() {
            out.push(Verdict::Features(Box::new(FeatureRow {
                code: facts.code.as_str().to_owned(),
                hour: facts.hour,
                values,
            })));
        }
    }

    fn note_learned(
        &mut self,
        settings: &DetectSettings,
        margin: f64,
        last_order: Option<EventTime>,
        facts: &HourOfCode<'_>,
    ) {
        let Some(profile) = &mut self.profile else {
            return;
        };
        let before = profile.learned_margin.map(f64::from);
        let margin = smoothed(before, margin);
        profile.learned_margin = Some(margin as f32);
        let db = settings.judge.model().score_db(margin) - settings.learned_reserve_db;
        if db >= settings.learned_suspect_db && self.suspect.is_none() {
            let since = facts.hour.start();
            let mut suspect = Suspect::new(since, Some(&profile.recent));
            suspect.note_past(profile);
            self.suspect = Some(Box::new(suspect));
        }
        let closed = facts.hour.end().plus_millis(-1);
        self.note_peak(db, last_order.unwrap_or(closed));
        let Some(ts) = last_order else { return };
        if let Some(suspect) = &mut self.suspect {
            let ripe = self.accepted >= settings.flag_orders_min;
            if db >= settings.flag_db() && ripe && suspect.crossed_at.is_none() {
                suspect.crossed_at = Some(ts);
            }
        }
    }

    /// The features of the code as of the hour; it must have a profile.
    pub(crate) fn learned_features(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Vec<f32> {
        let around = self.surroundings(settings, market, facts);
        let profile = self.profile.as_deref().expect("the caller saw a profile");
        features(profile, &around)
    }

    fn surroundings(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Surroundings {
        let view: ShopView<'_> = market.view(settings, self.shop_of(facts), facts.hour);
        let standing = self.standing(settings, facts);
        let clicks = self.clicks.evidence(self.click_day.temper(settings));
        let flood = self.flood.as_deref();
        Surroundings {
            // Today has only begun: it is taken together with yesterday.
            lift: VOLUME_DAYS.map(|days| view.market_lift(days + 1, LAG)),
            conversion: view.conversion(),
            kinds_db: self
                .kind_mass(settings)
                .map(|mass| decibans(libm::log(mass))),
            clicks_db: decibans(libm::log(clicks)),
            flood_db: flood.map_or(0.0, |track| track.score_db(settings)),
            carries_click_id: view.coverage(Share::HasClickId),
            carries_referrer: view.coverage(Share::HasReferrer),
            shop_orders: view.orders_known(),
            shop_suspects: view.suspect_share(),
            post_freshness: self.post_freshness(facts),
            posts_told: facts.entry.is_some_and(|entry| !entry.posts.is_empty()),
            offline: standing.offline,
            public: standing.public,
            post_expected: standing.post_expected,
            discount_changed: standing.discount_changed,
        }
    }

    fn post_freshness(&self, facts: &HourOfCode<'_>) -> f64 {
        let by_registry = facts.entry.map_or(&[][..], |entry| &entry.posts);
        let by_decision = self.notes.as_deref().map_or(&[][..], |notes| &notes.posts);
        let end = facts.hour.end();
        let ages = by_registry.iter().chain(by_decision);
        let ages = ages
            .map(|post| end.millis_since(*post))
            .filter(|age| *age >= 0);
        ages.min().map_or(0.0, |age| {
            decay(age as f64 / 86_400_000.0, POST_HALF_LIFE_DAYS)
        })
    }

    /// The learned score told by signal: the exact contributions of its features, what every code
    /// starts from, and what the scale adds.
    pub(crate) fn learned_evidence(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Vec<Evidence> {
        let values = self.learned_features(settings, market, facts);
        let profile = self.profile.as_deref().expect("the caller saw a profile");
        let margin = profile.learned_margin.map(f64::from);
        let margin = margin.unwrap_or_else(|| settings.judge.margin(&values));
        let parts = settings.judge.explain(&values, margin);
        let mut signals: Vec<(&'static str, f64)> = Vec::new();
        for (name, db) in feature_names().into_iter().zip(parts.features) {
            // Of what nobody listens to the model sees only that it is missing.
            let told = match settings.is_off(name.signal) {
                true => "context",
                false => name.signal,
            };
            match signals.iter_mut().find(|(signal, _)| *signal == told) {
                Some((_, sum)) => *sum += db,
                None => signals.push((told, db)),
            }
        }
        let end = facts.hour.end();
        let window = (EventTime::from_millis(end.millis() - WINDOW_MS), end);
        let item = |signal, seen: Option<Seen>, db| Evidence::Signal {
            signal,
            observed: seen.map(|seen| seen.observed),
            expected: seen.map(|seen| seen.expected),
            n: seen.map_or(0, |seen| seen.n),
            decibans: Decibans::new(db),
            window,
        };
        let mut evidence: Vec<Evidence> = signals
            .into_iter()
            .map(|(signal, db)| item(signal, self.seen_of(profile, signal), db))
            .collect();
        evidence.push(item("prior", None, parts.start));
        evidence.push(item("persistence", None, parts.persistence));
        let scale_db = parts.scale - settings.learned_reserve_db;
        evidence.push(item("scale", None, scale_db));
        evidence
    }

    /// What was observed of a signal against what the code's own habits let expect.
    fn seen_of(&self, profile: &Profile, signal: &str) -> Option<Seen> {
        if signal == "volume" {
            let usual = Usual::of(profile);
            let week = 8;
            let observed: f64 = (0..week).map(|ago| profile.day_ago(ago).0).sum();
            return (usual.days >= 1.0).then(|| Seen {
                observed: observed / week as f64,
                expected: usual.per_day(),
                n: libm::round(observed) as u64,
            });
        }
        let index = TRAIT_SIGNALS.iter().position(|name| *name == signal)?;
        let habit = profile.habits[index];
        (habit.told > 0.5).then(|| Seen {
            observed: f64::from(habit.shown / habit.told),
            expected: f64::from(habit.own / habit.told),
            n: libm::round(f64::from(habit.told)) as u64,
        })
    }
}

/// Observed, expected, and of how many.
#[derive(Clone, Copy, Debug)]
struct Seen {
    observed: f64,
    expected: f64,
    n: u64,
}

/// Half-life of what a post explains, days.
const POST_HALF_LIFE_DAYS: f64 = 2.0;
/// The learned judge remembers a month at half weight or more.
const WINDOW_MS: i64 = 28 * 86_400_000;
