//! One seed: the schedule of failures, and the verdict.

use std::collections::BTreeMap;

use promoguard_pipeline::commit::{IdleStep, manifest_name};

use crate::chance::Chance;
use crate::logs::Logs;
use crate::machine::reference;
use crate::node::{Node, World};
use crate::output::Output;
use crate::sabotage::Sabotage;
use crate::store::Store;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A flag was published that no manifest contains.
    PublishedUncommitted,
    /// Two texts under one flag and revision.
    Conflict,
    /// A node believed that its manifest is part of the chain, and it is not.
    FalseCommit {
        /// Number of the manifest.
        seq: u64,
    },
    /// A node was told that it was replaced, and nobody replaced it.
    FalseFence {
        /// Number of its next manifest.
        seq: u64,
    },
    /// An owner committed after another one had taken over.
    OldOwnerCommitted {
        /// Number of the manifest.
        seq: u64,
    },
    /// A node wants records that the broker has deleted.
    Gap {
        /// Number of the log.
        log: usize,
    },
    /// A chain could not be restored.
    Refused(String),
    /// What was counted differs from what the logs say.
    Totals,
    /// Flags that were not published, or that the logs do not imply.
    Flags,
    /// A bad record left no dead letter.
    DeadLetters,
    /// The faults were over for long, and not everything was applied.
    NoProgress,
}

/// What a run was like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Broken promises, in the order in which they were noticed.
    pub violations: Vec<Violation>,
    /// Manifests in the chain.
    pub manifests: u64,
    /// Take-overs that succeeded.
    pub takeovers: u64,
    /// Nodes that were killed.
    pub kills: u64,
    /// Flags there are.
    pub flags: u64,
    /// Flags that were published, repeats included.
    pub appended: u64,
    /// Of the whole run, for comparing two runs of one seed.
    pub trace: u64,
}

/// Virtual time of the faults.
const FAULTS_MS: u64 = 12_000;
/// By then everything must be applied, without further faults.
const PATIENCE_MS: u64 = 60_000;
/// Length of a moment.
const TICK_MS: u64 = 10;

/// Runs one seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Report {
    let mut chance = Chance::new(seed);
    let nodes = chance.between(1, 4) as usize;
    // Damage at rest forgets steps of the clock, so it has seeds of its own without them.
    let damage = chance.in_thousand(250);
    let store_faults = [0, 20, 80, 200][chance.below(4) as usize];
    let records = chance.between(30, 90);
    let logs = Logs::new(&mut chance, records, FAULTS_MS);
    let mut store = Store::new(store_faults);
    let mut output = Output::default();
    let mut nodes: Vec<Node> = (0..nodes).map(Node::new).collect();
    let mut report = Report::default();
    let mut now = 0;
    let mut over = false;
    // The newest manifest when something was damaged last.
    let mut damaged = 0;
    while now < FAULTS_MS + PATIENCE_MS {
        now += TICK_MS;
        if now >= FAULTS_MS && !over {
            over = true;
            store.faults = 0;
        }
        let mut violations = std::mem::take(&mut report.violations);
        let mut world = World {
            now,
            logs: &logs,
            store: &mut store,
            output: &mut output,
            chance: &mut chance,
            sabotage,
            idle_steps: !damage,
            violations: &mut violations,
        };
        if over {
            assign_for_good(&mut nodes);
        } else {
            report.kills += disturb(&mut nodes, &mut world, damage, &mut damaged);
        }
        let first = world.chance.below(nodes.len() as u64) as usize;
        for turn in 0..nodes.len() {
            let node = (first + turn) % nodes.len();
            nodes[node].step(&mut world);
        }
        store.advance(&mut chance, now);
        output.advance(now);
        report.violations = violations;
        report.trace = mix(
            report.trace,
            output.appended ^ (store.chain.len() as u64) << 32,
        );
        if over && nodes[0].is_through(&logs) && output.is_acknowledged(0) {
            break;
        }
    }
    let is_through = nodes[0].is_through(&logs);
    judge(&mut report, is_through, &logs, &store, &output, &nodes);
    report
}

