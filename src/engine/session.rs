//! What a process does with one set of owned partitions: from the registry's end to the next
//! change of ownership.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use promoguard_event::{Code, EventTime, FlagState, Topic};
use promoguard_kafka::{
    Intake as KafkaIntake, IntakeIssue, Ownership, PartitionEnd, SourceId, StartOffset,
    TopicPartition,
};
use promoguard_pipeline::commit::{LogName, OutboxRecord};
use promoguard_pipeline::{Counts, Effects, Routed};
use rustix::time::{ClockId, clock_gettime};
use tracing::{info, warn};

use super::arrival::at_effective_time;
use super::decode::IntakeKeys;
use super::desk::{Desk, Role};
use super::live::{Layout, LiveSettings};
use super::measure::{
    OpenFlags, measure_counts, measure_decision, measure_defects, measure_effects, measure_scores,
    measure_state, measure_windows,
};
use super::partition::{Log, Partition, idle_watermark};
use super::publish::{Coordinates, Publisher, outputs_of};
use super::shadow::ShadowComparison;
use crate::config::sections::Topics;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::{KafkaIssue, StatePart};
use promoguard_pipeline::commit::Restored;

mod saved;

pub use saved::open_flags_of;
use saved::{Starts, shards_of};

/// How long the registry may take to be read.
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(300);

/// The state of the owned partitions.
pub struct Session {
    kafka: KafkaIntake,
    roles: BTreeMap<SourceId, Role>,
    /// The next offset of each source, and when the record before it came into Kafka, epoch ms.
    next_offsets: BTreeMap<SourceId, (i64, i64)>,
    retention_ms: BTreeMap<String, i64>,
    desk: Desk,
    paused: BTreeSet<TopicPartition>,
    waiting_records_max: usize,
    batch_records_max: usize,
    idle_ms: i64,
    slack_ms: i64,
    released_to: Option<EventTime>,
    shadow: Option<ShadowComparison>,
    early_rotations: u64,
    topics: Topics,
    /// Outputs that are not handed over yet, and their size.
    outbox: Vec<OutboxRecord>,
    outbox_bytes: usize,
    /// Ends of the hours whose flags are among them, epoch ms.
    flag_hours: Vec<i64>,
    /// Where the clock moved a quiet log since the last save, and how far, epoch ms.
    idle_steps: BTreeMap<(LogName, i64), i64>,
    /// What was counted since the chain of checkpoints began.
    counters: BTreeMap<String, u64>,
}

/// Outputs to hand over, with the ends of the hours (epoch ms) of the flags among them.
#[derive(Debug, Default)]
pub struct Outbox {
    /// In order.
    pub records: Vec<OutboxRecord>,
    /// One a flag.
    pub flag_hours: Vec<i64>,
}

impl Session {
    /// Reads the registry to its end, then starts on the events of `owned`, from where the restored
    /// state ends or else from the start of their retention.
    ///
    /// # Errors
    /// Kafka cannot be read, the state does not fit, or records between it and what Kafka has are
    /// missing.
    pub fn start(
        settings: &LiveSettings,
        layout: &Layout,
        owned: &BTreeSet<i32>,
        restored: Option<&Restored>,
        now_ms: i64,
    ) -> Result<Self> {
        let slack_ms = settings.pipeline.reorder_slack_ms;
        let state = restored.filter(|restored| !restored.state.is_empty());
        let mut shards = shards_of(settings, layout, state)?;
        if restored.is_some() && state.is_none() {
            shards.start_saving();
        }
        let keys = IntakeKeys {
            pseudonyms: settings.pseudonym_key.clone(),
            limits: settings.decoder,
            hashers: shards.hashers().clone(),
        };
        let partitions = owned
            .iter()
            .map(|p| (*p, Partition::new(slack_ms)))
            .collect();
        let mut session = Self {
            kafka: KafkaIntake::new(&settings.kafka, &[]).context("cannot start reading Kafka")?,
            roles: BTreeMap::new(),
            next_offsets: BTreeMap::new(),
            retention_ms: layout.retention_ms.clone(),
            desk: Desk::new(
                keys.intake(),
                shards,
                partitions,
                settings.future_ms_max,
                now_ms,
            ),
            paused: BTreeSet::new(),
            waiting_records_max: settings.waiting_records_max,
            batch_records_max: settings.batch_records_max,
            idle_ms: settings.idle_ms,
            slack_ms,
            released_to: None,
            shadow: settings
                .shadow
                .as_ref()
                .map(|_| ShadowComparison::default()),
            early_rotations: 0,
            topics: settings.topics.clone(),
            outbox: Vec::new(),
            outbox_bytes: 0,
            flag_hours: Vec::new(),
            idle_steps: BTreeMap::new(),
            counters: BTreeMap::new(),
        };
        let mut starts = Starts::default();
        if let Some(restored) = state {
            session.restore(restored)?;
            starts = Starts::of(&restored.head.manifest, settings.accept_gap);
        }
        let topics = &settings.topics;
        let whole = |topic: &String| (0..layout.shared[topic]).collect::<Vec<i32>>();
        let codes = &topics.codes;
        session.add(codes, &whole(codes), &starts, true, |_| Role::Registry)?;
        session.read_registry(layout.shared[codes], state.is_none())?;
        for (topic, name) in [
            (Topic::Sightings, &topics.sightings),
            (Topic::Decisions, &topics.decisions),
        ] {
            let role = |_| Role::Notices(topic);
            session.add(name, &whole(name), &starts, true, role)?;
        }
        let all_owned = owned.len() == layout.partitions as usize;
        let owned: Vec<i32> = owned.iter().copied().collect();
        session.add_rekeyed(&topics.rekeyed, &owned, &starts, all_owned)?;
        for (log, name) in [(Log::Clicks, &topics.clicks), (Log::Orders, &topics.orders)] {
            let role = |partition| Role::Events(log, partition);
            session.add(name, &owned, &starts, false, role)?;
        }
        Ok(session)
    }

