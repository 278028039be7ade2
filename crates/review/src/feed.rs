//! What the detector says comes in.
//!
//! Decides: what makes two records the same, and what is let go. A flag is known by its id and rev,
//! an hour by code and hour with the higher rev winning, an order by code, merchant and id with the
//! last record winning. Feeding the same again changes nothing.

use promoguard_event::{Code, EventTime, FlagState};
use rusqlite::{Transaction, params};

use crate::limits::DAY_MS;
use crate::records::{CodeRecord, FlagRecord, OrderRecord, WindowRecord};
use crate::store::{Store, StoreError};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// A flag.
    Flag,
    /// What a code did in an hour.
    Window,
    /// A judged order.
    Order,
    /// An entry of the registry.
    Code,
}

/// How far a topic's partition was read; stored with the records themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The first offset that was not read.
    pub next_offset: i64,
}

/// What became of the lines of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedReport {
    /// Lines that said something new.
    pub taken: u64,
    /// Lines that were known.
    pub known: u64,
    /// Lines that could not be read, and why; the first few of them.
    pub refused: Vec<String>,
    /// All that could not be read.
    pub refused_count: u64,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// From the closed list of reasons.
    pub error: String,
    /// The field to blame.
    pub field: Option<String>,
    /// Topic or file.
    pub source: String,
    /// Partition and offset, or line.
    pub place: String,
    /// As it came; may hold personal data.
    pub raw: Vec<u8>,
    /// When it was seen.
    pub seen_ms: i64,
}

/// How current the store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The newest event time that is in it; `None` while it is empty.
    pub newest: Option<EventTime>,
    /// Records taken, ever.
    pub records: u64,
    /// Records refused, ever.
    pub refused: u64,
}

/// Reasons that are reported in words; all are counted.
const REFUSED_SHOWN_MAX: usize = 5;

impl Store {
    /// Takes lines in one transaction, together with how far their topics were read.
    ///
    /// # Errors
    /// The store cannot be written; nothing was taken then.
    pub fn feed<'a>(
        &self,
        lines: impl IntoIterator<Item = (FeedKind, &'a [u8])>,
        positions: &[Position],
    ) -> Result<FeedReport, StoreError> {
        self.write(|transaction| {
            let mut report = FeedReport::default();
            let before = newest(transaction)?;
            let mut after = before;
            let mut flags_changed = false;
            for (kind, line) in lines {
                let taken = match kind {
                    FeedKind::Flag => flag(transaction, line, &mut after),
                    FeedKind::Window => window(transaction, line, &mut after),
                    FeedKind::Order => order(transaction, line, &mut after),
                    FeedKind::Code => code(transaction, line),
                };
                match taken {
                    Ok(true) => {
                        report.taken += 1;
                        flags_changed |= kind == FeedKind::Flag;
                    }
                    Ok(false) => report.known += 1,
                    Err(Refusal::Line(why)) => {
                        report.refused_count += 1;
                        if report.refused.len() < REFUSED_SHOWN_MAX {
                            report.refused.push(why);
                        }
                    }
                    Err(Refusal::Store(error)) => return Err(error),
                }
            }
            for position in positions {
                transaction
                    .prepare_cached(
                        "INSERT INTO positions (topic, partition, next_offset) VALUES (?1, ?2, ?3)
                         ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
                    )?
                    .execute(params![
                        position.topic,
                        position.partition,
                        position.next_offset
                    ])?;
            }
            add_to_fact(transaction, "records", report.taken)?;
            add_to_fact(transaction, "refused", report.refused_count)?;
            if after > before {
                set_fact(transaction, "newest_ms", &after.to_string())?;
            }
            let hour = |ms: i64| ms.div_euclid(crate::limits::HOUR_MS);
            if flags_changed || hour(after) > hour(before) {
                reckon_leaking(transaction, after)?;
            }
            if after.div_euclid(DAY_MS) > before.div_euclid(DAY_MS) && before > 0 {
                self.let_go(transaction, after)?;
            }
            Ok(report)
        })
    }

