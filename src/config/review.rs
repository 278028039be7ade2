//! `[review]`: the review store and the console's people.

use std::path::PathBuf;

use promoguard_review::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[review]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// File of the review store, SQLite; made where there is none. Beside it lie its log and the
    /// anchors of the trail.
    pub file: PathBuf,
    /// Language of the console where neither the visitor nor the browser names one.
    pub language: ConsoleLanguage,
    /// Days for which the hours of a code are kept.
    #[schemars(range(min = 1, max = 4000))]
    pub hours_days: u32,
    /// Days for which the orders of a code without a flag are kept: so far back a hold can reach
    /// when a flag opens.
    #[schemars(range(min = 1, max = 4000))]
    pub orders_days: u32,
    /// Days for which flags, and the orders of flagged codes, are kept.
    #[schemars(range(min = 1, max = 4000))]
    pub flags_days: u32,
    /// Unreadable records kept; the oldest go first. They may hold personal data.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub dead_letters_max: u32,
    /// How long a flag stays in somebody's hands without a decision.
    #[schemars(range(min = 1, max = 1440))]
    pub claim_minutes: u32,
    /// A session that was not used for so long ends.
    #[schemars(range(min = 1, max = 1440))]
    pub session_idle_minutes: u32,
    /// A session ends after so long in any case.
    #[schemars(range(min = 1, max = 168))]
    pub session_hours_max: u32,
}

impl Default for Review {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            file: PathBuf::from("promoguard-review.db"),
            language: ConsoleLanguage::En,
            hours_days: limits.hours_days,
            orders_days: limits.orders_days,
            flags_days: limits.flags_days,
            dead_letters_max: limits.dead_letters_max,
            claim_minutes: limits.claim_minutes,
            session_idle_minutes: limits.session_idle_minutes,
            session_hours_max: limits.session_hours_max,
        }
    }
}

impl Review {
    /// For the review crate.
    pub fn limits(&self) -> Limits {
        Limits {
            hours_days: self.hours_days,
            orders_days: self.orders_days,
            flags_days: self.flags_days,
            dead_letters_max: self.dead_letters_max,
            claim_minutes: self.claim_minutes,
            session_idle_minutes: self.session_idle_minutes,
            session_hours_max: self.session_hours_max,
        }
    }
}

/// Language of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConsoleLanguage {
    /// Kazakh
    Kk,
    /// Russian
    Ru,
    /// English
    En,
}

impl ConsoleLanguage {
    /// Its words.
    pub fn words(self) -> promoguard_words::Language {
        match self {
            ConsoleLanguage::Kk => promoguard_words::Language::Kazakh,
            ConsoleLanguage::Ru => promoguard_words::Language::Russian,
            ConsoleLanguage::En => promoguard_words::Language::English,
        }
    }
}
