//! What the adapter does when brokers misbehave, against librdkafka's mock cluster: it answers as
//! it is told to, and is up in microseconds. (It keeps 5 MiB a partition, so volume is for a real
//! broker.)

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::time::{Duration, Instant};

use promoguard_kafka::{
    GroupProtocol, Intake, IntakeIssue, KafkaSettings, Output, OutputRecord, Ownership,
    OwnershipEvent, OwnershipOptions, StartOffset, TopicPartition, create_topics, describe,
};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);

const TOPIC: &str = "promo.clicks";

struct Fixture {
    cluster: MockCluster<'static, DefaultProducerContext>,
    settings: KafkaSettings,
}

impl Fixture {
    fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, 1, 1).unwrap();
        let mut settings = KafkaSettings::new(cluster.bootstrap_servers());
        settings.request_timeout_ms = 2_000;
        settings.delivery_timeout_ms = 20_000;
        settings
            .extra
            .insert("reconnect.backoff.ms".to_owned(), "10".to_owned());
        settings
            .extra
            .insert("reconnect.backoff.max.ms".to_owned(), "50".to_owned());
        Self { cluster, settings }
    }

    fn output(&self) -> Output {
        Output::new(&self.settings).unwrap()
    }

    fn intake(&self, start: StartOffset) -> Intake {
        Intake::new(&self.settings, &[(partition(), start)]).unwrap()
    }
}

fn partition() -> TopicPartition {
    TopicPartition::new(TOPIC, 0)
}

fn record(payload: &[u8]) -> OutputRecord<'_> {
    OutputRecord {
        topic: TOPIC,
        partition: Some(0),
        key: None,
        headers: &[],
        payload: Some(payload),
    }
}

fn send(output: &mut Output, payloads: std::ops::Range<u8>) {
    for payload in payloads {
        output.send(record(&[payload])).unwrap();
    }
}

/// Polls until a payload equals `last`, and returns all payloads and issues on the way.
fn read_until(intake: &mut Intake, last: u8) -> (Vec<u8>, Vec<IntakeIssue>) {
    let (mut read, mut issues) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + DEADLINE;
    while read.last() != Some(&last) {
        assert!(Instant::now() < deadline, "read {read:?}, {issues:?}");
        let polled =
            intake.poll_batch(50, 100, &mut |record| read.push(record.payload.unwrap()[0]));
        issues.append(&mut polled.unwrap().issues);
    }
    (read, issues)
}

fn await_issue(intake: &mut Intake, wanted: &str) -> IntakeIssue {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let outcome = intake.poll_batch(50, 100, &mut |_| {}).unwrap();
        if let Some(issue) = outcome
            .issues
            .into_iter()
            .find(|issue| issue.kind() == wanted)
        {
            return issue;
        }
        assert!(Instant::now() < deadline, "no issue of kind {wanted}");
    }
}

#[test]
fn an_outage_is_told_and_reading_goes_on_where_it_stood() {
    let fixture = Fixture::new();
    let (mut output, mut intake) = (fixture.output(), fixture.intake(StartOffset::Earliest));
    send(&mut output, 0..10);
    let (mut read, _) = read_until(&mut intake, 9);

    fixture.cluster.broker_down(-1).unwrap();
    await_issue(&mut intake, "connection");
    send(&mut output, 10..20);
    fixture.cluster.broker_up(-1).unwrap();
    output.flush(DEADLINE).unwrap();
    read.extend(read_until(&mut intake, 19).0);
    assert_eq!(read, (0..20).collect::<Vec<u8>>());
}

#[test]
fn a_gap_is_told_with_its_bounds_even_if_they_take_a_second_question() {
    let fixture = Fixture::new();
    let mut output = fixture.output();
    send(&mut output, 0..3);
    output.flush(DEADLINE).unwrap();
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    fixture
        .cluster
        .request_errors(RDKafkaApiKey::ListOffsets, &[denied, denied, denied]);
    let mut intake = fixture.intake(StartOffset::At(77));
    let gap = await_issue(&mut intake, "gap");
    assert!(
        matches!(
            gap,
            IntakeIssue::Gap {
                wanted: 77,
                earliest: 0,
                latest: 3,
                ..
            }
        ),
        "{gap}"
    );
}

#[test]
fn a_partition_that_may_not_be_read_is_named_and_tried_again() {
    let fixture = Fixture::new();
    let mut output = fixture.output();
    send(&mut output, 0..3);
    output.flush(DEADLINE).unwrap();
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    fixture
        .cluster
        .request_errors(RDKafkaApiKey::Fetch, &[denied]);
    let mut intake = fixture.intake(StartOffset::Earliest);
    let (read, issues) = read_until(&mut intake, 2);
    assert_eq!(read, [0, 1, 2]);
    assert!(
        issues.iter().any(|issue| matches!(issue, IntakeIssue::Partition { topic_partition, code: 29, .. } if *topic_partition == partition())),
        "{issues:?}"
    );
}

