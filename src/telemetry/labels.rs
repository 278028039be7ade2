//! Label values: closed lists, so that nothing from outside can make new time series.
//!
//! Decides the words. Must not know which metric uses them.

use promoguard_event::{ErrorKind, Field, FlagKind, FlagState, Outcome, Topic};

/// A closed list of label values.
pub trait Label: Copy + PartialEq + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The word on the wire.
    fn word(self) -> &'static str;

    /// Place in [`Label::ALL`].
    fn index(self) -> usize {
        let place = Self::ALL.iter().position(|value| *value == self);
        place.expect("ALL lists every value, which a test checks against the declared variants")
    }
}

/// What became of a record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordResult {
    /// Counted.
    Accepted,
    /// Seen before.
    Duplicate,
    /// Older than the horizon: in totals only.
    TooLate,
    /// Could not be read.
    DeadLetter,
    /// On the wrong partition, sent on to the right one.
    Rekeyed,
}

impl Label for RecordResult {
    const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::Duplicate,
        Self::TooLate,
        Self::DeadLetter,
        Self::Rekeyed,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::TooLate => "too_late",
            Self::DeadLetter => "dead_letter",
            Self::Rekeyed => "rekeyed",
        }
    }
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitResult {
    /// It holds.
    Done,
    /// It failed and is tried again.
    Failed,
    /// Another process owns the partition now.
    Fenced,
}

impl Label for CommitResult {
    const ALL: &'static [Self] = &[Self::Done, Self::Failed, Self::Fenced];

    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Fenced => "fenced",
        }
    }
}

/// What takes memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatePart {
    /// Slots of the codes: counts, unique visitors and what the judge remembers, without what
    /// these point to.
    Codes,
    /// The filter of repeated clicks.
    ClickFilter,
    /// Remembered order ids.
    OrderIndex,
    /// Records that wait for their turn in time.
    MergeBuffer,
}

impl Label for StatePart {
    const ALL: &'static [Self] = &[
        Self::Codes,
        Self::ClickFilter,
        Self::OrderIndex,
        Self::MergeBuffer,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Codes => "codes",
            Self::ClickFilter => "click_filter",
            Self::OrderIndex => "order_index",
            Self::MergeBuffer => "merge_buffer",
        }
    }
}

/// Where outputs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the output of that name")]
pub enum Sink {
    Flags,
    FlagsShadow,
    JudgedOrders,
    Windows,
    DeadLetters,
    Rekeyed,
    Cohorts,
}

impl Label for Sink {
    const ALL: &'static [Self] = &[
        Self::Flags,
        Self::FlagsShadow,
        Self::JudgedOrders,
        Self::Windows,
        Self::DeadLetters,
        Self::Rekeyed,
        Self::Cohorts,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::FlagsShadow => "flags_shadow",
            Self::JudgedOrders => "judged_orders",
            Self::Windows => "windows",
            Self::DeadLetters => "dead_letters",
            Self::Rekeyed => "rekeyed",
            Self::Cohorts => "cohorts",
        }
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// The other side has it.
    Delivered,
    /// It failed; tried again, or fatal.
    Failed,
}

impl Label for DeliveryResult {
    const ALL: &'static [Self] = &[Self::Delivered, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// Currencies with a gauge of their own; money of the others is not added up, because a sum over
/// currencies says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the ISO 4217 code")]
pub enum CurrencyLabel {
    Kzt,
    Rub,
    Byn,
    Kgs,
    Uzs,
    Usd,
    Eur,
}

impl CurrencyLabel {
    /// The label of an ISO 4217 code in any case.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|currency| currency.word().eq_ignore_ascii_case(code))
    }
}

impl Label for CurrencyLabel {
    const ALL: &'static [Self] = &[
        Self::Kzt,
        Self::Rub,
        Self::Byn,
        Self::Kgs,
        Self::Uzs,
        Self::Usd,
        Self::Eur,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Kzt => "KZT",
            Self::Rub => "RUB",
            Self::Byn => "BYN",
            Self::Kgs => "KGS",
            Self::Uzs => "UZS",
            Self::Usd => "USD",
            Self::Eur => "EUR",
        }
    }
}

