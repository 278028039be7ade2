//! The project as the house rules see it: its manifests, its files, its tests. Knows no rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata gives a string here")
}

/// The packages of the workspace as `cargo metadata` describes them.
pub(super) fn packages() -> Vec<Value> {
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

pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) is_dev: bool,
}

pub(super) fn dependencies(package: &Value) -> impl Iterator<Item = Dependency> {
    let listed = package["dependencies"]
        .as_array()
        .expect("cargo metadata lists dependencies");
    listed.iter().map(|d| Dependency {
        name: text(&d["name"]).to_owned(),
        is_dev: d["kind"] == "dev",
    })
}

/// Whether the part of a manifest under `header`, up to the next header, has this line.
pub(super) fn section_has(manifest: &str, header: &str, wanted: &str) -> bool {
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
pub(super) fn project_files() -> Vec<PathBuf> {
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

pub(super) fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
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
pub(super) fn text_files() -> impl Iterator<Item = (PathBuf, String)> {
    project_files().into_iter().filter_map(|path| {
        fs::read_to_string(root().join(&path))
            .ok()
            .map(|content| (path, content))
    })
}

pub(super) fn rust_files() -> impl Iterator<Item = (PathBuf, String)> {
    text_files().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"))
}

/// The names of all functions under `#[test]`.
pub(super) fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, content) in rust_files() {
        let mut under_test = false;
        for line in content.lines().map(str::trim) {
            if ["#[test]", "#[tokio::test]"].contains(&line) {
                under_test = true;
            } else if let Some(rest) = line
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .filter(|_| under_test)
            {
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
