//! Things that are due in a later hour, one bucket per hour; emptied hour by hour and reused.

use std::collections::VecDeque;

use crate::time::HOUR_MS;

/// Nothing is kept further ahead than this: 40 days. Later things are due at that edge.
const HOURS_AHEAD_MAX: i64 = 40 * 24;

#[derive(Clone, Debug)]
pub(crate) struct Calendar<T> {
    /// Start of the first bucket, epoch milliseconds.
    from: i64,
    buckets: VecDeque<Vec<T>>,
    spare: Vec<Vec<T>>,
    len: usize,
}

impl<T> Calendar<T> {
    pub(crate) fn starting(from: i64) -> Self {
        Self {
            from,
            buckets: VecDeque::new(),
            spare: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Files `item` under the hour of `due`; past times belong to the next hour taken.
    pub(crate) fn push(&mut self, due: i64, item: T) {
        let ahead = (due - self.from)
            .div_euclid(HOUR_MS)
            .clamp(0, HOURS_AHEAD_MAX) as usize;
        while self.buckets.len() <= ahead {
            self.buckets.push_back(self.spare.pop().unwrap_or_default());
        }
        self.buckets[ahead].push(item);
        self.len += 1;
    }

    /// Moves on by one hour and hands out what was due in it, in order of filing.
    pub(crate) fn take_hour(&mut self) -> Vec<T> {
        self.from += HOUR_MS;
        let due = self.buckets.pop_front().unwrap_or_default();
        self.len -= due.len();
        due
    }

    /// Takes back an emptied bucket, for its memory.
    pub(crate) fn recycle(&mut self, mut bucket: Vec<T>) {
        const SPARE_MAX: usize = 4;
        bucket.clear();
        if self.spare.len() < SPARE_MAX {
            self.spare.push(bucket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_out_in_the_hour_they_are_due_and_none_is_lost() {
        let mut calendar = Calendar::starting(0);
        calendar.push(HOUR_MS * 2 + 1, "third hour");
        calendar.push(0, "first hour");
        calendar.push(-5, "overdue");
        calendar.push(i64::MAX / 2, "beyond the edge");
        assert_eq!(calendar.take_hour(), ["first hour", "overdue"]);
        assert!(calendar.take_hour().is_empty());
        assert_eq!(calendar.take_hour(), ["third hour"]);
        assert!(!calendar.is_empty());
        let left: Vec<_> = (0..HOURS_AHEAD_MAX)
            .flat_map(|_| calendar.take_hour())
            .collect();
        assert_eq!(left, ["beyond the edge"]);
        assert!(calendar.is_empty());
    }
}
