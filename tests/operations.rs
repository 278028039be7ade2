//! What operators are given: dashboards, rules, runbooks, containers. First by what they say, then
//! against a real Prometheus and Alertmanager over a real `promoguard run`.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

mod containers;
mod dashboards;
mod live;
mod rules;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// The dashboards, in the order in which somebody at night opens them.
const DASHBOARDS: [&str; 4] = ["overview", "kafka", "detection", "resources"];

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn dashboard(name: &str) -> Value {
    let path = format!("dashboards/{name}.json");
    serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The panels of a dashboard that show something, without the headings of rows.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let panels = dashboard["panels"]
        .as_array()
        .expect("a dashboard has panels");
    panels.iter().filter(|panel| panel["type"] != "row")
}

/// The expressions of a panel.
fn expressions(panel: &Value) -> impl Iterator<Item = &str> {
    let targets = panel["targets"].as_array().into_iter().flatten();
    targets.map(|target| target["expr"].as_str().expect("a target has an expression"))
}

/// The rules of a file: what they are called, and what they ask.
fn rules(path: &str) -> Vec<Yaml> {
    let groups = yaml(path)[0]["groups"]
        .as_vec()
        .cloned()
        .unwrap_or_default();
    let rules = |group: &Yaml| group["rules"].as_vec().cloned().unwrap_or_default();
    groups.iter().flat_map(rules).collect()
}

/// Names of ours in an expression: of metrics, and of what is recorded from them.
fn names_in(expression: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(|c| !is_part(c));
    words
        .filter(|word| word.starts_with("promoguard_") || word.starts_with("promoguard:"))
        .collect()
}
