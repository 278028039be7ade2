//! The console in a real Chromium, and its commands.
//!
//! Chromium and npm come from `./check`; what the tests need besides is fetched once from the
//! registry of npm, as `tests/browser/package-lock.json` says.
#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use promoguard::config::sections::Http;
use promoguard::http::{self, Health, Listener};
use promoguard::telemetry::Telemetry;
use promoguard_console::{Access, Console, ConsoleSettings};
use promoguard_event::EventTime;
use promoguard_review::{Actor, FeedKind, Following, Limits, Role, Store, User};
use promoguard_words::Language;

pub(crate) mod corpus;

/// How long the demonstration may take to live through its past.
const DEADLINE: Duration = Duration::from_secs(240);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser")
}

/// The scripts beside what they import; made once, whatever runs at the same time.
fn scripts() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (from, to) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser"),
        folder(),
    );
    fs::create_dir_all(&to).unwrap();
    let lock = fs::read(from.join("package-lock.json")).unwrap();
    let is_there = fs::read(to.join("installed.json")).is_ok_and(|installed| installed == lock);
    for entry in fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
    if !is_there {
        let output = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&to)
            .output()
            .expect("npm is installed: ./check does it");
        assert!(output.status.success(), "npm ci: {}", told(&output));
        fs::write(to.join("installed.json"), lock).unwrap();
    }
    to
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn browse(script: &str, arguments: &[&str]) {
    let output = Command::new("node")
        .arg(script)
        .args(arguments)
        .current_dir(scripts())
        .output()
        .expect("node is installed: ./check does it");
    assert!(output.status.success(), "{script}: {}", told(&output));
}

