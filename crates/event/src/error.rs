//! What can be wrong with a record, in words that metrics and dead letters share.
//!
//! Decides: the closed list of errors and of field names. Must not know: how they are found.

use std::fmt;

use serde::{Serialize, Serializer};

/// Why a record is a dead letter. The list is closed: it is the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Not one JSON object.
    NotJson,
    /// Not UTF-8.
    NotUtf8,
    /// More bytes than a record may have.
    TooLarge,
    /// Nested deeper than a record may be.
    TooDeep,
    /// A key that occurs twice in one object.
    DuplicateKey,
    /// A required field is absent or null.
    MissingField,
    /// A required field has the wrong JSON type.
    BadType,
    /// A required time is not a time.
    BadTime,
    /// A required time lies before 2000 or beyond what RFC 3339 can write.
    TsOutOfRange,
    /// `ts` lies ahead of the record's arrival; found by the caller, who knows that.
    TsInFuture,
    /// `amount` is not an amount.
    BadAmount,
    /// `currency` is not a currency code.
    BadCurrency,
    /// A required text is longer than its bound.
    TooLong,
    /// A required text, or the whole record, is empty.
    Empty,
    /// `status` or `outcome` is a word that the contract does not know.
    UnknownStatus,
    /// A panic while the record was handled; found by the caller.
    Panic,
}

impl ErrorKind {
    /// Every kind, in the order of the contract.
    pub const ALL: [ErrorKind; 16] = [
        ErrorKind::NotJson,
        ErrorKind::NotUtf8,
        ErrorKind::TooLarge,
        ErrorKind::TooDeep,
        ErrorKind::DuplicateKey,
        ErrorKind::MissingField,
        ErrorKind::BadType,
        ErrorKind::BadTime,
        ErrorKind::TsOutOfRange,
        ErrorKind::TsInFuture,
        ErrorKind::BadAmount,
        ErrorKind::BadCurrency,
        ErrorKind::TooLong,
        ErrorKind::Empty,
        ErrorKind::UnknownStatus,
        ErrorKind::Panic,
    ];

    /// The word in dead letters and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::NotJson => "not_json",
            ErrorKind::NotUtf8 => "not_utf8",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::TooDeep => "too_deep",
            ErrorKind::DuplicateKey => "duplicate_key",
            ErrorKind::MissingField => "missing_field",
            ErrorKind::BadType => "bad_type",
            ErrorKind::BadTime => "bad_time",
            ErrorKind::TsOutOfRange => "ts_out_of_range",
            ErrorKind::TsInFuture => "ts_in_future",
            ErrorKind::BadAmount => "bad_amount",
            ErrorKind::BadCurrency => "bad_currency",
            ErrorKind::TooLong => "too_long",
            ErrorKind::Empty => "empty",
            ErrorKind::UnknownStatus => "unknown_status",
            ErrorKind::Panic => "panic",
        }
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A record that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The field to blame, where there is one.
    pub field: Option<Field>,
}

impl DecodeError {
    /// An error of the record as a whole.
    pub const fn of_record(kind: ErrorKind) -> DecodeError {
        DecodeError { kind, field: None }
    }

    /// An error of one field.
    pub const fn of_field(kind: ErrorKind, field: Field) -> DecodeError {
        DecodeError {
            kind,
            field: Some(field),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{} in {}", self.kind.as_str(), field.as_str()),
            None => f.write_str(self.kind.as_str()),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A field that the contract names, of any topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "each variant is the field of that name")]
pub enum Field {
    Actor,
    Aliases,
    Amount,
    Channels,
    City,
    ClickId,
    ClickTs,
    Code,
    CodeEntry,
    CommissionPct,
    Country,
    Currency,
    CustomerEmail,
    CustomerId,
    CustomerPhone,
    DiscountPct,
    EndsAt,
    ExpectedPost,
    FlagId,
    Followers,
    HoldFrom,
    Hosts,
    Ip,
    Marketplace,
    Merchant,
    NewCustomer,
    Note,
    Offline,
    OrderId,
    Outcome,
    PartnerId,
    PermittedHosts,
    Posts,
    Referrer,
    Rev,
    Source,
    StartsAt,
    Status,
    Tier,
    Ts,
    Ua,
    Url,
    VatPayer,
    VisitorId,
}

impl Field {
    /// Every field, in alphabetical order.
    pub const ALL: [Field; 44] = [
        Field::Actor,
        Field::Aliases,
        Field::Amount,
        Field::Channels,
        Field::City,
        Field::ClickId,
        Field::ClickTs,
        Field::Code,
        Field::CodeEntry,
        Field::CommissionPct,
        Field::Country,
        Field::Currency,
        Field::CustomerEmail,
        Field::CustomerId,
        Field::CustomerPhone,
        Field::DiscountPct,
        Field::EndsAt,
        Field::ExpectedPost,
        Field::FlagId,
        Field::Followers,
        Field::HoldFrom,
        Field::Hosts,
        Field::Ip,
        Field::Marketplace,
        Field::Merchant,
        Field::NewCustomer,
        Field::Note,
        Field::Offline,
        Field::OrderId,
        Field::Outcome,
        Field::PartnerId,
        Field::PermittedHosts,
        Field::Posts,
        Field::Referrer,
        Field::Rev,
        Field::Source,
        Field::StartsAt,
        Field::Status,
        Field::Tier,
        Field::Ts,
        Field::Ua,
        Field::Url,
        Field::VatPayer,
        Field::VisitorId,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Actor => "actor",
            Field::Aliases => "aliases",
            Field::Amount => "amount",
            Field::Channels => "channels",
            Field::City => "city",
            Field::ClickId => "click_id",
            Field::ClickTs => "click_ts",
            Field::Code => "code",
            Field::CodeEntry => "code_entry",
            Field::CommissionPct => "commission_pct",
            Field::Country => "country",
            Field::Currency => "currency",
            Field::CustomerEmail => "customer_email",
            Field::CustomerId => "customer_id",
            Field::CustomerPhone => "customer_phone",
            Field::DiscountPct => "discount_pct",
            Field::EndsAt => "ends_at",
            Field::ExpectedPost => "expected_post",
            Field::FlagId => "flag_id",
            Field::Followers => "followers",
            Field::HoldFrom => "hold_from",
            Field::Hosts => "hosts",
            Field::Ip => "ip",
            Field::Marketplace => "marketplace",
            Field::Merchant => "merchant",
            Field::NewCustomer => "new_customer",
            Field::Note => "note",
            Field::Offline => "offline",
            Field::OrderId => "order_id",
            Field::Outcome => "outcome",
            Field::PartnerId => "partner_id",
            Field::PermittedHosts => "permitted_hosts",
            Field::Posts => "posts",
            Field::Referrer => "referrer",
            Field::Rev => "rev",
            Field::Source => "source",
            Field::StartsAt => "starts_at",
            Field::Status => "status",
            Field::Tier => "tier",
            Field::Ts => "ts",
            Field::Ua => "ua",
            Field::Url => "url",
            Field::VatPayer => "vat_payer",
            Field::VisitorId => "visitor_id",
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The optional fields of one record that were present and unusable.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Defects(u64);

impl Defects {
    /// No defect.
    pub const NONE: Defects = Defects(0);

    /// Notes a defect of `field`; a second one of the same field changes nothing.
    pub const fn add(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }

    /// Whether `field` had a defect.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u8) != 0
    }

    /// Whether there was none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |&f| self.contains(f))
    }
}

impl fmt::Debug for Defects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Field::as_str))
            .finish()
    }
}
