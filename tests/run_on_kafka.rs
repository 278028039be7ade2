//! `promoguard run` on a real broker gives what `promoguard replay` gives on the same records:
//! flags, flags in shadow, judged orders, windows and dead letters, with malformed, duplicate, late
//! and misplaced records among them, and although the process was killed on its way.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use promoguard_kafka::{
    Intake, KafkaSettings, Output, OutputRecord, StartOffset, TopicPartition, describe,
};
use promoguard_pipeline::partition_of;
use promoguard_simulate::{RecordBatch, Topic, World, WorldSettings};
use serde_json::Value;

use crate::support::broker::Broker;

mod safety_stops;

const PARTITIONS: u32 = 4;
const DAYS: i64 = 28;
/// Unless PROMOGUARD_KILLS says otherwise.
const KILLS: i64 = 5;
/// Far longer than anything here takes; a test that gets here has failed.
const DEADLINE: Duration = Duration::from_secs(180);
/// Belongs to nobody and shares its shop with nobody, so that the moment at which its misplaced
/// records arrive moves no other code's reference.
const MISPLACED_CODE: &str = "misplaced";

#[test]
fn run_and_replay_agree_on_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = Broker::shared();
    let names = topic_names("agree");
    let settings = settings_file(folder.path(), brokers, &names);
    succeed(&[
        "topics",
        "create",
        "--partitions",
        "4",
        "--config",
        &settings,
    ]);
    let world = publish_world(brokers, &names, folder.path());

    // Killed again and again on its way; the next one goes on from the last checkpoint.
    let first_event_ms = world.last_event_ms - DAYS * 86_400_000;
    let kills = std::env::var("PROMOGUARD_KILLS");
    let kills = kills.map_or(KILLS, |kills| kills.parse().unwrap());
    for kill in 0..kills {
        let killed = Run::start(&settings);
        let reached_ms = first_event_ms + kill * (DAYS * 86_400_000) / kills;
        killed.wait_until(|watermark| watermark > reached_ms as f64 / 1000.0);
        drop(killed);
    }
    let run = Run::start(&settings);
    let done = (world.last_event_ms + 5 * 3_600_000) as f64 / 1000.0;
    run.wait_until(|watermark| watermark >= done);
    run.stop();
    refuses_state_that_does_not_fit(folder.path(), &settings);
    let published = Published::read(brokers, &names);

    let checkpoint = promoguard()
        .args(["state", "verify", "--config", &settings])
        .output()
        .unwrap();
    assert!(checkpoint.status.success(), "{checkpoint:?}");
    let replayed = replay(folder.path(), &settings);
    assert!(
        !replayed.flags.is_empty(),
        "the world must have a leak to find"
    );
    assert_eq!(published.flags, replayed.flags);
    assert_eq!(published.shadow_flags, replayed.shadow_flags);
    assert!(replayed.shadow_flags.len() > replayed.flags.len());
    assert_eq!(published.judged_orders, replayed.judged_orders);
    assert_eq!(published.windows, replayed.windows);
    assert_eq!(published.dead_letters, replayed.dead_letters);
    assert_eq!(
        published.misplaced,
        BTreeMap::from([("clicks".to_owned(), 5), ("created".to_owned(), 3)])
    );
}

/// A place without state although flags were published, and state that was built with another key:
/// neither is begun anew in silence, and the message names what helps.
fn refuses_state_that_does_not_fit(folder: &Path, settings: &str) {
    let elsewhere = folder.join("elsewhere");
    let elsewhere = format!("checkpoint.location={}", elsewhere.display());
    refuses(settings, &["--set", &elsewhere], "there is no checkpoint");
    let other_key = folder.join("other-key");
    std::fs::write(&other_key, "ff".repeat(32)).unwrap();
    owner_only(&other_key);
    let other_key = other_key.to_str().unwrap();
    refuses(
        settings,
        &["--hash-key-file", other_key],
        "another hash key",
    );
}