/// A demonstration that has lived through its past.
struct Demo {
    child: Child,
    base: String,
    /// It is killed, so what it would remove at its end is removed here.
    _temporary: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_promoguard"))
            .args([
                "demo",
                "--seed",
                "1",
                "--codes",
                "120",
                "--weeks",
                "5",
                "--listen",
                "127.0.0.1:0",
            ])
            .env("TMPDIR", temporary.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let started = Instant::now();
        let base = loop {
            let line = lines.next().expect("the demo goes on").unwrap();
            if let Some(rest) = line.strip_prefix("The console is at ") {
                break rest.split('/').take(3).collect::<Vec<_>>().join("/");
            }
            assert!(started.elapsed() < DEADLINE, "the demo takes too long");
        };
        Demo {
            child,
            base,
            _temporary: temporary,
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_screen_is_free_of_errors_and_barriers_in_both_themes_and_three_languages() {
    let demo = Demo::start();
    let pictures = folder().join("pictures");
    fs::create_dir_all(&pictures).unwrap();
    browse("screens.mjs", &[&demo.base, pictures.to_str().unwrap()]);
    for name in ["queue", "code", "decide"] {
        assert!(pictures.join(format!("console-{name}.png")).exists());
    }
}

#[test]
fn a_flag_is_decided_by_keyboard_alone_and_without_javascript() {
    let demo = Demo::start();
    browse("decide.mjs", &[&demo.base]);
}

/// A console over a store, open, on a port of its own.
fn served(store: &Arc<Store>) -> Listener {
    let visitor = User {
        name: "tester".to_owned(),
        role: Role::Admin,
        merchant: None,
        disabled: false,
    };
    let settings = ConsoleSettings {
        access: Access::Open(visitor),
        zone: "Asia/Almaty".to_owned(),
        language: Language::English,
        now: Arc::new(|| EventTime::from_millis(1_773_140_000_000)),
        banner: None,
    };
    let console = Console::new(Arc::clone(store), settings).unwrap();
    let http = Http {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..Http::default()
    };
    let pages: Router = console.router();
    http::listen(&http, Telemetry::new(), Health::new(), pages).unwrap()
}

#[test]
fn nothing_runs_that_hides_in_a_code_a_host_a_shop_or_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("review.db"), Limits::default()).unwrap();
    let store = Arc::new(store);
    let actor = Actor {
        name: "tester".to_owned(),
        role: Role::Admin,
    };
    let mut paths = vec![
        "/",
        "/codes",
        "/shops",
        "/quality",
        "/audit",
        "/dead-letters",
        "/ops",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    for (number, payload) in corpus::payloads().into_iter().enumerate() {
        let id = format!("{number:032x}");
        let line = corpus::flag(&id, &payload);
        let report = store
            .feed([(FeedKind::Flag, line.as_bytes())], &[])
            .unwrap();
        assert_eq!(report.taken, 1, "{payload}: {report:?}");
        let order = corpus::order(&payload);
        store
            .feed([(FeedKind::Order, order.as_bytes())], &[])
            .unwrap();
        let at = EventTime::from_millis(1_773_140_000_000);
        store.add_note(&payload, &payload, &actor, at, 0).unwrap();
        // Each page costs a tenth of a second; every seventh stands for its kind of payload.
        if number % 7 == 0 {
            paths.push(format!("/flags/{id}"));
            paths.push(format!("/flags/{id}/decide"));
        }
    }
    for page in 2..=7 {
        paths.push(format!("/?status=any&page={page}"));
    }
    let listener = served(&store);
    let base = format!("http://{}", listener.address());
    browse(
        "hostile.mjs",
        &[&base, &serde_json::to_string(&paths).unwrap()],
    );
}

fn promoguard(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_promoguard"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_trail_is_checked_and_the_store_copied_and_put_back_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (place("review.db"), place("copy.db"));
    let missing = promoguard(&["audit", "verify", "--store", &file]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(!Path::new(&file).exists(), "a mistyped name makes no store");
    let store = Store::open(Path::new(&file), Limits::default()).unwrap();
    let actor = Actor {
        name: "dana".to_owned(),
        role: Role::Admin,
    };
    store.note_in_audit(&actor, "test", "one", &(), 0).unwrap();
    store.note_in_audit(&actor, "test", "two", &(), 0).unwrap();
    store.anchor(0).unwrap();
    let whole = promoguard(&["audit", "verify", "--store", &file]);
    assert_eq!(
        told(&whole),
        "whole: 2 entries; anchors vouch for the first 2\n"
    );
    // While the store is open, as it is under a console.
    let copied = promoguard(&["review", "backup", "--store", &file, "--to", &copy]);
    assert!(copied.status.success(), "{}", told(&copied));
    store
        .note_in_audit(&actor, "test", "three", &(), 0)
        .unwrap();
    drop(store);
    let again = promoguard(&["review", "backup", "--store", &file, "--to", &copy]);
    assert_eq!(again.status.code(), Some(1), "a copy replaces nothing");
    let restored = promoguard(&["review", "restore", "--store", &file, "--from", &copy]);
    assert!(restored.status.success(), "{}", told(&restored));
    let store = Store::open(Path::new(&file), Limits::default()).unwrap();
    assert_eq!(store.audit(None, 9).unwrap().len(), 2);
    assert!(Path::new(&place("review.db.before-restore")).exists());
}

#[test]
fn while_one_process_follows_into_a_store_no_other_follows_or_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (place("review.db"), place("copy.db"));
    let following = Following::begin(Path::new(&file)).unwrap();
    drop(Store::open(Path::new(&file), Limits::default()).unwrap());
    let copied = promoguard(&["review", "backup", "--store", &file, "--to", &copy]);
    assert!(copied.status.success(), "{}", told(&copied));
    let commands: [&[&str]; 3] = [
        &[
            "console",
            "--store",
            &file,
            "--brokers",
            "127.0.0.1:1",
            "--listen",
            "127.0.0.1:0",
        ],
        &["review", "rebuild", "--store", &file],
        &["review", "restore", "--store", &file, "--from", &copy],
    ];
    for command in commands {
        let refused = promoguard(command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        let said = told(&refused);
        assert!(
            said.contains("another process follows the topics into") && said.contains("review.db"),
            "{command:?}: {said}"
        );
    }
    drop(following);
    let rebuilt = promoguard(&["review", "rebuild", "--store", &file]);
    assert!(rebuilt.status.success(), "{}", told(&rebuilt));
}

#[test]
fn a_console_without_users_listens_on_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("review.db");
    let refused = promoguard(&[
        "console",
        "--store",
        file.to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("there are no users yet"),
        "{}",
        told(&refused)
    );
    let demo = promoguard(&["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!(demo.status.code(), Some(1));
    assert!(told(&demo).contains("this machine only"), "{}", told(&demo));
}
