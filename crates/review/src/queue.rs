//! The queue: which flags wait, the dearest first.

use promoguard_event::{Currency, Decimal, EventTime};
use rusqlite::{Connection, Row, ToSql, named_params};

use crate::limits::{DAY_MS, HOUR_MS};
use crate::store::{Scope, Store, StoreError};

/// Which flags are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueStatus {
    /// Open and not decided about.
    #[default]
    Waiting,
    /// Decided about.
    Decided,
    /// Over before anybody decided.
    Cleared,
    /// All of them.
    Any,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueSort {
    /// Expected leaked commission of the last 24 hours, the highest first.
    #[default]
    Leaking,
    /// Leaked commission since the onset.
    Exposure,
    /// Score.
    Score,
    /// The oldest first.
    Oldest,
    /// The newest change first.
    Newest,
}

/// What the list is narrowed to. Texts are compared whole, `code` by its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFilter {
    /// Which flags.
    pub status: QueueStatus,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this merchant.
    pub merchant: Option<String>,
    /// Only of this marketplace.
    pub marketplace: Option<String>,
    /// Only of this partner.
    pub partner: Option<String>,
    /// Only from this score on.
    pub score_min: Option<f64>,
    /// Only what nobody holds.
    pub unclaimed: bool,
    /// Only what this user holds.
    pub claimed_by: Option<String>,
    /// Only codes that begin so.
    pub code: Option<String>,
    /// Order.
    pub sort: QueueSort,
    /// Flags to skip.
    pub offset: u32,
    /// Flags on a page.
    pub limit: u32,
}

/// A flag as it stands in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagCard {
    /// Its id.
    pub flag_id: String,
    /// Its newest revision.
    pub rev: u32,
    /// The normalised code.
    pub code: String,
    /// The code for people.
    pub spelling: String,
    /// Who it was given to.
    pub partner_id: Option<String>,
    /// Where it works.
    pub merchant: Option<String>,
    /// Where it works, if not on the merchant's own site.
    pub marketplace: Option<String>,
    /// Kind, as on the wire.
    pub kind: String,
    /// State, as on the wire.
    pub state: String,
    /// Decibans.
    pub score: f64,
    /// The highest it had.
    pub score_max: f64,
    /// When it opened.
    pub opened: EventTime,
    /// When it last changed.
    pub updated: EventTime,
    /// Most likely start, and its 90 % interval.
    pub onset: [EventTime; 3],
    /// Leaked orders and their 90 % interval.
    pub leaked: [f64; 3],
    /// Leaked commission and its 90 % interval; `None` where the registry names no percentage.
    pub commission: Option<[Decimal; 3]>,
    /// Currency of all money here.
    pub currency: Currency,
    /// Expected leaked commission of the last 24 hours.
    pub leaking: Decimal,
    /// Who holds it, and until when.
    pub claim: Option<(String, i64)>,
    /// Decisions taken on it.
    pub decisions: u32,
    /// The last outcome that still holds.
    pub outcome: Option<String>,
}

/// A page of the queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueuePage {
    /// The flags.
    pub cards: Vec<FlagCard>,
    /// Orders a day of each card's code over the last two weeks, the oldest first.
    pub sparks: Vec<[u32; SPARK_DAYS]>,
    /// All flags under the filter.
    pub total: u64,
}

/// What the head of the queue says of all flags that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Flags that wait.
    pub waiting: u64,
    /// Those of them that somebody holds.
    pub claimed: u64,
    /// Expected leaked commission of the last 24 hours, by currency.
    pub leaking: Vec<(Currency, Decimal)>,
    /// Leaked commission since the onsets, by currency.
    pub exposure: Vec<(Currency, Decimal)>,
    /// The highest rowid of revisions that was seen: changes when anything came in.
    pub version: u64,
}

/// Days of a spark line.
pub const SPARK_DAYS: usize = 14;

const COLUMNS: &str =
    "flag_id, rev, code, spelling, partner_id, merchant, marketplace, kind, state,
    score, score_max, opened_ms, updated_ms, onset_ms, onset_low_ms, onset_high_ms, leaked,
    leaked_low, leaked_high, commission, commission_low, commission_high, currency, leaking,
    claimed_by, claimed_until_ms, decisions, outcome";

const NARROWED: &str = "
    (:kind IS NULL OR kind = :kind)
    AND (:merchant IS NULL OR merchant = :merchant)
    AND (:scope IS NULL OR merchant = :scope)
    AND (:marketplace IS NULL OR marketplace = :marketplace)
    AND (:partner IS NULL OR partner_id = :partner)
    AND (:score_min IS NULL OR score >= :score_min)
    AND (:unclaimed = 0 OR claimed_by IS NULL OR claimed_until_ms <= :now)
    AND (:claimed_by IS NULL OR (claimed_by = :claimed_by AND claimed_until_ms > :now))
    AND (:code IS NULL OR substr(code, 1, length(:code)) = :code)";

