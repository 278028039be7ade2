//! The Kafka adapter against a real broker: what comes in is what was sent, once and in order, and
//! the group, the gap and the placement are Kafka's own.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use promoguard_kafka::{
    Intake, IntakeIssue, KafkaSettings, Output, OutputRecord, PollOutcome, RawRecord, SourceId,
    StartOffset, TopicDeliveries, TopicOutcome, TopicPartition, TopicSpec, create_topics, describe,
};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::support::broker::Broker;

mod ownership;

/// Far longer than anything here takes; a test that gets here has failed.
const DEADLINE: Duration = Duration::from_secs(60);

fn settings(name: &str) -> KafkaSettings {
    let mut settings = KafkaSettings::new(Broker::shared());
    settings.group_id = name.to_owned();
    settings
}

fn topic(settings: &KafkaSettings, name: &str, partitions: i32, configs: &[(&str, &str)]) {
    let outcome = create_topics(settings, &[spec(name, partitions, configs)]).unwrap();
    assert_eq!(outcome[0].outcome, TopicOutcome::Created);
}

fn spec(name: &str, partitions: i32, configs: &[(&str, &str)]) -> TopicSpec {
    let configs = configs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        configs: configs.collect(),
    }
}

fn record<'a>(topic: &'a str, partition: i32, payload: &'a [u8]) -> OutputRecord<'a> {
    let partition = Some(partition);
    OutputRecord {
        topic,
        partition,
        key: None,
        headers: &[],
        payload: Some(payload),
    }
}

/// Sends the numbers from `from` to `to` as text to one partition.
fn send_numbers(output: &mut Output, topic: &str, partition: i32, from: i64, to: i64) {
    for number in from..to {
        output
            .send(record(topic, partition, number.to_string().as_bytes()))
            .unwrap();
    }
    output.flush(DEADLINE).unwrap();
}

/// Polls until `done`, which sees everything handed out so far, says so.
fn poll_until(
    intake: &mut Intake,
    on_record: &mut dyn FnMut(RawRecord<'_>),
    mut done: impl FnMut(&PollOutcome) -> bool,
) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let outcome = intake.poll_batch(100, 1_000, on_record).unwrap();
        assert!(outcome.records <= 1_000, "{outcome:?}");
        if done(&outcome) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "nothing more comes: {:?}",
            intake.counts()
        );
    }
}

/// The numbers read from each source, until `count` have come in all.
fn read_numbers(intake: &mut Intake, count: usize) -> BTreeMap<SourceId, Vec<i64>> {
    let mut read: BTreeMap<SourceId, Vec<i64>> = BTreeMap::new();
    let mut total = 0;
    let mut on_record =
        |record: RawRecord<'_>| read.entry(record.source).or_default().push(number(&record));
    poll_until(intake, &mut on_record, |outcome| {
        total += outcome.records;
        assert!(outcome.issues.is_empty(), "{:?}", outcome.issues);
        total >= count
    });
    read
}

