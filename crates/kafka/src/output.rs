//! Records out: once and in order per partition, and nothing forgotten.
//!
//! Decides what counts as delivered and how much may be on its way. It must not decide what to do
//! about a failure: the caller kept the bytes and sends again, or stops.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::client::{ClientError, output_config};
use crate::settings::KafkaSettings;

/// Failures kept until they are taken; more are only counted.
const FAILURES_KEPT_MAX: usize = 1_000;

/// How long one wait for room or for the last acknowledgement lasts before it is looked at again.
const WAIT: Duration = Duration::from_millis(1);

/// A record to send.
#[derive(Clone, Copy, Debug)]
pub struct OutputRecord<'a> {
    /// Where to.
    pub topic: &'a str,
    /// None lets the key decide, as Java's producers do (murmur2), or chance if there is no key.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// Headers, in order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// None sends a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// The number of a send: 0 for the first, without holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub u64);

/// A record that was accepted, and then not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedSend {
    /// Which one.
    pub id: SendId,
    /// Where it should have gone.
    pub topic: String,
    /// The partition, if it had come that far.
    pub partition: Option<i32>,
    /// A word for a metric label.
    pub kind: &'static str,
    /// What librdkafka says.
    pub reason: String,
}

/// Outcomes of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicDeliveries {
    /// Records accepted by [`Output::send`].
    pub sent: u64,
    /// Records that the brokers acknowledged.
    pub delivered: u64,
    /// Records that were given up.
    pub failed: u64,
}

/// Why a record was not accepted. Nothing of it will be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Too much is in flight, and stayed so for the whole wait.
    #[error(
        "cannot send to {topic}: {in_flight} records are in flight for more than {waited_ms} ms"
    )]
    QueueFull {
        /// Where to.
        topic: String,
        /// Records in flight.
        in_flight: u64,
        /// How long it waited.
        waited_ms: u32,
    },
    /// The record is larger than `message_bytes_max`.
    #[error("cannot send to {topic}: a record of {bytes} bytes is too large")]
    TooLarge {
        /// Where to.
        topic: String,
        /// Bytes of key and payload.
        bytes: usize,
    },
    /// The producer is beyond repair: what is in flight is lost to it, and it must be made anew.
    #[error("cannot send to {topic}: the producer failed: {reason}")]
    Fatal {
        /// Where to.
        topic: String,
        /// What librdkafka says.
        reason: String,
    },
    /// Refused for another reason, such as an unknown topic or partition.
    #[error("cannot send to {topic}")]
    Refused {
        /// Where to.
        topic: String,
        /// Why not.
        source: KafkaError,
    },
}

impl SendError {
    /// A word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "queue_full",
            Self::TooLarge { .. } => "too_large",
            Self::Fatal { .. } => "fatal",
            Self::Refused { .. } => "refused",
        }
    }
}

/// Why not everything sent so far is known to be delivered.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// Some acknowledgements did not come in time; they still may.
    #[error("{in_flight} records are not acknowledged yet")]
    TimedOut {
        /// Records in flight.
        in_flight: u64,
    },
    /// Some records were given up, see [`Output::take_failed`].
    #[error("{count} records were not delivered; the first to {}: {}", first.topic, first.reason)]
    Failed {
        /// How many since the failures were last taken.
        count: u64,
        /// The first of them.
        first: Box<FailedSend>,
    },
    /// The producer is beyond repair and must be made anew.
    #[error("the producer failed: {reason}")]
    Fatal {
        /// What librdkafka says.
        reason: String,
    },
}

impl FlushError {
    /// A word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TimedOut { .. } => "timed_out",
            Self::Failed { .. } => "failed",
            Self::Fatal { .. } => "fatal",
        }
    }
}

/// An idempotent producer: `acks=all`, each record once and in order per partition as long as the
/// process lives. A record sent again by the caller, after a failure or a restart, is a repeat.
pub struct Output {
    producer: BaseProducer<Deliveries>,
    queue_full_wait_ms: u32,
}

impl Output {
    /// Makes the producer; it connects in the background.
    ///
    /// # Errors
    /// When the settings cannot be meant.
    pub fn new(settings: &KafkaSettings) -> Result<Self, ClientError> {
        let producer = output_config(settings)?.create_with_context(Deliveries::default())?;
        Ok(Self {
            producer,
            queue_full_wait_ms: settings.queue_full_wait_ms,
        })
    }

    /// Hands a copy of the record over, and waits for room if too much is in flight.
    ///
    /// # Errors
    /// When the record was not accepted.
    pub fn send(&mut self, record: OutputRecord<'_>) -> Result<SendId, SendError> {
        let deadline = Instant::now() + Duration::from_millis(self.queue_full_wait_ms.into());
        let (id, token) = self.deliveries().open(record.topic);
        loop {
            match self.producer.send(native_record(&record, token)) {
                Ok(()) => return Ok(id),
                Err((error, _)) if is_queue_full(&error) && Instant::now() < deadline => {
                    self.producer.poll(WAIT);
                }
                Err((error, _)) => {
                    self.deliveries().withdraw(token);
                    return Err(self.send_error(&record, error));
                }
            }
        }
    }