    /// Keeps records that could not be read; the oldest go when there are too many.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn keep_dead_letters(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO dead_letters (seen_ms, error, field, source, place, raw)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (source, place) DO NOTHING",
            )?;
            for letter in letters {
                insert.execute(params![
                    letter.seen_ms,
                    letter.error,
                    letter.field,
                    letter.source,
                    letter.place,
                    letter.raw
                ])?;
            }
            transaction.execute(
                "DELETE FROM dead_letters WHERE id <= (SELECT MAX(id) FROM dead_letters) - ?1",
                [self.limits.dead_letters_max],
            )?;
            Ok(())
        })
    }

    /// The newest dead letters.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dead_letters(&self, limit: u32) -> Result<(u64, Vec<DeadLetter>), StoreError> {
        self.read(|connection| {
            let count =
                connection.query_row("SELECT COUNT(*) FROM dead_letters", [], |row| row.get(0))?;
            let mut query = connection.prepare_cached(
                "SELECT error, field, source, place, raw, seen_ms FROM dead_letters
                 ORDER BY id DESC LIMIT ?1",
            )?;
            let letters = query
                .query_map([limit], |row| {
                    Ok(DeadLetter {
                        error: row.get(0)?,
                        field: row.get(1)?,
                        source: row.get(2)?,
                        place: row.get(3)?,
                        raw: row.get(4)?,
                        seen_ms: row.get(5)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok((count, letters))
        })
    }

    /// How far each partition was read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn positions(&self) -> Result<Vec<Position>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT topic, partition, next_offset FROM positions ORDER BY 1, 2",
            )?;
            let positions = query.query_map([], |row| {
                Ok(Position {
                    topic: row.get(0)?,
                    partition: row.get(1)?,
                    next_offset: row.get(2)?,
                })
            })?;
            Ok(positions.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets what was fed, and how far, so that the topics are read from their beginning. What
    /// people did stays: decisions, notes, claims of flags that come again, users, the trail.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_fed(&self) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute_batch(
                "DELETE FROM hours; DELETE FROM orders; DELETE FROM codes; DELETE FROM flags;
                 DELETE FROM flag_revisions; DELETE FROM flag_evidence; DELETE FROM flag_hosts;
                 DELETE FROM dead_letters; DELETE FROM positions;
                 DELETE FROM facts WHERE name IN ('newest_ms', 'records', 'refused');",
            )?;
            Ok(())
        })
    }

    /// How current the store is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn freshness(&self) -> Result<Freshness, StoreError> {
        self.read(|connection| {
            let number = |name: &str| fact(connection, name).map(|value| value.unwrap_or(0));
            let newest = fact(connection, "newest_ms")?;
            Ok(Freshness {
                newest: newest.map(EventTime::from_millis),
                records: number("records")?.unsigned_abs(),
                refused: number("refused")?.unsigned_abs(),
            })
        })
    }

    fn let_go(&self, transaction: &Transaction<'_>, newest_ms: i64) -> Result<(), StoreError> {
        let before = |days: u32| newest_ms - i64::from(days) * DAY_MS;
        let hour = (before(self.limits.hours_days)).div_euclid(crate::limits::HOUR_MS);
        transaction.execute("DELETE FROM hours WHERE hour < ?1", [hour])?;
        transaction.execute(
            "DELETE FROM orders WHERE ts < ?1 AND (ts < ?2
               OR NOT EXISTS (SELECT 1 FROM flags WHERE flags.code = orders.code))",
            [
                before(self.limits.orders_days),
                before(self.limits.flags_days),
            ],
        )?;
        // Decisions and the trail stay: they are the record of what was done.
        let old = "(SELECT flag_id FROM flags WHERE updated_ms < ?1)";
        for table in ["flag_revisions", "flag_evidence", "flag_hosts", "flags"] {
            transaction.execute(
                &format!("DELETE FROM {table} WHERE flag_id IN {old}"),
                [before(self.limits.flags_days)],
            )?;
        }
        Ok(())
    }
}

enum Refusal {
    Line(String),
    Store(StoreError),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Refusal::Store(error.into())
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Refusal::Line(error.to_string())
    }
}

/// The form by which codes are compared; a text that is no code stays as it is.
pub(crate) fn normalised(code: &str) -> String {
    Code::parse(code).map_or_else(|_| code.to_owned(), |code| code.as_str().to_owned())
}

fn units(amount: promoguard_event::Decimal) -> Result<i64, Refusal> {
    i64::try_from(amount.0)
        .map_err(|_| Refusal::Line(format!("the amount {amount} is too large for the store")))
}

