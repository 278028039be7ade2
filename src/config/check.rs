//! Rules between settings, and rules that a type or a bound cannot say.
//!
//! Decides which combinations cannot be meant. Must not know where a value came from; the layers
//! add that to the complaint.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::sections::{Config, Display, Kafka, Topics};

/// What cannot be meant, each with the setting to blame.
pub(super) fn problems(config: &Config) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    problems.extend(unsaid_plaintext(&config.kafka));
    problems.extend(topics(&config.kafka.topics));
    problems.extend(zone(&config.display));
    problems
}

/// Plain connections across a network are somebody's decision, never a default.
fn unsaid_plaintext(kafka: &Kafka) -> Option<(&'static str, String)> {
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
    unsaid.then(|| ("kafka.security_protocol", problem()))
}

fn is_on_this_machine(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn topics(topics: &Topics) -> Vec<(&'static str, String)> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for (setting, name) in topics.named() {
        // Kafka's own rule for topic names.
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 249 || !name.chars().all(legal) {
            problems.push((setting, "must be 1 to 249 of a-z A-Z 0-9 . _ -".to_owned()));
        }
        if let Some(other) = taken.insert(name, setting) {
            problems.push((setting, format!("is the same topic as {other}")));
        }
    }
    problems
}

fn zone(display: &Display) -> Option<(&'static str, String)> {
    let unknown = display.time_zone().is_none();
    let problem = "must be a time zone's IANA name, such as Asia/Almaty or Europe/Moscow";
    unknown.then(|| ("display.zone", problem.to_owned()))
}