    /// How many codes the registry has.
    pub fn registered_codes(&self) -> usize {
        self.desk.shards.registry().len()
    }

    /// Takes what is there, applies what may be applied, and keeps what comes of it for
    /// [`Session::take_outbox`]; only what bad and misplaced records turn into is sent at once.
    ///
    /// # Errors
    /// Records were deleted before they were read, or an output cannot be sent.
    pub fn turn(
        &mut self,
        poll_ms: u32,
        now_ms: i64,
        publisher: &mut Publisher,
        open_flags: &mut OpenFlags,
        telemetry: &Telemetry,
    ) -> Result<()> {
        let started = cpu_seconds();
        self.desk.now_ms = now_ms;
        let polled = self.poll(poll_ms, now_ms, telemetry)?;
        let read =
            [Topic::Clicks, Topic::Orders].map(|topic| (topic, self.desk.counts.of(topic).read));
        self.send_side_outputs(publisher, open_flags, telemetry)?;
        self.follow_idle(now_ms);
        let releasing = cpu_seconds();
        let released = self.release();
        let judging_seconds = cpu_seconds() - releasing;
        self.bound_waiting()?;
        let effects = self.desk.shards.take_effects();
        self.keep(&effects);
        measure_effects(telemetry, &effects, open_flags);
        telemetry.observe_judged_hours(effects.judged_hours, judging_seconds);
        if effects.judged_hours > 0 {
            measure_windows(telemetry, &effects, self.desk.shards.registry());
            measure_scores(telemetry, &self.desk.shards);
        }
        self.compare_shadow(&effects);
        let seconds = (cpu_seconds() - started) / polled.max(1) as f64;
        for (topic, read) in read {
            telemetry.observe_event_processing(topic, seconds * read as f64, read);
        }
        if !effects.flags.is_empty() {
            self.tell_flags(&effects);
        }
        telemetry.set_watermark(released);
        Ok(())
    }

    fn keep(&mut self, effects: &Effects) {
        let outputs = outputs_of(effects, &self.topics);
        let size = |record: &OutboxRecord| record.payload.len() + record.topic.len();
        self.outbox_bytes += outputs.iter().map(size).sum::<usize>();
        self.outbox.extend(outputs);
        let hours = effects
            .flags
            .iter()
            .map(|judged| judged.hour.end().millis());
        self.flag_hours.extend(hours);
        self.count(&effects.counts);
    }

    fn count(&mut self, counts: &Counts) {
        for topic in Topic::ALL {
            let of = counts.of(topic);
            for (name, count) in [
                ("read", of.read),
                ("accepted", of.accepted),
                ("duplicate", of.duplicate),
                ("too_late", of.too_late),
                ("dead_letter", of.dead_letter),
                ("rekeyed", of.rekeyed),
            ] {
                if count > 0 {
                    let name = format!("{}.{name}", topic.as_str());
                    *self.counters.entry(name).or_default() += count;
                }
            }
        }
    }

    /// Bytes of the outputs that wait to be handed over.
    pub fn outbox_bytes(&self) -> usize {
        self.outbox_bytes
    }

