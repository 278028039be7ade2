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
    /// The owner may have been frozen for so long that what it uploaded was tidied away: it begins
    /// again with a take-over, as after being fenced. What it committed is found then.
    Frozen,
}

#[derive(Debug)]
enum Phase {
    Segments,
    Create,
    /// The answer to the creation was unclear: what stands there?
    Look,
    /// It was created: is it the newest?
    Newest,
}

/// A commit on its way.
#[derive(Debug)]
pub struct Commit {
    head: Head,
    bytes: Vec<u8>,
    to_put: VecDeque<(String, Vec<u8>)>,
    phase: Phase,
    /// After so long without a commit the owner may have been frozen. `None`: it is about to become
    /// the owner, and looks whether it is the newest.
    patience_ms: Option<u64>,
}

impl Commit {
    /// Begins the commit after `head` by its owner. Old manifests are kept for `grace_ms`.
    pub fn begin(head: &Head, draft: Draft, grace_ms: u64) -> (Self, Step<CommitOutcome>) {
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
        Self::of(manifest, puts.collect(), Some(grace_ms / 4))
    }

    /// Begins with a finished manifest: a take-over.
    pub(crate) fn of(
        manifest: Manifest,
        to_put: VecDeque<(String, Vec<u8>)>,
        patience_ms: Option<u64>,
    ) -> (Self, Step<CommitOutcome>) {
        let bytes = manifest.to_bytes();
        let digest = Manifest::digest_of(&bytes);
        let mut commit = Self {
            head: Head { manifest, digest },
            bytes,
            to_put,
            phase: Phase::Segments,
            patience_ms,
        };
        let step = Step::Ask(commit.request());
        (commit, step)
    }

    /// What the store answered to the last request. `since_proven_ms` is how long ago that request
    /// was *sent* whose answer ended the owner's commit or take-over before this one: an answer may
    /// have waited for an owner that was frozen. When that is long ago, the number that was created
    /// may have been used and tidied away meanwhile: the owner begins again.
    pub fn answer(&mut self, reply: Reply, since_proven_ms: u64) -> Step<CommitOutcome> {
        match (&self.phase, reply) {
            (Phase::Segments, Reply::Done) => {
                self.to_put.pop_front();
                Step::Ask(self.request())
            }
            (Phase::Create, Reply::Done) => self.created(since_proven_ms),
            // A name that is taken may be ours: the answer to a first attempt may have been lost.
            (Phase::Create, _) => self.go_to(Phase::Look),
            (Phase::Look, Reply::Bytes(found)) if found == self.bytes => {
                self.created(since_proven_ms)
            }
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

    fn created(&mut self, since_proven_ms: u64) -> Step<CommitOutcome> {
        match self.patience_ms {
            None => self.go_to(Phase::Newest),
            Some(patience_ms) if since_proven_ms > patience_ms => Step::Done(CommitOutcome::Frozen),
            Some(_) => self.committed(),
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