/// Kills, freezes, reassigns and damages.
fn disturb(nodes: &mut [Node], world: &mut World<'_>, damage: bool, damaged: &mut u64) -> u64 {
    let mut kills = 0;
    for node in nodes.iter_mut() {
        if world.chance.in_thousand(4) {
            node.kill(world);
            kills += 1;
        }
        if world.chance.in_thousand(3) {
            let until = world.now + world.chance.between(100, 12_000);
            node.freeze(until);
        }
        // Told late, or told twice: two nodes may be told that the logs are theirs.
        if world.chance.in_thousand(6) {
            node.assigned = !node.assigned;
        }
    }
    if nodes.iter().all(|node| !node.assigned) {
        let node = world.chance.below(nodes.len() as u64) as usize;
        nodes[node].assigned = true;
    }
    // Twice or so in a run, when nobody has the bytes in memory.
    let newest = world
        .store
        .chain
        .last_key_value()
        .map_or(0, |(seq, _)| *seq);
    if damage && newest >= *damaged + 4 && world.chance.in_thousand(4) {
        *damaged = newest;
        for node in nodes.iter_mut() {
            node.kill(world);
            kills += 1;
        }
        damage_newest(world);
    }
    kills
}

fn damage_newest(world: &mut World<'_>) {
    let Some((seq, link)) = world.store.chain.last_key_value() else {
        return;
    };
    let newest_segment = link.manifest.segments.last().map(|s| s.name.clone());
    let manifest = manifest_name(*seq);
    let name = match newest_segment {
        Some(segment) if world.chance.in_thousand(400) => segment,
        _ => manifest,
    };
    world.store.damage(world.chance, &name);
}

/// The faults are over: the first node has the logs, and lives.
fn assign_for_good(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        node.assigned = node.number == 0;
    }
}

fn judge(
    report: &mut Report,
    is_through: bool,
    logs: &Logs,
    store: &Store,
    output: &Output,
    nodes: &[Node],
) {
    report.manifests = store.chain.len() as u64;
    report.takeovers = nodes.iter().map(|node| node.takeovers).sum();
    report.appended = output.appended;
    report.flags = output.flags.len() as u64;
    find_old_owners(report, store);
    if !is_through {
        report.violations.push(Violation::NoProgress);
        return;
    }
    let (totals, flags) = reference(logs, &steps_of_chain(store));
    if nodes[0].machine().map(|machine| machine.totals()) != Some(totals) {
        report.violations.push(Violation::Totals);
    }
    let flags: BTreeMap<Vec<u8>, Vec<u8>> = flags
        .into_iter()
        .map(|flag| (flag.key.unwrap_or_default(), flag.payload))
        .collect();
    if flags != output.flags {
        report.violations.push(Violation::Flags);
    }
    let is_missing = |log: usize, offset: usize| {
        logs.0[log][offset].bad && !output.dead_letters.contains(&(log, offset as i64))
    };
    if logs
        .0
        .iter()
        .enumerate()
        .any(|(log, records)| (0..records.len()).any(|offset| is_missing(log, offset)))
    {
        report.violations.push(Violation::DeadLetters);
    }
}

/// The steps of quiet logs on the way from the last manifest back to the first.
fn steps_of_chain(store: &Store) -> Vec<IdleStep> {
    let mut steps = Vec::new();
    let mut next = store.chain.last_key_value().map(|(seq, _)| *seq);
    while let Some(link) = next.and_then(|seq| store.chain.get(&seq)) {
        steps.extend(link.manifest.idle_steps.iter().cloned());
        next = (link.manifest.follows > 0).then_some(link.manifest.follows);
    }
    steps
}

/// After a take-over no writer of before it commits.
fn find_old_owners(report: &mut Report, store: &Store) {
    let mut newest_epoch = 0;
    let mut writers: BTreeMap<u64, u64> = BTreeMap::new();
    for (seq, link) in &store.chain {
        let manifest = &link.manifest;
        let epoch_of_writer = *writers.entry(manifest.nonce).or_insert(manifest.epoch);
        if epoch_of_writer < newest_epoch || epoch_of_writer != manifest.epoch {
            report
                .violations
                .push(Violation::OldOwnerCommitted { seq: *seq });
        }
        newest_epoch = newest_epoch.max(manifest.epoch);
    }
}

fn mix(trace: u64, word: u64) -> u64 {
    (trace ^ word)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(17)
}
