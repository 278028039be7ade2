//! A real Kafka broker on loopback: Apache Kafka from Maven Central, KRaft, one node.
//!
//! Decides how a broker is fetched, started, killed and cleaned up. It must not know what is tested
//! with it: a test makes topics of its own, so that all of them can share one broker.
//!
//! The broker runs under a shell that waits for its standard input to close, kills it then and
//! removes its data: so none outlives the test process, however that ends. Its log stays in the
//! target folder, until the next run of the same tests overwrites it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// It takes about three seconds on an idle machine; a busy one may take its time.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// The line with which a broker says that it serves.
const READY: &str = "Kafka Server started";

/// Another process may take a port between choosing it and listening on it.
const STARTS_MAX: usize = 3;

/// Runs "$@" until standard input closes, or says how to end it; `$DATA` is removed at the end.
/// The shell keeps no end of the output, so the output ends when the broker does.
const KEEPER: &str = r#"
trap : HUP INT TERM
"$@" &
broker=$!
exec >/dev/null 2>&1
if read -r how; then :; else how=close; fi
case $how in
  stop) kill -TERM $broker ;;
  *) kill -KILL $broker ;;
esac
wait $broker
[ "$how" != close ] || rm -rf "$DATA"
"#;

/// Warnings, and that it is ready.
const LOG4J: &str = r#"<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n"/></Console></Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
"#;

/// A broker. Dropping it kills it and removes its data.
pub(crate) struct Broker {
    folder: PathBuf,
    log: PathBuf,
    port: u16,
    /// None while it is down.
    running: Option<Running>,
}

struct Running {
    keeper: Child,
    /// Ends when the broker has.
    lines: Receiver<String>,
}

/// Why a broker did not come up.
enum StartError {
    /// It ended by itself.
    Ended,
    /// It did not say that it is ready in time.
    Late,
}

