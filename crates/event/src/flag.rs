//! A suspicion as it is told to others.
//!
//! Decides: what a flag says, its id, and that its score is the sum of its printed evidence.
//! Must not know: how evidence is found.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::money::{Currency, Decimal};
use crate::time::{EventTime, Hour};
use crate::write::JsonLine;

/// Evidence on the decibel scale of odds: ten times the decimal logarithm.
///
/// Held in whole units of 1e-9, as printed, so that sums of printed items are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decibans(i64);

impl Decibans {
    /// Units of a [`Decibans`] in one deciban.
    pub const UNITS_PER_DECIBAN: f64 = 1e9;
    /// Nothing said either way.
    pub const ZERO: Decibans = Decibans(0);

    /// Rounds to the nearest unit, halves away from zero; held at ±9.2e9.
    ///
    /// # Panics
    /// If `decibans` is not a number: evidence that cannot be computed must abstain instead.
    pub fn new(decibans: f64) -> Decibans {
        assert!(!decibans.is_nan(), "evidence is not a number");
        // The cast saturates.
        Decibans((decibans * Decibans::UNITS_PER_DECIBAN).round() as i64)
    }

    /// From whole units of 1e-9.
    pub const fn from_units(units: i64) -> Decibans {
        Decibans(units)
    }

    /// Whole units of 1e-9.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The nearest float.
    pub fn value(self) -> f64 {
        self.0 as f64 / Decibans::UNITS_PER_DECIBAN
    }
}

impl fmt::Display for Decibans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:09}",
            units / 1_000_000_000,
            units % 1_000_000_000
        )
    }
}

impl std::iter::Sum for Decibans {
    fn sum<I: Iterator<Item = Decibans>>(items: I) -> Decibans {
        Decibans(items.fold(0_i64, |sum, item| sum.saturating_add(item.0)))
    }
}

impl Serialize for Decibans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_f64(self.value())
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Decibans {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decibans, D::Error> {
        if deserializer.is_human_readable() {
            let value = f64::deserialize(deserializer)?;
            if value.is_nan() {
                return Err(serde::de::Error::custom("evidence is not a number"));
            }
            Ok(Decibans::new(value))
        } else {
            i64::deserialize(deserializer).map(Decibans)
        }
    }
}

/// What an episode is about; episodes of one code are numbered for each track apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Orders come through places that they should not come through.
    Leak,
    /// Clicks are made up.
    ClickFlood,
}

impl Track {
    /// The word that enters the flag's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Track::Leak => "leak",
            Track::ClickFlood => "click_flood",
        }
    }
}

/// The id of the flag of an episode: the same for every replay, 32 hexadecimal digits.
///
/// First 128 bits of SHA-256 over a domain word, the track, the length and text of the
/// normalised code, and the episode's number; lengths make the parts unambiguous.
pub fn flag_id(code: &str, track: Track, episode: u32) -> String {
    let digest = Sha256::new()
        .chain_update(b"promoguard/flag-id/1\0")
        .chain_update(track.as_str())
        .chain_update(b"\0")
        .chain_update((code.len() as u64).to_be_bytes())
        .chain_update(code)
        .chain_update(episode.to_be_bytes())
        .finalize();
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagState {
    /// Evidence crossed the threshold.
    Opened,
    /// It is much stronger now.
    Escalated,
    /// Exposure grew.
    Updated,
    /// It is over.
    Cleared,
}

impl FlagState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            FlagState::Opened => "opened",
            FlagState::Escalated => "escalated",
            FlagState::Updated => "updated",
            FlagState::Cleared => "cleared",
        }
    }
}

/// Which story explains the evidence best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// A coupon site lists the code.
    CouponSite,
    /// A browser extension pastes it.
    Extension,
    /// Staff, or a community, passes it on.
    InsiderOrCommunity,
    /// Clicks are made up.
    ClickFlood,
    /// None stands out.
    Unknown,
}

impl FlagKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            FlagKind::CouponSite => "coupon_site",
            FlagKind::Extension => "extension",
            FlagKind::InsiderOrCommunity => "insider_or_community",
            FlagKind::ClickFlood => "click_flood",
            FlagKind::Unknown => "unknown",
        }
    }
}

/// Which layer crossed the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Basis {
    /// The sequential test that needs no training.
    #[serde(rename = "e-detector")]
    EDetector,
    /// The trained model.
    #[serde(rename = "learned")]
    Learned,
}

impl Basis {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Basis::EDetector => "e-detector",
            Basis::Learned => "learned",
        }
    }
}

/// Most likely start of a leak, with its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onset {
    /// Most likely.
    pub at: EventTime,
    /// 5 % point.
    pub low: EventTime,
    /// 95 % point.
    pub high: EventTime,
}

/// One item of the ledger that adds up to the score.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Something that spoke, or an item that is not a signal (prior, limit, mixture) and then
    /// has neither an observed nor an expected value.
    Signal {
        /// Its name.
        signal: &'static str,
        /// What was seen.
        observed: Option<f64>,
        /// What an honest code would have shown.
        expected: Option<f64>,
        /// How many observations it rests on.
        n: u64,
        /// How much it says.
        decibans: Decibans,
        /// From when to when.
        window: (EventTime, EventTime),
    },
    /// A signal that could not speak.
    Abstained {
        /// Its name.
        signal: &'static str,
        /// Why.
        abstained: &'static str,
    },
}

