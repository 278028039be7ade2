//! What is saved of all shards together, and taken back in another process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use promoguard_detect::{Market, SettingsBook};
use promoguard_event::{Code, CodeEntry, EventTime, Hour};
use promoguard_sketch::HashKey;
use serde::{Deserialize, Serialize};

use super::{Routed, ShardSet};
use crate::commit::Change;
use crate::names::{CodeSlot, FIRST_HOST};
use crate::records::Notice;
use crate::registry::{Registry, RegistryChange};
use crate::saved::{FORMAT, StateError, decode, encode, key, layout};
use crate::settings::PipelineSettings;
use crate::shard::Shard;
use crate::shard_batch::{ShardClick, ShardOrder};

const VERSION: u8 = b'v';
const ENTRY: u8 = b'r';
const NAMES: u8 = b'n';
const HOSTS: u8 = b'h';
const MARKET: u8 = b'm';
const SHADOW_MARKET: u8 = b's';

/// What changed beside the shards since the last save.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    /// Codes whose entry changed.
    pub(super) entries: BTreeSet<Code>,
    /// Texts may stand for other codes.
    pub(super) names: bool,
    /// An hour was judged.
    pub(super) markets: bool,
    hosts_saved: u32,
}

#[derive(Serialize, Deserialize)]
struct Version {
    format: u32,
    layout: u64,
    shards: u32,
    judged_hour: Option<Hour>,
    pending: Vec<RegistryChange>,
}

#[derive(Serialize, Deserialize)]
struct Names {
    /// As the registry has them.
    aliases: BTreeMap<Code, Code>,
    /// As records are routed: an alias keeps its place when its entry is gone.
    slots: Vec<(Code, CodeSlot)>,
}

/// A routed record in its saved form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SavedRouted {
    /// A click.
    Click(CodeSlot, ShardClick),
    /// An order.
    Order(CodeSlot, ShardOrder),
    /// A registry entry, a sighting or a decision.
    Notice(EventTime, Notice),
}

impl SavedRouted {
    /// The saved form of a record that waits.
    pub fn of(routed: &Routed) -> Self {
        match routed {
            Routed::Click(slot, click) => SavedRouted::Click(*slot, *click),
            Routed::Order(slot, order) => SavedRouted::Order(*slot, order.clone()),
            Routed::Notice(at, notice) => SavedRouted::Notice(*at, notice.clone()),
        }
    }
}

impl ShardSet {
    /// Keeps from now on what [`ShardSet::save`] needs; before the first record.
    pub fn start_saving(&mut self) {
        for shard in &mut self.shards {
            shard.start_saving();
        }
        self.unsaved = Some(Unsaved {
            entries: self.registry.entries().map(|e| e.code.clone()).collect(),
            names: true,
            markets: true,
            hosts_saved: FIRST_HOST,
        });
    }

    /// What changed since the last save, as changes of keys; the cost follows what changed. Nothing,
    /// unless [`ShardSet::start_saving`] was called or the shards were restored.
    ///
    /// # Panics
    /// If records are not [applied](ShardSet::apply) or effects not taken: the state implies
    /// outputs that would be lost with them.
    pub fn save(&mut self) -> Vec<Change> {
        let has_windows = self.shards.iter().any(Shard::has_windows);
        let is_settled = self.batched == 0 && !has_windows && self.effects.flags.is_empty();
        assert!(is_settled, "a state is saved after its effects were taken");
        let mut changes = Vec::new();
        let Some(unsaved) = &mut self.unsaved else {
            return changes;
        };
        let version = Version {
            format: FORMAT,
            layout: layout(),
            shards: self.settings.shards,
            judged_hour: self.judged_hour,
            pending: self.registry.pending().to_vec(),
        };
        changes.push((key(VERSION, &[]), Some(encode(&version))));
        for code in std::mem::take(&mut unsaved.entries) {
            let entry = self.registry.entry(&code).map(|entry| encode(&**entry));
            changes.push((key(ENTRY, code.as_str().as_bytes()), entry));
        }
        if std::mem::take(&mut unsaved.names) {
            let shards = &self.shards;
            let code_of = |slot: CodeSlot| shards[slot.shard as usize].code_at(slot.local).cloned();
            let names = Names {
                aliases: self.registry.aliases().clone(),
                slots: self.names.aliases(code_of),
            };
            changes.push((key(NAMES, &[]), Some(encode(&names))));
        }
        let hosts = self.hosts.names_from(unsaved.hosts_saved);
        if !hosts.is_empty() {
            let first = unsaved.hosts_saved.to_be_bytes();
            changes.push((key(HOSTS, &first), Some(encode(&hosts))));
            unsaved.hosts_saved = self.hosts.len();
        }
        if std::mem::take(&mut unsaved.markets) {
            changes.push((key(MARKET, &[]), Some(encode(self.judge.market()))));
            if let Some(shadow) = &self.shadow {
                changes.push((key(SHADOW_MARKET, &[]), Some(encode(shadow.market()))));
            }
        }
        let shadow_book = self.shadow.as_ref().map(|shadow| shadow.book());
        for (shard, of) in self.shards.iter_mut().zip(0..) {
            shard.save(of, (self.judge.book(), shadow_book), &mut changes);
        }
        changes
    }

