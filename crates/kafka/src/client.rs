//! From settings to a librdkafka configuration, one role at a time.
//!
//! Decides every librdkafka setting that differs from its default, and reads the password file. It
//! must not decide anything that depends on records.

use std::io;
use std::path::{Path, PathBuf};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use crate::settings::{GroupProtocol, KafkaSettings, SettingsError};

/// Why a connection to Kafka could not be set up. No broker was asked yet: a broker that cannot be
/// reached shows later, as an issue.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The settings cannot be meant.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The password file cannot be read.
    #[error("cannot read the kafka password from {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// librdkafka refused the configuration or the call.
    #[error("cannot set up the kafka client: {0}")]
    Refused(#[from] KafkaError),
    /// The operating system refused a thread.
    #[error("cannot start the ownership thread")]
    Thread(#[source] io::Error),
}

impl ClientError {
    /// A word for a metric label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::PasswordFile { .. } => "password_file",
            Self::Refused(_) => "refused",
            Self::Thread(_) => "thread",
        }
    }
}

/// The data consumer: assigned by hand, commits nothing, stops at a gap instead of skipping it.
pub(crate) fn intake_config(settings: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    let mut config = base_config(settings, "intake")?;
    consumer_rules(&mut config, settings)
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        .set("enable.partition.eof", "true")
        // All partition queues are forwarded to one queue, so this is the bound over all of them.
        .set(
            "queued.max.messages.kbytes",
            settings.queued_kbytes_max.to_string(),
        )
        .set(
            "fetch.queue.backoff.ms",
            settings.fetch_queue_backoff_ms.to_string(),
        );
    Ok(with_extra(config, settings))
}

/// The ownership consumer: a member of the group that never fetches a record.
pub(crate) fn ownership_config(settings: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    let mut config = base_config(settings, "ownership")?;
    // It starts at the end of its partitions, paused; `latest` only matters between the two.
    consumer_rules(&mut config, settings)
        .set("auto.offset.reset", "latest")
        .set("queued.max.messages.kbytes", "64");
    match settings.group_protocol {
        GroupProtocol::Consumer => {
            config.set("group.protocol", "consumer");
        }
        GroupProtocol::Classic => {
            let session_timeout_ms = settings.session_timeout_ms;
            config
                .set("group.protocol", "classic")
                .set("partition.assignment.strategy", "cooperative-sticky")
                .set("session.timeout.ms", session_timeout_ms.to_string())
                // A third, as Kafka's own documentation advises; at least every three seconds.
                .set(
                    "heartbeat.interval.ms",
                    (session_timeout_ms / 3).clamp(1, 3_000).to_string(),
                );
        }
    }
    if let Some(instance) = &settings.group_instance_id {
        config.set("group.instance.id", instance);
    }
    Ok(with_extra(config, settings))
}

/// The producer: each record once and in order per partition, placed as Java producers place it.
pub(crate) fn output_config(settings: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    let mut config = base_config(settings, "output")?;
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set("compression.type", settings.compression.as_str())
        .set(
            "delivery.timeout.ms",
            settings.delivery_timeout_ms.to_string(),
        )
        .set(
            "queue.buffering.max.messages",
            settings.in_flight_records_max.to_string(),
        )
        .set(
            "queue.buffering.max.kbytes",
            settings.in_flight_kbytes_max.to_string(),
        );
    Ok(with_extra(config, settings))
}

/// Questions about the cluster.
pub(crate) fn admin_config(settings: &KafkaSettings) -> Result<ClientConfig, ClientError> {
    let config = base_config(settings, "admin")?;
    Ok(with_extra(config, settings))
}

fn consumer_rules<'a>(
    config: &'a mut ClientConfig,
    settings: &KafkaSettings,
) -> &'a mut ClientConfig {
    config
        .set("group.id", &settings.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
}

fn base_config(settings: &KafkaSettings, role: &str) -> Result<ClientConfig, ClientError> {
    settings.validate()?;
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", format!("{}-{role}", settings.client_id))
        .set("message.max.bytes", settings.message_bytes_max.to_string())
        .set("security.protocol", settings.security_protocol.as_str())
        // With the library's own ten seconds, a broker that restarts in two is missed for ten.
        .set("reconnect.backoff.max.ms", "2000")
        // Brokers close idle connections all day; that is no news.
        .set("log.connection.close", "false");
    let files = [
        ("ssl.ca.location", &settings.tls_ca_file),
        ("ssl.certificate.location", &settings.tls_certificate_file),
        ("ssl.key.location", &settings.tls_key_file),
    ];
    for (key, file) in files {
        if let Some(file) = file {
            config.set(key, file.to_string_lossy());
        }
    }
    if let Some(mechanism) = settings.sasl_mechanism {
        config.set("sasl.mechanism", mechanism.as_str());
    }
    if let Some(username) = &settings.sasl_username {
        config.set("sasl.username", username);
    }
    if let Some(file) = &settings.sasl_password_file {
        config.set("sasl.password", read_password(file)?);
    }
    Ok(config)
}

fn with_extra(mut config: ClientConfig, settings: &KafkaSettings) -> ClientConfig {
    for (key, value) in &settings.extra {
        config.set(key, value);
    }
    config
}

fn read_password(path: &Path) -> Result<String, ClientError> {
    let text = std::fs::read_to_string(path).map_err(|source| ClientError::PasswordFile {
        path: path.to_owned(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
