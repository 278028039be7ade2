//! The close of a code's hour: episodes open, grow and end.
//!
//! Decides: what is announced, and what is forgotten with an episode. Must not know: how orders
//! became evidence.

use promoguard_event::{Currency, Flag, FlagState, Onset};

use crate::episode::{OpenEpisode, Standing as EpisodeStanding};
use crate::eprocess::Bets;
use crate::explain::{Case, flood_flag, leak_flag};
use crate::exposure::exposure;
use crate::facts::HourOfCode;
use crate::judge::Verdict;
use crate::market::Market;
use crate::marks::KINDS;
use crate::settings::DetectSettings;
use crate::stable::decibans;
use crate::watch::CodeWatch;

impl CodeWatch {
    pub(crate) fn close_leak_hour(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
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
                self.leak_flag(settings, market, facts, state),
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
            score_db: case.core_db().max(self.learned_db(settings)),
            learned_holds: self.learned_db(settings) > settings.learned_clear_db,
            leaked_orders: case.exposure.leaked_orders.estimate,
            commission_units: case
                .exposure
                .commission
                .map_or(0.0, |commission| commission.estimate.0 as f64),
            code_over: over_by_time || opened_for_another,
        }
    }

    pub(crate) fn case<'a>(
        &self,
        settings: &'a DetectSettings,
        facts: &'a HourOfCode<'a>,
    ) -> Case<'a> {
        let suspect = self.suspect.as_ref().expect("a case is about a suspect");
        let found = suspect.posterior(settings, &self.kind_mass(settings));
        let currency = suspect.currency.unwrap_or(Currency::KZT);
        let (onset, exposure) = match &found {
            Some(found) => (
                suspect.onset(found),
                exposure(settings, facts.entry, currency, found, suspect),
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
        let mut score = self.score_now(settings);
        let core_db = decibans(score.log - score.excess);
        score.excess += (core_db - self.heard(settings, core_db)) / decibans(1.0);
        Case {
            settings,
            facts,
            score,
            onset,
            exposure,
        }
    }

    fn leak_flag(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        state: FlagState,
    ) -> Flag {
        let suspect = self.suspect.as_ref().expect("a flag is about a suspect");
        let case = self.case(settings, facts);
        let learned = (self.learned_db(settings) > case.core_db())
            .then(|| self.learned_evidence(settings, market, facts));
        leak_flag(&case, suspect, learned, state)
    }

    /// Ends the evidence, and the episode if one is open.
    pub(crate) fn end_episode(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
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
                market,
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

    pub(crate) fn close_flood_hour(
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
            learned_holds: false,
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

    pub(crate) fn end_flood(
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
