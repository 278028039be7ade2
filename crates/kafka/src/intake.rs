//! Records of assigned partitions, in batches.
//!
//! Decides what a batch is, what the end of a partition and a gap look like to the caller, and
//! drops what no longer belongs to an assignment. It must not decide where to start: offsets come
//! from the checkpoint.

use std::collections::VecDeque;
use std::ffi::CString;
use std::mem::take;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{ClientError, intake_config};
use crate::fetch::{FetchQueue, Fetched, RawRecord, Visit};
use crate::settings::KafkaSettings;
use crate::sources::{SourceId, Sources, StartOffset, TopicPartition};

/// Client-wide errors kept between two polls; more are only counted.
const CLIENT_ISSUES_KEPT_MAX: usize = 16;

/// Events (errors, log lines) served in one poll; the rest waits for the next.
const EVENTS_SERVED_MAX: usize = 64;

/// The data consumer: reads exactly the partitions it is told to, from where it is told to.
pub struct Intake {
    queue: FetchQueue<IntakeContext>,
    sources: Sources,
    /// Gaps whose bounds no broker has told yet.
    unexplained_gaps: VecDeque<(SourceId, i64)>,
    /// What a poll had to tell when its closure panicked.
    untold: PollOutcome,
    counts: IntakeCounts,
    request_timeout: Duration,
}

/// What an intake has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeCounts {
    /// Records handed out.
    pub records: u64,
    /// Bytes of their payloads and keys.
    pub bytes: u64,
    /// Records dropped because their partition was removed, or their offset was handed out before.
    pub stale: u64,
    /// Issues reported.
    pub issues: u64,
}

/// One poll.
#[derive(Debug, Default)]
pub struct PollOutcome {
    /// Records handed out.
    pub records: usize,
    /// Records dropped as stale, see [`IntakeCounts::stale`].
    pub stale: usize,
    /// Partitions that were read to their end. Records of the same partition may have come after
    /// it in the same poll: then its offset is below the next one.
    pub partition_ends: Vec<PartitionEnd>,
    /// What went wrong. Reading goes on, except in a partition with a gap.
    pub issues: Vec<IntakeIssue>,
}

/// A partition was read up to the end that it had then. Reported once each time it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// The partition.
    pub source: SourceId,
    /// The offset that its next record will have, or a later one.
    pub offset: i64,
}

/// Something that an operator may have to know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeIssue {
    /// The broker no longer has, or does not have yet, the offset that is wanted: retention
    /// passed it, or the topic was created anew. The partition stands still until it is removed
    /// and added at another offset.
    #[error("{topic_partition} does not have offset {wanted}: it has {earliest} up to {latest}")]
    Gap {
        /// The partition's number.
        source_id: SourceId,
        /// The partition.
        topic_partition: TopicPartition,
        /// The offset asked for.
        wanted: i64,
        /// The first offset that the broker has.
        earliest: i64,
        /// The offset that the next record will get.
        latest: i64,
    },
    /// A partition cannot be read at present: it does not exist, or access is denied, or a record
    /// fails its checksum, … It is tried again by itself.
    #[error("cannot read {topic_partition}: {reason}")]
    Partition {
        /// The partition.
        topic_partition: TopicPartition,
        /// librdkafka's error code.
        code: i32,
        /// What librdkafka says.
        reason: String,
    },
    /// A connection failed. It is tried again by itself.
    #[error("kafka connection: {reason}")]
    Connection {
        /// What librdkafka says.
        reason: String,
    },
}

impl IntakeIssue {
    /// A word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::Partition { .. } => "partition",
            Self::Connection { .. } => "connection",
        }
    }
}

/// Why an intake cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It could not be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A partition was added that is read already, or removed, paused or resumed and is not.
    #[error("cannot {what} {topic_partition}: it {state}")]
    Assignment {
        /// What was asked.
        what: &'static str,
        /// Of which partition.
        topic_partition: TopicPartition,
        /// Why not.
        state: &'static str,
    },
    /// librdkafka refused a change, or a broker did not answer a question in time.
    #[error("cannot {what}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Why not.
        source: KafkaError,
    },
    /// The client is beyond repair and must be made anew.
    #[error("the kafka client failed: {reason}")]
    Fatal {
        /// What librdkafka says.
        reason: String,
    },
}

impl IntakeError {
    /// A word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Client(error) => error.kind(),
            Self::Assignment { .. } => "assignment",
            Self::Refused { .. } => "refused",
            Self::Fatal { .. } => "fatal",
        }
    }
}

