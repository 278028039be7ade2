//! One code: from whom its traffic is borrowed, how much of it, and what happens to it besides.

use crate::random::{Random, Stream};
use crate::resampled::floods::Flood;
use crate::resampled::habits::Habits;
use crate::resampled::leaks::Leak;
use crate::resampled::recording::Recording;
use crate::resampled::shops::Shop;
use crate::resampled::stories::Story;

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) number: u32,
    pub(crate) shop: u32,
    pub(crate) donor: u32,
    /// Which borrower of the donor in this shop it is.
    pub(crate) variant: u32,
    /// Recorded city of most of the donor's buyers.
    pub(crate) home: u8,
    /// Own orders in the long run, without story, sale or leak, and clicks an order relative to the donor.
    pub(crate) orders_per_day: f64,
    pub(crate) clicks_factor: f64,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) story: Option<Story>,
    pub(crate) leak: Option<Leak>,
    pub(crate) flood: Option<Flood>,
    /// Logarithm of the volume relative to the long run.
    drift: f64,
}

/// The volume wanders within a factor of about seven; what lies beyond is another code.
const DRIFT_MAX: f64 = 2.0;
/// One day in thirty brings a leap.
const LEAP_SHARE: f64 = 1.0 / 30.0;

impl Code {
    pub(crate) fn new(number: u32, shop: u32, donor: u32, variant: u32) -> Self {
        Self {
            number,
            shop,
            donor,
            variant,
            home: 0,
            orders_per_day: 0.0,
            clicks_factor: 1.0,
            starts_at: i64::MIN,
            ends_at: i64::MAX,
            story: None,
            leak: None,
            flood: None,
            drift: 0.0,
        }
    }

    /// Copies of an order and of a click of the donor at the moment, on average.
    pub(crate) fn factors(&self, recording: &Recording) -> (f64, f64) {
        let donor = &recording.donors[self.donor as usize];
        let orders = libm::exp(self.drift) * self.orders_per_day / donor.orders_per_day;
        (orders, orders * self.clicks_factor)
    }

    /// A new day: the volume wanders, mostly a little, sometimes far.
    pub(crate) fn wander(&mut self, seed: u64, habits: &Habits, local_day: i64) {
        let mut random = Random::of(seed, Stream::Day, self.number.into(), local_day as u64);
        let leap = if random.chance(LEAP_SHARE) {
            habits.leap
        } else {
            1.0
        };
        let step = habits.step_sigma * leap * random.normal();
        self.drift = (self.drift * habits.step_memory + step).clamp(-DRIFT_MAX, DRIFT_MAX);
    }

    /// A new block: sometimes it is another donor's from here on.
    pub(crate) fn begin_block(&mut self, seed: u64, habits: &Habits, shop: &mut Shop, block: u64) {
        let donor = next_donor(seed, habits, shop, self.number, self.donor, block);
        if donor != self.donor {
            self.donor = donor;
            self.variant = shop.borrow(donor);
        }
    }
}

/// Whose block comes after one of `donor`.
pub(crate) fn next_donor(
    seed: u64,
    habits: &Habits,
    shop: &Shop,
    code: u32,
    donor: u32,
    block: u64,
) -> u32 {
    let mut random = Random::of(seed, Stream::Posts, code.into(), block);
    if block > 0 && random.chance(habits.switches) {
        shop.draw_donor(habits, &mut random)
    } else {
        donor
    }
}
