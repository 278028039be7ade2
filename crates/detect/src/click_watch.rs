//! What the clicks say by themselves: referrers of first visits, and floods.
//!
//! Decides: the ratio of an hour's clicks for the click-referrer process, and the flood track.
//! Must not know: orders, except that a flag needs one.

use promoguard_event::EventTime;
use serde::{Deserialize, Serialize};

use crate::episode::OpenEpisode;
use crate::eprocess::{BetDay, Bets, PHIS, mixture_logs};
use crate::expected::ClickShares;
use crate::facts::ClickFacts;
use crate::hosts::{classify_host_here, matches_any};
use crate::ledger::Tally;
use crate::settings::DetectSettings;

/// Shares of first visits that a partner shows who links on coupon sites.
const LEAKED_COUPON: f64 = 0.30;
const LEAKED_UNKNOWN: f64 = 0.30;
/// Clicks of one code and hour that weigh in the shop's mean.
pub(crate) const CLICK_WEIGHT_MAX: f64 = 10.0;

/// First visits of one hour by where they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Referred {
    pub(crate) coupon: u32,
    pub(crate) unknown: u32,
    pub(crate) other: u32,
}

impl Referred {
    /// Counts with the hosts taken out that the brand allows.
    pub(crate) fn of(
        settings: &DetectSettings,
        clicks: &ClickFacts,
        permitted: &[&str],
    ) -> Referred {
        let (mut coupon, mut unknown) = (clicks.coupon, clicks.unknown_host);
        for (host, visits) in &clicks.hosts {
            if matches_any(host, permitted) {
                // Either count may have held the host: the hot stage knows the list only.
                if crate::classify_host(host).is_coupon() {
                    coupon = coupon.saturating_sub(*visits);
                } else {
                    unknown = unknown.saturating_sub(*visits);
                }
                continue;
            }
            let listed = crate::classify_host(host).is_coupon();
            let here = classify_host_here(settings, host).is_coupon();
            if here && !listed {
                // Added by the deployment.
                let moved = unknown.min(*visits);
                unknown -= moved;
                coupon += moved;
            } else if listed && !here {
                // Excepted by the deployment.
                let moved = coupon.min(*visits);
                coupon -= moved;
                unknown += moved;
            }
        }
        Referred {
            coupon,
            unknown,
            other: clicks.social,
        }
    }

    pub(crate) fn all(self) -> u32 {
        self.coupon + self.unknown + self.other
    }
}

/// Likelihood ratios of a first visit by class: coupon, unknown, other.
pub(crate) fn click_ratios(settings: &DetectSettings, honest: ClickShares) -> [f64; 3] {
    let coupon = honest.coupon.clamp(0.005, 0.9);
    let unknown = honest.unknown.clamp(0.02, 0.9);
    let leaked_coupon = LEAKED_COUPON.max(coupon);
    let leaked_unknown = LEAKED_UNKNOWN.max(unknown).min(0.98 - leaked_coupon);
    let rest = (1.0 - coupon - unknown).max(0.02);
    let leaked_rest = 1.0 - leaked_coupon - leaked_unknown;
    let ratio = |leaked: f64, honest: f64| (leaked / honest).min(settings.order_ratio_max);
    [
        ratio(leaked_coupon, coupon),
        ratio(leaked_unknown, unknown),
        leaked_rest / rest,
    ]
}

/// Mean ratio of an hour's first visits.
pub(crate) fn mean_ratio(referred: Referred, ratios: &[f64; 3]) -> f64 {
    let sum = f64::from(referred.coupon) * ratios[0]
        + f64::from(referred.unknown) * ratios[1]
        + f64::from(referred.other) * ratios[2];
    sum / f64::from(referred.all().max(1))
}