impl Intake {
    /// Starts reading. Connects in the background: an unreachable broker is an
    /// [`IntakeIssue::Connection`] of a later poll.
    ///
    /// # Errors
    /// When the settings or the assignments cannot be meant.
    pub fn new(
        settings: &KafkaSettings,
        assignments: &[(TopicPartition, StartOffset)],
    ) -> Result<Self, IntakeError> {
        let config = intake_config(settings)?;
        let consumer: BaseConsumer<IntakeContext> = config
            .create_with_context(IntakeContext::default())
            .map_err(ClientError::Refused)?;
        let mut intake = Self {
            queue: FetchQueue::new(consumer),
            sources: Sources::default(),
            unexplained_gaps: VecDeque::new(),
            untold: PollOutcome::default(),
            counts: IntakeCounts::default(),
            request_timeout: Duration::from_millis(settings.request_timeout_ms.into()),
        };
        intake.add(assignments)?;
        Ok(intake)
    }

    /// Reads more partitions; all of them or none.
    ///
    /// # Errors
    /// [`IntakeError::Assignment`] for one that is read already or cannot exist.
    pub fn add(
        &mut self,
        assignments: &[(TopicPartition, StartOffset)],
    ) -> Result<(), IntakeError> {
        let mut list = TopicPartitionList::with_capacity(assignments.len());
        for (position, (topic_partition, start)) in assignments.iter().enumerate() {
            let refused = |state| assignment_error("add", topic_partition, state);
            let earlier = &assignments[..position];
            if self.sources.is_assigned(topic_partition)
                || earlier.iter().any(|(other, _)| other == topic_partition)
            {
                return Err(refused("is read already"));
            }
            if topic_partition.topic.is_empty() || topic_partition.topic.contains('\0') {
                return Err(refused("is no topic name"));
            }
            if topic_partition.partition < 0 {
                return Err(refused("is below partition 0"));
            }
            let offset = match start {
                StartOffset::Earliest => Offset::Beginning,
                StartOffset::Latest => Offset::End,
                StartOffset::At(offset) => Offset::Offset(*offset),
            };
            list.add_partition_offset(&topic_partition.topic, topic_partition.partition, offset)
                .map_err(|_| refused("starts below offset 0"))?;
        }
        if assignments.is_empty() {
            return Ok(());
        }
        for (topic_partition, start) in assignments {
            let topics = self.sources.topic_count();
            self.sources.assign(topic_partition, *start);
            if self.sources.topic_count() > topics {
                let name = CString::new(topic_partition.topic.as_str()).expect("checked above");
                self.queue.hold_topic(&name);
            }
            self.queue.forward(topic_partition);
        }
        let assigned = self.queue.consumer().incremental_assign(&list);
        for (topic_partition, _) in assignments {
            match assigned {
                Ok(()) => self.queue.forward(topic_partition),
                Err(_) => self.sources.unassign(topic_partition),
            }
        }
        assigned.map_err(|source| IntakeError::Refused {
            what: "add partitions",
            source,
        })
    }

    /// Stops reading partitions. Nothing of them is handed out after this returns.
    ///
    /// # Errors
    /// [`IntakeError::Assignment`] for one that is not read.
    pub fn remove(&mut self, topic_partitions: &[TopicPartition]) -> Result<(), IntakeError> {
        let list = self.list_assigned("remove", topic_partitions)?;
        for topic_partition in topic_partitions {
            self.sources.unassign(topic_partition);
        }
        let sources = &self.sources;
        self.unexplained_gaps.retain(|(source, _)| {
            sources
                .topic_partition(*source)
                .is_some_and(|gap| sources.is_assigned(gap))
        });
        if topic_partitions.is_empty() {
            return Ok(());
        }
        // A pause outlives its assignment in librdkafka: added again, the partition would stand still
        // without a word.
        let consumer = self.queue.consumer();
        consumer
            .resume(&list)
            .and_then(|()| consumer.incremental_unassign(&list))
            .map_err(|source| IntakeError::Refused {
                what: "remove partitions",
                source,
            })
    }

    /// Stops handing out records of partitions that stay assigned. What was fetched ahead is
    /// dropped and fetched again on [`Intake::resume`].
    ///
    /// # Errors
    /// [`IntakeError::Assignment`] for one that is not read.
    pub fn pause(&mut self, topic_partitions: &[TopicPartition]) -> Result<(), IntakeError> {
        let list = self.list_assigned("pause", topic_partitions)?;
        self.queue
            .consumer()
            .pause(&list)
            .map_err(|source| IntakeError::Refused {
                what: "pause partitions",
                source,
            })
    }

    /// Goes on with paused partitions where they stood.
    ///
    /// # Errors
    /// [`IntakeError::Assignment`] for one that is not read.
    pub fn resume(&mut self, topic_partitions: &[TopicPartition]) -> Result<(), IntakeError> {
        let list = self.list_assigned("resume", topic_partitions)?;
        self.queue
            .consumer()
            .resume(&list)
            .map_err(|source| IntakeError::Refused {
                what: "resume partitions",
                source,
            })
    }

