//! Posts, and anything else that comes at once and fades: broadcasts, messages in a channel.

use crate::random::{Random, Stream};
use crate::time::{HOUR_MS, Hour, MINUTE_MS, hours_ms, local_midnight};

/// A burst is forgotten after this many of its time constants: e^-6 is a quarter of a per cent.
const FORGOTTEN_AFTER: f64 = 6.0;
/// At most this many bursts are felt at a time.
const FELT_MAX: usize = 8;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Burst {
    pub(crate) at: i64,
    /// Height at its start, relative to the mean activity.
    pub(crate) height: f64,
    /// Time constant of its decay, in hours.
    pub(crate) decay_hours: f64,
}

/// How often bursts come, how long they last and what share of all activity they bring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) gap_mean_days: f64,
    pub(crate) decay_hours: f64,
    /// Share of the mean activity that is in bursts; the rest is a steady floor.
    pub(crate) burst_share: f64,
    /// Spread of the heights (sd of their logarithm).
    pub(crate) height_sigma: f64,
    /// First and last local hour at which one begins.
    pub(crate) hours_of_day: (i64, i64),
}

/// An endless feed of bursts and the sum of those still felt.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    random: Random,
    rhythm: Rhythm,
    next: Burst,
    felt: Vec<Burst>,
    /// A burst outside the rhythm.
    extra: Option<Burst>,
}

impl Feed {
    /// A feed whose first burst comes one gap after `from`.
    pub(crate) fn new(seed: u64, stream: Stream, number: u64, rhythm: Rhythm, from: i64) -> Self {
        let mut random = Random::of(seed, stream, number, 0);
        let next = draw(&mut random, &rhythm, from);
        Self {
            random,
            rhythm,
            next,
            felt: Vec::new(),
            extra: None,
        }
    }

    /// Adds a burst outside the rhythm; there is room for one at a time.
    pub(crate) fn add(&mut self, extra: Burst) {
        self.extra = Some(extra);
    }

    /// Mean height of a burst of this rhythm.
    pub(crate) fn typical_height(&self) -> f64 {
        height_mean(&self.rhythm)
    }

    /// Times of the bursts to come before `until`.
    pub(crate) fn preview(&self, until: i64) -> Vec<i64> {
        const PREVIEW_MAX: usize = 200;
        let mut ahead = self.clone();
        let mut times = Vec::new();
        while ahead.next.at < until && times.len() < PREVIEW_MAX {
            times.push(ahead.next.at);
            ahead.next = draw(&mut ahead.random, &ahead.rhythm, ahead.next.at);
        }
        times
    }

    /// Activity in `hour` relative to the long-run mean, and the burst that begins in it.
    pub(crate) fn level(&mut self, hour: Hour) -> (f64, Option<i64>) {
        let mut begun = None;
        while self.next.at < hour.until {
            begun = hour
                .contains(self.next.at)
                .then_some(self.next.at)
                .or(begun);
            self.feel(self.next);
            self.next = draw(&mut self.random, &self.rhythm, self.next.at);
        }
        if let Some(extra) = self.extra.take_if(|extra| extra.at < hour.until) {
            begun = begun.or(hour.contains(extra.at).then_some(extra.at));
            self.feel(extra);
        }
        if self.felt.is_empty() {
            return (1.0 - self.rhythm.burst_share, begun);
        }
        let middle = hour.middle();
        let age_hours = |burst: &Burst| (middle - burst.at).max(0) as f64 / HOUR_MS as f64;
        self.felt
            .retain(|burst| age_hours(burst) < FORGOTTEN_AFTER * burst.decay_hours);
        let bursts: f64 = self
            .felt
            .iter()
            .map(|burst| burst.height * libm::exp(-age_hours(burst) / burst.decay_hours))
            .sum();
        (1.0 - self.rhythm.burst_share + bursts, begun)
    }

    fn feel(&mut self, burst: Burst) {
        if self.felt.len() == FELT_MAX {
            self.felt.remove(0);
        }
        self.felt.push(burst);
    }
}

fn height_mean(rhythm: &Rhythm) -> f64 {
    rhythm.burst_share * rhythm.gap_mean_days * 24.0 / rhythm.decay_hours
}

fn draw(random: &mut Random, rhythm: &Rhythm, after: i64) -> Burst {
    // Half the gap is fixed: nobody posts twice within minutes as a Poisson process would.
    let gap_days = rhythm.gap_mean_days * (0.5 + random.exponential(0.5));
    let (first, last) = rhythm.hours_of_day;
    let day = local_midnight(after + hours_ms(gap_days * 24.0));
    let at = day + random.range_ms(first, last + 1) * HOUR_MS + random.range_ms(0, 5 * MINUTE_MS);
    let sigma = rhythm.height_sigma;
    // The median that gives a log-normal the mean 1.
    let relative = random.log_normal(libm::exp(-sigma * sigma / 2.0), sigma);
    Burst {
        at: at.max(after + 30 * MINUTE_MS),
        height: height_mean(rhythm) * relative,
        decay_hours: rhythm.decay_hours * random.log_normal(1.0, 0.25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_MS;

    #[test]
    fn bursts_and_floor_together_have_mean_one_in_the_long_run() {
        let rhythm = Rhythm {
            gap_mean_days: 6.0,
            decay_hours: 18.0,
            burst_share: 0.6,
            height_sigma: 0.6,
            hours_of_day: (9, 22),
        };
        let start = 1_772_391_600_000;
        let mut feed = Feed::new(3, Stream::Posts, 0, rhythm, start);
        let announced = feed.preview(start + 60 * DAY_MS);
        let mut begun = Vec::new();
        let hours = 24 * 4_000;
        let mut sum = 0.0;
        for h in 0..hours {
            let (level, burst) = feed.level(Hour::starting(start + h * HOUR_MS));
            sum += level;
            begun.extend(burst);
        }
        let mean = sum / hours as f64;
        assert!((mean - 1.0).abs() < 0.1, "{mean}");
        let due: Vec<i64> = announced.into_iter().filter(|&at| at >= start).collect();
        assert!(due.len() > 5 && begun.starts_with(&due));
    }
}