fn flag(transaction: &Transaction<'_>, line: &[u8], newest_ms: &mut i64) -> Result<bool, Refusal> {
    let record: FlagRecord = serde_json::from_slice(line)?;
    let body = serde_json::to_string(&record)?;
    let code = normalised(&record.code);
    let fresh = transaction
        .prepare_cached(
            "INSERT INTO flag_revisions (flag_id, rev, ts, state, score, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            record.flag_id,
            record.rev,
            record.ts.millis(),
            record.state.as_str(),
            record.score,
            body
        ])?;
    if fresh == 0 {
        return Ok(false);
    }
    *newest_ms = (*newest_ms).max(record.ts.millis());
    let exposure = &record.exposure;
    let money = |pick: fn(&promoguard_event::IntervalDecimal) -> promoguard_event::Decimal| {
        exposure
            .commission
            .as_ref()
            .map(pick)
            .map(units)
            .transpose()
    };
    let changed = transaction
        .prepare_cached(
            "INSERT INTO flags (flag_id, rev, code, spelling, partner_id, merchant, marketplace,
                kind, state, score, score_max, opened_ms, updated_ms, onset_ms, onset_low_ms,
                onset_high_ms, leaked, leaked_low, leaked_high, commission, commission_low,
                commission_high, currency)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?11, ?12, ?13, ?14, ?15,
                ?16, ?17, ?18, ?19, ?20, ?21)
             ON CONFLICT (flag_id) DO UPDATE SET rev = excluded.rev, kind = excluded.kind,
                state = excluded.state, score = excluded.score,
                score_max = MAX(score_max, excluded.score), updated_ms = excluded.updated_ms,
                onset_ms = excluded.onset_ms, onset_low_ms = excluded.onset_low_ms,
                onset_high_ms = excluded.onset_high_ms, leaked = excluded.leaked,
                leaked_low = excluded.leaked_low, leaked_high = excluded.leaked_high,
                commission = excluded.commission, commission_low = excluded.commission_low,
                commission_high = excluded.commission_high, currency = excluded.currency,
                partner_id = excluded.partner_id, merchant = excluded.merchant,
                marketplace = excluded.marketplace
             WHERE excluded.rev > flags.rev",
        )?
        .execute(params![
            record.flag_id,
            record.rev,
            code,
            record.code,
            record.partner_id,
            record.merchant,
            record.marketplace,
            record.kind.as_str(),
            record.state.as_str(),
            record.score,
            record.ts.millis(),
            record.onset.at.millis(),
            record.onset.low.millis(),
            record.onset.high.millis(),
            exposure.leaked_orders.estimate,
            exposure.leaked_orders.low,
            exposure.leaked_orders.high,
            money(|interval| interval.estimate)?,
            money(|interval| interval.low)?,
            money(|interval| interval.high)?,
            exposure.currency.as_str()
        ])?;
    if changed == 0 {
        // An older revision that came late: it is kept, and changes nothing.
        return Ok(true);
    }
    restore_decision(transaction, &record)?;
    transaction
        .prepare_cached("DELETE FROM flag_evidence WHERE flag_id = ?1")?
        .execute([&record.flag_id])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO flag_evidence (flag_id, signal, decibans, abstained) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    for item in &record.evidence {
        insert.execute(params![
            record.flag_id,
            item.signal,
            item.decibans,
            item.abstained
        ])?;
    }
    transaction
        .prepare_cached("DELETE FROM flag_hosts WHERE flag_id = ?1")?
        .execute([&record.flag_id])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO flag_hosts (host, flag_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for referrer in &record.top_referrers {
        insert.execute(params![referrer.host, record.flag_id])?;
    }
    Ok(true)
}

/// A flag that is fed again after [`Store::forget_fed`] has its decision back; one that escalates
/// after it was let pass comes back into the queue.
fn restore_decision(
    transaction: &Transaction<'_>,
    record: &FlagRecord,
) -> Result<(), rusqlite::Error> {
    let last = "(SELECT MAX(id) FROM decisions WHERE flag_id = ?1)";
    transaction
        .prepare_cached(&format!(
            "UPDATE flags SET
               decisions = (SELECT COUNT(*) FROM decisions WHERE flag_id = ?1),
               outcome = (SELECT outcome FROM decisions WHERE id = {last}),
               decided_ms = (SELECT ts FROM decisions WHERE id = {last})
             WHERE flag_id = ?1"
        ))?
        .execute([&record.flag_id])?;
    if record.state == FlagState::Escalated {
        transaction
            .prepare_cached(
                "UPDATE flags SET outcome = NULL WHERE flag_id = ?1 AND outcome <> 'leak'
                   AND decided_ms < ?2",
            )?
            .execute(params![record.flag_id, record.ts.millis()])?;
    }
    Ok(())
}

