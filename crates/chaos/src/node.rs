//! A process: takes over, reads, commits, publishes, tidies, and dies.

use std::collections::VecDeque;

use promoguard_pipeline::commit::{
    Beginning, Commit, CommitOutcome, Draft, Head, Identity, Manifest, OutboxRecord, Reply,
    Request, Restored, Segment, SegmentRef, Step, Takeover, TakeoverOutcome, Tidy, TidyRule,
    merge_from, segment_name,
};

use crate::chance::Chance;
use crate::logs::{LOGS, Logs, SLACK_MS, name_of};
use crate::machine::Machine;
use crate::output::Output;
use crate::run::Violation;
use crate::sabotage::Sabotage;
use crate::store::{Store, TIMEOUT_MS};

/// For how long what is tidied away stays at least.
const GRACE_MS: u64 = 8_000;
/// A log is quiet after so long at its end.
const IDLE_MS: u64 = 300;

/// Everything around a node.
pub(crate) struct World<'a> {
    pub(crate) now: u64,
    pub(crate) logs: &'a Logs,
    pub(crate) store: &'a mut Store,
    pub(crate) output: &'a mut Output,
    pub(crate) chance: &'a mut Chance,
    pub(crate) sabotage: Option<Sabotage>,
    /// Whether quiet logs follow the clock.
    pub(crate) idle_steps: bool,
    pub(crate) violations: &'a mut Vec<Violation>,
}

impl World<'_> {
    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}

/// A question to the store that is on its way, or to be sent after a pause.
enum Question {
    Sent {
        ticket: u64,
        until: u64,
        request: Request,
    },
    Later {
        at: u64,
        request: Request,
    },
}

/// A question and what came of it.
struct Answered {
    request: Request,
    reply: Reply,
    /// Whoever was frozen since then does not know how old the answer is.
    sent_at: u64,
}

impl Question {
    fn ask(world: &mut World<'_>, request: Request) -> Self {
        let ticket = world.store.send(world.chance, world.now, request.clone());
        let until = world.now + TIMEOUT_MS;
        Question::Sent {
            ticket,
            until,
            request,
        }
    }

    fn of<T>(world: &mut World<'_>, step: Step<T>) -> Result<Self, T> {
        match step {
            Step::Ask(request) => Ok(Self::ask(world, request)),
            Step::Retry(request) => {
                let at = world.now + world.chance.between(5, 200);
                Ok(Question::Later { at, request })
            }
            Step::Done(outcome) => Err(outcome),
        }
    }

    /// The answer, if there is one now.
    fn poll(self, world: &mut World<'_>) -> Result<Answered, Self> {
        match self {
            Question::Later { at, request } if at <= world.now => Err(Self::ask(world, request)),
            Question::Sent {
                ticket,
                until,
                request,
            } => {
                let reply = match world.store.receive(world.now, ticket) {
                    Some(reply) => reply,
                    None if until <= world.now => Reply::Unclear,
                    None => {
                        return Err(Question::Sent {
                            ticket,
                            until,
                            request,
                        });
                    }
                };
                Ok(Answered {
                    request,
                    reply,
                    sent_at: until - TIMEOUT_MS,
                })
            }
            later => Err(later),
        }
    }
}

/// An owner of the chain, as it believes.
struct Owner {
    head: Head,
    /// When that was asked which proved the head to be the newest.
    proven_at: u64,
    machine: Machine,
    quiet_since: [Option<u64>; LOGS],
    commit: Option<(Commit, Question)>,
    next_commit: u64,
    /// Committed and not sent yet.
    to_publish: VecDeque<OutboxRecord>,
    tidy: Option<(Tidy, Question)>,
    next_tidy: u64,
}

enum Life {
    Down {
        until: u64,
    },
    TakingOver(Box<Takeover>, Question),
    Owning(Box<Owner>),
    /// Told that it does not own the logs.
    Idle,
}

