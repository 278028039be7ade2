//! Everything that is known of one code.

use promoguard_event::{Decimal, EventTime, Hour, Likelihood};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::decide::{DecisionRecord, Note, decisions_of_code, notes_of_code};
use crate::feed::normalised;
use crate::holds::{Candidate, HeldFlag};
use crate::limits::HOUR_MS;
use crate::queue::{FlagCard, cards_of_code, currency, money};
use crate::records::{CodeRecord, FlagRecord};
use crate::store::{Scope, Store, StoreError};

/// What one code did in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourSums {
    /// Which hour.
    pub hour: Hour,
    /// Clicks.
    pub clicks: u32,
    /// Orders that were placed or paid.
    pub orders: u32,
    /// Orders without a click.
    pub clickless: u32,
    /// Orders cancelled or sent back.
    pub fell_away: u32,
    /// Refused redemptions.
    pub rejected: u32,
}

/// A judged order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRow {
    /// The order, as holds see it.
    pub order: Candidate,
}

/// Why a flag is shown beside another.
#[derive(Clone, Debug, PartialEq)]
pub enum SimilarWhy {
    /// The same partner.
    Partner,
    /// Orders from the same host.
    Host(String),
    /// Nearly the same evidence; how alike, from 0 to 1.
    Evidence(f64),
}

/// A flag that resembles the one looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarFlag {
    /// The flag.
    pub card: FlagCard,
    /// Why.
    pub why: SimilarWhy,
}

/// A code with its flags and its past.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeSheet {
    /// Normalised.
    pub code: String,
    /// For people.
    pub spelling: String,
    /// Its registry entry.
    pub entry: Option<CodeRecord>,
    /// Its flags, the newest first.
    pub flags: Vec<FlagCard>,
    /// The newest revision of the flag looked at.
    pub flag: Option<FlagRecord>,
    /// Every revision of it, ascending: time, state, score.
    pub revisions: Vec<(u32, EventTime, String, f64)>,
    /// Its hours, ascending; those in which nothing happened are absent.
    pub hours: Vec<HourSums>,
    /// Its newest orders, the newest first.
    pub orders: Vec<OrderRow>,
    /// All its stored orders.
    pub orders_total: u64,
    /// Notes on it, the newest first.
    pub notes: Vec<Note>,
    /// Decisions on its flags, the newest first.
    pub decisions: Vec<DecisionRecord>,
    /// Flags that resemble the one looked at.
    pub similar: Vec<SimilarFlag>,
}

/// Orders on the sheet.
const ORDERS_SHOWN: u32 = 25;
/// Orders that a hold looks at; more than any honest window has.
const HOLD_ORDERS_MAX: u32 = 200_000;
/// Flags whose evidence is compared.
const COMPARED_MAX: u32 = 500;
/// Similar flags shown.
const SIMILAR_MAX: usize = 6;
/// Evidence that points less into one direction than this is not alike.
const ALIKE_MIN: f64 = 0.85;

