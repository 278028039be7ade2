//! The engine over Kafka: polls, decodes, merges per partition, drives the shards, publishes.
//!
//! One thread does all of it; the commits, the group membership and the HTTP listener have threads
//! of their own. The owner of all partitions restores the newest checkpoint, and publishes only
//! what a checkpoint contains. A process that owns some of them reads those from the start of their
//! retention and publishes as it goes: what the partitions tell each other about an hour does not
//! pass between processes yet, so no checkpoint of a part could stand for the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use promoguard_detect::SettingsBook;
use promoguard_event::{DecoderLimits, PseudonymKey};
use promoguard_kafka::{
    Intake as KafkaIntake, KafkaSettings, Ownership, OwnershipEvent, OwnershipOptions,
    ReleaseToken, TopicDescription, TopicPartition, describe,
};
use promoguard_pipeline::PipelineSettings;
use promoguard_pipeline::commit::{Beginning, Identity, OutboxRecord, Restored};
use promoguard_sketch::HashKey;
use tracing::{info, warn};

use super::checkpoint::{CheckpointSettings, Checkpoints, Outcome, random};
use super::measure::OpenFlags;
use super::publish::Publisher;
use super::session::{Session, open_flags_of};
use crate::config::sections::Topics;
use crate::http::Health;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::{CommitResult, KafkaIssue};

/// Settings of a run over Kafka.
#[derive(Clone)]
pub struct LiveSettings {
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// Names of the topics.
    pub topics: Topics,
    /// Bounds and horizons; the number of shards is that of the topics' partitions.
    pub pipeline: PipelineSettings,
    /// Settings of the judge, those of merchants among them.
    pub detect: SettingsBook,
    /// Settings that are tried in shadow.
    pub shadow: Option<SettingsBook>,
    /// Key of the hashes.
    pub hash_key: HashKey,
    /// Key of the pseudonyms.
    pub pseudonym_key: PseudonymKey,
    /// Bounds of a record.
    pub decoder: DecoderLimits,
    /// How long a log must be quiet at its end before it follows the others, in ms.
    pub idle_ms: i64,
    /// How far a time may be ahead of the record's arrival, in ms.
    pub future_ms_max: i64,
    /// Records taken in one turn.
    pub batch_records_max: usize,
    /// Records that a partition may keep waiting for its slower log before the faster one pauses.
    pub waiting_records_max: usize,
    /// Where the state is kept.
    pub checkpoint: CheckpointSettings,
    /// Leave the saved state behind, once.
    pub rebuild: bool,
    /// Go on although records are gone.
    pub accept_gap: bool,
}

/// How long a turn waits for records.
const POLL_MS: u32 = 100;
/// The engine is taken for stuck when a turn takes longer.
const TURN_PATIENCE: Duration = Duration::from_secs(60);
/// A flag waits for the next commit no longer than this.
const FLAG_PATIENCE: Duration = Duration::from_secs(1);
/// How long a commit may take when the process ends or loses its partitions: whatever is not
/// committed by then is read again by whoever goes on.
const DRAIN_PATIENCE: Duration = Duration::from_secs(4);
/// Before taking over again, after another process did.
const FENCED_PAUSE: Duration = Duration::from_secs(5);
/// How often lag and memory are shown.
const MEASURE_EVERY: Duration = Duration::from_secs(2);

