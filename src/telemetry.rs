//! What can be seen from outside while the process works: every metric, with typed handles.
//!
//! Decides names, labels and when a series exists: from the start, at 0, because a counter's first
//! sample is invisible to `rate()`. Must not know why something happened. Whoever counts does so in
//! plain integers and hands them over once a batch; nothing here is called once an event.
//!
//! Counters and gauges live in the `metrics` exporter, which renders them; histograms are ours,
//! see [`histogram`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Key, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use promoguard_event::{ErrorKind, EventTime, Field, FlagKind, FlagState, Outcome, Topic};

pub mod histogram;
pub mod labels;
mod process;
pub mod table;

use histogram::Histogram;
use labels::{
    CommitResult, CurrencyLabel, DeliveryResult, HttpStatus, Label, Method, RecordResult, Route,
    SignalLabel, Sink, StatePart, optional_fields,
};
use table::{METRICS, Metric, MetricKind};

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
    lag: Mutex<BTreeMap<(usize, u32), Lag>>,
    watermark: Gauge,
    rebalances: Counter,
    commits: Vec<Counter>,
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
    signal_abstained: Vec<Counter>,
    sink_deliveries: Vec<Vec<Counter>>,
    http: BTreeMap<(usize, usize, usize), (Counter, Histogram)>,
    start: process::StartTime,
}

#[derive(Clone)]
struct Lag {
    records: Gauge,
    seconds: Gauge,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    /// All metrics, at 0.
    pub fn new() -> Self {
        let mut exporter = Exporter::new();
        let e = &mut exporter;
        let build_info = e.gauge(&table::BUILD_INFO, &[env!("CARGO_PKG_VERSION"), REVISION]);
        build_info.set(1.0);
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
            lag: Mutex::new(BTreeMap::new()),
            watermark: e.gauge(&table::WATERMARK, &[]),
            rebalances: e.counter(&table::REBALANCES, &[]),
            commits: e.counters1::<CommitResult>(&table::COMMITS),
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
            signal_abstained: e.counters1::<SignalLabel>(&table::SIGNAL_ABSTAINED),
            sink_deliveries: e.counters2::<Sink, DeliveryResult>(&table::SINK_DELIVERIES),
            http: e.http(),
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

    /// What is still to be read of a partition, in records and in seconds.
    pub fn set_consumer_lag(&self, topic: Topic, partition: u32, records: u64, seconds: f64) {
        let mut all = self.0.lag.lock().unwrap_or_else(PoisonError::into_inner);
        let lag = all.entry((topic.index(), partition)).or_insert_with(|| {
            let labels = [topic.word().to_owned(), partition.to_string()];
            let labels = [labels[0].as_str(), labels[1].as_str()];
            Lag {
                records: self.0.exporter.gauge(&table::LAG_RECORDS, &labels),
                seconds: self.0.exporter.gauge(&table::LAG_SECONDS, &labels),
            }
        });
        lag.records.set(records as f64);
        lag.seconds.set(seconds);
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

    /// Time to judge one closed hour.
    pub fn observe_judge_hour(&self, seconds: f64) {
        self.0.judge_hour.observe(seconds);
    }

    /// Orders that got a leak probability.
    pub fn add_judged_orders(&self, n: u64) {
        self.0.judged_orders.increment(n);
    }

    /// Decisions of analysts.
    pub fn add_decisions(&self, kind: FlagKind, outcome: Outcome, n: u64) {
        self.0.decisions[kind.index()][outcome.index()].increment(n);
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

/// Makes series of metrics and writes them all down.
struct Exporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Name, help, and the series with their labels, in the order of the table.
    histograms: Vec<(Metric, Vec<(String, Histogram)>)>,
}

/// Who made a series is of no interest to the exporter.
const MADE_HERE: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

impl Exporter {
    fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let mut histograms = Vec::new();
        for metric in METRICS {
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, None, help),
                MetricKind::Gauge => recorder.describe_gauge(name, None, help),
                MetricKind::Histogram(_) => histograms.push((*metric, Vec::new())),
            }
        }
        Self {
            recorder,
            handle,
            histograms,
        }
    }

