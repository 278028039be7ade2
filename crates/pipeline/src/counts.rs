//! Conservation: every record read is accounted for once, under one of five results.

use promoguard_event::{Defects, ErrorKind, Field, Topic};

/// What became of the records of one topic. Once nothing is in flight,
/// `read = accepted + duplicate + too_late + dead_letter + rekeyed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicCounts {
    /// Records read, blank lines apart.
    pub read: u64,
    /// Counted, the late ones among them.
    pub accepted: u64,
    /// Of the accepted: behind the watermark of their source.
    pub late: u64,
    /// Seen before.
    pub duplicate: u64,
    /// Of the duplicates: the amount differs from the one seen first.
    pub conflict: u64,
    /// Older than the horizon: in the totals, nowhere else.
    pub too_late: u64,
    /// Could not be read.
    pub dead_letter: u64,
    /// On their way to the shard of their code.
    pub rekeyed: u64,
}

impl TopicCounts {
    /// Records that are accounted for.
    pub fn accounted(&self) -> u64 {
        self.accepted + self.duplicate + self.too_late + self.dead_letter + self.rekeyed
    }

    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.conflict += other.conflict;
        self.too_late += other.too_late;
        self.dead_letter += other.dead_letter;
        self.rekeyed += other.rekeyed;
    }
}

/// Dead letters by reason, and everything else by topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    topics: [TopicCounts; Topic::ALL.len()],
    reasons: [[u64; ErrorKind::ALL.len()]; Topic::ALL.len()],
    /// Orders that were counted and not judged, because their code's hour was full.
    pub attempts_not_judged: u64,
    /// Registry entries refused because another merchant has the code.
    pub code_conflicts: u64,
    /// Windows that a late event could not amend any more.
    pub windows_not_amended: u64,
    /// Unregistered codes whose state was let go to stay within the bound.
    pub codes_evicted: u64,
}

impl Counts {
    /// The counts of one topic.
    pub fn of(&self, topic: Topic) -> &TopicCounts {
        &self.topics[topic as usize]
    }

    /// The counts of one topic, to add to.
    pub fn of_mut(&mut self, topic: Topic) -> &mut TopicCounts {
        &mut self.topics[topic as usize]
    }

    /// Counts a record that was read and could not be decoded.
    pub fn add_dead_letter(&mut self, topic: Topic, reason: ErrorKind) {
        let counts = self.of_mut(topic);
        counts.read += 1;
        counts.dead_letter += 1;
        self.reasons[topic as usize][reason as usize] += 1;
    }

    /// Dead letters of a topic for one reason.
    pub fn dead_letters(&self, topic: Topic, reason: ErrorKind) -> u64 {
        self.reasons[topic as usize][reason as usize]
    }

    /// Adds everything that `other` counted.
    pub fn add(&mut self, other: &Self) {
        for topic in Topic::ALL {
            self.topics[topic as usize].add(&other.topics[topic as usize]);
            for reason in 0..ErrorKind::ALL.len() {
                self.reasons[topic as usize][reason] += other.reasons[topic as usize][reason];
            }
        }
        self.attempts_not_judged += other.attempts_not_judged;
        self.code_conflicts += other.code_conflicts;
        self.windows_not_amended += other.windows_not_amended;
        self.codes_evicted += other.codes_evicted;
    }
}

/// Optional fields that were malformed and counted as absent, by topic and field.
#[derive(Clone, Debug)]
pub struct FieldDefects([[u64; Field::ALL.len()]; Topic::ALL.len()]);

impl Default for FieldDefects {
    fn default() -> Self {
        Self([[0; Field::ALL.len()]; Topic::ALL.len()])
    }
}

impl FieldDefects {
    pub(crate) fn add(&mut self, topic: Topic, defects: &Defects) {
        for field in defects.iter() {
            self.0[topic as usize][field as usize] += 1;
        }
    }

    /// Adds everything that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            for (count, more) in mine.iter_mut().zip(theirs) {
                *count += more;
            }
        }
    }

    /// Every (topic, field) with defects, in order, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, Field, u64)> + '_ {
        Topic::ALL.into_iter().flat_map(move |topic| {
            Field::ALL
                .iter()
                .map(move |field| (topic, *field, self.0[topic as usize][*field as usize]))
                .filter(|(_, _, count)| *count > 0)
        })
    }
}
