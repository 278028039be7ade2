//! What goes wrong between a visitor and a page.

use promoguard_review::{DecideError, StoreError};

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There is nothing here, or nothing that the visitor may see.
    NotFound,
    /// The visitor may not do this.
    Forbidden,
    /// A form that cannot be meant; the key of a sentence.
    Wrong(&'static str),
    /// The store failed; the reason is for the log.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<DecideError> for Fault {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Unknown => Fault::NotFound,
            DecideError::Claimed(_) | DecideError::Overtaken(_) => Fault::Wrong("fault-overtaken"),
            DecideError::Store(error) => Fault::Store(error),
        }
    }
}
