//! One commit: segments first, then the manifest that makes them count.

use std::collections::{BTreeMap, VecDeque};

use super::chain::{Head, Reply, Request, Step};
use super::manifest::{IdleStep, LogName, Manifest, OutboxRecord, SegmentRef};
use super::names::{MANIFEST_PREFIX, manifest_name, manifest_seq};

/// What an owner wants to commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The next record of every log: what the state contains, and nothing beyond it.
    pub next_offsets: BTreeMap<LogName, i64>,
    /// Steps of quiet logs since the head.
    pub idle_steps: Vec<IdleStep>,
    /// Segments of the head that stay, oldest first.
    pub kept: Vec<SegmentRef>,
    /// New segments, after the kept ones, with their bytes.
    pub new: Vec<(SegmentRef, Vec<u8>)>,
    /// Outputs to publish once this is committed.
    pub outbox: Vec<OutboxRecord>,
    /// Exact totals.
    pub counters: BTreeMap<String, u64>,
    /// Hash of the settings of the judge.
    pub detector: String,
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is part of the chain: its outbox may be published.
    Committed(Box<Head>),
    /// Somebody else owns the chain: state, outbox and buffers are void, and nothing of them may
    /// be published.
    Fenced,
}

#[derive(Debug)]
enum Phase {
    Segments,
    Create,
    /// The answer to the creation was unclear: what stands there?
    Look,
    /// It was created, after so long that the place may have been vacated: is it the newest?
    Newest,
}

/// A commit on its way.
#[derive(Debug)]
pub struct Commit {
    head: Head,
    bytes: Vec<u8>,
    to_put: VecDeque<(String, Vec<u8>)>,
    phase: Phase,
    doubtful: bool,
}

impl Commit {
    /// Begins the commit after `head` by its owner, who last committed `since_commit_ms` ago. After
    /// more than a quarter of `grace_ms`, for which old manifests are kept, the owner makes sure
    /// that it did not create a number that was used and tidied away: it may have been frozen.
    pub fn begin(
        head: &Head,
        draft: Draft,
        since_commit_ms: u64,
        grace_ms: u64,
    ) -> (Self, Step<CommitOutcome>) {
        let last = &head.manifest;
        let new = draft.new.iter().map(|(segment, _)| segment.clone());
        let manifest = Manifest {
            identity: last.identity.clone(),
            seq: last.seq + 1,
            epoch: last.epoch,
            nonce: last.nonce,
            follows: last.seq,
            previous: head.digest,
            detector: draft.detector,
            next_offsets: draft.next_offsets,
            idle_steps: draft.idle_steps,
            segments: draft.kept.into_iter().chain(new).collect(),
            outbox: draft.outbox,
            counters: draft.counters,
        };
        let puts = draft.new.into_iter().map(|(s, bytes)| (s.name, bytes));
        Self::of(manifest, puts.collect(), since_commit_ms > grace_ms / 4)
    }

    /// Begins with a finished manifest: a take-over.
    pub(crate) fn of(
        manifest: Manifest,
        to_put: VecDeque<(String, Vec<u8>)>,
        doubtful: bool,
    ) -> (Self, Step<CommitOutcome>) {
        let bytes = manifest.to_bytes();
        let digest = Manifest::digest_of(&bytes);
        let mut commit = Self {
            head: Head { manifest, digest },
            bytes,
            to_put,
            phase: Phase::Segments,
            doubtful,
        };
        let step = Step::Ask(commit.request());
        (commit, step)
    }

    /// What the store answered to the last request.
    pub fn answer(&mut self, reply: Reply) -> Step<CommitOutcome> {
        match (&self.phase, reply) {
            (Phase::Segments, Reply::Done) => {
                self.to_put.pop_front();
                Step::Ask(self.request())
            }
            (Phase::Create, Reply::Done) => self.created(),
            // A name that is taken may be ours: the answer to a first attempt may have been lost.
            (Phase::Create, _) => self.go_to(Phase::Look),
            (Phase::Look, Reply::Bytes(found)) if found == self.bytes => self.created(),
            (Phase::Look, Reply::Bytes(found)) => match Manifest::from_bytes(&found) {
                Ok(_) => Step::Done(CommitOutcome::Fenced),
                // Damaged on its way, or where it lies: asked again, and in the end up to whoever
                // takes over next.
                Err(_) => Step::Retry(self.request()),
            },
            (Phase::Look, Reply::Absent) => {
                self.phase = Phase::Create;
                Step::Retry(self.request())
            }
            (Phase::Newest, Reply::Listed(objects)) => {
                let newest = objects.iter().filter_map(|o| manifest_seq(&o.name)).max();
                if newest > Some(self.head.manifest.seq) {
                    Step::Done(CommitOutcome::Fenced)
                } else {
                    self.committed()
                }
            }
            (Phase::Segments | Phase::Look | Phase::Newest, _) => Step::Retry(self.request()),
        }
    }

    fn created(&mut self) -> Step<CommitOutcome> {
        match self.doubtful {
            true => self.go_to(Phase::Newest),
            false => self.committed(),
        }
    }

    fn committed(&self) -> Step<CommitOutcome> {
        Step::Done(CommitOutcome::Committed(Box::new(self.head.clone())))
    }

    fn go_to(&mut self, phase: Phase) -> Step<CommitOutcome> {
        self.phase = phase;
        Step::Ask(self.request())
    }

    fn request(&mut self) -> Request {
        let name = manifest_name(self.head.manifest.seq);
        match self.phase {
            Phase::Segments => match self.to_put.front() {
                Some((name, bytes)) => Request::Put(name.clone(), bytes.clone()),
                None => {
                    self.phase = Phase::Create;
                    Request::Create(name, self.bytes.clone())
                }
            },
            Phase::Create => Request::Create(name, self.bytes.clone()),
            Phase::Look => Request::Get(name),
            Phase::Newest => Request::List(MANIFEST_PREFIX),
        }
    }
}
