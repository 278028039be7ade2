//! Becoming the owner: restore the newest state that is whole, then put a manifest of one's own
//! after everything that is there. From that instant every earlier owner is fenced.

use std::collections::{BTreeMap, VecDeque};

use super::chain::{Head, Reply, Request, Step};
use super::commit_step::{Commit, CommitOutcome};
use super::frame::FrameError;
use super::manifest::{Identity, Manifest, MismatchError};
use super::names::{MANIFEST_PREFIX, manifest_name, manifest_seq};
use super::segment::{Segment, fold};

/// Manifests that may be stepped over because they, or segments of theirs, are damaged.
const FALLBACK_MAX: usize = 64;
/// How often an object that reads as damaged is read again: it may be damaged on its way only.
const READS_MAX: u32 = 8;

/// The state of a chain, and the right to go on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The manifest of the take-over; its outbox is to be published first.
    pub head: Head,
    /// The state.
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Manifests that were stepped over, newest first, each with what was wrong.
    pub skipped: Vec<(u64, String)>,
}

/// Whether a chain may begin with nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// There must be state: none means a wrong place.
    Refused,
    /// An empty store becomes a chain.
    Allowed,
    /// Whatever is there is left behind, and earlier owners are fenced all the same.
    Wanted,
}

/// Why there is nothing to go on with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing that is there can be read. Never taken for an empty store.
    #[error(
        "none of the newest manifests can be restored: {}",
        .0.iter().map(|(seq, why)| format!("{seq} ({why})")).collect::<Vec<_>>().join(", ")
    )]
    Damaged(Vec<(u64, String)>),
    /// It is the state of something else.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// It was written by a newer version of this program.
    #[error("manifest {seq} was {error}")]
    Newer {
        /// Its number.
        seq: u64,
        /// The formats.
        error: FrameError,
    },
    /// There is no chain, and beginning one was not asked for.
    #[error("there is no checkpoint")]
    Empty,
}

/// How a take-over ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeoverOutcome {
    /// The chain is owned.
    Owned(Box<Restored>),
    /// Another owner was faster: begin again.
    Outrun,
    /// It cannot be restored.
    Refused(Refusal),
}

#[derive(Debug)]
enum Phase {
    List,
    Manifest,
    Segments {
        candidate: Box<Head>,
        read: Vec<Segment>,
    },
    /// Something is missing or damaged: or was it tidied away, because an owner went on?
    Again(String),
    Create(Box<Commit>),
}

/// A take-over on its way.
#[derive(Debug)]
pub struct Takeover {
    present: Identity,
    nonce: u64,
    beginning: Beginning,
    newest: u64,
    /// Newest first.
    candidates: VecDeque<u64>,
    /// Objects that damaged reads were answered for so often.
    reads: u32,
    skipped: Vec<(u64, String)>,
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    phase: Phase,
}

impl Takeover {
    /// Begins: `nonce` is new with each take-over.
    pub fn begin(
        present: Identity,
        nonce: u64,
        beginning: Beginning,
    ) -> (Self, Step<TakeoverOutcome>) {
        let takeover = Self {
            present,
            nonce,
            beginning,
            newest: 0,
            candidates: VecDeque::new(),
            reads: 0,
            skipped: Vec::new(),
            state: BTreeMap::new(),
            phase: Phase::List,
        };
        (takeover, Step::Ask(Request::List(MANIFEST_PREFIX)))
    }

    /// What the store answered to the last request.
    pub fn answer(&mut self, reply: Reply) -> Step<TakeoverOutcome> {
        match std::mem::replace(&mut self.phase, Phase::List) {
            Phase::List => self.listed(reply),
            Phase::Manifest => self.read_manifest(reply),
            Phase::Segments { candidate, read } => self.read_segment(candidate, read, reply),
            Phase::Again(why) => self.listed_again(why, reply),
            Phase::Create(mut commit) => {
                let step = commit.answer(reply, 0);
                self.creating(commit, step)
            }
        }
    }

    fn listed(&mut self, reply: Reply) -> Step<TakeoverOutcome> {
        let Reply::Listed(objects) = reply else {
            return Step::Retry(Request::List(MANIFEST_PREFIX));
        };
        let mut seqs: Vec<u64> = objects
            .iter()
            .filter_map(|o| manifest_seq(&o.name))
            .collect();
        seqs.sort_unstable_by(|a, b| b.cmp(a));
        let Some(newest) = seqs.first() else {
            return match self.beginning {
                Beginning::Refused => Step::Done(TakeoverOutcome::Refused(Refusal::Empty)),
                Beginning::Allowed | Beginning::Wanted => self.create(None),
            };
        };
        self.newest = *newest;
        if self.beginning == Beginning::Wanted {
            return self.create(None);
        }
        self.candidates = seqs.into_iter().take(FALLBACK_MAX).collect();
        self.next_manifest()
    }

    fn next_manifest(&mut self) -> Step<TakeoverOutcome> {
        self.reads = 0;
        let Some(seq) = self.candidates.front() else {
            let skipped = std::mem::take(&mut self.skipped);
            return Step::Done(TakeoverOutcome::Refused(Refusal::Damaged(skipped)));
        };
        self.phase = Phase::Manifest;
        Step::Ask(Request::Get(manifest_name(*seq)))
    }

