//! Lines of flags and judged orders, as far as holds need them.
//!
//! Decides: which fields must be there. Must not know: where the lines come from.

use promoguard_event::{
    Currency, Decimal, EventTime, Exposure, FlagKind, FlagState, Likelihood, Onset,
};
use serde::Deserialize;

use super::{Candidate, HeldFlag};

/// Larger than any amount of 18 digits, small enough for a million of them times a million.
const MONEY_UNITS_MAX: i128 = 1_000_000_000_000_000_000_000_000;

#[derive(Deserialize)]
struct FlagLine {
    flag_id: String,
    rev: u32,
    code: String,
    ts: EventTime,
    state: FlagState,
    kind: FlagKind,
    onset: Onset,
    evidence: Vec<EvidenceLine>,
    exposure: Exposure,
}

#[derive(Deserialize)]
struct EvidenceLine {
    window: Option<WindowLine>,
}

#[derive(Deserialize)]
struct WindowLine {
    to: EventTime,
}

#[derive(Deserialize)]
struct OrderLine {
    order_id: String,
    merchant: String,
    code: String,
    ts: EventTime,
    amount: Decimal,
    currency: Currency,
    commission: Option<Decimal>,
    p_leak: f64,
    likelihood: Option<Likelihood>,
    flag_id: Option<String>,
}

/// Why a line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no flag.
    #[error("not a flag: {0}")]
    Flag(serde_json::Error),
    /// It is no judged order.
    #[error("not a judged order: {0}")]
    Order(serde_json::Error),
    /// Its money cannot be.
    #[error("not a judged order: an amount is negative or too large")]
    Amount,
}

/// Takes a line of flags if it is a newer revision of `flag_id` than the one at hand.
///
/// # Errors
/// The line is no flag.
pub fn take_flag(line: &[u8], flag_id: &str, kept: &mut Option<HeldFlag>) -> Result<(), ReadError> {
    let flag: FlagLine = serde_json::from_slice(line).map_err(ReadError::Flag)?;
    let known = kept.as_ref().map_or(0, |kept| kept.rev);
    if flag.flag_id != flag_id || flag.rev <= known {
        return Ok(());
    }
    let windows = flag.evidence.iter().filter_map(|item| item.window.as_ref());
    let judged_until = windows.map(|window| window.to).max();
    *kept = Some(HeldFlag {
        flag_id: flag.flag_id,
        rev: flag.rev,
        code: flag.code,
        state: flag.state,
        kind: flag.kind,
        onset: flag.onset,
        judged_until: judged_until.unwrap_or_else(|| flag.ts.hour().end()),
        exposure: flag.exposure,
    });
    Ok(())
}

/// Reads a line of judged orders.
///
/// # Errors
/// The line is no judged order.
pub fn judged_order(line: &[u8]) -> Result<Candidate, ReadError> {
    let order: OrderLine = serde_json::from_slice(line).map_err(ReadError::Order)?;
    let money = [order.amount, order.commission.unwrap_or_default()];
    let is_money = |decimal: &Decimal| (0..=MONEY_UNITS_MAX).contains(&decimal.0);
    if !money.iter().all(is_money) {
        return Err(ReadError::Amount);
    }
    Ok(Candidate {
        order_id: order.order_id,
        merchant: order.merchant,
        code: order.code,
        ts: order.ts,
        amount: order.amount,
        currency: order.currency,
        commission: order.commission,
        p_leak: order.p_leak,
        likelihood: order.likelihood,
        flag_id: order.flag_id,
    })
}