fn number(record: &RawRecord<'_>) -> i64 {
    std::str::from_utf8(record.payload.unwrap())
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn every_record_of_every_partition_arrives_once_and_in_order_and_then_its_end() {
    const PARTITIONS: i32 = 12;
    const RECORDS: i64 = 100_000;
    let settings = settings("intake-all");
    let topics = ["intake-all.clicks", "intake-all.orders"];
    let mut output = Output::new(&settings).unwrap();
    let mut sent = 0;
    for name in topics {
        topic(
            &settings,
            name,
            PARTITIONS,
            &[("message.timestamp.type", "LogAppendTime")],
        );
    }
    // Uneven on purpose: partition p gets p + 1 shares, and partition 0 of the orders none.
    let share = RECORDS / 156;
    let length = |name: &str, partition: i32| match (name, partition) {
        ("intake-all.orders", 0) => 0,
        ("intake-all.orders", 11) => RECORDS - share * (155 - 12),
        (_, partition) => share * i64::from(partition + 1),
    };
    let mut assignments = Vec::new();
    for name in topics {
        for partition in 0..PARTITIONS {
            for number in 0..length(name, partition) {
                output
                    .send(record(name, partition, number.to_string().as_bytes()))
                    .unwrap();
                sent += 1;
            }
            assignments.push((TopicPartition::new(name, partition), StartOffset::Earliest));
        }
    }
    output.flush(DEADLINE).unwrap();
    assert_eq!(sent, RECORDS);

    let mut intake = Intake::new(&settings, &assignments).unwrap();
    let mut read = vec![0; assignments.len()];
    let mut ends = BTreeMap::new();
    let mut on_record = |record: RawRecord<'_>| {
        let next = &mut read[record.source.index()];
        assert_eq!((record.offset, number(&record)), (*next, *next));
        assert!(
            record.timestamp_ms > 1_700_000_000_000,
            "the broker's clock"
        );
        *next += 1;
    };
    poll_until(&mut intake, &mut on_record, |outcome| {
        assert!(outcome.issues.is_empty(), "{:?}", outcome.issues);
        ends.extend(
            outcome
                .partition_ends
                .iter()
                .map(|end| (end.source, end.offset)),
        );
        ends.len() == assignments.len()
    });
    for (source, (topic_partition, _)) in assignments.iter().enumerate() {
        let source = SourceId(u32::try_from(source).unwrap());
        let length = length(&topic_partition.topic, topic_partition.partition);
        assert_eq!(intake.topic_partition(source), Some(topic_partition));
        assert_eq!(
            (read[source.index()], ends[&source]),
            (length, length),
            "{topic_partition}"
        );
        assert_eq!(intake.watermarks(topic_partition).unwrap(), (0, length));
        assert_eq!(intake.cached_watermarks(topic_partition), Some((0, length)));
    }
    assert_eq!(intake.counts().stale, 0);
    let counts = output.deliveries_by_topic();
    assert_eq!(
        counts.values().map(|counts| counts.delivered).sum::<u64>(),
        RECORDS as u64
    );
}

#[test]
fn a_paused_partition_stands_still_and_goes_on_without_loss_or_repeat() {
    let settings = settings("intake-pause");
    topic(&settings, "intake-pause", 2, &[]);
    let mut output = Output::new(&settings).unwrap();
    for partition in 0..2 {
        send_numbers(&mut output, "intake-pause", partition, 0, 5_000);
    }
    let partitions = [0, 1].map(|partition| TopicPartition::new("intake-pause", partition));
    let from_start = partitions
        .clone()
        .map(|partition| (partition, StartOffset::Earliest));
    let mut intake = Intake::new(&settings, &from_start).unwrap();

    let mut read = [Vec::new(), Vec::new()];
    let mut on_record = |record: RawRecord<'_>| read[record.source.index()].push(number(&record));
    // Into the middle of both, or at least of one.
    intake.poll_batch(10_000, 700, &mut on_record).unwrap();
    intake.pause(&partitions[..1]).unwrap();
    let paused_at = read[0].len();
    let mut on_record = |record: RawRecord<'_>| {
        assert_eq!(
            record.source,
            SourceId(1),
            "a record of the paused partition"
        );
        read[1].push(number(&record));
    };
    poll_until(&mut intake, &mut on_record, |outcome| {
        outcome
            .partition_ends
            .iter()
            .any(|end| end.source == SourceId(1))
    });
    assert_eq!(read[0].len(), paused_at);

    intake.resume(&partitions[..1]).unwrap();
    let mut on_record = |record: RawRecord<'_>| read[record.source.index()].push(number(&record));
    poll_until(&mut intake, &mut on_record, |outcome| {
        outcome
            .partition_ends
            .iter()
            .any(|end| end.source == SourceId(0))
    });
    let all: Vec<i64> = (0..5_000).collect();
    assert!(
        read[0] == all && read[1] == all,
        "{} and {}",
        read[0].len(),
        read[1].len()
    );

    // A pause belongs to an assignment and ends with it.
    intake.pause(&partitions).unwrap();
    intake.remove(&partitions).unwrap();
    intake
        .add(&[(partitions[0].clone(), StartOffset::At(4_990))])
        .unwrap();
    assert_eq!(
        read_numbers(&mut intake, 10),
        [(SourceId(0), (4_990..5_000).collect::<Vec<_>>())].into()
    );
}

