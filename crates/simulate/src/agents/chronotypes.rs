//! When people are up and at their phone: daily habits, finer than any sum of them.

use crate::geography::CityId;
use crate::random::Random;
use crate::time::{ALMATY_OFFSET_MS, DAY_MS, HOUR_MS, MINUTE_MS};

/// Sorts of day; a person has one.
pub(crate) const CHRONOTYPES: usize = 40;
/// The sort of somebody who sits up at night.
pub(crate) const NIGHT_OWL: u8 = 39;

/// The first city of Russia; its time is Moscow's here, two hours behind Almaty's.
const FIRST_RUSSIAN_CITY: CityId = 20;

/// Readiness to look at the phone by hour, the busiest hour of the sort being 1: working days, then weekends.
#[derive(Clone, Debug)]
pub(crate) struct Chronotypes {
    days: Vec<[[f32; 24]; 2]>,
}

fn bump(hour: f64, at: f64, width: f64) -> f64 {
    let away = (hour - at).abs();
    let around = away.min(24.0 - away) / width;
    libm::exp(-0.5 * around * around)
}

impl Chronotypes {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let days = (0..CHRONOTYPES)
            .map(|sort| {
                let owl = sort == usize::from(NIGHT_OWL);
                let evening = if owl { 24.5 } else { random.range(19.0, 23.0) };
                let morning = random.range(6.5, 10.0);
                let weights = [
                    random.range(0.0, 0.8) * if owl { 0.2 } else { 1.0 },
                    random.range(0.1, 1.0),
                    random.range(0.7, 1.7),
                    random.range(0.05, 0.4),
                ];
                let floor = random.range(0.01, 0.05);
                let weekend_later = random.range(0.0, 2.5);
                let weekend_level = random.range(0.6, 1.5);
                let day = |later: f64, level: f64| {
                    std::array::from_fn(|hour| {
                        let h = hour as f64 + 0.5;
                        let up = weights[0] * bump(h, morning + later, 1.3)
                            + weights[1] * bump(h, 13.0 + 0.5 * later, 1.6)
                            + weights[2] * bump(h, evening + 0.5 * later, 2.2)
                            + weights[3] * bump(h, 16.5, 3.5);
                        (level * (up + floor)) as f32
                    })
                };
                let mut both: [[f32; 24]; 2] = [day(0.0, 1.0), day(weekend_later, weekend_level)];
                let top = both.iter().flatten().copied().fold(0.0, f32::max);
                both.iter_mut().flatten().for_each(|level| *level /= top);
                both
            })
            .collect();
        Self { days }
    }

    fn level(&self, sort: u8, city: CityId, ts: i64) -> f32 {
        let behind = if city >= FIRST_RUSSIAN_CITY {
            2 * HOUR_MS
        } else {
            0
        };
        let local = ts + ALMATY_OFFSET_MS - behind;
        let hour = (local.rem_euclid(DAY_MS) / HOUR_MS) as usize;
        // Day 0 of the epoch was a Thursday.
        let weekend = (local.div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5;
        self.days[usize::from(sort)][usize::from(weekend)][hour]
    }

    /// The moment at or after `ts` when a person of that sort attends to something.
    pub(crate) fn attends(&self, sort: u8, city: CityId, ts: i64, random: &mut Random) -> i64 {
        const TRIES_MAX: u32 = 24;
        let mut at = ts;
        for _ in 0..TRIES_MAX {
            if random.unit() < f64::from(self.level(sort, city, at)) {
                return at;
            }
            at += random.range_ms(15 * MINUTE_MS, 100 * MINUTE_MS);
        }
        at
    }
}

/// Moves a moment into the hours at a desk of a working day in Almaty.
pub(crate) fn at_the_desk(ts: i64, random: &mut Random) -> i64 {
    let local = ts + ALMATY_OFFSET_MS;
    let day = local.div_euclid(DAY_MS);
    let weekday = (day + 3).rem_euclid(7);
    let working_day = if weekday >= 5 { day + 7 - weekday } else { day };
    // Mostly the late morning and around lunch.
    let hour = 9.0 + 4.5 * (random.unit() + random.unit());
    let at = working_day * DAY_MS - ALMATY_OFFSET_MS + (hour * HOUR_MS as f64) as i64;
    if at < ts {
        at_the_desk((day + 1) * DAY_MS - ALMATY_OFFSET_MS, random)
    } else {
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn people_attend_in_their_hours_and_desks_are_empty_at_weekends() {
        let mut random = Random::of(1, Stream::People, 0, 0);
        let chronotypes = Chronotypes::draw(&mut random);
        let hour_of = |ts: i64| (ts + ALMATY_OFFSET_MS).rem_euclid(DAY_MS) / HOUR_MS;
        let (mut owls, mut larks) = (0, 0);
        for n in 0..2_000 {
            let ts = 1_772_391_600_000 + n * 37 * MINUTE_MS;
            let at = chronotypes.attends(NIGHT_OWL, 0, ts, &mut random);
            assert!(at >= ts);
            owls += i32::from(hour_of(at) >= 22 || hour_of(at) < 4);
            let at = chronotypes.attends(3, 0, ts, &mut random);
            larks += i32::from(hour_of(at) >= 22 || hour_of(at) < 4);
            let desk = at_the_desk(ts, &mut random);
            assert!(desk >= ts && (9..18).contains(&hour_of(desk)));
        }
        assert!(owls > 2 * larks, "{owls} {larks}");
    }
}
