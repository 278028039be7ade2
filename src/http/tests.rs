//! Requests over a real socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

/// A listener on a port of its own, with bounds small enough to reach.
fn listening(health: &Health) -> (Listener, Telemetry) {
    let telemetry = Telemetry::new();
    let settings = Http {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        header_bytes_max: 8_192,
        body_bytes_max: 10,
        request_timeout_ms: 400,
        ..Http::default()
    };
    let pages = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(std::future::pending::<&str>));
    let listener = listen(&settings, telemetry.clone(), health.clone(), pages).unwrap();
    (listener, telemetry)
}

/// Everything that comes back until the other side hangs up.
fn exchange(listener: &Listener, request: &str) -> String {
    let mut connection = TcpStream::connect(listener.address()).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The other side may hang up before it has read everything, which is its right.
    let _ = connection.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn ask(listener: &Listener, method: &str, path: &str, headers: &str) -> String {
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    exchange(listener, &request)
}

fn check(answer: &str, status: &str, content: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{answer}"
    );
    assert!(
        answer.contains(content),
        "{content:?} is missing in {answer}"
    );
}

#[test]
fn health_says_why_not() {
    let health = Health::new();
    let (listener, _) = listening(&health);
    check(&ask(&listener, "GET", "/readyz", ""), "200", "ready\n");
    health.not_ready("kafka", "no partition assigned yet");
    let answer = ask(&listener, "GET", "/readyz", "");
    check(
        &answer,
        "503",
        "not ready\nkafka: no partition assigned yet\n",
    );
    check(&ask(&listener, "GET", "/livez", ""), "200", "alive\n");
    health.dead("partition 3", "panicked twice");
    check(
        &ask(&listener, "GET", "/livez", ""),
        "503",
        "partition 3: panicked twice",
    );
}

#[test]
fn metrics_are_text_and_count_the_requests_themselves() {
    let (listener, _) = listening(&Health::new());
    check(&ask(&listener, "GET", "/", ""), "200", "hello");
    check(&ask(&listener, "GET", "/nowhere", ""), "404", "");
    check(&ask(&listener, "POST", "/metrics", ""), "405", "");
    let answer = ask(&listener, "GET", "/metrics", "");
    check(
        &answer,
        "200",
        "content-type: text/plain; version=0.0.4; charset=utf-8",
    );
    for (route, method, code) in [
        ("page", "GET", "200"),
        ("other", "GET", "404"),
        ("/metrics", "other", "405"),
    ] {
        let labels = format!("route=\"{route}\",method=\"{method}\",code=\"{code}\"");
        check(
            &answer,
            "200",
            &format!("promoguard_http_requests_total{{{labels}}} 1\n"),
        );
    }
    check(&answer, "200", "x-content-type-options: nosniff");
    check(&answer, "200", "cache-control: no-store");
}

#[test]
fn what_is_too_large_or_too_slow_is_refused() {
    let (listener, telemetry) = listening(&Health::new());
    check(
        &ask(&listener, "GET", "/", "content-length: 11\r\n"),
        "413",
        "",
    );
    check(
        &ask(&listener, "GET", "/", "transfer-encoding: chunked\r\n"),
        "413",
        "",
    );
    let long = format!("x-long: {}\r\n", "y".repeat(9_000));
    check(&ask(&listener, "GET", "/", &long), "431", "");
    check(&ask(&listener, "GET", "/slow", ""), "503", "");
    // A head that never ends is cut off: the exchange returns at all.
    let answer = exchange(&listener, "GET / HTTP/1.1\r\nhost: x\r\n");
    assert!(!answer.contains("hello"), "{answer}");
    assert!(
        telemetry
            .render()
            .contains("route=\"page\",method=\"GET\",code=\"other\"} 3\n")
    );
}

#[test]
fn an_address_that_is_taken_is_named() {
    let (listener, telemetry) = listening(&Health::new());
    let settings = Http {
        listen: listener.address(),
        ..Http::default()
    };
    let error = listen(&settings, telemetry, Health::new(), Router::new()).unwrap_err();
    let said = format!("{error:#}");
    assert!(
        said.contains(&listener.address().to_string()) && said.contains("http.listen"),
        "{said}"
    );
}

#[test]
fn a_dropped_listener_frees_its_address() {
    let (listener, telemetry) = listening(&Health::new());
    let settings = Http {
        listen: listener.address(),
        ..Http::default()
    };
    drop(listener);
    assert!(listen(&settings, telemetry, Health::new(), Router::new()).is_ok());
}