/// A process.
pub(crate) struct Node {
    pub(crate) number: usize,
    life: Life,
    frozen_until: u64,
    nonces: u64,
    pub(crate) assigned: bool,
    pub(crate) takeovers: u64,
}

impl Node {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            life: Life::Idle,
            frozen_until: 0,
            nonces: 0,
            assigned: false,
            takeovers: 0,
        }
    }

    /// Dies with everything in its memory.
    pub(crate) fn kill(&mut self, world: &mut World<'_>) {
        world.output.forget(self.number);
        let until = world.now + world.chance.between(10, 1_000);
        self.life = Life::Down { until };
    }

    /// Does nothing until then, and knows nothing of it.
    pub(crate) fn freeze(&mut self, until: u64) {
        self.frozen_until = until;
    }

    /// Whether everything was applied, committed and published.
    pub(crate) fn is_through(&self, logs: &Logs) -> bool {
        match &self.life {
            Life::Owning(owner) => {
                owner.machine.is_through(logs)
                    && owner.machine.dirty.is_empty()
                    && owner.machine.outbox.is_empty()
                    && owner.to_publish.is_empty()
                    && owner.commit.is_none()
            }
            _ => false,
        }
    }

    /// What the node counted, if it owns the logs.
    pub(crate) fn machine(&self) -> Option<&Machine> {
        match &self.life {
            Life::Owning(owner) => Some(&owner.machine),
            _ => None,
        }
    }

    /// Lives for a moment.
    pub(crate) fn step(&mut self, world: &mut World<'_>) {
        if world.now < self.frozen_until {
            return;
        }
        self.life = match std::mem::replace(&mut self.life, Life::Idle) {
            Life::Down { until } if world.now < until => Life::Down { until },
            Life::Down { .. } => Life::Idle,
            Life::Idle if self.assigned => self.take_over(world),
            Life::Idle => Life::Idle,
            Life::TakingOver(takeover, question) => self.taking_over(world, takeover, question),
            Life::Owning(owner) => self.own(world, owner),
        };
    }

    fn take_over(&mut self, world: &mut World<'_>) -> Life {
        self.nonces += 1;
        let nonce = (self.number as u64) << 32 | self.nonces;
        let (takeover, step) = Takeover::begin(identity(), nonce, Beginning::Allowed);
        match Question::of(world, step) {
            Ok(question) => Life::TakingOver(Box::new(takeover), question),
            Err(_) => Life::Idle,
        }
    }

    fn taking_over(
        &mut self,
        world: &mut World<'_>,
        mut takeover: Box<Takeover>,
        question: Question,
    ) -> Life {
        let Answered { reply, sent_at, .. } = match question.poll(world) {
            Ok(answered) => answered,
            Err(question) => return Life::TakingOver(takeover, question),
        };
        // A take-over that goes on without a manifest of its own.
        let skips = world.is(Sabotage::NoTakeoverManifest);
        let step = match takeover.answer(reply) {
            Step::Ask(Request::Create(..)) if skips => {
                return self.skip_manifest(world, &mut takeover, sent_at);
            }
            step => step,
        };
        match Question::of(world, step) {
            Ok(question) => Life::TakingOver(takeover, question),
            Err(TakeoverOutcome::Owned(restored)) => self.owned(world, *restored, sent_at),
            Err(TakeoverOutcome::Outrun) => Life::Idle,
            Err(TakeoverOutcome::Refused(refusal)) => {
                world
                    .violations
                    .push(Violation::Refused(refusal.to_string()));
                Life::Idle
            }
        }
    }

    /// Pretends that the manifest was created, and goes on from the one before it.
    fn skip_manifest(
        &mut self,
        world: &mut World<'_>,
        takeover: &mut Takeover,
        sent_at: u64,
    ) -> Life {
        let newest = world
            .store
            .chain
            .last_key_value()
            .map(|(_, link)| link.manifest.clone());
        takeover.answer(Reply::Done);
        let listed = takeover.answer(Reply::Listed(Vec::new()));
        let Step::Done(TakeoverOutcome::Owned(mut restored)) = listed else {
            return Life::Idle;
        };
        if let Some(newest) = newest {
            let bytes = newest.to_bytes();
            restored.head.digest = Manifest::digest_of(&bytes);
            restored.head.manifest = newest;
        }
        self.owned(world, *restored, sent_at)
    }

    fn owned(&mut self, world: &mut World<'_>, restored: Restored, sent_at: u64) -> Life {
        self.takeovers += 1;
        let empty = world.is(Sabotage::DamageIsEmpty) && !restored.skipped.is_empty();
        let machine = match empty {
            true => Machine::new(),
            false => Machine::restore(&restored.state),
        };
        let mut to_publish = VecDeque::from(restored.head.manifest.outbox.clone());
        if world.is(Sabotage::OutboxForgottenAtTakeover) {
            to_publish.clear();
        }
        Life::Owning(Box::new(Owner {
            head: restored.head,
            proven_at: sent_at,
            machine,
            quiet_since: [None; LOGS],
            commit: None,
            next_commit: world.now + 100,
            to_publish,
            tidy: None,
            next_tidy: world.now + 2_000,
        }))
    }

    fn own(&mut self, world: &mut World<'_>, mut owner: Box<Owner>) -> Life {
        owner.read(world, self.number);
        if let Some((commit, question)) = owner.commit.take()
            && !owner.committing(world, commit, question)
        {
            if world.is(Sabotage::FencedOutboxPublished) {
                let in_hand: Vec<_> = owner.machine.outbox.drain(..).collect();
                in_hand.iter().for_each(|record| publish(world, record));
            }
            if world.is(Sabotage::NoRestoreAfterFence) {
                return self.resume(world, owner);
            }
            return Life::Idle;
        }
        for _ in 0..world.chance.below(3) {
            if let Some(record) = owner.to_publish.pop_front() {
                publish(world, &record);
            }
        }
        owner.begin_commit(world, self.number);
        owner.tidy(world);
        Life::Owning(owner)
    }

    /// Goes on with its own state under the newest manifest.
    fn resume(&mut self, world: &mut World<'_>, mut owner: Box<Owner>) -> Life {
        if let Some((_, link)) = world.store.chain.last_key_value() {
            let bytes = link.manifest.to_bytes();
            owner.head.digest = Manifest::digest_of(&bytes);
            owner.head.manifest = link.manifest.clone();
        }
        Life::Owning(owner)
    }
}

