//! The life of a flag: opened, escalated, updated, cleared.
//!
//! Decides: when something is announced. Must not know: how evidence or money is computed.

use promoguard_event::{EventTime, FlagState, Hour};
use serde::{Deserialize, Serialize};

use crate::settings::DetectSettings;
use crate::stable::decibans;

/// An episode that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenEpisode {
    pub(crate) number: u32,
    pub(crate) rev: u32,
    pub(crate) opened_at: EventTime,
    /// Score that was last announced as opened or escalated, decibans.
    announced_db: f64,
    announced_orders: f64,
    announced_hour: i32,
    money_announced: bool,
    /// Log of the inverse evidence, never below 0.
    calm: f64,
    last_order_hour: i32,
    /// An analyst said that it is a leak.
    pub(crate) confirmed: bool,
}

/// How an episode stands at the close of an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) score_db: f64,
    /// Whether the learned judge still sees a leak.
    pub(crate) learned_holds: bool,
    pub(crate) leaked_orders: f64,
    pub(crate) commission_units: f64,
    /// The code's validity is over, or it was given to somebody else.
    pub(crate) code_over: bool,
}

impl OpenEpisode {
    pub(crate) fn open(
        number: u32,
        hour: Hour,
        opened_at: EventTime,
        standing: &Standing,
    ) -> OpenEpisode {
        OpenEpisode {
            number,
            rev: 1,
            opened_at,
            announced_db: standing.score_db,
            announced_orders: standing.leaked_orders,
            announced_hour: hour.index(),
            money_announced: false,
            calm: 0.0,
            last_order_hour: hour.index(),
            confirmed: false,
        }
    }

    /// Takes one evidential order: the inverse of "still leaking at a share of `clear_share`",
    /// a CUSUM that starts anew whenever the leak speaks again.
    pub(crate) fn order(&mut self, settings: &DetectSettings, hour: Hour, ratio: f64) {
        let share = settings.clear_share;
        let still_leaking = libm::log((1.0 - share) + share * ratio);
        self.calm = (self.calm - still_leaking).max(0.0);
        self.last_order_hour = hour.index();
    }

    /// What is to be announced at the close of `hour`, if anything.
    pub(crate) fn close_hour(
        &mut self,
        settings: &DetectSettings,
        hour: Hour,
        standing: &Standing,
    ) -> Option<FlagState> {
        let state = self.next_state(settings, hour, standing)?;
        self.rev += 1;
        self.announced_hour = hour.index();
        self.announced_orders = self.announced_orders.max(standing.leaked_orders);
        if state == FlagState::Escalated {
            self.announced_db = self.announced_db.max(standing.score_db);
        }
        Some(state)
    }

    fn next_state(
        &mut self,
        settings: &DetectSettings,
        hour: Hour,
        standing: &Standing,
    ) -> Option<FlagState> {
        let idle_hours = hour.index() - self.last_order_hour;
        let idle = idle_hours >= settings.clear_idle_days as i32 * 24;
        let calm = decibans(self.calm) >= settings.clear_db && !standing.learned_holds;
        if idle || calm || standing.code_over {
            return Some(FlagState::Cleared);
        }
        let money = settings
            .escalate_commission_units
            .is_some_and(|limit| standing.commission_units >= limit as f64);
        if money && !self.money_announced {
            self.money_announced = true;
            return Some(FlagState::Escalated);
        }
        if standing.score_db >= self.announced_db + settings.escalate_db {
            return Some(FlagState::Escalated);
        }
        let grown = standing.leaked_orders
            >= self.announced_orders * (1.0 + settings.update_growth)
            && standing.leaked_orders >= self.announced_orders + 0.5;
        (grown && hour.index() > self.announced_hour).then_some(FlagState::Updated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(score_db: f64, leaked_orders: f64) -> Standing {
        Standing {
            score_db,
            learned_holds: false,
            leaked_orders,
            commission_units: 0.0,
            code_over: false,
        }
    }

    fn opened() -> (DetectSettings, OpenEpisode) {
        let hour = Hour::from_index(1_000);
        (
            DetectSettings::default(),
            OpenEpisode::open(1, hour, hour.start(), &standing(31.0, 10.0)),
        )
    }

    #[test]
    fn small_growth_is_not_announced_and_a_tenth_is() {
        let (settings, mut episode) = opened();
        let next = |episode: &mut OpenEpisode, hour, orders| {
            episode.close_hour(&settings, Hour::from_index(hour), &standing(32.0, orders))
        };
        assert_eq!(next(&mut episode, 1_001, 10.5), None);
        assert_eq!(next(&mut episode, 1_002, 11.0), Some(FlagState::Updated));
        assert_eq!(next(&mut episode, 1_003, 11.0), None);
        assert_eq!(episode.rev, 2);
    }

    #[test]
    fn ten_decibans_more_escalate_once() {
        let (settings, mut episode) = opened();
        let hour = Hour::from_index(1_001);
        assert_eq!(
            episode.close_hour(&settings, hour, &standing(41.0, 10.0)),
            Some(FlagState::Escalated)
        );
        assert_eq!(
            episode.close_hour(&settings, hour.next(), &standing(45.0, 10.0)),
            None
        );
    }

    #[test]
    fn honest_orders_clear_and_a_leaked_one_in_between_starts_anew() {
        let (settings, mut episode) = opened();
        let mut hour = Hour::from_index(1_001);
        for order in 0..30 {
            let ratio = if order == 9 { 10.0 } else { 0.2 };
            episode.order(&settings, hour, ratio);
            hour = hour.next();
        }
        assert_eq!(
            episode.close_hour(&settings, hour, &standing(31.0, 10.0)),
            Some(FlagState::Cleared)
        );
        let (settings, mut episode) = opened();
        for order in 0..13 {
            let ratio = if order == 9 { 10.0 } else { 0.2 };
            episode.order(&settings, hour, ratio);
        }
        assert_eq!(
            episode.close_hour(&settings, hour, &standing(31.0, 10.0)),
            None
        );
    }

    #[test]
    fn three_weeks_without_an_order_clear() {
        let (settings, mut episode) = opened();
        let late = Hour::from_index(1_000 + 21 * 24);
        assert_eq!(
            episode.close_hour(&settings, late, &standing(31.0, 10.0)),
            Some(FlagState::Cleared)
        );
    }
}
