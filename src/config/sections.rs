//! Every setting: its name, type, bounds, default and explanation.
//!
//! This is the only place where they stand. The doc comments become the comments of
//! `promoguard config example`, `Default` becomes its values, and `#[schemars(range(…))]` becomes
//! both a checked bound and a line of the explanation. A unit is the last word of a name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::Detect;
use super::review::Review;

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How to reach Kafka, and how to read from it.
    pub kafka: Kafka,
    /// Order of time, dedupe, and the bounds of memory.
    pub pipeline: Pipeline,
    /// Where the state is kept, so that a restart goes on where it stopped.
    pub checkpoint: Checkpoint,
    /// The numbers of the judge: when a code becomes suspicious. The defaults were measured
    /// together; change one only with a measurement of your own.
    pub detect: Detect,
    /// The model of the learned judge.
    pub model: Model,
    /// The listener of /metrics, /livez and /readyz.
    pub http: Http,
    /// What /metrics shows besides what it always does.
    pub metrics: Metrics,
    /// The review store behind the console, and its people.
    pub review: Review,
    /// How things are shown to people. The judge itself works in UTC.
    pub display: Display,
    /// Secret keys, each in a file of its own that only its owner may read (mode 0600). A file
    /// holds 32 bytes: raw, as 64 hexadecimal digits, or as base64.
    pub keys: Keys,
    /// The log, on standard error.
    pub log: Log,
}

/// `[checkpoint]`. Only `run` keeps checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoint {
    /// Folder for the state, on a local disk that outlives the process; or, in a build with the
    /// feature "object-storage", a URL such as "s3://bucket/promoguard", "gs://…" or "az://…".
    /// Each deployment has its own.
    #[schemars(length(min = 1))]
    pub location: String,
    /// How often the state is saved. Flags are published once they are saved; a new flag does not
    /// wait longer than a second.
    #[schemars(range(min = 100, max = 600_000))]
    pub interval_ms: u32,
    /// Outputs that may wait to be saved and published; beyond it reading pauses, and Kafka keeps
    /// the rest.
    #[schemars(range(min = 1024, max = 4_194_304))]
    pub outbox_kbytes_max: u32,
    /// How many of the newest checkpoints can be gone back to when newer ones are damaged.
    #[schemars(range(min = 8, max = 10_000))]
    pub kept: u32,
    /// What nothing refers to any more is deleted when it is older. A process that was frozen for
    /// more than a quarter of this reads its state again before it goes on.
    #[schemars(range(min = 1, max = 720))]
    pub grace_hours: u32,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            location: "promoguard-state".to_owned(),
            interval_ms: 10_000,
            outbox_kbytes_max: 64 * 1024,
            kept: 64,
            grace_hours: 24,
        }
    }
}

/// `[model]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// File of the model to judge with, as `promoguard train` writes it. Left out: the model that
    /// promoguard ships with.
    pub file: Option<PathBuf>,
    /// File of a model that is tried in shadow, with the settings of `[detect.shadow]` where there
    /// are some, else with the present ones. Left out: the shadow, if any, uses the model above.
    pub shadow_file: Option<PathBuf>,
}

