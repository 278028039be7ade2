//! Which part of a payout a flag holds, order by order.
//!
//! Decides: which orders lie in the flag's window, how likely each of them came through the leak,
//! and the amount to hold. Plain values in, plain values out: must not know files, or who asks.
//!
//! An order is judged when it comes, and most of a leak's evidence comes later: the orders that
//! made a flag open were judged innocent one by one. So their probabilities are computed anew from
//! what each order said by itself (its `likelihood`) and from what the flag says of all of them:
//!
//! ```text
//! p(order) = begun(ts) · s·r / (1 − s + s·r)
//! ```
//!
//! `r` is the order's likelihood under the flag's kind (with `unknown`, the mean of the three
//! kinds is taken), `s` the share of leaked orders for which the probabilities add up to the flag's
//! own estimate of leaked orders, and `begun` the chance that the leak had begun: 5 % at the low
//! end of the onset's interval, 95 % at its high end, straight in between, 1 after it, 0 before.
//! An order that is no evidence by itself (a customer's second of the day) has `r` = 1 and is left
//! out of the sum. Orders that came after the flag's last revision keep the probability they were
//! judged with: the evidence was there by then, and it knows whether the leak goes on.

use std::collections::BTreeMap;

use promoguard_event::{
    Code, Currency, Decimal, EventTime, Exposure, FlagKind, FlagState, IntervalF, Likelihood, Onset,
};

pub mod read;
pub mod write;

/// What a flag's last revision says, as far as holding needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldFlag {
    /// Its id.
    pub flag_id: String,
    /// The revision.
    pub rev: u32,
    /// The code as the flag spells it.
    pub code: String,
    /// Where the episode stands.
    pub state: FlagState,
    /// What explains it best.
    pub kind: FlagKind,
    /// When the leak began.
    pub onset: Onset,
    /// Everything before this instant is in the flag's evidence.
    pub judged_until: EventTime,
    /// What the flag itself says of orders and money.
    pub exposure: Exposure,
}

/// A judged order.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Unique within the merchant.
    pub order_id: String,
    /// The shop.
    pub merchant: String,
    /// The code as it was judged.
    pub code: String,
    /// When the order took its status.
    pub ts: EventTime,
    /// What was paid.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// What the partner would earn; `None` where the registry names no percentage.
    pub commission: Option<Decimal>,
    /// Probability as it was when the order was judged.
    pub p_leak: f64,
    /// What it says by itself.
    pub likelihood: Option<Likelihood>,
    /// The flag that was open when it was judged.
    pub flag_id: Option<String>,
}

/// Why an order costs nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FellAway {
    /// Cancelled.
    Cancelled,
    /// Sent back.
    Returned,
}

/// Orders that fell away, by merchant and order id.
pub type FallenOrders = BTreeMap<(String, String), FellAway>;

/// Where a hold begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldFrom {
    /// The low end of the onset's interval; orders inside the interval count by the chance that the
    /// leak had begun.
    Low,
    /// The most likely onset.
    Onset,
    /// A time that somebody decided.
    At(EventTime),
}

/// How much of an order is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Commission × probability.
    Part,
    /// All of it from this probability on, in millionths, and nothing below.
    Threshold(u32),
}

/// Why an order of the window is held or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is held by its probability.
    ByProbability,
    /// It is held, because its probability reaches the threshold.
    AtThreshold,
    /// It is released, because its probability does not reach the threshold.
    BelowThreshold,
    /// It was cancelled.
    Cancelled,
    /// It was sent back.
    Returned,
    /// The registry names no commission.
    NoCommission,
}

impl Reason {
    /// The word in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::ByProbability => "by_probability",
            Reason::AtThreshold => "at_threshold",
            Reason::BelowThreshold => "below_threshold",
            Reason::Cancelled => "cancelled",
            Reason::Returned => "returned",
            Reason::NoCommission => "no_commission",
        }
    }
}

/// One order of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldLine {
    /// The order.
    pub order: Candidate,
    /// Probability that it came through the leak, in millionths, as printed and as reckoned with.
    pub p_leak_ppm: u32,
    /// What is held; `None` where there is no commission.
    pub hold: Option<Decimal>,
    /// What is released: the commission less `hold`.
    pub release: Option<Decimal>,
    /// Why.
    pub reason: Reason,
}

/// Sums over the orders of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Orders.
    pub orders: u64,
    /// Those of them of which no commission is known.
    pub without_commission: u64,
    /// Commission in the window.
    pub commission: Decimal,
    /// Held.
    pub held: Decimal,
    /// Released.
    pub released: Decimal,
    /// Sum of the probabilities, in millionths.
    pub leaked_ppm: u64,
}