    /// Whether a flag waits to be handed over.
    pub fn has_flags(&self) -> bool {
        !self.flag_hours.is_empty()
    }

    /// Hands the outputs over.
    pub fn take_outbox(&mut self) -> Outbox {
        self.outbox_bytes = 0;
        Outbox {
            records: std::mem::take(&mut self.outbox),
            flag_hours: std::mem::take(&mut self.flag_hours),
        }
    }

    /// One line in the log for each flag that opens or clears, so that what a reader of the topic
    /// sees can be found again by its id and partition.
    fn tell_flags(&mut self, effects: &Effects) {
        for judged in &effects.flags {
            let flag = &judged.flag;
            if !matches!(flag.state, FlagState::Opened | FlagState::Cleared) {
                continue;
            }
            let code = Code::parse(&flag.code).ok();
            let partition = code.map(|code| self.desk.shards.slot(code.as_str()).shard);
            info!(
                flag_id = %flag.flag_id,
                rev = flag.rev,
                state = flag.state.as_str(),
                kind = flag.kind.as_str(),
                score_db = flag.score.value().round(),
                partition,
                hour = %judged.hour,
                "flag published"
            );
        }
    }

    fn compare_shadow(&mut self, effects: &Effects) {
        let (Some(shadow), Some(hour)) = (&mut self.shadow, effects.judged_hour) else {
            return;
        };
        shadow.note(effects);
        if let Some(tally) = shadow.daily(hour) {
            info!(
                both = tally.both,
                only_present = tally.only_present,
                only_shadow = tally.only_shadow,
                left_out = tally.left_out,
                %hour,
                "codes flagged so far, by the present settings and in shadow"
            );
        }
    }

    /// Shows lag and memory.
    pub fn measure(&mut self, telemetry: &Telemetry, now_ms: i64) {
        for (source, role) in &self.roles {
            let Role::Events(log, partition) = role else {
                continue;
            };
            let topic = match log {
                Log::Clicks => Topic::Clicks,
                Log::Orders => Topic::Orders,
                Log::Rekeyed => continue,
            };
            let Some(log_name) = self.kafka.topic_partition(*source) else {
                continue;
            };
            let (next, arrived_ms) = self
                .next_offsets
                .get(source)
                .copied()
                .unwrap_or((0, now_ms));
            let end = self.kafka.cached_watermarks(log_name).map_or(next, |w| w.1);
            let records = (end - next).max(0) as u64;
            let seconds = match records {
                0 => 0.0,
                _ => (now_ms - arrived_ms).max(0) as f64 / 1000.0,
            };
            let retention_ms = self.retention_ms.get(&log_name.topic);
            let headroom = retention_ms.map_or(f64::INFINITY, |ms| *ms as f64 / 1000.0 - seconds);
            let partition = *partition as u32;
            telemetry.set_consumer_lag(topic, partition, records, seconds, headroom);
        }
        let mut waiting = 0;
        for (number, partition) in &self.desk.partitions {
            waiting += partition.waiting() as u64;
            telemetry.set_partition_watermark(*number as u32, partition.release_point());
        }
        telemetry.set_waiting(waiting, self.paused.len() as u64);
        let waiting_bytes = waiting * size_of::<Routed>() as u64;
        telemetry.set_state_bytes(StatePart::MergeBuffer, waiting_bytes);
        measure_state(telemetry, &self.desk.shards, &mut self.early_rotations);
    }

    /// Tells the group how far the logs were read; for lag tools only.
    pub fn commit_for_lag(&self, ownership: &Ownership) {
        for (source, (next, _)) in &self.next_offsets {
            if let (Some(Role::Events(_, _)), Some(log)) =
                (self.roles.get(source), self.kafka.topic_partition(*source))
            {
                ownership.commit_for_lag(log, *next);
            }
        }
    }

    /// Whoever owns every partition reads all events again and so forwards every misplaced record
    /// again: what was forwarded before is passed over. With several members the others do not
    /// forward again, and what they forwarded is needed.
    fn add_rekeyed(
        &mut self,
        topic: &str,
        partitions: &[i32],
        starts: &Starts,
        all_owned: bool,
    ) -> Result<()> {
        let assignments = partitions
            .iter()
            .map(|partition| {
                let log = TopicPartition::new(topic, *partition);
                let start = match starts.next_of(&log) {
                    Some(offset) => StartOffset::At(offset),
                    None if all_owned => StartOffset::At(self.kafka.watermarks(&log)?.1),
                    None => StartOffset::Earliest,
                };
                Ok((log, start))
            })
            .collect::<Result<Vec<_>>>()?;
        self.assign(assignments, |partition| {
            Role::Events(Log::Rekeyed, partition)
        })
    }

