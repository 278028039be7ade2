//! How fast lines come in, and what sorting costs: `cargo bench -p promoguard-storage`.
//!
//! Reads and writes in a temporary directory, so the page cache is warm and the disk is not what is measured. Prints
//! the best of three runs.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use promoguard_storage::{Chunk, LineReader, LineSorter, Output, ReaderLimits};

const LINES: u64 = 1_000_000;
const RUNS: u32 = 3;

fn main() {
    let directory = tempfile::tempdir().expect("the temporary directory can be written");
    let json = click_lines();
    let csv = click_rows();
    for (name, content) in [("clicks.ndjson", &json), ("clicks.csv", &csv)] {
        for ending in ["", ".gz", ".zst"] {
            reading(&directory.path().join(format!("{name}{ending}")), content);
        }
    }
    for (name, disorder) in [("sorted", 1), ("nearly sorted", 1_000), ("shuffled", LINES)] {
        sorting(name, &json, disorder, usize::MAX, directory.path());
        sorting(name, &json, disorder, 32 << 20, directory.path());
    }
}

fn reading(path: &Path, content: &[u8]) {
    let mut output = Output::create(path).expect("the file can be created");
    output.write_all(content).expect("there is room");
    output.commit().expect("there is room");
    let (elapsed, lines) = best_of(|| {
        let mut reader = LineReader::open(path, ReaderLimits::default()).expect("just written");
        let mut chunk = Chunk::new();
        let mut lines = 0;
        while reader.next_chunk(&mut chunk).expect("whole") {
            lines += chunk.len() as u64;
        }
        lines
    });
    assert_eq!(lines, LINES);
    println!(
        "read {:<20} {:>6.0} MB/s uncompressed, {:>5.0} ns/line ({} MB on disk)",
        path.file_name().unwrap_or_default().to_string_lossy(),
        content.len() as f64 / 1e6 / elapsed.as_secs_f64(),
        elapsed.as_nanos() as f64 / LINES as f64,
        fs::metadata(path).expect("just written").len() / 1_000_000,
    );
}

fn sorting(name: &str, content: &[u8], disorder: u64, memory_bytes_max: usize, directory: &Path) {
    let lines: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
    let (elapsed, runs) = best_of(|| {
        let mut sorter = LineSorter::new(memory_bytes_max, directory);
        for (number, line) in (0..).zip(&lines) {
            let key = (number + scrambled(number) % disorder).to_be_bytes();
            sorter.push(&key, 0, number, line).expect("there is room");
        }
        let mut sorted = sorter.finish().expect("there is room");
        let mut bytes = 0;
        while let Some(record) = sorted.next().expect("just written") {
            bytes += record.line.len();
        }
        assert_eq!(bytes, content.len());
        sorted.spilled_runs()
    });
    println!(
        "sort {name:<14} {:>5.0} ns/record, {runs} spilled runs",
        elapsed.as_nanos() as f64 / LINES as f64
    );
}

fn best_of<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let timed = |run: &mut dyn FnMut() -> T| {
        let started = Instant::now();
        let result = run();
        (started.elapsed(), result)
    };
    let first = timed(&mut run);
    (1..RUNS).fold(first, |best, _| {
        let next = timed(&mut run);
        if next.0 < best.0 { next } else { best }
    })
}

/// splitmix64 (Steele, Lea, Flood 2014), for content that compresses as ids do.
fn scrambled(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn click_lines() -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..LINES {
        let id = scrambled(number);
        writeln!(
            text,
            r#"{{"click_id":"{id:016x}","ts":{},"code":"blogger{}","visitor_id":"{:012x}","referrer":"https://www.instagram.com/p/{}","country":"KZ","city":"Almaty"}}"#,
            1_767_225_600_000 + number * 40,
            id % 5_000,
            id >> 16,
            id % 900,
        )
        .expect("a vector takes everything");
    }
    text
}

fn click_rows() -> Vec<u8> {
    let mut text = b"click_id,ts,code,visitor_id,referrer,country,city\n".to_vec();
    for number in 0..LINES {
        let id = scrambled(number);
        writeln!(
            text,
            "{id:016x},{},blogger{},{:012x},https://www.instagram.com/p/{},KZ,Almaty",
            1_767_225_600_000 + number * 40,
            id % 5_000,
            id >> 16,
            id % 900,
        )
        .expect("a vector takes everything");
    }
    text
}