/// The orders of a flag's window and what becomes of each.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldList {
    /// First instant of the window.
    pub from: EventTime,
    /// First instant after it; `None` while the flag is open.
    pub until: Option<EventTime>,
    /// By time, merchant and order id.
    pub lines: Vec<HoldLine>,
    /// By currency; what the lines add up to.
    pub totals: BTreeMap<Currency, Totals>,
    /// Orders of the code before the window, and their commission: released and not listed.
    pub before: BTreeMap<Currency, Totals>,
    /// Orders of the code after the end of the episode: released and not listed.
    pub after: BTreeMap<Currency, Totals>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldRequest<'a> {
    /// Id of the flag.
    pub flag_id: &'a str,
    /// The flag; without it the probabilities are those of the moment of judging, and `from` must
    /// be [`HoldFrom::At`].
    pub flag: Option<&'a HeldFlag>,
    /// Where the hold begins.
    pub from: HoldFrom,
    /// How much is held.
    pub rule: Rule,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Made-up clicks are not orders.
    #[error("flag {0} is about made-up clicks: no orders are held for it")]
    ClickFlood(String),
    /// No order says which code it is.
    #[error("no judged order names flag {0}: give the flags as well")]
    UnknownFlag(String),
    /// Without the flag there is no onset.
    #[error("without the flags the hold must begin at a given time")]
    NoOnset,
}

/// Tells for each order of the flag's window what is held of it. A later record of the same
/// order replaces an earlier one.
///
/// # Errors
/// The flag is not about orders, or it cannot be told what it is about.
pub fn holds(
    request: &HoldRequest<'_>,
    orders: &[Candidate],
    fallen: &FallenOrders,
) -> Result<HoldList, HoldError> {
    let code = code_of(request, orders)?;
    let from = match (request.from, request.flag) {
        (HoldFrom::At(at), _) => at,
        (HoldFrom::Low, Some(flag)) => flag.onset.low,
        (HoldFrom::Onset, Some(flag)) => flag.onset.at,
        (HoldFrom::Low | HoldFrom::Onset, None) => return Err(HoldError::NoOnset),
    };
    let until = request
        .flag
        .filter(|flag| flag.state == FlagState::Cleared)
        .map(|flag| flag.judged_until);
    let orders = last_of_each(orders, &code);
    let share = request.flag.map(|flag| leaked_share(flag, &orders));
    let mut list = HoldList {
        from,
        until,
        lines: Vec::new(),
        totals: BTreeMap::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
    };
    for order in orders {
        if order.ts < from {
            count_released(&mut list.before, order);
        } else if until.is_some_and(|until| order.ts >= until) {
            count_released(&mut list.after, order);
        } else {
            let p_leak = match request.flag.zip(share) {
                Some((flag, share)) => probability(flag, share, request.from, order),
                None => order.p_leak,
            };
            let key = (order.merchant.clone(), order.order_id.clone());
            let line = hold(order, ppm(p_leak), request.rule, fallen.get(&key).copied());
            count(&mut list.totals, &line);
            list.lines.push(line);
        }
    }
    Ok(list)
}

/// The normalised code that the flag is about.
fn code_of(request: &HoldRequest<'_>, orders: &[Candidate]) -> Result<String, HoldError> {
    match request.flag {
        Some(flag) if flag.kind == FlagKind::ClickFlood => {
            Err(HoldError::ClickFlood(flag.flag_id.clone()))
        }
        Some(flag) => Ok(normalised(&flag.code)),
        None => orders
            .iter()
            .find(|order| order.flag_id.as_deref() == Some(request.flag_id))
            .map(|order| normalised(&order.code))
            .ok_or_else(|| HoldError::UnknownFlag(request.flag_id.to_owned())),
    }
}

fn normalised(code: &str) -> String {
    Code::parse(code).map_or_else(|_| code.to_owned(), |code| code.as_str().to_owned())
}

/// The last record of each order of the code, by time, merchant and order id.
fn last_of_each<'a>(orders: &'a [Candidate], code: &str) -> Vec<&'a Candidate> {
    let of_code = orders
        .iter()
        .filter(|order| normalised(&order.code) == code);
    let last: BTreeMap<(&str, &str), &Candidate> = of_code
        .map(|order| ((&*order.merchant, &*order.order_id), order))
        .collect();
    let mut orders: Vec<&Candidate> = last.into_values().collect();
    // The map's order settles ties.
    orders.sort_by_key(|order| order.ts);
    orders
}

