//! Every metric: name, unit, labels, help text. One table, in the order of the documentation.
//!
//! Decides what can be seen from outside. A metric exists by being in this table.

/// What kind of series a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of values by size, with these upper bounds.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name on the wire.
    pub name: &'static str,
    /// What kind of series it is.
    pub kind: MetricKind,
    /// What is counted or measured.
    pub unit: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What an operator needs to know.
    pub help: &'static str,
}

const fn counter(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Counter,
        unit,
        labels,
        help,
    }
}

const fn gauge(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Gauge,
        unit,
        labels,
        help,
    }
}

const fn histogram(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Histogram(bounds),
        unit: "seconds",
        labels,
        help,
    }
}

/// From a record's own work to a stall: 1 µs to 10 s.
const PROCESSING: &[f64] = &[1e-6, 3e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0];
/// 60 s is the objective for counted events; past it come marketplaces that are polled by the hour or day.
const DELAY: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 604_800.0,
];
/// 60 s is the objective for counting an event.
const WAIT: &[f64] = &[0.05, 0.2, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0];
/// 60 s is the objective for published flags.
const PUBLISH: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
];
const JUDGE: &[f64] = &[1e-3, 5e-3, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];
/// 500 ms is the objective for pages.
const HTTP: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 2.0, 10.0];