    /// Takes in acknowledgements without waiting. Call it whenever nothing is sent for a while.
    pub fn poll(&mut self) {
        loop {
            let before = self.in_flight();
            self.producer.poll(Duration::ZERO);
            if self.in_flight() == before {
                return;
            }
        }
    }

    /// Waits until everything sent so far is delivered.
    ///
    /// # Errors
    /// When something is not, or was not since the failures were last taken: a second flush does
    /// not forget them.
    pub fn flush(&mut self, timeout: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + timeout;
        while self.in_flight() > 0 && Instant::now() < deadline {
            self.producer.poll(WAIT);
        }
        if let Some(reason) = self.fatal_error() {
            return Err(FlushError::Fatal { reason });
        }
        let deliveries = self.deliveries();
        if let Some(first) = deliveries.failed.front() {
            let count = deliveries.failed_count;
            return Err(FlushError::Failed {
                count,
                first: Box::new(first.clone()),
            });
        }
        match deliveries.in_flight() {
            0 => Ok(()),
            in_flight => Err(FlushError::TimedOut { in_flight }),
        }
    }

    /// Records that were accepted and whose outcome is not known yet.
    pub fn in_flight(&self) -> u64 {
        self.deliveries().in_flight()
    }

    /// Every send below this number has an outcome. What has none above it is in flight: so a
    /// commit that covers sends up to `id` may go ahead once this is above `id` and nothing failed.
    pub fn settled_below(&self) -> SendId {
        SendId(self.deliveries().settled_below)
    }

    /// How many records were given up since the failures were last taken.
    pub fn failed(&self) -> u64 {
        self.deliveries().failed_count
    }

    /// The records that were given up, oldest first; at most the first thousand.
    pub fn take_failed(&mut self) -> Vec<FailedSend> {
        let mut deliveries = self.deliveries();
        deliveries.failed_count = 0;
        deliveries.failed.drain(..).collect()
    }

    /// Outcomes by topic, since the output was made.
    pub fn deliveries_by_topic(&self) -> BTreeMap<String, TopicDeliveries> {
        let deliveries = self.deliveries();
        deliveries
            .topics
            .iter()
            .map(|topic| (topic.name.clone(), topic.counts))
            .collect()
    }

    /// Why the producer is beyond repair, if it is: then make a new one and send again what was
    /// not confirmed.
    pub fn fatal_error(&self) -> Option<String> {
        let (code, reason) = self.producer.client().fatal_error()?;
        Some(format!("{code}: {reason}"))
    }

    fn deliveries(&self) -> MutexGuard<'_, DeliveryLog> {
        self.producer
            .client()
            .context()
            .0
            .lock()
            .expect("no panic holds it")
    }

    fn send_error(&self, record: &OutputRecord<'_>, source: KafkaError) -> SendError {
        let topic = record.topic.to_owned();
        match source.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => SendError::QueueFull {
                topic,
                in_flight: self.in_flight(),
                waited_ms: self.queue_full_wait_ms,
            },
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                let bytes =
                    record.key.map_or(0, <[u8]>::len) + record.payload.map_or(0, <[u8]>::len);
                SendError::TooLarge { topic, bytes }
            }
            _ => match self.fatal_error() {
                Some(reason) => SendError::Fatal { topic, reason },
                None => SendError::Refused { topic, source },
            },
        }
    }
}

fn native_record<'a>(record: &OutputRecord<'a>, token: usize) -> BaseRecord<'a, [u8], [u8], usize> {
    let with_header = |headers: OwnedHeaders, &(key, value): &(&str, &[u8])| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    };
    let headers = (!record.headers.is_empty())
        .then(|| record.headers.iter().fold(OwnedHeaders::new(), with_header));
    BaseRecord {
        topic: record.topic,
        partition: record.partition,
        payload: record.payload,
        key: record.key,
        timestamp: None,
        headers,
        delivery_opaque: token,
    }
}

fn is_queue_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}

/// A word for why a record was given up: a closed list, for a metric label.
fn failure_kind(code: Option<RDKafkaErrorCode>) -> &'static str {
    use RDKafkaErrorCode as Code;
    match code {
        Some(Code::MessageTimedOut | Code::RequestTimedOut) => "timed_out",
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => "too_large",
        Some(Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition) => {
            "unknown_topic"
        }
        Some(Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed) => "not_authorized",
        Some(Code::Fatal) => "fatal",
        Some(Code::PurgeQueue | Code::PurgeInflight) => "purged",
        _ => "other",
    }
}

