//! Claims, decisions, notes, and the outbox through which decisions leave.
//!
//! Decides: who may decide, and that nobody does it unaware of another. A decision, its place in
//! the outbox and its entry in the trail are one transaction: there is none without the others.

use promoguard_event::{Currency, Decimal, EventTime, Outcome};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::Serialize;

use crate::audit;
use crate::limits::MINUTE_MS;
use crate::people::Actor;
use crate::store::{Scope, Store, StoreError};

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is held until then, wall time in milliseconds.
    Held(i64),
    /// Somebody else holds it until then.
    Taken(String, i64),
    /// There is no such flag.
    Unknown,
}

/// An analyst's answer, as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// The flag.
    pub flag_id: String,
    /// Its revision that the analyst saw.
    pub rev: u32,
    /// Decisions on the flag that the analyst saw; another number means that somebody was faster.
    pub decisions_seen: u32,
    /// The answer.
    pub outcome: Outcome,
    /// Whether the flag was worth the time.
    pub worth: Option<bool>,
    /// Why, in words.
    pub note: Option<String>,
    /// Commission is held from then on.
    pub hold_from: Option<EventTime>,
    /// What is held of it.
    pub held: Option<(Decimal, Currency)>,
    /// Hosts that become permitted.
    pub hosts: Vec<String>,
    /// When an announced post is expected.
    pub expected_post: Option<EventTime>,
    /// When it was decided, in the programme's time.
    pub ts: EventTime,
}

/// A decision that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord {
    /// Its number.
    pub id: i64,
    /// The flag.
    pub flag_id: String,
    /// The revision seen.
    pub rev: u32,
    /// The normalised code.
    pub code: String,
    /// When.
    pub ts: EventTime,
    /// Who.
    pub actor: String,
    /// What, as on the wire.
    pub outcome: String,
    /// Whether the flag was worth the time.
    pub worth: Option<bool>,
    /// Why.
    pub note: Option<String>,
    /// Commission is held from then on.
    pub hold_from: Option<EventTime>,
    /// What was held at that time.
    pub held: Option<(Decimal, Currency)>,
    /// Whether it has left for the detector.
    pub published: bool,
}

/// A note on a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub ts: EventTime,
    /// Who.
    pub author: String,
    /// What.
    pub text: String,
}

/// A decision on its way out: a line of `promo.decisions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingDecision {
    /// Its number.
    pub id: i64,
    /// The normalised code: the record's key.
    pub code: String,
    /// The record, without a line break.
    pub line: String,
}

/// What waits to leave.
pub type Outgoing = Vec<OutgoingDecision>;

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such flag, or it is not the asker's.
    #[error("there is no such flag")]
    Unknown,
    /// Somebody else holds it.
    #[error("{0} holds this flag")]
    Claimed(String),
    /// Somebody else decided in the meantime.
    #[error("somebody decided this flag in the meantime")]
    Overtaken(Box<Option<DecisionRecord>>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DecideError {
    fn from(error: rusqlite::Error) -> Self {
        DecideError::Store(error.into())
    }
}

#[derive(Serialize)]
struct DecisionLine<'a> {
    flag_id: &'a str,
    rev: u32,
    code: &'a str,
    ts: EventTime,
    actor: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_from: Option<EventTime>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    hosts: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_post: Option<EventTime>,
}

impl Store {
    /// Holds a flag for somebody, so that nobody else looks at it in vain. Holding it again
    /// prolongs the claim.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn claim(
        &self,
        flag_id: &str,
        actor: &Actor,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Claim, StoreError> {
        self.write(|transaction| {
            let Some(card) = crate::queue::card(transaction, flag_id, scope)? else {
                return Ok(Claim::Unknown);
            };
            let mut is_own = false;
            if let Some((who, until_ms)) = card.claim.filter(|(_, until_ms)| *until_ms > now_ms) {
                if who != actor.name {
                    return Ok(Claim::Taken(who, until_ms));
                }
                is_own = true;
            }
            let until_ms = now_ms + i64::from(self.limits.claim_minutes) * MINUTE_MS;
            transaction.execute(
                "UPDATE flags SET claimed_by = ?2, claimed_until_ms = ?3 WHERE flag_id = ?1",
                params![flag_id, actor.name, until_ms],
            )?;
            if !is_own {
                audit::write(transaction, actor, "claim", flag_id, &(), now_ms)?;
            }
            Ok(Claim::Held(until_ms))
        })
    }