/// `[kafka]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// Brokers to start from, as "host:port"; the others are learnt from them.
    #[schemars(length(min = 1))]
    pub brokers: Vec<String>,
    /// Consumer group. Processes of one group share the partitions among them.
    #[schemars(length(min = 1))]
    pub group_id: String,
    /// Stable name of this process within the group, so that a quick restart moves no partitions.
    pub group_instance_id: Option<String>,
    /// Name in the brokers' logs and quotas.
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// Rebalance protocol. "consumer" needs Kafka 4.0 or later.
    pub group_protocol: GroupProtocol,
    /// How long a silent process keeps its partitions. Only for the "classic" protocol; under
    /// "consumer" the broker's group.consumer.session.timeout.ms holds.
    #[schemars(range(min = 6000, max = 1_800_000))]
    pub session_timeout_ms: u32,
    /// Memory for records that are fetched and not yet taken, over all partitions. More than the
    /// default was not faster when measured, less was slower.
    #[schemars(range(min = 1024, max = 1_048_576))]
    pub queued_kbytes_max: u32,
    /// Pause before fetching again when that memory is full. The library's own default of 1000
    /// costs most of the throughput when the memory is small.
    #[schemars(range(min = 0, max = 1000))]
    pub fetch_queue_backoff_ms: u32,
    /// Largest record, key and headers included; the topics and brokers have limits of their own.
    #[schemars(range(min = 1000, max = 99_999_488))]
    pub message_bytes_max: u32,
    /// How long one question to a broker may take.
    #[schemars(range(min = 100, max = 300_000))]
    pub request_timeout_ms: u32,
    /// How long to keep trying to deliver a record before the process gives up.
    #[schemars(range(min = 1000, max = 3_600_000))]
    pub delivery_timeout_ms: u32,
    /// How long to wait for room when too much is on its way to the brokers.
    #[schemars(range(min = 0, max = 300_000))]
    pub queue_full_wait_ms: u32,
    /// Records that may be on their way to the brokers at once.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub in_flight_records_max: u32,
    /// Memory for records on their way to the brokers.
    #[schemars(range(min = 1, max = 2_097_151))]
    pub in_flight_kbytes_max: u32,
    /// Compression of what is written.
    pub compression: Compression,
    /// Encryption and login. Unset means "plaintext", but only with brokers on this machine: for
    /// any other broker it must be said.
    pub security_protocol: Option<SecurityProtocol>,
    /// Certificates of the authorities to trust, in PEM. Unset: those of the system.
    pub tls_ca_file: Option<PathBuf>,
    /// Certificate of this client, in PEM, where brokers ask for one.
    pub tls_certificate_file: Option<PathBuf>,
    /// Private key of that certificate, in PEM.
    pub tls_key_file: Option<PathBuf>,
    /// How to log in, where `security_protocol` begins with "sasl".
    pub sasl_mechanism: Option<SaslMechanism>,
    /// Who to log in as.
    pub sasl_username: Option<String>,
    /// File with the password; a line break at its end does not count.
    pub sasl_password_file: Option<PathBuf>,
    /// Names of the topics.
    pub topics: Topics,
    /// Further properties for librdkafka, handed over as they are, for example
    /// "socket.keepalive.enable" = "true". None that promoguard decides itself, and no secrets.
    pub extra: BTreeMap<String, String>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: vec!["127.0.0.1:9092".to_owned()],
            group_id: "promoguard".to_owned(),
            group_instance_id: None,
            client_id: "promoguard".to_owned(),
            group_protocol: GroupProtocol::Consumer,
            session_timeout_ms: 10_000,
            queued_kbytes_max: 16 * 1024,
            fetch_queue_backoff_ms: 5,
            message_bytes_max: 1_048_588,
            request_timeout_ms: 10_000,
            delivery_timeout_ms: 120_000,
            queue_full_wait_ms: 5_000,
            in_flight_records_max: 100_000,
            in_flight_kbytes_max: 64 * 1024,
            compression: Compression::Lz4,
            security_protocol: None,
            tls_ca_file: None,
            tls_certificate_file: None,
            tls_key_file: None,
            sasl_mechanism: None,
            sasl_username: None,
            sasl_password_file: None,
            topics: Topics::default(),
            extra: BTreeMap::new(),
        }
    }
}

/// How the members of a group agree on who reads what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupProtocol {
    /// the broker assigns (KIP-848)
    Consumer,
    /// the members assign, for older brokers
    Classic,
}

/// How written batches are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// as it is
    None,
    /// little work, about half the size
    Lz4,
    /// more work, about a fifth of the size
    Zstd,
}

/// Encryption and login to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityProtocol {
    /// neither encryption nor login
    Plaintext,
    /// encryption
    Ssl,
    /// login without encryption
    SaslPlaintext,
    /// encryption and login
    SaslSsl,
}

/// How to log in to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SaslMechanism {
    /// the password itself is sent
    Plain,
    /// challenge and response with SHA-256
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// challenge and response with SHA-512
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