/// Signals of the judge that can abstain, by the names they have in a flag's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalLabel(&'static str);

impl SignalLabel {
    /// The label of a signal; a name that is not on the list counts as `other`.
    pub fn of(name: &str) -> Self {
        let known = Self::ALL.iter().copied().find(|signal| signal.0 == name);
        known.unwrap_or(SignalLabel("other"))
    }
}

impl Label for SignalLabel {
    const ALL: &'static [Self] = &[
        SignalLabel("auto_entry"),
        SignalLabel("referrer"),
        SignalLabel("cold"),
        SignalLabel("too_fast"),
        SignalLabel("returning"),
        SignalLabel("hopper"),
        SignalLabel("repeat_customer"),
        SignalLabel("off_audience"),
        SignalLabel("basket"),
        SignalLabel("order_time"),
        SignalLabel("rejected"),
        SignalLabel("sighting"),
        SignalLabel("click_referrer"),
        SignalLabel("other"),
    ];

    fn word(self) -> &'static str {
        self.0
    }
}

/// A score in decibans, by the band it falls into. A flag opens at 30 unless the settings say
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreBand {
    word: &'static str,
    below: f64,
}

impl ScoreBand {
    /// Nobody knows a score: a code without evidence, or a flag that is not open any more.
    pub const NONE: ScoreBand = band("none", f64::NAN);

    /// The band of a score.
    pub fn of(score_db: f64) -> Self {
        let found = Self::ALL.iter().find(|band| score_db < band.below);
        found.copied().unwrap_or(Self::NONE)
    }
}

const fn band(word: &'static str, below: f64) -> ScoreBand {
    ScoreBand { word, below }
}

impl Label for ScoreBand {
    const ALL: &'static [Self] = &[
        band("below_0", 0.0),
        band("0_to_10", 10.0),
        band("10_to_20", 20.0),
        band("20_to_30", 30.0),
        band("30_to_40", 40.0),
        band("40_to_60", 60.0),
        band("above_60", f64::INFINITY),
        Self::NONE,
    ];

    fn word(self) -> &'static str {
        self.word
    }

    /// By the word, because the band without a score is not equal to itself.
    fn index(self) -> usize {
        let place = Self::ALL.iter().position(|band| band.word == self.word);
        place.expect("bands are made from the list alone")
    }
}

/// What went wrong between here and Kafka without stopping the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaIssue {
    /// A connection failed.
    Connection,
    /// A partition cannot be read at present.
    Partition,
    /// The consumer group reports a fault.
    Group,
}

impl Label for KafkaIssue {
    const ALL: &'static [Self] = &[Self::Connection, Self::Partition, Self::Group];

    fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Partition => "partition",
            Self::Group => "group",
        }
    }
}

/// What was asked for over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/metrics`.
    Metrics,
    /// `/livez`.
    Livez,
    /// `/readyz`.
    Readyz,
    /// A page for people.
    Page,
    /// Nothing that is there.
    Other,
}

impl Label for Route {
    const ALL: &'static [Self] = &[
        Self::Metrics,
        Self::Livez,
        Self::Readyz,
        Self::Page,
        Self::Other,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Metrics => "/metrics",
            Self::Livez => "/livez",
            Self::Readyz => "/readyz",
            Self::Page => "page",
            Self::Other => "other",
        }
    }
}

/// How it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET or HEAD: to read.
    Read,
    /// Anything else: to change, which is refused here.
    Other,
}

impl Label for Method {
    const ALL: &'static [Self] = &[Self::Read, Self::Other];

    fn word(self) -> &'static str {
        match self {
            Self::Read => "GET",
            Self::Other => "other",
        }
    }
}

/// How it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpStatus(&'static str);

impl HttpStatus {
    /// The label of a status code; one that this process has no reason to send counts as `other`.
    pub fn of(code: u16) -> Self {
        match code {
            200 => HttpStatus("200"),
            404 => HttpStatus("404"),
            405 => HttpStatus("405"),
            503 => HttpStatus("503"),
            _ => HttpStatus("other"),
        }
    }
}

