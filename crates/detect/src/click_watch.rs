//! What the clicks say by themselves: referrers of first visits, and floods.
//!
//! Decides: the ratio of an hour's clicks for the click-referrer process, and the flood track.
//! Must not know: orders, except that a flag needs one.

use promoguard_event::EventTime;
use serde::{Deserialize, Serialize};

use crate::episode::OpenEpisode;
use crate::eprocess::{BetDay, Bets, PHIS, mixture_logs};
use crate::expected::Expected;
use crate::facts::ClickFacts;
use crate::hosts::{classify_host_here, matches_any};
use crate::ledger::Tally;
use crate::marks::Share;
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
            } else if classify_host_here(settings, host).is_coupon()
                && !crate::classify_host(host).is_coupon()
            {
                // Added by the deployment.
                let moved = unknown.min(*visits);
                unknown -= moved;
                coupon += moved;
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
pub(crate) fn click_ratios(expected: &Expected<'_>) -> [f64; 3] {
    let coupon = expected.share[Share::ClickCoupon as usize].clamp(0.005, 0.9);
    let unknown = expected.share[Share::ClickUnknown as usize].clamp(0.02, 0.9);
    let leaked_coupon = LEAKED_COUPON.max(coupon);
    let leaked_unknown = LEAKED_UNKNOWN.max(unknown).min(0.98 - leaked_coupon);
    let rest = (1.0 - coupon - unknown).max(0.02);
    let leaked_rest = 1.0 - leaked_coupon - leaked_unknown;
    let ratio = |leaked: f64, honest: f64| (leaked / honest).min(expected.settings.order_ratio_max);
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
    expected: &Expected<'_>,
    referred: Referred,
    mean: f64,
    bets: &mut Bets,
    day: &mut BetDay,
) {
    let classes = [referred.coupon, referred.unknown, referred.other];
    let mut logs = [0.0; PHIS];
    for (count, ratio) in classes.into_iter().zip(click_ratios(expected)) {
        let each = mixture_logs(expected.settings, ratio / mean);
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

/// What an hour of clicks says about a flood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloodReading {
    /// Bounded likelihood ratio.
    pub(crate) ratio: f64,
    /// Clicks against the usual hour.
    pub(crate) growth: f64,
    /// Largest of the odd shares.
    pub(crate) odd_share: f64,
    pub(crate) swollen: bool,
}

/// Reads an hour; `None` below the least number of clicks. A viral post swells the hour too, but
/// its visitors are people: without robots, repeats or blank referrers nothing speaks for a
/// flood, and the swelling then speaks against one.
pub(crate) fn read_flood(
    settings: &DetectSettings,
    clicks: &ClickFacts,
    usual_first_visits: f64,
) -> Option<FloodReading> {
    if clicks.clicks < settings.flood_clicks_min {
        return None;
    }
    let all = f64::from(clicks.clicks);
    let growth = all / (usual_first_visits * 1.3 + 2.0);
    let swollen = growth >= settings.flood_growth;
    let bots = f64::from(clicks.bots) / all;
    let repeats = f64::from(clicks.clicks.saturating_sub(clicks.first_visits)) / all;
    let blank = f64::from(clicks.without_referrer) / all;
    let mark = |yes: bool, leaked: f64, honest: f64| {
        if yes {
            libm::log(leaked / honest)
        } else {
            libm::log((1.0 - leaked) / (1.0 - honest))
        }
    };
    let odd = [bots > 0.25, repeats > 0.6, blank > 0.85];
    let composition = mark(odd[0], 0.5, 0.03) + mark(odd[1], 0.5, 0.04) + mark(odd[2], 0.5, 0.15);
    let log = mark(swollen, 0.8, 0.05) + composition;
    let agreed = odd.contains(&true);
    let bounded = if agreed { log } else { log.min(-0.5) };
    Some(FloodReading {
        ratio: crate::reading::bounded_ratio(settings, bounded),
        growth,
        odd_share: bots.max(repeats).max(blank),
        swollen: swollen && agreed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viral_hour_speaks_against_a_flood_and_a_robot_hour_for_it() {
        let settings = DetectSettings::default();
        let viral = ClickFacts {
            clicks: 5_000,
            first_visits: 4_600,
            bots: 100,
            without_referrer: 900,
            ..Default::default()
        };
        let robots = ClickFacts {
            clicks: 5_000,
            first_visits: 900,
            bots: 3_000,
            without_referrer: 4_900,
            ..Default::default()
        };
        assert!(read_flood(&settings, &viral, 5.0).unwrap().ratio < 1.0);
        assert!(read_flood(&settings, &robots, 5.0).unwrap().ratio > 5.0);
        let few = ClickFacts {
            clicks: 3,
            bots: 3,
            ..Default::default()
        };
        assert_eq!(read_flood(&settings, &few, 5.0), None);
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