    fn add(
        &mut self,
        topic: &str,
        partitions: &[i32],
        starts: &Starts,
        is_shared: bool,
        role: impl Fn(i32) -> Role,
    ) -> Result<()> {
        let assignments = partitions
            .iter()
            .map(|partition| {
                let log = TopicPartition::new(topic, *partition);
                let start = match is_shared {
                    true => starts.next_of(&log),
                    false => starts.checked(&self.kafka, &log)?,
                };
                Ok((log, start.map_or(StartOffset::Earliest, StartOffset::At)))
            })
            .collect::<Result<Vec<_>>>()?;
        self.assign(assignments, role)
    }

    fn assign(
        &mut self,
        assignments: Vec<(TopicPartition, StartOffset)>,
        role: impl Fn(i32) -> Role,
    ) -> Result<()> {
        self.kafka.add(&assignments)?;
        for (log, start) in assignments {
            let source = self.kafka.source(&log).context("a source was added")?;
            // Read on from here even if nothing comes before the next checkpoint.
            if let StartOffset::At(offset) = start {
                // When the record before it came is not known: that is no lag.
                self.next_offsets.insert(source, (offset, i64::MAX));
            }
            self.roles.insert(source, role(log.partition));
        }
        Ok(())
    }

    /// Entries that are new to a restored state take effect at the next close of an hour, as they
    /// would have without the restart.
    fn read_registry(&mut self, partitions: i32, apply_now: bool) -> Result<()> {
        let deadline = Instant::now() + REGISTRY_TIMEOUT;
        let mut at_end: BTreeSet<SourceId> = BTreeSet::new();
        while at_end.len() < partitions as usize {
            if Instant::now() > deadline {
                bail!("the registry could not be read to its end within {REGISTRY_TIMEOUT:?}");
            }
            at_end.extend(self.poll_once(100, None)?.1);
        }
        if apply_now {
            self.desk.shards.apply_registry();
        }
        Ok(())
    }

    fn poll(&mut self, poll_ms: u32, now_ms: i64, telemetry: &Telemetry) -> Result<u64> {
        let (polled, ends) = self.poll_once(poll_ms, Some(telemetry))?;
        for source in ends {
            if let Some(Role::Events(log, partition)) = self.roles.get(&source)
                && let Some(owned) = self.desk.partitions.get_mut(partition)
            {
                owned.reached_end(*log, now_ms);
            }
        }
        Ok(polled)
    }

    /// Returns how many records came, and which sources are at their end now.
    fn poll_once(
        &mut self,
        poll_ms: u32,
        telemetry: Option<&Telemetry>,
    ) -> Result<(u64, Vec<SourceId>)> {
        let (roles, desk, next_offsets) = (&self.roles, &mut self.desk, &mut self.next_offsets);
        desk.start_batch();
        let outcome = self
            .kafka
            .poll_batch(poll_ms, self.batch_records_max, &mut |record| {
                let next = (record.offset + 1, record.timestamp_ms);
                next_offsets.insert(record.source, next);
                desk.take(roles[&record.source], &record);
            })?;
        for issue in outcome.issues {
            if let Some(telemetry) = telemetry {
                telemetry.add_kafka_issues(kafka_issue(&issue), 1);
            }
            report(issue)?;
        }
        let is_at_end = |end: &&PartitionEnd| {
            let next = self.next_offsets.get(&end.source);
            next.is_none_or(|(next, _)| end.offset >= *next)
        };
        let ends = outcome.partition_ends.iter().filter(is_at_end);
        let ends = ends.map(|end| end.source).collect();
        Ok((outcome.records as u64, ends))
    }

    fn coordinates(&self, (source, offset): (SourceId, i64)) -> Coordinates {
        let log = self.kafka.topic_partition(source).expect("it was read");
        Coordinates {
            log: log.clone(),
            offset,
        }
    }

