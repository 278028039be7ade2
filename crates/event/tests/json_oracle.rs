//! The decoder accepts exactly the JSON that serde_json accepts, whatever comes.

use std::collections::BTreeSet;

use promoguard_event::{DecodeError, Decoder, DecoderLimits, ErrorKind, PseudonymKey, Topic};
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

fn decoder() -> Decoder {
    Decoder::new(PseudonymKey::new([1; 32]), DecoderLimits::default())
}

fn decode(topic: Topic, raw: &[u8]) -> Result<(), DecodeError> {
    decoder().decode(topic, raw).map(|_| ())
}

/// What serde_json makes of a text, as far as the contract cares.
#[derive(Debug, PartialEq)]
enum Oracle {
    NotJson,
    TooDeep,
    DuplicateKey,
    NotAnObject,
    Fine,
}

/// The shape of a value: how deep, and whether a name comes twice in one object.
struct Shape {
    depth: usize,
    repeats: bool,
    is_object: bool,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

const LEAF: Shape = Shape {
    depth: 0,
    repeats: false,
    is_object: false,
};

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(LEAF)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut whole = Shape { depth: 1, ..LEAF };
        while let Some(item) = seq.next_element::<Shape>()? {
            whole.depth = whole.depth.max(1 + item.depth);
            whole.repeats |= item.repeats;
        }
        Ok(whole)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut whole = Shape {
            depth: 1,
            repeats: false,
            is_object: true,
        };
        let mut names = BTreeSet::new();
        while let Some((name, item)) = map.next_entry::<String, Shape>()? {
            whole.depth = whole.depth.max(1 + item.depth);
            whole.repeats |= item.repeats | !names.insert(name);
        }
        Ok(whole)
    }
}

/// `None` where serde_json stops at a number that is valid JSON and too large for it.
fn oracle(text: &str) -> Option<Oracle> {
    Some(match serde_json::from_str::<Shape>(text) {
        Err(error) if error.to_string().starts_with("number out of range") => return None,
        Err(error) if error.to_string().starts_with("recursion limit") => Oracle::TooDeep,
        Err(_) => Oracle::NotJson,
        Ok(shape) if shape.depth > 16 => Oracle::TooDeep,
        Ok(shape) if shape.repeats && shape.is_object => Oracle::DuplicateKey,
        Ok(shape) if !shape.is_object => Oracle::NotAnObject,
        Ok(_) => Oracle::Fine,
    })
}

fn check_agrees(raw: &[u8]) -> Result<(), TestCaseError> {
    for topic in Topic::ALL {
        let ours = decode(topic, raw);
        let kind = ours.as_ref().err().map(|error| error.kind);
        let is_json_fault = matches!(
            kind,
            Some(
                ErrorKind::NotJson
                    | ErrorKind::NotUtf8
                    | ErrorKind::TooDeep
                    | ErrorKind::DuplicateKey
            )
        );
        let Ok(text) = std::str::from_utf8(raw) else {
            prop_assert_eq!(kind, Some(ErrorKind::NotUtf8));
            continue;
        };
        if text.trim().is_empty() {
            prop_assert_eq!(kind, Some(ErrorKind::Empty));
            continue;
        }
        match oracle(text) {
            Some(Oracle::NotJson) => prop_assert!(
                matches!(kind, Some(ErrorKind::NotJson | ErrorKind::TooDeep)),
                "{ours:?}"
            ),
            Some(Oracle::TooDeep) => prop_assert_eq!(kind, Some(ErrorKind::TooDeep)),
            Some(Oracle::DuplicateKey) => prop_assert_eq!(kind, Some(ErrorKind::DuplicateKey)),
            Some(Oracle::NotAnObject) => prop_assert_eq!(kind, Some(ErrorKind::NotJson)),
            Some(Oracle::Fine) => prop_assert!(!is_json_fault, "{ours:?}"),
            // Syntax only: this does not look inside names.
            None => {
                let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
                let refused_as_such = kind == Some(ErrorKind::NotJson) && text.starts_with('{');
                prop_assert!(is_json || kind.is_some());
                prop_assert!(
                    !(is_json && refused_as_such) || text.contains("\\u"),
                    "{ours:?}"
                );
            }
        }
    }
    Ok(())
}

