//! Dashboards and alerts against the real thing: `promoguard run` on a broker, a Prometheus that
//! scrapes it with the shipped rules, an Alertmanager with the shipped routes, somebody it calls.
//!
//! Two things are faster than in a deployment: records tell three days in a minute and a half, and
//! the windows of rules are seconds. What fires after which time is tested by `promtool test rules`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use promoguard::telemetry::table::METRICS;
use promoguard_kafka::{KafkaSettings, Output, OutputRecord};

use super::{DASHBOARDS, dashboard, expressions, names_in, panels, read, rules};
use crate::support::broker::Broker;
use crate::support::prometheus::{Server, Webhook, free_address, get, wait_for};

const HOUR_MS: i64 = 3_600_000;
/// Codes enough that every partition has some.
const CODES: u32 = 24;
const MERCHANT: &str = "shop.kz";

#[test]
fn every_panel_has_data_and_what_goes_wrong_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut broker = Broker::start(&[]);
    let settings = settings_file(folder, &broker.address());
    succeed(&[
        "topics",
        "create",
        "--partitions",
        "4",
        "--config",
        &settings,
    ]);
    let fault = Arc::new(AtomicU8::new(Fault::None as u8));
    let producer = Producer::start(&broker.address(), Arc::clone(&fault));

    let listen = free_address();
    let arguments = ["run", "--config", &settings, "--listen", &listen].map(str::to_owned);
    let program = env!("CARGO_BIN_EXE_promoguard");
    let run = Server::start(program, &arguments, listen, &folder.join("run.log"));
    wait_for("run is ready", || get(&run.address, "/readyz"));

    let webhook = Webhook::start();
    let alertmanager_address = free_address();
    monitoring_files(
        folder,
        &run.address,
        &alertmanager_address,
        &webhook.address,
    );
    let _alertmanager = Server::alertmanager(folder, alertmanager_address);
    let prometheus = Server::prometheus(folder);

    every_expression_gives_a_series(&prometheus);
    every_metric_reaches_prometheus(&prometheus);
    // Else ConsumerStalled would fire for ever, and what it is for would go unnoticed.
    wait_for("a commit that the broker confirms", || {
        let done = prometheus.query("promoguard_commits_total{result=\"done\"} > 0");
        (!done.is_empty()).then_some(())
    });

    fault.store(Fault::DeadLetters as u8, Ordering::Relaxed);
    let told = webhook.wait_for("DeadLetterFlood", ("reason", "bad_time"));
    assert_eq!(told["labels"]["topic"], "orders");
    let runbook = &told["annotations"]["runbook_url"];
    assert_eq!(runbook, "docs/runbooks/DeadLetterFlood.md");

    fault.store(Fault::NoReferrers as u8, Ordering::Relaxed);
    webhook.wait_for("SignalWentSilent", ("signal", "referrer"));

    fault.store(Fault::NoClickIds as u8, Ordering::Relaxed);
    webhook.wait_for("MerchantClickIdsVanished", ("merchant", MERCHANT));

    drop(producer);
    broker.stop();
    let told = webhook.wait_for("ConsumerStalled", ("instance", &run.address));
    assert_eq!(told["labels"]["severity"], "page");
}

fn every_expression_gives_a_series(prometheus: &Server) {
    let mut expected: Vec<(String, String)> = Vec::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        for panel in panels(&dashboard) {
            let place = format!("{name} / {}", panel["title"]);
            expected.extend(expressions(panel).map(|e| (place.clone(), e.to_owned())));
        }
    }
    // An alert gives nothing as long as all is well; what it looks at must be there.
    for alert in rules("dashboards/prometheus/rules/alerts.yml") {
        let place = format!("alert {}", alert["alert"].as_str().unwrap());
        let names = names_in(alert["expr"].as_str().unwrap()).into_iter();
        expected.extend(names.map(|name| (place.clone(), name.to_owned())));
    }
    for (place, expression) in expected {
        let concrete = expression
            .replace("$__rate_interval", "5s")
            .replace("$job", ".+")
            .replace("$instance", ".+");
        let what = format!("{place}: {concrete}");
        let series = wait_for(&what, || {
            Some(prometheus.query(&concrete)).filter(|series| !series.is_empty())
        });
        assert!(!series.is_empty());
    }
}

fn every_metric_reaches_prometheus(prometheus: &Server) {
    for metric in METRICS {
        let names = format!("{{__name__=~\"{}(_bucket)?\"}}", metric.name);
        assert!(!prometheus.query(&names).is_empty(), "{}", metric.name);
    }
}