fn refuses(settings: &str, arguments: &[&str], why: &str) {
    let output = promoguard()
        .args(["run", "--config", settings, "--listen", "127.0.0.1:0"])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
    assert!(said.contains("promoguard run --rebuild"), "{said}");
}

/// What both ways of running write, in an order of its own.
#[derive(Debug, Default)]
struct Outputs {
    flags: BTreeSet<String>,
    shadow_flags: BTreeSet<String>,
    judged_orders: BTreeSet<String>,
    windows: BTreeSet<String>,
    dead_letters: BTreeMap<String, u64>,
}

struct PublishedWorld {
    last_event_ms: i64,
}

fn topic_names(prefix: &str) -> BTreeMap<&'static str, String> {
    [
        "clicks",
        "orders",
        "codes",
        "sightings",
        "decisions",
        "rekeyed",
        "cohorts",
        "flags",
        "flags_shadow",
        "judged_orders",
        "windows",
        "dead_letters",
    ]
    .into_iter()
    .map(|topic| (topic, format!("{prefix}.{topic}")))
    .collect()
}

fn settings_file(folder: &Path, brokers: &str, names: &BTreeMap<&str, String>) -> String {
    let key = folder.join("key");
    let state = folder.join("state");
    let group = &names["flags"];
    std::fs::write(&key, "00112233445566778899aabbccddeeff".repeat(2)).unwrap();
    owner_only(&key);
    let topics: String = names
        .iter()
        .map(|(setting, name)| format!("{setting} = \"{name}\"\n"))
        .collect();
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\ngroup_id = \"{group}\"\n[kafka.topics]\n{topics}\
         [pipeline]\npartitions = {PARTITIONS}\nidle_partition_ms = 3000\n\
         [checkpoint]\nlocation = {state:?}\ninterval_ms = 200\n\
         [detect.shadow]\nfalse_flags_per_1000_code_weeks = 20.0\nescalate_db = 3.0\n\
         [keys]\npseudonym_key_file = {key:?}\nhash_key_file = {key:?}\n"
    );
    let path = folder.join("promoguard.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Sends a world to Kafka and keeps each partition as a file.
fn publish_world(brokers: &str, names: &BTreeMap<&str, String>, folder: &Path) -> PublishedWorld {
    let mut world = World::new(WorldSettings {
        codes: 60,
        merchants: 4,
        days: DAYS as f64,
        leak_share: 0.4,
        leak_size_min: 2.0,
        dirty_share: 0.01,
        duplicate_share: 0.02,
        late_share: 0.03,
        ..WorldSettings::default()
    })
    .unwrap();
    let mut output = Output::new(&KafkaSettings::new(brokers)).unwrap();
    std::fs::write(folder.join("codes.ndjson"), world.codes()).unwrap();
    for (code, entry) in world.code_entries() {
        send(&mut output, &names["codes"], None, code, &entry);
    }
    let mut logs: BTreeMap<(&str, u32), Vec<u8>> = BTreeMap::new();
    let mut batch = RecordBatch::with_records_max(10_000);
    let mut last_event_ms = 0;
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            let topic = match record.topic {
                Topic::Clicks => "clicks",
                Topic::Orders => "orders",
            };
            let partition = partition_of(record.key.as_bytes(), PARTITIONS);
            send(&mut output, &names[topic], None, record.key, record.payload);
            let log = logs.entry((topic, partition)).or_default();
            log.extend_from_slice(record.payload);
            log.push(b'\n');
            if !record.marks.malformed {
                last_event_ms = last_event_ms.max(record.ts);
            }
        }
        batch.clear();
    }
    // In an hour of their own: what they are worth to a reference is the same whenever they come.
    send_misplaced(&mut output, names, last_event_ms + 3 * 3_600_000);
    output.flush(DEADLINE).unwrap();
    for ((topic, partition), lines) in logs {
        std::fs::write(folder.join(format!("{topic}-{partition}.ndjson")), lines).unwrap();
    }
    PublishedWorld { last_event_ms }
}

