//! Codes, partners and shops: the registry, with what was seen of each.

use promoguard_event::{Currency, Decimal};
use rusqlite::{Connection, params};

use crate::limits::{DAY_MS, HOUR_MS};
use crate::queue::{FlagCard, QueueFilter, QueueSort, QueueStatus, currency, money};
use crate::records::CodeRecord;
use crate::store::{Scope, Store, StoreError};

/// Which codes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeFilter {
    /// Codes that contain this, in any spelling.
    pub text: Option<String>,
    /// Only of this merchant.
    pub merchant: Option<String>,
    /// Only of this partner.
    pub partner: Option<String>,
    /// Codes to skip.
    pub offset: u32,
    /// Codes on a page.
    pub limit: u32,
}

/// A code in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeRow {
    /// Normalised.
    pub code: String,
    /// For people.
    pub spelling: String,
    /// Who it was given to.
    pub partner_id: String,
    /// Where it works.
    pub merchant: String,
    /// Where it works, if not on the merchant's own site.
    pub marketplace: Option<String>,
    /// Orders of the last seven days.
    pub orders: u64,
    /// Those of them without a click.
    pub clickless: u64,
    /// Clicks of the last seven days.
    pub clicks: u64,
    /// Flags, ever.
    pub flags: u64,
    /// The score of its open flag, if there is one.
    pub score: Option<f64>,
}

/// A partner with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerSheet {
    /// Its codes.
    pub codes: Vec<CodeRow>,
    /// An entry of the registry, for tier, followers and city.
    pub entry: Option<CodeRecord>,
    /// Flags on its codes, the newest first.
    pub flags: Vec<FlagCard>,
    /// What was held by decisions, by currency.
    pub held: Vec<(Currency, Decimal)>,
}

/// A merchant, or a marketplace of it, with the commission that leaks there.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopRow {
    /// The merchant.
    pub merchant: String,
    /// The marketplace; `None` = the merchant's own site.
    pub marketplace: Option<String>,
    /// Currency of the amounts.
    pub currency: Currency,
    /// Flags that wait.
    pub waiting: u64,
    /// All flags.
    pub flags: u64,
    /// Leaked commission of the flags that wait or were confirmed.
    pub exposure: Decimal,
    /// Expected leaked commission of the last 24 hours.
    pub leaking: Decimal,
}

