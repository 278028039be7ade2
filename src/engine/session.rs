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
use promoguard_pipeline::{Effects, Routed, ShardSet};
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
use super::publish::{Coordinates, Publisher};
use super::shadow::ShadowComparison;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::{KafkaIssue, StatePart};

/// How long the registry may take to be read.
const REGISTRY_TIMEOUT: Duration = Duration::from_secs(300);

/// The state of the owned partitions.
pub struct Session {
    kafka: KafkaIntake,
    roles: BTreeMap<SourceId, Role>,
    /// The next offset of each source, and when the record before it came into Kafka, epoch ms.
    next_offsets: BTreeMap<SourceId, (i64, i64)>,
    retention_ms: BTreeMap<String, i64>,
    /// The wall clock at the start, epoch ms: what Kafka had by then is history.
    started_ms: i64,
    desk: Desk,
    paused: BTreeSet<TopicPartition>,
    waiting_records_max: usize,
    batch_records_max: usize,
    idle_ms: i64,
    slack_ms: i64,
    released_to: Option<EventTime>,
    shadow: Option<ShadowComparison>,
    early_rotations: u64,
}

impl Session {
    /// Reads the registry to its end, then starts on the events of `owned`.
    ///
    /// # Errors
    /// Kafka cannot be read.
    pub fn start(
        settings: &LiveSettings,
        layout: &Layout,
        owned: &BTreeSet<i32>,
        now_ms: i64,
    ) -> Result<Self> {
        let mut pipeline = settings.pipeline.clone();
        pipeline.shards = layout.partitions as u32;
        let slack_ms = pipeline.reorder_slack_ms;
        let mut shards = ShardSet::new(pipeline, settings.detect.clone(), &settings.hash_key);
        if let Some(shadow) = &settings.shadow {
            shards = shards.with_shadow(shadow.clone());
        }
        let keys = IntakeKeys {
            pseudonyms: settings.pseudonym_key.clone(),
            limits: settings.decoder,
            hashers: shards.hashers().clone(),
        };
        let partitions = owned.iter().map(|p| (*p, Partition::new(slack_ms)));
        let mut session = Self {
            kafka: KafkaIntake::new(&settings.kafka, &[]).context("cannot start reading Kafka")?,
            roles: BTreeMap::new(),
            next_offsets: BTreeMap::new(),
            retention_ms: layout.retention_ms.clone(),
            started_ms: now_ms,
            desk: Desk::new(
                keys.intake(),
                shards,
                partitions.collect(),
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
        };
        let topics = &settings.topics;
        let whole = |topic: &String| (0..layout.shared[topic]).collect::<Vec<i32>>();
        session.add(&topics.codes, &whole(&topics.codes), |_| Role::Registry)?;
        session.read_registry(layout.shared[&topics.codes])?;
        for (topic, name) in [
            (Topic::Sightings, &topics.sightings),
            (Topic::Decisions, &topics.decisions),
        ] {
            session.add(name, &whole(name), |_| Role::Notices(topic))?;
        }
        let all_owned = owned.len() == layout.partitions as usize;
        let owned: Vec<i32> = owned.iter().copied().collect();
        session.add_rekeyed(&topics.rekeyed, &owned, all_owned)?;
        for (log, name) in [(Log::Clicks, &topics.clicks), (Log::Orders, &topics.orders)] {
            session.add(name, &owned, |partition| Role::Events(log, partition))?;
        }
        Ok(session)
    }

    /// How many codes the registry has.
    pub fn registered_codes(&self) -> usize {
        self.desk.shards.registry().len()
    }

    /// Takes what is there, applies what may be applied, publishes what comes of it.
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
        let turned = Instant::now();
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
        publisher.perform(&effects)?;
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
            publisher.flush()?;
            self.tell_flags(&effects);
        }
        // Hours that closed before this process began are history that is told again.
        if let Some(hour) = effects.judged_hour
            && hour.end().millis() >= self.started_ms
        {
            let published_ms = now_ms + turned.elapsed().as_millis() as i64;
            let delay_ms = (published_ms - hour.end().millis()).max(0);
            for _ in &effects.flags {
                telemetry.observe_flag_publish_delay(delay_ms as f64 / 1000.0);
            }
        }
        telemetry.set_watermark(released);
        Ok(())
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
    fn add_rekeyed(&mut self, topic: &str, partitions: &[i32], all_owned: bool) -> Result<()> {
        let assignments = partitions
            .iter()
            .map(|partition| {
                let log = TopicPartition::new(topic, *partition);
                let start = match all_owned {
                    true => StartOffset::At(self.kafka.watermarks(&log)?.1),
                    false => StartOffset::Earliest,
                };
                Ok((log, start))
            })
            .collect::<Result<Vec<_>>>()?;
        self.assign(assignments, |partition| {
            Role::Events(Log::Rekeyed, partition)
        })
    }

    fn add(&mut self, topic: &str, partitions: &[i32], role: impl Fn(i32) -> Role) -> Result<()> {
        let from_start = |p: &i32| (TopicPartition::new(topic, *p), StartOffset::Earliest);
        self.assign(partitions.iter().map(from_start).collect(), role)
    }

    fn assign(
        &mut self,
        assignments: Vec<(TopicPartition, StartOffset)>,
        role: impl Fn(i32) -> Role,
    ) -> Result<()> {
        self.kafka.add(&assignments)?;
        for (log, _) in assignments {
            let source = self.kafka.source(&log).context("a source was added")?;
            self.roles.insert(source, role(log.partition));
        }
        Ok(())
    }

    fn read_registry(&mut self, partitions: i32) -> Result<()> {
        let deadline = Instant::now() + REGISTRY_TIMEOUT;
        let mut at_end: BTreeSet<SourceId> = BTreeSet::new();
        while at_end.len() < partitions as usize {
            if Instant::now() > deadline {
                bail!("the registry could not be read to its end within {REGISTRY_TIMEOUT:?}");
            }
            at_end.extend(self.poll_once(100, None)?.1);
        }
        self.desk.shards.apply_registry();
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
        for (topic, waits) in [Topic::Clicks, Topic::Orders]
            .into_iter()
            .zip(&mut self.desk.waits)
        {
            let histogram = telemetry.event_wait(topic);
            let mut batch = histogram.batch();
            waits.drain(..).for_each(|wait| batch.observe(wait));
            histogram.absorb(&mut batch);
        }
        measure_counts(telemetry, &std::mem::take(&mut self.desk.counts));
        measure_defects(telemetry, &self.desk.intake.take_defects());
        Ok(())
    }

    fn follow_idle(&mut self, now_ms: i64) {
        let partitions = &mut self.desk.partitions;
        let watermark = idle_watermark(partitions.values(), now_ms, self.idle_ms, self.slack_ms);
        for partition in partitions.values_mut() {
            partition.advance_idle(watermark, now_ms, self.idle_ms);
        }
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
             has {earliest} to {latest}; start again to read from there"
        ),
        other => warn!(kind = other.kind(), reason = %other, "reading Kafka"),
    }
    Ok(())
}