impl Broker {
    /// The broker that tests share: it is started once, and ends with the test process.
    pub(crate) fn shared() -> &'static str {
        static SHARED: OnceLock<(Mutex<Broker>, String)> = OnceLock::new();
        let start = || {
            let broker = Broker::start(&[]);
            let address = broker.address();
            (Mutex::new(broker), address)
        };
        &SHARED.get_or_init(start).1
    }

    /// A broker of one's own, for tests that hurt it; with further lines of `server.properties`.
    pub(crate) fn start(properties: &[(&str, &str)]) -> Self {
        static BROKERS: AtomicU32 = AtomicU32::new(0);
        let number = BROKERS.fetch_add(1, Ordering::Relaxed);
        let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("brokers");
        let folder = base.join(format!("data-{}-{number}", std::process::id()));
        let log = base.join(format!("broker-{number}.log"));
        fs::create_dir_all(&folder).expect("the target folder can be written");
        File::create(&log).expect("the target folder can be written");
        for _ in 0..STARTS_MAX {
            let [port, controller_port] = free_ports();
            let mut broker = Self {
                folder: folder.clone(),
                log: log.clone(),
                port,
                running: None,
            };
            broker.write_settings(controller_port, properties);
            broker.format_storage();
            match broker.try_start() {
                Ok(()) => return broker,
                Err(StartError::Ended) => {}
                Err(StartError::Late) => broker.fail("did not become ready in time"),
            }
        }
        panic!(
            "the broker ended {STARTS_MAX} times while starting, see {}",
            log.display()
        );
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.end("kill");
    }

    /// Ends it in good order.
    pub(crate) fn stop(&mut self) {
        self.end("stop");
    }

    /// Starts it again, on the same port with the same data, after a kill or a stop.
    pub(crate) fn restart(&mut self) {
        assert!(self.running.is_none(), "the broker runs already");
        if self.try_start().is_err() {
            self.fail("did not come up again");
        }
    }

    fn end(&mut self, how: &str) {
        let Some(mut running) = self.running.take() else {
            panic!("the broker is down already")
        };
        let stdin = running.keeper.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{how}").expect("the keeper waits for this");
        running
            .keeper
            .wait()
            .expect("the keeper is a child of this process");
    }

    fn write_settings(&self, controller_port: u16, properties: &[(&str, &str)]) {
        let mut settings = settings(&self.folder.join("log"), self.port, controller_port);
        for (key, value) in properties {
            settings.push_str(&format!("{key}={value}\n"));
        }
        fs::write(self.settings_file(), settings).expect("the target folder can be written");
        fs::write(self.folder.join("log4j2.xml"), LOG4J).expect("the target folder can be written");
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn java(&self, main_class: &str) -> Vec<String> {
        let class_path = format!("{}/*", jars().display());
        let log4j = format!(
            "-Dlog4j2.configurationFile={}",
            self.folder.join("log4j2.xml").display()
        );
        // One collector thread and the quick compiler: it shares two cores with the tests.
        [
            "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            &log4j,
            "-cp",
        ]
        .into_iter()
        .chain([class_path.as_str(), main_class])
        .map(str::to_owned)
        .collect()
    }

    fn format_storage(&self) {
        let mut command = self.java("kafka.tools.StorageTool");
        let settings_file = self.settings_file().display().to_string();
        // Any 16 bytes in base64 are an id; data folders are never shared, so one is enough.
        let cluster_id = "cHJvbW9ndWFyZHRlc3RzMQ";
        command.extend(["format", "-t", cluster_id, "-c", &settings_file].map(str::to_owned));
        let output = Command::new(&command[0]).args(&command[1..]).output();
        let output = output.unwrap_or_else(|error| no_java(&error));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "cannot format the broker's storage: {errors}"
        );
    }

    fn try_start(&mut self) -> Result<(), StartError> {
        let mut java = self.java("kafka.Kafka");
        java.push(self.settings_file().display().to_string());
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "broker"])
            .args(java)
            .env("DATA", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("there is a shell");
        let output = keeper.stdout.take().expect("it is piped");
        let log = File::options()
            .append(true)
            .open(&self.log)
            .expect("made by start");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The log is for people; a test does not fail for want of it.
                let _ = writeln!(&log, "{line}");
                let _ = sender.send(line);
            }
        });
        self.running = Some(Running { keeper, lines });
        self.await_line(READY).inspect_err(|_| self.kill())
    }

    fn await_line(&self, wanted: &str) -> Result<(), StartError> {
        let running = self.running.as_ref().expect("just started");
        loop {
            match running.lines.recv_timeout(READY_WITHIN) {
                Ok(line) if line.contains(wanted) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(StartError::Ended),
                Err(RecvTimeoutError::Timeout) => return Err(StartError::Late),
            }
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("the broker {what}, see {}", self.log.display());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        match self.running.take() {
            // Closing its standard input makes the keeper kill the broker and remove its data.
            Some(mut running) => {
                drop(running.keeper.stdin.take());
                let _ = running.keeper.wait();
            }
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

fn settings(log_folder: &Path, port: u16, controller_port: u16) -> String {
    let log_folder = log_folder.display();
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_folder}
auto.create.topics.enable=false
# One node, so one copy; one partition of what is internal, so that it is there at once.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
# A node that was killed may register again when its earlier life has timed out.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
# Members that vanish are noticed within a test.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=3000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
# So is retention.
log.initial.task.delay.ms=500
log.retention.check.interval.ms=500
log.segment.delete.delay.ms=500
"
    )
}

/// Two free ports of loopback, held until both are known.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("loopback is there"));
    listeners.map(|listener| listener.local_addr().expect("it listens").port())
}

/// The folder with the broker's jars: from Maven Central once, from the target folder after that.
fn jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/pom.xml");
        // Named after what the pom says, so that a change of it is a new folder.
        let version = fs::read(&pom)
            .expect("it is part of the sources")
            .into_iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let folder = base.join(format!("kafka-jars-{version:016x}"));
        if !folder.exists() {
            let unfinished = base.join(format!("kafka-jars-{}", std::process::id()));
            fetch_jars(&pom, &unfinished);
            // Whoever comes second finds the folder taken, and just as good.
            if fs::rename(&unfinished, &folder).is_err() {
                fs::remove_dir_all(&unfinished).expect("it was just made");
            }
        }
        folder
    })
}

fn fetch_jars(pom: &Path, folder: &Path) {
    let output = Command::new("mvn")
        .args(["-B", "-q", "-f"])
        .arg(pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot run mvn ({error}): install Debian's `maven` and `default-jre-headless`")
        });
    assert!(
        output.status.success(),
        "cannot fetch the broker's jars from Maven Central:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

fn no_java(error: &std::io::Error) -> ! {
    panic!("cannot run java ({error}): install Debian's `default-jre-headless`, 17 or newer")
}