impl Store {
    /// A page of the registry, and how many codes there are under the filter.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn codes(
        &self,
        filter: &CodeFilter,
        scope: &Scope,
    ) -> Result<(u64, Vec<CodeRow>), StoreError> {
        self.read(|connection| {
            const WHERE: &str = "(?1 IS NULL OR instr(code, ?1) > 0)
                AND (?2 IS NULL OR merchant = ?2) AND (?3 IS NULL OR merchant = ?3)
                AND (?4 IS NULL OR partner_id = ?4)";
            let text = filter.text.as_deref().map(str::to_lowercase);
            let total = connection
                .prepare_cached(&format!("SELECT COUNT(*) FROM codes WHERE {WHERE}"))?
                .query_row(
                    params![text, filter.merchant, scope.merchant(), filter.partner],
                    |row| row.get(0),
                )?;
            let mut query = connection.prepare_cached(&format!(
                "SELECT code, spelling, partner_id, merchant, marketplace,
                    (SELECT COUNT(*) FROM flags WHERE flags.code = codes.code),
                    (SELECT MAX(score) FROM flags WHERE flags.code = codes.code
                        AND state <> 'cleared')
                 FROM codes WHERE {WHERE} ORDER BY code LIMIT ?5 OFFSET ?6"
            ))?;
            let rows = query.query_map(
                params![
                    text,
                    filter.merchant,
                    scope.merchant(),
                    filter.partner,
                    filter.limit,
                    filter.offset
                ],
                |row| {
                    Ok(CodeRow {
                        code: row.get(0)?,
                        spelling: row.get(1)?,
                        partner_id: row.get(2)?,
                        merchant: row.get(3)?,
                        marketplace: row.get(4)?,
                        orders: 0,
                        clickless: 0,
                        clicks: 0,
                        flags: row.get(5)?,
                        score: row.get(6)?,
                    })
                },
            )?;
            let mut rows: Vec<CodeRow> = rows.collect::<Result<_, _>>()?;
            let newest_ms = crate::feed::fact(connection, "newest_ms")?.unwrap_or(0);
            for row in &mut rows {
                add_week(connection, row, newest_ms)?;
            }
            Ok((total, rows))
        })
    }

    /// A partner.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn partner(
        &self,
        partner_id: &str,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Option<PartnerSheet>, StoreError> {
        let filter = CodeFilter {
            partner: Some(partner_id.to_owned()),
            limit: 500,
            ..CodeFilter::default()
        };
        let (_, codes) = self.codes(&filter, scope)?;
        let flags = QueueFilter {
            partner: Some(partner_id.to_owned()),
            status: QueueStatus::Any,
            sort: QueueSort::Newest,
            limit: 200,
            ..QueueFilter::default()
        };
        let flags = self.queue(&flags, scope, now_ms)?.cards;
        if codes.is_empty() && flags.is_empty() {
            return Ok(None);
        }
        self.read(|connection| {
            let entry: Option<String> = match codes.first() {
                Some(row) => Some(
                    connection
                        .prepare_cached("SELECT body FROM codes WHERE code = ?1")?
                        .query_row([&row.code], |row| row.get(0))?,
                ),
                None => None,
            };
            let entry = entry
                .map(|body| serde_json::from_str(&body))
                .transpose()
                .map_err(|error| StoreError::Damaged("registry entry", error))?;
            // Of several decisions on a flag the last one counts.
            let mut query = connection.prepare_cached(
                "SELECT decisions.currency, SUM(held) FROM decisions
                 JOIN flags USING (flag_id)
                 WHERE flags.partner_id = ?1 AND (?2 IS NULL OR flags.merchant = ?2)
                    AND held IS NOT NULL AND decisions.id =
                        (SELECT MAX(id) FROM decisions AS later WHERE later.flag_id = flags.flag_id)
                 GROUP BY decisions.currency ORDER BY 1",
            )?;
            let held = query.query_map(params![partner_id, scope.merchant()], |row| {
                Ok((currency(&row.get::<_, String>(0)?), money(row.get(1)?)))
            })?;
            Ok(Some(PartnerSheet {
                held: held.collect::<Result<_, _>>()?,
                codes,
                entry,
                flags,
            }))
        })
    }

    /// Merchants and their marketplaces, what leaks most first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn shops(&self, merchant: Option<&str>, scope: &Scope) -> Result<Vec<ShopRow>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT COALESCE(merchant, ''), marketplace, currency,
                    COALESCE(SUM(state <> 'cleared' AND outcome IS NULL), 0), COUNT(*),
                    COALESCE(SUM(CASE WHEN outcome = 'leak' OR (outcome IS NULL AND state <> 'cleared')
                        THEN commission END), 0),
                    COALESCE(SUM(CASE WHEN outcome IS NULL AND state <> 'cleared'
                        THEN leaking END), 0)
                 FROM flags WHERE (?1 IS NULL OR merchant = ?1) AND (?2 IS NULL OR merchant = ?2)
                 GROUP BY merchant, marketplace, currency ORDER BY 6 DESC, 1, 2 LIMIT 500",
            )?;
            let rows = query.query_map(params![merchant, scope.merchant()], |row| {
                Ok(ShopRow {
                    merchant: row.get(0)?,
                    marketplace: row.get(1)?,
                    currency: currency(&row.get::<_, String>(2)?),
                    waiting: row.get(3)?,
                    flags: row.get(4)?,
                    exposure: money(row.get(5)?),
                    leaking: money(row.get(6)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Names of merchants that have codes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn merchants(&self) -> Result<Vec<String>, StoreError> {
        self.read(crate::people::merchants)
    }
}

fn add_week(connection: &Connection, row: &mut CodeRow, newest_ms: i64) -> Result<(), StoreError> {
    let from_hour = (newest_ms - 7 * DAY_MS).div_euclid(HOUR_MS);
    let (orders, clickless, clicks) = connection
        .prepare_cached(
            "SELECT COALESCE(SUM(created + paid), 0), COALESCE(SUM(clickless), 0),
                COALESCE(SUM(clicks), 0)
             FROM hours WHERE code = ?1 AND hour >= ?2",
        )?
        .query_row(params![row.code, from_hour], |sums| {
            Ok((sums.get(0)?, sums.get(1)?, sums.get(2)?))
        })?;
    (row.orders, row.clickless, row.clicks) = (orders, clickless, clicks);
    Ok(())
}