/// Consumes until `stop` is set.
///
/// # Errors
/// Kafka cannot be reached, a topic is missing or has another number of partitions, records were
/// deleted before they were read, or an output cannot be delivered.
pub fn run(
    settings: &LiveSettings,
    telemetry: &Telemetry,
    health: &Health,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    health.not_ready("kafka", "no partitions assigned yet");
    let layout = Layout::discover(settings)?;
    let checkpoints = Checkpoints::open(&settings.checkpoint, telemetry, health)?;
    let publisher = Publisher::new(&settings.kafka, &settings.topics, telemetry.clone())?;
    let ownership = Ownership::start(
        &settings.kafka,
        &settings.topics.orders,
        OwnershipOptions::default(),
    )
    .context("cannot join the consumer group")?;
    let mut engine = Engine {
        settings,
        telemetry,
        health,
        layout,
        publisher,
        open_flags: OpenFlags::default(),
        owned: BTreeSet::new(),
        session: None,
        checkpoints,
        owns_chain: false,
        rebuild: settings.rebuild,
        started_ms: now_ms(),
        committing_hours: Vec::new(),
        committed: Instant::now(),
        measured: Instant::now(),
        commits: (0, 0),
    };
    while !stop.load(Ordering::Relaxed) {
        health.moved("engine", TURN_PATIENCE);
        engine.follow_ownership(&ownership)?;
        engine.turn(&ownership)?;
    }
    info!("stopping: saving the state and delivering what it implies");
    health.finished("engine");
    engine.drain()?;
    engine.publisher.flush()?;
    if !ownership.leave(Duration::from_secs(5)) {
        warn!("the group did not confirm the departure; its session timeout will");
    }
    Ok(())
}

/// Partition counts of the topics.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Partitions of clicks, orders and rekeyed records.
    pub partitions: i32,
    /// Partitions of the topic of flags.
    pub flags: i32,
    /// Partitions of the topics that every process reads whole, by topic.
    pub shared: BTreeMap<String, i32>,
    /// How long the broker keeps records of the logs, in ms, by topic; not there where it keeps
    /// them for good or does not tell.
    pub retention_ms: BTreeMap<String, i64>,
}

impl Layout {
    fn discover(settings: &LiveSettings) -> Result<Self> {
        let topics = &settings.topics;
        let named = topics.named();
        let names: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
        let cluster = describe(&settings.kafka, &names)
            .with_context(|| format!("cannot reach Kafka at {}", settings.kafka.brokers))?;
        let partitions_of = |name: &str| -> Result<i32> {
            match cluster.topics.get(name) {
                Some(topic) => Ok(topic.partitions),
                None => bail!("topic {name} does not exist; `promoguard topics create` makes it"),
            }
        };
        for name in &names {
            partitions_of(name)?;
        }
        let partitions = partitions_of(&topics.orders)?;
        for name in [&topics.clicks, &topics.rekeyed] {
            let other = partitions_of(name)?;
            if other != partitions {
                bail!(
                    "{name} has {other} partitions and {} has {partitions}: a code must have the \
                     same partition in both; make {name} anew with {partitions} partitions",
                    topics.orders
                );
            }
        }
        let shared = [&topics.codes, &topics.sightings, &topics.decisions]
            .into_iter()
            .map(|name| Ok((name.clone(), partitions_of(name)?)))
            .collect::<Result<_>>()?;
        let flags = partitions_of(&topics.flags)?;
        let retention = |(name, topic): (&String, &TopicDescription)| {
            let ms = topic.configs.get("retention.ms")?.parse().ok()?;
            (ms >= 0).then(|| (name.clone(), ms))
        };
        Ok(Self {
            partitions,
            flags,
            shared,
            retention_ms: cluster.topics.iter().filter_map(retention).collect(),
        })
    }
}

struct Engine<'a> {
    settings: &'a LiveSettings,
    telemetry: &'a Telemetry,
    health: &'a Health,
    layout: Layout,
    publisher: Publisher,
    open_flags: OpenFlags,
    owned: BTreeSet<i32>,
    session: Option<Session>,
    checkpoints: Checkpoints,
    /// All partitions are owned, and the chain of checkpoints with them.
    owns_chain: bool,
    rebuild: bool,
    /// The wall clock when the process began, epoch ms.
    started_ms: i64,
    /// Ends of the hours of the flags in the commit on its way, epoch ms.
    committing_hours: Vec<i64>,
    /// When the last commit began.
    committed: Instant,
    measured: Instant,
    /// Commits that the metrics have been told of: done, failed.
    commits: (u64, u64),
}

