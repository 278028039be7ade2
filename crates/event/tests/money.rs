//! Amounts: exact from their text, and one printed form.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use promoguard_event::{
    Currency, Decimal, Decoder, DecoderLimits, Event, Percent, PseudonymKey, Topic, parse_amount,
};
use proptest::prelude::*;

#[test]
fn amounts_are_read_exactly() {
    let check = |text: &str, units: Option<i128>| {
        assert_eq!(parse_amount(text).ok(), units, "{text}");
    };
    check("0", Some(0));
    check("12.5", Some(125_000));
    check("0.1", Some(1_000));
    check("0.0001", Some(1));
    check("-0", Some(0));
    check("-0.0000", Some(0));
    check("999999999999999999", Some(9_999_999_999_999_999_990_000));
    check("99999999999999.9999", Some(999_999_999_999_999_999));
    check("999999999999999.9999", None);
    check("1000000000000000000", None);
    check("0.00001", None);
    check("1.00000", None);
    for text in [
        "", "-", ".5", "5.", "+5", "05", "00", "1e3", "1E3", "-1", "-0.0001", "1,5", "1 000", " 1",
        "1 ", "0x1", "NaN", "Infinity", "１", "1.-5", "1..5", "1.5.5", "--0",
    ] {
        check(text, None);
    }
}

#[test]
fn decimals_have_two_places_and_more_only_where_needed() {
    let check = |units: i128, text: &str| assert_eq!(Decimal(units).to_string(), text);
    check(0, "0.00");
    check(125_000, "12.50");
    check(123_456, "12.3456");
    check(123_450, "12.345");
    check(123_400, "12.34");
    check(1, "0.0001");
    check(-500, "-0.05");
    check(9_999_999_999_999_999_990_000, "999999999999999999.00");
    check(i128::MIN, "-17014118346046923173168730371588410.5728");
}

#[test]
fn currencies_are_three_letters_printed_upper_case() {
    assert_eq!(Currency::parse("kzT"), Some(Currency::KZT));
    assert_eq!(Currency::KZT.to_string(), "KZT");
    assert_eq!(Currency::KZT.as_str(), "kzt");
    for text in ["", "kz", "kztt", "k1t", "₸", "кзт", " kz", "[{]"] {
        assert_eq!(Currency::parse(text), None, "{text}");
    }
}

#[test]
fn percentages_are_cut_to_four_decimals_and_bounded() {
    let check = |text: &str, units: Option<i64>| {
        assert_eq!(Percent::parse(text).map(Percent::units), units, "{text}");
    };
    check("10", Some(100_000));
    check("12.5", Some(125_000));
    check("33.33339999999", Some(333_333));
    check("100", Some(1_000_000));
    check("100.0", Some(1_000_000));
    check("100.0001", None);
    check("-0.1", None);
    check("1e1", None);
    check("1.5e1", None);
    check("5.", None);
    check("", None);
    assert_eq!(Percent::parse("10").unwrap().of(129_900_000), 12_990_000);
    assert_eq!(Percent::parse("12.5").unwrap().of(3), 0);
    assert_eq!(Percent::parse("12.5").unwrap().of(4), 1);
    assert_eq!(Percent::parse("50").unwrap().of(-1), -1);
}

/// The amount of an order whose member is written as given.
fn decoded(member: &str) -> Option<i128> {
    let raw = format!(
        r#"{{"x":{{"amount":7.25}},"note\"amount":3.5,"order_id":"o","y":"\"amount\":1.5",{member},"ts":1767225600000,"code":"a","currency":"KZT","merchant":"m","z":[1.5,{{"amount":9.75}}]}}"#
    );
    let mut decoder = Decoder::new(PseudonymKey::new([1; 32]), DecoderLimits::default());
    match decoder.decode(Topic::Orders, raw.as_bytes()).ok()?.event {
        Event::Order(order) => Some(order.amount),
        _ => None,
    }
}

proptest! {
    #[test]
    fn the_decoder_reads_the_amount_from_its_own_text(
        text in "(0|[1-9][0-9]{0,14})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
        name in prop::sample::select(vec!["amount", "\\u0061mount", "am\\u006Funt", "amoun\\u0074"]),
        before in "[ \\t\\n\\r]{0,3}",
        after in "[ \\t\\n\\r]{0,3}",
        quoted in any::<bool>(),
    ) {
        let expected = parse_amount(&text).ok();
        let value = if quoted { format!("\" {text}\\t\"") } else { text };
        let member = format!("\"{name}\"{before}:{after}{value}{before}");
        prop_assert_eq!(decoded(&member), expected, "{}", member);
    }

    #[test]
    fn an_amount_is_its_text_without_the_point(whole in 0..1_000_000_000_i64, part in 0..10_000_i64) {
        let units = parse_amount(&format!("{whole}.{part:04}")).unwrap();
        prop_assert_eq!(units, i128::from(whole * 10_000 + part));
    }

    #[test]
    fn printing_and_reading_gives_the_same_amount(units in 0..1_000_000_000_000_000_000_i128) {
        prop_assert_eq!(parse_amount(&Decimal(units).to_string()), Ok(units));
    }

    #[test]
    fn decimals_of_any_size_survive_serde(units in any::<i128>()) {
        let units = units / 2;
        let text = serde_json::to_string(&Decimal(units)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Decimal>(&text).unwrap(), Decimal(units));
    }
}
