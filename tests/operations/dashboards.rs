//! The dashboards by what they say: the rules of Grafana's dashboard linter, and those of ours.

use std::collections::BTreeSet;

use promoguard::telemetry::table::{METRICS, MetricKind};
use serde_json::Value;

use super::{DASHBOARDS, dashboard, expressions, names_in, panels, project, read, rules};

/// Metrics that no panel and no alert asks for, and why they are exported all the same.
const UNUSED_ON_PURPOSE: &[&str] = &[];

/// What a panel asks of each series that is ours or the process'.
const OF_THE_CHOSEN: &str = "{job=~\"$job\",instance=~\"$instance\"";

fn all_expressions() -> Vec<String> {
    let mut all = Vec::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for panel in panels(&dashboard) {
            all.extend(expressions(panel).map(str::to_owned));
        }
        let annotations = dashboard["annotations"]["list"].as_array().unwrap();
        all.extend(
            annotations
                .iter()
                .map(|a| a["expr"].as_str().unwrap().to_owned()),
        );
    }
    for file in ["recording", "alerts"] {
        let rules = rules(&format!("dashboards/prometheus/rules/{file}.yml"));
        all.extend(
            rules
                .iter()
                .map(|rule| rule["expr"].as_str().unwrap().to_owned()),
        );
    }
    all
}

fn wrong(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_metric_is_used_and_no_other_is_asked_for() {
    let expressions = all_expressions();
    let asked: BTreeSet<&str> = expressions.iter().flat_map(|e| names_in(e)).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut faults = Vec::new();
    for metric in METRICS {
        let names = match metric.kind {
            MetricKind::Histogram(_) => ["_bucket", "_sum", "_count"]
                .map(|s| metric.name.to_owned() + s)
                .to_vec(),
            MetricKind::Counter | MetricKind::Gauge => vec![metric.name.to_owned()],
        };
        let used = names.iter().any(|name| asked.contains(name.as_str()));
        if used == UNUSED_ON_PURPOSE.contains(&metric.name) {
            faults.push(format!(
                "{}: used is {used}, the list says otherwise",
                metric.name
            ));
        }
        known.extend(names);
    }
    let recorded = rules("dashboards/prometheus/rules/recording.yml");
    known.extend(
        recorded
            .iter()
            .map(|rule| rule["record"].as_str().unwrap().to_owned()),
    );
    let unknown = asked.iter().filter(|name| !known.contains(**name));
    faults.extend(unknown.map(|name| format!("{name} is asked for and does not exist")));
    wrong(&faults);
}

#[test]
fn every_panel_can_be_read_by_somebody_who_sees_it_for_the_first_time() {
    let mut faults = Vec::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        let mut titles = BTreeSet::new();
        for panel in panels(&dashboard) {
            let title = panel["title"].as_str().unwrap_or_default();
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    faults.push(format!("{name} / {title}: {what}"));
                }
            };
            check(
                !title.is_empty() && titles.insert(title),
                "a title of its own",
            );
            let description = panel["description"].as_str().unwrap_or_default();
            check(
                description.len() > 20 && description.ends_with('.'),
                "a description that is a sentence",
            );
            let defaults = &panel["fieldConfig"]["defaults"];
            check(defaults["unit"].is_string(), "a unit");
            check(defaults["thresholds"]["steps"][0].is_object(), "thresholds");
            check(
                panel["datasource"]["uid"] == "${datasource}",
                "the chosen data source",
            );
            let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
            check(!targets.is_empty(), "something to show");
            for target in targets {
                let legend = target["legendFormat"].as_str().unwrap_or_default();
                check(!legend.is_empty(), "a legend");
                check(target["refId"].is_string(), "a refId");
            }
            for link in panel["links"].as_array().into_iter().flatten() {
                let url = link["url"].as_str().unwrap_or_default();
                let page = url.strip_prefix("${runbooks}/").unwrap_or("no such prefix");
                let exists = project("docs/runbooks").join(page).exists();
                check(exists, "a runbook that exists");
            }
        }
    }
    wrong(&faults);
}

#[test]
fn every_expression_is_bound_to_what_was_chosen_and_rates_its_counters() {
    let mut faults = Vec::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for panel in panels(&dashboard) {
            for expression in expressions(panel) {
                let place = format!("{name} / {}: {expression}", panel["title"]);
                for (at, metric) in selectors(expression) {
                    let rest = &expression[at + metric.len()..];
                    let recorded = metric.starts_with("promoguard:");
                    let chosen = if recorded {
                        "{job=~\"$job\""
                    } else {
                        OF_THE_CHOSEN
                    };
                    if !rest.starts_with(chosen) {
                        faults.push(format!("{place}\n  {metric} lacks {chosen}"));
                    }
                    let before = &expression[..at];
                    let rated = before.ends_with("rate(") || before.ends_with("increase(");
                    let counts = ["_total", "_bucket", "_count", "_sum"];
                    if counts.iter().any(|end| metric.ends_with(end)) != rated {
                        faults.push(format!("{place}\n  {metric} is a counter or it is rated"));
                    }
                }
                // Events that come once an hour need a window of their own.
                let windows = expression.split("rate(").skip(1);
                for window in windows.filter_map(|rest| rest.split(['[', ']']).nth(1)) {
                    if !["$__rate_interval", "1h"].contains(&window) {
                        faults.push(format!("{place}\n  rate over {window}"));
                    }
                }
            }
        }
    }
    wrong(&faults);
}

/// Places and names of the series that an expression selects.
fn selectors(expression: &str) -> Vec<(usize, &str)> {
    let names = names_in(expression).into_iter();
    let process = expression
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("process_"));
    let start = expression.as_ptr() as usize;
    names
        .chain(process)
        .map(|name| (name.as_ptr() as usize - start, name))
        .collect()
}

#[test]
fn every_dashboard_is_the_projects_own_and_follows_the_data_source() {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert_eq!(dashboard["editable"], Value::Bool(false), "{name}");
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let variable = |wanted: &str| {
            let found = variables.iter().find(|variable| variable["name"] == wanted);
            found.unwrap_or_else(|| panic!("{name} lacks the variable {wanted}"))
        };
        assert_eq!(variable("datasource")["type"], "datasource", "{name}");
        for wanted in ["job", "instance"] {
            // 2: reloaded when the time range changes.
            assert_eq!(variable(wanted)["refresh"], 2, "{name} {wanted}");
        }
        let mut ids = BTreeSet::new();
        let all = dashboard["panels"].as_array().unwrap();
        assert!(
            all.iter()
                .all(|panel| ids.insert(panel["id"].as_u64().unwrap())),
            "{name}"
        );
        let mut taken = BTreeSet::new();
        for panel in all {
            let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
            for (x, y) in (at("x")..at("x") + at("w"))
                .flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
            {
                assert!(
                    x < 24 && taken.insert((x, y)),
                    "{name}: {} overlaps",
                    panel["title"]
                );
            }
        }
    }
    let readme = read("README.md");
    assert!(
        readme.contains("dashboards/"),
        "README.md says where the dashboards are"
    );
}