#[test]
fn partitions_come_and_go_while_others_are_read() {
    let settings = settings("intake-change");
    topic(&settings, "intake-change", 3, &[]);
    let mut output = Output::new(&settings).unwrap();
    for partition in 0..3 {
        send_numbers(&mut output, "intake-change", partition, 0, 2_000);
    }
    let partition = |partition| TopicPartition::new("intake-change", partition);
    let mut intake = Intake::new(&settings, &[(partition(0), StartOffset::Earliest)]).unwrap();
    let read = read_numbers(&mut intake, 1);
    assert_eq!(read.keys().copied().collect::<Vec<_>>(), [SourceId(0)]);

    // The same partition leaves and comes back at once, again and again: the end of the earlier
    // assignment must not take the records of the later one with it.
    for from in [100, 1_999, 0, 1_000] {
        intake.remove(&[partition(0)]).unwrap();
        intake
            .add(&[(partition(0), StartOffset::At(from))])
            .unwrap();
        let wanted = (2_000 - from) as usize;
        let read = read_numbers(&mut intake, wanted);
        let expected: Vec<i64> = (from..2_000).collect();
        assert_eq!(read, [(SourceId(0), expected)].into());
    }

    intake
        .add(&[
            (partition(2), StartOffset::At(500)),
            (partition(1), StartOffset::Latest),
        ])
        .unwrap();
    intake.remove(&[partition(0)]).unwrap();
    send_numbers(&mut output, "intake-change", 0, 2_000, 2_100);
    let read = read_numbers(&mut intake, 1_500);
    assert_eq!(
        read,
        [(SourceId(1), (500..2_000).collect::<Vec<_>>())].into()
    );
    assert_eq!(intake.source(&partition(1)), Some(SourceId(2)));
    assert_eq!(intake.assigned().count(), 2);

    let again = intake.add(&[(partition(2), StartOffset::Earliest)]);
    assert_eq!(again.unwrap_err().kind(), "assignment");
    assert_eq!(
        intake.remove(&[partition(0)]).unwrap_err().kind(),
        "assignment"
    );
}

/// Removes the records of a partition below an offset, as retention would.
fn remove_records(settings: &KafkaSettings, partition: &TopicPartition, below: i64) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    let TopicPartition { topic, partition } = partition;
    list.add_partition_offset(topic, *partition, Offset::Offset(below))
        .unwrap();
    let options = AdminOptions::new();
    let mut removed = pin!(admin.delete_records(&list, &options));
    let mut context = Context::from_waker(Waker::noop());
    while removed.as_mut().poll(&mut context).is_pending() {
        std::thread::yield_now();
    }
}

