//! The owner's hand on the checkpoints: takes over, commits in a thread of its own, tidies.
//!
//! Performs what `promoguard_pipeline::commit` asks for. A commit is never given up while its
//! outcome is open: until the store answers, nothing of it is published.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use promoguard_pipeline::commit::{
    Beginning, Change, Commit, CommitOutcome, Draft, Head, Identity, Refusal, Reply, Request,
    Restored, Segment, SegmentRef, Step, Takeover, TakeoverOutcome, Tidy, TidyRule, merge_from,
    segment_name,
};
use promoguard_storage::CheckpointStore;
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tracing::{info, warn};

use crate::http::Health;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::CommitResult;

/// Where checkpoints are kept and how often they are made.
#[derive(Clone, Debug)]
pub struct CheckpointSettings {
    /// A folder, or a URL of object storage.
    pub location: String,
    /// Between two checkpoints.
    pub interval: Duration,
    /// Outputs that may wait for a commit, in bytes; then reading pauses.
    pub outbox_bytes_max: usize,
    /// How much is kept.
    pub tidy: TidyRule,
}

/// What is to be committed: the state's changes, and what goes with them.
pub struct Job {
    /// Changes of the state since the last job.
    pub changes: Vec<Change>,
    /// Offsets, steps, outputs and counts. Its segments are added here.
    pub draft: Draft,
}

/// How a job ended.
#[derive(Debug)]
pub enum Outcome {
    /// The head of the chain; its outbox is to be published.
    Committed(Box<Head>),
    /// The state is void. Why.
    Lost(&'static str),
}

/// How long to wait before asking again, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long a take-over may take before the process gives up and says why.
const TAKEOVER_PATIENCE: Duration = Duration::from_secs(300);
/// Deleting is for disk space only, so seldom is soon enough.
const TIDY_EVERY_MS: u64 = 3_600_000;

/// The store of the checkpoints, and the commits that are on their way to it.
pub struct Checkpoints {
    settings: CheckpointSettings,
    store: CheckpointStore,
    telemetry: Telemetry,
    health: Health,
    committer: Option<Committer>,
}

struct Committer {
    jobs: SyncSender<Job>,
    outcomes: Receiver<Outcome>,
    is_busy: bool,
    give_up: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Opens the store and makes sure that it does what commits rely on.
    ///
    /// # Errors
    /// It does not.
    pub fn open(
        settings: &CheckpointSettings,
        telemetry: &Telemetry,
        health: &Health,
    ) -> Result<Self> {
        let store = CheckpointStore::open(&settings.location, std::env::vars())?;
        runtime()?.block_on(store.probe(random()?))?;
        Ok(Self {
            settings: settings.clone(),
            store,
            telemetry: telemetry.clone(),
            health: health.clone(),
            committer: None,
        })
    }

    /// As they were given.
    pub fn settings(&self) -> &CheckpointSettings {
        &self.settings
    }

    /// Restores the newest state and fences every earlier owner.
    ///
    /// # Errors
    /// There is nothing that can be continued; the message names the command that helps.
    pub fn take_over(&mut self, identity: &Identity, beginning: Beginning) -> Result<Restored> {
        self.release();
        let started = Instant::now();
        let mut asker = Asker::new(self.store.clone(), &self.telemetry, &self.health)?;
        loop {
            let (mut takeover, mut step) = Takeover::begin(identity.clone(), random()?, beginning);
            let outcome = loop {
                step = match step {
                    Step::Done(outcome) => break outcome,
                    Step::Ask(request) => takeover.answer(asker.ask(&request)),
                    Step::Retry(request) => {
                        if started.elapsed() > TAKEOVER_PATIENCE {
                            bail!(
                                "cannot take over the checkpoints at {}: {}",
                                self.store.place(),
                                asker
                                    .problem
                                    .as_deref()
                                    .unwrap_or("the store gives no answer")
                            );
                        }
                        asker.pause();
                        takeover.answer(asker.ask(&request))
                    }
                };
            };
            match outcome {
                TakeoverOutcome::Owned(restored) => {
                    self.report(&restored, started.elapsed());
                    self.start(restored.head.clone(), asker)?;
                    return Ok(*restored);
                }
                TakeoverOutcome::Outrun => {
                    info!("another process took over first; beginning again")
                }
                TakeoverOutcome::Refused(refusal) => return Err(self.refused(&refusal)),
            }
        }
    }