    /// The shards that were saved, to go on from there; routed records that waited follow by
    /// [`ShardSet::restore_routed`]. Settings may differ from then, apart from the number of shards
    /// and the horizon of the filters.
    ///
    /// # Errors
    /// State of another version or of other settings.
    pub fn restore(
        settings: PipelineSettings,
        detect: impl Into<SettingsBook>,
        shadow: Option<SettingsBook>,
        key_of_hashes: &HashKey,
        state: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<Self, StateError> {
        let mut set = Self::new(settings, detect, key_of_hashes);
        if let Some(shadow) = shadow {
            set = set.with_shadow(shadow);
        }
        let version = state.get(&key(VERSION, &[]));
        let version = version.ok_or(StateError::Inconsistent("it has no version"))?;
        let version: Version = decode(version, "the version")?;
        let readable = (FORMAT, layout());
        if (version.format, version.layout) != readable {
            let found = (version.format, version.layout);
            return Err(StateError::Version { found, readable });
        }
        if version.shards != set.settings.shards {
            return Err(StateError::Inconsistent("it has another number of shards"));
        }
        set.judged_hour = version.judged_hour;
        let names: Names = match state.get(&key(NAMES, &[])) {
            Some(bytes) => decode(bytes, "names")?,
            None => return Err(StateError::Inconsistent("it has no names")),
        };
        set.registry = restore_registry(state, names.aliases, version.pending)?;
        set.restore_hosts(state)?;
        set.restore_markets(state)?;
        let shadow_book = set.shadow.as_ref().map(|shadow| shadow.book());
        let books = (set.judge.book(), shadow_book);
        for (shard, of) in set.shards.iter_mut().zip(0..) {
            shard.restore(of, books, &set.registry, state)?;
        }
        set.restore_names(names.slots);
        set.unsaved = Some(Unsaved {
            hosts_saved: set.hosts.len(),
            ..Unsaved::default()
        });
        Ok(set)
    }

    /// A record that waited when the state was saved.
    ///
    /// # Errors
    /// It belongs to a code that is not there.
    pub fn restore_routed(&mut self, saved: SavedRouted) -> Result<Routed, StateError> {
        let slot = match &saved {
            SavedRouted::Click(slot, _) | SavedRouted::Order(slot, _) => Some(*slot),
            SavedRouted::Notice(..) => None,
        };
        if let Some(slot) = slot {
            let shard = self.shards.get_mut(slot.shard as usize);
            let shard = shard.filter(|shard| shard.code_at(slot.local).is_some());
            let unknown = StateError::Inconsistent("a record of an unknown code waits");
            shard.ok_or(unknown)?.expect(slot.local);
        }
        Ok(match saved {
            SavedRouted::Click(slot, click) => Routed::Click(slot, click),
            SavedRouted::Order(slot, order) => Routed::Order(slot, order),
            SavedRouted::Notice(at, notice) => Routed::Notice(at, notice),
        })
    }

    fn restore_hosts(&mut self, state: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), StateError> {
        for (_, bytes) in of_kind(state, HOSTS) {
            let hosts: Vec<Arc<str>> = decode(bytes, "hosts")?;
            for host in hosts {
                self.hosts.index(&host, &self.hashers.record);
            }
        }
        Ok(())
    }

    fn restore_markets(&mut self, state: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), StateError> {
        let market = |kind| -> Result<Option<Market>, StateError> {
            let bytes = state.get(&key(kind, &[]));
            bytes.map(|bytes| decode(bytes, "a market")).transpose()
        };
        if let Some(market) = market(MARKET)? {
            self.judge.resume(market);
        }
        if let (Some(shadow), Some(market)) = (&mut self.shadow, market(SHADOW_MARKET)?) {
            shadow.resume(market);
        }
        Ok(())
    }

    fn restore_names(&mut self, aliases: Vec<(Code, CodeSlot)>) {
        for (shard, number) in self.shards.iter().zip(0..) {
            for (local, code, hash) in shard.slots() {
                let slot = CodeSlot {
                    shard: number,
                    local,
                };
                self.names.put_back(code, hash, slot);
            }
        }
        let shards = &self.shards;
        self.names
            .free_gaps(|slot| shards[slot.shard as usize].code_at(slot.local).is_some());
        for (alias, slot) in aliases {
            self.names.point(&alias, slot, &self.hashers.record);
        }
    }
}

fn restore_registry(
    state: &BTreeMap<Vec<u8>, Vec<u8>>,
    aliases: BTreeMap<Code, Code>,
    pending: Vec<RegistryChange>,
) -> Result<Registry, StateError> {
    let mut entries = BTreeMap::new();
    for (_, bytes) in of_kind(state, ENTRY) {
        let entry: CodeEntry = decode(bytes, "an entry of the registry")?;
        entries.insert(entry.code.clone(), Arc::new(entry));
    }
    Ok(Registry::restore(entries, aliases, pending))
}

fn of_kind(
    state: &BTreeMap<Vec<u8>, Vec<u8>>,
    kind: u8,
) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
    state
        .range(vec![kind]..)
        .take_while(move |(key, _)| key.first() == Some(&kind))
}
