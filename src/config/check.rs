//! Rules between settings, and rules that a type or a bound cannot say.
//!
//! Decides which combinations cannot be meant. Must not know where a value came from; the layers
//! add that to the complaint.

use std::collections::BTreeMap;
use std::net::IpAddr;

use promoguard_kafka::SettingsError;

use super::sections::{Config, Display, Kafka, Metrics, Topics};

/// A setting, and why it cannot be meant.
pub(super) type Problem = (String, String);

/// Everything that cannot be meant.
pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(unsaid_plaintext(&config.kafka));
    problems.extend(kafka(&config.kafka));
    problems.extend(topics(&config.kafka.topics));
    problems.extend(judge(config));
    problems.extend(zone(&config.display));
    problems.extend(metrics(&config.metrics));
    problems
}

/// Plain connections across a network are somebody's decision, never a default.
fn unsaid_plaintext(kafka: &Kafka) -> Option<Problem> {
    let remote = kafka
        .brokers
        .iter()
        .find(|broker| !is_on_this_machine(broker))?;
    let unsaid = kafka.security_protocol.is_none();
    let problem = || {
        format!(
            "{remote} is another machine: say \"sasl-ssl\" or \"ssl\", or \"plaintext\" if the network is trusted"
        )
    };
    unsaid.then(|| ("kafka.security_protocol".to_owned(), problem()))
}

fn is_on_this_machine(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What the Kafka crate refuses, such as half an identity, or TLS in a build without it.
fn kafka(kafka: &Kafka) -> Option<Problem> {
    let error = kafka.settings().validate().err()?;
    let setting = match &error {
        SettingsError::Empty { setting }
        | SettingsError::OutOfBounds { setting, .. }
        | SettingsError::TlsNotBuilt { setting, .. }
        | SettingsError::Missing { setting }
        | SettingsError::Unused { setting, .. } => format!("kafka.{setting}"),
        SettingsError::ExtraDecided { key } | SettingsError::ExtraSecret { key } => {
            format!("kafka.extra.{key}")
        }
    };
    Some((setting, error.to_string()))
}

/// Time series are kept by whoever collects them, so their number has a bound.
const MERCHANTS_MAX: usize = 100;

fn metrics(metrics: &Metrics) -> Option<Problem> {
    let named = metrics.merchants.len();
    let setting = || "metrics.merchants".to_owned();
    (named > MERCHANTS_MAX).then(|| {
        (
            setting(),
            format!("must be at most {MERCHANTS_MAX} names, not {named}"),
        )
    })
}

fn judge(config: &Config) -> Option<Problem> {
    let refused = config.detect.book().err();
    refused.or_else(|| config.detect.shadow_book().err())
}

fn topics(topics: &Topics) -> Vec<Problem> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for (setting, name) in topics.named() {
        // Kafka's own rule for topic names.
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 249 || !name.chars().all(legal) {
            problems.push((
                setting.to_owned(),
                "must be 1 to 249 of a-z A-Z 0-9 . _ -".to_owned(),
            ));
        }
        if let Some(other) = taken.insert(name, setting) {
            problems.push((setting.to_owned(), format!("is the same topic as {other}")));
        }
    }
    problems
}

fn zone(display: &Display) -> Option<Problem> {
    let unknown = display.time_zone().is_none();
    let problem = "must be a time zone's IANA name, such as Asia/Almaty or Europe/Moscow";
    unknown.then(|| ("display.zone".to_owned(), problem.to_owned()))
}
