//! `promoguard topics`: make the topics, or show how they are set up.
//!
//! Decides what each topic must be. Nothing that exists is ever changed: partitions cannot be
//! changed without harm, and the rest is the operator's.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use promoguard_kafka::{TopicDescription, TopicOutcome, TopicSpec, create_topics, describe};

use crate::config::TopicsPlan;
use crate::config::sections::{Config, Topics};

use super::aligned::aligned;
use super::{DONE, FAILED};

const DAY_MS: u64 = 24 * 3_600_000;

/// What a topic must be.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Its name.
    pub(super) name: String,
    cleanup: &'static str,
    retention: Retention,
    /// Whether the broker stamps each record with its own clock: the only clock that can tell
    /// which times in records are in the future.
    broker_time: bool,
}

/// How long records stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retention {
    /// At least so many days.
    Least(u64),
    /// So many days and no longer, because they may hold personal data.
    Most(u64),
    /// As compaction decides.
    Compacted,
}

/// Every topic, in the order of the contract.
pub(super) fn expected(topics: &Topics) -> Vec<Expected> {
    let input = |name: &str, retention| Expected {
        name: name.to_owned(),
        cleanup: "delete",
        retention,
        broker_time: true,
    };
    let ours = |name: &str, retention| Expected {
        broker_time: false,
        ..input(name, retention)
    };
    let mut expected = vec![
        input(&topics.clicks, Retention::Least(7)),
        input(&topics.orders, Retention::Least(7)),
        Expected {
            cleanup: "compact",
            ..input(&topics.codes, Retention::Compacted)
        },
        input(&topics.sightings, Retention::Least(90)),
        input(&topics.decisions, Retention::Least(400)),
        ours(&topics.rekeyed, Retention::Most(7)),
        ours(&topics.cohorts, Retention::Least(14)),
        ours(&topics.flags, Retention::Least(400)),
        ours(&topics.judged_orders, Retention::Least(90)),
        ours(&topics.windows, Retention::Least(90)),
        ours(&topics.dead_letters, Retention::Most(7)),
    ];
    let shadow = topics.flags_shadow.iter();
    expected.extend(shadow.map(|name| ours(name, Retention::Least(90))));
    expected
}

impl Expected {
    fn spec(&self, partitions: u32, replication: Option<u16>, message_bytes_max: u32) -> TopicSpec {
        let mut configs = BTreeMap::new();
        let mut set = |name: &str, value: String| drop(configs.insert(name.to_owned(), value));
        set("cleanup.policy", self.cleanup.to_owned());
        set("max.message.bytes", message_bytes_max.to_string());
        if let Retention::Least(days) | Retention::Most(days) = self.retention {
            set("retention.ms", (days * DAY_MS).to_string());
        }
        if self.broker_time {
            set("message.timestamp.type", "LogAppendTime".to_owned());
        }
        TopicSpec {
            name: self.name.clone(),
            partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
            // Kafka's word for "as the brokers are set to".
            replication: replication.map_or(-1, i32::from),
            configs,
        }
    }

    /// How a topic is not as it must be. What the broker does not tell is not held against it.
    pub(super) fn faults(&self, found: &TopicDescription) -> Vec<String> {
        let mut faults = Vec::new();
        let setting = |name: &str| found.configs.get(name).map(String::as_str);
        if let Some(cleanup) = setting("cleanup.policy").filter(|found| *found != self.cleanup) {
            faults.push(format!(
                "cleanup.policy is {cleanup}, must be {}",
                self.cleanup
            ));
        }
        let time = setting("message.timestamp.type");
        if let Some(time) = time.filter(|time| self.broker_time && *time != "LogAppendTime") {
            faults.push(format!(
                "message.timestamp.type is {time}, must be LogAppendTime"
            ));
        }
        let kept_ms = setting("retention.ms").and_then(|text| text.parse::<i64>().ok());
        faults.extend(kept_ms.and_then(|kept_ms| self.retention.fault(kept_ms)));
        if !found.has_leaders {
            faults.push("a partition has no leader".to_owned());
        }
        faults
    }