fn settings_file(folder: &Path, brokers: &str) -> String {
    let key = folder.join("key");
    fs::write(&key, "00112233445566778899aabbccddeeff".repeat(2)).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let state = folder.join("state");
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\n[pipeline]\nidle_partition_ms = 3000\n\
         [checkpoint]\nlocation = {state:?}\n\
         [metrics]\nmerchants = [\"{MERCHANT}\"]\n\
         [keys]\npseudonym_key_file = {key:?}\nhash_key_file = {key:?}\n"
    );
    let path = folder.join("promoguard.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What is shipped, with addresses of this test and windows of seconds.
fn monitoring_files(folder: &Path, run: &str, alertmanager: &str, webhook: &str) {
    let config = read("dashboards/prometheus/prometheus.yml")
        .replace("alertmanager:9093", alertmanager)
        .replace("15s", "1s");
    fs::write(folder.join("prometheus.yml"), config).unwrap();
    let targets = format!("- targets: [{run:?}]\n");
    fs::write(folder.join("targets.yml"), targets).unwrap();
    fs::create_dir_all(folder.join("rules")).unwrap();
    for file in ["recording.yml", "alerts.yml"] {
        let rules = read(&format!("dashboards/prometheus/rules/{file}"));
        fs::write(folder.join("rules").join(file), hurried(&rules)).unwrap();
    }
    let routes = read("dashboards/prometheus/alertmanager.yml")
        .replace("127.0.0.1:9095", webhook)
        .replace("group_wait: 30s", "group_wait: 1s")
        .replace("group_wait: 10s", "group_wait: 1s")
        .replace("group_interval: 5m", "group_interval: 1s");
    fs::write(folder.join("alertmanager.yml"), routes).unwrap();
}

fn hurried(rules: &str) -> String {
    let mut text = String::new();
    for line in rules.lines() {
        let line = match line.split_once("for: ") {
            Some((before, _)) => format!("{before}for: 0s"),
            None => line
                .replace("interval: 30s", "interval: 1s")
                .replace("interval: 1m", "interval: 1s")
                .replace("[7d] offset 2h", "[1m] offset 12s")
                .replace("[1h]", "[6s]")
                .replace("[5m]", "[12s]"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn succeed(arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_promoguard"));
    let output = command.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What is wrong with what the producer sends.
#[derive(Clone, Copy)]
enum Fault {
    None = 0,
    DeadLetters = 1,
    NoReferrers = 2,
    NoClickIds = 3,
    End = 4,
}

/// Sends an hour of clicks and orders every half second, from some days ago on.
struct Producer {
    fault: Arc<AtomicU8>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Producer {
    fn start(brokers: &str, fault: Arc<AtomicU8>) -> Self {
        let mut output = Output::new(&KafkaSettings::new(brokers)).unwrap();
        for code in 0..CODES {
            let entry = format!(
                r#"{{"code":"code{code}","partner_id":"p{code}","merchant":"{MERCHANT}"}}"#
            );
            send(&mut output, "promo.codes", code, &entry);
        }
        output.flush(Duration::from_secs(30)).unwrap();
        let heard = Arc::clone(&fault);
        let thread = std::thread::spawn(move || {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            let start = now.as_millis() as i64 - 13 * 24 * HOUR_MS;
            for hour in 0.. {
                let fault = heard.load(Ordering::Relaxed);
                if fault == Fault::End as u8 {
                    break;
                }
                for code in 0..CODES {
                    send_hour(&mut output, code, start + hour * HOUR_MS, fault);
                }
                output.flush(Duration::from_secs(30)).unwrap();
                // The pace of the traffic, not a wait for anything.
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let thread = Some(thread);
        Self { fault, thread }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.fault.store(Fault::End as u8, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Four clicks of a code and two orders that came by them.
fn send_hour(output: &mut Output, code: u32, at: i64, fault: u8) {
    for n in 0..4 {
        let ts = at + i64::from(n) * 600_000 + i64::from(code) * 1_000;
        let id = format!("{code}-{ts}");
        let click = format!(
            r#"{{"click_id":"{id}","ts":{ts},"code":"code{code}","visitor_id":"v{id}","referrer":"https://l.instagram.com/"}}"#
        );
        send(output, "promo.clicks", code, &click);
        if n % 2 == 1 {
            continue;
        }
        let ts_text = match fault == Fault::DeadLetters as u8 && n == 0 {
            true => "\"yesterday\"".to_owned(),
            false => (ts + 60_000).to_string(),
        };
        let mut order = format!(
            r#"{{"order_id":"{id}","ts":{ts_text},"code":"code{code}","amount":"900","currency":"KZT","merchant":"{MERCHANT}""#
        );
        if fault != Fault::NoClickIds as u8 {
            order.push_str(&format!(r#","click_id":"{id}","click_ts":{ts}"#));
        }
        if fault != Fault::NoReferrers as u8 {
            order.push_str(r#","referrer":"https://l.instagram.com/""#);
        }
        order.push('}');
        send(output, "promo.orders", code, &order);
    }
}

fn send(output: &mut Output, topic: &str, code: u32, payload: &str) {
    let record = OutputRecord {
        topic,
        partition: None,
        key: Some(&format!("code{code}").into_bytes()),
        headers: &[],
        payload: Some(payload.as_bytes()),
    };
    output.send(record).unwrap();
}
