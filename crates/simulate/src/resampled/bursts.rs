//! Bursts in a recording: where honest traffic suddenly rose, and how it fell again.
//!
//! Decides what counts as a burst. Must not know who copies one.

use crate::resampled::recording::{BURST_HOURS, Donor, RECORDED_HOURS};

/// Shapes kept for copying, the highest.
const SHAPES_MAX: usize = 40;
/// A burst brings this many times the usual in its first hours.
const RISE: f32 = 4.0;
const FIRST_HOURS: usize = 3;
/// Fewer clicks than this in the first hours may be chance.
const CLICKS_MIN: f32 = 5.0;
/// After the beginning of one no other is looked for.
const QUIET_HOURS: usize = 20;

/// Notes each donor's bursts; returns the shapes of the highest, and the hours of the day in Almaty they began
/// in, where the recording began in hour `first_hour` of a day.
pub(crate) fn find(donors: &mut [Donor], first_hour: usize) -> (Vec<[f32; BURST_HOURS]>, Vec<u16>) {
    let mut found: Vec<(f32, u16, [f32; BURST_HOURS])> = Vec::new();
    for donor in donors {
        let counts: Vec<f32> = (0..RECORDED_HOURS)
            .map(|hour| (donor.clicks_in(hour).len() + 3 * donor.orders_in(hour).len()) as f32)
            .collect();
        let mean = counts.iter().sum::<f32>() / counts.len() as f32;
        let mut hour = 0;
        while hour + BURST_HOURS < RECORDED_HOURS {
            let first: f32 = counts[hour..hour + FIRST_HOURS].iter().sum();
            let rises = counts[hour] > 2.0 * mean;
            if rises && first >= CLICKS_MIN.max(RISE * FIRST_HOURS as f32 * mean) {
                donor.bursts.push(hour as u16);
                let mut shape: [f32; BURST_HOURS] =
                    std::array::from_fn(|at| (counts[hour + at] - mean).max(0.0));
                let excess: f32 = shape.iter().sum();
                shape.iter_mut().for_each(|share| *share /= excess);
                found.push((excess / mean, ((first_hour + hour) % 24) as u16, shape));
                hour += QUIET_HOURS;
            } else {
                hour += 1;
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(SHAPES_MAX);
    if found.is_empty() {
        found.push((1.0, 19, fading()));
    }
    found
        .into_iter()
        .map(|(_, hour, shape)| (shape, hour))
        .unzip()
}

/// For a recording without a single burst: half is over after five hours.
fn fading() -> [f32; BURST_HOURS] {
    let mut shape: [f32; BURST_HOURS] =
        std::array::from_fn(|at| libm::exp2(-(at as f64) / 5.0) as f32);
    let sum: f32 = shape.iter().sum();
    shape.iter_mut().for_each(|share| *share /= sum);
    shape
}
