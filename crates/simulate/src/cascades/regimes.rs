//! A partner's habits over time: when posts come, and when everything about a partner changes.
//!
//! Decides the times of posts and of regime switches, endlessly and without regard to the hours asked for,
//! so that the registry can announce what will happen. Must not know what a post sets off.

use crate::cascades::chance::{Subject, chance, pareto_mean_one};
use crate::cascades::nature::Origins;
use crate::random::Random;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, days_ms, local_midnight};

/// How a partner posts while a regime lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rhythm {
    /// Now and then.
    Usual,
    /// Not at all; the code lives on search and memory.
    Silent,
    /// Every week at the same hour.
    Show { weekday: i64, hour: i64 },
    /// Twice as often, to twice as many.
    Surge,
}

/// What a regime makes of a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regime {
    rhythm: Rhythm,
    /// Multiplies everything that is not a post.
    pub(crate) level: f64,
    /// The partner's second platform is the first now.
    pub(crate) moved: bool,
    /// The mixture changes when the regime begins.
    pub(crate) jumps: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Post {
    pub(crate) at: i64,
    /// Relative to the usual post.
    pub(crate) size: f64,
}

/// An endless feed of posts under changing regimes.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    random: Random,
    gap_days: f64,
    regime: Regime,
    regime_until: i64,
    next: Post,
}

/// What a step of the feed brought.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    Post(Post),
    Regime(Regime, i64),
}

impl Feed {
    /// A feed from `from` on, a post every `gap_days` while it is usual.
    pub(crate) fn new(seed: u64, code: u64, gap_days: f64, origins: &Origins, from: i64) -> Self {
        let mut random = chance(seed, Subject::Feed, code, 0);
        let length = regime_length(origins, &mut random);
        // The first regime has been going on for a while.
        let regime_until = from + (length as f64 * random.unit()) as i64;
        let rhythm = draw_rhythm(origins, true, &mut random);
        let regime = Regime {
            rhythm,
            level: 1.0,
            moved: false,
            jumps: false,
        };
        let mut feed = Self {
            random,
            gap_days,
            regime,
            regime_until,
            next: Post {
                at: from,
                size: 1.0,
            },
        };
        feed.schedule(origins);
        feed
    }

    pub(crate) fn regime(&self) -> Regime {
        self.regime
    }

    /// The next thing that happens before `until`, if any does.
    pub(crate) fn step(&mut self, origins: &Origins, until: i64) -> Option<News> {
        if self.regime_until.min(self.next.at) >= until {
            return None;
        }
        if self.next.at < self.regime_until {
            let post = self.next;
            self.schedule(origins);
            return Some(News::Post(post));
        }
        let at = self.regime_until;
        self.switch(origins);
        // A post that was planned under the old regime is not made.
        self.next.at = at;
        self.schedule(origins);
        Some(News::Regime(self.regime, at))
    }

    /// Times of the posts to come before `until`, as a brand would be told; the feed does not move.
    pub(crate) fn preview(&self, origins: &Origins, until: i64) -> Vec<i64> {
        const PREVIEW_MAX: usize = 200;
        let mut ahead = self.clone();
        let mut times = Vec::new();
        while times.len() < PREVIEW_MAX
            && let Some(news) = ahead.step(origins, until)
        {
            if let News::Post(post) = news {
                times.push(post.at);
            }
        }
        times
    }

    fn switch(&mut self, origins: &Origins) {
        /// How far levels of regimes lie apart, as sd of their logarithm.
        const LEVEL_SIGMA: f64 = 0.3;
        let random = &mut self.random;
        let rhythm = draw_rhythm(origins, self.regime.rhythm != Rhythm::Usual, random);
        let level = random.log_normal(1.0, LEVEL_SIGMA)
            * match rhythm {
                Rhythm::Silent => 0.7,
                Rhythm::Surge => 1.5,
                Rhythm::Usual | Rhythm::Show { .. } => 1.0,
            };
        self.regime = Regime {
            rhythm,
            level,
            moved: self.regime.moved ^ random.chance(origins.move_share),
            jumps: random.chance(origins.jump_share),
        };
        self.regime_until += regime_length(origins, random);
    }