/// Where librdkafka reports deliveries, on the thread that polls.
#[derive(Default)]
struct Deliveries(Mutex<DeliveryLog>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, token: usize) {
        let mut log = self.0.lock().expect("no panic holds it");
        match result {
            Ok(_) => log.delivered(token),
            Err((error, message)) => {
                let partition = message.partition();
                log.failed(token, (partition >= 0).then_some(partition), error);
            }
        }
    }
}

/// Which sends have an outcome.
///
/// A send's token packs its number and its topic's index into one word, so that nothing is
/// allocated per record.
#[derive(Default)]
struct DeliveryLog {
    topics: Vec<TopicLog>,
    settled_below: u64,
    /// From `settled_below` on: has that send an outcome? Its length is bounded by what may be in
    /// flight.
    settled: VecDeque<bool>,
    unsettled: u64,
    failed: VecDeque<FailedSend>,
    failed_count: u64,
}

struct TopicLog {
    name: String,
    counts: TopicDeliveries,
}

const TOPIC_BITS: u32 = 8;
const _: () = assert!(
    usize::BITS >= 64,
    "a token packs a send's number and its topic"
);

impl DeliveryLog {
    fn open(&mut self, topic: &str) -> (SendId, usize) {
        let known = self.topics.iter().position(|known| known.name == topic);
        let topic_index = known.unwrap_or_else(|| {
            let counts = TopicDeliveries::default();
            self.topics.push(TopicLog {
                name: topic.to_owned(),
                counts,
            });
            self.topics.len() - 1
        });
        assert!(
            topic_index < 1 << TOPIC_BITS,
            "promoguard writes to a handful of topics"
        );
        let id = self.settled_below + self.settled.len() as u64;
        self.settled.push_back(false);
        self.unsettled += 1;
        self.topics[topic_index].counts.sent += 1;
        (SendId(id), (id as usize) << TOPIC_BITS | topic_index)
    }

    /// Takes back the send that was opened last.
    fn withdraw(&mut self, token: usize) {
        let (_, topic) = split(token);
        self.topics[topic].counts.sent -= 1;
        self.settled.pop_back();
        self.unsettled -= 1;
    }

    fn delivered(&mut self, token: usize) {
        let (id, topic) = split(token);
        self.topics[topic].counts.delivered += 1;
        self.settle(id);
    }

    fn failed(&mut self, token: usize, partition: Option<i32>, error: &KafkaError) {
        let (id, topic) = split(token);
        self.topics[topic].counts.failed += 1;
        self.failed_count += 1;
        if self.failed.len() < FAILURES_KEPT_MAX {
            let code = error.rdkafka_error_code();
            self.failed.push_back(FailedSend {
                id,
                topic: self.topics[topic].name.clone(),
                partition,
                kind: failure_kind(code),
                reason: code.map_or_else(|| error.to_string(), |code| code.to_string()),
            });
        }
        self.settle(id);
    }

    fn settle(&mut self, id: SendId) {
        let position = (id.0 - self.settled_below) as usize;
        self.settled[position] = true;
        self.unsettled -= 1;
        while self.settled.front() == Some(&true) {
            self.settled.pop_front();
            self.settled_below += 1;
        }
    }

    fn in_flight(&self) -> u64 {
        self.unsettled
    }
}

fn split(token: usize) -> (SendId, usize) {
    (
        SendId((token >> TOPIC_BITS) as u64),
        token & ((1 << TOPIC_BITS) - 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_out_of_order_move_the_frontier_only_when_the_oldest_comes() {
        let mut log = DeliveryLog::default();
        let sends: Vec<_> = ["flags", "windows", "flags"]
            .map(|topic| log.open(topic))
            .into();
        let frontier = |log: &DeliveryLog| (log.settled_below, log.in_flight());
        log.delivered(sends[2].1);
        assert_eq!(frontier(&log), (0, 2));
        log.delivered(sends[0].1);
        assert_eq!(frontier(&log), (1, 1));
        log.failed(sends[1].1, Some(3), &KafkaError::Canceled);
        assert_eq!(frontier(&log), (3, 0));
        assert_eq!(log.failed.front().map(|failed| failed.id), Some(SendId(1)));
        let counts: Vec<_> = log.topics.iter().map(|topic| topic.counts).collect();
        let flags = TopicDeliveries {
            sent: 2,
            delivered: 2,
            failed: 0,
        };
        let windows = TopicDeliveries {
            sent: 1,
            delivered: 0,
            failed: 1,
        };
        assert_eq!(counts, [flags, windows]);
    }

    #[test]
    fn a_send_that_was_refused_leaves_no_hole() {
        let mut log = DeliveryLog::default();
        let (first, token) = log.open("flags");
        log.withdraw(token);
        let (second, token) = log.open("flags");
        assert_eq!(first, second);
        log.delivered(token);
        assert_eq!((log.settled_below, log.in_flight()), (1, 0));
    }
}
