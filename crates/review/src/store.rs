//! The file: opening it, its connections, its copies.
//!
//! One connection writes, a few read. In WAL mode readers see the last commit and never wait for
//! the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::limits::Limits;
use crate::migrations::migrate;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the review store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file belongs to a later version of promoguard.
    #[error("the review store has form {found}, this version knows up to {known}: use a newer one")]
    Newer {
        /// Form of the file.
        found: usize,
        /// Newest form known.
        known: usize,
    },
    /// The operating system gives no random bytes.
    #[error("no random bytes: {0}")]
    Chance(getrandom::Error),
    /// A stored text cannot be read back.
    #[error("the review store holds a damaged {0}: {1}")]
    Damaged(&'static str, serde_json::Error),
    /// A password cannot be hashed.
    #[error("cannot hash the password: {0}")]
    Password(String),
    /// A file beside the store.
    #[error("cannot use {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// Another process follows the topics into this store.
    #[error(
        "another process follows the topics into {0}: stop that console first, or name another store"
    )]
    Followed(PathBuf),
}

/// Whose flags somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those of one merchant.
    Merchant(String),
}

impl Scope {
    /// The merchant to filter by, if any.
    pub fn merchant(&self) -> Option<&str> {
        match self {
            Scope::All => None,
            Scope::Merchant(merchant) => Some(merchant),
        }
    }

    /// Whether what belongs to this merchant may be seen.
    pub fn allows(&self, merchant: Option<&str>) -> bool {
        match self {
            Scope::All => true,
            Scope::Merchant(own) => merchant == Some(own),
        }
    }
}

/// Connections for reading that are kept open.
const READERS_KEPT: usize = 4;
/// How long a statement waits for another process's lock.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The review store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// What is kept, and for how long.
    pub(crate) limits: Limits,
    /// Closed before the writer, because only a writer that closes last empties the log into the
    /// file.
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
}

impl Store {
    /// Opens the file, makes it where there is none, and brings it to the newest form.
    ///
    /// # Errors
    /// It cannot be opened or written, or a newer version wrote it.
    pub fn open(path: &Path, limits: Limits) -> Result<Store, StoreError> {
        let mut writer = Connection::open(path)?;
        writer.busy_timeout(BUSY_WAIT)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // In WAL mode a commit survives the death of the process; FULL lets it survive power loss.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.set_prepared_statement_cache_capacity(64);
        migrate(&mut writer)?;
        Ok(Store {
            path: path.to_owned(),
            limits,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file and of its log.
    pub fn bytes(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        size(&self.path) + size(&beside(&self.path, "-wal"))
    }

    /// Writes a consistent copy, while others go on.
    ///
    /// # Errors
    /// The copy cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let mut copy = Connection::open(to)?;
        self.read(|connection| {
            let backup = rusqlite::backup::Backup::new(connection, &mut copy)?;
            backup.run_to_completion(1_000, Duration::ZERO, None)?;
            Ok(())
        })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = lock(&self.readers).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.reader()?,
        };
        // One snapshot for everything that one page shows.
        let snapshot = connection.unchecked_transaction()?;
        let result = work(&snapshot);
        drop(snapshot);
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        result
    }

    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        let transaction = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}

/// A file beside another, with something after its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere rolled its transaction back; the connection is as good as before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