impl Owner {
    fn read(&mut self, world: &mut World<'_>, node: usize) {
        for log in 0..LOGS {
            if self.machine.next[log] < world.store.retained_from(log) {
                // Somebody who was replaced without noticing may want what is gone.
                if world.store.is_newest_writer(self.head.manifest.nonce) {
                    world.violations.push(Violation::Gap { log });
                }
                return;
            }
            let end = world.logs.end(log, world.now);
            let mut budget = world.chance.below(6);
            while self.machine.next[log] < end && budget > 0 {
                self.machine.take(world.logs, log);
                self.quiet_since[log] = None;
                budget -= 1;
            }
            if self.machine.next[log] >= end {
                self.quiet_since[log].get_or_insert(world.now);
            } else {
                self.quiet_since[log] = None;
            }
        }
        for letter in std::mem::take(&mut self.machine.dead_letters) {
            let at = world.now + world.chance.between(1, 150);
            world.output.send_dead_letter(node, at, letter);
        }
        if world.idle_steps {
            self.follow_idle(world);
        }
    }

    fn follow_idle(&mut self, world: &mut World<'_>) {
        let is_idle =
            |log: usize| self.quiet_since[log].is_some_and(|since| world.now - since >= IDLE_MS);
        let busy = (0..LOGS).filter(|log| !is_idle(*log));
        let to = busy
            .map(|log| self.machine.watermark(log))
            .max()
            .unwrap_or(world.now as i64 - SLACK_MS);
        let idle: Vec<usize> = (0..LOGS).filter(|log| is_idle(*log)).collect();
        for log in idle {
            self.machine.step_idle(log, to);
        }
    }

