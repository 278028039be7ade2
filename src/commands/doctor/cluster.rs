//! What the Kafka cluster must be like.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use promoguard_kafka::{
    ClusterDescription, Intake, RawRecord, StartOffset, TopicPartition, describe,
};

use crate::commands::topics::{Expected, expected};
use crate::config::sections::{Config, GroupProtocol, Topics};

use super::{Finding, brokers};

/// What two clocks that are looked after differ by at most, with room.
const SKEW_MS_MAX: i64 = 5_000;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let all = expected(&config.kafka.topics);
    let names: Vec<&str> = all.iter().map(|topic| topic.name.as_str()).collect();
    match describe(&config.kafka.settings(), &names) {
        Err(error) => {
            let seen = format!("cannot ask {}: {error}", brokers(config));
            let advice = "check kafka.brokers, the network, kafka.security_protocol and the login";
            vec![Finding::bad("kafka", seen, advice)]
        }
        Ok(cluster) => {
            let mut findings = judge(config, &all, &cluster);
            findings.extend(skew(config));
            findings
        }
    }
}

/// Everything that follows from the description alone.
fn judge(config: &Config, all: &[Expected], cluster: &ClusterDescription) -> Vec<Finding> {
    let count = cluster.brokers.len();
    let id = cluster.cluster_id.as_deref().unwrap_or("?");
    let mut findings = vec![Finding::good(
        "kafka",
        format!("{count} brokers, cluster {id}"),
    )];
    findings.push(group_protocol(config.kafka.group_protocol, cluster));
    findings.extend(all.iter().map(|topic| judge_topic(topic, cluster)));
    findings.extend(partitions(&config.kafka.topics, cluster));
    findings.extend(copies(all, cluster));
    findings
}

fn group_protocol(protocol: GroupProtocol, cluster: &ClusterDescription) -> Finding {
    let subject = "group protocol";
    if protocol == GroupProtocol::Classic {
        return Finding::good(subject, "classic, as set");
    }
    let timeout = match cluster.group_session_timeout_ms() {
        Some(timeout_ms) => format!(
            "a silent process loses its partitions after {} s",
            timeout_ms / 1000
        ),
        None => "the broker does not tell its session timeout".to_owned(),
    };
    match cluster.serves_consumer_groups() {
        Some(true) => Finding::good(subject, format!("consumer; {timeout}")),
        Some(false) => Finding::bad(
            subject,
            "the brokers do not serve the consumer protocol",
            "use Kafka 4.0 or later, or set kafka.group_protocol to \"classic\"",
        ),
        None => Finding::warning(
            subject,
            "the brokers do not tell whether they serve the consumer protocol",
            "allow DescribeConfigs on the cluster, or see whether `run` joins its group",
        ),
    }
}

fn judge_topic(topic: &Expected, cluster: &ClusterDescription) -> Finding {
    let Some(found) = cluster.topics.get(&topic.name) else {
        return Finding::bad(
            &topic.name,
            "missing, or not visible to this user",
            "promoguard topics create",
        );
    };
    let faults = topic.faults(found);
    if !faults.is_empty() {
        return Finding::bad(&topic.name, faults.join("; "), topic.advice());
    }
    if found.configs.is_empty() {
        let advice = "allow DescribeConfigs on the topic, or check its settings yourself";
        return Finding::warning(
            &topic.name,
            "its settings are not visible to this user",
            advice,
        );
    }
    Finding::good(
        &topic.name,
        format!(
            "{} partitions, {} copies",
            found.partitions, found.replication
        ),
    )
}

/// A click and an order of one code must meet in one place.
fn partitions(topics: &Topics, cluster: &ClusterDescription) -> Option<Finding> {
    let of = |name: &str| cluster.topics.get(name).map(|topic| topic.partitions);
    let (clicks, orders) = (of(&topics.clicks)?, of(&topics.orders)?);
    let rekeyed = of(&topics.rekeyed).unwrap_or(clicks);
    Some(if clicks == orders && clicks == rekeyed {
        Finding::good(
            "partitions",
            format!("{clicks} for clicks, orders and rekeyed records alike"),
        )
    } else {
        let seen =
            format!("{clicks} for clicks, {orders} for orders, {rekeyed} for rekeyed records");
        Finding::bad(
            "partitions",
            seen,
            "make the topics anew with one number; it cannot be changed in place",
        )
    })
}

fn copies(all: &[Expected], cluster: &ClusterDescription) -> Option<Finding> {
    let single = all.iter().filter(|topic| {
        cluster
            .topics
            .get(&topic.name)
            .is_some_and(|found| found.replication < 2)
    });
    let single: Vec<&str> = single.map(|topic| topic.name.as_str()).collect();
    let advice = "use --replication-factor 3 when creating topics: one lost disk is one lost topic";
    let is_cluster = cluster.brokers.len() > 1;
    (is_cluster && !single.is_empty())
        .then(|| Finding::warning("copies", format!("one only: {}", single.join(", ")), advice))
}