impl Engine<'_> {
    fn follow_ownership(&mut self, ownership: &Ownership) -> Result<()> {
        let mut owned = self.owned.clone();
        let mut releases: Vec<ReleaseToken> = Vec::new();
        loop {
            match ownership.events().try_recv() {
                Ok(OwnershipEvent::Assigned(partitions)) => owned.extend(partitions),
                Ok(OwnershipEvent::Revoked(partitions, release)) => {
                    owned.retain(|partition| !partitions.contains(partition));
                    releases.push(release);
                }
                Ok(OwnershipEvent::Lost(partitions)) => {
                    owned.retain(|partition| !partitions.contains(partition));
                }
                Ok(OwnershipEvent::Error {
                    reason,
                    fatal: true,
                }) => bail!("the consumer group refuses this member: {reason}"),
                Ok(OwnershipEvent::Error { reason, .. }) => {
                    self.telemetry.add_kafka_issues(KafkaIssue::Group, 1);
                    warn!(%reason, "consumer group");
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => bail!("the group membership ended"),
            }
        }
        if owned == self.owned {
            return Ok(());
        }
        self.telemetry.add_rebalances(1);
        self.drain()?;
        self.publisher.flush()?;
        self.session = None;
        self.checkpoints.release();
        for release in releases {
            release.release();
        }
        self.owned = owned;
        let owned: Vec<u32> = self.owned.iter().map(|p| *p as u32).collect();
        self.telemetry.set_owned(&owned);
        self.start_session()
    }

    fn start_session(&mut self) -> Result<()> {
        self.owns_chain = self.owned.len() == self.layout.partitions as usize;
        if !self.owns_chain {
            // The age of a checkpoint that is no longer this process's must alarm nobody.
            self.telemetry.clear_checkpoint_time();
        }
        if self.owned.is_empty() {
            info!("no partitions: another member of the group has them");
            self.health
                .not_ready("kafka", "other members own all partitions");
            return Ok(());
        }
        self.open_flags = OpenFlags::default();
        let restored = if self.owns_chain {
            Some(self.take_over()?)
        } else {
            warn!(
                owned = self.owned.len(),
                of = self.layout.partitions,
                "this process judges its own partitions only, and reads them from the start of their \
                 retention: the exchange between processes does not exist yet"
            );
            None
        };
        self.health.not_ready("registry", "being read");
        let session = Session::start(
            self.settings,
            &self.layout,
            &self.owned,
            restored.as_ref(),
            now_ms(),
        )?;
        info!(codes = session.registered_codes(), "registry read");
        self.health.ready("registry");
        self.health.ready("kafka");
        self.session = Some(session);
        Ok(())
    }

    fn take_over(&mut self) -> Result<Restored> {
        let topics = &self.settings.topics;
        let identity = Identity {
            lineage: random()?,
            partitions: self.layout.partitions as u32,
            hash_key_fingerprint: self.settings.hash_key.fingerprint(),
            clicks: topics.clicks.clone(),
            orders: topics.orders.clone(),
        };
        let beginning = if std::mem::take(&mut self.rebuild) {
            Beginning::Wanted
        } else if self.was_published()? {
            Beginning::Refused
        } else {
            Beginning::Allowed
        };
        self.health.not_ready("checkpoints", "being restored");
        let restored = self.checkpoints.take_over(&identity, beginning)?;
        self.health.ready("checkpoints");
        // Whoever owned the chain before may have died between commit and publication.
        self.publish(&restored.head.manifest.outbox, &[])?;
        self.open_flags = open_flags_of(&restored);
        self.open_flags.publish(self.telemetry);
        self.committed = Instant::now();
        Ok(restored)
    }

    /// Whether this deployment has published flags.
    fn was_published(&self) -> Result<bool> {
        let intake = KafkaIntake::new(&self.settings.kafka, &[])?;
        for partition in 0..self.layout.flags {
            let log = TopicPartition::new(&self.settings.topics.flags, partition);
            if intake.watermarks(&log)?.1 > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn publish(&mut self, records: &[OutboxRecord], flag_hours: &[i64]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.publisher.publish(records)?;
        if !flag_hours.is_empty() {
            self.publisher.flush()?;
        }
        // Hours that closed before this process began are history that is told again.
        let fresh = flag_hours
            .iter()
            .filter(|end_ms| **end_ms >= self.started_ms);
        for hour_end_ms in fresh {
            let delay_ms = (now_ms() - hour_end_ms).max(0);
            self.telemetry
                .observe_flag_publish_delay(delay_ms as f64 / 1000.0);
        }
        Ok(())
    }

    /// Publishes what was committed meanwhile; a state that another process took over is dropped.
    fn settle(&mut self, patience: Duration) -> Result<()> {
        match self.checkpoints.poll(patience) {
            Some(Outcome::Committed(head)) => {
                let hours = std::mem::take(&mut self.committing_hours);
                self.publish(&head.manifest.outbox, &hours)?;
                // Before the next commit forgets the outbox, it must have arrived.
                self.publisher.flush()
            }
            Some(Outcome::Lost(why)) => {
                warn!(
                    why,
                    "the state is not this process's any more; it is dropped and restored"
                );
                self.session = None;
                self.committing_hours.clear();
                std::thread::sleep(FENCED_PAUSE);
                self.start_session()
            }
            None => Ok(()),
        }
    }

    /// Begins a commit where one is due.
    fn commit(&mut self, is_due: bool) -> Result<()> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let since = self.committed.elapsed();
        let settings = self.checkpoints.settings();
        let is_due = is_due
            || since >= settings.interval
            || (session.has_flags() && since >= FLAG_PATIENCE)
            || session.outbox_bytes() > settings.outbox_bytes_max / 2;
        if !self.owns_chain || self.checkpoints.is_busy() || !is_due {
            return Ok(());
        }
        // Dead letters and forwarded records below the new offsets must have arrived.
        self.publisher.flush()?;
        let started = Instant::now();
        let detector = self.settings.detect.deployment().detector();
        let (job, flag_hours) = session.job(&self.open_flags, detector, self.telemetry);
        self.telemetry
            .observe_checkpoint_pause(started.elapsed().as_secs_f64());
        self.committing_hours = flag_hours;
        self.committed = started;
        self.checkpoints.submit(job);
        Ok(())
    }

    /// Commits and publishes what there is, before the partitions go elsewhere.
    fn drain(&mut self) -> Result<()> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if !self.owns_chain {
            let outbox = session.take_outbox();
            return self.publish(&outbox.records, &outbox.flag_hours);
        }
        for is_last in [false, true] {
            if is_last {
                self.commit(true)?;
            }
            match self.checkpoints.poll(DRAIN_PATIENCE) {
                Some(Outcome::Committed(head)) => {
                    let hours = std::mem::take(&mut self.committing_hours);
                    self.publish(&head.manifest.outbox, &hours)?;
                    self.publisher.flush()?;
                }
                Some(Outcome::Lost(why)) => {
                    warn!(
                        why,
                        "the last records are read again by the owner of the state"
                    );
                    return Ok(());
                }
                None if self.checkpoints.is_busy() => {
                    warn!("the last commit is not confirmed; what it lacks is read again");
                    return Ok(());
                }
                None => {}
            }
        }
        Ok(())
    }

    fn turn(&mut self, ownership: &Ownership) -> Result<()> {
        self.settle(Duration::ZERO)?;
        let Some(session) = &mut self.session else {
            std::thread::sleep(Duration::from_millis(POLL_MS.into()));
            return Ok(());
        };
        if session.outbox_bytes() > self.checkpoints.settings().outbox_bytes_max {
            // Nothing more is read until the store takes what there is: Kafka keeps the rest.
            return self.settle(Duration::from_millis(POLL_MS.into()));
        }
        session.turn(
            POLL_MS,
            now_ms(),
            &mut self.publisher,
            &mut self.open_flags,
            self.telemetry,
        )?;
        if !self.owns_chain {
            let outbox = session.take_outbox();
            self.publish(&outbox.records, &outbox.flag_hours)?;
        }
        self.commit(false)?;
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if self.measured.elapsed() >= MEASURE_EVERY {
            self.measured = Instant::now();
            session.measure(self.telemetry, now_ms());
            session.commit_for_lag(ownership);
            self.publisher.flush()?;
            let (done, failed) = ownership.lag_commits();
            let told = std::mem::replace(&mut self.commits, (done, failed));
            self.telemetry
                .add_commits(CommitResult::Done, done - told.0);
            self.telemetry
                .add_commits(CommitResult::Failed, failed - told.1);
        }
        Ok(())
    }
}

/// The wall clock, epoch ms.
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |duration| duration.as_millis() as i64)
}