pub(super) const EVENTS: Metric = counter(
    "promoguard_events_total",
    "records",
    &["topic", "result"],
    "Records read, by what became of them; the results add up to what was read.",
);
pub(super) const LATE_EVENTS: Metric = counter(
    "promoguard_late_events_total",
    "records",
    &["topic"],
    "Accepted records that were behind the watermark of their source.",
);
pub(super) const DEAD_LETTERS: Metric = counter(
    "promoguard_dead_letters_total",
    "records",
    &["topic", "reason"],
    "Records that could not be read, by reason.",
);
pub(super) const OPTIONAL_FIELD_DEFECTS: Metric = counter(
    "promoguard_optional_field_defects_total",
    "fields",
    &["topic", "field"],
    "Optional fields that were unusable and counted as absent, so that signals abstain.",
);
pub(super) const ORDER_CONFLICTS: Metric = counter(
    "promoguard_order_conflicts_total",
    "records",
    &[],
    "Repeated orders whose amount differs from the one seen first, which counts.",
);
pub(super) const CODE_CONFLICTS: Metric = counter(
    "promoguard_code_conflicts_total",
    "records",
    &[],
    "Registry entries refused because another merchant has the code.",
);
pub(super) const MISPLACED: Metric = counter(
    "promoguard_misplaced_total",
    "records",
    &[],
    "Records that a producer put on a partition their code does not belong to.",
);
pub(super) const ATTEMPTS_NOT_JUDGED: Metric = counter(
    "promoguard_attempts_not_judged_total",
    "records",
    &[],
    "Orders counted and not judged, because their code had too many in that hour.",
);
pub(super) const WINDOWS_NOT_AMENDED: Metric = counter(
    "promoguard_windows_not_amended_total",
    "records",
    &[],
    "Late events whose hour was kept no longer, so that its window was not written again.",
);
pub(super) const CODES_EVICTED: Metric = counter(
    "promoguard_codes_evicted_total",
    "codes",
    &[],
    "Codes outside the registry that were let go to stay within the bound.",
);
pub(super) const EVENT_PROCESSING: Metric = histogram(
    "promoguard_event_processing_seconds",
    PROCESSING,
    &["topic"],
    "Work per record, as the mean over its batch.",
);
pub(super) const EVENT_DELAY: Metric = histogram(
    "promoguard_event_delay_seconds",
    DELAY,
    &["topic"],
    "From the time in a record to its arrival here.",
);
pub(super) const EVENT_WAIT: Metric = histogram(
    "promoguard_event_wait_seconds",
    WAIT,
    &["topic"],
    "From a record's arrival in Kafka to its being read here, for records that arrived after this process began to read.",
);
pub(super) const LAG_RECORDS: Metric = gauge(
    "promoguard_consumer_lag_records",
    "records",
    &["topic", "partition"],
    "Records in Kafka that are still to be read.",
);
pub(super) const LAG_SECONDS: Metric = gauge(
    "promoguard_consumer_lag_seconds",
    "seconds",
    &["topic", "partition"],
    "How long the newest record that was read had been in Kafka; 0 where nothing is left to read.",
);
pub(super) const RETENTION_HEADROOM: Metric = gauge(
    "promoguard_retention_headroom_seconds",
    "seconds",
    &["topic", "partition"],
    "How long until the broker may delete the next record to be read, by the topic's retention.ms; +Inf where that is unlimited or not known.",
);
pub(super) const PARTITION_WATERMARK: Metric = gauge(
    "promoguard_partition_watermark_timestamp_seconds",
    "seconds",
    &["partition"],
    "Event time up to which a partition is counted; the judge waits for the lowest. 0 where the partition is not owned.",
);
pub(super) const RECORDS_WAITING: Metric = gauge(
    "promoguard_merge_waiting_records",
    "records",
    &[],
    "Records that were read and wait for their turn in time.",
);
pub(super) const PARTITIONS_OWNED: Metric = gauge(
    "promoguard_partitions_owned",
    "partitions",
    &[],
    "Partitions that this process reads.",
);
pub(super) const PARTITIONS_PAUSED: Metric = gauge(
    "promoguard_partitions_paused",
    "partitions",
    &[],
    "Logs that are not read at the moment, because they are ahead of their partition's other log.",
);
pub(super) const KAFKA_ISSUES: Metric = counter(
    "promoguard_kafka_issues_total",
    "issues",
    &["kind"],
    "Faults between here and Kafka that did not stop the process.",
);
pub(super) const OUTPUT_IN_FLIGHT: Metric = gauge(
    "promoguard_output_in_flight_records",
    "records",
    &[],
    "Records that were sent to Kafka and are not acknowledged yet.",
);
pub(super) const WATERMARK: Metric = gauge(
    "promoguard_watermark_timestamp_seconds",
    "seconds",
    &[],
    "Event time up to which everything is counted; hours before it are judged.",
);
pub(super) const REBALANCES: Metric = counter(
    "promoguard_rebalances_total",
    "rebalances",
    &[],
    "Times that partitions came or went.",
);
pub(super) const COMMITS: Metric = counter(
    "promoguard_commits_total",
    "commits",
    &["result"],
    "Offsets told to the consumer group, by how that ended; also the sign that the process goes on.",
);
pub(super) const CHECKPOINTS: Metric = counter(
    "promoguard_checkpoints_total",
    "commits",
    &["result"],
    "Commits of state, offsets and outputs, by how they ended; failed ones are tried again.",
);
pub(super) const CHECKPOINT_DURATION: Metric = histogram(
    "promoguard_checkpoint_duration_seconds",
    JUDGE,
    &[],
    "Time that a commit took, from the changes at hand to the manifest in the store.",
);
pub(super) const CHECKPOINT_PAUSE: Metric = histogram(
    "promoguard_checkpoint_pause_seconds",
    JUDGE,
    &[],
    "Time that records waited because the changes of the state were put together.",
);
pub(super) const CHECKPOINT_BYTES: Metric = counter(
    "promoguard_checkpoint_written_bytes_total",
    "bytes",
    &[],
    "State written to the store, before compression and with what was merged.",
);
pub(super) const CHECKPOINT_STATE_BYTES: Metric = gauge(
    "promoguard_checkpoint_state_bytes",
    "bytes",
    &[],
    "Size of the state in the store, before compression.",
);
pub(super) const CHECKPOINT_TIME: Metric = gauge(
    "promoguard_checkpoint_timestamp_seconds",
    "unix time",
    &[],
    "When the last commit held, 0 in a process that keeps none. When it is old, nothing is published.",
);
pub(super) const CODES_TRACKED: Metric = gauge(
    "promoguard_codes_tracked",
    "codes",
    &[],
    "Codes that are being watched.",
);
pub(super) const STATE_BYTES: Metric = gauge(
    "promoguard_state_bytes",
    "bytes",
    &["part"],
    "Memory of the state, by part.",
);
pub(super) const DEDUPE_HORIZON: Metric = gauge(
    "promoguard_dedupe_horizon_seconds",
    "seconds",
    &[],
    "How long a click id is truly remembered; shorter than configured when memory is too small.",
);
pub(super) const DEDUPE_EARLY_ROTATIONS: Metric = counter(
    "promoguard_dedupe_early_rotations_total",
    "rotations",
    &[],
    "Times that the filter of repeated clicks had to forget early.",
);
pub(super) const FLAGS: Metric = counter(
    "promoguard_flags_total",
    "flags",
    &["kind", "state"],
    "Flags raised and changed.",
);
pub(super) const SHADOW_FLAGS: Metric = counter(
    "promoguard_shadow_flags_total",
    "flags",
    &["state"],
    "Flags raised and changed by a judge in shadow, which tries settings and publishes none of them.",
);
pub(super) const FLAGS_OPEN: Metric = gauge(
    "promoguard_flags_open",
    "flags",
    &["kind"],
    "Flags that are open now.",
);
pub(super) const EXPOSURE_OPEN: Metric = gauge(
    "promoguard_exposure_open",
    "money",
    &["currency"],
    "Commission at stake in open flags, by estimate, in units of the currency.",
);
pub(super) const FLAG_PUBLISH_DELAY: Metric = histogram(
    "promoguard_flag_publish_delay_seconds",
    PUBLISH,
    &[],
    "From the close of the hour to the flag being published, for hours that closed after this process began to read.",
);
pub(super) const JUDGE_HOUR: Metric = histogram(
    "promoguard_judge_hour_seconds",
    JUDGE,
    &[],
    "Time to judge one closed hour over all codes.",
);
pub(super) const JUDGED_ORDERS: Metric = counter(
    "promoguard_judged_orders_total",
    "orders",
    &[],
    "Orders that got a leak probability.",
);
pub(super) const DECISIONS: Metric = counter(
    "promoguard_decisions_total",
    "decisions",
    &["kind", "outcome"],
    "Decisions of analysts, by kind of flag and outcome.",
);
pub(super) const DECISIONS_BY_SCORE: Metric = counter(
    "promoguard_decisions_by_score_total",
    "decisions",
    &["score", "outcome"],
    "Decisions of analysts, by the score of the flag in decibans: the detector's own calibration.",
);
pub(super) const CODES_BY_SCORE: Metric = gauge(
    "promoguard_codes_by_score",
    "codes",
    &["score"],
    "Codes by their score in decibans at the last judged hour.",
);
pub(super) const CODES_BY_SCORE_SHIPPED: Metric = gauge(
    "promoguard_codes_by_score_shipped_ratio",
    "ratio",
    &["score"],
    "Share of the codes in each band of scores in the simulated markets that this version was measured on.",
);
pub(super) const MERCHANT_ORDERS: Metric = counter(
    "promoguard_merchant_orders_total",
    "orders",
    &["merchant"],
    "Orders in closed hours, for the merchants named in metrics.merchants; all others together as other.",
);
pub(super) const MERCHANT_CLICKLESS_ORDERS: Metric = counter(
    "promoguard_merchant_clickless_orders_total",
    "orders",
    &["merchant"],
    "Those of them without a click id; a jump means that a shop stopped sending it.",
);
pub(super) const SIGNAL_ABSTAINED: Metric = counter(
    "promoguard_signal_abstained_total",
    "judgements",
    &["signal"],
    "Judgements in which a signal could not speak; a jump means that an input went missing.",
);
pub(super) const SINK_DELIVERIES: Metric = counter(
    "promoguard_sink_deliveries_total",
    "records",
    &["sink", "result"],
    "Records written, by output and how it ended.",
);
pub(super) const HTTP_REQUESTS: Metric = counter(
    "promoguard_http_requests_total",
    "requests",
    &["route", "method", "code"],
    "Requests answered over HTTP.",
);
pub(super) const HTTP_DURATION: Metric = histogram(
    "promoguard_http_request_duration_seconds",
    HTTP,
    &["route", "method", "code"],
    "Time to answer a request over HTTP.",
);
pub(super) const READY: Metric = gauge(
    "promoguard_ready",
    "boolean",
    &[],
    "1 when /readyz says so, else 0.",
);
pub(super) const BUILD_INFO: Metric = gauge(
    "promoguard_build_info",
    "builds",
    &["version", "revision"],
    "1, with the version of this build in its labels.",
);