    /// Plans the post after `next`.
    fn schedule(&mut self, origins: &Origins) {
        let random = &mut self.random;
        let after = self.next.at;
        let tail = pareto_mean_one(origins.post_tail, 40.0, random);
        let (at, size) = match self.regime.rhythm {
            Rhythm::Silent => (i64::MAX, 0.0),
            Rhythm::Show { weekday, hour } => {
                let at = next_weekly(after, weekday, hour) + random.range_ms(0, 4 * MINUTE_MS);
                // A show is worth what a week of posts would be, and its size varies little.
                (at, 7.0 / self.gap_days * (0.75 + 0.25 * tail))
            }
            Rhythm::Usual => (irregular(after, self.gap_days, random), tail),
            Rhythm::Surge => (irregular(after, self.gap_days / 2.0, random), 1.5 * tail),
        };
        self.next = Post {
            at: at.max(after.saturating_add(10 * MINUTE_MS)),
            size,
        };
    }
}

fn draw_rhythm(origins: &Origins, usual_too: bool, random: &mut Random) -> Rhythm {
    let [silent, show, surge] = origins.regime_weights;
    let usual = if usual_too { 1.0 } else { 0.0 };
    match random.weighted(&[usual, silent, show, surge]) {
        0 => Rhythm::Usual,
        1 => Rhythm::Silent,
        2 => Rhythm::Show {
            weekday: random.below(7) as i64,
            hour: random.range_ms(8, 23),
        },
        _ => Rhythm::Surge,
    }
}

fn regime_length(origins: &Origins, random: &mut Random) -> i64 {
    days_ms(
        random
            .log_normal(origins.regime_days, origins.regime_sigma)
            .clamp(4.0, 2_000.0),
    )
}

/// A post after a gap of which a third is fixed, at an hour at which people post.
fn irregular(after: i64, gap_days: f64, random: &mut Random) -> i64 {
    let days = gap_days * (0.34 + random.exponential(0.66));
    let at = after + days_ms(days.max(0.03));
    if days < 1.0 {
        return at;
    }
    // Mornings to late evenings, evenings most.
    let hours = 9.0 + 13.5 * libm::sqrt(random.unit());
    local_midnight(at) + (hours * HOUR_MS as f64) as i64
}

/// The next time at which it is that hour of that weekday in Almaty, at least an hour later.
fn next_weekly(after: i64, weekday: i64, hour: i64) -> i64 {
    let midnight = local_midnight(after);
    // Day 0 of the epoch was a Thursday.
    let today = (midnight.div_euclid(DAY_MS) + 1 + 3).rem_euclid(7);
    let at = midnight + (weekday - today).rem_euclid(7) * DAY_MS + hour * HOUR_MS;
    if at < after + HOUR_MS {
        at + 7 * DAY_MS
    } else {
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascades::nature::Nature;
    use crate::time::Hour;

    const START: i64 = 1_772_391_600_000;

    #[test]
    fn a_feed_brings_what_it_announced_and_changes_its_regime_now_and_then() {
        let origins = Nature::draw(1, 0.0).origins;
        let (mut regimes, mut posts) = (0, 0);
        for code in 0..50 {
            let mut feed = Feed::new(3, code, 5.0, &origins, START);
            let end = START + 200 * DAY_MS;
            let announced = feed.preview(&origins, end);
            let mut made = Vec::new();
            let mut hour = START;
            while hour < end {
                hour += HOUR_MS;
                while let Some(news) = feed.step(&origins, hour) {
                    match news {
                        News::Post(post) => made.push(post.at),
                        News::Regime(..) => regimes += 1,
                    }
                }
            }
            assert_eq!(made[..announced.len()], announced);
            assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
            posts += made.len();
        }
        assert!((150..500).contains(&regimes), "{regimes}");
        assert!(posts > 500, "{posts}");
    }

    #[test]
    fn a_weekly_show_comes_every_week_at_its_hour() {
        let at = next_weekly(START + 100 * HOUR_MS, 2, 19);
        let hour = Hour::starting(at);
        assert_eq!(hour.week_hour, 2 * 24 + 19);
        assert_eq!(next_weekly(at, 2, 19), at + 7 * DAY_MS);
    }
}