/// The share of leaked orders since the onset for which their probabilities add up to the flag's
/// own estimate. The sum rises with the share, so halving an interval finds it.
fn leaked_share(flag: &HeldFlag, orders: &[&Candidate]) -> f64 {
    let evidence: Vec<&Candidate> = orders
        .iter()
        .filter(|order| order.likelihood.is_some() && order.ts < flag.judged_until)
        .copied()
        .collect();
    let sum = |share: f64| -> f64 {
        evidence
            .iter()
            .map(|order| probability(flag, share, HoldFrom::Low, order))
            .sum()
    };
    let IntervalF { estimate, .. } = flag.exposure.leaked_orders;
    let (mut low, mut high) = (0.0, 1.0);
    // 2^-50 is far below the millionths that are printed.
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if sum(middle) < estimate {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn probability(flag: &HeldFlag, share: f64, from: HoldFrom, order: &Candidate) -> f64 {
    if order.ts >= flag.judged_until {
        return order.p_leak;
    }
    let leaked = |ratio: f64| {
        let leaked = share * ratio.max(1e-6);
        leaked / ((1.0 - share) + leaked)
    };
    let given_begun = match (order.likelihood, flag.kind) {
        (None, _) => share,
        (Some(seen), FlagKind::CouponSite) => leaked(seen.coupon_site),
        (Some(seen), FlagKind::Extension) => leaked(seen.extension),
        (Some(seen), FlagKind::InsiderOrCommunity) => leaked(seen.insider_or_community),
        (Some(seen), FlagKind::Unknown | FlagKind::ClickFlood) => {
            let kinds = [seen.coupon_site, seen.extension, seen.insider_or_community];
            kinds.map(leaked).iter().sum::<f64>() / kinds.len() as f64
        }
    };
    match from {
        HoldFrom::Low => begun(&flag.onset, order.ts) * given_begun,
        // Whoever names a start is sure of it.
        HoldFrom::Onset | HoldFrom::At(_) => given_begun,
    }
}

/// The chance that the leak had begun at `ts`.
fn begun(onset: &Onset, ts: EventTime) -> f64 {
    if ts < onset.low {
        return 0.0;
    }
    if ts >= onset.high {
        return 1.0;
    }
    let inside = ts.millis_since(onset.low) as f64 / onset.high.millis_since(onset.low) as f64;
    0.05 + 0.9 * inside
}

/// One whole in millionths.
const MILLION: u32 = 1_000_000;

fn ppm(probability: f64) -> u32 {
    // The cast saturates and takes what is no number for 0.
    (probability.clamp(0.0, 1.0) * f64::from(MILLION)).round() as u32
}

/// Halves of a unit of 1/10,000 are held.
fn part(commission: Decimal, ppm: u32) -> Decimal {
    let million = i128::from(MILLION);
    Decimal((commission.0 * i128::from(ppm) + million / 2) / million)
}

fn hold(order: &Candidate, p_leak_ppm: u32, rule: Rule, fell_away: Option<FellAway>) -> HoldLine {
    let (held, reason) = match (order.commission, fell_away, rule) {
        (None, ..) => (None, Reason::NoCommission),
        (Some(_), Some(FellAway::Cancelled), _) => (Some(Decimal(0)), Reason::Cancelled),
        (Some(_), Some(FellAway::Returned), _) => (Some(Decimal(0)), Reason::Returned),
        (Some(commission), None, Rule::Part) => {
            (Some(part(commission, p_leak_ppm)), Reason::ByProbability)
        }
        (Some(commission), None, Rule::Threshold(from)) if p_leak_ppm >= from => {
            (Some(commission), Reason::AtThreshold)
        }
        (Some(_), None, Rule::Threshold(_)) => (Some(Decimal(0)), Reason::BelowThreshold),
    };
    let release = order
        .commission
        .zip(held)
        .map(|(commission, held)| Decimal(commission.0 - held.0));
    HoldLine {
        order: order.clone(),
        p_leak_ppm,
        hold: held,
        release,
        reason,
    }
}

fn count(totals: &mut BTreeMap<Currency, Totals>, line: &HoldLine) {
    let totals = totals.entry(line.order.currency).or_default();
    totals.orders += 1;
    totals.without_commission += u64::from(line.order.commission.is_none());
    totals.commission.0 += line.order.commission.unwrap_or_default().0;
    totals.held.0 += line.hold.unwrap_or_default().0;
    totals.released.0 += line.release.unwrap_or_default().0;
    totals.leaked_ppm += u64::from(line.p_leak_ppm);
}

fn count_released(totals: &mut BTreeMap<Currency, Totals>, order: &Candidate) {
    let totals = totals.entry(order.currency).or_default();
    let commission = order.commission.unwrap_or_default();
    totals.orders += 1;
    totals.without_commission += u64::from(order.commission.is_none());
    totals.commission.0 += commission.0;
    totals.released.0 += commission.0;
}

#[cfg(test)]
mod tests;
