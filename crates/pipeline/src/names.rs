//! Which shard and slot a code text belongs to, and what kind of host a referrer is: looked up
//! once per record, numbers from then on. In-memory only; no number here reaches an output.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashTable;
use promoguard_detect::{HostClass, classify_host};
use promoguard_event::Code;
use promoguard_sketch::StableHasher;
use serde::{Deserialize, Serialize};

use crate::placement::partition_of;

/// Where the state of a code lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CodeSlot {
    /// The shard (partition).
    pub shard: u32,
    /// Index into the codes of that shard.
    pub local: u32,
}

#[derive(Debug)]
struct Name {
    code: Code,
    hash: u64,
    slot: CodeSlot,
}

/// Code texts, aliases among them, and their slots.
#[derive(Debug)]
pub(crate) struct CodeTable {
    names: HashTable<Name>,
    shards: Vec<SlotList>,
}

#[derive(Debug, Default)]
struct SlotList {
    next: u32,
    free: Vec<u32>,
}

/// A slot that a text has for the first time.
#[derive(Debug)]
pub(crate) struct NewCode {
    /// The code.
    pub(crate) code: Code,
    /// Its keyed hash.
    pub(crate) hash: u64,
}

impl CodeTable {
    /// A table over `shards` shards.
    pub(crate) fn new(shards: u32) -> Self {
        Self {
            names: HashTable::new(),
            shards: (0..shards).map(|_| SlotList::default()).collect(),
        }
    }

    /// The slot of a normalised code text, if it has one.
    pub(crate) fn find(&self, text: &str, hasher: &StableHasher) -> Option<CodeSlot> {
        let hash = hasher.hash64(text.as_bytes());
        let name = self.names.find(hash, |name| name.code.as_str() == text)?;
        Some(name.slot)
    }

    /// The slot of a normalised code text; a new one where the text is new.
    pub(crate) fn slot(
        &mut self,
        text: &str,
        hasher: &StableHasher,
    ) -> (CodeSlot, Option<NewCode>) {
        let hash = hasher.hash64(text.as_bytes());
        if let Some(name) = self.names.find(hash, |name| name.code.as_str() == text) {
            return (name.slot, None);
        }
        let slot = self.take_slot(text);
        let code = Code::from_normalised(text);
        let name = Name {
            code: code.clone(),
            hash,
            slot,
        };
        self.names.insert_unique(hash, name, |name| name.hash);
        (slot, Some(NewCode { code, hash }))
    }

    /// From now on `alias` has the slot `target`.
    pub(crate) fn point(&mut self, alias: &Code, target: CodeSlot, hasher: &StableHasher) {
        let hash = hasher.hash64(alias.as_str().as_bytes());
        if let Some(name) = self.names.find_mut(hash, |name| name.code == *alias) {
            name.slot = target;
            return;
        }
        let name = Name {
            code: alias.clone(),
            hash,
            slot: target,
        };
        self.names.insert_unique(hash, name, |name| name.hash);
    }

    /// Texts that stand for a code of another name, in order, with the slot they have.
    pub(crate) fn aliases(
        &self,
        code_of: impl Fn(CodeSlot) -> Option<Code>,
    ) -> Vec<(Code, CodeSlot)> {
        let is_alias = |name: &&Name| code_of(name.slot).is_some_and(|code| code != name.code);
        let aliases = self.names.iter().filter(is_alias);
        let mut aliases: Vec<_> = aliases.map(|n| (n.code.clone(), n.slot)).collect();
        aliases.sort();
        aliases
    }

    /// Puts a code back into the slot that it had.
    pub(crate) fn put_back(&mut self, code: &Code, hash: u64, slot: CodeSlot) {
        let name = Name {
            code: code.clone(),
            hash,
            slot,
        };
        self.names.insert_unique(hash, name, |name| name.hash);
        let list = &mut self.shards[slot.shard as usize];
        list.next = list.next.max(slot.local + 1);
    }

