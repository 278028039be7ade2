//! A real Prometheus and a real Alertmanager on loopback, and somebody who is called.
//!
//! Decides how they are started, asked and ended. It must not know what is asked.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far longer than anything here takes; a test that gets here has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);

/// Runs one of Prometheus' tools to its end.
pub(crate) fn tool(command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| not_there(command, &error))
}

fn not_there(command: &Command, error: &std::io::Error) -> ! {
    panic!(
        "cannot start {command:?}: {error}; ./check installs it, or: \
         apt-get install prometheus prometheus-alertmanager"
    )
}

/// An address on loopback that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Runs "$@" until standard input closes, which it does however the test ends, and kills it then.
const KEEPER: &str = r#"
"$@" &
server=$!
read -r _
kill -KILL $server
wait $server
"#;

/// A process that is killed when the test is over.
pub(crate) struct Server {
    keeper: Child,
    /// Where it listens.
    pub(crate) address: String,
}

impl Server {
    /// Starts a program that serves HTTP at `address`; its log goes into a file.
    pub(crate) fn start(program: &str, arguments: &[String], address: String, log: &Path) -> Self {
        let file = File::create(log).expect("the folder of the test can be written");
        let copy = file.try_clone().expect("a file can be shared");
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(copy)
            .spawn();
        let keeper = keeper.expect("there is a shell");
        Self { keeper, address }
    }

    /// Prometheus over a folder with `prometheus.yml`.
    pub(crate) fn prometheus(folder: &Path) -> Self {
        let address = free_address();
        let arguments = [
            format!("--config.file={}", folder.join("prometheus.yml").display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address={address}"),
        ];
        Self::ready("prometheus", &arguments, address, folder)
    }

    /// Alertmanager at an address that Prometheus' settings name, over `alertmanager.yml`.
    pub(crate) fn alertmanager(folder: &Path, address: String) -> Self {
        let arguments = [
            format!(
                "--config.file={}",
                folder.join("alertmanager.yml").display()
            ),
            format!("--storage.path={}", folder.join("alerts").display()),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".to_owned(),
        ];
        Self::ready("prometheus-alertmanager", &arguments, address, folder)
    }

    fn ready(program: &str, arguments: &[String], address: String, folder: &Path) -> Self {
        // Says what to install if it is not there.
        tool(Command::new(program).arg("--version"));
        let log = folder.join(program).with_extension("log");
        let server = Self::start(program, arguments, address, &log);
        let until = Instant::now() + DEADLINE;
        while get(&server.address, "/-/ready").is_none() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(Instant::now() < until, "{program} is not ready:\n{said}");
            std::thread::sleep(Duration::from_millis(200));
        }
        server
    }

    /// The series that an expression gives now.
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer = get(&self.address, &path);
        let answer = answer.unwrap_or_else(|| panic!("Prometheus refuses {expression}"));
        let mut answer: Value = serde_json::from_str(&answer).expect("Prometheus answers in JSON");
        match answer["data"]["result"].take() {
            Value::Array(series) => series,
            other => panic!("{expression} gave {other}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Waits until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The body of a GET that was answered with 200. HTTP/1.0, so that it comes in one piece.
pub(crate) fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).filter(|status| *status == "200")?;
    Some(body.to_owned())
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Whoever Alertmanager calls: takes every notification and hands on its alerts.
pub(crate) struct Webhook {
    /// Where it listens.
    pub(crate) address: String,
    alerts: Receiver<Value>,
}

impl Webhook {
    /// Listens from now on.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (sender, alerts) = mpsc::channel();
        // Ends with the test process: nobody waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                for alert in notification(stream).unwrap_or_default() {
                    let _ = sender.send(alert);
                }
            }
        });
        Self { address, alerts }
    }

    /// Waits until an alert of this name, with this label, is told as firing.
    pub(crate) fn wait_for(&self, name: &str, (label, value): (&str, &str)) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let alert = self.alerts.recv_timeout(left);
            let alert = alert.unwrap_or_else(|_| panic!("{name} did not arrive in time"));
            println!("told: {} {}", alert["status"], alert["labels"]);
            let labels = &alert["labels"];
            let is_wanted = labels["alertname"] == name && labels[label] == value;
            if alert["status"] == "firing" && is_wanted {
                return alert;
            }
        }
    }
}

fn notification(stream: TcpStream) -> Option<Vec<Value>> {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    (&stream)
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut body: Value = serde_json::from_slice(&body).ok()?;
    body["alerts"].as_array_mut().map(std::mem::take)
}