#[test]
fn an_offset_that_the_broker_does_not_have_is_a_gap_with_its_bounds() {
    let settings = settings("intake-gap");
    topic(&settings, "intake-gap", 3, &[]);
    let mut output = Output::new(&settings).unwrap();
    for partition in 0..3 {
        send_numbers(&mut output, "intake-gap", partition, 0, 50);
    }
    let partition = |partition| TopicPartition::new("intake-gap", partition);
    let (removed, short, overtaken) = (partition(0), partition(1), partition(2));

    // Retention overtakes a reader that stands still.
    let mut intake = Intake::new(&settings, &[(overtaken.clone(), StartOffset::Earliest)]).unwrap();
    let mut read = 0;
    while read == 0 {
        read = intake.poll_batch(30_000, 10, &mut |_| {}).unwrap().records as i64;
    }
    intake.pause(std::slice::from_ref(&overtaken)).unwrap();
    remove_records(&settings, &removed, 50);
    remove_records(&settings, &overtaken, 20);
    intake.resume(std::slice::from_ref(&overtaken)).unwrap();
    let at = |partition: &TopicPartition, offset| (partition.clone(), StartOffset::At(offset));
    intake.add(&[at(&removed, 0), at(&short, 51)]).unwrap();

    let mut gaps = BTreeMap::new();
    let mut on_record = |record: RawRecord<'_>| panic!("{record:?} was handed out past a gap");
    poll_until(&mut intake, &mut on_record, |outcome| {
        for issue in &outcome.issues {
            let IntakeIssue::Gap {
                topic_partition,
                wanted,
                earliest,
                latest,
                ..
            } = issue
            else {
                panic!("{issue}");
            };
            gaps.insert(topic_partition.clone(), (*wanted, *earliest, *latest));
        }
        gaps.len() == 3
    });
    let expected = [
        (removed.clone(), (0, 50, 50)),
        (short.clone(), (51, 0, 50)),
        (overtaken.clone(), (read, 20, 50)),
    ];
    assert_eq!(gaps, expected.into());

    // Whoever accepts the gap goes on from where there is something.
    intake.remove(&[removed, short, overtaken.clone()]).unwrap();
    intake.add(&[(overtaken, StartOffset::Earliest)]).unwrap();
    assert_eq!(
        read_numbers(&mut intake, 30),
        [(SourceId(0), (20..50).collect::<Vec<_>>())].into()
    );
}

#[test]
fn a_closure_that_panics_costs_its_record_and_nothing_else() {
    let settings = settings("intake-panic");
    topic(&settings, "intake-panic", 1, &[]);
    let mut output = Output::new(&settings).unwrap();
    send_numbers(&mut output, "intake-panic", 0, 0, 1_000);
    let partition = TopicPartition::new("intake-panic", 0);
    let mut intake = Intake::new(&settings, &[(partition, StartOffset::Earliest)]).unwrap();

    let mut read = Vec::new();
    let mut panics = 0;
    let deadline = Instant::now() + DEADLINE;
    while read.len() + panics < 1_000 {
        assert!(
            Instant::now() < deadline,
            "{} read, {panics} panics",
            read.len()
        );
        let polled = catch_unwind(AssertUnwindSafe(|| {
            intake.poll_batch(100, 10_000, &mut |record| {
                let number = number(&record);
                // Without the message that a panic prints.
                if number % 100 == 50 {
                    std::panic::resume_unwind(Box::new(number));
                }
                read.push(number);
            })
        }));
        match polled {
            Ok(outcome) => assert!(outcome.unwrap().issues.is_empty()),
            Err(panic) => {
                assert_eq!(*panic.downcast::<i64>().unwrap(), panics as i64 * 100 + 50);
                panics += 1;
            }
        }
    }
    assert_eq!(panics, 10);
    assert_eq!(
        read,
        (0..1_000)
            .filter(|number| number % 100 != 50)
            .collect::<Vec<_>>()
    );
    assert_eq!(intake.counts().records, 1_000);
}

/// Kafka's standard placement, written down a second time from its definition
/// (`org.apache.kafka.common.utils.Utils.murmur2`), so that it does not check itself.
fn partition_by_the_book(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff) as i32 % partitions
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut word = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        word = (word ^ word >> 24).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let tail = rest
            .iter()
            .rev()
            .fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

#[test]
fn keys_are_placed_as_kafka_s_own_producers_place_them() {
    // From Apache Kafka's UtilsTest.testMurmur2.
    for (key, hash) in [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        (
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        ),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
    }
    const PARTITIONS: i32 = 12;
    let settings = settings("placement");
    topic(&settings, "placement", PARTITIONS, &[]);
    let mut output = Output::new(&settings).unwrap();
    let keys: Vec<String> = (0..1_000)
        .map(|number| format!("код-{number}-save"))
        .collect();
    for key in &keys {
        let key = Some(key.as_bytes());
        let record = OutputRecord {
            topic: "placement",
            partition: None,
            key,
            headers: &[],
            payload: key,
        };
        output.send(record).unwrap();
    }
    output.flush(DEADLINE).unwrap();

    let partitions = (0..PARTITIONS).map(|partition| TopicPartition::new("placement", partition));
    let assignments: Vec<_> = partitions
        .map(|partition| (partition, StartOffset::Earliest))
        .collect();
    let mut intake = Intake::new(&settings, &assignments).unwrap();
    let mut placed = 0;
    let mut on_record = |record: RawRecord<'_>| {
        let key = record.key.unwrap();
        let partition = assignments[record.source.index()].0.partition;
        assert_eq!(partition_by_the_book(key, PARTITIONS), partition, "{key:?}");
        placed += 1;
    };
    let mut read = 0;
    poll_until(&mut intake, &mut on_record, |outcome| {
        read += outcome.records;
        read == keys.len()
    });
    assert_eq!(placed, keys.len());
}

