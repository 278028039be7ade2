//! What may be deleted: what no kept manifest names, once it is older than anybody may still want
//! it. A restore may be reading, an upload may be waiting for its manifest, and a frozen owner may
//! still believe in a number; the grace is for all three.

use std::collections::{BTreeSet, VecDeque};

use super::chain::{Object, Reply, Request, Step};
use super::manifest::Manifest;
use super::names::{MANIFEST_PREFIX, SEGMENT_PREFIX, manifest_name, manifest_seq};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TidyRule {
    /// The newest manifests, with all that they name: whoever restores reads one of them.
    pub manifests_kept: usize,
    /// Everything younger; a manifest that is only young still holds its number, so that no owner
    /// who was frozen for less can create it again.
    pub grace_ms: u64,
}

#[derive(Debug)]
enum Phase {
    ListSegments,
    ListManifests,
    ReadKept(VecDeque<u64>),
    Delete(VecDeque<String>),
}

/// A tidying on its way; the owner of a chain does it, nobody else, and not beside a commit. The
/// segments are listed before the manifests: whoever is frozen in between then knows only segments
/// that nothing newer can name.
#[derive(Debug)]
pub struct Tidy {
    rule: TidyRule,
    named: BTreeSet<String>,
    old_segments: Vec<String>,
    deletions: VecDeque<String>,
    deleted: u64,
    phase: Phase,
}

impl Tidy {
    /// Begins.
    pub fn begin(rule: TidyRule) -> (Self, Step<u64>) {
        let tidy = Self {
            rule,
            named: BTreeSet::new(),
            old_segments: Vec::new(),
            deletions: VecDeque::new(),
            deleted: 0,
            phase: Phase::ListSegments,
        };
        (tidy, Step::Ask(Request::List(SEGMENT_PREFIX)))
    }

    /// What the store answered to the last request; at the end, how many objects were deleted.
    /// Whatever is not clear ends it early: there is always a next time.
    pub fn answer(&mut self, reply: Reply) -> Step<u64> {
        match (
            std::mem::replace(&mut self.phase, Phase::ListSegments),
            reply,
        ) {
            (Phase::ListSegments, Reply::Listed(objects)) => {
                let old = objects
                    .into_iter()
                    .filter(|object| object.age_ms > self.rule.grace_ms);
                self.old_segments = old.map(|object| object.name).collect();
                self.phase = Phase::ListManifests;
                Step::Ask(Request::List(MANIFEST_PREFIX))
            }
            (Phase::ListManifests, Reply::Listed(objects)) => self.choose_manifests(objects),
            (Phase::ReadKept(mut kept), Reply::Bytes(bytes)) => {
                // A kept manifest that cannot be read may name anything: nothing is deleted.
                let Ok(manifest) = Manifest::from_bytes(&bytes) else {
                    return Step::Done(self.deleted);
                };
                let names = manifest.segments.into_iter().map(|segment| segment.name);
                self.named.extend(names);
                kept.pop_front();
                self.read_kept(kept)
            }
            (Phase::Delete(mut deletions), Reply::Done | Reply::Absent) => {
                self.deleted += 1;
                deletions.pop_front();
                self.delete(deletions)
            }
            _ => Step::Done(self.deleted),
        }
    }

    fn choose_manifests(&mut self, objects: Vec<Object>) -> Step<u64> {
        let mut manifests: Vec<(u64, u64)> = objects
            .iter()
            .filter_map(|object| Some((manifest_seq(&object.name)?, object.age_ms)))
            .collect();
        manifests.sort_unstable_by(|a, b| b.cmp(a));
        let kept = manifests.iter().take(self.rule.manifests_kept);
        let kept = kept.map(|(seq, _)| *seq).collect();
        let old = manifests
            .iter()
            .skip(self.rule.manifests_kept)
            .filter(|(_, age_ms)| *age_ms > self.rule.grace_ms);
        // Manifests before their segments: what is left of an interrupted tidying is whole.
        self.deletions = old.map(|(seq, _)| manifest_name(*seq)).collect();
        self.read_kept(kept)
    }

    fn read_kept(&mut self, kept: VecDeque<u64>) -> Step<u64> {
        match kept.front() {
            Some(seq) => {
                let request = Request::Get(manifest_name(*seq));
                self.phase = Phase::ReadKept(kept);
                Step::Ask(request)
            }
            None => {
                let old = std::mem::take(&mut self.old_segments).into_iter();
                let unnamed = old.filter(|name| !self.named.contains(name));
                self.deletions.extend(unnamed);
                let deletions = std::mem::take(&mut self.deletions);
                self.delete(deletions)
            }
        }
    }

    fn delete(&mut self, deletions: VecDeque<String>) -> Step<u64> {
        match deletions.front() {
            Some(name) => {
                let request = Request::Delete(name.clone());
                self.phase = Phase::Delete(deletions);
                Step::Ask(request)
            }
            None => Step::Done(self.deleted),
        }
    }
}