/// `[kafka.topics]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Topics {
    /// Clicks on partners' links. Input.
    pub clicks: String,
    /// Orders and their later changes. Input.
    pub orders: String,
    /// The registry of codes. Input.
    pub codes: String,
    /// Codes seen in public places. Input.
    pub sightings: String,
    /// What analysts decided. Input.
    pub decisions: String,
    /// Records that a producer put on the wrong partition, on their way to the right one.
    pub rekeyed: String,
    /// What the partitions tell each other about a closed hour.
    pub cohorts: String,
    /// Flags. Output.
    pub flags: String,
    /// Flags under the settings that are tried in shadow. Output. Unset: they are only counted and
    /// compared.
    pub flags_shadow: Option<String>,
    /// Judged orders. Output.
    pub judged_orders: String,
    /// What each code did in each hour. Output.
    pub windows: String,
    /// What could not be read. Output; may hold personal data.
    pub dead_letters: String,
}

impl Default for Topics {
    fn default() -> Self {
        let name = |word: &str| format!("promo.{word}");
        Self {
            clicks: name("clicks"),
            orders: name("orders"),
            codes: name("codes"),
            sightings: name("sightings"),
            decisions: name("decisions"),
            rekeyed: name("rekeyed"),
            cohorts: name("cohorts"),
            flags: name("flags"),
            flags_shadow: None,
            judged_orders: name("judged-orders"),
            windows: name("windows"),
            dead_letters: name("dead-letters"),
        }
    }
}

impl Topics {
    /// Each topic's setting and its name, in the order of the contract; those that are unset are
    /// left out.
    pub fn named(&self) -> Vec<(&'static str, &str)> {
        let named = [
            ("kafka.topics.clicks", &self.clicks),
            ("kafka.topics.orders", &self.orders),
            ("kafka.topics.codes", &self.codes),
            ("kafka.topics.sightings", &self.sightings),
            ("kafka.topics.decisions", &self.decisions),
            ("kafka.topics.rekeyed", &self.rekeyed),
            ("kafka.topics.cohorts", &self.cohorts),
            ("kafka.topics.flags", &self.flags),
            ("kafka.topics.judged_orders", &self.judged_orders),
            ("kafka.topics.windows", &self.windows),
            ("kafka.topics.dead_letters", &self.dead_letters),
        ];
        let named = named.map(|(setting, name): (_, &String)| (setting, name.as_str()));
        let shadow = self.flags_shadow.as_deref();
        let shadow = shadow.map(|name| ("kafka.topics.flags_shadow", name));
        named.into_iter().chain(shadow).collect()
    }
}

