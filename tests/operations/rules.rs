//! Rules and runbooks: what Prometheus' own tools say of them, and what no tool checks.

use std::collections::BTreeMap;
use std::process::Command;

use yaml_rust2::Yaml;

use super::{project, read, rules, yaml};
use crate::support::prometheus::tool;

const ALERTS: &str = "dashboards/prometheus/rules/alerts.yml";
const CASES: [&str; 8] = [
    "input",
    "input-over-hours",
    "judge",
    "judge-over-hours",
    "kafka",
    "objectives",
    "objectives-over-hours",
    "process",
];

fn alerts() -> Vec<Yaml> {
    rules(ALERTS)
}

fn succeeds(command: &mut Command) {
    let output = tool(command);
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn prometheus_and_alertmanager_accept_what_is_shipped() {
    let folder = project("dashboards/prometheus");
    let mut config = Command::new("promtool");
    succeeds(
        config
            .current_dir(&folder)
            .args(["check", "config", "prometheus.yml"]),
    );
    let mut routes = Command::new("amtool");
    succeeds(
        routes
            .current_dir(&folder)
            .args(["check-config", "alertmanager.yml"]),
    );
}

#[test]
fn every_alert_fires_when_it_should_and_is_silent_when_it_should_not() {
    let mut cases: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for name in CASES {
        let file = yaml(&format!("dashboards/prometheus/tests/{name}.yml"));
        for case in file[0]["tests"].as_vec().unwrap() {
            let (alert, _) = case["name"].as_str().unwrap().split_once(": ").unwrap();
            let expected = &case["promql_expr_test"][0]["exp_samples"];
            let fires = !expected.as_vec().unwrap().is_empty();
            cases.entry(alert.to_owned()).or_default()[usize::from(fires)] += 1;
        }
    }
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        let [silent, fires] = cases.get(name).copied().unwrap_or_default();
        assert!(
            silent > 0 && fires > 0,
            "{name}: {fires} firing and {silent} silent cases"
        );
    }
    let mut promtool = Command::new("promtool");
    promtool
        .current_dir(project("dashboards/prometheus/tests"))
        .args(["test", "rules"]);
    succeeds(promtool.args(CASES.map(|name| format!("{name}.yml"))));
}

#[test]
fn every_alert_says_what_it_means_and_has_a_runbook() {
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        let labels = &alert["labels"];
        let severity = labels["severity"].as_str().unwrap_or_default();
        assert!(["page", "ticket"].contains(&severity), "{name}: severity");
        assert_eq!(labels["service"].as_str(), Some("promoguard"), "{name}");
        let annotation = |key: &str| alert["annotations"][key].as_str().unwrap_or_default();
        for key in ["summary", "impact"] {
            assert!(annotation(key).len() > 20, "{name}: {key}");
        }
        let expected = format!("{{{{ $externalLabels.runbooks }}}}/{name}.md");
        assert_eq!(annotation("runbook_url"), expected, "{name}");
        let runbook = read(&format!("docs/runbooks/{name}.md"));
        assert!(
            runbook.starts_with(&format!("# {name}\n")),
            "{name}: heading"
        );
        for part in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
            let heading = format!("\n## {part}\n");
            assert!(
                runbook.contains(&heading),
                "{name}: the runbook lacks {part}"
            );
        }
        let (_, diagnosis) = runbook.split_once("\n## Diagnosis\n").unwrap();
        assert!(diagnosis.contains("```sh\n"), "{name}: no command to run");
    }
}

#[test]
fn every_runbook_belongs_to_an_alert() {
    let names: Vec<String> = alerts()
        .iter()
        .map(|alert| alert["alert"].as_str().unwrap().to_owned())
        .collect();
    let index = read("docs/runbooks/README.md");
    for file in std::fs::read_dir(project("docs/runbooks")).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".md").unwrap();
        if name != "README" {
            assert!(
                names.iter().any(|alert| alert == name),
                "{name} is no alert"
            );
            assert!(
                index.contains(&format!("({file})")),
                "README.md lacks {file}"
            );
        }
    }
}