    /// The command that would put a fault right.
    pub(super) fn advice(&self) -> String {
        let spec = self.spec(1, None, 0);
        let wanted = spec
            .configs
            .iter()
            .filter(|(name, _)| *name != "max.message.bytes");
        let wanted: Vec<String> = wanted
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "kafka-configs.sh --alter --entity-type topics --entity-name {} --add-config {}",
            self.name,
            wanted.join(",")
        )
    }
}

impl Retention {
    /// Kafka's -1 means for ever.
    fn fault(self, kept_ms: i64) -> Option<String> {
        let kept = u64::try_from(kept_ms).unwrap_or(u64::MAX);
        let shown = days(kept_ms);
        match self {
            Retention::Least(days) if kept < days * DAY_MS => Some(format!(
                "retention is {shown}, must be at least {days} days"
            )),
            Retention::Most(days) if kept > days * DAY_MS => Some(format!(
                "retention is {shown}, must be at most {days} days: it may hold personal data"
            )),
            _ => None,
        }
    }
}

fn days(kept_ms: i64) -> String {
    match kept_ms {
        ..0 => "for ever".to_owned(),
        _ => format!("{} days", kept_ms as u64 / DAY_MS),
    }
}

/// Makes or shows topics.
///
/// # Errors
/// No broker can be asked.
pub(super) fn execute(plan: TopicsPlan) -> Result<u8> {
    match plan {
        TopicsPlan::List { config } => list(&config),
        TopicsPlan::Create {
            config,
            partitions,
            replication_factor,
            dry_run,
        } => {
            let all = expected(&config.kafka.topics);
            let bytes = config.kafka.message_bytes_max;
            let specs: Vec<TopicSpec> = all
                .iter()
                .map(|topic| topic.spec(partitions, replication_factor, bytes))
                .collect();
            match dry_run {
                true => print(&planned(&specs)).map(|()| DONE),
                false => create(&config, &all, &specs),
            }
        }
    }
}

fn planned(specs: &[TopicSpec]) -> String {
    let header = ["TOPIC", "PARTITIONS", "COPIES", "SETTINGS"]
        .map(str::to_owned)
        .to_vec();
    let rows = specs.iter().map(|spec| {
        let copies = if spec.replication < 0 {
            "default".to_owned()
        } else {
            spec.replication.to_string()
        };
        let settings: Vec<String> = spec
            .configs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        vec![
            spec.name.clone(),
            spec.partitions.to_string(),
            copies,
            settings.join(" "),
        ]
    });
    aligned([header].into_iter().chain(rows))
}

fn create(config: &Config, all: &[Expected], specs: &[TopicSpec]) -> Result<u8> {
    let created =
        create_topics(&config.kafka.settings(), specs).with_context(|| unreachable(config))?;
    let names: Vec<&str> = all.iter().map(|topic| topic.name.as_str()).collect();
    let cluster =
        describe(&config.kafka.settings(), &names).with_context(|| unreachable(config))?;
    let mut status = DONE;
    let mut rows = Vec::new();
    for ((topic, spec), creation) in all.iter().zip(specs).zip(created) {
        let found = cluster.topics.get(&topic.name);
        let (word, note) = match creation.outcome {
            TopicOutcome::Created => ("created", String::new()),
            TopicOutcome::Failed { reason } => ("failed", reason),
            TopicOutcome::ExistedSame | TopicOutcome::ExistedDifferent(_) => {
                let mut faults = found.map(|found| topic.faults(found)).unwrap_or_default();
                let partitions = found.map_or(spec.partitions, |found| found.partitions);
                if partitions != spec.partitions {
                    faults.push(format!(
                        "has {partitions} partitions, not {}",
                        spec.partitions
                    ));
                }
                if faults.is_empty() {
                    ("exists", String::new())
                } else {
                    ("differs", faults.join("; "))
                }
            }
        };
        if matches!(word, "failed" | "differs") {
            status = FAILED;
        }
        rows.push(vec![word.to_owned(), topic.name.clone(), note]);
    }
    print(&aligned(rows))?;
    Ok(status)
}

