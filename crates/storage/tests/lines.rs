//! Files as they really come: cut short, glued together, too long, not text, not files.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use promoguard_storage::{Chunk, FileFormat, LineReader, Oversize, ReaderLimits, StorageError};
use proptest::collection::vec;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

struct Found {
    lines: Vec<(u64, Vec<u8>, Option<Oversize>)>,
    end: Result<(), StorageError>,
}

fn read_with(path: &Path, limits: ReaderLimits) -> Found {
    let mut lines = Vec::new();
    let mut reader = match LineReader::open_as(path, FileFormat::Ndjson, limits) {
        Ok(reader) => reader,
        Err(error) => {
            return Found {
                lines,
                end: Err(error),
            };
        }
    };
    let mut chunk = Chunk::new();
    let end = loop {
        match reader.next_chunk(&mut chunk) {
            Ok(true) => lines.extend(
                chunk
                    .lines()
                    .map(|line| (line.number, line.bytes.to_vec(), line.oversize.copied())),
            ),
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        assert!(!chunk.is_empty());
    };
    assert!(!reader.next_chunk(&mut chunk).unwrap(), "an end is an end");
    Found { lines, end }
}

fn file(directory: &TempDir, content: &[u8]) -> PathBuf {
    let path = directory.path().join("clicks");
    fs::write(&path, content).unwrap();
    path
}

/// Reads `content` from a file in chunks of the usual size, and byte by byte.
fn read(content: &[u8]) -> Found {
    let directory = TempDir::new().unwrap();
    let path = file(&directory, content);
    let tiny = ReaderLimits {
        chunk_bytes: 1,
        ..ReaderLimits::default()
    };
    let found = read_with(&path, ReaderLimits::default());
    if content.len() < 10_000 {
        let in_steps = read_with(&path, tiny);
        assert_eq!(in_steps.lines, found.lines);
        assert_eq!(in_steps.end.is_ok(), found.end.is_ok());
    }
    found
}

fn check(content: &[u8], expected: &[(u64, &str)]) {
    let found = read(content);
    found.end.unwrap();
    let lines: Vec<(u64, String)> = found
        .lines
        .iter()
        .map(|(number, bytes, _)| (*number, String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let expected: Vec<(u64, String)> = expected
        .iter()
        .map(|(number, line)| (*number, (*line).to_owned()))
        .collect();
    assert_eq!(lines, expected);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

/// Lines that compress badly, so that cutting the archive anywhere cuts content.
fn many_lines() -> Vec<u8> {
    let mut seed = 1u64;
    let mut text = Vec::new();
    for number in 0..20_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(text, "{number} {seed:x} {:x}", seed.rotate_left(23)).unwrap();
    }
    text
}

#[test]
fn the_last_line_needs_no_line_feed() {
    check(b"a\nb", &[(1, "a"), (2, "b")]);
    check(b"a\nb\n", &[(1, "a"), (2, "b")]);
}

#[test]
fn an_empty_file_and_one_of_blank_lines_hold_no_line() {
    check(b"", &[]);
    check(b"\n\n\r\n \t\n\n", &[]);
    check(b"\xef\xbb\xbf", &[]);
}

#[test]
fn blank_lines_are_left_out_and_counted() {
    check(b"\na\n\r\n \nb\n\n", &[(2, "a"), (5, "b")]);
}

#[test]
fn carriage_returns_go_with_the_line_feed_and_only_there() {
    check(b"a\r\nb\rc\r\nd\r", &[(1, "a"), (2, "b\rc"), (3, "d")]);
}

#[test]
fn a_byte_order_mark_is_dropped_at_the_start_and_only_there() {
    check(
        b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n",
        &[(1, "a"), (2, "\u{feff}b")],
    );
    check(&gzip(b"\xef\xbb\xbfa\n"), &[(1, "a")]);
}

#[test]
fn zero_bytes_and_broken_utf8_pass_as_they_are() {
    let found = read(b"\0\0\n\xff\xc3\n");
    assert_eq!(found.lines[0].1, b"\0\0");
    assert_eq!(found.lines[1].1, b"\xff\xc3");
}

#[test]
fn a_line_of_two_mebibytes_is_reported_and_its_neighbours_are_read() {
    let long = vec![b'x'; 2 << 20];
    let content = [b"before\n", &long[..], b"\nafter\n"].concat();
    for packed in [content.clone(), gzip(&content), zstd(&content)] {
        let found = read(&packed);
        found.end.unwrap();
        let numbers: Vec<u64> = found.lines.iter().map(|line| line.0).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let (_, kept, oversize) = &found.lines[1];
        assert_eq!(kept, &long[..64 << 10]);
        let expected = Oversize {
            original_size: 2 << 20,
            sha256: Sha256::digest(&long).into(),
        };
        assert_eq!(oversize.unwrap(), expected);
        assert_eq!(found.lines[2].1, b"after");
    }
}

#[test]
fn the_limit_of_a_line_counts_its_content_only() {
    let limit = ReaderLimits::default().line_bytes_max;
    let content = vec![b'x'; limit];
    for end in [&b""[..], b"\n", b"\r\n"] {
        let found = read(&[&content[..], end].concat());
        assert_eq!(found.lines[0].1.len(), limit);
        assert_eq!(found.lines[0].2, None);
        let found = read(&[&content[..], b"x", end].concat());
        assert_eq!(found.lines[0].2.unwrap().original_size as usize / limit, 1);
    }
}

#[test]
fn an_oversize_last_line_without_line_feed_is_reported() {
    let found = read(&vec![b'x'; 3 << 20]);
    found.end.unwrap();
    assert_eq!(found.lines[0].2.unwrap().original_size, 3 << 20);
}

#[test]
fn a_bomb_without_line_feeds_streams_by_in_little_memory() {
    let bomb = zstd(&vec![b'0'; 512 << 20]);
    assert!(bomb.len() < 1 << 20);
    let directory = TempDir::new().unwrap();
    let mut reader = LineReader::open(&file(&directory, &bomb), ReaderLimits::default()).unwrap();
    let mut chunk = Chunk::new();
    assert!(reader.next_chunk(&mut chunk).unwrap());
    let line = chunk.lines().next().unwrap();
    assert_eq!(line.oversize.unwrap().original_size, 512 << 20);
    assert_eq!(line.bytes.len(), 64 << 10);
    assert!(!reader.next_chunk(&mut chunk).unwrap());
}

#[test]
fn compression_is_told_by_content_and_not_by_name() {
    let directory = TempDir::new().unwrap();
    for (name, content) in [
        ("plain.gz", b"a\n".to_vec()),
        ("gz.zst", gzip(b"a\n")),
        ("zst.gz", zstd(b"a\n")),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let found = read_with(&path, ReaderLimits::default());
        assert_eq!(found.lines[0].1, b"a", "{name}");
    }
}

#[test]
fn archives_glued_together_are_one_file_and_a_line_may_cross_the_seam() {
    check(
        &[gzip(b"a\nb"), gzip(b""), gzip(b"c\nd\n")].concat(),
        &[(1, "a"), (2, "bc"), (3, "d")],
    );
    check(
        &[zstd(b"a\nb"), zstd(b""), zstd(b"c\nd\n")].concat(),
        &[(1, "a"), (2, "bc"), (3, "d")],
    );
    let skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc";
    check(&[&skippable[..], &zstd(b"a\n")].concat(), &[(1, "a")]);
}

#[test]
fn zero_padding_behind_gzip_is_fine_and_other_bytes_are_damage() {
    check(&[gzip(b"a\n"), vec![0; 1000]].concat(), &[(1, "a")]);
    for garbage in [
        &b"garbage"[..],
        b"\0\0\x1f\x8b",
        b"\x1f",
        b"\x1fgarbage that is long enough",
    ] {
        let found = read(&[&gzip(b"a\nb\n"), garbage].concat());
        assert_eq!(found.lines.len(), 2, "{garbage:?}");
        assert_eq!(found.end.unwrap_err().kind(), "damaged", "{garbage:?}");
    }
}

#[test]
fn a_cut_archive_gives_its_whole_lines_and_then_an_error_that_says_where() {
    let content = many_lines();
    let whole: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
    for (name, packed) in [("gzip", gzip(&content)), ("zstd", zstd(&content))] {
        for cut in [packed.len() / 2, packed.len() - 3] {
            let found = read(&packed[..cut]);
            let error = found.end.unwrap_err();
            let message = error.to_string();
            let StorageError::Damaged {
                path,
                compression,
                lines_read,
                bytes_consumed,
                ..
            } = error
            else {
                panic!("{message}");
            };
            assert_eq!(path.file_name().unwrap(), "clicks");
            assert_eq!(compression, name);
            assert_eq!(lines_read, found.lines.len() as u64);
            assert_eq!(bytes_consumed, cut as u64);
            assert!(
                message.contains(&format!("`{name} -t`").replace("zstd -t", "zstd -t")),
                "{message}"
            );
            assert!(found.lines.len() > 5_000, "{name}: {}", found.lines.len());
            for (line, expected) in found.lines.iter().zip(&whole) {
                assert_eq!(line.1, *expected);
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_an_archive_is_found() {
    let content = many_lines();
    let mut packed = gzip(&content);
    let middle = packed.len() / 2;
    packed[middle] ^= 0x10;
    assert_eq!(read(&packed).end.unwrap_err().kind(), "damaged");
}

#[test]
fn a_zstd_file_that_asks_for_too_large_a_window_is_refused() {
    let asking_for = |window_log: u32| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(b"a\n").unwrap();
        encoder.finish().unwrap()
    };
    assert!(read(&asking_for(27)).end.is_ok());
    assert_eq!(read(&asking_for(28)).end.unwrap_err().kind(), "damaged");
    let small = ReaderLimits {
        zstd_window_log_max: 20,
        ..ReaderLimits::default()
    };
    let directory = TempDir::new().unwrap();
    let found = read_with(&file(&directory, &asking_for(21)), small);
    assert_eq!(found.end.unwrap_err().kind(), "damaged");
}

fn check_refused(path: &Path, expected: &str) {
    let error = read_with(path, ReaderLimits::default()).end.unwrap_err();
    let message = error.to_string();
    assert!(message.contains(expected), "{message}");
    assert!(message.contains(&path.display().to_string()), "{message}");
}

#[test]
fn what_is_not_a_readable_file_is_refused_by_name_with_advice() {
    let directory = TempDir::new().unwrap();
    check_refused(directory.path(), "it is a directory; name the files in it");
    check_refused(&directory.path().join("absent"), "check the spelling");
    check_refused(
        &file(&directory, b"PK\x03\x04...."),
        "an Excel workbook; unpack it, or save",
    );
    check_refused(
        &file(&directory, b"\xff\xfea\0\n\0"),
        "it is UTF-16 text; save it as UTF-8",
    );
    check_refused(
        &file(&directory, b"BZh91AY"),
        "a bzip2 archive; unpack it first",
    );
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let directory = TempDir::new().unwrap();
    for content in [many_lines(), gzip(&many_lines()), zstd(&many_lines())] {
        let path = file(&directory, &content);
        let mut reader = LineReader::open(&path, ReaderLimits::default()).unwrap();
        let total = Some(content.len() as u64);
        assert_eq!(reader.progress().1, total);
        while reader.next_chunk(&mut Chunk::new()).unwrap() {}
        assert_eq!(reader.progress(), (content.len() as u64, total));
    }
}

/// What the reader promises, written down without any buffering.
fn model(content: &[u8], line_bytes_max: usize, kept: usize) -> Vec<(u64, Vec<u8>, Option<u64>)> {
    let mut pieces: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
    if pieces.last().is_some_and(|last| last.is_empty()) {
        pieces.pop();
    }
    let numbered = (1..).zip(pieces);
    numbered
        .map(|(number, piece)| {
            let line = piece.strip_suffix(b"\r").unwrap_or(piece);
            if line.len() > line_bytes_max {
                (
                    number,
                    line[..kept.min(line.len())].to_vec(),
                    Some(piece.len() as u64),
                )
            } else {
                (number, line.to_vec(), None)
            }
        })
        .filter(|(_, line, oversize)| oversize.is_some() || !line.trim_ascii().is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_of_any_size_give_the_lines_of_the_file(
        content in vec(prop_oneof![4 => Just(b'a'), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => Just(b' ')], 0..200),
        chunk_bytes in 0usize..40,
        line_bytes_max in 0usize..30,
        oversize_kept_bytes in 0usize..10,
        packing in 0usize..3,
    ) {
        let limits = ReaderLimits { line_bytes_max, oversize_kept_bytes, chunk_bytes, ..ReaderLimits::default() };
        let packed = [content.clone(), gzip(&content), zstd(&content)][packing].clone();
        let directory = TempDir::new().unwrap();
        let found = read_with(&file(&directory, &packed), limits);
        found.end.unwrap();
        let lines: Vec<_> = found
            .lines
            .into_iter()
            .map(|(number, bytes, oversize)| (number, bytes, oversize.map(|oversize| oversize.original_size)))
            .collect();
        prop_assert_eq!(lines, model(&content, line_bytes_max, oversize_kept_bytes.min(line_bytes_max)));
    }
}
