//! The account as a text of at most 100 columns.
//!
//! Decides: sections and their order. Must not know: any language.

use std::collections::BTreeSet;

use promoguard_detect::{Episode, Lack, Layer};
use promoguard_event::{Evidence, Exposure};

use super::words::fill;
use super::{Measure, Told, by_strength};

/// Columns of a line; what is longer goes on in the next one.
const COLUMNS: usize = 100;
/// Where the text of an item begins.
const ITEM_INDENT: usize = 11;

pub(super) fn text(told: &Told<'_>) -> String {
    let mut page = Page::default();
    write_heading(told, &mut page);
    write_scores(told, &mut page);
    write_state(told, &mut page);
    write_leak(told, &mut page);
    write_history(told, &mut page);
    write_notes(told, &mut page);
    write_evidence(told, &mut page);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// Signals whose meaning was told.
    told: BTreeSet<&'static str>,
}

impl Page {
    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.line(0, text);
    }

    /// A line with so many spaces in front; what goes on stands two further to the right.
    fn line(&mut self, indent: usize, text: &str) {
        self.put(&" ".repeat(indent), indent + 2, text);
    }

    /// A part of a score, and what it is; what goes on stands under the text.
    fn item(&mut self, db: &str, text: &str) {
        self.put(&format!("{db:>9}  "), ITEM_INDENT, text);
    }

    fn put(&mut self, lead: &str, hang: usize, text: &str) {
        self.text.push_str(lead);
        let mut column = lead.chars().count();
        for (at, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            if at > 0 && column + 1 + length > COLUMNS {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(hang));
                column = hang;
            } else if at > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += length;
        }
        self.text.push('\n');
    }
}

fn write_heading(told: &Told<'_>, page: &mut Page) {
    let phrases = &told.words.phrases;
    let title = if told.is_flagged() {
        phrases.flagged
    } else {
        phrases.not_flagged
    };
    page.line(0, &fill(title, &[("code", told.code().to_owned())]));
    let end = told.explanation().hour.end();
    let values = [("time", told.time(end)), ("zone", told.clock.name_at(end))];
    page.line(0, &fill(phrases.as_of, &values));
    let Some(entry) = &told.account.entry else {
        return;
    };
    let values = [
        ("partner", entry.partner_id.to_string()),
        ("merchant", entry.merchant.to_string()),
    ];
    let mut owner = fill(phrases.owner, &values);
    if let Some(marketplace) = &entry.marketplace {
        let values = [("marketplace", marketplace.to_string())];
        owner = format!("{owner}, {}", fill(phrases.marketplace, &values));
    }
    page.line(0, &owner);
}

fn write_scores(told: &Told<'_>, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let explanation = told.explanation();
    let db = |value: f64| words.number(value, 1);
    let values = [
        ("score", db(told.speaking().score_db)),
        ("threshold", db(explanation.threshold_db)),
    ];
    page.heading(&fill(phrases.score, &values));
    let mark = |name: &str, speaks: bool| match speaks {
        true => format!("{name} ← {}", phrases.speaks),
        false => name.to_owned(),
    };
    let by_learned = told.learned_speaks();
    let core = explanation.core.score_db;
    page.item(&db(core), &mark(phrases.core, !by_learned));
    match &explanation.learned {
        Some(learned) => {
            let score = learned.score_db;
            page.item(&db(score), &mark(phrases.learned, by_learned));
            // A glance in the same hour says the same.
            let last = explanation.learned_last_db;
            if let Some(last) = last.filter(|last| (last - score).abs() >= 0.1) {
                let values = [("score", db(last))];
                page.line(ITEM_INDENT, &fill(phrases.learned_last, &values));
            }
        }
        None if explanation.learned_is_on => page.item("–", phrases.learned_blind),
        None => page.item("–", phrases.learned_off),
    }
    if let Some((peak, at)) = explanation.peak {
        let values = [("score", db(peak)), ("time", told.time(at))];
        page.line(0, &fill(phrases.peak, &values));
    }
}

