//! What can only be seen from inside: that nothing raw stays in the decoder.

use super::*;

fn decoder() -> Decoder {
    Decoder::new(PseudonymKey::new([7; 32]), DecoderLimits::default())
}

fn holds(decoder: &Decoder, needle: &str) -> bool {
    memchr::memmem::find(&decoder.scratch, needle.as_bytes()).is_some()
        || decoder.texts.as_str().contains(needle)
        || format!("{:?}", decoder.tape).contains(needle)
}

const ORDER: &str = r#"{"order_id":"o1","ts":"2026-03-01T10:00:00Z","code":"aru10","amount":1,"currency":"KZT","merchant":"m","customer_phone":PHONE,"tail":"\u0041"}"#;

fn check_nothing_stays(phone_json: &str, needles: &[&str]) {
    let raw = ORDER.replace("PHONE", phone_json);
    let mut decoder = decoder();
    let shown = format!("{:?}", decoder.decode(Topic::Orders, raw.as_bytes()));
    for needle in needles {
        assert!(!shown.contains(needle), "{needle} in {shown}");
        assert!(!holds(&decoder, needle), "{needle} stays");
    }
}

#[test]
fn a_raw_phone_is_there_before_the_wipe() {
    let raw = ORDER.replace("PHONE", r#""8701\u0031234567""#);
    let mut decoder = decoder();
    assert!(decoder.read(Topic::Orders, raw.as_bytes()).is_ok());
    assert!(holds(&decoder, "87011234567"));
    decoder.wipe(raw.as_bytes());
    assert!(!holds(&decoder, "87011234567"));
}

#[test]
fn a_raw_phone_does_not_stay_behind_a_valid_order() {
    check_nothing_stays(r#""+7 701 123-45-67""#, &["123-45-67", "7011234567"]);
    check_nothing_stays(r#""87011234567""#, &["7011234567"]);
    check_nothing_stays(r#""8701\u0031234567""#, &["234567", "7011234567"]);
}

#[test]
fn a_raw_phone_does_not_stay_behind_a_defect() {
    check_nothing_stays("77011234567", &["77011234567"]);
    check_nothing_stays(r#"["77011234567"]"#, &["77011234567"]);
    check_nothing_stays(r#""77011234567 call after six""#, &["77011234567"]);
}

#[test]
fn a_raw_phone_does_not_stay_behind_a_dead_letter() {
    check_nothing_stays(r#""87011234567","amount":"x""#, &["7011234567"]);
    check_nothing_stays(r#""87011234567"}"#, &["7011234567"]);
    check_nothing_stays(
        r#""87011234567","amount":[[[[[[[[[[[[[[[[[[[["#,
        &["7011234567"],
    );
    check_nothing_stays(r#""87011234567","x":1e999,"ts":5"#, &["7011234567"]);
}

#[test]
fn a_raw_address_does_not_stay_behind() {
    let raw = ORDER.replace(
        r#""customer_phone":PHONE"#,
        r#""customer_email":"Aru.K@example.kz""#,
    );
    let mut decoder = decoder();
    let shown = format!("{:?}", decoder.decode(Topic::Orders, raw.as_bytes()));
    assert!(shown.contains("CustomerId"));
    for needle in ["Aru.K", "aru.k"] {
        assert!(!shown.contains(needle) && !holds(&decoder, needle));
    }
}

proptest::proptest! {
    #[test]
    fn a_raw_phone_does_not_stay_behind_a_record_cut_anywhere(
        digits in "[1-9][0-9]{9}",
        cut in 0..300_usize,
        end in proptest::sample::select(vec!["", "}", "\"}", "\\", "[{"]),
    ) {
        let whole = ORDER.replace("PHONE", &format!("\"8{digits}\\u0020\""));
        let raw = format!("{}{end}", &whole[..cut.min(whole.len())]);
        let mut decoder = decoder();
        let shown = format!("{:?}", decoder.decode(Topic::Orders, raw.as_bytes()));
        proptest::prop_assert!(!shown.contains(&digits));
        proptest::prop_assert!(!holds(&decoder, &digits));
    }
}

#[test]
fn the_parser_can_be_made_to_overwrite_its_own_buffer() {
    let mut decoder = decoder();
    for length in 0..200 {
        let raw = ORDER.replace("PHONE", &format!("\"\\u0041{}\"", "5".repeat(length)));
        decoder.copy(raw.as_bytes());
        decoder.wipe(raw.as_bytes());
        assert!(
            decoder.scratch.starts_with(b"\"\n "),
            "the text was unescaped"
        );
    }
}