fn list(config: &Config) -> Result<u8> {
    let all = expected(&config.kafka.topics);
    let names: Vec<&str> = all.iter().map(|topic| topic.name.as_str()).collect();
    let cluster =
        describe(&config.kafka.settings(), &names).with_context(|| unreachable(config))?;
    print(&listing(&all, &cluster.topics))?;
    Ok(DONE)
}

fn listing(all: &[Expected], found: &BTreeMap<String, TopicDescription>) -> String {
    let header = [
        "TOPIC",
        "PARTITIONS",
        "COPIES",
        "CLEAN-UP",
        "KEPT",
        "REMARKS",
    ];
    let rows = all.iter().map(|topic| match found.get(&topic.name) {
        None => {
            let dash = || "-".to_owned();
            vec![
                topic.name.clone(),
                dash(),
                dash(),
                dash(),
                dash(),
                "missing".to_owned(),
            ]
        }
        Some(found) => {
            let setting = |name: &str| {
                found
                    .configs
                    .get(name)
                    .cloned()
                    .unwrap_or_else(|| "?".to_owned())
            };
            let kept = match setting("retention.ms").parse() {
                Ok(_) if topic.retention == Retention::Compacted => "newest".to_owned(),
                Ok(kept_ms) => days(kept_ms),
                Err(_) => "?".to_owned(),
            };
            vec![
                topic.name.clone(),
                found.partitions.to_string(),
                found.replication.to_string(),
                setting("cleanup.policy"),
                kept,
                topic.faults(found).join("; "),
            ]
        }
    });
    aligned([header.map(str::to_owned).to_vec()].into_iter().chain(rows))
}

fn unreachable(config: &Config) -> String {
    format!(
        "cannot ask the brokers at {}",
        config.kafka.brokers.join(",")
    )
}

fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_created(topic: &Expected, partitions: i32) -> TopicDescription {
        TopicDescription {
            partitions,
            replication: 1,
            has_leaders: true,
            configs: topic.spec(12, None, 1_048_588).configs,
        }
    }

    #[test]
    fn a_topic_as_we_create_it_has_no_fault() {
        for topic in expected(&Topics::default()) {
            assert_eq!(
                topic.faults(&as_created(&topic, 12)),
                [""; 0],
                "{}",
                topic.name
            );
        }
    }

    #[test]
    fn longer_retention_is_fine_for_input_and_a_fault_where_personal_data_may_be() {
        let fault = |retention: Retention, kept_ms| retention.fault(kept_ms).is_some();
        let day = i64::try_from(DAY_MS).unwrap();
        assert!(!fault(Retention::Least(7), -1));
        assert!(!fault(Retention::Least(7), 8 * day));
        assert!(fault(Retention::Least(7), 7 * day - 1));
        assert!(!fault(Retention::Most(7), 7 * day));
        assert!(fault(Retention::Most(7), -1));
        assert!(!fault(Retention::Compacted, 1));
    }

    #[test]
    fn the_listing_names_what_is_missing_and_what_is_wrong() {
        let all = expected(&Topics::default());
        let mut found = BTreeMap::new();
        found.insert("promo.clicks".to_owned(), as_created(&all[0], 12));
        let mut codes = as_created(&all[2], 1);
        codes
            .configs
            .insert("cleanup.policy".to_owned(), "delete".to_owned());
        codes
            .configs
            .insert("retention.ms".to_owned(), "-1".to_owned());
        found.insert("promo.codes".to_owned(), codes);
        assert_eq!(
            listing(&all[..3], &found),
            "TOPIC         PARTITIONS  COPIES  CLEAN-UP  KEPT    REMARKS\n\
             promo.clicks  12          1       delete    7 days\n\
             promo.orders  -           -       -         -       missing\n\
             promo.codes   1           1       delete    newest  cleanup.policy is delete, must be compact\n"
        );
    }
}
