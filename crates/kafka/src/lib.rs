//! Kafka in and out: bytes, topics, partitions, offsets and headers.
//!
//! This crate decides how promoguard talks to Kafka: which librdkafka settings it runs with, how
//! records reach the caller without a copy, who owns which partition, and what counts as
//! delivered. It must not know what an event, a code or a flag is, and it decides nothing about
//! correctness that the checkpoint does not already decide: group offsets are written for lag
//! tools and never read back.
//!
//! | part | what it is for |
//! |---|---|
//! | [`KafkaSettings`] | what was meant, validated before any connection |
//! | [`Intake`] | records of assigned partitions, in batches, straight from the fetch buffer |
//! | [`Ownership`] | which partitions this process owns, from a consumer group |
//! | [`Output`] | an idempotent producer with counted outcomes |
//! | [`create_topics`], [`describe`] | what an operator does once, and looks at |
//!
//! Two consumers, because partitions of several topics with the same number belong together and
//! no assignor that every protocol offers promises that: the group owns partitions of one topic,
//! and the intake reads the same partitions of all of them at offsets from the checkpoint.

mod admin;
mod client;
mod cluster;
mod fetch;
mod intake;
mod output;
mod ownership;
mod settings;
mod sources;

pub use admin::{TopicCreation, TopicDifference, TopicOutcome, TopicSpec, create_topics};
pub use client::ClientError;
pub use cluster::{BrokerDescription, ClusterDescription, TopicDescription, describe};
pub use fetch::{Headers, RawRecord};
pub use intake::{Intake, IntakeCounts, IntakeError, IntakeIssue, PartitionEnd, PollOutcome};
pub use output::{
    FailedSend, FlushError, Output, OutputRecord, SendError, SendId, TopicDeliveries,
};
pub use ownership::{Ownership, OwnershipEvent, OwnershipOptions, ReleaseToken};
pub use rdkafka::types::RDKafkaErrorCode;
pub use settings::{
    Compression, GroupProtocol, KafkaSettings, SaslMechanism, SecurityProtocol, SettingsError,
};
pub use sources::{SourceId, StartOffset, TopicPartition};