#[test]
fn headers_keys_and_missing_payloads_come_back_as_they_were_sent() {
    let settings = settings("round-trip");
    topic(&settings, "round-trip", 1, &[("cleanup.policy", "compact")]);
    let mut output = Output::new(&settings).unwrap();
    let raw: Vec<u8> = (0..=255).collect();
    let headers: &[(&str, &[u8])] = &[
        ("error", b"not_json"),
        ("source-offset", b"17"),
        ("error", b"\xff\x00"),
        ("empty", b""),
    ];
    let key = Some(&b"code"[..]);
    let sent = [
        OutputRecord {
            topic: "round-trip",
            partition: Some(0),
            key,
            headers,
            payload: Some(&raw),
        },
        OutputRecord {
            topic: "round-trip",
            partition: Some(0),
            key,
            headers: &[],
            payload: None,
        },
        OutputRecord {
            topic: "round-trip",
            partition: Some(0),
            key: Some(b""),
            headers: &[],
            payload: Some(b""),
        },
    ];
    for record in sent {
        output.send(record).unwrap();
    }
    output.flush(DEADLINE).unwrap();

    let partition = TopicPartition::new("round-trip", 0);
    let mut intake = Intake::new(&settings, &[(partition, StartOffset::Earliest)]).unwrap();
    let mut read = Vec::new();
    let mut on_record = |record: RawRecord<'_>| {
        let headers = record
            .headers()
            .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)));
        let headers: Vec<_> = headers.collect();
        assert_eq!(record.header("error").is_some(), !headers.is_empty());
        if !headers.is_empty() {
            assert_eq!(
                record.header("error"),
                Some(&b"\xff\x00"[..]),
                "the last of that name"
            );
            assert_eq!(record.header("source-topic"), None);
        }
        read.push((
            record.key.map(<[u8]>::to_vec),
            headers,
            record.payload.map(<[u8]>::to_vec),
        ));
    };
    poll_until(&mut intake, &mut on_record, |outcome| {
        !outcome.partition_ends.is_empty()
    });
    let expected = sent.map(|sent| {
        let headers = sent.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_bytes().to_vec(), Some(value.to_vec())));
        (
            sent.key.map(<[u8]>::to_vec),
            headers.collect::<Vec<_>>(),
            sent.payload.map(<[u8]>::to_vec),
        )
    });
    assert_eq!(read, expected);
}

