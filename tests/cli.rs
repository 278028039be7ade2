//! The program as it is typed: help, exit statuses, settings from every layer, metrics on the wire.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, may end a test")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use promoguard::telemetry::Telemetry;

/// Set this to write the golden files anew; then read the difference before committing it.
const REWRITE: &str = "PROMOGUARD_REWRITE_GOLDEN";

/// The program in an environment that holds nothing of ours.
fn promoguard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_promoguard"));
    let ours = std::env::vars().filter(|(name, _)| name.starts_with("PROMOGUARD_"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    // The width of whoever runs the tests is not that of the golden files.
    command.env_remove("COLUMNS");
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    promoguard(arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn check_status(arguments: &[&str], status: i32, said: &str) {
    let output = run(arguments);
    let all = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {all}");
    assert!(
        all.contains(said),
        "{arguments:?} did not say {said:?}: {all}"
    );
}

pub(crate) fn check_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/cli")
        .join(name);
    if std::env::var_os(REWRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let hint = format!(
        "{} differs; if that is meant: {REWRITE}=1 cargo test --test e2e cli",
        path.display()
    );
    assert_eq!(text, golden, "{hint}");
}

#[test]
fn the_help_of_every_command_is_the_one_that_was_read_and_agreed() {
    let commands: [&[&str]; 25] = [
        &[],
        &["demo"],
        &["replay"],
        &["explain"],
        &["holds"],
        &["console"],
        &["audit"],
        &["audit", "verify"],
        &["review"],
        &["review", "backup"],
        &["review", "restore"],
        &["review", "rebuild"],
        &["run"],
        &["simulate"],
        &["evaluate"],
        &["topics"],
        &["topics", "create"],
        &["topics", "list"],
        &["state"],
        &["state", "inspect"],
        &["state", "verify"],
        &["doctor"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
    ];
    for command in commands {
        let output = run(&[command, &["--help"]].concat());
        assert_eq!(output.status.code(), Some(0));
        let name = match command {
            [] => "help.txt".to_owned(),
            words => format!("help-{}.txt", words.join("-")),
        };
        // Editors strip spaces at line ends, and clap leaves some.
        let lines = stdout(&output).lines().map(str::trim_end);
        check_golden(&name, &(lines.collect::<Vec<_>>().join("\n") + "\n"));
    }
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    for command in [
        "demo", "replay", "explain", "holds", "console", "audit", "review", "run", "simulate",
        "evaluate", "topics", "doctor", "config",
    ] {
        let output = run(&[command, "--help"]);
        for line in stdout(&output).lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
}

#[test]
fn the_documented_example_is_the_one_that_was_read_and_agreed() {
    let output = run(&["config", "example"]);
    let example = stdout(&output);
    // The judge's numbers change with every measurement; its own source explains them.
    let (before, judge) = example.split_once("[detect]\n").unwrap();
    let (judge, after) = judge.split_once("\n\n# The listener").unwrap();
    assert!(
        judge.contains("\nfalse_flags_per_1000_code_weeks = 1.0\n"),
        "{judge}"
    );
    check_golden(
        "example.toml",
        &format!("{before}[detect]\n# …\n\n# The listener{after}"),
    );
}

#[test]
fn the_page_of_settings_is_made_from_the_settings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let text = promoguard::config::example::reference();
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, &text).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == text,
        "docs/settings.md differs from the settings: {REWRITE}=1 cargo test --test e2e cli"
    );
}

#[test]
fn a_log_for_programs_is_one_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "00112233445566778899aabbccddeeff".repeat(2)).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let key = key.to_str().unwrap();
    let output = run(&[
        "run",
        "--listen",
        "127.0.0.1:0",
        "--brokers",
        "127.0.0.1:1",
        "--log-format",
        "json",
        "--set",
        "kafka.request_timeout_ms=100",
        "--set",
        &format!("keys.pseudonym_key_file={key}"),
        "--set",
        &format!("keys.hash_key_file={key}"),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let last = lines.last().unwrap();
    assert_eq!(last["level"], "ERROR", "{last}");
    let reason = last["error"].as_str().unwrap();
    assert!(
        reason.starts_with("cannot reach Kafka at 127.0.0.1:1"),
        "{last}"
    );
    assert!(lines.iter().all(|line| line["timestamp"].is_string()));
}

#[test]
fn wrong_usage_ends_with_status_2_and_says_what_is_wrong() {
    let replay = |more: &[&str]| -> Vec<String> {
        let files = [
            "replay",
            "--clicks",
            "c",
            "--orders",
            "o",
            "--flags-out",
            "f",
        ];
        files
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let check_replay = |more: &[&str], said: &str| {
        let arguments = replay(more);
        check_status(
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            2,
            said,
        );
    };
    check_status(&[], 2, "Usage: promoguard <COMMAND>");
    check_status(&["reply"], 2, "a similar subcommand exists: 'replay'");
    check_status(&["replay", "--clicks", "c"], 2, "--flags-out <FILE>");
    check_replay(
        &["--codes", "-", "--sightings", "-"],
        "standard input (-) can be read only once",
    );
    check_replay(
        &["--scores-out", "f"],
        "--scores-out and --flags-out would both write f",
    );
    check_replay(
        &["--windows-out", "o"],
        "--windows-out would overwrite the input o",
    );
    check_replay(
        &["--order", "random"],
        "[possible values: event-time, arrival]",
    );
    check_replay(&["--set", "threads"], "must be NAME=VALUE");
    check_replay(
        &["--threads", "5000"],
        "pipeline.threads = \"5000\" (option --threads): must be a whole number from 0 to 1024",
    );
    check_replay(
        &["--config", "/nowhere.toml"],
        "wrong setting: /nowhere.toml: cannot read it",
    );
    check_status(&["explain", "--clicks", "c"], 2, "--code <CODE>");
    let explain = |more: &[&str], said: &str| {
        let arguments = [&["explain", "--clicks", "c", "--code", "a"], more].concat();
        check_status(&arguments, 2, said);
    };
    explain(&["--lang", "de"], "[possible values: en, ru, kk]");
    explain(&["--at", "noon"], "--at is noon, must be an RFC 3339 time");
    check_status(
        &["explain", "--clicks", "c", "--code", " "],
        2,
        "code is empty",
    );
    let holds = |more: &[&str], said: &str| {
        let arguments = [&["holds", "--flag", "f", "--judged-orders", "j"], more].concat();
        check_status(&arguments, 2, said);
    };
    holds(&[], "give --flags, or a time in --from");
    holds(
        &["--flags", "f", "--from", "noon"],
        "must be low, onset or an RFC 3339 time",
    );
    holds(
        &["--flags", "f", "--threshold", "1.5"],
        "must be from 0 to 1",
    );
    holds(
        &["--flags", "f", "--out", "j"],
        "--out would overwrite the input j",
    );
    check_status(&["simulate"], 2, "<--out <DIR>|--kafka>");
    check_status(
        &["evaluate", "--preset", "mixed,easy"],
        2,
        "--preset has no \"easy\"; there are: mixed, walled",
    );
    check_status(
        &["evaluate", "--family", "circus"],
        2,
        "--family has no \"circus\"; there are: programme",
    );
    check_status(
        &["evaluate", "--seeds", "8..1"],
        2,
        "must be the first and the last seed, such as 301..308",
    );
    check_status(&["evaluate", "--codes", "0"], 2, "setting `codes` is 0");
    check_status(
        &["evaluate", "--html", "-"],
        2,
        "--html must be a file of its own",
    );
    check_status(
        &["simulate", "--out", "x", "--leak-share", "2"],
        2,
        "`leak_share` is 2, allowed is 0 to 1",
    );
    check_status(
        &["simulate", "--out", "x", "--preset", "easy"],
        2,
        "[possible values: mixed, walled, open, hard, honest, small, drawn]",
    );
    check_status(
        &["simulate", "--out", "x", "--spread", "4"],
        2,
        "`spread` is 4, allowed is 0 to 3",
    );
    check_status(
        &["simulate", "--out", "x", "--start", "today"],
        2,
        "must be an RFC 3339 time",
    );
    check_status(
        &["topics", "create", "--partitions", "0"],
        2,
        "0 is not in 1..=1024",
    );
    check_status(
        &["demo", "--weeks", "0", "--once"],
        2,
        "--weeks is 0, must be from 1 to 520",
    );
    check_status(
        &["config", "show", "--set", "log.levle=info"],
        2,
        "did you mean log.level?",
    );
}

#[test]
fn a_check_that_finds_faults_failed_and_one_that_finds_none_is_done() {
    check_status(&["config", "check"], 0, "settings are valid");
    check_status(
        &["config", "check", "--set", "a.b=1"],
        1,
        "there is no such setting",
    );
    check_status(
        &["doctor", "--offline", "--set", "a.b=1"],
        1,
        "FAILED  settings  a.b (option --set)",
    );
}

#[test]
fn one_setting_can_come_from_every_layer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("promoguard.toml");
    fs::write(&file, "[kafka]\ngroup_id = \"from-file\"\n").unwrap();
    let shown = |variables: &[(&str, &str)], more: &[&str]| {
        let arguments = [&["config", "show"], more].concat();
        let output = promoguard(&arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let line = stdout(&output)
            .lines()
            .find(|line| line.starts_with("group_id"))
            .unwrap();
        line.replace(&format!("{}/", folder.path().display()), "")
    };
    let path = file.to_str().unwrap();
    let in_file = ("PROMOGUARD_CONFIG", path);
    let in_variable = ("PROMOGUARD_KAFKA__GROUP_ID", "from-variable");
    assert_eq!(shown(&[], &[]), "group_id = \"promoguard\"");
    let from_file = "group_id = \"from-file\"  # promoguard.toml, line 2";
    assert_eq!(shown(&[in_file], &[]), from_file);
    assert_eq!(shown(&[], &["--config", path]), from_file);
    assert_eq!(
        shown(&[in_file, in_variable], &[]),
        "group_id = \"from-variable\"  # environment variable PROMOGUARD_KAFKA__GROUP_ID"
    );
    assert_eq!(
        shown(
            &[in_file, in_variable],
            &["--set", "kafka.group_id=from-option"]
        ),
        "group_id = \"from-option\"  # option --set"
    );
}

#[test]
fn what_topics_would_be_created_is_shown_without_a_broker() {
    let output = run(&[
        "topics",
        "create",
        "--dry-run",
        "--partitions",
        "6",
        "--replication-factor",
        "3",
    ]);
    assert_eq!(output.status.code(), Some(0));
    check_golden("topics-dry-run.txt", stdout(&output));
}

#[test]
fn the_doctor_says_what_to_do_without_a_broker() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, [7; 32]).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let key = key.to_str().unwrap();
    let output = run(&["doctor", "--offline", "--pseudonym-key-file", key]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(
        stdout(&output).contains(&format!("→ chmod 600 {key}\n")),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("warning  hash key"),
        "{}",
        stdout(&output)
    );
}

fn world(folder: &Path, more: &[&str]) -> Output {
    let folder = folder.to_str().unwrap();
    let arguments = [
        "simulate", "--out", folder, "--codes", "20", "--days", "3", "--seed", "5",
    ];
    run(&[&arguments, more].concat())
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    files
        .iter_mut()
        .for_each(|(path, _)| *path = path.file_name().unwrap().into());
    files.sort();
    files
}

#[test]
fn the_same_seed_writes_the_same_world_and_compression_changes_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, packed] = ["one", "two", "packed"].map(|name| folder.path().join(name));
    let output = world(&one, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("wrote "), "{}", stderr(&output));
    assert!(stderr(&world(&two, &["--quiet"])).is_empty());
    assert_eq!(files(&one), files(&two));
    let names: Vec<_> = files(&one).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "clicks",
        "codes",
        "leaked-orders",
        "orders",
        "sightings",
        "truth",
    ];
    assert_eq!(
        names,
        expected.map(|name| PathBuf::from(format!("{name}.ndjson")))
    );

    world(&packed, &["--gzip"]);
    let mut unpacked = Vec::new();
    let clicks = packed.join("clicks.ndjson.gz");
    let limits = promoguard_storage::ReaderLimits::default();
    let mut reader = promoguard_storage::LineReader::open(&clicks, limits).unwrap();
    let mut chunk = promoguard_storage::Chunk::default();
    while reader.next_chunk(&mut chunk).unwrap() {
        for line in chunk.lines() {
            unpacked.extend_from_slice(line.bytes);
            unpacked.push(b'\n');
        }
    }
    assert!(unpacked == fs::read(one.join("clicks.ndjson")).unwrap());
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    let check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut check = check.unwrap_or_else(|error| {
        panic!(
            "cannot start promtool: {error}; ./check installs it, or: apt-get install prometheus"
        )
    });
    let telemetry = Telemetry::new();
    telemetry.set_consumer_lag(promoguard_event::Topic::Clicks, 0, 1, 0.5, 60.0);
    telemetry.set_partition_watermark(0, promoguard_event::EventTime::from_millis(1));
    let mut input = check.stdin.take().unwrap();
    input.write_all(telemetry.render().as_bytes()).unwrap();
    drop(input);
    let output = check.wait_with_output().unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(output.status.success() && said.is_empty(), "{said}");
}