/// The whole table.
pub const METRICS: &[Metric] = &[
    EVENTS,
    LATE_EVENTS,
    DEAD_LETTERS,
    OPTIONAL_FIELD_DEFECTS,
    ORDER_CONFLICTS,
    CODE_CONFLICTS,
    MISPLACED,
    ATTEMPTS_NOT_JUDGED,
    WINDOWS_NOT_AMENDED,
    CODES_EVICTED,
    EVENT_PROCESSING,
    EVENT_DELAY,
    EVENT_WAIT,
    LAG_RECORDS,
    LAG_SECONDS,
    RETENTION_HEADROOM,
    PARTITION_WATERMARK,
    RECORDS_WAITING,
    PARTITIONS_OWNED,
    PARTITIONS_PAUSED,
    KAFKA_ISSUES,
    OUTPUT_IN_FLIGHT,
    WATERMARK,
    REBALANCES,
    COMMITS,
    CHECKPOINTS,
    CHECKPOINT_DURATION,
    CHECKPOINT_PAUSE,
    CHECKPOINT_BYTES,
    CHECKPOINT_STATE_BYTES,
    CHECKPOINT_TIME,
    CODES_TRACKED,
    STATE_BYTES,
    DEDUPE_HORIZON,
    DEDUPE_EARLY_ROTATIONS,
    FLAGS,
    SHADOW_FLAGS,
    FLAGS_OPEN,
    EXPOSURE_OPEN,
    FLAG_PUBLISH_DELAY,
    JUDGE_HOUR,
    JUDGED_ORDERS,
    DECISIONS,
    DECISIONS_BY_SCORE,
    CODES_BY_SCORE,
    CODES_BY_SCORE_SHIPPED,
    MERCHANT_ORDERS,
    MERCHANT_CLICKLESS_ORDERS,
    SIGNAL_ABSTAINED,
    SINK_DELIVERIES,
    HTTP_REQUESTS,
    HTTP_DURATION,
    READY,
    BUILD_INFO,
];
