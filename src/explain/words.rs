//! What a language has to say to explain a code, and how it writes numbers.
//!
//! Decides: the shape of the tables, plural forms, separators. The tables themselves stand in one
//! file a language; must not know the order in which they are used.

use promoguard_event::Decimal;
use serde::Serialize;

use super::words_en::ENGLISH;
use super::words_kk::KAZAKH;
use super::words_ru::RUSSIAN;

/// A language of the explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Russian.
    Russian,
    /// Kazakh.
    Kazakh,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 3] = [Language::English, Language::Russian, Language::Kazakh];

    /// Its tables.
    pub fn words(self) -> &'static Words {
        match self {
            Language::English => &ENGLISH,
            Language::Russian => &RUSSIAN,
            Language::Kazakh => &KAZAKH,
        }
    }

    /// Its code in ISO 639-1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Russian => "ru",
            Language::Kazakh => "kk",
        }
    }
}

/// A signal: what it is called, and what it means in a sentence.
#[derive(Debug, Serialize)]
pub struct SignalWords {
    /// A few words.
    pub title: &'static str,
    /// A sentence.
    pub meaning: &'static str,
}

/// A table by the names that the judge uses.
pub type Table<T> = &'static [(&'static str, T)];

/// Everything that a language has to say.
#[derive(Debug)]
pub struct Words {
    /// Which language.
    pub language: Language,
    /// By the names of `evidence[]`.
    pub signals: Table<SignalWords>,
    /// By the reasons of `evidence[]`.
    pub silences: Table<&'static str>,
    /// By kind.
    pub kinds: Table<&'static str>,
    /// By story of the core.
    pub stories: Table<&'static str>,
    /// By circumstance.
    pub circumstances: Table<&'static str>,
    /// The sentences around them.
    pub phrases: Phrases,
}

/// Forms of a counted noun: of one, of a few, of many; a language that has fewer repeats them.
pub type Plural = [&'static str; 3];

/// Sentences with places for values in braces.
#[derive(Debug, Serialize)]
pub struct Phrases {
    /// Heading of a code with an open flag.
    pub flagged: &'static str,
    /// Heading of a code without one.
    pub not_flagged: &'static str,
    /// When, and in which zone.
    pub as_of: &'static str,
    /// Whose code it is.
    pub owner: &'static str,
    /// Where it works, if not on the merchant's own site.
    pub marketplace: &'static str,
    /// The score against the threshold.
    pub score: &'static str,
    /// The core.
    pub core: &'static str,
    /// The learned judge.
    pub learned: &'static str,
    /// The learned judge is switched off.
    pub learned_off: &'static str,
    /// The learned judge sees too little.
    pub learned_blind: &'static str,
    /// What it said when it last looked.
    pub learned_last: &'static str,
    /// Marks the layer that counts.
    pub speaks: &'static str,
    /// The highest score.
    pub peak: &'static str,
    /// Heading of the episode.
    pub episode: &'static str,
    /// An open flag.
    pub open: &'static str,
    /// An open flag of made-up clicks.
    pub flood_open: &'static str,
    /// Confirmed by an analyst.
    pub confirmed: &'static str,
    /// An open flag whose score has sunk below the threshold.
    pub faded: &'static str,
    /// Never flagged.
    pub never: &'static str,
    /// Flagged before; with a counted noun.
    pub earlier: &'static str,
    /// The noun of that.
    pub episodes: Plural,
    /// The kind.
    pub kind: &'static str,
    /// The onset.
    pub onset: &'static str,
    /// Leaked orders.
    pub leaked: &'static str,
    /// Commission in them.
    pub commission: &'static str,
    /// VAT on top of it.
    pub vat: &'static str,
    /// All of that stands under the condition that there is a leak.
    pub if_leak: &'static str,
    /// How many of the remembered orders look leaked.
    pub orders_leaked: &'static str,
    /// Heading of the hosts.
    pub hosts: &'static str,
    /// A host with its orders.
    pub host: &'static str,
    /// Marks a known coupon site.
    pub coupon_site: &'static str,
    /// Heading of what is known.
    pub history: &'static str,
    /// Orders, clicks and days.
    pub seen: &'static str,
    /// Orders.
    pub orders: Plural,
    /// First-visit clicks.
    pub clicks: Plural,
    /// Days.
    pub days: Plural,
    /// Orders that are its habit.
    pub habit: &'static str,
    /// Its last hour with anything to judge.
    pub last_hour: &'static str,
    /// Heading of the circumstances.
    pub circumstances: &'static str,
    /// Heading of what is lacking.
    pub lacking: &'static str,
    /// Too few orders.
    pub lack_orders: &'static str,
    /// Too little evidence.
    pub lack_score: &'static str,
    /// Too few recent orders for the learned judge.
    pub lack_learned: &'static str,
    /// Outside the validity.
    pub lack_validity: &'static str,
    /// No order lately.
    pub lack_order: &'static str,
    /// Heading of the stories.
    pub stories: &'static str,
    /// Heading of the learned judge's items.
    pub learned_items: &'static str,
    /// Heading of the core's items.
    pub core_items: &'static str,
    /// Heading of the items of made-up clicks.
    pub flood_items: &'static str,
    /// Signals that brought nothing and have no figures.
    pub neutral: &'static str,
    /// The core keeps no items of a clean code.
    pub core_silent: &'static str,
    /// Observed and expected.
    pub observed: &'static str,
    /// Sightings.
    pub sightings: Plural,
    /// A value a day.
    pub a_day: &'static str,
    /// Heading of what said nothing.
    pub abstained: &'static str,
}

/// The entry of a table.
pub fn find<T>(table: Table<T>, name: &str) -> Option<&'static T> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, words)| words)
}

