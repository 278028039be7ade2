//! Topics made once, and checked ever after.
//!
//! Decides whether a topic that exists is the one that was asked for. It must not change one that
//! is not: the differences are named, and an operator decides.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::client::{ClientError, admin_config};
use crate::cluster::{TopicDescription, describe_with};
use crate::settings::KafkaSettings;

/// How long to wait before the brokers are asked again whether they know a new topic.
const VISIBLE_AGAIN: Duration = Duration::from_millis(20);

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// How many copies of each.
    pub replication: i32,
    /// Settings in Kafka's own words, such as `retention.ms`; what is not named is not compared.
    pub configs: BTreeMap<String, String>,
}

/// What became of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicCreation {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: TopicOutcome,
}

/// What became of a topic that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicOutcome {
    /// It was made, and every broker that was asked knows it.
    Created,
    /// It was there, just as wanted.
    ExistedSame,
    /// It was there, and differs. Nothing was changed.
    ExistedDifferent(Vec<TopicDifference>),
    /// It is not there.
    Failed {
        /// What the broker says.
        reason: String,
    },
}

/// One way in which a topic is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDifference {
    /// `partitions`, `replication`, or Kafka's name of a setting.
    pub setting: String,
    /// As wanted.
    pub wanted: String,
    /// As found; None if the broker does not know the setting.
    pub found: Option<String>,
}

/// Makes topics that do not exist, and compares those that do. The outcomes are in the order of
/// the specifications.
///
/// # Errors
/// When no broker could be asked; a topic that cannot be made is an outcome.
pub fn create_topics(
    settings: &KafkaSettings,
    specs: &[TopicSpec],
) -> Result<Vec<TopicCreation>, ClientError> {
    let admin: AdminClient<DefaultClientContext> = admin_config(settings)?.create()?;
    let request_timeout = Duration::from_millis(settings.request_timeout_ms.into());
    let options = AdminOptions::new()
        .request_timeout(Some(request_timeout))
        .operation_timeout(Some(request_timeout));
    let topics: Vec<NewTopic<'_>> = specs.iter().map(native_topic).collect();
    let answers = block_on(admin.create_topics(&topics, &options))?;
    let descriptions = describe_until_visible(&admin, specs, &answers, request_timeout)?;
    let outcomes = specs.iter().zip(answers).map(|(spec, answer)| {
        let found = descriptions.get(&spec.name);
        let outcome = match (answer, found) {
            (Ok(_), Some(_)) => TopicOutcome::Created,
            (Ok(_), None) => failed("no broker knows it yet"),
            (Err((_, RDKafkaErrorCode::TopicAlreadyExists)), Some(found)) => {
                match differences(spec, found) {
                    none if none.is_empty() => TopicOutcome::ExistedSame,
                    some => TopicOutcome::ExistedDifferent(some),
                }
            }
            (Err((_, code)), _) => failed(&code.to_string()),
        };
        TopicCreation {
            name: spec.name.clone(),
            outcome,
        }
    });
    Ok(outcomes.collect())
}

fn failed(reason: &str) -> TopicOutcome {
    TopicOutcome::Failed {
        reason: reason.to_owned(),
    }
}

fn native_topic(spec: &TopicSpec) -> NewTopic<'_> {
    let replication = TopicReplication::Fixed(spec.replication);
    let topic = NewTopic::new(&spec.name, spec.partitions, replication);
    spec.configs
        .iter()
        .fold(topic, |topic, (key, value)| topic.set(key, value))
}

/// A topic that was just made takes a moment to reach every broker's view.
fn describe_until_visible(
    admin: &AdminClient<DefaultClientContext>,
    specs: &[TopicSpec],
    answers: &[rdkafka::admin::TopicResult],
    timeout: Duration,
) -> Result<BTreeMap<String, TopicDescription>, KafkaError> {
    let deadline = Instant::now() + timeout;
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    loop {
        let descriptions = describe_with(admin, &names, timeout)?.topics;
        let visible = |name: &String| {
            descriptions
                .get(name)
                .is_some_and(|topic| topic.has_leaders)
        };
        if answers.iter().flatten().all(visible) || Instant::now() >= deadline {
            return Ok(descriptions);
        }
        thread::sleep(VISIBLE_AGAIN);
    }
}

fn differences(spec: &TopicSpec, found: &TopicDescription) -> Vec<TopicDifference> {
    let wanted = [
        (
            "partitions",
            spec.partitions.to_string(),
            Some(found.partitions.to_string()),
        ),
        (
            "replication",
            spec.replication.to_string(),
            Some(found.replication.to_string()),
        ),
    ];
    let configs = spec
        .configs
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone(), found.configs.get(key).cloned()));
    let compared = wanted.into_iter().chain(configs);
    compared
        .filter(|(_, wanted, found)| found.as_ref() != Some(wanted))
        .map(|(setting, wanted, found)| TopicDifference {
            setting: setting.to_owned(),
            wanted,
            found,
        })
        .collect()
}

/// Waits for an answer of the admin client, which a thread of its own completes: an executor for
/// one future, and no more.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_compared() {
        let spec = TopicSpec {
            name: "promo.clicks".to_owned(),
            partitions: 12,
            replication: 1,
            configs: [("retention.ms", "604800000"), ("made.up", "1")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        };
        let found = TopicDescription {
            partitions: 6,
            replication: 1,
            has_leaders: true,
            configs: [("retention.ms", "604800000"), ("cleanup.policy", "delete")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        };
        let named: Vec<_> = differences(&spec, &found)
            .into_iter()
            .map(|difference| (difference.setting, difference.found))
            .collect();
        let expected = [
            ("partitions".to_owned(), Some("6".to_owned())),
            ("made.up".to_owned(), None),
        ];
        assert_eq!(named, expected);
    }
}
