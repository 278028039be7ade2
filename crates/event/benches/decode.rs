//! What the decoder costs beside the JSON parser that it is built on, on the same bytes in the same run:
//! `cargo bench -p promoguard-event`.
//!
//! Rounds of the peers alternate, so that a neighbour on the machine disturbs all of them; the best round counts.
//! Prints nanoseconds a record and the ratio to the parser.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the clock and prints"
)]

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use promoguard_event::{Decoder, DecoderLimits, PseudonymKey, Topic};
use simd_json::{Buffers, INPUT_PADDING, Tape};

const RECORDS: u64 = 4_096;
const ROUNDS: u32 = 150;

const AGENT: &str = "Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/133.0.6943.121 Mobile Safari/537.36 Instagram 371.0.0.36.89 Android";

fn main() {
    // `cargo test --all-targets` runs benches too, and only wants to know that they run.
    let rounds = if std::env::args().any(|argument| argument == "--bench") {
        ROUNDS
    } else {
        1
    };
    compare("click", Topic::Clicks, &records(click), rounds);
    compare("order", Topic::Orders, &records(order), rounds);
    compare(
        "order with raw phone",
        Topic::Orders,
        &records(order_with_phone),
        rounds,
    );
}

fn compare(name: &str, topic: Topic, lines: &[String], rounds: u32) {
    let mut parser = Parser::default();
    let mut decoder = Decoder::new(PseudonymKey::new([7; 32]), DecoderLimits::default());
    let [mut in_place, mut copied, mut decoded] = [Duration::MAX; 3];
    for _ in 0..rounds {
        let mut padded: Vec<Vec<u8>> = lines.iter().map(|line| pad(line.as_bytes())).collect();
        in_place = in_place.min(time(|| {
            for (line, padded) in lines.iter().zip(&mut padded) {
                parser.parse(padded, line.len());
            }
        }));
        let mut scratch = Vec::new();
        copied = copied.min(time(|| {
            for line in lines {
                scratch.clear();
                scratch.extend_from_slice(line.as_bytes());
                scratch.resize(line.len() + INPUT_PADDING, b' ');
                parser.parse(&mut scratch, line.len());
            }
        }));
        decoded = decoded.min(time(|| {
            for line in lines {
                let record = decoder.decode(topic, line.as_bytes());
                black_box(&record.expect("the records are well-formed"));
            }
        }));
    }
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("{name}, {} bytes on average", bytes / lines.len());
    let peers = [
        ("simd-json's tape, in place", in_place),
        ("copy, simd-json's tape", copied),
        ("decoder", decoded),
    ];
    for (peer, best) in peers {
        println!(
            "  {peer:<28} {:>6.0} ns/record {:>6.2} x",
            best.as_nanos() as f64 / lines.len() as f64,
            best.as_secs_f64() / in_place.as_secs_f64(),
        );
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

fn pad(line: &[u8]) -> Vec<u8> {
    let mut padded = line.to_vec();
    padded.resize(line.len() + INPUT_PADDING, b' ');
    padded
}

/// The parser with its buffers, which are used again.
struct Parser {
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            buffers: Buffers::new(4_096),
            tape: Tape(Vec::with_capacity(256)),
        }
    }
}

impl Parser {
    fn parse(&mut self, padded: &mut [u8], length: usize) {
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        simd_json::fill_tape_padded(padded, length, &mut self.buffers, &mut tape)
            .expect("the records are well-formed");
        black_box(&tape);
        self.tape = tape.reset();
    }
}

fn records(write: fn(u64, &mut String)) -> Vec<String> {
    (0..RECORDS)
        .map(|number| {
            let mut line = String::new();
            write(number, &mut line);
            line
        })
        .collect()
}

fn click(number: u64, line: &mut String) {
    let id = scrambled(number);
    let referrer = [
        "https://www.instagram.com/",
        "https://t.me/",
        "https://vk.com/away.php",
    ][(id % 3) as usize];
    write!(
        line,
        r#"{{"click_id":"{id:016x}","ts":"{}","code":"Blogger{}","visitor_id":"{:016x}","referrer":"{referrer}","ip":"10.{}.{}.{}","ua":"{AGENT}","country":"KZ","city":"Алматы"}}"#,
        timestamp(number),
        id % 5_000,
        scrambled(id),
        id >> 8 & 255,
        id >> 16 & 255,
        id >> 24 & 255,
    )
    .expect("a string takes everything");
}

fn order(number: u64, line: &mut String) {
    let id = scrambled(number);
    write_order(number, &format!(r#""customer_id":"{id:016x}""#), line);
}

fn order_with_phone(number: u64, line: &mut String) {
    // A range that nobody owns.
    let phone = format!(
        r#""customer_phone":"+7 (000) 1{:02}-{:02}-{:02}""#,
        number / 10_000 % 100,
        number / 100 % 100,
        number % 100
    );
    write_order(number, &phone, line);
}

fn write_order(number: u64, customer: &str, line: &mut String) {
    let id = scrambled(number);
    write!(
        line,
        r#"{{"order_id":"SHOP-{number:08}","ts":"{}","code":"Blogger{}","amount":"{}.{:02}","currency":"KZT","merchant":"shop{}.example",{customer},"status":"paid","click_id":"{:016x}","click_ts":"{}","new_customer":true,"referrer":"https://www.instagram.com/","code_entry":"link","country":"KZ","city":"Алматы"}}"#,
        timestamp(number + 600),
        id % 5_000,
        1_000 + id % 90_000,
        id % 100,
        id % 20,
        scrambled(id),
        timestamp(number),
    )
    .expect("a string takes everything");
}

fn timestamp(second: u64) -> String {
    format!(
        "2026-01-01T{:02}:{:02}:{:02}.{:03}+05:00",
        second / 3_600 % 24,
        second / 60 % 60,
        second % 60,
        scrambled(second) % 1_000
    )
}

/// splitmix64 (Steele, Lea, Flood 2014).
fn scrambled(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