impl Store {
    /// Everything about a code, looked at through one of its flags: the one with this id, else the
    /// newest. `None` where nothing is known of the code, or it is another merchant's.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn code_sheet(
        &self,
        code: &str,
        flag_id: Option<&str>,
        days: u32,
        scope: &Scope,
    ) -> Result<Option<CodeSheet>, StoreError> {
        let code = normalised(code);
        self.read(|connection| {
            let entry = entry(connection, &code)?;
            let flags = cards_of_code(connection, &code)?;
            let newest_ms = crate::feed::fact(connection, "newest_ms")?.unwrap_or(0);
            let hours = hours(connection, &code, newest_ms, days)?;
            let merchant = entry
                .as_ref()
                .map(|entry| entry.merchant.to_lowercase())
                .or_else(|| flags.first().and_then(|flag| flag.merchant.clone()));
            let is_known = entry.is_some() || !flags.is_empty() || !hours.is_empty();
            if !is_known || !scope.allows(merchant.as_deref()) {
                return Ok(None);
            }
            let chosen = match flag_id {
                Some(wanted) => flags.iter().find(|flag| flag.flag_id == wanted),
                None => flags.first(),
            };
            let similar = match chosen {
                Some(card) => similar(connection, card, scope)?,
                None => Vec::new(),
            };
            let spelling = match (&entry, flags.first()) {
                (Some(entry), _) => entry.code.clone(),
                (None, Some(flag)) => flag.spelling.clone(),
                (None, None) => code.clone(),
            };
            Ok(Some(CodeSheet {
                flag: chosen
                    .map(|card| flag_record(connection, &card.flag_id))
                    .transpose()?
                    .flatten(),
                revisions: match chosen {
                    Some(card) => revisions(connection, &card.flag_id)?,
                    None => Vec::new(),
                },
                orders: orders(connection, &code, ORDERS_SHOWN)?
                    .into_iter()
                    .map(|order| OrderRow { order })
                    .collect(),
                orders_total: connection
                    .prepare_cached("SELECT COUNT(*) FROM orders WHERE code = ?1")?
                    .query_row([&code], |row| row.get(0))?,
                notes: notes_of_code(connection, &code)?,
                decisions: decisions_of_code(connection, &code)?,
                similar,
                spelling,
                entry,
                flags,
                hours,
                code,
            }))
        })
    }

    /// A flag and all stored orders of its code, as holds need them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn hold_inputs(
        &self,
        flag_id: &str,
        scope: &Scope,
    ) -> Result<Option<(HeldFlag, Vec<Candidate>)>, StoreError> {
        self.read(|connection| {
            let Some(card) = crate::queue::card(connection, flag_id, scope)? else {
                return Ok(None);
            };
            let Some(flag) = flag_record(connection, flag_id)? else {
                return Ok(None);
            };
            let orders = orders(connection, &card.code, HOLD_ORDERS_MAX)?;
            let held = HeldFlag {
                judged_until: flag.judged_until(),
                flag_id: flag.flag_id,
                rev: flag.rev,
                code: flag.code,
                state: flag.state,
                kind: flag.kind,
                onset: flag.onset,
                exposure: flag.exposure,
            };
            Ok(Some((held, orders)))
        })
    }

    /// The newest revision of a flag.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn flag_record(&self, flag_id: &str) -> Result<Option<FlagRecord>, StoreError> {
        self.read(|connection| flag_record(connection, flag_id))
    }
}

fn entry(connection: &Connection, code: &str) -> Result<Option<CodeRecord>, StoreError> {
    let body: Option<String> = connection
        .prepare_cached("SELECT body FROM codes WHERE code = ?1")?
        .query_row([code], |row| row.get(0))
        .optional()?;
    body.map(|body| serde_json::from_str(&body))
        .transpose()
        .map_err(|error| StoreError::Damaged("registry entry", error))
}

pub(crate) fn flag_record(
    connection: &Connection,
    flag_id: &str,
) -> Result<Option<FlagRecord>, StoreError> {
    let body: Option<String> = connection
        .prepare_cached(
            "SELECT flag_revisions.body FROM flags JOIN flag_revisions USING (flag_id, rev)
             WHERE flag_id = ?1",
        )?
        .query_row([flag_id], |row| row.get(0))
        .optional()?;
    body.map(|body| serde_json::from_str(&body))
        .transpose()
        .map_err(|error| StoreError::Damaged("flag", error))
}

fn revisions(
    connection: &Connection,
    flag_id: &str,
) -> Result<Vec<(u32, EventTime, String, f64)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT rev, ts, state, score FROM flag_revisions WHERE flag_id = ?1 ORDER BY rev",
    )?;
    let revisions = query.query_map([flag_id], |row| {
        Ok((
            row.get(0)?,
            EventTime::from_millis(row.get(1)?),
            row.get(2)?,
            row.get(3)?,
        ))
    })?;
    Ok(revisions.collect::<Result<_, _>>()?)
}

fn hours(
    connection: &Connection,
    code: &str,
    newest_ms: i64,
    days: u32,
) -> Result<Vec<HourSums>, StoreError> {
    let from = newest_ms.div_euclid(HOUR_MS) - i64::from(days) * 24;
    let mut query = connection.prepare_cached(
        "SELECT hour, clicks, created + paid, clickless, cancelled + returned, rejected FROM hours
         WHERE code = ?1 AND hour >= ?2 ORDER BY hour",
    )?;
    let hours = query.query_map(params![code, from], |row| {
        Ok(HourSums {
            hour: Hour::from_index(row.get(0)?),
            clicks: row.get(1)?,
            orders: row.get(2)?,
            clickless: row.get(3)?,
            fell_away: row.get(4)?,
            rejected: row.get(5)?,
        })
    })?;
    Ok(hours.collect::<Result<_, _>>()?)
}

