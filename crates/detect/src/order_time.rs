//! When an order came, against what honest orders of the code follow.
//!
//! Decides: how well the time of an order is explained by the code's recent clicks, its own
//! hours and the shop's hours, against the hours that searchers or staff keep. Must not know:
//! any other mark of the order.

use promoguard_event::{EventTime, Hour};
use serde::{Deserialize, Serialize};

use crate::market::ShopView;
use crate::marks::{KINDS, Kind};
use crate::reference::{DAY_BINS, MIXES, OwnReference};
use crate::settings::DetectSettings;
use crate::shop::week_bin;
use crate::stable::decay;

/// Half-life of the longer click mean, days.
const LONG_HALF_LIFE_DAYS: f64 = 28.0;
/// Half-life and weight of the clicks of those who do not buy on the day.
const LASTING_HALF_LIFE_HOURS: f64 = 48.0;
const LASTING_WEIGHT: f64 = 0.4;
/// Keeps a ratio of tiny intensities near 1.
const INTENSITY_FLOOR: f64 = 0.5;
/// Pseudo-orders of the shop's day in a code's own day.
const OWN_DAY_PSEUDO: f64 = 12.0;

/// First-visit clicks of one code over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClickClock {
    /// Decayed clicks as of the end of `hour`.
    recent: f32,
    /// The same with a longer memory: not everybody buys on the day.
    lasting: f32,
    /// Mean clicks an hour, short and long memory, not yet corrected for youth.
    short: f32,
    long: f32,
    /// First hour, and the last hour folded in; 0 = none yet.
    since: i32,
    hour: i32,
}

impl ClickClock {
    /// Folds in the first visits of `hour`, after the hours in between without any.
    pub(crate) fn fold(&mut self, settings: &DetectSettings, hour: i32, first_visits: f64) {
        if self.hour == 0 {
            self.since = hour;
            self.hour = hour - 1;
        }
        if hour <= self.hour {
            return;
        }
        let hours = f64::from(hour - self.hour);
        let fold_mean = |mean: f32, half_life_days: f64| {
            let keep = decay(hours / 24.0, half_life_days);
            let last = 1.0 - decay(1.0 / 24.0, half_life_days);
            (f64::from(mean) * keep + last * first_visits) as f32
        };
        self.recent = (f64::from(self.recent) * decay(hours, settings.click_half_life_hours)
            + first_visits) as f32;
        self.lasting =
            (f64::from(self.lasting) * decay(hours, LASTING_HALF_LIFE_HOURS) + first_visits) as f32;
        self.short = fold_mean(self.short, settings.click_mean_half_life_days);
        self.long = fold_mean(self.long, LONG_HALF_LIFE_DAYS);
        self.hour = hour;
    }

    /// Recent clicks at `ts` inside the hour after the last one folded, against their mean:
    /// 1 = as usual. The smaller mean is used: a code whose clicks dried up is not "quiet", that
    /// is its new normal, and its late followers are honest.
    pub(crate) fn intensity(&self, settings: &DetectSettings, at: Hour, before: f64) -> f64 {
        if self.hour == 0 {
            return 1.0;
        }
        let hours = f64::from((at.index() - 1 - self.hour).max(0));
        let now =
            f64::from(self.recent) * decay(hours + 0.5, settings.click_half_life_hours) + before;
        let age_days = f64::from((at.index() - self.since).max(1)) / 24.0;
        let mean = |mean: f32, half_life: f64| {
            let faded = f64::from(mean) * decay(hours / 24.0, half_life);
            faded / (1.0 - decay(age_days, half_life))
        };
        let usual = mean(self.short, settings.click_mean_half_life_days)
            .min(mean(self.long, LONG_HALF_LIFE_DAYS));
        let lasting =
            f64::from(self.lasting) * decay(hours + 0.5, LASTING_HALF_LIFE_HOURS) + before;
        let against_usual = |clicks: f64, half_life: f64| {
            let hours_of_memory = 1.0 / (1.0 - decay(1.0, half_life));
            (clicks + INTENSITY_FLOOR) / (usual * hours_of_memory + INTENSITY_FLOOR)
        };
        (1.0 - LASTING_WEIGHT) * against_usual(now, settings.click_half_life_hours)
            + LASTING_WEIGHT * against_usual(lasting, LASTING_HALF_LIFE_HOURS)
    }

