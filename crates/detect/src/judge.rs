//! Phase 2 of an hour: the facts of one code become evidence, and evidence becomes flags.
//!
//! Decides: the order in which decisions, sightings, clicks, orders and their ends are taken,
//! and when an episode opens. Must not know: other codes, except through the market.

use promoguard_event::{Flag, JudgedOrder, Outcome, Status, Track, flag_id};

use crate::click_watch::{self, FloodTrack, Referred};
use crate::decision::Effect;
use crate::eprocess::mixture_logs;
use crate::facts::HourOfCode;
use crate::hosts::classify_host_here;
use crate::learned::FeatureRow;
use crate::market::{Market, day_of};
use crate::marks::{KINDS, Kind, OBSERVING, RATIO_CLICKS, RATIO_FLOOD, Signal};
use crate::orders::{Judgement, order_hash};
use crate::prepare::{fingerprint, is_permitted, permitted_hosts};
use crate::settings::DetectSettings;
use crate::stable::stable_hash;
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
    /// What the learned judge saw of the code, where the settings ask for it.
    Features(Box<FeatureRow>),
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
        self.decide(settings, market, facts, out);
        self.take_sightings(settings, facts);
        self.take_clicks(settings, market, facts);
        let judgements = self.read_orders(settings, market, facts);
        self.begin_profile(facts, &judgements);
        self.become_suspect(settings, facts, &judgements);
        for judgement in &judgements {
            self.take_order(settings, facts, judgement, out);
        }
        self.take_changes(facts);
        self.remember(settings, facts, &judgements);
        self.look_back(settings, market, facts, &judgements, out);
        self.close_leak_hour(settings, market, facts, out);
        self.close_flood_hour(settings, facts, out);
        self.last_step = facts.hour.index();
    }

    fn decide(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
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
                    let present = self.suspect.as_ref().map(|suspect| suspect.present.clone());
                    self.own.accept_present(&present.unwrap_or_default());
                    self.end_episode(settings, market, facts, out);
                    self.profile = None;
                }
                Effect::Void => {
                    self.own.drop_pending();
                    self.end_episode(settings, market, facts, out);
                    self.profile = None;
                }
                Effect::Restart => {
                    self.end_episode(settings, market, facts, out);
                    self.profile = None;
                }
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
        if settings.is_off(Signal::Sighting.name()) {
            return;
        }
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
            let suspect = self.suspect.get_or_insert_with(|| {
                Box::new(Suspect::new(
                    sighting.ts,
                    self.profile.as_ref().map(|profile| &profile.recent),
                ))
            });
            let mut logs = [[0.0; OBSERVING]; KINDS];
            logs[Kind::Site as usize][Signal::Sighting as usize] = libm::log(ratio);
            let mut ratios = [1.0; KINDS];
            ratios[Kind::Site as usize] = ratio;
            suspect.ledger.book(settings, &logs, &ratios, &[1.0; KINDS]);
            suspect.ledger.tallies[Signal::Sighting as usize].add(1.0, 0.0);
            suspect.note_host(host, class.is_coupon());
            if let Some(profile) = &mut self.profile {
                profile.add_sighting();
            }
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
        let view = market.view(settings, shop, facts.hour);
        let means = view.ratio_means();
        let listens = !settings.is_off(Signal::ClickReferrer.name());
        if listens && referred.all() > 0 {
            click_watch::bet_on_referrers(
                settings,
                self.click_shares(settings, &view),
                referred,
                means[RATIO_CLICKS],
                &mut bets,
                &mut day,
            );
        }
        self.clicks = bets;
        self.click_day = day;
        self.coupon_clicks = self.coupon_clicks.saturating_add(referred.coupon);
        // Where nobody issued the code, nobody can say which hosts are allowed either.
        if self.coupon_clicks == 0 || facts.entry.is_none() {
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
        track
            .odd_share
            .add(reading.odd_share.0, reading.odd_share.1);
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
            let memory = &judgement.reading.memory;
            match &mut self.suspect {
                Some(suspect) if quarantined => suspect.present.add(memory),
                _ if quarantined => {}
                _ => self.own.remember(memory),
            }
        }
        // Millions of clean codes keep one or two; doubling would waste most of their memory.
        self.customers.shrink_to_fit();
        let clicks = facts.clicks;
        self.clicks_seen = self.clicks_seen.saturating_add(clicks.first_visits);
        let people = clicks.first_visits.saturating_sub(clicks.bots);
        if clicks.clicks > 0 {
            self.clock.fold(settings, hour, f64::from(people));
        }
    }
}
