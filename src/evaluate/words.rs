//! Figures as people read them, each with what it was made from.

use super::counts::{MoneyShare, Rate, Share};

/// `0.41 (0.05–1.5), 2 in 4 850`.
pub(super) fn rate(rate: &Rate) -> String {
    let weeks = format!("{} in {:.0}", rate.events, rate.weeks);
    match (rate.per_1000(), rate.interval()) {
        (Some(value), Some((low, high))) => {
            format!("{} ({}-{}), {weeks}", short(value), short(low), short(high))
        }
        _ => weeks,
    }
}

/// `0.19, 49 of 262`.
pub(super) fn share(share: &Share) -> String {
    match share.value() {
        Some(value) => format!("{value:.2}, {} of {}", share.n, share.of),
        None => "none".to_owned(),
    }
}

/// `0.45 of 12.3 M`, in KZT.
pub(super) fn money(share: &MoneyShare) -> String {
    match share.value() {
        Some(value) => format!("{value:.2}, {} of {}", sum(share.part), sum(share.of)),
        None => "none".to_owned(),
    }
}

/// A median and the worst tenth.
pub(super) fn spread(spread: &super::counts::Spread) -> String {
    match (spread.quantile(0.5), spread.quantile(0.9)) {
        (Some(median), Some(p90)) => format!("{} / {}", short(median), short(p90)),
        _ => "-".to_owned(),
    }
}

/// Two or three digits.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "-".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A sum of money: thousands or millions.
fn sum(value: f64) -> String {
    match value {
        _ if value >= 1e7 => format!("{:.0} M", value / 1e6),
        _ if value >= 1e6 => format!("{:.1} M", value / 1e6),
        _ if value >= 1e4 => format!("{:.0} k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}