    /// Hands out records that are there or come within `timeout_ms` milliseconds, at most
    /// `records_max` of them. Per partition they come in order, each once; what is read stays
    /// borrowed from the fetch buffer, so it must be parsed or copied in the closure. It may return
    /// early with nothing, when all that came was an internal matter of librdkafka.
    ///
    /// # Errors
    /// [`IntakeError::Fatal`] when the client is beyond repair. Everything else is an issue of the
    /// outcome.
    ///
    /// # Panics
    /// When the closure does. The record it was given then counts as handed out and the rest
    /// stays queued; a caller that catches the panic can poll again, or remove the partition and
    /// add it at that record. What else the poll had to tell is told by the next one.
    pub fn poll_batch(
        &mut self,
        timeout_ms: u32,
        records_max: usize,
        on_record: &mut dyn FnMut(RawRecord<'_>),
    ) -> Result<PollOutcome, IntakeError> {
        let mut outcome = take(&mut self.untold);
        self.serve_events(&mut outcome)?;
        if records_max > 0 {
            let timeout_ms = i32::try_from(timeout_ms).unwrap_or(i32::MAX);
            let mut batch = Batch {
                sources: &mut self.sources,
                unexplained_gaps: &mut self.unexplained_gaps,
                counts: &mut self.counts,
                outcome: &mut outcome,
                records_max,
            };
            let mut visitor = |topic: Option<usize>, fetched: &Fetched<'_>| {
                batch.visit(topic, fetched, on_record)
            };
            if let Err(panic) = self.queue.visit(timeout_ms, &mut visitor) {
                self.untold = PollOutcome {
                    records: 0,
                    stale: 0,
                    ..outcome
                };
                resume_unwind(panic);
            }
        }
        self.explain_gaps(&mut outcome);
        self.counts.issues += outcome.issues.len() as u64;
        Ok(outcome)
    }

    /// Asks the broker for a partition's first offset and its end.
    ///
    /// # Errors
    /// [`IntakeError::Refused`] when no broker answers within the request timeout.
    pub fn watermarks(&self, topic_partition: &TopicPartition) -> Result<(i64, i64), IntakeError> {
        let TopicPartition { topic, partition } = topic_partition;
        self.queue
            .consumer()
            .fetch_watermarks(topic, *partition, self.request_timeout)
            .map_err(|source| IntakeError::Refused {
                what: "ask for watermarks",
                source,
            })
    }

    /// First offset and end as of the partition's last fetch, without asking: good for lag.
    pub fn cached_watermarks(&self, topic_partition: &TopicPartition) -> Option<(i64, i64)> {
        self.queue.cached_watermarks(topic_partition)
    }

    /// The number of a partition, if it was ever added.
    pub fn source(&self, topic_partition: &TopicPartition) -> Option<SourceId> {
        self.sources.find(topic_partition)
    }

    /// The partition of a number.
    pub fn topic_partition(&self, source: SourceId) -> Option<&TopicPartition> {
        self.sources.topic_partition(source)
    }

    /// The partitions that are read now, by number.
    pub fn assigned(&self) -> impl Iterator<Item = &TopicPartition> {
        self.sources.assigned()
    }

    /// Totals since the intake was made.
    pub fn counts(&self) -> IntakeCounts {
        self.counts
    }

    fn list_assigned(
        &self,
        what: &'static str,
        topic_partitions: &[TopicPartition],
    ) -> Result<TopicPartitionList, IntakeError> {
        let mut list = TopicPartitionList::with_capacity(topic_partitions.len());
        for topic_partition in topic_partitions {
            if !self.sources.is_assigned(topic_partition) {
                return Err(assignment_error(what, topic_partition, "is not read"));
            }
            list.add_partition(&topic_partition.topic, topic_partition.partition);
        }
        Ok(list)
    }

    /// Serves the consumer's own queue, where only events arrive.
    fn serve_events(&mut self, outcome: &mut PollOutcome) -> Result<(), IntakeError> {
        let consumer = self.queue.consumer();
        for _ in 0..EVENTS_SERVED_MAX {
            if !self.queue.has_events() {
                break;
            }
            // Errors go through the context as well, so the ones returned here are not looked at.
            if let Some(Ok(message)) = consumer.poll(Duration::ZERO) {
                // A record here has lost its forwarding. Going on would lose it in silence.
                let reason = format!("a record came past the shared queue: {message:?}");
                return Err(IntakeError::Fatal { reason });
            }
        }
        if let Some((code, reason)) = consumer.client().fatal_error() {
            return Err(IntakeError::Fatal {
                reason: format!("{code}: {reason}"),
            });
        }
        let mut issues = consumer
            .client()
            .context()
            .issues
            .lock()
            .expect("no panic holds it");
        outcome.issues.extend(issues.drain(..));
        Ok(())
    }

