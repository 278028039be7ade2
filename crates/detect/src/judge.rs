//! Phase 2 of an hour: the facts of one code become evidence, and evidence becomes flags.
//!
//! Decides: the order in which decisions, sightings, clicks, orders and their ends are taken,
//! and when an episode opens. Must not know: other codes, except through the market.

use promoguard_event::{
    Currency, Decimal, EventTime, Flag, FlagState, JudgedOrder, Onset, Outcome, Status, Track,
    flag_id,
};

use crate::click_watch::{self, FloodTrack, Referred};
use crate::decision::Effect;
use crate::episode::{OpenEpisode, Standing as EpisodeStanding};
use crate::eprocess::{Bets, mixture_logs};
use crate::expected::Expected;
use crate::explain::{Case, flood_flag, leak_flag};
use crate::exposure::exposure;
use crate::facts::{AttemptFact, HourOfCode};
use crate::hosts::classify_host_here;
use crate::market::{Market, day_of};
use crate::marks::{KINDS, Kind, OBSERVING, RATIO_CLICKS, RATIO_FLOOD, RATIOS, Signal, Silence};
use crate::onset::RingOrder;
use crate::prepare::{fingerprint, is_permitted, permitted_hosts};
use crate::reading::{Reading, read_attempt};
use crate::settings::DetectSettings;
use crate::stable::{decibans, stable_hash};
use crate::sums::ShopId;
use crate::suspect::Suspect;
use crate::watch::CodeWatch;

/// Customers of a day remembered for one code; beyond them the oldest is forgotten.
const CUSTOMERS_MAX: usize = 512;
/// What a sighting on a known coupon site is worth, as a likelihood ratio.
const SIGHTING_COUPON: f64 = 10.0;
/// What a sighting on an unknown page is worth.
const SIGHTING_OTHER: f64 = 3.0;

/// What the judge has to say at the close of an hour.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A suspicion opened, escalated, updated or cleared.
    Flag(Box<Flag>),
    /// One accepted order with its leak probability.
    Judged(JudgedOrder),
    /// A signal abstained on one order; for counting.
    Abstained(&'static str),
}

/// Readings of one hour with what they are divided by.
struct Judgement<'a> {
    attempt: &'a AttemptFact,
    reading: Reading,
    means: [f64; RATIOS],
    counts: bool,
}

impl CodeWatch {
    /// Phase 2: judges the hour against a market that has absorbed it.
    pub fn judge(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        self.catch_up(settings, facts);
        self.decide(settings, facts, out);
        self.take_sightings(settings, facts);
        self.take_clicks(settings, market, facts);
        let judgements = self.read_orders(settings, market, facts);
        self.become_suspect(settings, facts, &judgements);
        for judgement in &judgements {
            self.take_order(settings, facts, judgement, out);
        }
        self.take_changes(facts);
        self.remember(settings, facts, &judgements);
        self.close_leak_hour(settings, facts, out);
        self.close_flood_hour(settings, facts, out);
        self.last_step = facts.hour.index();
    }

    fn decide(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        for decision in facts.decisions {
            let number = u32::from(self.episodes);
            let code = facts.code.as_str();
            let about_leak = number > 0 && *decision.flag_id == *flag_id(code, Track::Leak, number);
            let notes = self.notes.get_or_insert_default();
            let effect = notes.decide(decision, about_leak);
            match effect {
                Effect::Noted => {}
                Effect::Confirm => {
                    if let Some(open) = self.suspect.as_mut().and_then(|s| s.open.as_mut()) {
                        open.confirmed = true;
                    }
                }
                Effect::AcceptPresent => {
                    self.own.accept_present();
                    self.end_episode(settings, facts, out);
                }
                Effect::Void => {
                    self.own.drop_pending();
                    self.end_episode(settings, facts, out);
                }
                Effect::Restart => self.end_episode(settings, facts, out),
            }
            let flooded = u32::from(self.flood_episodes);
            let about_flood =
                flooded > 0 && *decision.flag_id == *flag_id(code, Track::ClickFlood, flooded);
            let forgiven = matches!(decision.outcome, Outcome::Legitimate | Outcome::DataError);
            if about_flood && forgiven {
                self.end_flood(settings, facts, out);
            }
        }
    }

