//! What can be seen from outside while the process works: every metric, with typed handles.
//!
//! Decides names, labels and when a series exists: from the start, at 0, because a counter's first
//! sample is invisible to `rate()`. Must not know why something happened. Whoever counts does so in
//! plain integers and hands them over once a batch; nothing here is called once an event.
//!
//! Counters and gauges live in the `metrics` exporter, which renders them; histograms are ours,
//! see [`histogram`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge};
use promoguard_event::{ErrorKind, EventTime, Field, FlagKind, FlagState, Outcome, Topic};

mod exporter;
pub mod histogram;
pub mod labels;
mod process;
mod scores;
pub mod table;

use exporter::Exporter;
use histogram::Histogram;
use labels::{
    CommitResult, CurrencyLabel, DeliveryResult, HttpStatus, KafkaIssue, Label, Method,
    RecordResult, Route, ScoreBand, SignalLabel, Sink, StatePart, optional_fields,
};

/// Revision of the source, where the build says it.
pub const REVISION: &str = match option_env!("PROMOGUARD_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Every metric of this process. Cloning gives another handle on the same metrics.
#[derive(Clone)]
pub struct Telemetry(Arc<Series>);

struct Series {
    exporter: Exporter,
    events: Vec<Vec<Counter>>,
    late_events: Vec<Counter>,
    dead_letters: Vec<Vec<Counter>>,
    optional_field_defects: Vec<Vec<Counter>>,
    order_conflicts: Counter,
    code_conflicts: Counter,
    misplaced: Counter,
    attempts_not_judged: Counter,
    windows_not_amended: Counter,
    codes_evicted: Counter,
    event_processing: Vec<Histogram>,
    event_delay: Vec<Histogram>,
    event_wait: Vec<Histogram>,
    lag: Mutex<BTreeMap<(usize, u32), Lag>>,
    partition_watermarks: Mutex<BTreeMap<u32, Gauge>>,
    records_waiting: Gauge,
    partitions_owned: Gauge,
    partitions_paused: Gauge,
    kafka_issues: Vec<Counter>,
    output_in_flight: Gauge,
    watermark: Gauge,
    rebalances: Counter,
    commits: Vec<Counter>,
    checkpoints: Vec<Counter>,
    checkpoint_duration: Histogram,
    checkpoint_pause: Histogram,
    checkpoint_bytes: Counter,
    checkpoint_state_bytes: Gauge,
    checkpoint_time: Gauge,
    codes_tracked: Gauge,
    state_bytes: Vec<Gauge>,
    dedupe_horizon: Gauge,
    dedupe_early_rotations: Counter,
    flags: Vec<Vec<Counter>>,
    shadow_flags: Vec<Counter>,
    flags_open: Vec<Gauge>,
    exposure_open: Vec<Gauge>,
    flag_publish_delay: Histogram,
    judge_hour: Histogram,
    judged_orders: Counter,
    decisions: Vec<Vec<Counter>>,
    decisions_by_score: Vec<Vec<Counter>>,
    codes_by_score: Vec<Gauge>,
    /// Orders and those without a click, by merchant; the last one is all others.
    merchants: Vec<(String, Counter, Counter)>,
    signal_abstained: Vec<Counter>,
    sink_deliveries: Vec<Vec<Counter>>,
    http: BTreeMap<(usize, usize, usize), (Counter, Histogram)>,
    ready: Gauge,
    start: process::StartTime,
}

#[derive(Clone)]
struct Lag {
    records: Gauge,
    seconds: Gauge,
    headroom: Gauge,
}

/// The label of merchants that have no time series of their own.
const OTHER_MERCHANTS: &str = "other";

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    /// All metrics, at 0, no merchant with series of its own.
    pub fn new() -> Self {
        Self::with_merchants(&[])
    }

    /// All metrics, at 0. `merchants` have time series of their own: a list that somebody wrote
    /// into the settings, never one that came with the input.
    pub fn with_merchants(merchants: &[String]) -> Self {
        let mut exporter = Exporter::new();
        let e = &mut exporter;
        let build_info = e.gauge(&table::BUILD_INFO, &[env!("CARGO_PKG_VERSION"), REVISION]);
        build_info.set(1.0);
        scores::SHIPPED.iter().for_each(|(band, share)| {
            let labels = [band.word()];
            e.gauge(&table::CODES_BY_SCORE_SHIPPED, &labels).set(*share);
        });
        Self(Arc::new(Series {
            events: e.counters2::<Topic, RecordResult>(&table::EVENTS),
            late_events: e.counters1::<Topic>(&table::LATE_EVENTS),
            dead_letters: e.counters2::<Topic, ErrorKind>(&table::DEAD_LETTERS),
            optional_field_defects: e.field_defects(),
            order_conflicts: e.counter(&table::ORDER_CONFLICTS, &[]),
            code_conflicts: e.counter(&table::CODE_CONFLICTS, &[]),
            misplaced: e.counter(&table::MISPLACED, &[]),
            attempts_not_judged: e.counter(&table::ATTEMPTS_NOT_JUDGED, &[]),
            windows_not_amended: e.counter(&table::WINDOWS_NOT_AMENDED, &[]),
            codes_evicted: e.counter(&table::CODES_EVICTED, &[]),
            event_processing: e.histograms1::<Topic>(&table::EVENT_PROCESSING),
            event_delay: e.histograms1::<Topic>(&table::EVENT_DELAY),
            event_wait: e.histograms1::<Topic>(&table::EVENT_WAIT),
            lag: Mutex::new(BTreeMap::new()),
            partition_watermarks: Mutex::new(BTreeMap::new()),
            records_waiting: e.gauge(&table::RECORDS_WAITING, &[]),
            partitions_owned: e.gauge(&table::PARTITIONS_OWNED, &[]),
            partitions_paused: e.gauge(&table::PARTITIONS_PAUSED, &[]),
            kafka_issues: e.counters1::<KafkaIssue>(&table::KAFKA_ISSUES),
            output_in_flight: e.gauge(&table::OUTPUT_IN_FLIGHT, &[]),
            watermark: e.gauge(&table::WATERMARK, &[]),
            rebalances: e.counter(&table::REBALANCES, &[]),
            commits: e.counters1::<CommitResult>(&table::COMMITS),
            checkpoints: e.counters1::<CommitResult>(&table::CHECKPOINTS),
            checkpoint_duration: e.histogram(&table::CHECKPOINT_DURATION, &[]),
            checkpoint_pause: e.histogram(&table::CHECKPOINT_PAUSE, &[]),
            checkpoint_bytes: e.counter(&table::CHECKPOINT_BYTES, &[]),
            checkpoint_state_bytes: e.gauge(&table::CHECKPOINT_STATE_BYTES, &[]),
            checkpoint_time: e.gauge(&table::CHECKPOINT_TIME, &[]),
            codes_tracked: e.gauge(&table::CODES_TRACKED, &[]),
            state_bytes: e.gauges1::<StatePart>(&table::STATE_BYTES),
            dedupe_horizon: e.gauge(&table::DEDUPE_HORIZON, &[]),
            dedupe_early_rotations: e.counter(&table::DEDUPE_EARLY_ROTATIONS, &[]),
            flags: e.counters2::<FlagKind, FlagState>(&table::FLAGS),
            shadow_flags: e.counters1::<FlagState>(&table::SHADOW_FLAGS),
            flags_open: e.gauges1::<FlagKind>(&table::FLAGS_OPEN),
            exposure_open: e.gauges1::<CurrencyLabel>(&table::EXPOSURE_OPEN),
            flag_publish_delay: e.histogram(&table::FLAG_PUBLISH_DELAY, &[]),
            judge_hour: e.histogram(&table::JUDGE_HOUR, &[]),
            judged_orders: e.counter(&table::JUDGED_ORDERS, &[]),
            decisions: e.counters2::<FlagKind, Outcome>(&table::DECISIONS),
            decisions_by_score: e.counters2::<ScoreBand, Outcome>(&table::DECISIONS_BY_SCORE),
            codes_by_score: e.gauges1::<ScoreBand>(&table::CODES_BY_SCORE),
            merchants: merchant_series(e, merchants),
            signal_abstained: e.counters1::<SignalLabel>(&table::SIGNAL_ABSTAINED),
            sink_deliveries: e.counters2::<Sink, DeliveryResult>(&table::SINK_DELIVERIES),
            http: e.http(),
            ready: e.gauge(&table::READY, &[]),
            start: process::StartTime::now(),
            exporter,
        }))
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = self.0.exporter.render();
        process::write(self.0.start, &mut text);
        text
    }

    /// Records of a topic, by what became of them.
    pub fn add_events(&self, topic: Topic, result: RecordResult, n: u64) {
        self.0.events[topic.index()][result.index()].increment(n);
    }

    /// Accepted records that were behind their watermark.
    pub fn add_late_events(&self, topic: Topic, n: u64) {
        self.0.late_events[topic.index()].increment(n);
    }

    /// Records that could not be read. They are also events with that result.
    pub fn add_dead_letters(&self, topic: Topic, reason: ErrorKind, n: u64) {
        self.0.dead_letters[topic.index()][reason.index()].increment(n);
    }

    /// Optional fields that were unusable; a field that the topic does not have is not counted.
    pub fn add_optional_field_defects(&self, topic: Topic, field: Field, n: u64) {
        let place = optional_fields(topic)
            .iter()
            .position(|optional| *optional == field);
        if let Some(place) = place {
            self.0.optional_field_defects[topic.index()][place].increment(n);
        }
    }

    /// Repeated orders with another amount.
    pub fn add_order_conflicts(&self, n: u64) {
        self.0.order_conflicts.increment(n);
    }

    /// Registry entries refused because another merchant has the code.
    pub fn add_code_conflicts(&self, n: u64) {
        self.0.code_conflicts.increment(n);
    }

    /// Records found on a partition their code does not belong to.
    pub fn add_misplaced(&self, n: u64) {
        self.0.misplaced.increment(n);
    }

    /// Orders beyond the bound of judged orders for one code and hour.
    pub fn add_attempts_not_judged(&self, n: u64) {
        self.0.attempts_not_judged.increment(n);
    }

    /// Late events whose window was kept no longer.
    pub fn add_windows_not_amended(&self, n: u64) {
        self.0.windows_not_amended.increment(n);
    }

    /// Unregistered codes that were let go.
    pub fn add_codes_evicted(&self, n: u64) {
        self.0.codes_evicted.increment(n);
    }

    /// A batch of `n` records of a topic took `seconds` in all.
    pub fn observe_event_processing(&self, topic: Topic, seconds: f64, n: u64) {
        if n > 0 {
            self.0.event_processing[topic.index()].observe_many(seconds / n as f64, n);
        }
    }

    /// Delays of a topic's records in seconds; take a [`Histogram::batch`] of it for each thread.
    pub fn event_delay(&self, topic: Topic) -> &Histogram {
        &self.0.event_delay[topic.index()]
    }

    /// Seconds that a topic's records lay in Kafka; take a [`Histogram::batch`] of it.
    pub fn event_wait(&self, topic: Topic) -> &Histogram {
        &self.0.event_wait[topic.index()]
    }

    /// What is still to be read of a partition, in records and in seconds, and the seconds until
    /// the broker may delete what comes next.
    pub fn set_consumer_lag(
        &self,
        topic: Topic,
        partition: u32,
        records: u64,
        seconds: f64,
        headroom_seconds: f64,
    ) {
        let mut all = self.0.lag.lock().unwrap_or_else(PoisonError::into_inner);
        let lag = all.entry((topic.index(), partition)).or_insert_with(|| {
            let labels = [topic.word().to_owned(), partition.to_string()];
            let labels = [labels[0].as_str(), labels[1].as_str()];
            Lag {
                records: self.0.exporter.gauge(&table::LAG_RECORDS, &labels),
                seconds: self.0.exporter.gauge(&table::LAG_SECONDS, &labels),
                headroom: self.0.exporter.gauge(&table::RETENTION_HEADROOM, &labels),
            }
        });
        lag.records.set(records as f64);
        lag.seconds.set(seconds);
        lag.headroom.set(headroom_seconds);
    }

    /// Event time up to which a partition is counted; one before 1970 says that nothing was read.
    pub fn set_partition_watermark(&self, partition: u32, watermark: EventTime) {
        let all = &self.0.partition_watermarks;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        let gauge = all.entry(partition).or_insert_with(|| {
            let label = partition.to_string();
            self.0
                .exporter
                .gauge(&table::PARTITION_WATERMARK, &[&label])
        });
        gauge.set(watermark.millis().max(0) as f64 / 1000.0);
    }

    /// These partitions are read from now on, and no other: what was shown of others is over.
    pub fn set_owned(&self, partitions: &[u32]) {
        self.0.partitions_owned.set(partitions.len() as f64);
        let is_gone = |partition: &u32| !partitions.contains(partition);
        let lag = self.0.lag.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, lag) in lag.iter().filter(|((_, partition), _)| is_gone(partition)) {
            lag.records.set(0.0);
            lag.seconds.set(0.0);
            lag.headroom.set(f64::INFINITY);
        }
        let watermarks = &self.0.partition_watermarks;
        let watermarks = watermarks.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, gauge) in watermarks
            .iter()
            .filter(|(partition, _)| is_gone(partition))
        {
            gauge.set(0.0);
        }
    }

    /// Records that wait for their turn, and logs that pause because of it.
    pub fn set_waiting(&self, records: u64, logs_paused: u64) {
        self.0.records_waiting.set(records as f64);
        self.0.partitions_paused.set(logs_paused as f64);
    }

    /// Something went wrong between here and Kafka.
    pub fn add_kafka_issues(&self, kind: KafkaIssue, n: u64) {
        self.0.kafka_issues[kind.index()].increment(n);
    }

    /// Records that were sent and are not acknowledged.
    pub fn set_output_in_flight(&self, records: u64) {
        self.0.output_in_flight.set(records as f64);
    }

    /// Event time up to which everything is counted.
    pub fn set_watermark(&self, watermark: EventTime) {
        self.0.watermark.set(watermark.millis() as f64 / 1000.0);
    }

    /// Partitions came or went.
    pub fn add_rebalances(&self, n: u64) {
        self.0.rebalances.increment(n);
    }

    /// Commits, by how they ended.
    pub fn add_commits(&self, result: CommitResult, n: u64) {
        self.0.commits[result.index()].increment(n);
    }

    /// Checkpoints, by how they ended.
    pub fn add_checkpoints(&self, result: CommitResult, n: u64) {
        self.0.checkpoints[result.index()].increment(n);
    }

    /// A commit that holds: how long it took in s, what was written and what the state takes, in
    /// bytes.
    pub fn observe_checkpoint(&self, seconds: f64, written: u64, state: u64) {
        self.0.checkpoint_duration.observe(seconds);
        self.0.checkpoint_bytes.increment(written);
        self.0.checkpoint_state_bytes.set(state as f64);
    }

    /// How long records waited for the changes of a checkpoint, in s.
    pub fn observe_checkpoint_pause(&self, seconds: f64) {
        self.0.checkpoint_pause.observe(seconds);
    }

    /// The store proved just now that this process owns the state.
    pub fn set_checkpoint_time(&self) {
        self.0.checkpoint_time.set(process::unix_seconds());
    }

    /// This process keeps no checkpoints now.
    pub fn clear_checkpoint_time(&self) {
        self.0.checkpoint_time.set(0.0);
    }

    /// Codes that are being watched.
    pub fn set_codes_tracked(&self, codes: u64) {
        self.0.codes_tracked.set(codes as f64);
    }

    /// Memory of a part of the state.
    pub fn set_state_bytes(&self, part: StatePart, bytes: u64) {
        self.0.state_bytes[part.index()].set(bytes as f64);
    }

    /// How long a click id is truly remembered.
    pub fn set_dedupe_horizon_seconds(&self, seconds: f64) {
        self.0.dedupe_horizon.set(seconds);
    }

    /// Times that the click filter forgot early.
    pub fn add_dedupe_early_rotations(&self, n: u64) {
        self.0.dedupe_early_rotations.increment(n);
    }

    /// Flags raised or changed.
    pub fn add_flags(&self, kind: FlagKind, state: FlagState, n: u64) {
        self.0.flags[kind.index()][state.index()].increment(n);
    }

    /// Flags raised or changed by a judge in shadow.
    pub fn add_shadow_flags(&self, state: FlagState, n: u64) {
        self.0.shadow_flags[state.index()].increment(n);
    }

    /// Flags of a kind that are open now.
    pub fn set_flags_open(&self, kind: FlagKind, flags: u64) {
        self.0.flags_open[kind.index()].set(flags as f64);
    }

    /// Commission at stake in open flags, in units of the currency.
    pub fn set_exposure_open(&self, currency: CurrencyLabel, amount: f64) {
        self.0.exposure_open[currency.index()].set(amount);
    }

    /// From the close of the hour to the flag being published.
    pub fn observe_flag_publish_delay(&self, seconds: f64) {
        self.0.flag_publish_delay.observe(seconds);
    }

    /// `hours` closed hours were judged in `seconds` in all.
    pub fn observe_judged_hours(&self, hours: u64, seconds: f64) {
        if hours > 0 {
            let each = seconds / hours as f64;
            self.0.judge_hour.observe_many(each, hours);
        }
    }

    /// Orders that got a leak probability.
    pub fn add_judged_orders(&self, n: u64) {
        self.0.judged_orders.increment(n);
    }

    /// A decision of an analyst about a flag of this kind and score.
    pub fn add_decision(&self, kind: FlagKind, score: ScoreBand, outcome: Outcome) {
        self.0.decisions[kind.index()][outcome.index()].increment(1);
        self.0.decisions_by_score[score.index()][outcome.index()].increment(1);
    }

    /// Codes by score, in the order of the bands.
    pub fn set_codes_by_score(&self, codes: &[u64]) {
        for (gauge, codes) in self.0.codes_by_score.iter().zip(codes) {
            gauge.set(*codes as f64);
        }
    }

    /// Orders of a closed hour, and those of them without a click id.
    pub fn add_merchant_orders(&self, merchant: &str, orders: u64, clickless: u64) {
        let all = &self.0.merchants;
        let own = all.iter().find(|(name, _, _)| name == merchant);
        if let Some((_, total, without)) = own.or(all.last()) {
            total.increment(orders);
            without.increment(clickless);
        }
    }

    /// What `/readyz` says.
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.set(f64::from(u8::from(ready)));
    }

    /// Judgements in which a signal could not speak.
    pub fn add_signal_abstained(&self, signal: SignalLabel, n: u64) {
        self.0.signal_abstained[signal.index()].increment(n);
    }

    /// Records written to an output.
    pub fn add_sink_deliveries(&self, sink: Sink, result: DeliveryResult, n: u64) {
        self.0.sink_deliveries[sink.index()][result.index()].increment(n);
    }

    /// A request that was answered.
    pub fn observe_http(&self, route: Route, method: Method, status: u16, seconds: f64) {
        let series = |status: HttpStatus| {
            self.0
                .http
                .get(&(route.index(), method.index(), status.index()))
        };
        // An answer that this route has no reason to give still counts, as `other`.
        let found = series(HttpStatus::of(status)).or_else(|| series(HttpStatus::of(0)));
        if let Some((requests, duration)) = found {
            requests.increment(1);
            duration.observe(seconds);
        }
    }
}

fn merchant_series(exporter: &Exporter, merchants: &[String]) -> Vec<(String, Counter, Counter)> {
    // As the decoder spells them.
    let names: Vec<String> = merchants.iter().map(|name| name.to_lowercase()).collect();
    let names = names.iter().map(String::as_str);
    let series = |name: &str| {
        let orders = exporter.counter(&table::MERCHANT_ORDERS, &[name]);
        let clickless = exporter.counter(&table::MERCHANT_CLICKLESS_ORDERS, &[name]);
        (name.to_owned(), orders, clickless)
    };
    names.chain([OTHER_MERCHANTS]).map(series).collect()
}

#[cfg(test)]
mod tests;