    fn begin_commit(&mut self, world: &mut World<'_>, node: usize) {
        let is_busy = self.commit.is_some() || self.tidy.is_some();
        if is_busy || world.now < self.next_commit || !self.to_publish.is_empty() {
            return;
        }
        // Dead letters below the offsets must be there before the offsets are committed.
        let waits = !world.is(Sabotage::DeadLettersNotAwaited);
        if waits && !world.output.is_acknowledged(node) {
            return;
        }
        self.next_commit = world.now + world.chance.between(50, 400);
        let draft = self.draft(world);
        if world.is(Sabotage::PublishBeforeCommit) {
            draft
                .outbox
                .iter()
                .for_each(|record| publish(world, record));
        }
        let grace = match world.is(Sabotage::TidyWithoutGrace) {
            true => u64::MAX,
            false => GRACE_MS,
        };
        let (commit, step) = Commit::begin(&self.head, draft, grace);
        if let Ok(question) = Question::of(world, step) {
            self.commit = Some((commit, question));
        }
    }

    fn draft(&mut self, world: &mut World<'_>) -> Draft {
        let seq = self.head.manifest.seq + 1;
        let nonce = self.head.manifest.nonce;
        let with_waiting = !world.is(Sabotage::WaitingNotSaved);
        let mut segment = Segment::new(self.machine.changes(with_waiting));
        if !world.is(Sabotage::DirtyForgottenLate) {
            self.machine.dirty.clear();
        }
        if world.is(Sabotage::OffsetsAheadOfState) {
            segment = self.with_later_offsets(world, segment);
        }
        let mut kept = self.head.manifest.segments.clone();
        let sizes: Vec<u64> = kept.iter().map(|segment| segment.bytes).collect();
        if let Some(from) = merge_from(&sizes)
            && let Some(mut pieces) = read_pieces(world, &kept[from..])
        {
            kept.truncate(from);
            pieces.push(segment);
            segment = Segment::merge(pieces, from == 0);
        }
        let bytes = segment.to_bytes();
        let new = SegmentRef {
            name: segment_name(seq, nonce, 0),
            bytes: bytes.len() as u64,
            digest: Segment::digest_of(&bytes),
        };
        let steps = self.machine.take_idle_steps();
        let idle_steps = match world.is(Sabotage::IdleStepsNotRecorded) {
            true => Vec::new(),
            false => steps,
        };
        let next = self.machine.next;
        let next = next.into_iter().enumerate();
        Draft {
            next_offsets: next.map(|(log, offset)| (name_of(log), offset)).collect(),
            idle_steps,
            kept,
            new: vec![(new, bytes)],
            outbox: std::mem::take(&mut self.machine.outbox),
            ..Draft::default()
        }
    }

    /// Reads on, and writes the offsets of now beside the codes of before.
    fn with_later_offsets(&mut self, world: &mut World<'_>, codes: Segment) -> Segment {
        for log in 0..LOGS {
            if self.machine.next[log] < world.logs.end(log, world.now) {
                self.machine.take(world.logs, log);
            }
        }
        let dirty = std::mem::take(&mut self.machine.dirty);
        let rest = self.machine.changes(true);
        self.machine.dirty = dirty;
        Segment::new(codes.into_changes().into_iter().chain(rest))
    }

