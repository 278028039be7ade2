//! CSV files as spreadsheets and exports write them.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::PathBuf;

use promoguard_storage::{Chunk, FileFormat, LineReader, ReaderLimits, StorageError};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Row {
    number: u64,
    bytes: Vec<u8>,
    original: Vec<u8>,
}

fn read_as(name: &str, format: FileFormat, content: &[u8]) -> Result<Vec<Row>, StorageError> {
    let directory = TempDir::new().unwrap();
    let path: PathBuf = directory.path().join(name);
    fs::write(&path, content).unwrap();
    let mut found = Vec::new();
    let mut chunk = Chunk::new();
    for chunk_bytes in [ReaderLimits::default().chunk_bytes, 1] {
        found.clear();
        let limits = ReaderLimits {
            chunk_bytes,
            ..ReaderLimits::default()
        };
        let mut reader = LineReader::open_as(&path, format, limits)?;
        while reader.next_chunk(&mut chunk)? {
            found.extend(chunk.lines().map(|line| Row {
                number: line.number,
                bytes: line.bytes.to_vec(),
                original: line.original.to_vec(),
            }));
        }
    }
    Ok(found)
}

fn read(content: &[u8]) -> Result<Vec<Row>, StorageError> {
    read_as("orders.csv", FileFormat::ByName, content)
}