fn orders(connection: &Connection, code: &str, limit: u32) -> Result<Vec<Candidate>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT order_id, merchant, code, ts, amount, currency, commission, p_leak, by_coupon_site,
            by_extension, by_insider, flag_id
         FROM orders WHERE code = ?1 ORDER BY ts DESC, order_id LIMIT ?2",
    )?;
    let orders = query.query_map(params![code, limit], |row| {
        let likelihood = match (row.get(8)?, row.get(9)?, row.get(10)?) {
            (Some(coupon_site), Some(extension), Some(insider_or_community)) => Some(Likelihood {
                coupon_site,
                extension,
                insider_or_community,
            }),
            _ => None,
        };
        Ok(Candidate {
            order_id: row.get(0)?,
            merchant: row.get(1)?,
            code: row.get(2)?,
            ts: EventTime::from_millis(row.get(3)?),
            amount: money(row.get(4)?),
            currency: currency(&row.get::<_, String>(5)?),
            commission: row.get::<_, Option<i64>>(6)?.map(money),
            p_leak: row.get(7)?,
            likelihood,
            flag_id: row.get(11)?,
        })
    })?;
    Ok(orders.collect::<Result<_, _>>()?)
}

/// The same partner first, then the same host, then the same evidence; each flag once.
fn similar(
    connection: &Connection,
    card: &FlagCard,
    scope: &Scope,
) -> Result<Vec<SimilarFlag>, StoreError> {
    let mut found: Vec<(String, SimilarWhy)> = Vec::new();
    let mut take = |flag_id: String, why: SimilarWhy| {
        let is_new = flag_id != card.flag_id && found.iter().all(|(known, _)| *known != flag_id);
        if is_new {
            found.push((flag_id, why));
        }
    };
    if let Some(partner) = &card.partner_id {
        let mut query = connection.prepare_cached(
            "SELECT flag_id FROM flags WHERE partner_id = ?1 ORDER BY opened_ms DESC LIMIT 3",
        )?;
        let mut rows = query.query([partner])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?, SimilarWhy::Partner);
        }
    }
    let mut query = connection.prepare_cached(
        "SELECT DISTINCT theirs.flag_id, theirs.host FROM flag_hosts AS mine
         JOIN flag_hosts AS theirs ON theirs.host = mine.host
         WHERE mine.flag_id = ?1 AND theirs.flag_id <> ?1 LIMIT 4",
    )?;
    let mut rows = query.query([&card.flag_id])?;
    while let Some(row) = rows.next()? {
        take(row.get(0)?, SimilarWhy::Host(row.get(1)?));
    }
    for (flag_id, alike) in by_evidence(connection, &card.flag_id)? {
        take(flag_id, SimilarWhy::Evidence(alike));
    }
    let mut similar = Vec::new();
    for (flag_id, why) in found {
        if similar.len() == SIMILAR_MAX {
            break;
        }
        if let Some(card) = crate::queue::card(connection, &flag_id, scope)? {
            similar.push(SimilarFlag { card, why });
        }
    }
    Ok(similar)
}

/// Flags whose decibans by signal point the same way: the cosine of the two lists.
fn by_evidence(connection: &Connection, flag_id: &str) -> Result<Vec<(String, f64)>, StoreError> {
    let mut query = connection.prepare_cached(
        "WITH latest AS (SELECT flag_id FROM flags ORDER BY updated_ms DESC LIMIT ?2)
         SELECT theirs.flag_id,
            SUM(COALESCE(mine.decibans, 0) * theirs.decibans),
            SUM(theirs.decibans * theirs.decibans)
         FROM latest JOIN flag_evidence AS theirs ON theirs.flag_id = latest.flag_id
         LEFT JOIN flag_evidence AS mine ON mine.flag_id = ?1 AND mine.signal = theirs.signal
         WHERE theirs.decibans IS NOT NULL AND theirs.flag_id <> ?1
         GROUP BY theirs.flag_id",
    )?;
    let own: f64 = connection
        .prepare_cached(
            "SELECT COALESCE(SUM(decibans * decibans), 0.0) FROM flag_evidence WHERE flag_id = ?1",
        )?
        .query_row([flag_id], |row| row.get(0))?;
    let rows = query.query_map(params![flag_id, COMPARED_MAX], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, f64>(1)?,
            row.get::<_, f64>(2)?,
        ))
    })?;
    let mut alike = Vec::new();
    for row in rows {
        let (flag_id, product, theirs) = row?;
        let length = (own * theirs).sqrt();
        if length > 0.0 && product / length >= ALIKE_MIN {
            alike.push((flag_id, product / length));
        }
    }
    alike.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    alike.truncate(SIMILAR_MAX);
    Ok(alike)
}

/// Sum of an amount over orders, for tests and pages.
impl OrderRow {
    /// Leak probability times commission.
    pub fn expected_leak(&self) -> Option<Decimal> {
        let commission = self.order.commission?;
        // Exact enough for a figure that is shown rounded.
        Some(Decimal((commission.0 as f64 * self.order.p_leak) as i128))
    }
}