fn write_state(told: &Told<'_>, page: &mut Page) {
    let phrases = &told.words.phrases;
    let explanation = told.explanation();
    page.heading(phrases.episode);
    let open = |sentence: &str, episode: &Episode| {
        let values = [
            ("flag", episode.flag_id.clone()),
            ("rev", episode.rev.to_string()),
            ("time", told.time(episode.opened_at)),
        ];
        fill(sentence, &values)
    };
    match &explanation.open {
        Some(episode) => {
            page.line(2, &open(phrases.open, episode));
            if episode.confirmed {
                page.line(2, phrases.confirmed);
            }
            if told.speaking().score_db < explanation.threshold_db {
                page.line(2, phrases.faded);
            }
        }
        None if explanation.episodes == 0 => page.line(2, phrases.never),
        None => {
            let episodes = told
                .words
                .counted(explanation.episodes.into(), &phrases.episodes);
            page.line(2, &fill(phrases.earlier, &[("episodes", episodes)]));
        }
    }
    let flood = explanation.flood.as_ref();
    if let Some(episode) = flood.and_then(|flood| flood.open.as_ref()) {
        page.line(2, &open(phrases.flood_open, episode));
    }
}

/// What the leak would be; only of a code under suspicion.
fn write_leak(told: &Told<'_>, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let explanation = told.explanation();
    let (Some(onset), Some(exposure)) = (explanation.onset, explanation.exposure) else {
        return;
    };
    page.gap();
    if explanation.open.is_none() {
        page.line(0, phrases.if_leak);
    }
    let kind = told.say(words.kinds, explanation.kind.as_str());
    page.line(2, &fill(phrases.kind, &[("kind", kind.to_owned())]));
    let values = [
        ("at", told.time(onset.at)),
        ("low", told.time(onset.low)),
        ("high", told.time(onset.high)),
    ];
    page.line(2, &fill(phrases.onset, &values));
    write_exposure(told, &exposure, page);
    let (orders, leaked) = told.orders_leaked();
    if orders > 0 {
        let values = [
            ("orders", words.count(orders)),
            ("leaked", words.count(leaked)),
        ];
        page.line(2, &fill(phrases.orders_leaked, &values));
    }
    if explanation.top_referrers.is_empty() {
        return;
    }
    page.heading(phrases.hosts);
    for referrer in &explanation.top_referrers {
        let values = [
            ("host", referrer.host.clone()),
            ("orders", words.counted(referrer.orders, &phrases.orders)),
        ];
        let mut host = fill(phrases.host, &values);
        if referrer.known_coupon_site {
            host = format!("{host} ({})", phrases.coupon_site);
        }
        page.line(2, &host);
    }
}

fn write_exposure(told: &Told<'_>, exposure: &Exposure, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let leaked = exposure.leaked_orders;
    let values = [leaked.estimate, leaked.low, leaked.high].map(|value| words.number(value, 1));
    let [estimate, low, high] = values;
    let values = [("estimate", estimate), ("low", low), ("high", high)];
    page.line(2, &fill(phrases.leaked, &values));
    if let Some(commission) = exposure.commission {
        let values = [commission.estimate, commission.low, commission.high];
        let [estimate, low, high] = values.map(|value| words.money(value));
        let values = [
            ("estimate", estimate),
            ("low", low),
            ("high", high),
            ("currency", exposure.currency.to_string()),
        ];
        page.line(2, &fill(phrases.commission, &values));
    }
    if let Some(vat) = exposure.vat {
        let values = [
            ("vat", words.money(vat)),
            ("currency", exposure.currency.to_string()),
        ];
        page.line(2, &fill(phrases.vat, &values));
    }
}

fn write_history(told: &Told<'_>, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let history = &told.explanation().history;
    page.heading(phrases.history);
    let values = [
        (
            "orders",
            words.counted(history.orders.into(), &phrases.orders),
        ),
        (
            "clicks",
            words.counted(history.clicks.into(), &phrases.clicks),
        ),
        ("days", words.counted(history.days.into(), &phrases.days)),
    ];
    page.line(2, &fill(phrases.seen, &values));
    let values = [("orders", words.count(history.orders_habit.into()))];
    page.line(2, &fill(phrases.habit, &values));
    if let Some(hour) = history.last_hour {
        let values = [("time", told.time(hour.start()))];
        page.line(2, &fill(phrases.last_hour, &values));
    }
}

fn write_notes(told: &Told<'_>, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let explanation = told.explanation();
    if !explanation.circumstances.is_empty() {
        page.heading(phrases.circumstances);
        for circumstance in &explanation.circumstances {
            page.line(2, told.say(words.circumstances, circumstance.as_str()));
        }
    }
    if !explanation.lacking.is_empty() {
        page.heading(phrases.lacking);
        for lack in &explanation.lacking {
            page.line(2, &lacking(told, *lack));
        }
    }
}

