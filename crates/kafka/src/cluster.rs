//! What a cluster looks like from here: for `doctor`, and to compare topics.
//!
//! Decides which facts are worth a question. It must not judge them.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataTopic;

use crate::admin::block_on;
use crate::client::{ClientError, admin_config};
use crate::settings::KafkaSettings;

/// A cluster that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id; two addresses with the same id lead to the same cluster.
    pub cluster_id: Option<String>,
    /// Its brokers, by id.
    pub brokers: BTreeMap<i32, BrokerDescription>,
    /// Settings of the broker that answered, in Kafka's own words. Empty when that is not allowed.
    pub broker_configs: BTreeMap<String, String>,
    /// Those of the topics asked for that exist, by name.
    pub topics: BTreeMap<String, TopicDescription>,
}

impl ClusterDescription {
    /// How long the broker keeps a silent KIP-848 member's partitions; None from brokers that do
    /// not know that protocol, or do not tell.
    pub fn group_session_timeout_ms(&self) -> Option<u32> {
        self.broker_configs
            .get("group.consumer.session.timeout.ms")?
            .parse()
            .ok()
    }

    /// Whether the broker serves KIP-848 groups; None if it does not tell.
    pub fn serves_consumer_groups(&self) -> Option<bool> {
        // Brokers from 4.0 have no switch left for it, some between list their protocols.
        match self
            .broker_configs
            .get("group.coordinator.rebalance.protocols")
        {
            Some(protocols) => Some(protocols.split(',').any(|name| name.trim() == "consumer")),
            None if self.broker_configs.is_empty() => None,
            None => Some(self.group_session_timeout_ms().is_some()),
        }
    }
}

/// One broker's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerDescription {
    /// Host name as it advertises itself.
    pub host: String,
    /// Port.
    pub port: i32,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// How many partitions.
    pub partitions: i32,
    /// How many copies the least copied partition has.
    pub replication: i32,
    /// Whether every partition has a leader, so that it can be read and written.
    pub has_leaders: bool,
    /// Its settings, such as `retention.ms`, `cleanup.policy`, `message.timestamp.type`. Empty when
    /// that is not allowed.
    pub configs: BTreeMap<String, String>,
}

/// Asks the cluster about itself and the named topics.
///
/// # Errors
/// When no broker answers within the request timeout.
pub fn describe(
    settings: &KafkaSettings,
    topics: &[&str],
) -> Result<ClusterDescription, ClientError> {
    let admin: AdminClient<DefaultClientContext> = admin_config(settings)?.create()?;
    let timeout = Duration::from_millis(settings.request_timeout_ms.into());
    Ok(describe_with(&admin, topics, timeout)?)
}

pub(crate) fn describe_with(
    admin: &AdminClient<DefaultClientContext>,
    topics: &[&str],
    timeout: Duration,
) -> Result<ClusterDescription, KafkaError> {
    // All topics are asked for: a question about one may create it.
    let metadata = admin.inner().fetch_metadata(None, timeout)?;
    let is_wanted =
        |topic: &&MetadataTopic| topics.contains(&topic.name()) && !topic.partitions().is_empty();
    let mut found: BTreeMap<String, TopicDescription> = metadata
        .topics()
        .iter()
        .filter(is_wanted)
        .map(|topic| (topic.name().to_owned(), topic_description(topic)))
        .collect();
    let brokers = metadata.brokers().iter().map(|broker| {
        let host = broker.host().to_owned();
        (
            broker.id(),
            BrokerDescription {
                host,
                port: broker.port(),
            },
        )
    });
    // An answer that came over the bootstrap connection has no broker id (-1).
    let answered = Some(metadata.orig_broker_id()).filter(|id| *id >= 0);
    let broker_id = answered.or_else(|| metadata.brokers().first().map(|broker| broker.id()));
    let broker_configs = configs_of(admin, &mut found, broker_id, timeout)?;
    Ok(ClusterDescription {
        cluster_id: admin.inner().fetch_cluster_id(timeout),
        brokers: brokers.collect(),
        broker_configs,
        topics: found,
    })
}

fn topic_description(topic: &MetadataTopic) -> TopicDescription {
    let copies = topic
        .partitions()
        .iter()
        .map(|partition| partition.replicas().len());
    TopicDescription {
        partitions: i32::try_from(topic.partitions().len()).expect("the protocol counts in i32"),
        replication: i32::try_from(copies.min().unwrap_or(0)).expect("the protocol counts in i32"),
        has_leaders: topic
            .partitions()
            .iter()
            .all(|partition| partition.leader() >= 0),
        configs: BTreeMap::new(),
    }
}

/// Fills in the topics' settings, and returns the broker's.
fn configs_of(
    admin: &AdminClient<DefaultClientContext>,
    topics: &mut BTreeMap<String, TopicDescription>,
    broker_id: Option<i32>,
    timeout: Duration,
) -> Result<BTreeMap<String, String>, KafkaError> {
    let names: Vec<String> = topics.keys().cloned().collect();
    let topic_questions = names.iter().map(|name| ResourceSpecifier::Topic(name));
    let questions: Vec<_> = topic_questions
        .chain(broker_id.map(ResourceSpecifier::Broker))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(timeout));
    let mut broker_configs = BTreeMap::new();
    // A question that is not allowed leaves its answer empty.
    for resource in block_on(admin.describe_configs(&questions, &options))?
        .into_iter()
        .flatten()
    {
        let entries = resource.entries.into_iter();
        let configs = entries
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect();
        match resource.specifier {
            OwnedResourceSpecifier::Topic(name) => {
                if let Some(topic) = topics.get_mut(&name) {
                    topic.configs = configs;
                }
            }
            OwnedResourceSpecifier::Broker(_) => broker_configs = configs,
            OwnedResourceSpecifier::Group(_) => {}
        }
    }
    Ok(broker_configs)
}
