//! Which partitions are read, under which small number, and how far.
//!
//! Decides whether a record belongs to a partition that is read now and is the next one of it, or
//! is a leftover. It must not know how records arrive.

use std::fmt;

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: String,
    /// Number of the partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// A partition's number within one [`Intake`](crate::Intake): dense from 0, in the order in which
/// partitions were first added, and the same when a partition is added again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

impl SourceId {
    /// As an index into a table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOffset {
    /// The first record that the broker still has.
    Earliest,
    /// Whatever is written from now on.
    Latest,
    /// This offset; a gap is reported when the broker does not have it.
    At(i64),
}

/// All partitions that an intake has ever read.
#[derive(Default)]
pub(crate) struct Sources {
    sources: Vec<Source>,
    /// By topic, in the order in which topics were first added.
    topics: Vec<Topic>,
}

struct Source {
    topic_partition: TopicPartition,
    assigned: bool,
    /// The least offset that is not yet handed out.
    next_offset: i64,
}

struct Topic {
    name: String,
    /// Source by partition number.
    sources: Vec<Option<SourceId>>,
}

impl Sources {
    /// Starts a partition. A topic's index is the order in which it was first seen here.
    pub(crate) fn assign(&mut self, topic_partition: &TopicPartition, start: StartOffset) {
        let source = self.intern(topic_partition);
        let source = &mut self.sources[source.index()];
        source.assigned = true;
        source.next_offset = match start {
            StartOffset::At(offset) => offset,
            StartOffset::Earliest | StartOffset::Latest => 0,
        };
    }

    pub(crate) fn unassign(&mut self, topic_partition: &TopicPartition) {
        if let Some(source) = self.find(topic_partition) {
            self.sources[source.index()].assigned = false;
        }
    }

    /// Topics ever read: the index of the next new one.
    pub(crate) fn topic_count(&self) -> usize {
        self.topics.len()
    }

    pub(crate) fn is_assigned(&self, topic_partition: &TopicPartition) -> bool {
        self.find(topic_partition)
            .is_some_and(|source| self.sources[source.index()].assigned)
    }

    pub(crate) fn assigned(&self) -> impl Iterator<Item = &TopicPartition> {
        self.sources
            .iter()
            .filter(|source| source.assigned)
            .map(|source| &source.topic_partition)
    }

    pub(crate) fn find(&self, topic_partition: &TopicPartition) -> Option<SourceId> {
        let topic = self
            .topics
            .iter()
            .find(|topic| topic.name == topic_partition.topic)?;
        let partition = usize::try_from(topic_partition.partition).ok()?;
        topic.sources.get(partition).copied().flatten()
    }

    pub(crate) fn topic_partition(&self, source: SourceId) -> Option<&TopicPartition> {
        self.sources
            .get(source.index())
            .map(|source| &source.topic_partition)
    }

    /// The source of a message, by index of its topic. None for a partition that is not read.
    pub(crate) fn of_message(&self, topic_index: usize, partition: i32) -> Option<SourceId> {
        let partition = usize::try_from(partition).ok()?;
        let source = self
            .topics
            .get(topic_index)?
            .sources
            .get(partition)
            .copied()
            .flatten()?;
        self.sources[source.index()].assigned.then_some(source)
    }

    /// Moves a source past `offset`; false when that was handed out before.
    pub(crate) fn advance(&mut self, source: SourceId, offset: i64) -> bool {
        let source = &mut self.sources[source.index()];
        if offset < source.next_offset {
            return false;
        }
        source.next_offset = offset + 1;
        true
    }

    fn intern(&mut self, topic_partition: &TopicPartition) -> SourceId {
        if let Some(source) = self.find(topic_partition) {
            return source;
        }
        let source = SourceId(u32::try_from(self.sources.len()).expect("far fewer partitions"));
        self.sources.push(Source {
            topic_partition: topic_partition.clone(),
            assigned: false,
            next_offset: 0,
        });
        let by_name = |topic: &Topic| topic.name == topic_partition.topic;
        let topic_index = self.topics.iter().position(by_name).unwrap_or_else(|| {
            self.topics.push(Topic {
                name: topic_partition.topic.clone(),
                sources: Vec::new(),
            });
            self.topics.len() - 1
        });
        let by_partition = &mut self.topics[topic_index].sources;
        let partition = usize::try_from(topic_partition.partition)
            .expect("partition numbers were checked to be from 0");
        if by_partition.len() <= partition {
            by_partition.resize(partition + 1, None);
        }
        by_partition[partition] = Some(source);
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clicks(partition: i32) -> TopicPartition {
        TopicPartition::new("clicks", partition)
    }

    fn orders(partition: i32) -> TopicPartition {
        TopicPartition::new("orders", partition)
    }

    #[test]
    fn numbers_are_dense_and_survive_a_removal() {
        let mut sources = Sources::default();
        for topic_partition in [clicks(3), orders(3), clicks(0)] {
            sources.assign(&topic_partition, StartOffset::Earliest);
        }
        sources.unassign(&orders(3));
        assert_eq!(sources.find(&orders(3)), Some(SourceId(1)));
        assert_eq!(
            sources.of_message(1, 3),
            None,
            "a removed partition's record is stale"
        );
        sources.assign(&orders(3), StartOffset::At(7));
        assert_eq!(sources.of_message(1, 3), Some(SourceId(1)));
        assert_eq!(sources.of_message(0, 0), Some(SourceId(2)));
        assert_eq!(sources.assigned().count(), 3);
    }

    #[test]
    fn an_offset_is_handed_out_once_until_the_partition_is_added_again() {
        let mut sources = Sources::default();
        sources.assign(&clicks(0), StartOffset::At(5));
        let source = sources.find(&clicks(0)).unwrap();
        assert!(!sources.advance(source, 4), "below the start");
        assert!(sources.advance(source, 5));
        assert!(!sources.advance(source, 5), "a repeat");
        assert!(sources.advance(source, 9), "compaction leaves holes");
        sources.assign(&clicks(0), StartOffset::At(5));
        assert!(sources.advance(source, 5));
    }

    #[test]
    fn unknown_topics_and_partitions_belong_to_no_source() {
        let mut sources = Sources::default();
        sources.assign(&clicks(1), StartOffset::Earliest);
        assert_eq!(sources.of_message(0, 0), None);
        assert_eq!(sources.of_message(0, -1), None);
        assert_eq!(sources.of_message(1, 1), None);
        assert!(!sources.is_assigned(&orders(1)));
    }
}