fn send_misplaced(output: &mut Output, names: &BTreeMap<&str, String>, at: i64) {
    let wrong = (partition_of(MISPLACED_CODE.as_bytes(), PARTITIONS) + 1) % PARTITIONS;
    let wrong = Some(wrong as i32);
    for n in 0..5 {
        let click = format!(
            r#"{{"click_id":"m{n}","ts":{at},"code":"{MISPLACED_CODE}","visitor_id":"v{n}"}}"#
        );
        send(
            output,
            &names["clicks"],
            wrong,
            MISPLACED_CODE,
            click.as_bytes(),
        );
    }
    for n in 0..3 {
        let order = format!(
            r#"{{"order_id":"m{n}","ts":{at},"code":"{MISPLACED_CODE}","amount":"10.50","currency":"KZT","merchant":"elsewhere","customer_phone":"+7701000000{n}"}}"#
        );
        send(
            output,
            &names["orders"],
            wrong,
            MISPLACED_CODE,
            order.as_bytes(),
        );
    }
}

fn send(output: &mut Output, topic: &str, partition: Option<i32>, key: &str, payload: &[u8]) {
    output
        .send(OutputRecord {
            topic,
            partition,
            key: Some(key.as_bytes()),
            headers: &[],
            payload: Some(payload),
        })
        .unwrap();
}

fn promoguard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_promoguard"));
    command.env_clear();
    command
}