/// An estimate with its 90 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalF {
    /// Expected value.
    pub estimate: f64,
    /// 5 % point.
    pub low: f64,
    /// 95 % point.
    pub high: f64,
}

/// An amount of money with its 90 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntervalDecimal {
    /// Expected value.
    pub estimate: Decimal,
    /// 5 % point.
    pub low: Decimal,
    /// 95 % point.
    pub high: Decimal,
}

/// What the leak cost from its onset on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// Orders that came through the leak.
    pub leaked_orders: IntervalF,
    /// Commission on them; `None` where the registry names no percentage.
    pub commission: Option<IntervalDecimal>,
    /// VAT on top of the estimated commission; `None` where that is unknown.
    pub vat: Option<Decimal>,
    /// Currency of both.
    pub currency: Currency,
}

/// A host that orders came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopReferrer {
    /// The host, lower case.
    pub host: String,
    /// Orders that named it.
    pub orders: u64,
    /// Whether it is on the list of coupon sites.
    pub known_coupon_site: bool,
}

/// A suspicion opened, escalated, updated or cleared.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// See [`flag_id`].
    pub flag_id: String,
    /// Counts from 1 within a flag id.
    pub rev: u32,
    /// The registry's spelling, else the normalised code.
    pub code: String,
    /// Who the code was given to.
    pub partner_id: Option<String>,
    /// Where it works.
    pub merchant: Option<String>,
    /// Where it works, if not on the merchant's own site.
    pub marketplace: Option<String>,
    /// Event time at which the evidence crossed the threshold.
    pub ts: EventTime,
    /// Where the episode stands.
    pub state: FlagState,
    /// Which story explains it best.
    pub kind: FlagKind,
    /// The sum of the evidence: [`Flag::score_from`].
    pub score: Decibans,
    /// Which layer crossed.
    pub basis: Basis,
    /// When it began.
    pub onset: Onset,
    /// What speaks for it and against.
    pub evidence: Vec<Evidence>,
    /// What it cost.
    pub exposure: Exposure,
    /// Where its orders came from; printed only if any were seen.
    pub top_referrers: Vec<TopReferrer>,
    /// Version and hash of the detector's settings.
    pub detector: String,
    /// Whether a known gap in the input touches the evidence; printed only if so.
    pub data_gap: bool,
    /// The hour at whose close this was decided; orders the output, is not printed.
    pub hour: Hour,
}

impl Flag {
    /// The sum of the items as they are printed.
    pub fn score_from(evidence: &[Evidence]) -> Decibans {
        evidence
            .iter()
            .map(|item| match item {
                Evidence::Signal { decibans, .. } => *decibans,
                Evidence::Abstained { .. } => Decibans::ZERO,
            })
            .sum()
    }

    /// Appends the flag as one line of JSON with its newline.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut line = JsonLine::begin(out);
        line.text("flag_id", &self.flag_id);
        line.shown("rev", self.rev);
        line.text("code", &self.code);
        line.text_or_null("partner_id", self.partner_id.as_deref());
        line.text_or_null("merchant", self.merchant.as_deref());
        line.text_or_null("marketplace", self.marketplace.as_deref());
        line.quoted("ts", self.ts);
        line.text("state", self.state.as_str());
        line.text("kind", self.kind.as_str());
        line.shown("score", self.score);
        line.text("basis", self.basis.as_str());
        line.object("onset", |onset| {
            onset.quoted("at", self.onset.at);
            onset.quoted("low", self.onset.low);
            onset.quoted("high", self.onset.high);
        });
        line.list("evidence", &self.evidence, write_evidence);
        line.object("exposure", |exposure| {
            write_exposure(&self.exposure, exposure)
        });
        if !self.top_referrers.is_empty() {
            line.list("top_referrers", &self.top_referrers, |referrer, item| {
                item.text("host", &referrer.host);
                item.shown("orders", referrer.orders);
                item.shown("known_coupon_site", referrer.known_coupon_site);
            });
        }
        line.text("detector", &self.detector);
        if self.data_gap {
            line.shown("data_gap", true);
        }
        line.end();
    }
}

fn write_evidence(evidence: &Evidence, item: &mut JsonLine<'_>) {
    match evidence {
        Evidence::Signal {
            signal,
            observed,
            expected,
            n,
            decibans,
            window: (from, to),
        } => {
            item.text("signal", signal);
            item.rounded_or_null("observed", *observed);
            item.rounded_or_null("expected", *expected);
            item.shown("n", n);
            item.shown("decibans", decibans);
            item.object("window", |window| {
                window.quoted("from", from);
                window.quoted("to", to);
            });
        }
        Evidence::Abstained { signal, abstained } => {
            item.text("signal", signal);
            item.text("abstained", abstained);
        }
    }
}

fn write_exposure(exposure: &Exposure, object: &mut JsonLine<'_>) {
    let IntervalF {
        estimate,
        low,
        high,
    } = exposure.leaked_orders;
    object.object("leaked_orders", |orders| {
        orders.rounded_or_null("estimate", Some(estimate));
        orders.rounded_or_null("low", Some(low));
        orders.rounded_or_null("high", Some(high));
    });
    match exposure.commission {
        Some(commission) => object.object("commission", |money| {
            money.quoted("estimate", commission.estimate);
            money.quoted("low", commission.low);
            money.quoted("high", commission.high);
        }),
        None => object.shown("commission", "null"),
    }
    object.quoted_or_null("vat", exposure.vat);
    object.quoted("currency", exposure.currency);
}