/// Adds an hour's first visits to the click-referrer process.
pub(crate) fn bet_on_referrers(
    settings: &DetectSettings,
    honest: ClickShares,
    referred: Referred,
    mean: f64,
    bets: &mut Bets,
    day: &mut BetDay,
) {
    let classes = [referred.coupon, referred.unknown, referred.other];
    let mut logs = [0.0; PHIS];
    for (count, ratio) in classes.into_iter().zip(click_ratios(settings, honest)) {
        let each = mixture_logs(settings, ratio / mean);
        for (log, each) in logs.iter_mut().zip(each) {
            *log += f64::from(count) * each;
        }
    }
    bets.add(&logs);
    day.seen = day.seen.saturating_add(referred.all());
}

/// A code whose clicks may be made up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FloodTrack {
    pub(crate) bets: Bets,
    pub(crate) day: BetDay,
    pub(crate) since: EventTime,
    /// Clicks against the usual, as means of hours.
    pub(crate) growth: Tally,
    /// Share of robots, repeats or missing referrers, the largest of them.
    pub(crate) odd_share: Tally,
    pub(crate) open: Option<OpenEpisode>,
    pub(crate) crossed_at: Option<EventTime>,
}

impl FloodTrack {
    pub(crate) fn new(settings: &DetectSettings, since: EventTime) -> FloodTrack {
        FloodTrack {
            bets: Bets::fresh(settings),
            day: BetDay::default(),
            since,
            growth: Tally::default(),
            odd_share: Tally::default(),
            open: None,
            crossed_at: None,
        }
    }

    /// Log evidence in decibans, before the next night.
    pub(crate) fn score_db(&self, settings: &DetectSettings) -> f64 {
        let temper = self.day.temper(settings);
        crate::stable::decibans(libm::log(self.bets.evidence(temper)))
    }
}

/// What the clicks of one code usually look like: shares of robots, of repeats, of blank
/// referrers. Hours that look like a flood do not enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClickHabit {
    /// In 1/65,535.
    shares: [u16; 3],
    clicks: u16,
}

/// Clicks after which a habit counts as known, and at which it stops getting slower to change.
const HABIT_CLICKS_MIN: u16 = 50;
const HABIT_CLICKS_MAX: u16 = 2_000;
/// Units of one in a habit's shares.
const HABIT_UNITS: f64 = 65_535.0;

impl ClickHabit {
    pub(crate) fn learn(&mut self, clicks: &ClickFacts) {
        let (known, fresh) = (f64::from(self.clicks), f64::from(clicks.clicks));
        if fresh <= 0.0 {
            return;
        }
        let all = known + fresh;
        for (kept, share) in self.shares.iter_mut().zip(odd_shares(clicks)) {
            let mean = (f64::from(*kept) * known + share * HABIT_UNITS * fresh) / all;
            *kept = libm::round(mean) as u16;
        }
        self.clicks = all.min(f64::from(HABIT_CLICKS_MAX)) as u16;
    }

    fn is_known(&self) -> bool {
        self.clicks >= HABIT_CLICKS_MIN
    }
}

fn odd_shares(clicks: &ClickFacts) -> [f64; 3] {
    let all = f64::from(clicks.clicks.max(1));
    [
        f64::from(clicks.bots) / all,
        f64::from(clicks.clicks.saturating_sub(clicks.first_visits)) / all,
        f64::from(clicks.without_referrer) / all,
    ]
}

/// What an hour of clicks says about a flood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloodReading {
    /// Bounded likelihood ratio.
    pub(crate) ratio: f64,
    /// Clicks against the usual hour.
    pub(crate) growth: f64,
    /// The share that rose most, and what it usually is.
    pub(crate) odd_share: (f64, f64),
    pub(crate) swollen: bool,
}

