//! The trail of who did what, chained by hashes.
//!
//! `hash = SHA-256(prev ‖ canonical JSON of the entry)`. Who changes, removes or swaps an entry
//! breaks the chain; who cuts its end off is found by an anchor: a line with number and hash of the
//! newest entry, kept in a file of its own beside the store, where it should be copied to hands that
//! cannot write the store. What was written after the last anchor can be cut off unnoticed.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::people::Actor;
use crate::store::{Store, StoreError, beside};

/// An entry of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: i64,
    /// When, wall time in milliseconds.
    pub utc_ms: i64,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What was done, a word.
    pub action: String,
    /// To what.
    pub object: String,
    /// The rest, as JSON.
    pub detail: String,
    /// Hash of the entry before.
    pub prev: String,
    /// Hash of this one.
    pub hash: String,
}

/// A line of the file of anchors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Number of the newest entry.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// When it was anchored.
    pub utc_ms: i64,
}

/// What a check of the trail found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry is as it was written; how many there are and up to which the anchors vouch.
    Whole {
        /// Entries.
        entries: i64,
        /// The newest one that an anchor vouches for.
        anchored: i64,
    },
    /// The first entry that is not as it was written.
    Broken {
        /// Its number.
        seq: i64,
        /// What is wrong.
        why: &'static str,
    },
}

const NOTHING_BEFORE: &str = "";

/// Adds an entry, in the transaction of what it tells.
pub(crate) fn write(
    transaction: &Transaction<'_>,
    actor: &Actor,
    action: &str,
    object: &str,
    detail: &impl Serialize,
    utc_ms: i64,
) -> Result<(), StoreError> {
    let detail = serde_json::to_string(detail)
        .map_err(|error| StoreError::Damaged("entry of the trail", error))?;
    let last: Option<(i64, String)> = transaction
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (last_seq, prev) = last.unwrap_or((0, NOTHING_BEFORE.to_owned()));
    let mut entry = Entry {
        seq: last_seq + 1,
        utc_ms,
        actor: actor.name.clone(),
        role: actor.role.as_str().to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        detail,
        prev,
        hash: String::new(),
    };
    entry.hash = hash(&entry);
    transaction
        .prepare_cached(
            "INSERT INTO audit (seq, utc_ms, actor, role, action, object, detail, prev, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            entry.seq,
            entry.utc_ms,
            entry.actor,
            entry.role,
            entry.action,
            entry.object,
            entry.detail,
            entry.prev,
            entry.hash
        ])?;
    Ok(())
}

/// A list of JSON has one spelling: no names to be put in another order.
fn hash(entry: &Entry) -> String {
    let told = serde_json::json!([
        entry.seq,
        entry.utc_ms,
        entry.actor,
        entry.role,
        entry.action,
        entry.object,
        entry.detail
    ]);
    let digest = Sha256::new()
        .chain_update(&entry.prev)
        .chain_update(b"\0")
        .chain_update(told.to_string())
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(row: &rusqlite::Row<'_>) -> Result<Entry, rusqlite::Error> {
    Ok(Entry {
        seq: row.get(0)?,
        utc_ms: row.get(1)?,
        actor: row.get(2)?,
        role: row.get(3)?,
        action: row.get(4)?,
        object: row.get(5)?,
        detail: row.get(6)?,
        prev: row.get(7)?,
        hash: row.get(8)?,
    })
}

const SELECT: &str =
    "SELECT seq, utc_ms, actor, role, action, object, detail, prev, hash FROM audit";

fn check(connection: &Connection, anchors: &[Anchor]) -> Result<Verdict, StoreError> {
    let mut query = connection.prepare(&format!("{SELECT} ORDER BY seq"))?;
    let mut rows = query.query([])?;
    let mut expected = (1, NOTHING_BEFORE.to_owned());
    while let Some(row) = rows.next()? {
        let entry = read(row)?;
        let (seq, prev) = &expected;
        let why = if entry.seq != *seq {
            Some("it is missing")
        } else if entry.prev != *prev {
            Some("it does not follow the entry before it")
        } else if entry.hash != hash(&entry) {
            Some("it was changed")
        } else if anchors
            .iter()
            .any(|anchor| anchor.seq == entry.seq && anchor.hash != entry.hash)
        {
            Some("an anchor has another hash for it")
        } else {
            None
        };
        if let Some(why) = why {
            return Ok(Verdict::Broken { seq: *seq, why });
        }
        expected = (entry.seq + 1, entry.hash);
    }
    let entries = expected.0 - 1;
    let anchored = anchors.iter().map(|anchor| anchor.seq).max().unwrap_or(0);
    if anchored > entries {
        return Ok(Verdict::Broken {
            seq: entries + 1,
            why: "it is missing: the end of the trail was cut off",
        });
    }
    Ok(Verdict::Whole { entries, anchored })
}

impl Store {
    /// Notes something that somebody did.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn note_in_audit(
        &self,
        actor: &Actor,
        action: &str,
        object: &str,
        detail: &impl Serialize,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(|transaction| write(transaction, actor, action, object, detail, now_ms))
    }

    /// Entries of the trail, the newest first, from `below` on downwards.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit(&self, below: Option<i64>, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "{SELECT} WHERE ?1 IS NULL OR seq < ?1 ORDER BY seq DESC LIMIT ?2"
            ))?;
            let entries = query.query_map(params![below, limit], read)?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
    }

    /// Where the anchors are.
    pub fn anchors_path(&self) -> PathBuf {
        beside(self.path(), ".anchors")
    }

    /// Appends an anchor for the newest entry, if there is a newer one than the last anchor's.
    ///
    /// # Errors
    /// The store cannot be read, or the file cannot be written.
    pub fn anchor(&self, now_ms: i64) -> Result<Option<Anchor>, StoreError> {
        let newest = self.audit(None, 1)?.into_iter().next();
        let last = self.anchors()?.into_iter().map(|anchor| anchor.seq).max();
        let Some(entry) = newest.filter(|entry| last.is_none_or(|last| entry.seq > last)) else {
            return Ok(None);
        };
        let anchor = Anchor {
            seq: entry.seq,
            hash: entry.hash,
            utc_ms: now_ms,
        };
        let path = self.anchors_path();
        let line = serde_json::to_string(&anchor)
            .map_err(|error| StoreError::Damaged("anchor", error))?
            + "\n";
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(line.as_bytes())?;
                file.sync_data()
            })
            .map_err(|error| StoreError::File(path, error))?;
        Ok(Some(anchor))
    }

    /// Checks the whole trail against itself and against the anchors beside the store.
    ///
    /// # Errors
    /// The store or the anchors cannot be read.
    pub fn verify_audit(&self) -> Result<Verdict, StoreError> {
        let anchors = self.anchors()?;
        self.read(|connection| check(connection, &anchors))
    }

    fn anchors(&self) -> Result<Vec<Anchor>, StoreError> {
        let path = self.anchors_path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(StoreError::File(path, error)),
        };
        text.lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Damaged("anchor", error))
    }
}