    /// False: fenced.
    fn committing(
        &mut self,
        world: &mut World<'_>,
        mut commit: Commit,
        question: Question,
    ) -> bool {
        let Answered {
            request,
            reply,
            sent_at,
        } = match question.poll(world) {
            Ok(answered) => answered,
            Err(question) => {
                self.commit = Some((commit, question));
                return true;
            }
        };
        let is_create = matches!(request, Request::Create(..));
        let reply = match reply {
            Reply::Exists if world.is(Sabotage::ExistsIsCommitted) => Reply::Done,
            Reply::Unclear if is_create && world.is(Sabotage::UnclearIsCommitted) => Reply::Done,
            Reply::Exists if world.is(Sabotage::ExistsIsFenced) => return self.fenced(world),
            Reply::Unclear if is_create && world.is(Sabotage::UnclearIsFenced) => {
                return self.fenced(world);
            }
            reply => reply,
        };
        let step = commit.answer(reply, world.now - self.proven_at);
        match Question::of(world, step) {
            Ok(question) => self.commit = Some((commit, question)),
            Err(CommitOutcome::Committed(head)) => self.committed(world, *head, sent_at),
            Err(CommitOutcome::Fenced) => return self.fenced(world),
            Err(CommitOutcome::Frozen) => return false,
        }
        true
    }

    fn committed(&mut self, world: &mut World<'_>, head: Head, sent_at: u64) {
        let seq = head.manifest.seq;
        let is_real = world
            .store
            .chain
            .get(&seq)
            .is_some_and(|link| link.manifest == head.manifest);
        if !is_real {
            world.violations.push(Violation::FalseCommit { seq });
        }
        if world.is(Sabotage::DirtyForgottenLate) {
            self.machine.dirty.clear();
        }
        self.to_publish.extend(head.manifest.outbox.iter().cloned());
        self.head = head;
        self.proven_at = sent_at;
    }

    /// Always false, so that whoever asks is fenced.
    fn fenced(&mut self, world: &mut World<'_>) -> bool {
        let by_other = world.store.chain.values().rev().any(|link| {
            link.manifest.seq > self.head.manifest.seq
                && link.manifest.nonce != self.head.manifest.nonce
        });
        if !by_other {
            let seq = self.head.manifest.seq + 1;
            world.violations.push(Violation::FalseFence { seq });
        }
        false
    }

    fn tidy(&mut self, world: &mut World<'_>) {
        if let Some((mut tidy, question)) = self.tidy.take() {
            match question.poll(world) {
                Err(question) => self.tidy = Some((tidy, question)),
                Ok(Answered { reply, .. }) => {
                    let step = tidy.answer(reply);
                    if let Ok(question) = Question::of(world, step) {
                        self.tidy = Some((tidy, question));
                    }
                }
            }
        } else if self.next_tidy <= world.now && self.commit.is_none() {
            self.next_tidy = world.now + world.chance.between(500, 3_000);
            let hasty = world.is(Sabotage::TidyWithoutGrace);
            let (tidy, step) = Tidy::begin(TidyRule {
                manifests_kept: if hasty { 1 } else { 12 },
                grace_ms: if hasty { 0 } else { GRACE_MS },
            });
            if let Ok(question) = Question::of(world, step) {
                self.tidy = Some((tidy, question));
            }
        }
    }
}

/// All of the pieces, or none where one cannot be read: then they stay as they are.
fn read_pieces(world: &World<'_>, pieces: &[SegmentRef]) -> Option<Vec<Segment>> {
    let read = |piece: &SegmentRef| {
        let bytes = world.store.peek(&piece.name)?;
        let is_whole = Segment::digest_of(bytes) == piece.digest;
        is_whole.then(|| Segment::from_bytes(bytes).ok()).flatten()
    };
    pieces.iter().map(read).collect()
}

fn publish(world: &mut World<'_>, record: &OutboxRecord) {
    let committed = world.store.chain.values().rev();
    let mut outboxes = committed.flat_map(|link| &link.manifest.outbox);
    if !outboxes.any(|of| of == record) {
        world.violations.push(Violation::PublishedUncommitted);
    }
    if !world.output.publish(record) {
        world.violations.push(Violation::Conflict);
    }
}

/// What the chains of the simulation are about.
pub(crate) fn identity() -> Identity {
    Identity {
        lineage: 1,
        partitions: 2,
        hash_key_fingerprint: 3,
        clicks: "clicks".to_owned(),
        orders: "orders".to_owned(),
    }
}