/// The newest click was stamped by the broker, so it cannot lie ahead of a clock that is right.
/// Nothing can be said when there is none, or when the broker's clock is behind.
fn skew(config: &Config) -> Option<Finding> {
    let stamped_ms = newest_stamp_ms(config)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_millis();
    Some(judge_skew(stamped_ms - i64::try_from(now).ok()?))
}

fn judge_skew(ahead_ms: i64) -> Finding {
    if ahead_ms > SKEW_MS_MAX {
        let seen = format!(
            "the brokers' clock is {} s ahead of this one",
            ahead_ms / 1000
        );
        return Finding::bad(
            "clock skew",
            seen,
            "synchronise both: timedatectl set-ntp true",
        );
    }
    Finding::good("clock skew", "no record was stamped ahead of this clock")
}

fn newest_stamp_ms(config: &Config) -> Option<i64> {
    let partition = TopicPartition::new(&config.kafka.topics.clicks, 0);
    let settings = config.kafka.settings();
    let mut intake = Intake::new(&settings, &[]).ok()?;
    let (first, end) = intake.watermarks(&partition).ok()?;
    if end <= first {
        return None;
    }
    intake.add(&[(partition, StartOffset::At(end - 1))]).ok()?;
    let deadline = Instant::now() + Duration::from_millis(settings.request_timeout_ms.into());
    let mut stamp = None;
    while stamp.is_none() && Instant::now() < deadline {
        let mut keep = |record: RawRecord<'_>| {
            // -1 where the broker gave none.
            stamp = Some(record.timestamp_ms).filter(|stamp_ms| *stamp_ms >= 0);
        };
        intake.poll_batch(100, 1, &mut keep).ok()?;
    }
    stamp
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use promoguard_kafka::{BrokerDescription, TopicDescription};

    use super::super::{Verdict, report};
    use super::*;

    fn topic(partitions: i32, configs: &[(&str, &str)]) -> TopicDescription {
        let configs = configs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        TopicDescription {
            partitions,
            replication: 1,
            has_leaders: true,
            configs: configs.collect(),
        }
    }

    fn cluster(topics: &[(&str, TopicDescription)]) -> ClusterDescription {
        let broker = |id| {
            (
                id,
                BrokerDescription {
                    host: format!("kafka-{id}"),
                    port: 9092,
                },
            )
        };
        let topics = topics
            .iter()
            .map(|(name, topic)| ((*name).to_owned(), topic.clone()));
        ClusterDescription {
            cluster_id: Some("c1".to_owned()),
            brokers: [broker(1), broker(2)].into(),
            broker_configs: BTreeMap::from([(
                "group.consumer.session.timeout.ms".to_owned(),
                "45000".to_owned(),
            )]),
            topics: topics.collect(),
        }
    }

    #[test]
    fn each_fault_of_a_cluster_is_named_with_its_remedy() {
        let config = Config::default();
        let input = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "604800000"),
            ("message.timestamp.type", "LogAppendTime"),
        ];
        let wrong = [("cleanup.policy", "delete"), ("retention.ms", "3600000")];
        let cluster = cluster(&[
            ("promo.clicks", topic(12, &input)),
            ("promo.orders", topic(6, &wrong)),
        ]);
        let all = expected(&config.kafka.topics);
        assert_eq!(
            report(&judge(&config, &all[..3], &cluster)),
            "\
ok       kafka           2 brokers, cluster c1
ok       group protocol  consumer; a silent process loses its partitions after 45 s
ok       promo.clicks    12 partitions, 1 copies
FAILED   promo.orders    retention is 0 days, must be at least 7 days
         → kafka-configs.sh --alter --entity-type topics --entity-name promo.orders --add-config cleanup.policy=delete,message.timestamp.type=LogAppendTime,retention.ms=604800000
FAILED   promo.codes     missing, or not visible to this user
         → promoguard topics create
FAILED   partitions      12 for clicks, 6 for orders, 12 for rekeyed records
         → make the topics anew with one number; it cannot be changed in place
warning  copies          one only: promo.clicks, promo.orders
         → use --replication-factor 3 when creating topics: one lost disk is one lost topic
3 ok, 1 warnings, 3 failed
"
        );
    }

    #[test]
    fn a_broker_whose_clock_runs_ahead_fails() {
        assert_eq!(judge_skew(SKEW_MS_MAX).verdict, Verdict::Good);
        assert_eq!(judge_skew(-60_000).verdict, Verdict::Good);
        assert_eq!(judge_skew(SKEW_MS_MAX + 1).verdict, Verdict::Bad);
    }
}