    fn render(&self) -> String {
        let mut text = self.handle.render();
        for (metric, series) in &self.histograms {
            let Metric { name, help, .. } = metric;
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
            series
                .iter()
                .for_each(|(labels, histogram)| histogram.write(name, labels, &mut text));
        }
        text
    }

    fn counter(&self, metric: &Metric, labels: &[&str]) -> Counter {
        assert_eq!(metric.kind, MetricKind::Counter, "{}", metric.name);
        self.recorder
            .register_counter(&key(metric, labels), &MADE_HERE)
    }

    fn gauge(&self, metric: &Metric, labels: &[&str]) -> Gauge {
        assert_eq!(metric.kind, MetricKind::Gauge, "{}", metric.name);
        let gauge = self
            .recorder
            .register_gauge(&key(metric, labels), &MADE_HERE);
        gauge.set(0.0);
        gauge
    }

    fn histogram(&mut self, metric: &Metric, labels: &[&str]) -> Histogram {
        let MetricKind::Histogram(bounds) = metric.kind else {
            panic!("{} is no histogram", metric.name);
        };
        let histogram = Histogram::new(bounds);
        let pairs = metric.labels.iter().zip(labels);
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let listed = self
            .histograms
            .iter_mut()
            .find(|(listed, _)| listed.name == metric.name);
        let (_, series) = listed.expect("every metric is in the table");
        series.push((pairs.join(","), histogram.clone()));
        histogram
    }

    fn counters1<A: Label>(&self, metric: &Metric) -> Vec<Counter> {
        A::ALL
            .iter()
            .map(|a| self.counter(metric, &[a.word()]))
            .collect()
    }

    fn counters2<A: Label, B: Label>(&self, metric: &Metric) -> Vec<Vec<Counter>> {
        let row = |a: &A| {
            B::ALL
                .iter()
                .map(|b| self.counter(metric, &[a.word(), b.word()]))
                .collect()
        };
        A::ALL.iter().map(row).collect()
    }

    fn gauges1<A: Label>(&self, metric: &Metric) -> Vec<Gauge> {
        A::ALL
            .iter()
            .map(|a| self.gauge(metric, &[a.word()]))
            .collect()
    }

    fn histograms1<A: Label>(&mut self, metric: &Metric) -> Vec<Histogram> {
        A::ALL
            .iter()
            .map(|a| self.histogram(metric, &[a.word()]))
            .collect()
    }

    fn field_defects(&self) -> Vec<Vec<Counter>> {
        let metric = &table::OPTIONAL_FIELD_DEFECTS;
        let of_topic = |topic: &Topic| {
            let fields = optional_fields(*topic).iter();
            fields
                .map(|field| self.counter(metric, &[topic.word(), field.word()]))
                .collect()
        };
        <Topic as Label>::ALL.iter().map(of_topic).collect()
    }

    /// Only the answers that can be given: all combinations would be ten times as many series.
    fn http(&mut self) -> BTreeMap<(usize, usize, usize), (Counter, Histogram)> {
        let mut series = BTreeMap::new();
        for route in Route::ALL {
            for method in Method::ALL {
                for status in answers(*route, *method) {
                    let labels = [route.word(), method.word(), status.word()];
                    let place = (route.index(), method.index(), status.index());
                    let requests = self.counter(&table::HTTP_REQUESTS, &labels);
                    let duration = self.histogram(&table::HTTP_DURATION, &labels);
                    series.insert(place, (requests, duration));
                }
            }
        }
        series
    }
}

fn answers(route: Route, method: Method) -> Vec<HttpStatus> {
    let codes: &[u16] = match (route, method) {
        (Route::Other, Method::Read) => &[404, 0],
        (Route::Readyz | Route::Livez, Method::Read) => &[200, 503, 0],
        (_, Method::Read) => &[200, 0],
        (_, Method::Other) => &[405, 0],
    };
    codes.iter().map(|code| HttpStatus::of(*code)).collect()
}

fn key(metric: &Metric, labels: &[&str]) -> Key {
    assert_eq!(
        metric.labels.len(),
        labels.len(),
        "labels of {}",
        metric.name
    );
    let pairs = metric.labels.iter().zip(labels);
    let labels = pairs.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned()));
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