#[test]
fn topics_are_made_once_and_differences_are_named() {
    let settings = settings("topics");
    let wanted = spec(
        "topics.clicks",
        3,
        &[("message.timestamp.type", "LogAppendTime")],
    );
    let create = |spec: &TopicSpec| create_topics(&settings, std::slice::from_ref(spec)).unwrap();
    assert_eq!(create(&wanted)[0].outcome, TopicOutcome::Created);
    assert_eq!(create(&wanted)[0].outcome, TopicOutcome::ExistedSame);

    let other = spec("topics.clicks", 4, &[("retention.ms", "60000")]);
    let TopicOutcome::ExistedDifferent(differences) = create(&other)[0].outcome.clone() else {
        panic!("{:?}", create(&other));
    };
    let named: Vec<_> = differences
        .iter()
        .map(|difference| {
            (
                difference.setting.as_str(),
                difference.found.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(named, [("partitions", "3"), ("retention.ms", "604800000")]);

    let impossible = spec("topics.impossible", 0, &[]);
    let outcomes = create_topics(&settings, &[impossible, wanted]).unwrap();
    assert!(
        matches!(outcomes[0].outcome, TopicOutcome::Failed { .. }),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1].outcome, TopicOutcome::ExistedSame);

    let cluster = describe(&settings, &["topics.clicks", "topics.impossible"]).unwrap();
    assert_eq!(cluster.topics.keys().collect::<Vec<_>>(), ["topics.clicks"]);
    let clicks = &cluster.topics["topics.clicks"];
    assert_eq!(
        (clicks.partitions, clicks.replication, clicks.has_leaders),
        (3, 1, true)
    );
    assert_eq!(clicks.configs["message.timestamp.type"], "LogAppendTime");
    assert_eq!(cluster.brokers.len(), 1);
    assert_eq!(cluster.serves_consumer_groups(), Some(true));
    assert_eq!(cluster.group_session_timeout_ms(), Some(3_000));
    assert!(cluster.cluster_id.is_some());
}

#[test]
fn a_record_too_large_is_refused_at_once_and_an_unknown_topic_fails_by_name() {
    let mut settings = settings("refused");
    settings.message_bytes_max = 10_000;
    settings.delivery_timeout_ms = 1_000;
    // How long a topic may be unknown before it counts as such.
    settings.extra.insert(
        "topic.metadata.propagation.max.ms".to_owned(),
        "100".to_owned(),
    );
    let mut output = Output::new(&settings).unwrap();
    let large = vec![b'x'; 20_000];
    assert_eq!(
        output
            .send(record("refused", 0, &large))
            .unwrap_err()
            .kind(),
        "too_large"
    );
    assert_eq!(output.in_flight(), 0);

    let id = output.send(record("refused.unknown", 0, b"x")).unwrap();
    assert_eq!(output.flush(DEADLINE).unwrap_err().kind(), "failed");
    assert_eq!(
        output.flush(DEADLINE).unwrap_err().kind(),
        "failed",
        "until they are taken"
    );
    assert_eq!(output.failed(), 1);
    let failed = output.take_failed();
    assert_eq!(
        (failed[0].id, failed[0].topic.as_str()),
        (id, "refused.unknown")
    );
    assert!(output.settled_below() > id);
    output.flush(DEADLINE).unwrap();
    let counts = TopicDeliveries {
        sent: 1,
        delivered: 0,
        failed: 1,
    };
    assert_eq!(output.deliveries_by_topic()["refused.unknown"], counts);
}

#[test]
fn a_broker_that_dies_and_comes_back_costs_no_record_and_repeats_none() {
    let mut broker = Broker::start(&[]);
    let settings = KafkaSettings::new(broker.address());
    topic(&settings, "restart", 1, &[]);
    let partition = TopicPartition::new("restart", 0);
    let mut output = Output::new(&settings).unwrap();
    let mut intake = Intake::new(&settings, &[(partition, StartOffset::Earliest)]).unwrap();
    let mut read = Vec::new();
    for round in 0..3_i64 {
        // The second half is on its way while the broker dies; an unclean end may not lose what
        // was acknowledged, since the operating system still has it.
        send_numbers(
            &mut output,
            "restart",
            0,
            round * 1_000,
            round * 1_000 + 500,
        );
        for number in round * 1_000 + 500..round * 1_000 + 1_000 {
            output
                .send(record("restart", 0, number.to_string().as_bytes()))
                .unwrap();
        }
        match round {
            0 => broker.kill(),
            1 => broker.stop(),
            _ => continue,
        }
        broker.restart();
        output.flush(DEADLINE).unwrap();
    }
    output.flush(DEADLINE).unwrap();
    let mut connection_issues = 0;
    let mut on_record = |record: RawRecord<'_>| read.push(number(&record));
    let mut total = 0;
    poll_until(&mut intake, &mut on_record, |outcome| {
        connection_issues += outcome.issues.len();
        total += outcome.records;
        total >= 3_000
    });
    assert_eq!(read, (0..3_000).collect::<Vec<_>>());
    assert!(connection_issues > 0, "an outage shows");
}