/// A row that is not JSON is shown as a string.
fn check(content: &[u8], expected: &[(u64, Value)]) {
    let rows: Vec<(u64, Value)> = read(content)
        .unwrap()
        .into_iter()
        .map(|row| {
            let raw = || Value::from(String::from_utf8_lossy(&row.bytes).into_owned());
            let value = serde_json::from_slice(&row.bytes).unwrap_or_else(|_| raw());
            (row.number, value)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_row_becomes_a_json_object_and_an_empty_cell_is_absent() {
    check(
        b"ts,order_id,code,amount,currency,merchant,new_customer,city\n\
          1767225600000,A-1,ALMA10,12.50,KZT,shop.kz,yes,\n\
          2026-01-01T00:00:00Z,A-2,ALMA10,\"12 500,00\",KZT,shop.kz,,\"Almaty, \"\"A\"\"\"\n",
        &[
            (
                2,
                json!({"ts": 1_767_225_600_000u64, "order_id": "A-1", "code": "ALMA10",
                    "amount": "12.50", "currency": "KZT", "merchant": "shop.kz", "new_customer": true}),
            ),
            (
                3,
                json!({"ts": "2026-01-01T00:00:00Z", "order_id": "A-2", "code": "ALMA10",
                    "amount": "12500.00", "currency": "KZT", "merchant": "shop.kz",
                    "city": "Almaty, \"A\""}),
            ),
        ],
    );
}

#[test]
fn semicolons_and_tabs_are_told_by_the_header() {
    check(
        b"ts;code;amount\n;A;1,5\n",
        &[(2, json!({"code": "A", "amount": "1.5"}))],
    );
    check(b"ts\tcode\n\t\"a\tb\"\n", &[(2, json!({"code": "a\tb"}))]);
}

#[test]
fn lists_are_split_at_bars() {
    check(
        b"code,aliases,posts,offline,followers\nA,b|c d,1767225600000,0,12000\n",
        &[(
            2,
            json!({"code": "A", "aliases": ["b", "c d"], "posts": [1_767_225_600_000u64],
                "offline": false, "followers": 12_000}),
        )],
    );
}

#[test]
fn unknown_columns_become_unknown_fields() {
    check(
        b"code,Shop Note\nA,007\n",
        &[(2, json!({"code": "A", "shop note": "007"}))],
    );
}

#[test]
fn blank_rows_and_rows_of_delimiters_are_left_out() {
    check(
        b"\r\ncode,city\r\n\r\nA,x\r\n,\r\n , \r\nB,y",
        &[
            (4, json!({"code": "A", "city": "x"})),
            (7, json!({"code": "B", "city": "y"})),
        ],
    );
}

#[test]
fn a_byte_order_mark_before_the_header_is_dropped() {
    check(b"\xef\xbb\xbfcode\nA\n", &[(2, json!({"code": "A"}))]);
}

#[test]
fn a_quoted_cell_may_span_lines_and_the_row_has_the_number_of_the_first() {
    check(
        b"code,note\nA,\"one\n\n two\"\nB,x\n",
        &[
            (2, json!({"code": "A", "note": "one\n\n two"})),
            (5, json!({"code": "B", "note": "x"})),
        ],
    );
}

#[test]
fn a_row_of_another_length_is_passed_on_as_it_came() {
    check(
        b"code,city\nA\nB,x,y\nC,x,,\nD,x\n",
        &[
            (2, json!("A")),
            (3, json!("B,x,y")),
            (4, json!({"code": "C", "city": "x"})),
            (5, json!({"code": "D", "city": "x"})),
        ],
    );
}

#[test]
fn a_row_that_is_not_utf8_is_passed_on_as_it_came() {
    let rows = read(b"code,city\nA,\xc0\xeb\xec\nB,x\nC\xd0,\x90\n").unwrap();
    assert_eq!(rows[0].bytes, b"A,\xc0\xeb\xec");
    assert_eq!(rows[1].bytes, br#"{"code":"B","city":"x"}"#);
    assert_eq!(rows[2].bytes, b"C\xd0,\x90");
}

#[test]
fn the_text_of_a_row_is_kept_beside_its_json() {
    let rows = read(b"code,note\r\nA,\"x\r\ny\"\r\nB\r\n").unwrap();
    assert_eq!(rows[0].original, b"A,\"x\ny\"");
    assert_eq!(rows[1].original, b"B");
    assert_eq!(rows[1].bytes, b"B");
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line_only() {
    check(
        b"code,city\nA,\"x\nB,y\nC,z\n",
        &[
            (2, json!("A,\"x")),
            (3, json!({"code": "B", "city": "y"})),
            (4, json!({"code": "C", "city": "z"})),
        ],
    );
    let mut long = b"code,city\nA,\"x\n".to_vec();
    for number in 0..50_000 {
        long.extend_from_slice(format!("B{number},y\n").as_bytes());
    }
    let rows = read(&long).unwrap();
    assert_eq!(rows.len(), 50_001);
    assert_eq!(rows[0].bytes, b"A,\"x");
    assert!(rows[1..].iter().all(|row| row.bytes.starts_with(b"{")));
    assert!((2..).zip(&rows).all(|(number, row)| row.number == number));
}

#[test]
fn a_file_of_stray_quotes_ends() {
    let stray = b"a\"b,\"c\n".repeat(5_000);
    let rows = read(&[b"code,city\n", &stray[..]].concat()).unwrap();
    assert_eq!(rows.len(), 5_000);
    assert!((2..).zip(&rows).all(|(number, row)| row.number == number));
}

#[test]
fn a_row_over_the_limit_is_reported_between_its_neighbours() {
    let long = "x".repeat(2 << 20);
    let rows = read(format!("code,city\nA,\"open\n{long}\nB,y\n").as_bytes()).unwrap();
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [2, 3, 4]);
    assert_eq!(rows[0].bytes, b"A,\"open");
    assert_eq!(rows[1].bytes.len(), 64 << 10);
    assert_eq!(rows[2].bytes, br#"{"code":"B","city":"y"}"#);
}

#[test]
fn a_file_without_rows_is_fine() {
    check(b"", &[]);
    check(b"\n\n", &[]);
    check(b"code,ts\n", &[]);
}

fn check_refused(content: &[u8], expected: &str) {
    let error = read(content).err().unwrap();
    assert_eq!(error.kind(), "csv_header");
    let message = error.to_string();
    assert!(message.contains("cannot use the header of "), "{message}");
    assert!(message.contains("orders.csv"), "{message}");
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_header_that_cannot_be_used_is_refused_with_the_reason() {
    check_refused(
        b"2026-01-01,ALMA10\n",
        "the first row must hold field names",
    );
    check_refused(
        b"{\"ts\":1,\"code\":\"a\"}\n",
        "the first row must hold field names",
    );
    check_refused(b"code,ts,Code\n", "`code` stands there twice");
    check_refused(b"code,\"ts\nA,1\n", "a quote in it is never closed");
    check_refused(b"code,\xc3\xc3\n", "save the file as CSV UTF-8");
    check_refused(&b"x".repeat(2 << 20), "over the limit");
}

#[test]
fn the_name_or_the_caller_says_that_it_is_csv() {
    let count = |name: &str, format| read_as(name, format, b"code\nA\n").unwrap().len();
    assert_eq!(count("Orders.CSV", FileFormat::ByName), 1);
    assert_eq!(count("orders.csv.gz", FileFormat::ByName), 1);
    assert_eq!(count("orders.ndjson", FileFormat::ByName), 2);
    assert_eq!(count("orders", FileFormat::Csv), 1);
    assert_eq!(count("orders.csv", FileFormat::Ndjson), 2);
}

#[test]
fn rows_before_damage_are_delivered_and_then_the_error() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("orders.csv.zst");
    let mut text = b"code,city\n".to_vec();
    for number in 0..200_000u64 {
        let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text.extend_from_slice(format!("{number},{noise:x}\n").as_bytes());
    }
    let packed = zstd::encode_all(&text[..], 1).unwrap();
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let mut reader = LineReader::open(&path, ReaderLimits::default()).unwrap();
    let mut chunk = Chunk::new();
    let mut rows = 0;
    let error = loop {
        match reader.next_chunk(&mut chunk) {
            Ok(true) => rows += chunk.len(),
            Ok(false) => panic!("the damage was not told"),
            Err(error) => break error,
        }
    };
    assert!(rows > 50_000, "{rows}");
    assert_eq!(error.kind(), "damaged");
    assert!(!reader.next_chunk(&mut chunk).unwrap());
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_quoted_comes_out_as_it_went_in(
        cells in vec(("[a-c\",;\t\n\\\\Ж ]{0,12}", "[a-c\",;\n]{1,12}x"), 0..20),
        delimiter in prop_oneof![Just(','), Just(';'), Just('\t')],
    ) {
        let mut text = format!("city{delimiter}note\n");
        let mut expected = Vec::new();
        for (city, note) in &cells {
            text.push_str(&format!("{}{delimiter}{}\n", quoted(city), quoted(note)));
            let mut row = json!({"note": note.trim()});
            if !city.trim().is_empty() {
                row["city"] = json!(city.trim());
            }
            expected.push(row);
        }
        let rows = read(text.as_bytes()).unwrap();
        let found: Vec<Value> = rows.iter().map(|row| serde_json::from_slice(&row.bytes).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_file_breaks_the_reader_and_no_row_is_lost_or_numbered_backwards(
        body in "[a,\"\n\r]{0,200}",
    ) {
        let rows = read(format!("code,city\n{body}").as_bytes()).unwrap();
        prop_assert!(rows.is_sorted_by(|left, right| left.number < right.number));
        let letters: usize = rows.iter().map(|row| row.original.iter().filter(|&&byte| byte == b'a').count()).sum();
        prop_assert_eq!(letters, body.matches('a').count());
    }
}
