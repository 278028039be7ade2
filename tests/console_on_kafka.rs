//! `promoguard console` on a real broker: what the detector publishes is shown, and what is decided
//! arrives, also when the process was killed in between.
#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use promoguard_event::{EventTime, Outcome};
use promoguard_kafka::{Intake, KafkaSettings, Output, OutputRecord, StartOffset, TopicPartition};
use promoguard_review::{Actor, Limits, NewDecision, Role, Scope, Store};

use crate::console::corpus;
use crate::support::broker::Broker;

/// Far longer than anything here takes; a test that gets here has failed.
const DEADLINE: Duration = Duration::from_secs(120);
const PARTITIONS: i32 = 2;

fn settings_file(folder: &Path, brokers: &str) -> String {
    let topics: String = [
        "codes",
        "decisions",
        "flags",
        "judged_orders",
        "windows",
        "dead_letters",
        "clicks",
        "orders",
        "sightings",
        "rekeyed",
        "cohorts",
    ]
    .iter()
    .map(|topic| format!("{topic} = \"console.{topic}\"\n"))
    .collect();
    let text = format!("[kafka]\nbrokers = [\"{brokers}\"]\n[kafka.topics]\n{topics}");
    let path = folder.join("promoguard.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

struct Console {
    child: Child,
    address: String,
}

impl Console {
    /// Started, and what it says of itself on standard error.
    fn start(settings: &str, store: &Path, listen: &str) -> (Console, Option<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_promoguard"))
            .args([
                "console",
                "--config",
                settings,
                "--listen",
                listen,
                "--log-format",
                "json",
            ])
            .arg("--store")
            .arg(store)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut address, mut token) = (None, None);
        while address.is_none() {
            let line = lines.next().expect("the console says where it is").unwrap();
            if let Some(rest) = line.strip_prefix("http://") {
                let (at, rest) = rest.split_once("/set-up?token=").unwrap();
                (address, token) = (Some(at.to_owned()), Some(rest.to_owned()));
            } else if line.contains("the console answers") {
                let said: serde_json::Value = serde_json::from_str(&line).unwrap();
                address = Some(said["address"].as_str().unwrap().to_owned());
            }
        }
        // Whoever stops reading stops the writer.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap();
        (Console { child, address }, token)
    }

    fn request(&self, head: &str, cookie: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let address = &self.address;
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn wait_for(&self, path: &str, cookie: &str, words: &str) {
        let started = Instant::now();
        while !self
            .request(&format!("GET {path}"), cookie, "")
            .contains(words)
        {
            assert!(started.elapsed() < DEADLINE, "{path} never said {words}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // SIGKILL: nothing is tidied up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn decisions(brokers: &str, at_least: usize) -> Vec<String> {
    let settings = KafkaSettings::new(brokers);
    let partitions: Vec<(TopicPartition, StartOffset)> = (0..PARTITIONS)
        .map(|partition| {
            (
                TopicPartition::new("console.decisions", partition),
                StartOffset::Earliest,
            )
        })
        .collect();
    let mut intake = Intake::new(&settings, &partitions).unwrap();
    let mut lines = Vec::new();
    let started = Instant::now();
    while lines.len() < at_least {
        assert!(
            started.elapsed() < DEADLINE,
            "only {} decisions arrived",
            lines.len()
        );
        let mut take = |record: promoguard_kafka::RawRecord<'_>| {
            lines.push(String::from_utf8(record.payload.unwrap().to_vec()).unwrap());
        };
        intake.poll_batch(200, 100, &mut take).unwrap();
    }
    lines
}

#[test]
fn the_console_shows_what_the_topics_say_and_decisions_arrive_although_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = Broker::shared();
    let settings = settings_file(folder.path(), brokers);
    let created = Command::new(env!("CARGO_BIN_EXE_promoguard"))
        .args([
            "topics",
            "create",
            "--partitions",
            &PARTITIONS.to_string(),
            "--config",
            &settings,
        ])
        .status()
        .unwrap();
    assert!(created.success());
    let mut output = Output::new(&KafkaSettings::new(brokers)).unwrap();
    let mut send = |topic: &str, code: &str, line: &str| {
        output
            .send(OutputRecord {
                topic,
                partition: None,
                key: Some(code.as_bytes()),
                headers: &[],
                payload: Some(line.as_bytes()),
            })
            .unwrap();
    };
    for (id, code) in [("f1", "ARU10"), ("f2", "BOTA")] {
        send("console.flags", code, &corpus::flag(id, code));
        send("console.judged_orders", code, &corpus::order(code));
    }
    send("console.flags", "x", "no flag at all");
    output.flush(DEADLINE).unwrap();

    let file = folder.path().join("review.db");
    let (console, token) = Console::start(&settings, &file, "127.0.0.1:0");
    let form = format!(
        "token={}&name=dana&password=four+quiet+camels",
        token.unwrap()
    );
    let answer = console.request("POST /set-up", "", &form);
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|cookie| cookie.split(';').next())
        .unwrap_or_else(|| panic!("no session: {answer}"))
        .to_owned();
    console.wait_for("/", &cookie, "BOTA");
    console.wait_for("/", &cookie, "ARU10");
    let decided = console.request(
        "POST /flags/f1/decide",
        &cookie,
        "outcome=leak&rev=1&seen=0",
    );
    assert!(decided.contains("303 See Other"), "{decided}");
    let arrived = decisions(brokers, 1);
    assert!(
        arrived[0].contains(r#""flag_id":"f1","rev":1,"code":"aru10""#),
        "{arrived:?}"
    );
    console.wait_for("/ops", &cookie, "console.flags");
    let address = console.address.clone();
    drop(console);

    // As if it had been killed between the decision and its publication.
    let store = Store::open(&file, Limits::default()).unwrap();
    assert_eq!(
        store.freshness().unwrap().refused,
        1,
        "the bad line is counted"
    );
    let decision = NewDecision {
        flag_id: "f2".to_owned(),
        rev: 1,
        decisions_seen: 0,
        outcome: Outcome::Unclear,
        worth: None,
        note: None,
        hold_from: None,
        held: None,
        hosts: Vec::new(),
        expected_post: None,
        ts: EventTime::from_millis(1_773_140_000_000),
    };
    let actor = Actor {
        name: "dana".to_owned(),
        role: Role::Admin,
    };
    store.decide(&decision, &actor, &Scope::All, 0).unwrap();
    drop(store);
    let (console, token) = Console::start(&settings, &file, &address);
    assert!(token.is_none(), "there is a user already");
    let arrived = decisions(brokers, 2);
    assert!(
        arrived
            .iter()
            .any(|line| line.contains(r#""flag_id":"f2""#)),
        "{arrived:?}"
    );
    // The session is in the store, and so is how far the topics were read.
    console.wait_for("/?status=decided", &cookie, "BOTA");
    drop(console);
    let store = Store::open(&file, Limits::default()).unwrap();
    assert_eq!(
        store.freshness().unwrap().refused,
        1,
        "nothing was read twice"
    );
}
