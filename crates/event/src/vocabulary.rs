//! The closed lists of the contract: topics, statuses, modes, tiers, outcomes.
//!
//! Decides: the spelling of each word on the wire. Must not know: what follows from it.

use serde::{Deserialize, Serialize};

/// Which kind of record a line or message holds. The caller knows it from the topic or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A visitor followed a partner's link.
    Clicks,
    /// An order that redeemed a code, or a later change of its status.
    Orders,
    /// The registry of codes.
    Codes,
    /// Codes seen in public places.
    Sightings,
    /// What analysts decided.
    Decisions,
}

impl Topic {
    /// Every topic, in the order of the contract.
    pub const ALL: [Topic; 5] = [
        Topic::Clicks,
        Topic::Orders,
        Topic::Codes,
        Topic::Sightings,
        Topic::Decisions,
    ];

    /// The plain word, as in metrics and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Topic::Clicks => "clicks",
            Topic::Orders => "orders",
            Topic::Codes => "codes",
            Topic::Sightings => "sightings",
            Topic::Decisions => "decisions",
        }
    }

    /// The name of the Kafka topic unless a deployment names another.
    pub const fn default_name(self) -> &'static str {
        match self {
            Topic::Clicks => "promo.clicks",
            Topic::Orders => "promo.orders",
            Topic::Codes => "promo.codes",
            Topic::Sightings => "promo.sightings",
            Topic::Decisions => "promo.decisions",
        }
    }
}

/// What happened to an order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed; what an order without a status is.
    #[default]
    Created,
    /// Paid.
    Paid,
    /// Cancelled before delivery.
    Cancelled,
    /// Sent back.
    Returned,
    /// The shop refused to redeem the code: expired or unknown.
    Rejected,
}

impl Status {
    /// Every status, in the order of the contract.
    pub const ALL: [Status; 5] = [
        Status::Created,
        Status::Paid,
        Status::Cancelled,
        Status::Returned,
        Status::Rejected,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Paid => "paid",
            Status::Cancelled => "cancelled",
            Status::Returned => "returned",
            Status::Rejected => "rejected",
        }
    }

    /// The status that `word` names exactly; `None` for any other word.
    pub fn parse(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// How the code got into the checkout form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeEntryMode {
    /// Carried by the partner's link.
    Link,
    /// Typed by the customer.
    Typed,
    /// Pasted by an extension or a script.
    Auto,
}

impl CodeEntryMode {
    /// Every mode, in the order of the contract.
    pub const ALL: [CodeEntryMode; 3] = [
        CodeEntryMode::Link,
        CodeEntryMode::Typed,
        CodeEntryMode::Auto,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            CodeEntryMode::Link => "link",
            CodeEntryMode::Typed => "typed",
            CodeEntryMode::Auto => "auto",
        }
    }

    /// The mode that `word` names exactly.
    pub fn parse(word: &str) -> Option<CodeEntryMode> {
        CodeEntryMode::ALL.into_iter().find(|m| m.as_str() == word)
    }
}

/// Size class of a partner, by followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Up to 5,000 followers.
    Nano,
    /// Up to 20,000.
    Micro,
    /// Up to 100,000.
    Mid,
    /// Up to 1,000,000.
    Macro,
    /// Above.
    Mega,
}

impl Tier {
    /// Every tier, smallest first.
    pub const ALL: [Tier; 5] = [Tier::Nano, Tier::Micro, Tier::Mid, Tier::Macro, Tier::Mega];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tier::Nano => "nano",
            Tier::Micro => "micro",
            Tier::Mid => "mid",
            Tier::Macro => "macro",
            Tier::Mega => "mega",
        }
    }

    /// The tier that `word` names exactly.
    pub fn parse(word: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|t| t.as_str() == word)
    }

    /// The tier of a partner with so many followers.
    pub const fn of_followers(followers: u64) -> Tier {
        match followers {
            0..=5_000 => Tier::Nano,
            5_001..=20_000 => Tier::Micro,
            20_001..=100_000 => Tier::Mid,
            100_001..=1_000_000 => Tier::Macro,
            _ => Tier::Mega,
        }
    }
}

/// An analyst's answer to a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is a leak; the baseline stays frozen.
    Leak,
    /// The present behaviour becomes the code's normal.
    Legitimate,
    /// The hosts named are allowed to show the code.
    Permitted,
    /// A post is announced.
    Expected,
    /// The evidence since the onset is void.
    DataError,
    /// Recorded, changes nothing.
    Unclear,
}

impl Outcome {
    /// Every outcome, in the order of the contract.
    pub const ALL: [Outcome; 6] = [
        Outcome::Leak,
        Outcome::Legitimate,
        Outcome::Permitted,
        Outcome::Expected,
        Outcome::DataError,
        Outcome::Unclear,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Leak => "leak",
            Outcome::Legitimate => "legitimate",
            Outcome::Permitted => "permitted",
            Outcome::Expected => "expected",
            Outcome::DataError => "data_error",
            Outcome::Unclear => "unclear",
        }
    }

    /// The outcome that `word` names exactly.
    pub fn parse(word: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|o| o.as_str() == word)
    }
}
