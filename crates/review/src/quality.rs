//! How good the flags were, by what people decided.
//!
//! `leak` is a hit; `legitimate`, `permitted`, `expected` and `data_error` are false alarms;
//! `unclear` is neither.

use rusqlite::Connection;

use crate::store::{Scope, Store, StoreError};

/// Hits and false alarms among the flags of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KindQuality {
    /// The kind, as on the wire.
    pub kind: String,
    /// Flags.
    pub flags: u64,
    /// Confirmed.
    pub hits: u64,
    /// Refuted.
    pub misses: u64,
    /// Neither.
    pub unclear: u64,
    /// Answers that the flag was worth the time, and all answers.
    pub worth: (u64, u64),
    /// Median hours from the likely start to the flag.
    pub delay_hours: Option<f64>,
}

/// Flags of a band of scores.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBand {
    /// From this score on, decibans.
    pub from: f64,
    /// Below this one; `None` at the top.
    pub to: Option<f64>,
    /// Confirmed.
    pub hits: u64,
    /// Refuted.
    pub misses: u64,
    /// Not decided yet.
    pub open: u64,
}

/// What a signal said of confirmed and of refuted flags.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalQuality {
    /// The signal.
    pub signal: String,
    /// Mean decibans on confirmed flags.
    pub on_hits: Option<f64>,
    /// Mean decibans on refuted flags.
    pub on_misses: Option<f64>,
    /// Flags on which it spoke.
    pub spoke: u64,
    /// Flags on which it abstained.
    pub abstained: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// By kind.
    pub kinds: Vec<KindQuality>,
    /// By the highest score of the flag.
    pub bands: Vec<ScoreBand>,
    /// By signal.
    pub signals: Vec<SignalQuality>,
}

/// Bounds of the bands, decibans; the first is the default threshold.
const BANDS: [f64; 6] = [0.0, 30.0, 35.0, 40.0, 50.0, 70.0];
const HIT: &str = "outcome = 'leak'";
const MISS: &str = "outcome IN ('legitimate', 'permitted', 'expected', 'data_error')";

impl Store {
    /// How good the stored flags were.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn quality(&self, scope: &Scope) -> Result<Quality, StoreError> {
        self.read(|connection| {
            Ok(Quality {
                kinds: kinds(connection, scope)?,
                bands: bands(connection, scope)?,
                signals: signals(connection, scope)?,
            })
        })
    }
}

fn kinds(connection: &Connection, scope: &Scope) -> Result<Vec<KindQuality>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT kind, COUNT(*), COALESCE(SUM({HIT}), 0), COALESCE(SUM({MISS}), 0),
            COALESCE(SUM(outcome = 'unclear'), 0)
         FROM flags WHERE ?1 IS NULL OR merchant = ?1 GROUP BY kind ORDER BY kind"
    ))?;
    let rows = query.query_map([scope.merchant()], |row| {
        Ok(KindQuality {
            kind: row.get(0)?,
            flags: row.get(1)?,
            hits: row.get(2)?,
            misses: row.get(3)?,
            unclear: row.get(4)?,
            worth: (0, 0),
            delay_hours: None,
        })
    })?;
    let mut kinds: Vec<KindQuality> = rows.collect::<Result<_, _>>()?;
    for kind in &mut kinds {
        kind.worth = connection
            .prepare_cached(
                "SELECT COALESCE(SUM(worth), 0), COUNT(worth) FROM decisions
                 JOIN flags USING (flag_id)
                 WHERE flags.kind = ?1 AND (?2 IS NULL OR flags.merchant = ?2)",
            )?
            .query_row(rusqlite::params![kind.kind, scope.merchant()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let mut query = connection.prepare_cached(
            "SELECT (opened_ms - onset_ms) / 3600000.0 FROM flags
             WHERE kind = ?1 AND (?2 IS NULL OR merchant = ?2) ORDER BY 1",
        )?;
        let delays = query.query_map(rusqlite::params![kind.kind, scope.merchant()], |row| {
            row.get::<_, f64>(0)
        })?;
        let delays: Vec<f64> = delays.collect::<Result<_, _>>()?;
        kind.delay_hours = delays.get(delays.len() / 2).copied();
    }
    Ok(kinds)
}

fn bands(connection: &Connection, scope: &Scope) -> Result<Vec<ScoreBand>, StoreError> {
    let mut bands = Vec::new();
    for (place, from) in BANDS.into_iter().enumerate() {
        let to = BANDS.get(place + 1).copied();
        let band = connection
            .prepare_cached(&format!(
                "SELECT COALESCE(SUM({HIT}), 0), COALESCE(SUM({MISS}), 0),
                    COALESCE(SUM(outcome IS NULL), 0)
                 FROM flags WHERE score_max >= ?1 AND (?2 IS NULL OR score_max < ?2)
                    AND (?3 IS NULL OR merchant = ?3)"
            ))?
            .query_row(rusqlite::params![from, to, scope.merchant()], |row| {
                Ok(ScoreBand {
                    from,
                    to,
                    hits: row.get(0)?,
                    misses: row.get(1)?,
                    open: row.get(2)?,
                })
            })?;
        bands.push(band);
    }
    Ok(bands)
}

fn signals(connection: &Connection, scope: &Scope) -> Result<Vec<SignalQuality>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT signal, AVG(CASE WHEN {HIT} THEN decibans END),
            AVG(CASE WHEN {MISS} THEN decibans END),
            COUNT(decibans), COUNT(abstained)
         FROM flag_evidence JOIN flags USING (flag_id)
         WHERE ?1 IS NULL OR merchant = ?1 GROUP BY signal ORDER BY signal"
    ))?;
    let signals = query.query_map([scope.merchant()], |row| {
        Ok(SignalQuality {
            signal: row.get(0)?,
            on_hits: row.get(1)?,
            on_misses: row.get(2)?,
            spoke: row.get(3)?,
            abstained: row.get(4)?,
        })
    })?;
    Ok(signals.collect::<Result<_, _>>()?)
}
