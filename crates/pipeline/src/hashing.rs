//! The keyed hashes of one deployment: what dedupes, counts and routes uses these and no other.

use promoguard_sketch::{Domain, HashKey, StableHasher};

/// One hasher for each use, so that a value of one use tells nothing about another.
#[derive(Clone)]
pub struct Hashers {
    pub(crate) click: StableHasher,
    pub(crate) visitor: StableHasher,
    pub(crate) order: StableHasher,
    pub(crate) record: StableHasher,
}

impl Hashers {
    /// Derives all of them from the deployment's key.
    pub fn new(key: &HashKey) -> Self {
        Self {
            click: StableHasher::new(key, Domain::Click),
            visitor: StableHasher::new(key, Domain::Visitor),
            order: StableHasher::new(key, Domain::Order),
            record: StableHasher::new(key, Domain::Record),
        }
    }
}
