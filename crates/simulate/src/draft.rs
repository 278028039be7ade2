//! Facts on their way to becoming records: small, fixed in size, without text.

use crate::geography::CityId;

/// Index into the stage's referrers; 0 = none.
pub(crate) type ReferrerId = u32;
/// No referrer, or one that was not passed on.
pub(crate) const NO_REFERRER: ReferrerId = 0;

/// How a record spells its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Registry,
    Lower,
    Padded,
    Alias,
    /// A slip of the finger: a code nobody issued.
    Mistyped,
}

/// How the code got into the checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Unsaid,
    Link,
    Typed,
    Auto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Paid,
    Cancelled,
    Returned,
    Rejected,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ClickDraft {
    pub(crate) ts: i64,
    pub(crate) id: u64,
    pub(crate) visitor: u64,
    pub(crate) code: u32,
    pub(crate) ip: u32,
    pub(crate) referrer: ReferrerId,
    pub(crate) agent: u8,
    pub(crate) city: CityId,
    pub(crate) spelling: Spelling,
    pub(crate) fraudulent: bool,
}

/// A customer: the upper bits are who, the lowest byte is the home city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Customer(pub(crate) u64);

impl Customer {
    pub(crate) fn new(hash: u64, city: CityId) -> Self {
        Self(hash & !0xff | u64::from(city))
    }

    pub(crate) fn city(self) -> CityId {
        self.0 as CityId
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderDraft {
    pub(crate) ts: i64,
    pub(crate) serial: u64,
    pub(crate) customer: Customer,
    /// In hundredths.
    pub(crate) amount: i64,
    pub(crate) click: Option<(u64, i64)>,
    pub(crate) code: u32,
    pub(crate) merchant: u32,
    pub(crate) referrer: ReferrerId,
    pub(crate) city: CityId,
    pub(crate) entry: Entry,
    pub(crate) status: Status,
    pub(crate) newcomer: Option<bool>,
    pub(crate) spelling: Spelling,
    pub(crate) fraudulent: bool,
    /// The first accepted record of this order.
    pub(crate) first: bool,
}