    fn take_sightings(&mut self, settings: &DetectSettings, facts: &HourOfCode<'_>) {
        for sighting in facts.sightings {
            let Some(host) = sighting.url_host.as_deref() else {
                continue;
            };
            let class = classify_host_here(settings, host);
            let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
            // A partner's own channel is where the code belongs.
            if class.is_audience() || is_permitted(host, &permitted) {
                continue;
            }
            let notes = self.notes.get_or_insert_default();
            if !notes.sighting_counts(settings, stable_hash(host.as_bytes()), day_of(facts.hour)) {
                continue;
            }
            let ratio = if class.is_coupon() {
                SIGHTING_COUPON
            } else {
                SIGHTING_OTHER
            };
            let suspect = self
                .suspect
                .get_or_insert_with(|| Box::new(Suspect::new(sighting.ts, &self.recent)));
            let mut logs = [[0.0; OBSERVING]; KINDS];
            logs[Kind::Site as usize][Signal::Sighting as usize] = libm::log(ratio);
            let mut ratios = [1.0; KINDS];
            ratios[Kind::Site as usize] = ratio;
            suspect.ledger.book(settings, &logs, &ratios, &[1.0; KINDS]);
            suspect.ledger.tallies[Signal::Sighting as usize].add(1.0, 0.0);
            suspect.note_host(host, class.is_coupon());
            self.orders[Kind::Site as usize].add(&mixture_logs(settings, ratio));
            self.order_day.seen += 1;
        }
    }

    fn take_clicks(&mut self, settings: &DetectSettings, market: &Market, facts: &HourOfCode<'_>) {
        let clicks = facts.clicks;
        if clicks.clicks == 0 {
            return;
        }
        let shop = self.shop_of(facts);
        let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
        let referred = Referred::of(settings, clicks, &permitted);
        let (mut bets, mut day) = (self.clicks, self.click_day);
        let expected = self.expected(settings, market, facts, shop);
        let means = expected.view.ratio_means();
        if referred.all() > 0 {
            click_watch::bet_on_referrers(
                &expected,
                referred,
                means[RATIO_CLICKS],
                &mut bets,
                &mut day,
            );
        }
        self.clicks = bets;
        self.click_day = day;
        self.coupon_clicks = self.coupon_clicks.saturating_add(referred.coupon);
        if self.coupon_clicks == 0 {
            let most = settings.unknown_host_db_max * core::f64::consts::LN_10 / 10.0;
            self.clicks.hold(most, self.click_day.temper(settings));
        }
        self.take_flood(settings, facts, means[RATIO_FLOOD]);
        self.own.remember_clicks(
            clicks.first_visits,
            referred.all(),
            referred.coupon,
            referred.unknown,
        );
    }

    fn take_flood(&mut self, settings: &DetectSettings, facts: &HourOfCode<'_>, mean: f64) {
        let hour = facts.hour.index();
        let usual = self.clock.usual_per_hour(hour);
        let reading = click_watch::read_flood(settings, facts.clicks, &self.habit, usual);
        if reading.is_none_or(|reading| !reading.swollen) && self.flood.is_none() {
            self.habit.learn(facts.clicks);
        }
        let Some(reading) = reading else { return };
        if self.flood.is_none() && !reading.swollen {
            return;
        }
        let track = self
            .flood
            .get_or_insert_with(|| Box::new(FloodTrack::new(settings, facts.hour.start())));
        track.day.advance(hour.div_euclid(24));
        track
            .bets
            .add(&mixture_logs(settings, reading.ratio / mean));
        track.day.seen += 1;
        track.growth.add(reading.growth, 1.0);
        track.odd_share.add(reading.odd_share.0, reading.odd_share.1);
    }

