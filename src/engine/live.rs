//! The engine over Kafka: polls, decodes, merges per partition, drives the shards, publishes.
//!
//! One thread does all of it; the group membership and the HTTP listener have threads of their
//! own. There are no snapshots yet: whenever the owned partitions change, and after a restart,
//! they are read again from the start of their retention. What is published again is the same,
//! and readers ignore a `rev` that they have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use promoguard_detect::SettingsBook;
use promoguard_event::{DecoderLimits, PseudonymKey};
use promoguard_kafka::{
    KafkaSettings, Ownership, OwnershipEvent, OwnershipOptions, ReleaseToken, TopicDescription,
    describe,
};
use promoguard_pipeline::PipelineSettings;
use promoguard_sketch::HashKey;
use tracing::{info, warn};

use super::measure::OpenFlags;
use super::publish::Publisher;
use super::session::Session;
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
}

/// How long a turn waits for records.
const POLL_MS: u32 = 100;
/// The engine is taken for stuck when a turn takes longer.
const TURN_PATIENCE: Duration = Duration::from_secs(60);
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
        measured: Instant::now(),
        commits: (0, 0),
    };
    while !stop.load(Ordering::Relaxed) {
        health.moved("engine", TURN_PATIENCE);
        engine.follow_ownership(&ownership)?;
        engine.turn(&ownership)?;
    }
    info!("stopping: delivering what was published");
    health.finished("engine");
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
        let retention = |(name, topic): (&String, &TopicDescription)| {
            let ms = topic.configs.get("retention.ms")?.parse().ok()?;
            (ms >= 0).then(|| (name.clone(), ms))
        };
        Ok(Self {
            partitions,
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
        self.publisher.flush()?;
        self.session = None;
        for release in releases {
            release.release();
        }
        self.owned = owned;
        let owned: Vec<u32> = self.owned.iter().map(|p| *p as u32).collect();
        self.telemetry.set_owned(&owned);
        self.start_session()
    }

    fn start_session(&mut self) -> Result<()> {
        if self.owned.is_empty() {
            info!("no partitions: another member of the group has them");
            self.health
                .not_ready("kafka", "other members own all partitions");
            return Ok(());
        }
        info!(
            partitions = ?self.owned,
            "reading owned partitions from the start of their retention: there are no snapshots yet"
        );
        if self.owned.len() < self.layout.partitions as usize {
            warn!(
                owned = self.owned.len(),
                of = self.layout.partitions,
                "this process judges its own partitions only: the exchange between processes does not exist yet"
            );
        }
        self.health.not_ready("registry", "being read");
        self.open_flags = OpenFlags::default();
        let session = Session::start(self.settings, &self.layout, &self.owned, now_ms())?;
        info!(codes = session.registered_codes(), "registry read");
        self.health.ready("registry");
        self.health.ready("kafka");
        self.session = Some(session);
        Ok(())
    }

    fn turn(&mut self, ownership: &Ownership) -> Result<()> {
        let Some(session) = &mut self.session else {
            std::thread::sleep(Duration::from_millis(POLL_MS.into()));
            return Ok(());
        };
        session.turn(
            POLL_MS,
            now_ms(),
            &mut self.publisher,
            &mut self.open_flags,
            self.telemetry,
        )?;
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
