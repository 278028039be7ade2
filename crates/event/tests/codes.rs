//! Which spellings are one code: pinned, because it decides placement and identity for good.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use promoguard_event::{Code, CodeError, normalise_code_into};
use proptest::prelude::*;

const GOLDEN: &str = include_str!("golden/code_normalisation.tsv");

/// Replaces `\u{…}` by the character.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('}').unwrap();
        whole.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        whole.push_str(rest);
    }
    whole
}

#[test]
fn every_spelling_has_its_pinned_identity() {
    let mut cases = 0;
    for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (spelling, identity) = (unescaped(columns[0]), unescaped(columns[1]));
        let code = Code::parse(&spelling).map(|code| code.as_str().to_owned());
        assert_eq!(code, Ok(identity), "{}", columns[2]);
        cases += 1;
    }
    assert!(cases >= 80, "only {cases} cases were read");
}

#[test]
fn the_length_is_checked_after_the_normalisation() {
    assert_eq!(Code::parse(""), Err(CodeError::Empty));
    assert_eq!(Code::parse(" \u{3000}\t"), Err(CodeError::Empty));
    assert!(Code::parse(&"x".repeat(64)).is_ok());
    assert_eq!(Code::parse(&"x".repeat(65)), Err(CodeError::TooLong));
    assert!(Code::parse(&format!("  {}  ", "x".repeat(64))).is_ok());
    assert!(
        Code::parse(&"\u{1d412}".repeat(64)).is_ok(),
        "four bytes become one"
    );
    assert_eq!(Code::parse(&"ﷺ".repeat(2)), Err(CodeError::TooLong));
    assert_eq!(Code::parse(&"ж".repeat(33)), Err(CodeError::TooLong));
}

#[test]
fn normalising_every_character_twice_changes_nothing_more() {
    let mut once = String::new();
    let mut twice = String::new();
    for c in '\0'..=char::MAX {
        for text in [
            c.to_string(),
            format!("a{c}"),
            format!("{c}\u{345}b"),
            format!("Σ{c}"),
        ] {
            if normalise_code_into(&text, &mut once).is_ok() {
                normalise_code_into(&once, &mut twice).expect("an identity is a code");
                assert_eq!(twice, once, "{text:?}");
            }
        }
    }
}

#[test]
fn an_error_leaves_nothing_in_the_buffer() {
    let mut out = "left over".to_owned();
    assert_eq!(normalise_code_into(" ", &mut out), Err(CodeError::Empty));
    assert_eq!(out, "");
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing_more(text in "\\PC{0,24}") {
        if let Ok(once) = Code::parse(&text) {
            let twice = Code::parse(once.as_str());
            prop_assert_eq!(twice, Ok(once.clone()));
            prop_assert_eq!(Code::from_normalised(once.as_str()), once);
        }
    }

    #[test]
    fn ascii_codes_ignore_case_and_space_around(text in "[!-~]{1,64}") {
        let code = Code::parse(&text).unwrap();
        prop_assert_eq!(code.as_str(), text.to_ascii_lowercase());
        let padded = format!(" \t{}\u{3000}", text.to_ascii_uppercase());
        prop_assert_eq!(Code::parse(&padded), Ok(code));
    }
}
