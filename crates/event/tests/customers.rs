//! Who is one person, who is nobody, and that the pseudonym is the keyed hash it claims to be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use promoguard_event::{
    CustomerId, CustomerKind, Decoder, DecoderLimits, Event, PseudonymKey, Topic,
};
use proptest::prelude::*;

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

const PHONE_TAG: u64 = 0x9c65_3de7_275a_c4bf;
const ID_TAG: u64 = 0xe995_214e_b7ee_c732;
const EMAIL_TAG: u64 = 0x2487_1a11_3c17_38d2;

fn phone(text: &str) -> Option<CustomerId> {
    CustomerId::pseudonymise(text, CustomerKind::Phone, &PseudonymKey::new(KEY))
}

fn email(text: &str) -> Option<CustomerId> {
    CustomerId::pseudonymise(text, CustomerKind::Email, &PseudonymKey::new(KEY))
}

fn id(text: &str) -> Option<CustomerId> {
    CustomerId::pseudonymise(text, CustomerKind::Id, &PseudonymKey::new(KEY))
}

/// Expected values from Python: `hmac.new(key, b"phone\0+77011234567", "sha256").digest()[:8]`.
#[test]
fn the_pseudonym_is_the_head_of_a_keyed_hash() {
    assert_eq!(phone("+77011234567").unwrap().as_u64(), PHONE_TAG);
    assert_eq!(id("u-1").unwrap().as_u64(), ID_TAG);
    assert_eq!(email("aru@example.kz").unwrap().as_u64(), EMAIL_TAG);
    let other_key = PseudonymKey::new([0; 32]);
    let other = CustomerId::pseudonymise("+77011234567", CustomerKind::Phone, &other_key);
    assert_ne!(phone("+77011234567"), other);
}

#[test]
fn every_spelling_of_a_number_is_one_person() {
    let person = phone("+77011234567");
    for spelling in [
        "77011234567",
        "87011234567",
        "7011234567",
        "0077011234567",
        "81077011234567",
        "+7 701 123 45 67",
        "+7 (701) 123-45-67",
        "8 (701) 123-45-67",
        "8-701-123-45-67",
        "8.701.123.45.67",
        " +7\u{a0}701\u{a0}1234567 ",
        "+7 701 123\u{2011}45\u{2011}67",
    ] {
        assert_eq!(phone(spelling), person, "{spelling}");
    }
    assert_ne!(phone("+77011234568"), person);
    assert_eq!(phone("89161234567"), phone("+7 916 123-45-67"));
    assert_eq!(phone("9161234567"), phone("+7 916 123-45-67"));
    assert_eq!(phone("00 998 90 123 45 67"), phone("+998901234567"));
    assert_eq!(phone("8 10 998 90 123 45 67"), phone("+998901234567"));
    assert_eq!(phone("998901234567"), phone("+998901234567"));
    // With a plus the country code is as written.
    assert_ne!(phone("+87011234567"), person);
}

#[test]
fn masks_placeholders_and_junk_are_nobody() {
    for nobody in [
        "",
        " ",
        "+",
        "+0(000)-000-00-00",
        "0",
        "00000000000",
        "+7 000 000 00 00",
        "70000000000",
        "+7 (***) ***-45-67",
        "+7701*****67",
        "8701XXXXXXX",
        "+7 (xxx) xxx-xx-xx",
        "87010000000",
        "+7777 777 77 77",
        "12",
        "1234567",
        "12345678901234567890",
        "+7701123456a",
        "call me",
        "+7 701 123 45 67 ext 2",
        "7+7011234567",
        "++77011234567",
        "null",
        "٠١٢٣٤٥٦٧٨٩",
    ] {
        assert_eq!(phone(nobody), None, "{nobody}");
    }
    for nobody in [
        "",
        "nobody",
        "@example.kz",
        "aru@",
        "aru@localhost",
        "aru@example.",
        "aru@.kz",
        "a b@example.kz",
        "aru@exa mple.kz",
        "a@b@example.kz",
        "a***@example.kz",
        "***@example.kz",
        "xxx@example.kz",
        "<aru@example.kz>",
        "a@example.kz,b@example.kz",
        "aru@example..kz",
    ] {
        assert_eq!(email(nobody), None, "{nobody}");
    }
    for nobody in [
        "",
        " ",
        "0",
        "000-000",
        "***",
        "+0(000)-000-00-00",
        "xxx",
        "-",
    ] {
        assert_eq!(id(nobody), None, "{nobody}");
    }
    assert!(id("0f3").is_some());
}

#[test]
fn addresses_ignore_case_and_space_around() {
    assert_eq!(email(" Aru@Example.KZ "), email("aru@example.kz"));
    assert_ne!(email("aru@example.kz"), email("aru@example.ru"));
    assert!(email("ару@пример.рф").is_some());
}

#[test]
fn an_id_that_looks_like_a_phone_is_another_person_than_the_phone() {
    assert_ne!(id("+77011234567"), phone("+77011234567"));
}

#[test]
fn the_key_does_not_show() {
    let shown = format!("{:?}", PseudonymKey::new(KEY));
    assert!(!shown.contains("0123") && !shown.contains("48"), "{shown}");
}

fn customer_of(members: &str) -> (Option<CustomerId>, Vec<&'static str>) {
    let raw = format!(
        r#"{{"order_id":"o","ts":1767225600000,"code":"a","amount":1,"currency":"KZT","merchant":"m",{members}}}"#
    );
    let mut decoder = Decoder::new(PseudonymKey::new(KEY), DecoderLimits::default());
    let decoded = decoder.decode(Topic::Orders, raw.as_bytes()).unwrap();
    let Event::Order(order) = decoded.event else {
        panic!("not an order");
    };
    (
        order.customer,
        decoded.defects.iter().map(|f| f.as_str()).collect(),
    )
}

#[test]
fn the_first_of_id_phone_and_address_that_names_a_person_counts() {
    let all =
        r#""customer_email":"aru@example.kz","customer_phone":"87011234567","customer_id":" u-1 ""#;
    assert_eq!(customer_of(all), (id("u-1"), vec![]));
    let masked = r#""customer_email":"aru@example.kz","customer_phone":"+0(000)-000-00-00""#;
    assert_eq!(customer_of(masked), (email("aru@example.kz"), vec![]));
    let defects = r#""customer_email":"aru@example.kz","customer_phone":"12","customer_id":7"#;
    assert_eq!(
        customer_of(defects),
        (
            email("aru@example.kz"),
            vec!["customer_id", "customer_phone"]
        )
    );
    let long = format!(r#""customer_id":"{}""#, "x1".repeat(33));
    assert_eq!(customer_of(&long), (None, vec!["customer_id"]));
    assert_eq!(customer_of(r#""customer_id":null"#), (None, vec![]));
}

proptest! {
    #[test]
    fn no_value_makes_the_pseudonyms_panic(text in "\\PC{0,40}") {
        let _nobody_cares = (phone(&text), email(&text), id(&text));
    }

    #[test]
    fn punctuation_changes_nobody(digits in "[1-9][0-9]{9}", marks in prop::collection::vec("[ ().-]{0,2}", 10)) {
        let plain = format!("+7{digits}");
        let dotted: String = digits.chars().zip(&marks).map(|(d, m)| format!("{d}{m}")).collect();
        prop_assert_eq!(phone(&format!("+7{dotted}")), phone(&plain));
        prop_assert_eq!(phone(&format!("8{dotted}")), phone(&plain), "{}", digits);
    }
}