    /// Gives the slots between those that were put back free again.
    pub(crate) fn free_gaps(&mut self, is_taken: impl Fn(CodeSlot) -> bool) {
        for (shard, list) in self.shards.iter_mut().enumerate() {
            let slot = |local| CodeSlot {
                shard: shard as u32,
                local,
            };
            // Descending, so that the lowest is given out first; no number reaches an output.
            let free = (0..list.next).rev().filter(|local| !is_taken(slot(*local)));
            list.free = free.collect();
        }
    }

    /// Forgets codes that lost their slot, so that it can be given to others. Returns, with their
    /// keyed hashes, the aliases that stood for one of them: they stand for nothing now.
    pub(crate) fn forget(
        &mut self,
        gone: &BTreeMap<CodeSlot, Code>,
        is_taken: impl Fn(CodeSlot) -> bool,
    ) -> Vec<(Code, u64)> {
        let mut aliases = Vec::new();
        // Not by the name of the code: that may stand for another one by now.
        self.names.retain(|name| {
            let stays = is_taken(name.slot);
            if !stays && gone.get(&name.slot) != Some(&name.code) {
                aliases.push((name.code.clone(), name.hash));
            }
            stays
        });
        for slot in gone.keys() {
            self.shards[slot.shard as usize].free.push(slot.local);
        }
        aliases.sort();
        aliases
    }

    fn take_slot(&mut self, text: &str) -> CodeSlot {
        let shard = partition_of(text.as_bytes(), self.shards.len() as u32);
        let list = &mut self.shards[shard as usize];
        let local = list.free.pop().unwrap_or_else(|| {
            let local = list.next;
            list.next += 1;
            local
        });
        CodeSlot { shard, local }
    }
}

/// A referrer host by number; 0 is "no referrer".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostIndex(u32);

impl HostIndex {
    /// No referrer.
    pub const NONE: HostIndex = HostIndex(0);
    /// A host that came when the table was full.
    const BEYOND_BOUND: HostIndex = HostIndex(1);
}

/// A host seen as a referrer.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: Arc<str>,
    /// What kind of place it is.
    pub class: HostClass,
}

/// Hosts seen as referrers of clicks.
#[derive(Debug)]
pub struct HostTable {
    index: HashTable<(u64, u32)>,
    hosts: Vec<Host>,
    hosts_max: usize,
}

/// The first number that a name can have.
pub(crate) const FIRST_HOST: u32 = 2;

impl HostTable {
    /// A table of at most `hosts_max` names; those beyond share one nameless entry.
    pub fn new(hosts_max: usize) -> Self {
        let nameless = Host {
            name: Arc::from(""),
            class: HostClass::Other,
        };
        Self {
            index: HashTable::new(),
            hosts: vec![nameless.clone(), nameless],
            hosts_max: hosts_max.max(2),
        }
    }

    /// The number of a host.
    pub fn index(&mut self, host: &str, hasher: &StableHasher) -> HostIndex {
        if host.is_empty() {
            return HostIndex::NONE;
        }
        let hash = hasher.hash64(host.as_bytes());
        let hosts = &self.hosts;
        let same = |slot: &(u64, u32)| slot.0 == hash && &*hosts[slot.1 as usize].name == host;
        if let Some(slot) = self.index.find(hash, same) {
            return HostIndex(slot.1);
        }
        if self.hosts.len() >= self.hosts_max {
            return HostIndex::BEYOND_BOUND;
        }
        let number = self.hosts.len() as u32;
        self.hosts.push(Host {
            name: Arc::from(host),
            class: classify_host(host),
        });
        self.index
            .insert_unique(hash, (hash, number), |slot| slot.0);
        HostIndex(number)
    }

    /// Names from a number on, in order.
    pub(crate) fn names_from(&self, first: u32) -> Vec<Arc<str>> {
        let hosts = self.hosts.iter().skip(first as usize);
        hosts.map(|host| Arc::clone(&host.name)).collect()
    }

    /// How many numbers are given.
    pub(crate) fn len(&self) -> u32 {
        self.hosts.len() as u32
    }

    /// What is known of a host.
    pub fn host(&self, index: HostIndex) -> &Host {
        &self.hosts[index.0 as usize]
    }
}