    /// Lets a flag go that this user holds.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn release(&self, flag_id: &str, actor: &Actor, now_ms: i64) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE flags SET claimed_by = NULL, claimed_until_ms = NULL
                 WHERE flag_id = ?1 AND claimed_by = ?2",
                params![flag_id, actor.name],
            )?;
            if changed > 0 {
                audit::write(transaction, actor, "release", flag_id, &(), now_ms)?;
            }
            Ok(changed > 0)
        })
    }

    /// Takes a decision; durable, and in the outbox, before this returns.
    ///
    /// # Errors
    /// Somebody else holds the flag or was faster, or the store cannot be written. Nothing is
    /// stored then.
    pub fn decide(
        &self,
        decision: &NewDecision,
        actor: &Actor,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<DecisionRecord, DecideError> {
        self.write(|transaction| {
            let card = crate::queue::card(transaction, &decision.flag_id, scope)?
                .ok_or(DecideError::Unknown)?;
            if card.decisions != decision.decisions_seen {
                let last = last_decision(transaction, &decision.flag_id)?;
                return Err(DecideError::Overtaken(Box::new(last)));
            }
            if let Some((who, _)) = card
                .claim
                .filter(|(who, until_ms)| *who != actor.name && *until_ms > now_ms)
            {
                return Err(DecideError::Claimed(who));
            }
            let line = DecisionLine {
                flag_id: &decision.flag_id,
                rev: decision.rev,
                code: &card.code,
                ts: decision.ts,
                actor: &actor.name,
                outcome: decision.outcome.as_str(),
                note: decision.note.as_deref(),
                hold_from: decision.hold_from,
                hosts: &decision.hosts,
                expected_post: decision.expected_post,
            };
            let body = serde_json::to_string(&line)
                .map_err(|error| StoreError::Damaged("decision", error))?;
            transaction.execute(
                "INSERT INTO decisions (flag_id, rev, code, ts, actor, outcome, worth, note,
                    hold_from_ms, held, currency, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![
                    decision.flag_id,
                    decision.rev,
                    card.code,
                    decision.ts.millis(),
                    actor.name,
                    decision.outcome.as_str(),
                    decision.worth,
                    decision.note,
                    decision.hold_from.map(EventTime::millis),
                    decision
                        .held
                        .map(|(amount, _)| i64::try_from(amount.0).unwrap_or(i64::MAX)),
                    decision.held.map(|(_, currency)| currency.to_string()),
                    body
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.execute(
                "UPDATE flags SET decisions = decisions + 1, outcome = ?2, decided_ms = ?3,
                    claimed_by = NULL, claimed_until_ms = NULL WHERE flag_id = ?1",
                params![
                    decision.flag_id,
                    decision.outcome.as_str(),
                    decision.ts.millis()
                ],
            )?;
            audit::write(
                transaction,
                actor,
                "decide",
                &decision.flag_id,
                &line,
                now_ms,
            )?;
            last_decision(transaction, &decision.flag_id)?
                .filter(|stored| stored.id == id)
                .ok_or(DecideError::Unknown)
        })
    }

    /// Decisions that have not left, the oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unpublished(&self, limit: u32) -> Result<Outgoing, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, code, body FROM decisions WHERE published_ms IS NULL ORDER BY id LIMIT ?1",
            )?;
            let outgoing = query.query_map([limit], |row| {
                Ok(OutgoingDecision {
                    id: row.get(0)?,
                    code: row.get(1)?,
                    line: row.get(2)?,
                })
            })?;
            Ok(outgoing.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that decisions have left and are safe at the other side.
    ///
    /// # Errors
    /// The store cannot be written; they will leave once more.
    pub fn mark_published(&self, ids: &[i64], now_ms: i64) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut update = transaction
                .prepare_cached("UPDATE decisions SET published_ms = ?2 WHERE id = ?1")?;
            for id in ids {
                update.execute(params![id, now_ms])?;
            }
            Ok(())
        })
    }

    /// The newest decisions of all codes that somebody may see.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn decisions(&self, scope: &Scope, limit: u32) -> Result<Vec<DecisionRecord>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(&format!(
                "{SELECT} WHERE ?1 IS NULL OR flag_id IN
                   (SELECT flag_id FROM flags WHERE merchant = ?1) ORDER BY id DESC LIMIT ?2"
            ))?;
            let decisions = query.query_map(params![scope.merchant(), limit], read)?;
            Ok(decisions.collect::<Result<_, _>>()?)
        })
    }

    /// Writes a note on a code.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_note(
        &self,
        code: &str,
        text: &str,
        actor: &Actor,
        ts: EventTime,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let code = crate::feed::normalised(code);
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO notes (code, ts, author, text) VALUES (?1, ?2, ?3, ?4)",
                params![code, ts.millis(), actor.name, text],
            )?;
            audit::write(transaction, actor, "note", &code, &text, now_ms)
        })
    }
}

const SELECT: &str = "SELECT id, flag_id, rev, code, ts, actor, outcome, worth, note, hold_from_ms,
    held, currency, published_ms FROM decisions";

fn read(row: &rusqlite::Row<'_>) -> Result<DecisionRecord, rusqlite::Error> {
    let held: Option<i64> = row.get(10)?;
    let currency: Option<String> = row.get(11)?;
    Ok(DecisionRecord {
        id: row.get(0)?,
        flag_id: row.get(1)?,
        rev: row.get(2)?,
        code: row.get(3)?,
        ts: EventTime::from_millis(row.get(4)?),
        actor: row.get(5)?,
        outcome: row.get(6)?,
        worth: row.get(7)?,
        note: row.get(8)?,
        hold_from: row.get::<_, Option<i64>>(9)?.map(EventTime::from_millis),
        held: held
            .map(crate::queue::money)
            .zip(currency.and_then(|text| Currency::parse(&text))),
        published: row.get::<_, Option<i64>>(12)?.is_some(),
    })
}

fn last_decision(
    transaction: &Transaction<'_>,
    flag_id: &str,
) -> Result<Option<DecisionRecord>, rusqlite::Error> {
    transaction
        .prepare_cached(&format!(
            "{SELECT} WHERE flag_id = ?1 ORDER BY id DESC LIMIT 1"
        ))?
        .query_row([flag_id], read)
        .optional()
}

pub(crate) fn decisions_of_code(
    connection: &Connection,
    code: &str,
) -> Result<Vec<DecisionRecord>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "{SELECT} WHERE code = ?1 ORDER BY id DESC LIMIT 50"
    ))?;
    let decisions = query.query_map([code], read)?;
    Ok(decisions.collect::<Result<_, _>>()?)
}

pub(crate) fn notes_of_code(connection: &Connection, code: &str) -> Result<Vec<Note>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT ts, author, text FROM notes WHERE code = ?1 ORDER BY id DESC LIMIT 100",
    )?;
    let notes = query.query_map([code], |row| {
        Ok(Note {
            ts: EventTime::from_millis(row.get(0)?),
            author: row.get(1)?,
            text: row.get(2)?,
        })
    })?;
    Ok(notes.collect::<Result<_, _>>()?)
}
