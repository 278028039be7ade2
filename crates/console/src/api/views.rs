//! What answers carry: the listed fields and no others.

use promoguard_event::{Currency, Decimal, EventTime};
use promoguard_review::holds::Candidate;
use promoguard_review::{CodeRecord, CodeRow, DecisionRecord, FlagCard, FlagRecord, Note};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Estimate<T> {
    estimate: T,
    low: T,
    high: T,
}

fn estimate<T>([estimate, low, high]: [T; 3]) -> Estimate<T> {
    Estimate {
        estimate,
        low,
        high,
    }
}

#[derive(Serialize)]
pub(crate) struct Page<T> {
    pub(crate) total: u64,
    pub(crate) page: u32,
    pub(crate) per_page: u32,
    pub(crate) items: Vec<T>,
}

#[derive(Serialize)]
pub(crate) struct Flag {
    flag_id: String,
    rev: u32,
    code: String,
    spelling: String,
    partner_id: Option<String>,
    merchant: Option<String>,
    marketplace: Option<String>,
    kind: String,
    state: String,
    score: f64,
    score_max: f64,
    opened: EventTime,
    updated: EventTime,
    onset: Estimate<EventTime>,
    leaked_orders: Estimate<f64>,
    commission: Option<Estimate<Decimal>>,
    leaking_24h: Decimal,
    currency: Currency,
    claimed_by: Option<String>,
    claimed_until: Option<EventTime>,
    decisions: u32,
    outcome: Option<String>,
}

impl Flag {
    /// A claim that is over at `now_ms` is nobody's.
    pub(crate) fn new(card: FlagCard, now_ms: i64) -> Flag {
        let claim = card.claim.filter(|(_, until_ms)| *until_ms > now_ms);
        let (claimed_by, until_ms) = claim.unzip();
        Flag {
            flag_id: card.flag_id,
            rev: card.rev,
            code: card.code,
            spelling: card.spelling,
            partner_id: card.partner_id,
            merchant: card.merchant,
            marketplace: card.marketplace,
            kind: card.kind,
            state: card.state,
            score: card.score,
            score_max: card.score_max,
            opened: card.opened,
            updated: card.updated,
            onset: estimate(card.onset),
            leaked_orders: estimate(card.leaked),
            commission: card.commission.map(estimate),
            leaking_24h: card.leaking,
            currency: card.currency,
            claimed_by,
            claimed_until: until_ms.map(EventTime::from_millis),
            decisions: card.decisions,
            outcome: card.outcome,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WholeFlag {
    pub(crate) flag: Flag,
    /// The newest revision as the detector wrote it, with the evidence.
    pub(crate) record: Option<FlagRecord>,
    pub(crate) decisions: Vec<Decision>,
}

#[derive(Serialize)]
pub(crate) struct Order {
    order_id: String,
    merchant: String,
    ts: EventTime,
    amount: Decimal,
    currency: Currency,
    commission: Option<Decimal>,
    p_leak: f64,
    flag_id: Option<String>,
}

impl From<Candidate> for Order {
    fn from(order: Candidate) -> Self {
        Order {
            order_id: order.order_id,
            merchant: order.merchant,
            ts: order.ts,
            amount: order.amount,
            currency: order.currency,
            commission: order.commission,
            p_leak: order.p_leak,
            flag_id: order.flag_id,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Decision {
    id: i64,
    flag_id: String,
    rev: u32,
    code: String,
    ts: EventTime,
    actor: String,
    outcome: String,
    worth: Option<bool>,
    note: Option<String>,
    hold_from: Option<EventTime>,
    held: Option<Decimal>,
    currency: Option<Currency>,
    published: bool,
}

impl From<DecisionRecord> for Decision {
    fn from(decision: DecisionRecord) -> Self {
        let (held, currency) = decision.held.unzip();
        Decision {
            id: decision.id,
            flag_id: decision.flag_id,
            rev: decision.rev,
            code: decision.code,
            ts: decision.ts,
            actor: decision.actor,
            outcome: decision.outcome,
            worth: decision.worth,
            note: decision.note,
            hold_from: decision.hold_from,
            held,
            currency,
            published: decision.published,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Code {
    code: String,
    partner_id: String,
    merchant: String,
    marketplace: Option<String>,
    orders_7d: u64,
    clickless_7d: u64,
    clicks_7d: u64,
    flags: u64,
    open_score: Option<f64>,
}

impl From<CodeRow> for Code {
    fn from(row: CodeRow) -> Self {
        Code {
            code: row.code,
            partner_id: row.partner_id,
            merchant: row.merchant,
            marketplace: row.marketplace,
            orders_7d: row.orders,
            clickless_7d: row.clickless,
            clicks_7d: row.clicks,
            flags: row.flags,
            open_score: row.score,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WholeCode {
    pub(crate) code: String,
    pub(crate) spelling: String,
    /// The registry's entry.
    pub(crate) entry: Option<CodeRecord>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) notes: Vec<NoteView>,
}

#[derive(Serialize)]
pub(crate) struct NoteView {
    ts: EventTime,
    author: String,
    text: String,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        NoteView {
            ts: note.ts,
            author: note.author,
            text: note.text,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Noted {
    pub(crate) code: String,
}
