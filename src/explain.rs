//! Why a code is flagged, or is not, in words: as a text for people and as JSON.
//!
//! Decides: what is told, in which order, and how figures are shown. Must not know: how evidence
//! is found, or how the code was looked up.

use anyhow::Result;
use promoguard_detect::{Explanation, Layer};
use promoguard_event::{EventTime, Evidence};
use promoguard_pipeline::CodeAccount;

use promoguard_words::{Clock, Language, SignalWords, Table, Words, find, is_arithmetic};

mod json;
mod text;

/// The account of a code in a language and a time zone.
pub struct Told<'a> {
    account: &'a CodeAccount,
    words: &'static Words,
    clock: Clock,
}

impl<'a> Told<'a> {
    /// Prepares to tell.
    ///
    /// # Errors
    /// The time zone is not known.
    pub fn new(account: &'a CodeAccount, language: Language, zone: &str) -> Result<Told<'a>> {
        Ok(Told {
            account,
            words: language.words(),
            clock: Clock::new(zone)?,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// One line of JSON with its newline.
    pub fn json(&self) -> String {
        let value = json::value(self);
        serde_json::to_string(&value).expect("an account is plain data") + "\n"
    }

    fn explanation(&self) -> &Explanation {
        &self.account.explanation
    }

    /// The code as people write it.
    fn code(&self) -> &str {
        let entry = self.account.entry.as_ref();
        entry.map_or(&self.account.score_line.code, |entry| &entry.spelling)
    }

    fn is_flagged(&self) -> bool {
        let explanation = self.explanation();
        let flood = explanation.flood.as_ref();
        explanation.open.is_some() || flood.is_some_and(|flood| flood.open.is_some())
    }

    /// The learned judge's layer, if its score is the one that counts.
    fn learned_speaks(&self) -> bool {
        let explanation = self.explanation();
        let learned = explanation.learned.as_ref();
        learned.is_some_and(|learned| learned.score_db > explanation.core.score_db)
    }

    fn speaking(&self) -> &Layer {
        let explanation = self.explanation();
        match &explanation.learned {
            Some(learned) if self.learned_speaks() => learned,
            _ => &explanation.core,
        }
    }

    fn time(&self, at: EventTime) -> String {
        self.clock.format(at, self.words.time_pattern())
    }

    fn signal(&self, name: &str) -> Option<&'static SignalWords> {
        find(self.words.signals, name)
    }

    /// A name's own words, or the name where this version has none.
    fn say<'n>(&self, table: Table<&'static str>, name: &'n str) -> &'n str
    where
        'static: 'n,
    {
        find(table, name).copied().unwrap_or(name)
    }

    /// How many of the remembered orders came more likely than not through the leak.
    fn orders_leaked(&self) -> (u64, u64) {
        let orders = &self.explanation().orders;
        let leaked = orders.iter().filter(|order| order.p_leak > 0.5).count();
        (orders.len() as u64, leaked as u64)
    }
}

/// What spoke, strongest first, the arithmetic last.
fn by_strength(evidence: &[Evidence]) -> Vec<&Evidence> {
    let key = |item: &Evidence| match item {
        Evidence::Signal {
            signal, decibans, ..
        } => (
            is_arithmetic(signal),
            std::cmp::Reverse(decibans.units().abs()),
        ),
        Evidence::Abstained { .. } => (true, std::cmp::Reverse(-1)),
    };
    let mut items: Vec<&Evidence> = evidence.iter().collect();
    items.sort_by_key(|item| key(item));
    items
}
