//! What a topic can do to a saved state: lose records that were not read yet, be made anew, get more
//! partitions. `run` counts nothing wrong in silence: it stops, and says which command helps.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::{Builder, Runtime};

use super::*;

const FIRST_CLICK_MS: i64 = 1_770_000_000_000;
const CODE: &str = "save10";

#[test]
fn a_topic_that_does_not_fit_the_state_stops_the_run_and_says_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = Broker::shared();
    let names = topic_names("stops");
    let settings = settings_file(folder.path(), brokers, &names);
    let create = [
        "topics",
        "create",
        "--partitions",
        "4",
        "--config",
        &settings,
    ];
    succeed(&create);
    let partition = partition_of(CODE.as_bytes(), PARTITIONS) as i32;
    let clicks = TopicPartition::new(&names["clicks"], partition);
    let cluster = Cluster::new(brokers);

    send_clicks(brokers, &clicks, 0..3);
    read_clicks(&settings, &[], 3.0);

    // Three more came, and two of them were deleted before anybody read them.
    send_clicks(brokers, &clicks, 3..6);
    cluster.delete_records(&clicks, 5);
    refuses(&settings, &[], "2 records of stops.clicks");
    refuses(
        &settings,
        &[],
        "`promoguard run --accept-gap` goes on without them",
    );
    read_clicks(&settings, &["--accept-gap"], 1.0);

    cluster.delete_topic(&clicks.topic);
    succeed(&create);
    wait_for_end(brokers, &clicks, 0);
    refuses(
        &settings,
        &[],
        "ends at offset 0, and the saved state contains it up to 6",
    );
    send_clicks(brokers, &clicks, 6..8);
    read_clicks(&settings, &["--rebuild"], 2.0);

    for topic in ["clicks", "orders", "rekeyed"] {
        cluster.add_partitions(&names[topic], 6);
    }
    let more = ["--set", "pipeline.partitions=6"];
    refuses(
        &settings,
        &more,
        "the state was built from 4 partitions and the topics have 6",
    );
}

/// Until it has read so many clicks, and saved where they led.
fn read_clicks(settings: &str, arguments: &[&str], clicks: f64) {
    let run = Run::start_with(settings, arguments);
    run.wait_for(|metrics| {
        let of_clicks = |line: &&str| {
            line.starts_with("promoguard_events_total{") && line.contains("topic=\"clicks\"")
        };
        let counts = metrics.lines().filter(of_clicks);
        counts.filter_map(|line| value_of(line, line)).sum::<f64>() >= clicks
    });
    run.stop();
}

fn send_clicks(brokers: &str, to: &TopicPartition, minutes: std::ops::Range<i64>) {
    let mut output = Output::new(&KafkaSettings::new(brokers)).unwrap();
    for n in minutes {
        let ts = FIRST_CLICK_MS + n * 60_000;
        let click =
            format!(r#"{{"click_id":"c{n}","ts":{ts},"code":"{CODE}","visitor_id":"v{n}"}}"#);
        send(
            &mut output,
            &to.topic,
            Some(to.partition),
            CODE,
            click.as_bytes(),
        );
    }
    output.flush(DEADLINE).unwrap();
}

/// A topic that was just made may not be led by anybody yet.
fn wait_for_end(brokers: &str, log: &TopicPartition, end: i64) {
    let until = Instant::now() + DEADLINE;
    let intake = Intake::new(&KafkaSettings::new(brokers), &[]).unwrap();
    while !intake.watermarks(log).is_ok_and(|(_, found)| found == end) {
        assert!(Instant::now() < until, "{log} does not end at {end}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What only somebody who administers Kafka does.
struct Cluster {
    admin: AdminClient<DefaultClientContext>,
    options: AdminOptions,
    runtime: Runtime,
}

impl Cluster {
    fn new(brokers: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        Self {
            admin: config.create().unwrap(),
            options: AdminOptions::new().operation_timeout(Some(DEADLINE)),
            runtime: Builder::new_current_thread().build().unwrap(),
        }
    }

    /// Removes the records below an offset, as retention would.
    fn delete_records(&self, log: &TopicPartition, below: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&log.topic, log.partition, Offset::Offset(below))
            .unwrap();
        let deleted = self.admin.delete_records(&list, &self.options);
        self.runtime.block_on(deleted).unwrap();
    }

    fn delete_topic(&self, topic: &str) {
        let deleted = self.admin.delete_topics(&[topic], &self.options);
        self.runtime.block_on(deleted).unwrap()[0].as_ref().unwrap();
    }

    fn add_partitions(&self, topic: &str, partitions: usize) {
        let wanted = [NewPartitions::new(topic, partitions)];
        let added = self.admin.create_partitions(&wanted, &self.options);
        self.runtime.block_on(added).unwrap()[0].as_ref().unwrap();
    }
}