    fn send_side_outputs(
        &mut self,
        publisher: &mut Publisher,
        open_flags: &OpenFlags,
        telemetry: &Telemetry,
    ) -> Result<()> {
        for letter in std::mem::take(&mut self.desk.dead_letters) {
            let from = self.coordinates(letter.from);
            publisher.dead_letter(&from, &letter.raw, letter.error)?;
        }
        for rekeyed in std::mem::take(&mut self.desk.rekeyed) {
            let from = self.coordinates(rekeyed.from);
            publisher.rekey(&from, &rekeyed)?;
        }
        for decision in self.desk.decisions.drain(..) {
            measure_decision(telemetry, &decision, open_flags);
        }
        for (topic, delays) in [Topic::Clicks, Topic::Orders]
            .into_iter()
            .zip(&mut self.desk.delays)
        {
            let histogram = telemetry.event_delay(topic);
            let mut batch = histogram.batch();
            delays.drain(..).for_each(|delay| batch.observe(delay));
            histogram.absorb(&mut batch);
        }
        let counts = std::mem::take(&mut self.desk.counts);
        self.count(&counts);
        measure_counts(telemetry, &counts);
        for (topic, waits) in [Topic::Clicks, Topic::Orders]
            .into_iter()
            .zip(&mut self.desk.waits)
        {
            let histogram = telemetry.event_wait(topic);
            let mut batch = histogram.batch();
            waits.drain(..).for_each(|wait| batch.observe(wait));
            histogram.absorb(&mut batch);
        }
        measure_defects(telemetry, &self.desk.intake.take_defects());
        Ok(())
    }

    fn follow_idle(&mut self, now_ms: i64) {
        let partitions = &mut self.desk.partitions;
        let watermark = idle_watermark(partitions.values(), now_ms, self.idle_ms, self.slack_ms);
        let mut moved: Vec<(Log, i32)> = Vec::new();
        for (number, partition) in partitions {
            let logs = partition.advance_idle(watermark, now_ms, self.idle_ms);
            moved.extend(logs.into_iter().map(|log| (log, *number)));
        }
        for (log, partition) in moved {
            self.note_step(log, partition, watermark);
        }
    }

    /// Of several steps before one record the last one says all.
    fn note_step(&mut self, log: Log, partition: i32, watermark: EventTime) {
        let topic = match log {
            Log::Clicks => &self.topics.clicks,
            Log::Orders => &self.topics.orders,
            Log::Rekeyed => return,
        };
        let source = self.kafka.source(&TopicPartition::new(topic, partition));
        let next = source.and_then(|source| self.next_offsets.get(&source));
        let log = LogName {
            topic: topic.clone(),
            partition,
        };
        let place = (log, next.map_or(0, |(offset, _)| *offset));
        self.idle_steps.insert(place, watermark.millis());
    }

    /// Applies everything that may be applied; returns how far.
    fn release(&mut self) -> EventTime {
        let desk = &mut self.desk;
        for partition in desk.partitions.values_mut() {
            let release_point = partition.release_point();
            while let Some(released) = partition.pop_below(release_point) {
                desk.shards.accept(at_effective_time(released));
            }
        }
        let watermark = desk
            .partitions
            .values()
            .map(Partition::release_point)
            .min()
            .unwrap_or(EventTime::from_millis(0));
        if self.released_to != Some(watermark) {
            self.released_to = Some(watermark);
            desk.shards.advance(watermark);
        }
        watermark
    }

    /// Pauses the log that runs ahead of a partition's other log, instead of buffering it.
    fn bound_waiting(&mut self) -> Result<()> {
        for (source, role) in &self.roles {
            let Role::Events(log, number) = role else {
                continue;
            };
            let partition = &self.desk.partitions[number];
            let name = self
                .kafka
                .topic_partition(*source)
                .expect("it is read")
                .clone();
            let waiting = partition.waiting();
            let is_paused = self.paused.contains(&name);
            if !is_paused && waiting > self.waiting_records_max && partition.ahead() == Some(*log) {
                self.kafka.pause(std::slice::from_ref(&name))?;
                self.paused.insert(name);
            } else if is_paused && waiting <= self.waiting_records_max / 2 {
                self.kafka.resume(std::slice::from_ref(&name))?;
                self.paused.remove(&name);
            }
        }
        Ok(())
    }
}

/// Processor time of this thread, in s: a turn also waits for records, and waiting is no work.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn kafka_issue(issue: &IntakeIssue) -> KafkaIssue {
    match issue {
        IntakeIssue::Connection { .. } => KafkaIssue::Connection,
        IntakeIssue::Partition { .. } | IntakeIssue::Gap { .. } => KafkaIssue::Partition,
    }
}

fn report(issue: IntakeIssue) -> Result<()> {
    match issue {
        IntakeIssue::Gap {
            topic_partition,
            wanted,
            earliest,
            latest,
            ..
        } => bail!(
            "records of {topic_partition} from offset {wanted} on are not there any more: the broker \
             has {earliest} to {latest}; `promoguard run --accept-gap` goes on with what is there, \
             `promoguard run --rebuild` builds the state anew from it"
        ),
        other => warn!(kind = other.kind(), reason = %other, "reading Kafka"),
    }
    Ok(())
}