/// A JSON text of any shape, deep and repetitive ones among them.
fn json_text() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", "", "", " ", "\t", "\n", "\r", "  \r\n "]);
    let name = prop::sample::select(vec![
        "ts",
        "code",
        "amount",
        "click_id",
        "a",
        "b",
        "c",
        "\\u0061",
        "amo\\u0075nt",
        "",
        "é",
        "\\\"",
        "\\\\",
        "x\\ny",
        "k1",
        "k2",
        "k3",
        "k4",
        "k5",
        "k6",
        "k7",
        "k8",
        "k9",
        "k10",
    ]);
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,4})?",
        Just("1e400".to_owned()),
        Just("-1E999999999999999999999".to_owned()),
        Just("0e999999999999".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("-9223372036854775809".to_owned()),
    ];
    let string = "([ -!#-\\[\\]-~é中😀\u{7f}\u{2028}]|\\\\[\"\\\\/bfnrt]|\\\\u00[0-9a-fA-F]{2}|\\\\ud83d\\\\ude00|\\\\ud83d|\\\\udc00|\\\\u0000){0,40}"
        .prop_map(|inner| format!("\"{inner}\""));
    let word = prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned);
    let leaf = prop_oneof![number, string, word];
    leaf.prop_recursive(20, 120, 6, move |inner| {
        prop_oneof![
            prop::collection::vec((space.clone(), inner.clone(), space.clone()), 0..4).prop_map(
                |items| {
                    let items: Vec<String> = items
                        .into_iter()
                        .map(|(before, item, after)| format!("{before}{item}{after}"))
                        .collect();
                    format!("[{}]", items.join(","))
                }
            ),
            prop::collection::vec((name.clone(), space.clone(), inner), 0..16).prop_map(
                |members| {
                    let members: Vec<String> = members
                        .into_iter()
                        .map(|(name, space, value)| {
                            format!("{space}\"{name}\"{space}:{space}{value}")
                        })
                        .collect();
                    format!("{{{}}}", members.join(","))
                }
            ),
        ]
    })
}

const VALID: [&str; 3] = [
    r#"{"click_id":"c-1","ts":"2026-03-01T10:00:00.123+05:00","code":"Aru10","visitor_id":"v","referrer":"https://t.me/aru","ip":"1.2.3.4","ua":"M\u006fzilla","country":"KZ","city":"Алматы","x":{"y":[1,2.5e3,{"z":null}]}}"#,
    r#"{"order_id":"o-1","ts":1767225600000,"code":"ARU10","amount":12990.5,"currency":"KZT","merchant":"Shop","customer_phone":"+7 701 123 45 67","status":"paid","new_customer":true}"#,
    r#"{"code":"ARU10","partner_id":"p","merchant":"m","aliases":["a","b"],"posts":["2026-03-01T10:00:00Z",1767225600000],"commission_pct":12.5}"#,
];

/// A valid record with a few bytes changed, cut, doubled or put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", "\"", "\\", ",", ":", "\\u", "\\ud800", "e", "-", ".", "0", "\0",
        "\u{b}", "\u{c}", "\u{feff}", "\u{a0}", "true", "nul", "\"a\":1,", "//", "/**/", "NaN",
        "1e999",
    ]);
    (
        prop::sample::select(VALID.to_vec()),
        prop::collection::vec((edit, pieces), 1..5),
    )
        .prop_map(|(base, edits)| {
            let mut bytes = base.as_bytes().to_vec();
            for ((index, byte, what), piece) in edits {
                if bytes.is_empty() {
                    break;
                }
                let at = index.index(bytes.len());
                match what {
                    0 => bytes[at] = byte,
                    1 => {
                        bytes.remove(at);
                    }
                    2 => bytes.truncate(at),
                    3 => bytes.insert(at, byte),
                    _ => {
                        bytes.splice(at..at, piece.bytes());
                    }
                }
            }
            bytes
        })
}

/// At least 2,000 cases; proptest reads `PROPTEST_CASES` for a longer run.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        cases: default.cases.max(2_000),
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_json_gets_the_verdict_of_serde_json(text in json_text()) {
        check_agrees(text.as_bytes())?;
    }

    #[test]
    fn any_json_as_a_member_gets_the_verdict_of_serde_json(text in json_text()) {
        check_agrees(format!("{{\"x\":{text},\"ts\":1}}").as_bytes())?;
    }

    #[test]
    fn a_mutated_record_gets_the_verdict_of_serde_json(raw in mutated()) {
        check_agrees(&raw)?;
    }

    #[test]
    fn any_bytes_get_the_verdict_of_serde_json(raw in prop::collection::vec(any::<u8>(), 0..80)) {
        check_agrees(&raw)?;
    }

    #[test]
    fn a_few_structural_bytes_get_the_verdict_of_serde_json(
        raw in "[\\[\\]{}:,\" \\\\0-1e.tu\u{b}\u{c}\u{0}\u{85}-]{0,12}"
    ) {
        check_agrees(raw.as_bytes())?;
        check_agrees(format!("{{\"a\":{raw}}}").as_bytes())?;
    }
}

#[test]
fn one_decoder_gives_the_same_verdicts_in_any_sequence() {
    let mut reused = decoder();
    let records: Vec<String> = VALID
        .iter()
        .flat_map(|valid| {
            (0..valid.len())
                .filter(|&cut| valid.is_char_boundary(cut))
                .map(|cut| valid[..cut].to_owned() + "}")
        })
        .chain(VALID.map(str::to_owned))
        .collect();
    for (at, record) in records.iter().chain(records.iter().rev()).enumerate() {
        let topic = Topic::ALL[at % 3];
        let fresh = format!("{:?}", decoder().decode(topic, record.as_bytes()));
        let again = format!("{:?}", reused.decode(topic, record.as_bytes()));
        assert_eq!(again, fresh, "{record}");
    }
}