fn window(
    transaction: &Transaction<'_>,
    line: &[u8],
    newest_ms: &mut i64,
) -> Result<bool, Refusal> {
    let record: WindowRecord = serde_json::from_slice(line)?;
    *newest_ms = (*newest_ms).max(record.hour.end().millis());
    let orders = &record.orders;
    let changed = transaction
        .prepare_cached(
            "INSERT INTO hours (code, hour, rev, clicks, visitors, created, paid, cancelled,
                returned, rejected, clickless, customers)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (code, hour) DO UPDATE SET rev = excluded.rev, clicks = excluded.clicks,
                visitors = excluded.visitors, created = excluded.created, paid = excluded.paid,
                cancelled = excluded.cancelled, returned = excluded.returned,
                rejected = excluded.rejected, clickless = excluded.clickless,
                customers = excluded.customers
             WHERE excluded.rev > hours.rev",
        )?
        .execute(params![
            normalised(&record.code),
            record.hour.index(),
            record.rev,
            record.clicks,
            record.visitors,
            orders.created,
            orders.paid,
            orders.cancelled,
            orders.returned,
            orders.rejected,
            record.clickless_orders,
            record.customers
        ])?;
    Ok(changed > 0)
}

fn order(transaction: &Transaction<'_>, line: &[u8], newest_ms: &mut i64) -> Result<bool, Refusal> {
    let record: OrderRecord = serde_json::from_slice(line)?;
    *newest_ms = (*newest_ms).max(record.ts.millis());
    let seen = record.likelihood.as_ref();
    let changed = transaction
        .prepare_cached(
            "INSERT INTO orders (code, ts, merchant, order_id, amount, currency, commission, p_leak,
                by_coupon_site, by_extension, by_insider, flag_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (code, merchant, order_id) DO UPDATE SET ts = excluded.ts,
                amount = excluded.amount, currency = excluded.currency,
                commission = excluded.commission, p_leak = excluded.p_leak,
                by_coupon_site = excluded.by_coupon_site, by_extension = excluded.by_extension,
                by_insider = excluded.by_insider, flag_id = excluded.flag_id
             WHERE excluded.ts <> orders.ts OR excluded.p_leak <> orders.p_leak
                OR excluded.amount <> orders.amount
                OR COALESCE(excluded.flag_id, '') <> COALESCE(orders.flag_id, '')",
        )?
        .execute(params![
            normalised(&record.code),
            record.ts.millis(),
            record.merchant,
            record.order_id,
            units(record.amount)?,
            record.currency.as_str(),
            record.commission.map(units).transpose()?,
            record.p_leak,
            seen.map(|seen| seen.coupon_site),
            seen.map(|seen| seen.extension),
            seen.map(|seen| seen.insider_or_community),
            record.flag_id
        ])?;
    Ok(changed > 0)
}

fn code(transaction: &Transaction<'_>, line: &[u8]) -> Result<bool, Refusal> {
    let record: CodeRecord = serde_json::from_slice(line)?;
    let changed = transaction
        .prepare_cached(
            "INSERT INTO codes (code, spelling, partner_id, merchant, marketplace, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (code) DO UPDATE SET spelling = excluded.spelling,
                partner_id = excluded.partner_id, merchant = excluded.merchant,
                marketplace = excluded.marketplace, body = excluded.body
             WHERE excluded.body <> codes.body",
        )?
        .execute(params![
            normalised(&record.code),
            record.code,
            record.partner_id,
            record.merchant.to_lowercase(),
            record.marketplace.as_deref().map(str::to_lowercase),
            serde_json::to_string(&record)?
        ])?;
    Ok(changed > 0)
}

/// The expected leaked commission of the last 24 hours of every flag that waits: the sum over its
/// code's orders of leak probability times commission.
fn reckon_leaking(transaction: &Transaction<'_>, newest_ms: i64) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE flags SET leaking = reckoned.leaking FROM (
                SELECT flag_id, COALESCE((
                    SELECT CAST(SUM(orders.commission * orders.p_leak) AS INTEGER) FROM orders
                    WHERE orders.code = waiting.code AND orders.ts > ?1), 0) AS leaking
                FROM flags AS waiting WHERE state <> 'cleared' AND outcome IS NULL) AS reckoned
             WHERE reckoned.flag_id = flags.flag_id AND reckoned.leaking <> flags.leaking",
        )?
        .execute([newest_ms - DAY_MS])?;
    Ok(())
}

pub(crate) fn fact(
    connection: &rusqlite::Connection,
    name: &str,
) -> Result<Option<i64>, StoreError> {
    use rusqlite::OptionalExtension as _;
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn newest(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(fact(transaction, "newest_ms")?.unwrap_or(0))
}

pub(crate) fn set_fact(
    transaction: &Transaction<'_>,
    name: &str,
    value: &str,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO facts (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute([name, value])?;
    Ok(())
}

fn add_to_fact(transaction: &Transaction<'_>, name: &str, more: u64) -> Result<(), StoreError> {
    if more > 0 {
        let known = fact(transaction, name)?.unwrap_or(0).unsigned_abs();
        set_fact(transaction, name, &(known + more).to_string())?;
    }
    Ok(())
}