/// Reads an hour; `None` below the least number of clicks or before the code's habits are known.
/// A viral post swells the hour too, but its visitors are people: unless robots, repeats or blank
/// referrers rise far over the code's habit, nothing speaks for a flood and the swelling speaks
/// against one.
pub(crate) fn read_flood(
    settings: &DetectSettings,
    clicks: &ClickFacts,
    habit: &ClickHabit,
    usual_first_visits: f64,
) -> Option<FloodReading> {
    if clicks.clicks < settings.flood_clicks_min || !habit.is_known() {
        return None;
    }
    let growth = f64::from(clicks.clicks) / (usual_first_visits * 1.3 + 2.0);
    let swollen = growth >= settings.flood_growth;
    let mark = |yes: bool, leaked: f64, honest: f64| {
        if yes {
            libm::log(leaked / honest)
        } else {
            libm::log((1.0 - leaked) / (1.0 - honest))
        }
    };
    let shares = odd_shares(clicks);
    let usual = habit.shares.map(|share| f64::from(share) / HABIT_UNITS);
    let rises: [f64; 3] = std::array::from_fn(|at| shares[at] - usual[at]);
    let odd: [bool; 3] = std::array::from_fn(|at| {
        // Odds up by a factor of four and by a quarter of all clicks: other habits of people on
        // another network move a share, not that far.
        let log_odds = crate::stable::logit(shares[at]) - crate::stable::logit(usual[at]);
        log_odds > 1.4 && rises[at] > 0.25
    });
    let log = mark(swollen, 0.8, 0.05)
        + mark(odd[0], 0.5, 0.01)
        + mark(odd[1], 0.5, 0.02)
        + mark(odd[2], 0.5, 0.05);
    // A viral post blanks referrers, for apps hide where a visitor comes from, and brings visitors
    // back several times a day, so neither is agreement by itself: robots must have risen.
    let agreed = odd[0] && swollen;
    let bounded = if agreed { log } else { log.min(-0.5) };
    let top = (1..3).fold(0, |top, at| if rises[at] > rises[top] { at } else { top });
    Some(FloodReading {
        ratio: crate::reading::bounded_ratio(settings, bounded),
        growth,
        odd_share: (shares[top], usual[top]),
        swollen: agreed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viral_hour_speaks_against_a_flood_and_a_robot_hour_for_it() {
        let settings = DetectSettings::default();
        let hour = |clicks, first_visits, bots, without_referrer| ClickFacts {
            clicks,
            first_visits,
            bots,
            without_referrer,
            ..Default::default()
        };
        let mut habit = ClickHabit::default();
        habit.learn(&hour(400, 360, 8, 120));
        let read = |clicks: &ClickFacts| read_flood(&settings, clicks, &habit, 5.0);
        assert!(read(&hour(5_000, 4_600, 100, 1_900)).unwrap().ratio < 1.0);
        assert!(read(&hour(5_000, 900, 3_000, 4_900)).unwrap().ratio > 5.0);
        assert_eq!(read(&hour(3, 0, 3, 3)), None);
        assert!(
            read_flood(
                &settings,
                &hour(5_000, 0, 5_000, 5_000),
                &ClickHabit::default(),
                5.0
            )
            .is_none()
        );
    }

    #[test]
    fn hosts_that_the_settings_add_or_except_change_sides() {
        let settings = DetectSettings {
            coupon_hosts: vec!["blog.kz".to_owned()],
            honest_hosts: vec!["promokodus.com".to_owned()],
            ..DetectSettings::default()
        };
        let clicks = ClickFacts {
            coupon: 12,
            unknown_host: 8,
            hosts: vec![("www.promokodus.com".into(), 12), ("blog.kz".into(), 5)],
            ..Default::default()
        };
        let referred = Referred::of(&settings, &clicks, &[]);
        assert_eq!((referred.coupon, referred.unknown), (5, 15));
    }

    #[test]
    fn permitted_hosts_leave_both_counts() {
        let settings = DetectSettings::default();
        let clicks = ClickFacts {
            clicks: 30,
            first_visits: 30,
            coupon: 12,
            unknown_host: 8,
            social: 10,
            hosts: vec![("www.promokodus.com".into(), 12), ("blog.kz".into(), 5)],
            ..Default::default()
        };
        let referred = Referred::of(&settings, &clicks, &["promokodus.com", "blog.kz"]);
        assert_eq!(
            referred,
            Referred {
                coupon: 0,
                unknown: 3,
                other: 10
            }
        );
    }
}
