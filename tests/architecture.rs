//! House rules that no compiler checks: who may depend on whom, which third-party crate lives where, what the
//! sources must not contain, and that `ARCHITECTURE.md` speaks about this project and not about another.
//!
//! A rule that stands here is quoted in `ARCHITECTURE.md` or `CONTRIBUTING.md` with its reason. Whoever wants to
//! change one changes both in the same commit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod project;

use project::{
    dependencies, packages, root, rust_files, section_has, test_names, text, text_files,
};

const ROOT: &str = "promoguard";

/// Which crates of ours a crate may use, in tests and benches too, where the simulated world may stand beside
/// them. Whoever is missing here may use everything: that is the root package, and only it.
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
    // How people read what the detector says; its tests ask the detector for every name there is.
    (
        "promoguard-words",
        &["promoguard-event", "promoguard-sketch", "promoguard-detect"],
    ),
    // What people decide needs the contract, not how evidence is found.
    ("promoguard-review", &["promoguard-event"]),
    (
        "promoguard-console",
        &["promoguard-event", "promoguard-words", "promoguard-review"],
    ),
    // What drives the commit protocol through failures has a world of its own: it shows mechanics, not leaks.
    (
        "promoguard-chaos",
        &["promoguard-event", "promoguard-pipeline"],
    ),
    // What fits a model knows the model's form and the features' directions, nothing else.
    (
        "promoguard-learn",
        &["promoguard-event", "promoguard-sketch", "promoguard-detect"],
    ),
];
const CORE_BELOW_PIPELINE: &[&str] =
    &["promoguard-event", "promoguard-sketch", "promoguard-detect"];
const CORE: &[&str] = &[
    "promoguard-event",
    "promoguard-sketch",
    "promoguard-detect",
    "promoguard-pipeline",
];

const CONSOLE: &str = "promoguard-console";
const REVIEW: &str = "promoguard-review";

/// A third-party crate and the only packages that may depend on it.
const HOMES: &[(&str, &[&str])] = &[
    ("rdkafka", &["promoguard-kafka"]),
    ("rdkafka-sys", &["promoguard-kafka"]),
    ("simd-json", &["promoguard-event"]),
    ("rusqlite", &[REVIEW]),
    ("argon2", &[REVIEW]),
    ("fluent-bundle", &[CONSOLE]),
    ("maud", &[ROOT, CONSOLE]),
    ("tokio", &[ROOT, CONSOLE]),
    ("axum", &[ROOT, CONSOLE]),
    ("tracing-subscriber", &[ROOT]),
    ("metrics", &[ROOT]),
    ("metrics-exporter-prometheus", &[ROOT]),
    ("anyhow", &[ROOT]),
    ("clap", &[ROOT]),
    ("object_store", &["promoguard-storage"]),
    ("criterion", &[]),
    ("dashmap", &[]),
];

/// What the tests and benches of the root package may use besides.
const FOR_TESTS_OF_THE_ROOT: &[&str] = &["rdkafka"];

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
            let feeds_tests = dependency.is_dev && dependency.name == "promoguard-simulate";
            if !feeds_tests && !allowed.contains(&dependency.name.as_str()) {
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
            if let Some((_, homes)) = HOMES
                .iter()
                .find(|(foreign, _)| *foreign == dependency.name)
            {
                let in_tests = name == ROOT && dependency.is_dev;
                let is_tool = in_tests && FOR_TESTS_OF_THE_ROOT.contains(&dependency.name.as_str());
                let is_bench = dependency.is_dev && dependency.name == "criterion";
                if !homes.contains(&name) && !is_tool && !is_bench {
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
    // Tools beside the core (its examples and benches) may read a clock; what is shipped or tested may not.
    let is_core = |path: &Path| {
        ["event", "sketch", "detect", "pipeline"]
            .iter()
            .any(|room| {
                let room = Path::new("crates").join(room);
                path.starts_with(room.join("src")) || path.starts_with(room.join("tests"))
            })
    };
    let mut wrong = Vec::new();
    for (path, content) in rust_files().filter(|(path, _)| is_core(path)) {
        let attributes = content
            .lines()
            .filter(|line| line.contains("clippy::disallowed_"));
        wrong.extend(attributes.map(|line| format!("{}: {}", path.display(), line.trim())));
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
        [
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"
        ],
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

#[test]
fn the_readmes_cargo_run_knows_which_program_is_meant() {
    let defaults: Vec<String> = packages()
        .iter()
        .filter_map(|package| Some(package["default_run"].as_str()?.to_owned()))
        .collect();
    assert_eq!(defaults, [ROOT]);
}
