//! Which partitions this process owns, from a consumer group that reads nothing.
//!
//! Decides how an assignment becomes an event, and how long a revocation waits for its release. It
//! must not decide what is correct: two processes may believe that they own a partition, and the
//! checkpoint lets one of them commit.
//!
//! The group subscribes to one topic, pauses what it is given and only keeps membership. Offsets
//! are committed to the group so that lag tools show something true; nothing reads them back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{ClientError, ownership_config};
use crate::settings::KafkaSettings;
use crate::sources::TopicPartition;

/// Events that may wait; a caller that lags this far behind holds up the group's thread.
const EVENTS_MAX: usize = 64;

/// How long the broker may take to say what it has committed; a rebalance waits meanwhile.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(1);

/// How often the thread looks whether it should stop: bounds how long leaving takes.
const POLL: Duration = Duration::from_millis(100);

/// What a caller may tune.
#[derive(Clone, Debug)]
pub struct OwnershipOptions {
    /// How long a revocation waits for its release before the group goes on without it; 5 s. A
    /// release that comes late is safe: the checkpoint fences, and what was not committed is read
    /// again.
    pub release_timeout_ms: u32,
    /// How often offsets for lag tools are committed; 5 s.
    pub lag_commit_interval_ms: u32,
}

impl Default for OwnershipOptions {
    fn default() -> Self {
        Self {
            release_timeout_ms: 5_000,
            lag_commit_interval_ms: 5_000,
        }
    }
}

/// A change of what this process owns, in partition numbers of the subscribed topic.
#[derive(Debug)]
pub enum OwnershipEvent {
    /// These are owned from now on, besides those before. Empty when the group gave none.
    Assigned(Vec<i32>),
    /// These go to another member once the token is released, or too long held.
    Revoked(Vec<i32>, ReleaseToken),
    /// These are gone already: the member was thought dead. Others may own them by now.
    Lost(Vec<i32>),
    /// Something went wrong with the group. Unless it is fatal, the thread tries on.
    Error {
        /// What librdkafka says.
        reason: String,
        /// The membership is beyond repair: start anew.
        fatal: bool,
    },
}

/// Holds a revocation back until it is released or dropped.
#[derive(Debug)]
pub struct ReleaseToken(SyncSender<()>);

impl ReleaseToken {
    /// Lets the group go on: the partitions are drained and committed.
    pub fn release(self) {
        // Dropping the sender is the message.
        drop(self.0);
    }
}

/// Membership of the group, kept by a thread of its own.
pub struct Ownership {
    events: Receiver<OwnershipEvent>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    leaving: AtomicBool,
    /// Next offsets to commit for lag tools. Bounded by the partitions that exist.
    lag_offsets: Mutex<BTreeMap<TopicPartition, i64>>,
    errors_dropped: AtomicU64,
    lag_commits: AtomicU64,
    lag_commits_failed: AtomicU64,
}

impl Ownership {
    /// Joins the group for one topic. Connects in the background; an unreachable broker is an
    /// [`OwnershipEvent::Error`].
    ///
    /// # Errors
    /// When the settings cannot be meant.
    pub fn start(
        settings: &KafkaSettings,
        topic: &str,
        options: OwnershipOptions,
    ) -> Result<Self, ClientError> {
        let (sender, events) = mpsc::sync_channel(EVENTS_MAX);
        let shared = Arc::new(Shared::default());
        let context = Membership {
            events: sender,
            shared: Arc::clone(&shared),
            release_timeout: Duration::from_millis(options.release_timeout_ms.into()),
        };
        let consumer: BaseConsumer<Membership> =
            ownership_config(settings)?.create_with_context(context)?;
        consumer.subscribe(&[topic])?;
        let lag_commit_interval = Duration::from_millis(options.lag_commit_interval_ms.into());
        let thread = thread::Builder::new()
            .name("ownership".to_owned())
            .spawn(move || keep_membership(consumer, lag_commit_interval))
            .map_err(ClientError::Thread)?;
        Ok(Self {
            events,
            shared,
            thread: Some(thread),
        })
    }

    /// Where changes arrive, in order. Keep reading it: a full channel stops the heartbeat of
    /// rebalances, and in the end the member is thought dead.
    pub fn events(&self) -> &Receiver<OwnershipEvent> {
        &self.events
    }

    /// Notes the next offset to be read of a partition, of whatever topic, for lag tools.
    pub fn commit_for_lag(&self, topic_partition: &TopicPartition, next_offset: i64) {
        let mut offsets = self.shared.lag_offsets.lock().expect("no panic holds it");
        match offsets.get_mut(topic_partition) {
            Some(offset) => *offset = next_offset,
            None => drop(offsets.insert(topic_partition.clone(), next_offset)),
        }
    }

    /// Commits for lag tools so far: those that the broker took, and those that failed.
    pub fn lag_commits(&self) -> (u64, u64) {
        (
            self.shared.lag_commits.load(Ordering::Relaxed),
            self.shared.lag_commits_failed.load(Ordering::Relaxed),
        )
    }

    /// Errors that were not handed out because the events were not read.
    pub fn errors_dropped(&self) -> u64 {
        self.shared.errors_dropped.load(Ordering::Relaxed)
    }

