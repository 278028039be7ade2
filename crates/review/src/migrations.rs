//! The tables, and how an older file becomes a newer one.
//!
//! A migration that was released is never changed; the next one is added below it.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001_review.sql"),
    include_str!("migrations/002_tokens.sql"),
];

/// Brings the file to the newest form, each step in a transaction of its own.
///
/// # Errors
/// The file was written by a newer version, or cannot be written.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done: usize =
            transaction.query_row("SELECT user_version FROM pragma_user_version", [], |row| {
                row.get::<_, i64>(0)
                    .map(|version| usize::try_from(version).unwrap_or(usize::MAX))
            })?;
        if done > MIGRATIONS.len() {
            return Err(StoreError::Newer {
                found: done,
                known: MIGRATIONS.len(),
            });
        }
        let Some(next) = MIGRATIONS.get(done) else {
            return Ok(());
        };
        transaction.execute_batch(next)?;
        transaction.pragma_update(None, "user_version", (done + 1) as i64)?;
        transaction.commit()?;
    }
}
