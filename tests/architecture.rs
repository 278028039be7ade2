//! House rules that no compiler checks: who may depend on whom, which third-party crate lives where, what the
//! sources must not contain, and that `ARCHITECTURE.md` speaks about this project and not about another.
//!
//! A rule that stands here is quoted in `ARCHITECTURE.md` or `CONTRIBUTING.md` with its reason. Whoever wants to
//! change one changes both in the same commit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = "promoguard";

/// Which crates of ours a crate may use, in tests and benches too. Whoever is missing here may use everything:
/// that is the root package, and only it.
const ARROWS: &[(&str, &[&str])] = &[
    ("promoguard-event", &[]),
    ("promoguard-sketch", &[]),
    (
        "promoguard-detect",
        &["promoguard-event", "promoguard-sketch"],
    ),
    ("promoguard-pipeline", CORE_BELOW_PIPELINE),
    ("promoguard-kafka", CORE),
    ("promoguard-storage", CORE),
    // The simulated world is made by another hand than the judge's: it shares no type with what it tests.
    ("promoguard-simulate", &[]),
];
const CORE_BELOW_PIPELINE: &[&str] =
    &["promoguard-event", "promoguard-sketch", "promoguard-detect"];
const CORE: &[&str] = &[
    "promoguard-event",
    "promoguard-sketch",
    "promoguard-detect",
    "promoguard-pipeline",
];

/// A third-party crate with a home: the only packages that may name it in `[dependencies]`, and those that may
/// name it in `[dev-dependencies]` besides.
struct Home {
    package: &'static str,
    lives_in: &'static [&'static str],
    tested_in: &'static [&'static str],
}

const HOMES: &[Home] = &[
    Home {
        package: "rdkafka",
        lives_in: &["promoguard-kafka"],
        tested_in: &[ROOT],
    },
    Home {
        package: "rdkafka-sys",
        lives_in: &["promoguard-kafka"],
        tested_in: &[],
    },
    Home {
        package: "simd-json",
        lives_in: &["promoguard-event"],
        tested_in: &[],
    },
    Home {
        package: "tokio",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "axum",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "tracing-subscriber",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "metrics",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "metrics-exporter-prometheus",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "anyhow",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "clap",
        lives_in: &[ROOT],
        tested_in: &[],
    },
    Home {
        package: "criterion",
        lives_in: &[],
        tested_in: &[ROOT],
    },
    Home {
        package: "dashmap",
        lives_in: &[],
        tested_in: &[],
    },
];

/// What a crate without clock, chance, log and input or output has no use for.
const NOT_IN_THE_CORE: &[&str] = &[
    "chrono",
    "crossbeam-channel",
    "fastrand",
    "getrandom",
    "log",
    "object_store",
    "parking_lot",
    "rand",
    "rayon",
    "tempfile",
    "time",
    "tracing",
];

const RUST_FILE_LINES_MAX: usize = 800;