    fn explain_gaps(&mut self, outcome: &mut PollOutcome) {
        // One question a poll, so that a broker that does not answer delays a poll only once.
        let Some(&(source_id, wanted)) = self.unexplained_gaps.front() else {
            return;
        };
        let topic_partition = self
            .sources
            .topic_partition(source_id)
            .expect("it was read")
            .clone();
        let mut bounds = self.watermarks(&topic_partition);
        // librdkafka asks for both ends at once, and tells one of them twice when only one question
        // was answered. Two equal ends are rare enough to be asked for again.
        if bounds
            .as_ref()
            .is_ok_and(|(earliest, latest)| earliest == latest)
        {
            bounds = self.watermarks(&topic_partition);
        }
        if let Ok((earliest, latest)) = bounds {
            self.unexplained_gaps.pop_front();
            let gap = IntakeIssue::Gap {
                source_id,
                topic_partition,
                wanted,
                earliest,
                latest,
            };
            outcome.issues.push(gap);
        }
    }
}

fn assignment_error(
    what: &'static str,
    topic_partition: &TopicPartition,
    state: &'static str,
) -> IntakeError {
    IntakeError::Assignment {
        what,
        topic_partition: topic_partition.clone(),
        state,
    }
}

/// What one poll changes while records are handed out.
struct Batch<'a> {
    sources: &'a mut Sources,
    unexplained_gaps: &'a mut VecDeque<(SourceId, i64)>,
    counts: &'a mut IntakeCounts,
    outcome: &'a mut PollOutcome,
    records_max: usize,
}

const PARTITION_EOF: i32 = RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF as i32;
const AUTO_OFFSET_RESET: i32 = RDKafkaRespErr::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET as i32;
const LOG_TRUNCATION: i32 = RDKafkaRespErr::RD_KAFKA_RESP_ERR__LOG_TRUNCATION as i32;

impl Batch<'_> {
    fn visit(
        &mut self,
        topic_index: Option<usize>,
        fetched: &Fetched<'_>,
        on_record: &mut dyn FnMut(RawRecord<'_>),
    ) -> Visit {
        let partition = fetched.partition();
        let source = topic_index.and_then(|topic| self.sources.of_message(topic, partition));
        let Some(source) = source else {
            self.drop_stale();
            return Visit::More;
        };
        match fetched.error_code() {
            0 => self.hand_out(source, fetched, on_record),
            error => self.report(source, error, fetched),
        }
        match self.outcome.records < self.records_max {
            true => Visit::More,
            false => Visit::Enough,
        }
    }

    fn hand_out(
        &mut self,
        source: SourceId,
        fetched: &Fetched<'_>,
        on_record: &mut dyn FnMut(RawRecord<'_>),
    ) {
        if !self.sources.advance(source, fetched.offset()) {
            self.drop_stale();
            return;
        }
        let record = fetched.record(source);
        let (key, payload) = (
            record.key.unwrap_or_default(),
            record.payload.unwrap_or_default(),
        );
        self.counts.records += 1;
        self.counts.bytes += (key.len() + payload.len()) as u64;
        self.outcome.records += 1;
        on_record(record);
    }

    fn report(&mut self, source: SourceId, code: i32, fetched: &Fetched<'_>) {
        let offset = fetched.offset();
        match code {
            PARTITION_EOF => {
                self.outcome
                    .partition_ends
                    .push(PartitionEnd { source, offset });
            }
            AUTO_OFFSET_RESET | LOG_TRUNCATION => {
                self.unexplained_gaps.push_back((source, offset));
            }
            code => {
                let topic_partition = self.sources.topic_partition(source);
                self.outcome.issues.push(IntakeIssue::Partition {
                    topic_partition: topic_partition.expect("it is read").clone(),
                    code,
                    reason: fetched.error_text(),
                });
            }
        }
    }

    fn drop_stale(&mut self) {
        self.counts.stale += 1;
        self.outcome.stale += 1;
    }
}

/// Collects client-wide errors until the next poll.
#[derive(Default)]
struct IntakeContext {
    issues: Mutex<VecDeque<IntakeIssue>>,
}

impl ClientContext for IntakeContext {
    fn error(&self, _error: KafkaError, reason: &str) {
        let mut issues = self.issues.lock().expect("no panic holds it");
        if issues.len() == CLIENT_ISSUES_KEPT_MAX {
            issues.pop_front();
        }
        issues.push_back(IntakeIssue::Connection {
            reason: reason.to_owned(),
        });
    }
}

impl ConsumerContext for IntakeContext {}