/// `[pipeline]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    /// Threads that decode files in `replay`; 0: one per core. The flags do not depend on it. `run`
    /// works on its partitions in one thread so far.
    #[schemars(range(max = 1024))]
    pub threads: u32,
    /// Partitions that `replay` and `demo` place codes on. With Kafka, the topics' own number
    /// holds. The flags depend on it, so keep it.
    #[schemars(range(min = 1, max = 1024))]
    pub partitions: u32,
    /// How far a partition's records may be out of order before they count as late.
    #[schemars(range(min = 0, max = 3_600_000))]
    pub reorder_slack_ms: u32,
    /// How long a partition must be quiet, at the end of its log, before it follows the others.
    #[schemars(range(min = 100, max = 600_000))]
    pub idle_partition_ms: u32,
    /// Late records still count in the hour they belong to, up to so many days back; older ones
    /// only count in totals.
    #[schemars(range(min = 1, max = 90))]
    pub lateness_days: u32,
    /// A record from Kafka whose time is further ahead of its arrival is a dead letter.
    #[schemars(range(min = 1, max = 1440))]
    pub future_tolerance_minutes: u32,
    /// A line in a file whose time is further ahead of the median of the last 1,000 lines is a
    /// dead letter.
    #[schemars(range(min = 1, max = 3660))]
    pub file_future_days: u32,
    /// Memory of the filter that recognises repeated clicks, over all partitions. 6 bytes a click
    /// are enough: the default holds some 40 million clicks.
    #[schemars(range(min = 1_048_576))]
    pub click_dedupe_memory_bytes: u64,
    /// How long a click id is remembered. When the memory is too small for it, the time becomes
    /// shorter, and the metric promoguard_dedupe_horizon_seconds says so.
    #[schemars(range(min = 1, max = 168))]
    pub click_dedupe_horizon_hours: u32,
    /// How long an order id is remembered, exactly.
    #[schemars(range(min = 1, max = 400))]
    pub order_index_days: u32,
    /// How many order ids are remembered at most, over all partitions; 16 bytes each.
    #[schemars(range(min = 1000))]
    pub order_index_entries_max: u64,
    /// Orders of one code in one hour that are judged one by one; further ones only count.
    #[schemars(range(min = 100, max = 1_000_000))]
    pub attempts_per_code_hour_max: u32,
    /// Codes that are watched without being in the registry, over all partitions.
    #[schemars(range(min = 100))]
    pub unregistered_codes_max: u32,
    /// Hosts of click referrers known by name, over all partitions.
    #[schemars(range(min = 100))]
    pub hosts_max: u32,
    /// Windows of closed hours kept so that late events can amend them, over all partitions.
    pub amendable_windows_max: u32,
    /// Memory to sort files whose lines are out of order; beyond it they are sorted on disk.
    #[schemars(range(min = 1_048_576))]
    pub sort_memory_bytes: u64,
    /// Folder for sorting on disk. Unset: the system's folder for temporary files.
    pub temp_dir: Option<PathBuf>,
    /// Records or lines handed to a partition at once.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_records_max: u32,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            threads: 0,
            partitions: 12,
            reorder_slack_ms: 30_000,
            idle_partition_ms: 5_000,
            lateness_days: 14,
            future_tolerance_minutes: 10,
            file_future_days: 14,
            click_dedupe_memory_bytes: 256 << 20,
            click_dedupe_horizon_hours: 24,
            order_index_days: 90,
            order_index_entries_max: 50_000_000,
            attempts_per_code_hour_max: 10_000,
            unregistered_codes_max: 100_000,
            hosts_max: 100_000,
            amendable_windows_max: 1_000_000,
            sort_memory_bytes: 256 << 20,
            temp_dir: None,
            batch_records_max: 2_048,
        }
    }
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port. Nothing here asks for a password, so keep it on a private address.
    pub listen: SocketAddr,
    /// Longest head of a request.
    #[schemars(range(min = 8192, max = 1_048_576))]
    pub header_bytes_max: u32,
    /// Longest body of a request.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub body_bytes_max: u32,
    /// How long a request may take, its head included.
    #[schemars(range(min = 100, max = 600_000))]
    pub request_timeout_ms: u32,
    /// Connections at a time; further ones wait.
    #[schemars(range(min = 1, max = 10_000))]
    pub connections_max: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            header_bytes_max: 16_384,
            body_bytes_max: 65_536,
            request_timeout_ms: 10_000,
            connections_max: 64,
        }
    }
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Merchants with time series of their own, by the names of their registry entries, in any case,
    /// at most 100; all others are shown together. A shop whose click ids vanish is found
    /// by these.
    pub merchants: Vec<String>,
}

/// `[display]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Display {
    /// Time zone, by its IANA name.
    pub zone: String,
    /// Language of pages and reports.
    pub language: Language,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            zone: "Asia/Almaty".to_owned(),
            language: Language::En,
        }
    }
}

impl Display {
    /// The time zone; `None` when there is none of this name, which checked settings rule out.
    pub fn time_zone(&self) -> Option<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(&self.zone).ok()
    }
}

/// Language of what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English
    En,
}

/// `[keys]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// Key that turns phones and e-mails into pseudonyms. Whoever has it can turn them back, so
    /// it is the secret. `run` needs it; `replay` and `demo` use a published key without it.
    pub pseudonym_key_file: Option<PathBuf>,
    /// Key of the hashes inside the state, so that nobody can make ids collide on purpose.
    pub hash_key_file: Option<PathBuf>,
}

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Form of each line.
    pub format: LogFormat,
    /// Least severe messages to write.
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: LogLevel::Info,
        }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// for people
    Text,
    /// one JSON object a line, for programs
    Json,
}

/// Severity of log messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// somebody must act
    Error,
    /// somebody should look
    Warn,
    /// an operator should know
    Info,
    /// for finding faults
    Debug,
    /// everything
    Trace,
}