    fn read_manifest(&mut self, reply: Reply) -> Step<TakeoverOutcome> {
        let seq = *self.candidates.front().expect("it was asked for");
        let bytes = match reply {
            Reply::Bytes(bytes) => bytes,
            Reply::Absent => return self.step_over("missing".to_owned()),
            _ => {
                self.phase = Phase::Manifest;
                return Step::Retry(Request::Get(manifest_name(seq)));
            }
        };
        let manifest = match Manifest::from_bytes(&bytes) {
            Ok(manifest) if manifest.seq == seq => manifest,
            Err(error @ FrameError::Format { .. }) => {
                let refusal = Refusal::Newer { seq, error };
                return Step::Done(TakeoverOutcome::Refused(refusal));
            }
            other => {
                if self.may_read_again() {
                    self.phase = Phase::Manifest;
                    return Step::Retry(Request::Get(manifest_name(seq)));
                }
                let why = other.err().unwrap_or(FrameError::Content).to_string();
                return self.step_over(why);
            }
        };
        if let Err(mismatch) = manifest.identity.admits(&self.present) {
            return Step::Done(TakeoverOutcome::Refused(mismatch.into()));
        }
        let digest = Manifest::digest_of(&bytes);
        self.reads = 0;
        let candidate = Box::new(Head { manifest, digest });
        self.next_segment(candidate, Vec::new())
    }

    fn next_segment(&mut self, candidate: Box<Head>, read: Vec<Segment>) -> Step<TakeoverOutcome> {
        let Some(next) = candidate.manifest.segments.get(read.len()) else {
            self.state = fold(read);
            return self.create(Some(*candidate));
        };
        let request = Request::Get(next.name.clone());
        self.phase = Phase::Segments { candidate, read };
        Step::Ask(request)
    }

    fn read_segment(
        &mut self,
        candidate: Box<Head>,
        mut read: Vec<Segment>,
        reply: Reply,
    ) -> Step<TakeoverOutcome> {
        let wanted = candidate.manifest.segments[read.len()].clone();
        let why = match reply {
            Reply::Bytes(bytes) => match wanted.open(&bytes) {
                Ok(segment) => {
                    read.push(segment);
                    self.reads = 0;
                    return self.next_segment(candidate, read);
                }
                Err(_) if self.may_read_again() => None,
                Err(error) => Some(format!("segment {}: {error}", wanted.name)),
            },
            Reply::Absent => Some(format!("segment {} is missing", wanted.name)),
            _ => None,
        };
        match why {
            Some(why) => self.step_over(why),
            None => {
                self.phase = Phase::Segments { candidate, read };
                Step::Retry(Request::Get(wanted.name))
            }
        }
    }

    fn may_read_again(&mut self) -> bool {
        self.reads += 1;
        self.reads < READS_MAX
    }

    fn step_over(&mut self, why: String) -> Step<TakeoverOutcome> {
        self.phase = Phase::Again(why);
        Step::Ask(Request::List(MANIFEST_PREFIX))
    }

    fn listed_again(&mut self, why: String, reply: Reply) -> Step<TakeoverOutcome> {
        let Reply::Listed(objects) = reply else {
            self.phase = Phase::Again(why);
            return Step::Retry(Request::List(MANIFEST_PREFIX));
        };
        let newest = objects.iter().filter_map(|o| manifest_seq(&o.name)).max();
        if newest > Some(self.newest) {
            return Step::Done(TakeoverOutcome::Outrun);
        }
        let seq = self.candidates.pop_front().expect("it was asked for");
        self.skipped.push((seq, why));
        self.next_manifest()
    }

    fn create(&mut self, from: Option<Head>) -> Step<TakeoverOutcome> {
        let seq = self.newest + 1;
        let manifest = match from {
            Some(head) => Manifest {
                seq,
                epoch: seq,
                nonce: self.nonce,
                follows: head.manifest.seq,
                previous: head.digest,
                idle_steps: Vec::new(),
                ..head.manifest
            },
            None => Manifest {
                identity: self.present.clone(),
                seq,
                epoch: seq,
                nonce: self.nonce,
                follows: 0,
                previous: [0; 32],
                detector: String::new(),
                next_offsets: BTreeMap::new(),
                idle_steps: Vec::new(),
                segments: Vec::new(),
                outbox: Vec::new(),
                counters: BTreeMap::new(),
            },
        };
        // What was listed may be old news by now: the place is then taken, or there is a newer one.
        let (commit, step) = Commit::of(manifest, VecDeque::new(), None);
        self.creating(Box::new(commit), step)
    }

    fn creating(
        &mut self,
        commit: Box<Commit>,
        step: Step<CommitOutcome>,
    ) -> Step<TakeoverOutcome> {
        match step {
            Step::Done(CommitOutcome::Committed(head)) => {
                Step::Done(TakeoverOutcome::Owned(Box::new(Restored {
                    head: *head,
                    state: std::mem::take(&mut self.state),
                    skipped: std::mem::take(&mut self.skipped),
                })))
            }
            Step::Done(CommitOutcome::Fenced | CommitOutcome::Frozen) => {
                Step::Done(TakeoverOutcome::Outrun)
            }
            Step::Ask(request) => {
                self.phase = Phase::Create(commit);
                Step::Ask(request)
            }
            Step::Retry(request) => {
                self.phase = Phase::Create(commit);
                Step::Retry(request)
            }
        }
    }
}
