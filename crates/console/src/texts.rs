//! What pages say, in the visitor's language.
//!
//! Sentences come from `locales/*.ftl` (Fluent), names of signals and kinds, numbers and amounts
//! from `promoguard-words`, as everywhere else.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use promoguard_event::{Currency, Decimal, EventTime};
use promoguard_words::{Clock, Language, Words, find};
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

/// The sentences of each language.
pub(crate) const SOURCES: [(Language, &str); 3] = [
    (Language::Kazakh, include_str!("../locales/kk.ftl")),
    (Language::Russian, include_str!("../locales/ru.ftl")),
    (Language::English, include_str!("../locales/en.ftl")),
];

static BUNDLES: LazyLock<Vec<(Language, Bundle)>> = LazyLock::new(|| {
    SOURCES
        .into_iter()
        .map(|(language, source)| (language, bundle(language, source)))
        .collect()
});

fn bundle(language: Language, source: &str) -> Bundle {
    let tag: LanguageIdentifier = language.as_str().parse().expect("kk, ru and en are tags");
    let resource = FluentResource::try_new(source.to_owned())
        .expect("a test reads every file of sentences without a fault");
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .expect("a test finds every key once");
    bundle
}

/// A space at which no line breaks.
pub(crate) const SPACE: char = '\u{a0}';

/// Everything that words of one visitor need.
#[derive(Clone)]
pub(crate) struct Texts {
    pub(crate) language: Language,
    pub(crate) words: &'static Words,
    pub(crate) clock: Clock,
}

impl Texts {
    pub(crate) fn new(language: Language, clock: &Clock) -> Texts {
        Texts {
            language,
            words: language.words(),
            clock: clock.clone(),
        }
    }

    /// A sentence without places.
    pub(crate) fn say(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A sentence with texts in its places.
    pub(crate) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            arguments.set(*name, FluentValue::from(*value));
        }
        self.format(key, &arguments)
    }

    /// A sentence with a count: `$n` chooses the form, `$shown` is what is read.
    pub(crate) fn counted(&self, key: &str, count: u64) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("n", FluentValue::from(count));
        arguments.set("shown", FluentValue::from(self.words.count(count)));
        self.format(key, &arguments)
    }

    fn format(&self, key: &str, arguments: &FluentArgs<'_>) -> String {
        let found = BUNDLES
            .iter()
            .find(|(language, _)| *language == self.language)
            .and_then(|(_, bundle)| {
                let pattern = bundle.get_message(key)?.value()?;
                let mut faults = Vec::new();
                Some(
                    bundle
                        .format_pattern(pattern, Some(arguments), &mut faults)
                        .into_owned(),
                )
            });
        // A test finds every key that is asked for; a key is still better than an empty place.
        found.unwrap_or_else(|| key.to_owned())
    }

    /// `318 000 ₸`: estimates, whole from a hundred on.
    pub(crate) fn money(&self, amount: Decimal, currency: Currency) -> String {
        if amount.0 == 0 {
            return format!("0{SPACE}{}", sign(currency));
        }
        format!("{}{SPACE}{}", self.words.money(amount), sign(currency))
    }

    /// `318 000 ₸ (290 000–340 000)`.
    pub(crate) fn interval(&self, low: &str, high: &str) -> String {
        format!("{low}–{high}")
    }

    /// `12.11.2026 18:00` in the zone of the settings.
    pub(crate) fn time(&self, at: EventTime) -> String {
        self.clock.format(at, "%d.%m.%Y %H:%M")
    }

    /// `12.11 18:00`.
    pub(crate) fn short_time(&self, at: EventTime) -> String {
        self.clock.format(at, "%d.%m %H:%M")
    }

    /// `12.11.2026`.
    pub(crate) fn date(&self, at: EventTime) -> String {
        self.clock.format(at, "%d.%m.%Y")
    }

    /// For the attribute of a `time` element.
    pub(crate) fn machine_time(&self, at: EventTime) -> String {
        at.to_string()
    }

    /// How long ago, in the largest unit that fits.
    pub(crate) fn ago(&self, millis: i64) -> String {
        let seconds = (millis / 1_000).max(0).unsigned_abs();
        match seconds {
            0..120 => self.counted("ago-seconds", seconds),
            120..7_200 => self.counted("ago-minutes", seconds / 60),
            7_200..172_800 => self.counted("ago-hours", seconds / 3_600),
            _ => self.counted("ago-days", seconds / 86_400),
        }
    }

    /// `41,2 dB`.
    pub(crate) fn decibans(&self, score: f64) -> String {
        format!("{}{SPACE}dB", self.words.number(score, 1))
    }

    /// `40 dB`.
    pub(crate) fn decibans_whole(&self, score: f64) -> String {
        format!("{}{SPACE}dB", self.words.number(score, 0))
    }

    /// A kind of leak.
    pub(crate) fn kind(&self, kind: &str) -> String {
        find(self.words.kinds, kind).map_or_else(|| kind.to_owned(), |words| (*words).to_owned())
    }

    /// A signal's title and meaning.
    pub(crate) fn signal(&self, signal: &str) -> (String, &'static str) {
        match find(self.words.signals, signal) {
            Some(words) => (words.title.to_owned(), words.meaning),
            None => (signal.to_owned(), ""),
        }
    }

    /// Why a signal said nothing.
    pub(crate) fn silence(&self, reason: &str) -> String {
        find(self.words.silences, reason)
            .map_or_else(|| reason.to_owned(), |words| (*words).to_owned())
    }
}

fn sign(currency: Currency) -> String {
    match currency.to_string().as_str() {
        "KZT" => "₸".to_owned(),
        "RUB" => "₽".to_owned(),
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests;