impl QueueStatus {
    fn sql(self) -> &'static str {
        match self {
            QueueStatus::Waiting => "state <> 'cleared' AND outcome IS NULL",
            QueueStatus::Decided => "outcome IS NOT NULL",
            QueueStatus::Cleared => "state = 'cleared' AND outcome IS NULL",
            QueueStatus::Any => "1 = 1",
        }
    }
}

impl QueueSort {
    fn sql(self) -> &'static str {
        match self {
            QueueSort::Leaking => "leaking DESC, commission DESC, score DESC, flag_id",
            QueueSort::Exposure => "commission DESC, score DESC, flag_id",
            QueueSort::Score => "score DESC, flag_id",
            QueueSort::Oldest => "opened_ms, flag_id",
            QueueSort::Newest => "updated_ms DESC, flag_id",
        }
    }
}

impl Store {
    /// A page of the flags that somebody may see.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn queue(
        &self,
        filter: &QueueFilter,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<QueuePage, StoreError> {
        self.read(|connection| {
            let cards = cards(connection, filter, scope, now_ms)?;
            let total = connection
                .prepare_cached(&format!(
                    "SELECT COUNT(*) FROM flags WHERE {} AND {NARROWED}",
                    filter.status.sql()
                ))?
                .query_row(&*narrowed(filter, scope, &now_ms), |row| row.get(0))?;
            let newest_ms = crate::feed::fact(connection, "newest_ms")?.unwrap_or(0);
            let sparks = cards
                .iter()
                .map(|card| spark(connection, &card.code, newest_ms))
                .collect::<Result<_, _>>()?;
            Ok(QueuePage {
                cards,
                sparks,
                total,
            })
        })
    }

    /// The flag after which nobody asks in vain: the first under the filter that nobody else holds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn next_in_queue(
        &self,
        user: &str,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Option<FlagCard>, StoreError> {
        self.read(|connection| {
            let filter = QueueFilter {
                limit: 50,
                ..QueueFilter::default()
            };
            let cards = cards(connection, &filter, scope, now_ms)?;
            Ok(cards.into_iter().find(|card| {
                card.claim
                    .as_ref()
                    .is_none_or(|(who, until_ms)| who == user || *until_ms <= now_ms)
            }))
        })
    }

    /// A flag by its id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn flag_card(&self, flag_id: &str, scope: &Scope) -> Result<Option<FlagCard>, StoreError> {
        self.read(|connection| card(connection, flag_id, scope))
    }

    /// What waits, in numbers.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn queue_counts(&self, scope: &Scope, now_ms: i64) -> Result<QueueCounts, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT currency, COUNT(*), SUM(leaking), SUM(COALESCE(commission, 0)),
                    SUM(claimed_by IS NOT NULL AND claimed_until_ms > ?2)
                 FROM flags WHERE state <> 'cleared' AND outcome IS NULL
                    AND (?1 IS NULL OR merchant = ?1)
                 GROUP BY currency ORDER BY currency",
            )?;
            let mut counts = QueueCounts::default();
            let mut rows = query.query(rusqlite::params![scope.merchant(), now_ms])?;
            while let Some(row) = rows.next()? {
                let currency = currency(&row.get::<_, String>(0)?);
                counts.waiting += row.get::<_, u64>(1)?;
                counts.leaking.push((currency, money(row.get(2)?)));
                counts.exposure.push((currency, money(row.get(3)?)));
                counts.claimed += row.get::<_, u64>(4)?;
            }
            let version = |name: &str| crate::feed::fact(connection, name);
            counts.version = version("records")?.unwrap_or(0).unsigned_abs();
            Ok(counts)
        })
    }

    /// How many flags wait.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn waiting(&self, scope: &Scope) -> Result<u64, StoreError> {
        self.read(|connection| {
            let query = match scope {
                // The index of the queue alone answers this.
                Scope::All => connection
                    .prepare_cached(
                        "SELECT COUNT(*) FROM flags WHERE state <> 'cleared' AND outcome IS NULL",
                    )?
                    .query_row([], |row| row.get(0)),
                Scope::Merchant(merchant) => connection
                    .prepare_cached(
                        "SELECT COUNT(*) FROM flags WHERE state <> 'cleared' AND outcome IS NULL
                           AND merchant = ?1",
                    )?
                    .query_row([merchant], |row| row.get(0)),
            };
            Ok(query?)
        })
    }

    /// Flags that opened after an instant and wait.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn opened_since(&self, after: EventTime, scope: &Scope) -> Result<u64, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT COUNT(*) FROM flags WHERE state <> 'cleared' AND outcome IS NULL
                       AND opened_ms > ?1 AND (?2 IS NULL OR merchant = ?2)",
                )?
                .query_row(rusqlite::params![after.millis(), scope.merchant()], |row| {
                    row.get(0)
                })?)
        })
    }
}