#[test]
fn a_send_that_can_be_tried_again_is_delivered_once() {
    let fixture = Fixture::new();
    let mut output = fixture.output();
    fixture.cluster.request_errors(
        RDKafkaApiKey::Produce,
        &[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
        ],
    );
    send(&mut output, 0..50);
    output.flush(DEADLINE).unwrap();
    let mut intake = fixture.intake(StartOffset::Earliest);
    assert_eq!(read_until(&mut intake, 49).0, (0..50).collect::<Vec<u8>>());
}

#[test]
fn a_send_that_is_denied_fails_with_its_number() {
    let fixture = Fixture::new();
    let mut output = fixture.output();
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    fixture
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &[denied]);
    let id = output.send(record(b"x")).unwrap();
    assert_eq!(output.flush(DEADLINE).unwrap_err().kind(), "failed");
    let failed = output.take_failed();
    assert_eq!(
        (failed.len(), failed[0].id, failed[0].kind),
        (1, id, "not_authorized")
    );
}

#[test]
fn sends_wait_for_room_only_so_long() {
    let mut fixture = Fixture::new();
    fixture.settings.in_flight_records_max = 5;
    fixture.settings.queue_full_wait_ms = 50;
    fixture.cluster.broker_down(-1).unwrap();
    let mut output = fixture.output();
    send(&mut output, 0..5);
    let refused = output.send(record(b"x")).unwrap_err();
    assert_eq!(refused.kind(), "queue_full");
    assert_eq!(output.in_flight(), 5);
    assert_eq!(
        output.flush(Duration::from_millis(10)).unwrap_err().kind(),
        "timed_out"
    );

    fixture.cluster.broker_up(-1).unwrap();
    output.flush(DEADLINE).unwrap();
    send(&mut output, 5..6);
    output.flush(DEADLINE).unwrap();
    assert_eq!(output.deliveries_by_topic()[TOPIC].delivered, 6);
}

#[test]
fn a_producer_beyond_repair_says_so_and_takes_no_more() {
    let fixture = Fixture::new();
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    fixture
        .cluster
        .request_errors(RDKafkaApiKey::InitProducerId, &[denied]);
    let mut output = fixture.output();
    send(&mut output, 0..1);
    let flushed = output.flush(DEADLINE).unwrap_err();
    assert_eq!(flushed.kind(), "fatal", "{flushed}");
    assert_eq!(output.send(record(b"x")).unwrap_err().kind(), "fatal");
    assert!(output.fatal_error().is_some());

    let mut again = fixture.output();
    send(&mut again, 0..1);
    again.flush(DEADLINE).unwrap();
}

#[test]
fn a_member_thought_dead_is_told_that_its_partitions_are_lost() {
    let mut fixture = Fixture::new();
    fixture.settings.group_protocol = GroupProtocol::Classic;
    fixture.settings.session_timeout_ms = 6_000;
    let ownership =
        Ownership::start(&fixture.settings, TOPIC, OwnershipOptions::default()).unwrap();
    let await_event = |is_wanted: &dyn Fn(&OwnershipEvent) -> bool| {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = ownership
                .events()
                .recv_timeout(left)
                .expect("the group says something");
            if is_wanted(&event) {
                return;
            }
        }
    };
    let is_assigned =
        |event: &OwnershipEvent| matches!(event, OwnershipEvent::Assigned(of) if *of == [0]);
    await_event(&is_assigned);
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
    fixture
        .cluster
        .request_errors(RDKafkaApiKey::Heartbeat, &[unknown]);
    await_event(&|event| matches!(event, OwnershipEvent::Lost(of) if *of == [0]));
    await_event(&is_assigned);
    assert!(ownership.leave(DEADLINE));
}

#[test]
fn nobody_waits_for_ever_for_a_cluster_that_is_not_there() {
    let mut settings = KafkaSettings::new("127.0.0.1:1");
    settings.request_timeout_ms = 200;
    assert_eq!(describe(&settings, &[]).unwrap_err().kind(), "refused");
    assert_eq!(create_topics(&settings, &[]).unwrap_err().kind(), "refused");
    let mut intake = Intake::new(&settings, &[(partition(), StartOffset::Earliest)]).unwrap();
    await_issue(&mut intake, "connection");
    assert!(intake.watermarks(&partition()).is_err());
    let ownership = Ownership::start(&settings, TOPIC, OwnershipOptions::default()).unwrap();
    let event = ownership.events().recv_timeout(DEADLINE).unwrap();
    assert!(
        matches!(event, OwnershipEvent::Error { fatal: false, .. }),
        "{event:?}"
    );
    assert!(ownership.leave(DEADLINE));
}
