//! Tells event times that can't be true in a file, where no broker noted when a record arrived.
//!
//! A record is *ahead* when its time is further than the tolerance ahead of both the median of
//! the file's last thousand records and the newest plausible record. The median alone, which is
//! what the contract names, would refuse the recent half of a small shop's history, whose last
//! thousand orders span a year; the newest record alone would let one absurd time vouch for the
//! next.

use std::collections::VecDeque;

use promoguard_event::EventTime;

/// Records that the median is taken over.
const RECENT_RECORDS: usize = 1000;

/// The longest gap that a file may have before what follows is absurd: a year and a day.
const GAP_MS_MAX: i64 = 366 * 86_400_000;

/// What a time looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plausibility {
    /// It fits its file.
    Plausible,
    /// It is too far ahead of everything around it.
    Ahead,
}

/// Judges the times of one file, in the order of its lines.
#[derive(Clone, Debug)]
pub struct PlausibleTime {
    tolerance_ms: i64,
    recent: VecDeque<i64>,
    newest_plausible: Option<i64>,
}

impl PlausibleTime {
    /// Times up to `tolerance_ms` ahead are plausible.
    pub fn new(tolerance_ms: i64) -> Self {
        Self {
            tolerance_ms,
            recent: VecDeque::with_capacity(RECENT_RECORDS),
            newest_plausible: None,
        }
    }

    /// Shows it the first records of the file (their order does not matter), so that an absurd
    /// time on the first line has something to be compared with.
    pub fn start_with(&mut self, first: impl IntoIterator<Item = EventTime>) {
        self.recent.extend(
            first
                .into_iter()
                .take(RECENT_RECORDS)
                .map(EventTime::millis),
        );
        self.newest_plausible = self.median();
    }

    /// Judges the next record and remembers it.
    pub fn check(&mut self, ts: EventTime) -> Plausibility {
        let millis = ts.millis();
        let verdict = self.verdict(millis);
        if self.recent.len() == RECENT_RECORDS {
            self.recent.pop_front();
        }
        self.recent.push_back(millis);
        if verdict == Plausibility::Plausible {
            self.newest_plausible = self.newest_plausible.max(Some(millis));
        }
        verdict
    }

    fn verdict(&self, millis: i64) -> Plausibility {
        let Some(newest) = self.newest_plausible else {
            return Plausibility::Plausible;
        };
        let is_ahead = |of: i64| millis > of.saturating_add(self.tolerance_ms);
        if is_ahead(newest) && self.median().is_none_or(is_ahead) {
            Plausibility::Ahead
        } else {
            Plausibility::Plausible
        }
    }

    /// The lower median of the recent records: rare enough to be computed from scratch.
    fn median(&self) -> Option<i64> {
        let mut sorted: Vec<i64> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }

    /// Decides on records that were ahead, once the whole file was read: those that a gap of at
    /// most a year separates from the rest are plausible together when they are a tenth of the
    /// file, for a shop may close for a season, and absurd otherwise. Takes their times in
    /// ascending order; returns how many of them, from the first, are plausible.
    pub fn settle(&self, ahead: &[EventTime], records_in_file: u64) -> usize {
        let enough = (records_in_file / 10).max(10) as usize;
        let mut newest = self.newest_plausible.unwrap_or(i64::MIN);
        let mut plausible = 0;
        while plausible < ahead.len() {
            let cluster = self.cluster_length(&ahead[plausible..]);
            let gap = ahead[plausible].millis().saturating_sub(newest);
            if gap > self.tolerance_ms && (gap > GAP_MS_MAX || cluster < enough) {
                break;
            }
            plausible += cluster;
            newest = ahead[plausible - 1].millis();
        }
        plausible
    }

    /// How many of the ascending times, from the first, follow each other without a gap.
    fn cluster_length(&self, ascending: &[EventTime]) -> usize {
        ascending
            .windows(2)
            .position(|pair| pair[1].millis_since(pair[0]) > self.tolerance_ms)
            .map_or(ascending.len(), |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn judge(days: &[i64]) -> Vec<bool> {
        let mut file = PlausibleTime::new(14 * DAY);
        file.start_with(days.iter().map(|day| EventTime::from_millis(day * DAY)));
        days.iter()
            .map(|day| file.check(EventTime::from_millis(day * DAY)) == Plausibility::Plausible)
            .collect()
    }

    #[test]
    fn a_small_shop_may_have_months_in_one_file() {
        let year: Vec<i64> = (0..365).collect();
        assert!(judge(&year).into_iter().all(|plausible| plausible));
    }

    #[test]
    fn one_absurd_time_is_ahead_wherever_it_stands() {
        for place in [0, 5, 9] {
            let mut days: Vec<i64> = (100..110).collect();
            days[place] = 40_000;
            let verdicts = judge(&days);
            assert_eq!(verdicts.iter().filter(|plausible| !**plausible).count(), 1);
            assert!(!verdicts[place]);
        }
    }

    #[test]
    fn an_absurd_time_does_not_vouch_for_another() {
        let mut days: Vec<i64> = (100..120).collect();
        days[3] = 40_000;
        days[7] = 40_001;
        assert_eq!(judge(&days).iter().filter(|p| !**p).count(), 2);
    }

    #[test]
    fn many_records_after_a_long_gap_are_believed_and_few_are_not() {
        let file = PlausibleTime::new(14 * DAY);
        let after_gap = |count: i64| -> Vec<EventTime> {
            (0..count)
                .map(|n| EventTime::from_millis(60 * DAY + n))
                .collect()
        };
        let decades_later: Vec<EventTime> = (0..900)
            .map(|n| EventTime::from_millis(9_000 * DAY + n))
            .collect();
        let mut file_with_past = file.clone();
        file_with_past.check(EventTime::from_millis(0));
        assert_eq!(file_with_past.settle(&after_gap(40), 200), 40);
        assert_eq!(file_with_past.settle(&after_gap(9), 200), 0);
        assert_eq!(file_with_past.settle(&after_gap(40), 10_000), 0);
        assert_eq!(file_with_past.settle(&decades_later, 1_000), 0);
    }

    #[test]
    fn records_that_the_rest_of_the_file_reaches_are_believed() {
        let mut file = PlausibleTime::new(14 * DAY);
        file.check(EventTime::from_millis(5 * DAY));
        assert_eq!(
            file.check(EventTime::from_millis(50 * DAY)),
            Plausibility::Ahead
        );
        file.check(EventTime::from_millis(18 * DAY));
        file.check(EventTime::from_millis(31 * DAY));
        file.check(EventTime::from_millis(44 * DAY));
        assert_eq!(file.settle(&[EventTime::from_millis(50 * DAY)], 5), 1);
    }
}
