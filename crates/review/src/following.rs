//! That one process at a time follows the topics into a store.
//!
//! Readers and short commands share the file as SQLite lets them. Two that follow would each go on
//! from offsets that the other moves, and send the decisions of one outbox twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::store::{StoreError, beside};

/// The right to follow the topics into a store, or to replace it. It ends with this value, and with
/// the process however that dies: the operating system holds it, not the presence of a file.
#[derive(Debug)]
pub struct Following {
    _locked: File,
}

impl Following {
    /// Takes the right for the store at `path`, which need not be there yet. The lock is on a file
    /// beside it, which stays.
    ///
    /// # Errors
    /// Another process has it, or the file beside the store cannot be made or locked.
    pub fn begin(path: &Path) -> Result<Following, StoreError> {
        // Whoever reaches the same file by a link meets the same lock.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = beside(&path, ".lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock);
        let file = file.map_err(|error| StoreError::File(lock.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Following { _locked: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Followed(path)),
            Err(TryLockError::Error(error)) => Err(StoreError::File(lock, error)),
        }
    }
}