fn succeed(arguments: &[&str]) {
    let output = promoguard().args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A running `promoguard run`.
struct Run {
    process: Child,
    listen: String,
}

impl Run {
    fn start(settings: &str) -> Self {
        Self::start_with(settings, &[])
    }

    fn start_with(settings: &str, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let listen = port.to_string();
        let mut process = promoguard()
            .args(["run", "--config", settings, "--listen", &listen])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        // Shown when the test fails, and the pipe must not fill.
        std::thread::spawn(move || {
            log.lines()
                .for_each(|line| println!("run: {}", line.unwrap()))
        });
        Self { process, listen }
    }

    /// Until the watermark, in seconds since the epoch, is as wanted.
    fn wait_until(&self, wanted: impl Fn(f64) -> bool) {
        self.wait_for(|metrics| {
            value_of(metrics, "promoguard_watermark_timestamp_seconds ").is_some_and(&wanted)
        });
    }

    /// Until the metrics are as wanted.
    fn wait_for(&self, wanted: impl Fn(&str) -> bool) {
        let until = Instant::now() + DEADLINE;
        loop {
            let metrics = self.metrics().unwrap_or_default();
            if wanted(&metrics) {
                return;
            }
            assert!(Instant::now() < until, "not so in time: {metrics}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn metrics(&self) -> Option<String> {
        let mut stream = TcpStream::connect(&self.listen).ok()?;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    fn stop(mut self) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let until = Instant::now() + Duration::from_secs(10);
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "SIGTERM was not obeyed within 10 s");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "{status}");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn value_of(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// What a run put into Kafka.
struct Published {
    flags: BTreeSet<String>,
    shadow_flags: BTreeSet<String>,
    judged_orders: BTreeSet<String>,
    windows: BTreeSet<String>,
    dead_letters: BTreeMap<String, u64>,
    /// Clicks and created orders of the misplaced code, from its windows.
    misplaced: BTreeMap<String, u64>,
}

impl Published {
    fn read(brokers: &str, names: &BTreeMap<&str, String>) -> Self {
        // A record read twice, because the first process was killed, is one dead letter.
        let records = read_topic(brokers, &names["dead_letters"]);
        let letters: BTreeSet<[String; 4]> = records
            .into_iter()
            .map(|(headers, _)| headers.map(Option::unwrap))
            .collect();
        let mut dead_letters = BTreeMap::new();
        for [error, ..] in letters {
            *dead_letters.entry(error).or_insert(0) += 1;
        }
        let lines = |topic: &str| -> BTreeSet<String> {
            let records = read_topic(brokers, &names[topic]);
            records.into_iter().map(|(_, line)| line).collect()
        };
        let (theirs, windows): (Vec<String>, Vec<String>) = lines("windows")
            .into_iter()
            .partition(|line| line.contains(MISPLACED_CODE));
        let mut misplaced = BTreeMap::new();
        // One hour, perhaps amended: the last revision holds the sums.
        if let Some(last) = theirs.last() {
            let window: Value = serde_json::from_str(last).unwrap();
            misplaced.insert("clicks".to_owned(), window["clicks"].as_u64().unwrap());
            let created = window["orders"]["created"].as_u64().unwrap();
            misplaced.insert("created".to_owned(), created);
        }
        Self {
            flags: lines("flags"),
            shadow_flags: lines("flags_shadow"),
            judged_orders: without_misplaced(lines("judged_orders")),
            windows: windows.into_iter().collect(),
            dead_letters,
            misplaced,
        }
    }
}

fn without_misplaced(lines: BTreeSet<String>) -> BTreeSet<String> {
    lines
        .into_iter()
        .filter(|line| !line.contains(MISPLACED_CODE))
        .collect()
}

/// The headers of a dead letter: what is wrong, and where it was read.
const LETTER_HEADERS: [&str; 4] = ["error", "source-topic", "source-partition", "source-offset"];

/// Every record of a topic: the headers that a dead letter has, and its payload.
fn read_topic(brokers: &str, topic: &str) -> Vec<([Option<String>; 4], String)> {
    let settings = KafkaSettings::new(brokers);
    let partitions = describe(&settings, &[topic]).unwrap().topics[topic].partitions;
    let assignments: Vec<_> = (0..partitions)
        .map(|p| (TopicPartition::new(topic, p), StartOffset::Earliest))
        .collect();
    let mut intake = Intake::new(&settings, &assignments).unwrap();
    let mut records = Vec::new();
    let mut ended = BTreeSet::new();
    let until = Instant::now() + DEADLINE;
    while ended.len() < partitions as usize {
        assert!(Instant::now() < until, "{topic} was not read to its end");
        let outcome = intake
            .poll_batch(100, 10_000, &mut |record| {
                let headers = LETTER_HEADERS.map(|name| {
                    let value = record.header(name)?;
                    Some(String::from_utf8(value.to_vec()).unwrap())
                });
                let payload = record.payload.unwrap_or_default();
                records.push((headers, String::from_utf8_lossy(payload).into_owned()));
            })
            .unwrap();
        ended.extend(outcome.partition_ends.iter().map(|end| end.source));
    }
    records
}

fn replay(folder: &Path, settings: &str) -> Outputs {
    let out = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let logs = |topic: &str| -> Vec<String> {
        (0..PARTITIONS)
            .map(|partition| out(&format!("{topic}-{partition}.ndjson")))
            .filter(|path| Path::new(path).exists())
            .collect()
    };
    let mut arguments: Vec<String> = [
        "replay", "--order", "arrival", "--quiet", "--config", settings,
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push("--clicks".to_owned());
    arguments.extend(logs("clicks"));
    arguments.push("--orders".to_owned());
    arguments.extend(logs("orders"));
    for (option, name) in [
        ("--codes", "codes.ndjson"),
        ("--flags-out", "flags"),
        ("--shadow-flags-out", "shadow"),
        ("--judged-orders-out", "judged"),
        ("--windows-out", "windows"),
        ("--dead-letters-out", "dead"),
    ] {
        arguments.extend([option.to_owned(), out(name)]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    succeed(&arguments);
    let lines = |name: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(PathBuf::from(out(name))).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let mut dead_letters = BTreeMap::new();
    for line in std::fs::read_to_string(out("dead")).unwrap().lines() {
        let letter: Value = serde_json::from_str(line).unwrap();
        let error = letter["error"].as_str().unwrap().to_owned();
        *dead_letters.entry(error).or_insert(0) += 1;
    }
    Outputs {
        flags: lines("flags"),
        shadow_flags: lines("shadow"),
        judged_orders: lines("judged"),
        windows: lines("windows"),
        dead_letters,
    }
}