fn narrowed<'a>(
    filter: &'a QueueFilter,
    scope: &'a Scope,
    now_ms: &'a i64,
) -> Vec<(&'static str, &'a dyn ToSql)> {
    let parameters: &[(&'static str, &dyn ToSql)] = named_params! {
        ":kind": filter.kind,
        ":merchant": filter.merchant,
        ":marketplace": filter.marketplace,
        ":partner": filter.partner,
        ":score_min": filter.score_min,
        ":unclaimed": filter.unclaimed,
        ":claimed_by": filter.claimed_by,
        ":code": filter.code,
    };
    let mut parameters: Vec<(&'static str, &'a dyn ToSql)> = parameters.to_vec();
    parameters.push((":now", now_ms));
    parameters.push((":scope", scope_text(scope)));
    parameters
}

fn scope_text(scope: &Scope) -> &dyn ToSql {
    match scope {
        Scope::All => &rusqlite::types::Null,
        Scope::Merchant(merchant) => merchant,
    }
}

fn cards(
    connection: &Connection,
    filter: &QueueFilter,
    scope: &Scope,
    now_ms: i64,
) -> Result<Vec<FlagCard>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM flags WHERE {} AND {NARROWED} ORDER BY {} LIMIT :limit OFFSET :offset",
        filter.status.sql(),
        filter.sort.sql()
    ))?;
    let mut parameters = narrowed(filter, scope, &now_ms);
    parameters.push((":limit", &filter.limit));
    parameters.push((":offset", &filter.offset));
    let cards = query.query_map(&*parameters, read_card)?;
    Ok(cards.collect::<Result<_, _>>()?)
}

pub(crate) fn card(
    connection: &Connection,
    flag_id: &str,
    scope: &Scope,
) -> Result<Option<FlagCard>, StoreError> {
    use rusqlite::OptionalExtension as _;
    let card = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM flags WHERE flag_id = ?1"))?
        .query_row([flag_id], read_card)
        .optional()?;
    Ok(card.filter(|card| scope.allows(card.merchant.as_deref())))
}

/// The flags of a code, the newest first.
pub(crate) fn cards_of_code(
    connection: &Connection,
    code: &str,
) -> Result<Vec<FlagCard>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM flags WHERE code = ?1 ORDER BY opened_ms DESC LIMIT 50"
    ))?;
    let cards = query.query_map([code], read_card)?;
    Ok(cards.collect::<Result<_, _>>()?)
}

pub(crate) fn money(units: i64) -> Decimal {
    Decimal(i128::from(units))
}

pub(crate) fn currency(text: &str) -> Currency {
    Currency::parse(text).unwrap_or(Currency::KZT)
}

fn read_card(row: &Row<'_>) -> Result<FlagCard, rusqlite::Error> {
    let at = |index| row.get(index).map(EventTime::from_millis);
    let commission = match (row.get(19)?, row.get(20)?, row.get(21)?) {
        (Some(estimate), Some(low), Some(high)) => Some([money(estimate), money(low), money(high)]),
        _ => None,
    };
    let claimed_by: Option<String> = row.get(24)?;
    Ok(FlagCard {
        flag_id: row.get(0)?,
        rev: row.get(1)?,
        code: row.get(2)?,
        spelling: row.get(3)?,
        partner_id: row.get(4)?,
        merchant: row.get(5)?,
        marketplace: row.get(6)?,
        kind: row.get(7)?,
        state: row.get(8)?,
        score: row.get(9)?,
        score_max: row.get(10)?,
        opened: at(11)?,
        updated: at(12)?,
        onset: [at(13)?, at(14)?, at(15)?],
        leaked: [row.get(16)?, row.get(17)?, row.get(18)?],
        commission,
        currency: currency(&row.get::<_, String>(22)?),
        leaking: money(row.get(23)?),
        claim: claimed_by.zip(row.get(25)?),
        decisions: row.get(26)?,
        outcome: row.get(27)?,
    })
}

fn spark(
    connection: &Connection,
    code: &str,
    newest_ms: i64,
) -> Result<[u32; SPARK_DAYS], StoreError> {
    let end_hour = newest_ms.div_euclid(HOUR_MS) + 1;
    let hours = (DAY_MS / HOUR_MS) * SPARK_DAYS as i64;
    let mut days = [0_u32; SPARK_DAYS];
    let mut query = connection.prepare_cached(
        "SELECT (hour - ?2) / 24, SUM(created + paid) FROM hours
         WHERE code = ?1 AND hour >= ?2 AND hour < ?3 GROUP BY 1",
    )?;
    let mut rows = query.query(rusqlite::params![code, end_hour - hours, end_hour])?;
    while let Some(row) = rows.next()? {
        let day: usize = row.get(0)?;
        if let Some(sum) = days.get_mut(day) {
            *sum = row.get(1)?;
        }
    }
    Ok(days)
}
