//! What the registry says now: entries, aliases, and who owns a text that two entries claim.
//! Changes wait here until the close of an hour, so that they fall between two judgements.

use std::collections::BTreeMap;
use std::sync::Arc;

use promoguard_event::{Code, CodeEntry};
use serde::{Deserialize, Serialize};

/// A change of the registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RegistryChange {
    /// A new or changed entry.
    Set(Box<CodeEntry>),
    /// The entry of this code was removed.
    Remove(Code),
}

/// Why an entry, or an alias in it, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryConflict {
    /// The text already belongs to another merchant.
    #[error(
        "code_conflict: code {code} of merchant {merchant} already belongs to merchant {owner}"
    )]
    OtherMerchant {
        /// The text claimed twice.
        code: Code,
        /// Who claims it now.
        merchant: Arc<str>,
        /// Who has it.
        owner: Arc<str>,
    },
    /// The alias already stands for another code.
    #[error("code_conflict: alias {alias} of code {code} already stands for code {owner}")]
    AliasTaken {
        /// The text claimed twice.
        alias: Code,
        /// Which code claims it now.
        code: Code,
        /// Which code has it.
        owner: Code,
    },
}

/// What [`Registry::apply_pending`] did.
#[derive(Debug, Default)]
pub struct Applied {
    /// Codes whose entry is new, changed or gone.
    pub changed: Vec<Code>,
    /// Texts that stand for a code from now on: (alias, code).
    pub aliases: Vec<(Code, Code)>,
    /// What was refused.
    pub conflicts: Vec<RegistryConflict>,
}

/// The registry as of the last closed hour.
#[derive(Debug, Default)]
pub struct Registry {
    entries: BTreeMap<Code, Arc<CodeEntry>>,
    aliases: BTreeMap<Code, Code>,
    pending: Vec<RegistryChange>,
}

impl Registry {
    /// Keeps a change until [`Registry::apply_pending`].
    pub fn submit(&mut self, change: RegistryChange) {
        self.pending.push(change);
    }

    /// Applies what waits, in the order it came.
    pub fn apply_pending(&mut self) -> Applied {
        let mut applied = Applied::default();
        for change in std::mem::take(&mut self.pending) {
            match change {
                RegistryChange::Set(entry) => self.set(*entry, &mut applied),
                RegistryChange::Remove(code) => {
                    self.remove(&code);
                    applied.changed.push(code);
                }
            }
        }
        applied
    }

    /// Changes that wait to be applied.
    pub(crate) fn pending(&self) -> &[RegistryChange] {
        &self.pending
    }

    /// Every alias with its code.
    pub(crate) fn aliases(&self) -> &BTreeMap<Code, Code> {
        &self.aliases
    }

    /// The registry as it was saved.
    pub(crate) fn restore(
        entries: BTreeMap<Code, Arc<CodeEntry>>,
        aliases: BTreeMap<Code, Code>,
        pending: Vec<RegistryChange>,
    ) -> Self {
        Self {
            entries,
            aliases,
            pending,
        }
    }

    /// The entry of a code.
    pub fn entry(&self, code: &Code) -> Option<&Arc<CodeEntry>> {
        self.entries.get(code)
    }

    /// Every entry, by code.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<CodeEntry>> {
        self.entries.values()
    }

    /// The code that a text stands for, if it is an alias.
    pub fn target_of(&self, alias: &Code) -> Option<&Code> {
        self.aliases.get(alias)
    }

    /// How many codes have an entry.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no code has an entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn set(&mut self, entry: CodeEntry, applied: &mut Applied) {
        if let Some(owner) = self.entries.get(&entry.code)
            && owner.merchant != entry.merchant
        {
            applied.conflicts.push(RegistryConflict::OtherMerchant {
                code: entry.code.clone(),
                merchant: Arc::clone(&entry.merchant),
                owner: Arc::clone(&owner.merchant),
            });
            return;
        }
        if let Some(owner) = self.aliases.get(&entry.code) {
            applied.conflicts.push(RegistryConflict::AliasTaken {
                alias: entry.code.clone(),
                code: entry.code.clone(),
                owner: owner.clone(),
            });
            return;
        }
        self.remove(&entry.code);
        for alias in &entry.aliases {
            let owner = match self.entries.get_key_value(alias) {
                Some((code, _)) => Some(code),
                None => self.aliases.get(alias),
            };
            match owner {
                _ if *alias == entry.code => {}
                Some(owner) => applied.conflicts.push(RegistryConflict::AliasTaken {
                    alias: alias.clone(),
                    code: entry.code.clone(),
                    owner: owner.clone(),
                }),
                None => {
                    self.aliases.insert(alias.clone(), entry.code.clone());
                    applied.aliases.push((alias.clone(), entry.code.clone()));
                }
            }
        }
        applied.changed.push(entry.code.clone());
        self.entries.insert(entry.code.clone(), Arc::new(entry));
    }

    fn remove(&mut self, code: &Code) {
        if let Some(entry) = self.entries.remove(code) {
            for alias in &entry.aliases {
                if self.aliases.get(alias) == Some(code) {
                    self.aliases.remove(alias);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(code: &str, merchant: &str, aliases: &[&str]) -> Box<CodeEntry> {
        Box::new(CodeEntry {
            code: Code::from_normalised(code),
            spelling: Arc::from(code),
            partner_id: Arc::from("p"),
            merchant: Arc::from(merchant),
            aliases: aliases.iter().map(|a| Code::from_normalised(a)).collect(),
            marketplace: None,
            tier: None,
            followers: None,
            city: None,
            country: None,
            channels: Vec::new(),
            discount_pct: None,
            commission_pct: None,
            vat_payer: None,
            starts_at: None,
            ends_at: None,
            offline: None,
            posts: Vec::new(),
            permitted_hosts: Vec::new(),
        })
    }

    #[test]
    fn a_change_takes_effect_only_when_applied() {
        let mut registry = Registry::default();
        registry.submit(RegistryChange::Set(entry("a", "m", &["x"])));
        assert!(registry.is_empty());
        let Applied {
            aliases, conflicts, ..
        } = registry.apply_pending();
        assert_eq!(registry.len(), 1);
        assert_eq!(aliases.len(), 1);
        assert!(conflicts.is_empty());
    }

    #[test]
    fn a_second_merchant_is_refused_and_the_first_keeps_the_code() {
        let mut registry = Registry::default();
        registry.submit(RegistryChange::Set(entry("a", "one", &[])));
        registry.submit(RegistryChange::Set(entry("a", "two", &[])));
        let conflicts = registry.apply_pending().conflicts;
        assert!(matches!(
            conflicts[..],
            [RegistryConflict::OtherMerchant { .. }]
        ));
        let kept = registry.entry(&Code::from_normalised("a")).expect("kept");
        assert_eq!(&*kept.merchant, "one");
    }

    #[test]
    fn an_alias_stands_for_one_code_only_and_goes_with_its_entry() {
        let mut registry = Registry::default();
        registry.submit(RegistryChange::Set(entry("a", "m", &["x"])));
        registry.submit(RegistryChange::Set(entry("b", "m", &["x", "a"])));
        let Applied {
            aliases, conflicts, ..
        } = registry.apply_pending();
        assert_eq!(aliases.len(), 1);
        assert_eq!(conflicts.len(), 2);
        registry.submit(RegistryChange::Remove(Code::from_normalised("a")));
        registry.apply_pending();
        assert_eq!(registry.target_of(&Code::from_normalised("x")), None);
    }
}