    fn read_orders<'a>(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'a>,
    ) -> Vec<Judgement<'a>> {
        let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
        let mut expected: Option<(ShopId, Expected<'_>, [f64; RATIOS])> = None;
        let mut judgements = Vec::with_capacity(facts.attempts.len());
        for (attempt, counts) in facts.attempts.iter().zip(self.countable(settings, facts)) {
            let shop = ShopId::of(&attempt.merchant, attempt.marketplace.as_deref());
            if expected.as_ref().is_none_or(|(id, ..)| *id != shop) {
                let made = self.expected(settings, market, facts, shop);
                let means = made.view.ratio_means();
                expected = Some((shop, made, means));
            }
            let (_, expected, means) = expected.as_ref().expect("it was just made");
            let intensity = self.intensity(settings, facts, expected, attempt);
            let reading = read_attempt(expected, attempt, &permitted, intensity);
            let means = if attempt.late {
                expected.view.ratio_means_of(attempt.ts.hour())
            } else {
                *means
            };
            let means = self.own_means(settings, expected.standing.trusted, means);
            judgements.push(Judgement {
                attempt,
                reading,
                means,
                counts,
            });
        }
        judgements
    }

    /// The shop's means, raised to the code's own where its orders were always a little odd.
    fn own_means(&self, settings: &DetectSettings, trusted: bool, mut means: [f64; RATIOS]) -> [f64; RATIOS] {
        let orders = f64::from(self.own.orders);
        let pseudo = settings.ratio_own_pseudo;
        let most = if trusted { settings.order_ratio_max } else { settings.ratio_own_max };
        for (mean, own) in means.iter_mut().zip(self.own.ratio) {
            let shrunk = (f64::from(own) + pseudo * *mean) / (orders + pseudo);
            *mean = shrunk.clamp(*mean, *mean * most);
        }
        means
    }

    /// Starts the ledger before the orders that need it: when the hour would lift the score over
    /// the suspect's bound.
    fn become_suspect(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgements: &[Judgement<'_>],
    ) {
        if self.suspect.is_some() {
            return;
        }
        let mut trial = self.clone_bets();
        let mut day = self.order_day;
        for judgement in judgements.iter().filter(|judgement| judgement.counts) {
            for (kind, bets) in trial.iter_mut().enumerate() {
                let ratio = judgement.reading.ratio[kind] / judgement.means[kind];
                bets.add(&mixture_logs(settings, ratio));
            }
            day.seen += 1;
        }
        let temper = day.temper(settings);
        let orders: f64 = trial.iter().map(|bets| bets.evidence(temper)).sum();
        let clicks = self.clicks.evidence(self.click_day.temper(settings));
        let after = decibans(libm::log((orders + clicks) / (KINDS + 1) as f64));
        if after >= settings.suspect_db {
            self.suspect = Some(Box::new(Suspect::new(facts.hour.start(), &self.recent)));
        }
    }

    fn clone_bets(&self) -> [Bets; KINDS] {
        self.orders
    }

    fn take_order(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgement: &Judgement<'_>,
        out: &mut Vec<Verdict>,
    ) {
        let Judgement {
            attempt,
            reading,
            means,
            counts,
        } = judgement;
        let means: [f64; KINDS] = std::array::from_fn(|kind| means[kind]);
        if !attempt.rejected {
            self.accepted = self.accepted.saturating_add(1);
            self.orders_today += 1;
            self.shop = ShopId::of(&attempt.merchant, attempt.marketplace.as_deref());
        }
        if *counts {
            self.add_evidence(settings, facts, attempt, reading, &means);
            abstentions(reading, out);
        }
        if !attempt.rejected {
            out.push(Verdict::Judged(
                self.judged(settings, facts, attempt, reading, &means),
            ));
        }
    }

    fn add_evidence(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        attempt: &AttemptFact,
        reading: &Reading,
        means: &[f64; KINDS],
    ) {
        let against: [f64; KINDS] = std::array::from_fn(|kind| reading.ratio[kind] / means[kind]);
        for (bets, ratio) in self.orders.iter_mut().zip(against) {
            bets.add(&mixture_logs(settings, ratio));
        }
        self.order_day.seen += 1;
        let mass = self.kind_mass(settings);
        let top = (1..KINDS).fold(
            0,
            |top, kind| if mass[kind] > mass[top] { kind } else { top },
        );
        let pct = facts.entry.and_then(|entry| entry.commission_pct);
        let money = pct.map_or(attempt.amount, |pct| pct.of(attempt.amount));
        let order = ring_order(attempt, money, &against);
        match &mut self.suspect {
            Some(suspect) => {
                let ledger = &mut suspect.ledger;
                ledger.book(settings, &reading.logs, &reading.ratio, means);
                ledger.count(reading);
                suspect.data_gap |= facts.data_gap;
                if let (Some(known), Some(host)) = (reading.host_counts, attempt.referrer.as_deref()) {
                    suspect.note_host(host, known);
                }
                if !attempt.rejected {
                    suspect.take(settings, facts.hour, &mass, order, attempt.currency, against[top]);
                }
            }
            None if !attempt.rejected => self.recent.push(&order),
            None => {}
        }
        self.note_score(settings, attempt.ts.max(facts.hour.start()));
    }

    fn note_score(&mut self, settings: &DetectSettings, ts: EventTime) {
        let db = decibans(self.log_now(settings));
        self.last_db = db as f32;
        if self.accepted > 0 && (self.peak_at_ms == 0 || self.last_db > self.peak_db) {
            self.peak_db = self.last_db;
            self.peak_at_ms = ts.millis();
        }
        if let Some(suspect) = &mut self.suspect {
            let ripe = suspect.orders >= settings.flag_orders_min;
            if db >= settings.flag_db() && ripe && suspect.crossed_at.is_none() {
                suspect.crossed_at = Some(ts);
            }
        }
    }

    fn judged(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        attempt: &AttemptFact,
        reading: &Reading,
        means: &[f64; KINDS],
    ) -> JudgedOrder {
        let entry = facts.entry;
        JudgedOrder {
            order_id: attempt.order_id.to_string(),
            merchant: attempt.merchant.to_string(),
            code: entry.map_or_else(
                || facts.code.as_str().to_owned(),
                |entry| entry.spelling.to_string(),
            ),
            ts: attempt.ts,
            amount: Decimal(attempt.amount),
            currency: attempt.currency,
            commission: entry
                .and_then(|entry| entry.commission_pct)
                .map(|pct| Decimal(pct.of(attempt.amount))),
            p_leak: self.leak_probability(settings, reading, means),
            hour: facts.hour,
            flag_id: self
                .episode_open()
                .then(|| flag_id(facts.code.as_str(), Track::Leak, u32::from(self.episodes))),
        }
    }

    /// Probability that an order came through a leak: that there is one now, by the evidence and
    /// the prior, times the order's own share under each hypothesis.
    fn leak_probability(
        &self,
        settings: &DetectSettings,
        reading: &Reading,
        means: &[f64; KINDS],
    ) -> f64 {
        let temper = self.order_day.temper(settings);
        let odds =
            settings.leak_prior / (1.0 - settings.leak_prior) * libm::exp(self.log_now(settings));
        let (mut all, mut leaked) = (0.0, 0.0);
        for (kind, bets) in self.orders.iter().enumerate() {
            let ratio = reading.ratio[kind] / means[kind];
            for (phi, share) in settings.leak_shares.into_iter().enumerate() {
                let mass = libm::exp(bets.log(phi, temper));
                all += mass;
                leaked += mass * share * ratio / ((1.0 - share) + share * ratio);
            }
        }
        odds / (1.0 + odds) * leaked / all
    }

    fn take_changes(&mut self, facts: &HourOfCode<'_>) {
        let Some(suspect) = &mut self.suspect else {
            return;
        };
        for change in facts.changes {
            if matches!(change.status, Status::Cancelled | Status::Returned) {
                suspect.fell_away(order_hash(&change.merchant, &change.order_id));
            }
        }
    }

    /// What the hour teaches the code about itself. A suspect learns nothing.
    fn remember(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgements: &[Judgement<'_>],
    ) {
        let hour = facts.hour.index();
        let since = hour - settings.customer_once_hours as i32;
        self.customers.retain(|(_, seen)| *seen > since);
        let quarantined = self.is_quarantined(settings);
        for judgement in judgements.iter().filter(|judgement| judgement.counts) {
            if let Some(customer) = judgement.attempt.customer {
                if self.customers.len() >= CUSTOMERS_MAX {
                    self.customers.remove(0);
                }
                self.customers.push((fingerprint(customer), hour));
            }
            if !quarantined {
                self.own.remember(&judgement.reading.memory);
            }
        }
        if self.customers.is_empty() {
            self.customers = Vec::new();
        }
        let clicks = facts.clicks;
        self.clicks_seen = self.clicks_seen.saturating_add(clicks.first_visits);
        let people = clicks.first_visits.saturating_sub(clicks.bots);
        if clicks.clicks > 0 {
            self.clock.fold(settings, hour, f64::from(people));
        }
    }

    fn close_leak_hour(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        self.note_score(settings, facts.hour.end().plus_millis(-1));
        let Some(suspect) = self.suspect.as_deref() else {
            return;
        };
        let is_open = suspect.open.is_some();
        if !is_open && suspect.crossed_at.is_none() {
            return;
        }
        let standing = self.episode_standing(settings, facts);
        let number = u32::from(self.episodes);
        let suspect = self.suspect.as_mut().expect("it was just there");
        let state = match &mut suspect.open {
            Some(open) => open.close_hour(settings, facts.hour, &standing),
            // The evidence may have fallen again within the hour; it was reached all the same,
            // but a person should not be asked about what the hour itself took back.
            None if standing.score_db < settings.flag_db() || standing.code_over => None,
            None => {
                let ts = suspect.crossed_at.expect("it was checked above");
                suspect.open = Some(OpenEpisode::open(number + 1, facts.hour, ts, &standing));
                self.episodes += 1;
                self.own.drop_pending();
                Some(FlagState::Opened)
            }
        };
        if let Some(state) = state {
            out.push(Verdict::Flag(Box::new(
                self.leak_flag(settings, facts, state),
            )));
            if state == FlagState::Cleared {
                self.forget_evidence(settings);
            }
        }
        if let Some(suspect) = &mut self.suspect {
            suspect.crossed_at = None;
        }
    }

    fn episode_standing(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
    ) -> EpisodeStanding {
        let case = self.case(settings, facts);
        let over_by_time = facts
            .entry
            .and_then(|entry| entry.ends_at)
            .is_some_and(|end| end <= facts.hour.start());
        let opened_for_another = self
            .suspect
            .as_ref()
            .is_some_and(|suspect| suspect.open.is_some() && suspect.orders > self.accepted);
        EpisodeStanding {
            score_db: decibans(case.score.log),
            leaked_orders: case.exposure.leaked_orders.estimate,
            commission_units: case
                .exposure
                .commission
                .map_or(0.0, |commission| commission.estimate.0 as f64),
            code_over: over_by_time || opened_for_another,
        }
    }

    fn case<'a>(&self, settings: &'a DetectSettings, facts: &'a HourOfCode<'a>) -> Case<'a> {
        let suspect = self.suspect.as_ref().expect("a case is about a suspect");
        let found = suspect.posterior(settings, &self.kind_mass(settings));
        let currency = suspect.currency.unwrap_or(Currency::KZT);
        let (onset, exposure) = match &found {
            Some(found) => (
                Onset {
                    at: suspect.earliest.unwrap_or(found.at).min(found.at),
                    low: found.low,
                    high: found.high,
                },
                exposure(
                    settings,
                    facts.entry,
                    currency,
                    &suspect.settled,
                    found,
                    &suspect.ring,
                ),
            ),
            None => (
                Onset {
                    at: suspect.since,
                    low: suspect.since,
                    high: facts.hour.end(),
                },
                crate::exposure::nothing(currency),
            ),
        };
        Case {
            settings,
            facts,
            score: self.score_now(settings),
            onset,
            exposure,
        }
    }

    fn leak_flag(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        state: FlagState,
    ) -> Flag {
        let suspect = self.suspect.as_ref().expect("a flag is about a suspect");
        leak_flag(&self.case(settings, facts), suspect, state)
    }

    /// Ends the evidence, and the episode if one is open.
    fn end_episode(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        if let Some(open) = self
            .suspect
            .as_mut()
            .and_then(|suspect| suspect.open.as_mut())
        {
            open.rev += 1;
            out.push(Verdict::Flag(Box::new(self.leak_flag(
                settings,
                facts,
                FlagState::Cleared,
            ))));
        }
        self.forget_evidence(settings);
    }

    fn forget_evidence(&mut self, settings: &DetectSettings) {
        self.orders = [Bets::fresh(settings); KINDS];
        self.clicks = Bets::fresh(settings);
        self.order_day.seen = 0;
        self.click_day.seen = 0;
        self.coupon_clicks = 0;
        self.suspect = None;
        self.last_db = decibans(self.log_now(settings)) as f32;
    }

    fn close_flood_hour(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        let currency = self.currency();
        let Some(track) = &mut self.flood else { return };
        let score_db = track.score_db(settings);
        let standing = EpisodeStanding {
            score_db,
            leaked_orders: 0.0,
            commission_units: 0.0,
            code_over: track.open.is_some() && score_db < settings.suspect_db,
        };
        let state = match &mut track.open {
            Some(open) => {
                if facts.clicks.clicks > 0 {
                    // Clicks are the observations of this track; only silence clears by time.
                    open.order(settings, facts.hour, 1.0);
                }
                open.close_hour(settings, facts.hour, &standing)
            }
            None if score_db >= settings.flag_db() && self.accepted > 0 => {
                let ts = facts.hour.end().plus_millis(-1);
                self.flood_episodes += 1;
                let number = u32::from(self.flood_episodes);
                track.open = Some(OpenEpisode::open(number, facts.hour, ts, &standing));
                Some(FlagState::Opened)
            }
            None => None,
        };
        if let Some(state) = state {
            let flag = flood_flag(settings, facts, track, currency, state);
            out.push(Verdict::Flag(Box::new(flag)));
            if state == FlagState::Cleared {
                self.flood = None;
            }
        }
    }

    fn end_flood(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        out: &mut Vec<Verdict>,
    ) {
        let currency = self.currency();
        if let Some(mut track) = self.flood.take()
            && let Some(open) = &mut track.open
        {
            open.rev += 1;
            let flag = flood_flag(settings, facts, &track, currency, FlagState::Cleared);
            out.push(Verdict::Flag(Box::new(flag)));
        }
    }

    fn currency(&self) -> Currency {
        self.suspect
            .as_ref()
            .and_then(|suspect| suspect.currency)
            .unwrap_or(Currency::KZT)
    }
}

fn abstentions(reading: &Reading, out: &mut Vec<Verdict>) {
    for signal in &Signal::ALL[..OBSERVING] {
        let silent = reading.silence[*signal as usize] != Silence::None;
        if silent && !matches!(signal, Signal::Sighting | Signal::ClickReferrer) {
            out.push(Verdict::Abstained(signal.name()));
        }
    }
}

fn ring_order(attempt: &AttemptFact, money: i128, against: &[f64; KINDS]) -> RingOrder {
    RingOrder {
        minute: (attempt.ts.millis() / 60_000).clamp(0, i64::from(u32::MAX)) as u32,
        order: order_hash(&attempt.merchant, &attempt.order_id),
        money: money.clamp(0, i128::from(i64::MAX)) as i64,
        ratio: against.map(|ratio| ratio as f32),
        fell_away: false,
    }
}

fn order_hash(merchant: &str, order_id: &str) -> u32 {
    (stable_hash(order_id.as_bytes()) ^ stable_hash(merchant.as_bytes()).rotate_left(17)) as u32
}