impl Label for HttpStatus {
    const ALL: &'static [Self] = &[
        HttpStatus("200"),
        HttpStatus("404"),
        HttpStatus("405"),
        HttpStatus("503"),
        HttpStatus("other"),
    ];

    fn word(self) -> &'static str {
        self.0
    }
}

impl Label for Topic {
    const ALL: &'static [Self] = &Topic::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for ErrorKind {
    const ALL: &'static [Self] = &ErrorKind::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for Field {
    const ALL: &'static [Self] = &Field::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for Outcome {
    const ALL: &'static [Self] = &Outcome::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for FlagKind {
    const ALL: &'static [Self] = &[
        FlagKind::CouponSite,
        FlagKind::Extension,
        FlagKind::InsiderOrCommunity,
        FlagKind::ClickFlood,
        FlagKind::Unknown,
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Label for FlagState {
    const ALL: &'static [Self] = &[
        FlagState::Opened,
        FlagState::Escalated,
        FlagState::Updated,
        FlagState::Cleared,
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// The optional fields of a topic, the only ones whose defects are counted by name.
pub fn optional_fields(topic: Topic) -> &'static [Field] {
    match topic {
        Topic::Clicks => &[
            Field::Referrer,
            Field::Ip,
            Field::Ua,
            Field::Country,
            Field::City,
        ],
        Topic::Orders => &[
            Field::CustomerId,
            Field::CustomerPhone,
            Field::CustomerEmail,
            Field::Marketplace,
            Field::ClickId,
            Field::ClickTs,
            Field::NewCustomer,
            Field::Referrer,
            Field::CodeEntry,
            Field::Country,
            Field::City,
        ],
        Topic::Codes => &[
            Field::Aliases,
            Field::Marketplace,
            Field::Tier,
            Field::Followers,
            Field::City,
            Field::Country,
            Field::Channels,
            Field::DiscountPct,
            Field::CommissionPct,
            Field::VatPayer,
            Field::StartsAt,
            Field::EndsAt,
            Field::Offline,
            Field::Posts,
            Field::PermittedHosts,
        ],
        Topic::Sightings => &[],
        Topic::Decisions => &[
            Field::Note,
            Field::HoldFrom,
            Field::Hosts,
            Field::ExpectedPost,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_state_of_a_flag_has_a_place() {
        // A new variant stops the compiler here, and must be added to the lists above.
        let place = |kind: FlagKind| match kind {
            FlagKind::CouponSite => 0,
            FlagKind::Extension => 1,
            FlagKind::InsiderOrCommunity => 2,
            FlagKind::ClickFlood => 3,
            FlagKind::Unknown => 4,
        };
        for kind in <FlagKind as Label>::ALL {
            assert_eq!(kind.index(), place(*kind));
        }
        let place = |state: FlagState| match state {
            FlagState::Opened => 0,
            FlagState::Escalated => 1,
            FlagState::Updated => 2,
            FlagState::Cleared => 3,
        };
        for state in <FlagState as Label>::ALL {
            assert_eq!(state.index(), place(*state));
        }
    }

    #[test]
    fn names_from_outside_the_lists_find_a_place() {
        assert_eq!(SignalLabel::of("invented").word(), "other");
        assert_eq!(HttpStatus::of(418).word(), "other");
        assert_eq!(CurrencyLabel::of("kzt"), Some(CurrencyLabel::Kzt));
        assert_eq!(CurrencyLabel::of("XXX"), None);
    }

    #[test]
    fn every_score_has_one_band() {
        let cases = [
            (-3.0, "below_0"),
            (0.0, "0_to_10"),
            (29.999, "20_to_30"),
            (30.0, "30_to_40"),
            (1e9, "above_60"),
            (f64::NAN, "none"),
        ];
        for (score, word) in cases {
            assert_eq!(ScoreBand::of(score).word(), word, "{score}");
        }
        for (place, band) in ScoreBand::ALL.iter().enumerate() {
            assert_eq!(band.index(), place);
        }
    }
}