/// What is lacking, as a sentence.
pub(super) fn lacking(told: &Told<'_>, lack: Lack) -> String {
    let (words, phrases) = (told.words, &told.words.phrases);
    match lack {
        Lack::Orders { have, least } => {
            let values = [
                ("have", words.count(have.into())),
                ("least", words.count(least.into())),
            ];
            fill(phrases.lack_orders, &values)
        }
        Lack::Score(missing) => fill(phrases.lack_score, &[("score", words.number(missing, 1))]),
        Lack::LearnedOrders => phrases.lack_learned.to_owned(),
        Lack::Validity => phrases.lack_validity.to_owned(),
        Lack::Order => phrases.lack_order.to_owned(),
    }
}

fn write_evidence(told: &Told<'_>, page: &mut Page) {
    let (words, phrases) = (told.words, &told.words.phrases);
    let explanation = told.explanation();
    page.heading(phrases.stories);
    for (story, db) in explanation.stories {
        let title = told.say(words.stories, story.as_str());
        page.item(&words.signed(db), title);
    }
    if explanation.core.evidence.is_empty() {
        page.line(2, phrases.core_silent);
    }
    let learned = explanation
        .learned
        .as_ref()
        .map(|layer| (phrases.learned_items, layer));
    let core = Some((phrases.core_items, &explanation.core));
    let layers = match told.learned_speaks() {
        true => [learned, core],
        false => [core, learned],
    };
    let flood = explanation
        .flood
        .as_ref()
        .map(|flood| (phrases.flood_items, &flood.layer));
    for (heading, layer) in layers.into_iter().chain([flood]).flatten() {
        write_layer(told, heading, layer, page);
    }
    if !explanation.abstained.is_empty() {
        page.heading(phrases.abstained);
        for (signal, why) in &explanation.abstained {
            let title = told.signal(signal).map_or(*signal, |words| words.title);
            let why = told.say(words.silences, why);
            page.line(2, &format!("{title}: {why}"));
        }
    }
}

fn write_layer(told: &Told<'_>, heading: &str, layer: &Layer, page: &mut Page) {
    if layer.evidence.is_empty() {
        return;
    }
    let words = told.words;
    page.heading(&fill(
        heading,
        &[("score", words.number(layer.score_db, 1))],
    ));
    let mut neutral = Vec::new();
    for item in by_strength(&layer.evidence) {
        let Evidence::Signal {
            signal, decibans, ..
        } = item
        else {
            continue;
        };
        let known = told.signal(signal);
        let title = known.map_or(*signal, |words| words.title);
        let text = match figures(told, item) {
            Some(figures) => format!("{title}: {figures}"),
            None if decibans.value().abs() < 0.05 => {
                neutral.push(title);
                continue;
            }
            None => title.to_owned(),
        };
        page.item(&words.signed(decibans.value()), &text);
        // The second layer does not say again what the first one explained.
        if let Some(known) = known.filter(|_| page.told.insert(signal)) {
            page.put(&" ".repeat(ITEM_INDENT), ITEM_INDENT, known.meaning);
        }
    }
    if !neutral.is_empty() {
        let values = [("signals", neutral.join(" · "))];
        page.item(&words.signed(0.0), &fill(words.phrases.neutral, &values));
    }
}

/// Observed against expected in the signal's own measure; `None` where it observes nothing.
pub(super) fn figures(told: &Told<'_>, item: &Evidence) -> Option<String> {
    let (words, phrases) = (told.words, &told.words.phrases);
    let Evidence::Signal {
        signal,
        observed,
        expected,
        n,
        ..
    } = item
    else {
        return None;
    };
    let measure = Measure::of(signal);
    if measure == Measure::Count {
        return (*n > 0).then(|| words.counted(*n, &phrases.sightings));
    }
    let shown = |value: f64| match measure {
        Measure::Share => words.percent(value),
        Measure::Multiple => format!("{}×", words.number(value, 1)),
        Measure::ADay => fill(phrases.a_day, &[("value", words.number(value, 1))]),
        Measure::Count => words.number(value, 0),
    };
    let values = [
        ("observed", shown((*observed)?)),
        ("expected", shown((*expected)?)),
        ("n", words.count(*n)),
    ];
    Some(fill(phrases.observed, &values))
}