    /// Mean first visits an hour over the long memory.
    pub(crate) fn usual_per_hour(&self, at: i32) -> f64 {
        if self.hour == 0 {
            return 0.0;
        }
        let age_days = f64::from((at - self.since).max(1)) / 24.0;
        f64::from(self.long)
            * decay(
                f64::from((at - self.hour).max(0)) / 24.0,
                LONG_HALF_LIFE_DAYS,
            )
            / (1.0 - decay(age_days.max(1.0), LONG_HALF_LIFE_DAYS))
    }
}

/// What the time of an order says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeReading {
    /// Weighted log ratio for each kind.
    pub(crate) logs: [f64; KINDS],
    /// Probability that the order follows clicks, own hours, shop's hours: the EM step.
    pub(crate) mix: [f64; MIXES],
    /// What the mix was expected to be.
    pub(crate) expected_mix: [f64; MIXES],
}

/// The code's own mix, shrunk to the shop's.
pub(crate) fn expected_mix(
    settings: &DetectSettings,
    view: &ShopView<'_>,
    own: &OwnReference,
) -> [f64; MIXES] {
    let prior = view.mix();
    let pseudo = settings.time_mix_pseudo;
    let seen = own.mix.map(f64::from);
    let all: f64 = seen.iter().sum();
    let mut mix = [0.0; MIXES];
    for index in 0..MIXES {
        mix[index] = (seen[index] + pseudo * prior[index]) / (all + pseudo);
    }
    mix
}

/// Reads the time of one order. `intensity` is `None` when the clicks say nothing.
pub(crate) fn read_time(
    settings: &DetectSettings,
    view: &ShopView<'_>,
    own: &OwnReference,
    mix: &[f64; MIXES],
    ts: EventTime,
    intensity: Option<f64>,
) -> TimeReading {
    let hour = ts.hour();
    let shop = view.week_density(week_bin(hour));
    let own_day = own_day_density(view, own, hour);
    let (click_weight, click) = match intensity {
        Some(intensity) => (mix[0], intensity),
        None => (0.0, 0.0),
    };
    let rest = mix[1] + mix[2];
    let scale = 1.0 / (click_weight + rest);
    let parts = [
        click_weight * scale * click,
        mix[1] * scale * own_day,
        mix[2] * scale * shop,
    ];
    let honest: f64 = parts.iter().sum();
    let office = office_density(settings, hour);
    let sight = if intensity.is_some() {
        1.0
    } else {
        settings.blind_time_weight
    };
    let weight = settings.time_weight * sight;
    let logs = Kind::ALL.map(|kind| {
        let leaked = match kind {
            Kind::Site | Kind::Extension => shop,
            // Staff order at work, and also when everybody does.
            Kind::Insider => 0.7 * office + 0.3 * shop,
        };
        let ratio = libm::log(leaked.max(1e-3)) - libm::log(honest.max(1e-3));
        weight * ratio.clamp(settings.time_log_min, settings.time_log_max)
    });
    TimeReading {
        logs,
        mix: parts.map(|part| part / honest),
        expected_mix: [click_weight * scale, mix[1] * scale, mix[2] * scale],
    }
}

fn own_day_density(view: &ShopView<'_>, own: &OwnReference, hour: Hour) -> f64 {
    let hours = 24 / DAY_BINS;
    let bin = hour.index().rem_euclid(24) as usize / hours;
    let all: f64 = own.day.iter().map(|orders| f64::from(*orders)).sum();
    let flat = 1.0 / DAY_BINS as f64;
    let shop = view.day_density(bin * hours, hours) * flat;
    (f64::from(own.day[bin]) + OWN_DAY_PSEUDO * shop) / (all + OWN_DAY_PSEUDO) / flat
}

fn office_density(settings: &DetectSettings, hour: Hour) -> f64 {
    let [from, to] = settings.office_hours_utc;
    let hours = f64::from(to.saturating_sub(from).max(1));
    let bin = week_bin(hour);
    let open = bin < 24 && (usize::from(from)..usize::from(to)).contains(&bin);
    if open { 168.0 / (5.0 * hours) } else { 0.05 }
}