    /// Leaves the group, so that others own its partitions at once (a static member only stops;
    /// its partitions wait for it until the session times out). Call it when everything is drained
    /// and committed: revocations on the way out are released as they come. False when it took
    /// longer than `timeout`; the thread then ends by itself.
    pub fn leave(mut self, timeout: Duration) -> bool {
        self.shared.leaving.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                // Dropping an event releases it.
                Ok(event) => drop(event),
                // The thread's sender is gone with its consumer: it has left.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
        let thread = self.thread.take().expect("only leaving takes it");
        thread.join().is_ok()
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // The thread notices, leaves and ends; its events have no reader any more.
        self.shared.leaving.store(true, Ordering::Relaxed);
    }
}

fn keep_membership(consumer: BaseConsumer<Membership>, lag_commit_interval: Duration) {
    let shared = Arc::clone(&consumer.context().shared);
    let mut next_lag_commit = Instant::now() + lag_commit_interval;
    let mut unconfirmed = None;
    while !shared.leaving.load(Ordering::Relaxed) {
        // A record may slip through between assigning and pausing. It is read by nobody here. An
        // error was told by the context already, which cannot see whether it is fatal.
        if let Some(Err(error)) = consumer.poll(POLL)
            && consumer.client().fatal_error().is_some()
        {
            consumer.context().tell_error(error.to_string(), true);
        }
        if Instant::now() >= next_lag_commit {
            let context = consumer.context();
            if let Some(list) = unconfirmed.take() {
                context.confirm_lag_offsets(&consumer, list);
            }
            unconfirmed = context.commit_lag_offsets(&consumer);
            next_lag_commit = Instant::now() + lag_commit_interval;
        }
    }
    let _ = consumer.context().commit_lag_offsets(&consumer);
    // Dropping the consumer leaves the group.
}

/// The context of the group's consumer: librdkafka calls it from within `poll`.
struct Membership {
    events: SyncSender<OwnershipEvent>,
    shared: Arc<Shared>,
    release_timeout: Duration,
}

impl Membership {
    fn assign(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let mut at_the_end = list.clone();
        // From the end, so that no committed offset is asked for: none is ever used.
        let assigned = at_the_end.set_all_offsets(Offset::End).and_then(|()| {
            match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative => consumer.incremental_assign(&at_the_end),
                _ => consumer.assign(&at_the_end),
            }
        });
        match assigned.and_then(|()| consumer.pause(&at_the_end)) {
            Ok(()) => self.tell(OwnershipEvent::Assigned(partitions(list))),
            Err(error) => self.tell_error(error.to_string(), false),
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let revoked = partitions(list);
        if consumer.assignment_lost() {
            self.tell(OwnershipEvent::Lost(revoked.clone()));
        } else if !revoked.is_empty() {
            let (token, released) = mpsc::sync_channel(0);
            self.tell(OwnershipEvent::Revoked(
                revoked.clone(),
                ReleaseToken(token),
            ));
            // Nothing is ever sent: released or given up, the answer is the same.
            let _ = released.recv_timeout(self.release_timeout);
            let _ = self.commit_lag_offsets(consumer);
        }
        self.forget_lag_offsets(&revoked);
        let unassigned = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            _ => consumer.unassign(),
        };
        if let Err(error) = unassigned {
            self.tell_error(error.to_string(), false);
        }
    }

    fn tell(&self, event: OwnershipEvent) {
        // Without a reader there is nobody to tell: the member is leaving.
        let _ = self.events.send(event);
    }

    /// Errors repeat, so one that does not fit is counted instead of holding up the group.
    fn tell_error(&self, reason: String, fatal: bool) {
        if self
            .events
            .try_send(OwnershipEvent::Error { reason, fatal })
            .is_err()
        {
            self.shared.errors_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns what was handed over; the answer of the broker is asked for later.
    fn commit_lag_offsets(&self, consumer: &BaseConsumer<Self>) -> Option<TopicPartitionList> {
        let offsets = std::mem::take(&mut *self.shared.lag_offsets.lock().expect("never poisoned"));
        if offsets.is_empty() {
            return None;
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (TopicPartition { topic, partition }, offset) in &offsets {
            // An offset below 0 says nothing to a lag tool.
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*offset));
        }
        // Nobody waits for the answer: a rebalance must not wait for a lag tool's number. The library
        // logs a commit that fails, and a later one makes up for it.
        if let Err(error) = consumer.commit(&list, CommitMode::Async) {
            self.shared
                .lag_commits_failed
                .fetch_add(1, Ordering::Relaxed);
            self.tell_error(error.to_string(), false);
            return None;
        }
        Some(list)
    }

    /// Asks the broker whether it has what was committed a while ago: the library tells nobody how a
    /// commit ended that nobody waits for.
    fn confirm_lag_offsets(&self, consumer: &BaseConsumer<Self>, list: TopicPartitionList) {
        let expected = list.to_topic_map();
        let held = consumer
            .committed_offsets(list, CONFIRMED_WITHIN)
            .is_ok_and(|committed| committed.to_topic_map() == expected);
        let counter = match held {
            true => &self.shared.lag_commits,
            false => &self.shared.lag_commits_failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Partitions of all topics with these numbers belong to another member now.
    fn forget_lag_offsets(&self, revoked: &[i32]) {
        let mut offsets = self.shared.lag_offsets.lock().expect("never poisoned");
        offsets.retain(|topic_partition, _| !revoked.contains(&topic_partition.partition));
    }
}

impl ClientContext for Membership {
    fn error(&self, error: KafkaError, reason: &str) {
        self.tell_error(format!("{error}: {reason}"), false);
    }
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list),
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    let mut partitions: Vec<i32> = list
        .elements()
        .iter()
        .map(|element| element.partition())
        .collect();
    partitions.sort_unstable();
    partitions
}