/// Puts values into a sentence.
pub fn fill(sentence: &str, values: &[(&str, String)]) -> String {
    let mut text = sentence.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// A space at which no line breaks.
const SPACE: char = '\u{a0}';

impl Words {
    /// `12 345`.
    pub fn count(&self, value: u64) -> String {
        let digits = value.to_string();
        let mut grouped = String::with_capacity(digits.len() + 8);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(SPACE);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// `1 order`, `3 заказа`.
    pub fn counted(&self, value: u64, forms: &Plural) -> String {
        format!("{}{SPACE}{}", self.count(value), forms[self.form(value)])
    }

    fn form(&self, value: u64) -> usize {
        match self.language {
            Language::English => {
                if value == 1 {
                    0
                } else {
                    2
                }
            }
            Language::Russian => match (value % 10, value % 100) {
                (1, last) if last != 11 => 0,
                (2..=4, last) if !(12..=14).contains(&last) => 1,
                _ => 2,
            },
            // A Kazakh noun has no plural after a number.
            Language::Kazakh => 0,
        }
    }

    /// A number with so many places, in the language's own separators.
    pub fn number(&self, value: f64, places: usize) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        let text = format!("{:.places$}", value.abs());
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let whole = whole
            .parse()
            .map_or_else(|_| whole.to_owned(), |whole| self.count(whole));
        let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let sign = if value < 0.0 && !is_zero { "−" } else { "" };
        if part.is_empty() {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}{}{part}", self.point())
    }

    /// A part of a score: `+4.1`, `−0.3`.
    pub fn signed(&self, value: f64) -> String {
        let text = self.number(value, 1);
        let is_above_zero = value > 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        if is_above_zero {
            format!("+{text}")
        } else {
            text
        }
    }

    /// `35 %`, `2.1 %` below ten.
    pub fn percent(&self, share: f64) -> String {
        let percent = share * 100.0;
        let places = usize::from(percent.abs() < 9.95);
        format!("{}{SPACE}%", self.number(percent, places))
    }

    /// An estimated amount, rounded to what it is worth: whole from a hundred on, two places below.
    pub fn money(&self, amount: Decimal) -> String {
        let value = amount.0 as f64 / 10_000.0;
        self.number(value, if value.abs() >= 100.0 { 0 } else { 2 })
    }

    /// The pattern of a time, for strftime.
    pub fn time_pattern(&self) -> &'static str {
        match self.language {
            Language::English => "%Y-%m-%d %H:%M",
            Language::Russian | Language::Kazakh => "%d.%m.%Y %H:%M",
        }
    }

    fn point(&self) -> char {
        match self.language {
            Language::English => '.',
            Language::Russian | Language::Kazakh => ',',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use promoguard_detect::{Circumstance, Story, evidence_names, silence_reasons};
    use promoguard_event::FlagKind;
    use std::collections::BTreeSet;

    fn check_names<'a, T>(
        language: Language,
        table: Table<T>,
        names: impl Iterator<Item = &'a str>,
    ) {
        let known: BTreeSet<&str> = table.iter().map(|(name, _)| *name).collect();
        let wanted: BTreeSet<&str> = names.collect();
        assert_eq!(known, wanted, "{language:?}");
        assert_eq!(
            known.len(),
            table.len(),
            "{language:?}: a name stands twice"
        );
    }

    #[test]
    fn every_language_has_words_for_everything_that_the_judge_can_say() {
        let kinds = [
            FlagKind::CouponSite,
            FlagKind::Extension,
            FlagKind::InsiderOrCommunity,
            FlagKind::ClickFlood,
            FlagKind::Unknown,
        ];
        for language in Language::ALL {
            let words = language.words();
            assert_eq!(words.language, language);
            check_names(language, words.signals, evidence_names());
            check_names(language, words.silences, silence_reasons());
            check_names(
                language,
                words.kinds,
                kinds.into_iter().map(FlagKind::as_str),
            );
            check_names(
                language,
                words.stories,
                Story::ALL.into_iter().map(Story::as_str),
            );
            let circumstances = Circumstance::ALL.into_iter().map(Circumstance::as_str);
            check_names(language, words.circumstances, circumstances);
        }
    }

    fn places(sentence: &str) -> BTreeSet<&str> {
        let opened = sentence.split('{').skip(1);
        opened.filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn a_sentence_has_the_same_places_in_every_language() {
        let sentences = |language: Language| {
            serde_json::to_value(&language.words().phrases).expect("phrases are plain data")
        };
        let english = sentences(Language::English);
        for language in Language::ALL {
            let own = sentences(language);
            for (name, sentence) in english.as_object().expect("a struct") {
                let Some(sentence) = sentence.as_str() else {
                    continue;
                };
                let translated = own[name].as_str().expect("the same struct");
                assert!(!translated.is_empty(), "{language:?} {name}");
                assert_eq!(places(sentence), places(translated), "{language:?} {name}");
            }
        }
    }

    #[test]
    fn numbers_are_written_and_counted_as_each_language_does() {
        let check =
            |shown: String, expected: &str| assert_eq!(shown.replace('\u{a0}', " "), expected);
        let [english, russian, kazakh] = Language::ALL.map(Language::words);
        let forms = ["заказ", "заказа", "заказов"];
        for (count, expected) in [
            (1, "1 заказ"),
            (2, "2 заказа"),
            (5, "5 заказов"),
            (11, "11 заказов"),
            (13, "13 заказов"),
            (21, "21 заказ"),
            (112, "112 заказов"),
            (1_024, "1 024 заказа"),
        ] {
            check(russian.counted(count, &forms), expected);
        }
        check(
            english.counted(1, &["order", "orders", "orders"]),
            "1 order",
        );
        check(
            english.counted(0, &["order", "orders", "orders"]),
            "0 orders",
        );
        check(kazakh.counted(7, &["тапсырыс"; 3]), "7 тапсырыс");
        check(english.signed(-0.04), "0.0");
        check(english.signed(12.34), "+12.3");
        check(kazakh.signed(-3.25), "−3,2");
        check(russian.percent(0.0213), "2,1 %");
        check(russian.percent(0.5), "50 %");
        check(russian.number(f64::NAN, 1), "–");
        check(english.money(Decimal(3_180_004_900)), "318 000");
        check(kazakh.money(Decimal(-5_000)), "−0,50");
    }
}