#[test]
fn dependencies_point_inwards_only() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = text(&package["name"]);
        if name == ROOT {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            wrong.push(format!(
                "{name}: say in ARROWS which of our crates it may use"
            ));
            continue;
        };
        for dependency in dependencies(&package).filter(|d| d.name.starts_with("promoguard")) {
            if !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} -> {}", dependency.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn third_party_crates_stay_in_their_homes() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = text(&package["name"]);
        for dependency in dependencies(&package) {
            if let Some(home) = HOMES.iter().find(|home| home.package == dependency.name) {
                let at_home = home.lives_in.contains(&name);
                let in_tests = dependency.is_dev && home.tested_in.contains(&name);
                if !at_home && !in_tests {
                    wrong.push(format!("{name} -> {}", dependency.name));
                }
            }
            let in_core = CORE.contains(&name) && !dependency.is_dev;
            if in_core && NOT_IN_THE_CORE.contains(&dependency.name.as_str()) {
                wrong.push(format!(
                    "{name} is deterministic and has no use for {}",
                    dependency.name
                ));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_manifest_takes_the_workspace_lints_and_leaves_benches_to_criterion() {
    let mut wrong = Vec::new();
    for package in packages() {
        let path = Path::new(text(&package["manifest_path"]));
        let manifest = fs::read_to_string(path).expect("cargo has just read this manifest");
        if !section_has(&manifest, "[lints]", "workspace = true") {
            wrong.push(format!(
                "{}: [lints] lacks workspace = true",
                path.display()
            ));
        }
        for kind in package["targets"]
            .as_array()
            .expect("cargo metadata lists targets")
        {
            let header = match text(&kind["kind"][0]) {
                "lib" => "[lib]",
                "bin" => "[[bin]]",
                _ => continue,
            };
            if !section_has(&manifest, header, "bench = false") {
                wrong.push(format!("{}: {header} lacks bench = false", path.display()));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_core_crates_share_one_set_of_bans_and_lift_none() {
    let bans =
        |folder: &str| fs::read_to_string(root().join(format!("crates/{folder}/clippy.toml")));
    let first = bans("event").expect("the core crates have a clippy.toml each");
    for folder in ["sketch", "detect", "pipeline"] {
        assert_eq!(
            bans(folder).ok().as_ref(),
            Some(&first),
            "crates/{folder}/clippy.toml differs from crates/event's"
        );
    }
    let lifts =
        |line: &str| line.contains("clippy::disallowed_") && line.trim_start().starts_with('#');
    let mut wrong = Vec::new();
    let is_telemetry =
        |path: &Path| path.starts_with("src/telemetry") || path == Path::new("src/telemetry.rs");
    for (path, content) in rust_files().filter(|(path, _)| !is_telemetry(path)) {
        wrong.extend(
            content
                .lines()
                .filter(|line| lifts(line))
                .map(|line| format!("{}: {line}", path.display())),
        );
    }
    assert_none(&wrong);
}

#[test]
fn unsafe_code_is_in_one_module_of_the_kafka_crate() {
    // The workspace denies unsafe_code, so whoever uses it has to lift the lint by this name.
    let lifts = concat!("(unsafe", "_code");
    let files: Vec<PathBuf> = rust_files()
        .filter(|(_, content)| content.contains(lifts))
        .map(|(path, _)| path)
        .collect();
    let outside: Vec<String> = files
        .iter()
        .filter(|path| !path.starts_with("crates/kafka/src"))
        .map(|path| path.display().to_string())
        .collect();
    assert_none(&outside);
    assert!(
        files.len() <= 1,
        "unsafe code belongs into one module, found it in {files:?}"
    );
}

#[test]
fn no_rust_file_has_grown_a_second_idea() {
    let long: Vec<String> = rust_files()
        .map(|(path, content)| (path, content.lines().count()))
        .filter(|(_, lines)| *lines > RUST_FILE_LINES_MAX)
        .map(|(path, lines)| {
            format!(
                "{}: {lines} lines; split it, or move its table into a data file",
                path.display()
            )
        })
        .collect();
    assert_none(&long);
}

#[test]
fn no_file_names_a_machine_of_ours() {
    // Split, so that this file does not find itself.
    let places = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("C:\\", "Users"),
    ];
    let mut wrong = Vec::new();
    for (path, content) in text_files() {
        for (index, line) in content.lines().enumerate() {
            if places.iter().any(|place| names_place(line, place)) {
                wrong.push(format!("{}:{}: {}", path.display(), index + 1, line.trim()));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn packages_come_from_the_public_registries_and_no_file_says_otherwise() {
    let public = [
        r#"source = "registry+https://github.com/rust-lang/crates.io-index""#,
        r#""resolved": "https://registry.npmjs.org/"#,
    ];
    let mut wrong = Vec::new();
    for (path, content) in text_files() {
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if [".npmrc", ".yarnrc", "pip.conf", "settings.xml"].contains(&file)
            || path.starts_with(".cargo")
        {
            wrong.push(format!(
                "{}: the choice of a mirror belongs to the machine, not to the project",
                path.display()
            ));
        }
        if ["Cargo.lock", "package-lock.json"].contains(&file) {
            let sources = content
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with("source =") || line.starts_with(r#""resolved""#));
            wrong.extend(
                sources
                    .filter(|line| !public.iter().any(|p| line.starts_with(p)))
                    .map(str::to_owned),
            );
        }
    }
    assert_none(&wrong);
}

#[test]
fn architecture_md_lists_every_crate_and_no_other() {
    let document = architecture_md();
    let mentioned: BTreeSet<&str> = document
        .split("crates/")
        .skip(1)
        .map(leading_word)
        .filter(|word| !word.is_empty())
        .collect();
    let existing: BTreeSet<String> = packages()
        .iter()
        .map(|package| text(&package["name"]).to_owned())
        .filter_map(|name| name.strip_prefix("promoguard-").map(str::to_owned))
        .collect();
    assert_eq!(mentioned, existing.iter().map(String::as_str).collect());
}

#[test]
fn every_invariant_of_architecture_md_names_a_test_that_exists_or_admits_that_it_has_none() {
    let tests = test_names();
    let document = architecture_md();
    let rows: Vec<Vec<&str>> = document.lines().filter_map(invariant_row).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(
        numbers,
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"],
        "invariants of ARCHITECTURE.md"
    );

    let mut wrong = Vec::new();
    for row in &rows {
        let named: Vec<&str> = row[2].split('`').skip(1).step_by(2).collect();
        if named.is_empty() && !row[2].starts_with("not yet tested") {
            wrong.push(format!(
                "invariant {}: neither a test nor \"not yet tested\"",
                row[0]
            ));
        }
        let missing = named.iter().filter(|name| !tests.contains(**name));
        wrong.extend(missing.map(|name| format!("invariant {}: no test is called {name}", row[0])));
    }
    assert_none(&wrong);
}

fn assert_none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} found:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata gives a string here")
}

/// The packages of the workspace as `cargo metadata` describes them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test, so it can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    match metadata["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("cargo metadata gave {other} as packages"),
    }
}

struct Dependency {
    name: String,
    is_dev: bool,
}

fn dependencies(package: &Value) -> impl Iterator<Item = Dependency> {
    let listed = package["dependencies"]
        .as_array()
        .expect("cargo metadata lists dependencies");
    listed.iter().map(|d| Dependency {
        name: text(&d["name"]).to_owned(),
        is_dev: d["kind"] == "dev",
    })
}

/// Whether the part of a manifest under `header`, up to the next header, has this line.
fn section_has(manifest: &str, header: &str, wanted: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1);
    lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .any(|line| line == wanted)
}

/// What git tracks or would track; without git (an unpacked archive) what lies there besides build results.
fn project_files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output();
    match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split_terminator('\0')
            .map(PathBuf::from)
            .collect(),
        _ => {
            let mut found = Vec::new();
            walk(root(), &mut found);
            found
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder)
        .expect("a folder of the project can be read")
        .flatten()
    {
        let path = entry.path();
        let is_foreign = ["target", ".git", "node_modules"]
            .iter()
            .any(|name| path.ends_with(name));
        if path.is_dir() && !is_foreign {
            walk(&path, found);
        } else if path.is_file() {
            found.push(
                path.strip_prefix(root())
                    .expect("the walk started there")
                    .to_owned(),
            );
        }
    }
}

/// Path and content of every file that is text; one that was deleted but is still listed has no content.
fn text_files() -> impl Iterator<Item = (PathBuf, String)> {
    project_files().into_iter().filter_map(|path| {
        fs::read_to_string(root().join(&path))
            .ok()
            .map(|content| (path, content))
    })
}

fn rust_files() -> impl Iterator<Item = (PathBuf, String)> {
    text_files().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"))
}

/// Whether the line has this absolute path, and not a relative one that merely contains it.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c)))
}

fn architecture_md() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the project has an ARCHITECTURE.md")
}

fn leading_word(rest: &str) -> &str {
    rest.split(|c: char| !c.is_ascii_lowercase())
        .next()
        .unwrap_or_default()
}

/// Number, promise and test of a row of the table of invariants.
fn invariant_row(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line
        .strip_prefix('|')?
        .strip_suffix('|')?
        .split('|')
        .map(str::trim)
        .collect();
    (cells.len() == 3 && cells[0].parse::<u32>().is_ok()).then_some(cells)
}

/// The names of all functions under `#[test]`.
fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, content) in rust_files() {
        let mut under_test = false;
        for line in content.lines().map(str::trim) {
            if line == "#[test]" {
                under_test = true;
            } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| under_test) {
                names.insert(
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                );
                under_test = false;
            }
        }
    }
    names
}
