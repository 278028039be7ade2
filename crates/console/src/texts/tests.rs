#![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};

use super::*;

/// Keys of a file with the places of each sentence.
fn sentences(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = fluent_syntax::parser::parse(source).unwrap_or_else(|(_, faults)| {
        panic!("a file of sentences has faults: {faults:?}");
    });
    let mut sentences = BTreeMap::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let mut places = BTreeSet::new();
                let elements = &message.value.as_ref().unwrap().elements;
                collect(elements, &mut places);
                let known = sentences.insert(message.id.name.to_owned(), places);
                assert!(known.is_none(), "{} stands twice", message.id.name);
            }
            Entry::Junk { content } => panic!("cannot be read: {content}"),
            _ => {}
        }
    }
    sentences
}

fn collect(elements: &[PatternElement<&str>], places: &mut BTreeSet<String>) {
    for element in elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        match expression {
            Expression::Inline(InlineExpression::VariableReference { id }) => {
                places.insert(id.name.to_owned());
            }
            Expression::Select { variants, .. } => {
                for variant in variants {
                    collect(&variant.value.elements, places);
                }
            }
            Expression::Inline(other) => panic!("not known here: {other:?}"),
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    files
        .into_iter()
        .filter(|path| !path.ends_with("texts/tests.rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn every_language_has_every_sentence_with_the_same_places() {
    let [kazakh, russian, english] = SOURCES.map(|(_, source)| sentences(source));
    assert_eq!(english, russian);
    assert_eq!(english, kazakh);
}

#[test]
fn every_sentence_is_used_and_every_sentence_asked_for_exists() {
    let known: BTreeSet<String> = sentences(SOURCES[0].1).into_keys().collect();
    let mut used = BTreeSet::new();
    for (path, text) in sources() {
        for literal in text.split('"').skip(1).step_by(2) {
            if known.contains(literal) {
                used.insert(literal.to_owned());
            }
        }
        for call in [
            ".say(",
            ".counted(",
            ".with(",
            "nothing(visitor, ",
            "Wrong(",
        ] {
            for (at, _) in text.match_indices(call) {
                let after = text[at + call.len()..].trim_start();
                let Some(key) = after
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                else {
                    continue;
                };
                assert!(
                    known.contains(key),
                    "{}: no sentence is called {key}",
                    path.display()
                );
            }
        }
    }
    let unused: Vec<&String> = known.difference(&used).collect();
    assert!(unused.is_empty(), "never used: {unused:?}");
}

#[test]
fn no_page_has_words_of_its_own() {
    // The names of the languages are the same in each.
    let allowed = ["Қазақша", "Русский"];
    for (path, text) in sources() {
        let own = path.to_string_lossy().contains("/screens/") || path.ends_with("page.rs");
        if !own {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for literal in code.split('"').skip(1).step_by(2) {
            let is_cyrillic = literal
                .chars()
                .any(|letter| ('\u{400}'..='\u{52f}').contains(&letter));
            assert!(
                !is_cyrillic || allowed.contains(&literal),
                "{}: {literal}",
                path.display()
            );
        }
    }
}

#[test]
fn counts_amounts_and_times_are_written_as_each_language_does() {
    let clock = Clock::new("Asia/Almaty").unwrap();
    let texts = |language| Texts::new(language, &clock);
    let check = |shown: String, expected: &str| assert_eq!(shown.replace(SPACE, "_"), expected);
    let russian = texts(Language::Russian);
    for (count, expected) in [
        (1, "1_заказ"),
        (3, "3_заказа"),
        (5, "5_заказов"),
        (21, "21_заказ"),
        (1_111, "1_111_заказов"),
    ] {
        check(russian.counted("orders", count), expected);
    }
    check(texts(Language::Kazakh).counted("orders", 5), "5_тапсырыс");
    check(texts(Language::English).counted("orders", 1), "1_order");
    let amount = Decimal(12_345_678_900);
    for language in Language::ALL {
        check(texts(language).money(amount, Currency::KZT), "1_234_568_₸");
        let summer = promoguard_event::parse_rfc3339("2026-07-01T21:33:00Z").unwrap();
        check(texts(language).time(summer), "02.07.2026 02:33");
    }
}