    /// Ends the commits of this owner; what is on its way may still succeed, and counts then for
    /// whoever takes over next.
    pub fn release(&mut self) {
        if let Some(committer) = self.committer.take() {
            committer.give_up.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a commit is on its way.
    pub fn is_busy(&self) -> bool {
        self.committer
            .as_ref()
            .is_some_and(|committer| committer.is_busy)
    }

    /// Begins a commit.
    ///
    /// # Panics
    /// While another one is on its way.
    pub fn submit(&mut self, job: Job) {
        let committer = self.committer.as_mut().expect("the chain is owned");
        assert!(!committer.is_busy, "one commit at a time");
        // The thread only ends after it told an outcome, or because it was given up.
        committer.is_busy = committer.jobs.send(job).is_ok();
    }

    /// The outcome of the commit on its way, if there is one within `patience`.
    pub fn poll(&mut self, patience: Duration) -> Option<Outcome> {
        let committer = self
            .committer
            .as_mut()
            .filter(|committer| committer.is_busy)?;
        let outcome = match committer.outcomes.recv_timeout(patience) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => Outcome::Lost("the thread that commits ended"),
        };
        committer.is_busy = false;
        if matches!(outcome, Outcome::Lost(_)) {
            self.committer = None;
        }
        Some(outcome)
    }

    fn report(&self, restored: &Restored, took: Duration) {
        for (seq, why) in &restored.skipped {
            warn!(manifest = seq, %why, "checkpoint cannot be read; going back to the one before it");
        }
        info!(
            place = self.store.place(),
            manifest = restored.head.manifest.follows,
            bytes = restored.head.manifest.state_bytes(),
            keys = restored.state.len(),
            outbox = restored.head.manifest.outbox.len(),
            seconds = took.as_secs_f64(),
            "took over the checkpoints"
        );
    }

    fn refused(&self, refusal: &Refusal) -> anyhow::Error {
        let place = self.store.place();
        let advice = match refusal {
            Refusal::Newer { .. } => "run the version that wrote it, or a later one",
            Refusal::Empty => {
                "if this deployment ran before, checkpoint.location names the wrong place; \
                 `promoguard run --rebuild` builds the state from what Kafka still has"
            }
            Refusal::Damaged(_) | Refusal::Mismatch(_) => {
                "`promoguard run --rebuild` builds the state anew from what Kafka still has"
            }
        };
        anyhow::anyhow!("cannot continue from the checkpoints at {place}: {refusal}; {advice}")
    }

    fn start(&mut self, head: Head, asker: Asker) -> Result<()> {
        let (jobs, jobs_of_thread) = sync_channel(1);
        let (outcomes_of_thread, outcomes) = sync_channel(1);
        let give_up = Arc::clone(&asker.give_up);
        let mut owner = Owner {
            head,
            asker,
            settings: self.settings.clone(),
            telemetry: self.telemetry.clone(),
            tidied_ms: 0,
        };
        owner.asker.prove();
        std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || owner.serve(&jobs_of_thread, &outcomes_of_thread))
            .context("cannot start the thread that commits")?;
        self.committer = Some(Committer {
            jobs,
            outcomes,
            is_busy: false,
            give_up,
        });
        Ok(())
    }
}

/// The thread that commits.
struct Owner {
    head: Head,
    asker: Asker,
    settings: CheckpointSettings,
    telemetry: Telemetry,
    tidied_ms: u64,
}

impl Owner {
    fn serve(&mut self, jobs: &Receiver<Job>, outcomes: &SyncSender<Outcome>) {
        while let Ok(job) = jobs.recv() {
            let Some(outcome) = self.commit(job) else {
                return;
            };
            let is_over = matches!(outcome, Outcome::Lost(_));
            if outcomes.send(outcome).is_err() || is_over {
                return;
            }
            self.tidy();
        }
    }

    /// `None`: given up.
    fn commit(&mut self, job: Job) -> Option<Outcome> {
        let started = Instant::now();
        let mut draft = job.draft;
        let bytes = self.add_segments(&mut draft, Segment::new(job.changes));
        let (mut commit, mut step) = Commit::begin(&self.head, draft, self.settings.tidy.grace_ms);
        let outcome = loop {
            let request = match step {
                Step::Done(outcome) => break outcome,
                Step::Ask(request) => request,
                Step::Retry(request) => {
                    self.telemetry.add_checkpoints(CommitResult::Failed, 1);
                    self.asker.pause();
                    request
                }
            };
            if self.asker.give_up.load(Ordering::Relaxed) {
                return None;
            }
            let reply = self.asker.ask(&request);
            step = commit.answer(reply, self.asker.since_proven_ms());
        };
        match outcome {
            CommitOutcome::Committed(mut head) => {
                self.asker.prove();
                // The next commit needs the chain, not a copy of the outputs.
                let outbox = std::mem::take(&mut head.manifest.outbox);
                self.head = (*head).clone();
                head.manifest.outbox = outbox;
                self.telemetry.add_checkpoints(CommitResult::Done, 1);
                self.telemetry.observe_checkpoint(
                    started.elapsed().as_secs_f64(),
                    bytes,
                    head.manifest.state_bytes(),
                );
                Some(Outcome::Committed(head))
            }
            CommitOutcome::Fenced => {
                self.telemetry.add_checkpoints(CommitResult::Fenced, 1);
                Some(Outcome::Lost("another process took over"))
            }
            CommitOutcome::Frozen => {
                self.telemetry.add_checkpoints(CommitResult::Fenced, 1);
                Some(Outcome::Lost("this process stood still for too long"))
            }
        }
    }

