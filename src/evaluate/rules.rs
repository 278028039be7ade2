//! The rules that one would write without a detector, fed with the same outputs of the pipeline,
//! a code and a day at a time.
//!
//! Decides: what a rule is, which rules there are, and their natural thresholds. Must not know:
//! what really happened.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::trained::Forests;

/// What the pipeline told of one code on one day. Days are those of the world, from its first
/// hour on; an order belongs to the day in which it was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DayFacts {
    /// Day of the world, from 0.
    pub day: u32,
    /// Orders accepted for the first time.
    pub orders: u32,
    /// Those of them without a click id.
    pub clickless_orders: u32,
    /// Those whose checkout came from a coupon, cashback or deal host that is not permitted.
    pub coupon_orders: u32,
    /// Those that told any referrer.
    pub orders_with_referrer: u32,
    /// Those whose code was pasted by a script.
    pub auto_orders: u32,
    /// Those by customers who were new to the shop.
    pub new_customer_orders: u32,
    /// Sum of what was paid, in KZT.
    pub amount: f64,
    /// Clicks after the dedupe, as first published.
    pub clicks: u32,
    /// Visitors, estimated, summed over hours.
    pub visitors: u32,
}

/// A rule at work on one code.
pub trait Rule: Send {
    /// The score after a day, the higher the more suspicious; `None` where the rule cannot say
    /// anything yet. Days come in order, quiet ones too.
    fn observe(&mut self, day: &DayFacts) -> Option<f64>;
}

/// A score by which codes may be flagged.
#[derive(Clone)]
pub struct Score {
    /// Short name.
    pub name: &'static str,
    /// What the score is, in words.
    pub meaning: &'static str,
    /// Unit of the score.
    pub unit: &'static str,
    /// The threshold that one would choose without having measured.
    pub natural: f64,
    /// Where it comes from.
    pub by: By,
}

/// Where a score comes from.
#[derive(Clone)]
pub enum By {
    /// The pipeline: the detector's own score at the close of each hour.
    Detector,
    /// A rule, a day at a time.
    Days(Start),
    /// Trees, over what the pipeline exports of a code in each hour with orders.
    Looks(Arc<Forests>),
}

/// Starts a rule on one more code. It may hold what the rule learned beforehand.
pub type Start = Arc<dyn Fn() -> Box<dyn Rule> + Send + Sync>;

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Score({})", self.name)
    }
}

/// The usual scores: the detector's first, then the rules.
pub fn scores(detector_threshold_db: f64) -> Vec<Score> {
    vec![
        Score {
            name: "detector's score",
            meaning: "evidence of a leak at the close of the hour",
            unit: "dB",
            natural: detector_threshold_db,
            by: By::Detector,
        },
        Score {
            name: "click-less share",
            meaning: "orders without a click id among those of 7 days, once there are 10",
            unit: "share",
            natural: 0.8,
            by: By::Days(Arc::new(|| Box::new(ClicklessShare::default()))),
        },
        Score {
            name: "mean + 3 sd",
            meaning: "orders of a day above the code's own mean of 28 days, once there are 5",
            unit: "sd",
            natural: 3.0,
            by: By::Days(Arc::new(|| Box::new(Surge::default()))),
        },
        Score {
            name: "CUSUM",
            meaning: "one-sided cumulative sum of daily orders against the code's own mean of 28 days",
            unit: "sd",
            natural: 5.0,
            by: By::Days(Arc::new(|| Box::new(Cusum::default()))),
        },
        Score {
            name: "coupon referrer",
            meaning: "checkouts from coupon, cashback and deal hosts in 7 days",
            unit: "orders",
            natural: 3.0,
            by: By::Days(Arc::new(|| Box::new(CouponReferrer::default()))),
        },
    ]
}

/// The last days' values, oldest first.
#[derive(Debug, Default)]
struct Trailing(VecDeque<f64>);

