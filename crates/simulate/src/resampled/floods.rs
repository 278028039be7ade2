//! Click floods: the code's own clicks copied many times over, by few visitors or by none twice. No orders come of them.

use crate::random::{Random, mix};
use crate::resampled::habits::Habits;
use crate::resampled::recording::{Donor, RecordedClick};
use crate::resampled::scene::Scene;
use crate::time::{DAY_MS, Hour};
use crate::wire::{AGENTS, FIRST_FLOODER};

/// Busiest flood, in clicks a day, before `volume_scale`.
const CLICKS_PER_DAY_MAX: f64 = 4_000.0;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Flood {
    pub(crate) onset: i64,
    pub(crate) until: i64,
    clicks_per_hour: f64,
    /// Distinct visitors that it pretends; 0 = a new one for each click.
    visitors: u64,
    /// Whether it calls itself by its name.
    plain: bool,
}

impl Flood {
    pub(crate) fn draw(
        habits: &Habits,
        (from, until): (i64, i64),
        clicks_per_hour: f64,
        volume_scale: f64,
        random: &mut Random,
    ) -> Self {
        let span = (until - from) as f64;
        let onset = from + (span * random.range(0.1, 0.8)) as i64;
        let length = (DAY_MS as f64 * random.log_between(habits.flood_days)).min(span);
        let strongest = CLICKS_PER_DAY_MAX * volume_scale / 24.0;
        let strength = random.log_between(habits.flood_strength);
        Self {
            onset,
            until: onset + length as i64,
            clicks_per_hour: (clicks_per_hour * strength).min(strongest),
            visitors: random.pick(&[0, 0, 4, 50, 300]),
            plain: random.chance(habits.flood_plain),
        }
    }

    pub(crate) fn is_on(&self, hour: Hour) -> bool {
        self.onset < hour.until && hour.from < self.until
    }
}

impl Scene<'_> {
    pub(crate) fn flood_clicks(&mut self, flood: &Flood, donor: &Donor) {
        // Copied from the donor where it has any, so that referrers and cities look right.
        let own = donor.all_clicks();
        let clicks = if own.is_empty() {
            0..self.recording.clicks.len()
        } else {
            own
        };
        if clicks.is_empty() {
            return;
        }
        for _ in 0..self.random.poisson(flood.clicks_per_hour) {
            let ts = self.moment();
            if ts < flood.onset || ts >= flood.until {
                continue;
            }
            let at = clicks.start + self.random.index(clicks.len());
            let copied = self.recording.clicks[at];
            let visitor = match flood.visitors {
                0 => self.random.next_u64(),
                visitors => mix(u64::from(self.code) << 32 | self.random.below(visitors)),
            };
            let agent = if flood.plain {
                (FIRST_FLOODER + self.random.index(AGENTS.len() - FIRST_FLOODER)) as u8
            } else {
                self.browser(visitor)
            };
            let copy = RecordedClick { agent, ..copied };
            self.click(ts, visitor, &copy, true);
        }
    }
}