    /// Adds the changes as a segment, merged with older ones where it is time. Returns its size.
    fn add_segments(&mut self, draft: &mut Draft, mut segment: Segment) -> u64 {
        draft.kept = self.head.manifest.segments.clone();
        let sizes: Vec<u64> = draft.kept.iter().map(|segment| segment.bytes).collect();
        if let Some(from) = merge_from(&sizes) {
            match self.read_segments(&draft.kept[from..]) {
                Some(mut pieces) => {
                    draft.kept.truncate(from);
                    pieces.push(segment);
                    segment = Segment::merge(pieces, from == 0);
                }
                None => warn!("segments of the state cannot be read and stay unmerged"),
            }
        }
        if segment.is_empty() {
            return 0;
        }
        let manifest = &self.head.manifest;
        let name = segment_name(manifest.seq + 1, manifest.nonce, 0);
        let bytes = segment.to_bytes();
        let segment = SegmentRef::of(name, &bytes);
        let size = segment.bytes;
        draft.new = vec![(segment, bytes)];
        size
    }

    fn read_segments(&mut self, segments: &[SegmentRef]) -> Option<Vec<Segment>> {
        let read = |segment: &SegmentRef| match self.asker.ask(&Request::Get(segment.name.clone()))
        {
            Reply::Bytes(bytes) => segment.open(&bytes).ok(),
            _ => None,
        };
        segments.iter().map(read).collect()
    }

    fn tidy(&mut self) {
        let now = boot_ms();
        if self.tidied_ms > 0 && now.saturating_sub(self.tidied_ms) < TIDY_EVERY_MS {
            return;
        }
        self.tidied_ms = now;
        let (mut tidy, mut step) = Tidy::begin(self.settings.tidy);
        let deleted = loop {
            step = match step {
                Step::Done(deleted) => break deleted,
                Step::Ask(request) | Step::Retry(request) => tidy.answer(self.asker.ask(&request)),
            };
        };
        if deleted > 0 {
            info!(objects = deleted, "deleted old checkpoints");
        }
    }
}

/// Asks the store, and remembers when.
struct Asker {
    store: CheckpointStore,
    runtime: Runtime,
    health: Health,
    telemetry: Telemetry,
    give_up: Arc<AtomicBool>,
    /// What went wrong last.
    problem: Option<String>,
    pause: Duration,
    asked_ms: u64,
    proven_ms: u64,
}

impl Asker {
    fn new(store: CheckpointStore, telemetry: &Telemetry, health: &Health) -> Result<Self> {
        Ok(Self {
            store,
            runtime: runtime()?,
            health: health.clone(),
            telemetry: telemetry.clone(),
            give_up: Arc::default(),
            problem: None,
            pause: PAUSE_MIN,
            asked_ms: 0,
            proven_ms: 0,
        })
    }

    fn ask(&mut self, request: &Request) -> Reply {
        self.asked_ms = boot_ms();
        let served = self.runtime.block_on(self.store.serve(request));
        match served.problem {
            Some(problem) => {
                warn!(%problem, "the store of the checkpoints does not answer");
                self.health.not_ready("checkpoints", problem.clone());
                self.problem = Some(problem);
            }
            None if self.problem.is_some() => {
                self.problem = None;
                self.pause = PAUSE_MIN;
                self.health.ready("checkpoints");
            }
            None => {}
        }
        served.reply
    }

    fn pause(&mut self) {
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    /// The answer to the last question proved that this process owns the chain.
    fn prove(&mut self) {
        self.proven_ms = self.asked_ms;
        self.telemetry.set_checkpoint_time();
    }

    fn since_proven_ms(&self) -> u64 {
        boot_ms().saturating_sub(self.proven_ms)
    }
}

/// A clock that goes on while the machine sleeps, in ms.
fn boot_ms() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    (time.tv_sec as u64) * 1_000 + time.tv_nsec as u64 / 1_000_000
}

/// A number that nobody else has.
///
/// # Errors
/// The system has none to give.
pub fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty()).context("cannot get a random number")?;
    Ok(u64::from_le_bytes(bytes))
}

/// A runtime for the requests of one thread.
///
/// # Errors
/// The system refuses it.
pub fn runtime() -> Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_all()
        .build()
        .context("cannot start a runtime")
}