impl Trailing {
    fn push(&mut self, value: f64, days_max: usize) {
        if self.0.len() == days_max {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Mean and standard deviation, once there are enough days to speak of either.
    fn usual(&self) -> Option<(f64, f64)> {
        let days = self.0.len() as f64;
        if self.0.len() < USUAL_DAYS_MIN {
            return None;
        }
        let mean = self.sum() / days;
        let squares: f64 = self.0.iter().map(|value| (value - mean).powi(2)).sum();
        // Counts scatter by at least their root; without this a code that was idle for a month
        // would raise an alarm with its first order.
        let deviation = (squares / (days - 1.0)).sqrt().max(mean.sqrt());
        Some((mean, deviation.max(DEVIATION_MIN)))
    }
}

/// Days that "the last week" means.
const WEEK_DAYS: usize = 7;
/// Days that the code's own mean is taken over.
const USUAL_DAYS: usize = 28;
/// Days before a mean is one.
const USUAL_DAYS_MIN: usize = 7;
/// Least standard deviation of daily orders.
const DEVIATION_MIN: f64 = 0.5;

#[derive(Debug, Default)]
struct ClicklessShare {
    orders: Trailing,
    clickless: Trailing,
}

/// Fewer orders have no share.
const SHARE_ORDERS_MIN: f64 = 10.0;

impl Rule for ClicklessShare {
    fn observe(&mut self, day: &DayFacts) -> Option<f64> {
        self.orders.push(f64::from(day.orders), WEEK_DAYS);
        self.clickless
            .push(f64::from(day.clickless_orders), WEEK_DAYS);
        let orders = self.orders.sum();
        (orders >= SHARE_ORDERS_MIN).then(|| self.clickless.sum() / orders)
    }
}

#[derive(Debug, Default)]
struct Surge {
    orders: Trailing,
}

/// Orders of a day that are worth an alarm at all.
const SURGE_ORDERS_MIN: u32 = 5;

impl Rule for Surge {
    fn observe(&mut self, day: &DayFacts) -> Option<f64> {
        let orders = f64::from(day.orders);
        let usual = self.orders.usual();
        self.orders.push(orders, USUAL_DAYS);
        let (mean, deviation) = usual?;
        (day.orders >= SURGE_ORDERS_MIN).then(|| (orders - mean) / deviation)
    }
}

#[derive(Debug, Default)]
struct Cusum {
    orders: Trailing,
    sum: f64,
}

/// Half of the shift that the sum is tuned for, in standard deviations; the textbook's choice.
const CUSUM_SLACK: f64 = 0.5;

impl Rule for Cusum {
    fn observe(&mut self, day: &DayFacts) -> Option<f64> {
        let orders = f64::from(day.orders);
        let usual = self.orders.usual();
        self.orders.push(orders, USUAL_DAYS);
        let (mean, deviation) = usual?;
        self.sum = (self.sum + (orders - mean) / deviation - CUSUM_SLACK).max(0.0);
        Some(self.sum)
    }
}

#[derive(Debug, Default)]
struct CouponReferrer {
    orders: Trailing,
}

impl Rule for CouponReferrer {
    fn observe(&mut self, day: &DayFacts) -> Option<f64> {
        self.orders.push(f64::from(day.coupon_orders), WEEK_DAYS);
        Some(self.orders.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(rule: &mut dyn Rule, days: impl IntoIterator<Item = DayFacts>) -> Option<f64> {
        days.into_iter().map(|day| rule.observe(&day)).last()?
    }

    fn orders(orders: u32, clickless_orders: u32, coupon_orders: u32) -> DayFacts {
        DayFacts {
            orders,
            clickless_orders,
            coupon_orders,
            ..DayFacts::default()
        }
    }

    #[test]
    fn a_share_needs_ten_orders_and_forgets_after_a_week() {
        let mut rule = ClicklessShare::default();
        assert_eq!(last(&mut rule, [orders(9, 9, 0)]), None);
        assert_eq!(last(&mut rule, [orders(1, 0, 0)]), Some(0.9));
        assert_eq!(last(&mut rule, [orders(0, 0, 0); 6]), None);
        assert_eq!(last(&mut rule, [orders(10, 1, 0)]), Some(0.1));
    }

    #[test]
    fn a_surge_is_measured_against_the_days_before_it() {
        let mut rule = Surge::default();
        assert_eq!(last(&mut rule, [orders(4, 0, 0); 7]), None);
        assert_eq!(last(&mut rule, [orders(10, 0, 0)]), Some(3.0));
        assert_eq!(last(&mut rule, [orders(4, 0, 0)]), None);
    }

    #[test]
    fn a_cusum_grows_with_a_lasting_shift_and_not_with_the_usual() {
        let mut rule = Cusum::default();
        assert_eq!(last(&mut rule, [orders(4, 0, 0); 20]), Some(0.0));
        let shifted = last(&mut rule, [orders(8, 0, 0); 4]).expect("there is a mean");
        assert!(shifted > 3.0, "{shifted}");
    }

    #[test]
    fn coupon_referrers_are_counted_over_a_week() {
        let mut rule = CouponReferrer::default();
        assert_eq!(last(&mut rule, [orders(3, 0, 1); 9]), Some(7.0));
        assert_eq!(last(&mut rule, [orders(3, 0, 0); 7]), Some(0.0));
    }
}
