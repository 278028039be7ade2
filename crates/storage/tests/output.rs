//! Outputs are there whole, or not at all.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use promoguard_storage::{Chunk, LineReader, Output, ReaderLimits};
use tempfile::TempDir;

fn names_in(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write(path: &Path, content: &[u8]) -> Output {
    let mut output = Output::create(path).unwrap();
    output.write_all(content).unwrap();
    output
}

#[test]
fn nothing_is_seen_before_the_commit_and_all_of_it_after() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("flags.ndjson");
    fs::write(&path, b"of the last run").unwrap();
    let mut output = write(&path, b"one\n");
    output.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"of the last run");
    let partial = format!("flags.ndjson.partial-{}", std::process::id());
    assert_eq!(names_in(&directory), ["flags.ndjson", &partial]);
    output.write_all(b"two\n").unwrap();
    output.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    assert_eq!(names_in(&directory), ["flags.ndjson"]);
}

#[test]
fn an_output_without_commit_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    drop(write(
        &directory.path().join("flags.ndjson"),
        &[b'x'; 1 << 20],
    ));
    assert!(names_in(&directory).is_empty());
}

#[test]
fn the_ending_chooses_the_compression_and_the_reader_reads_it() {
    let directory = TempDir::new().unwrap();
    let starts: [(&str, &[u8]); 3] = [
        ("a.ndjson", b"{}"),
        ("a.ndjson.gz", &[0x1f, 0x8b]),
        ("a.ndjson.ZST", &[0x28, 0xb5, 0x2f, 0xfd]),
    ];
    for (name, start) in starts {
        let path = directory.path().join(name);
        write(&path, &b"{}\n".repeat(100_000)).commit().unwrap();
        assert!(fs::read(&path).unwrap().starts_with(start), "{name}");
        let mut reader = LineReader::open(&path, ReaderLimits::default()).unwrap();
        let mut chunk = Chunk::new();
        let mut count = 0;
        while reader.next_chunk(&mut chunk).unwrap() {
            count += chunk.lines().filter(|line| line.bytes == b"{}").count();
        }
        assert_eq!(count, 100_000, "{name}");
    }
}

#[test]
fn an_output_of_no_bytes_is_an_empty_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("flags.ndjson");
    write(&path, b"").commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn two_outputs_to_one_name_are_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("flags.ndjson");
    let first = write(&path, b"first");
    let error = Output::create(&path).err().unwrap();
    assert_eq!(error.kind(), "output_taken");
    assert!(
        error.to_string().contains("flags.ndjson: another output"),
        "{error}"
    );
    first.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first");
}

#[test]
fn what_a_killed_run_left_is_taken_over() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("flags.ndjson");
    let partial = format!("flags.ndjson.partial-{}", std::process::id());
    fs::write(directory.path().join(partial), vec![b'x'; 1000]).unwrap();
    write(&path, b"new").commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names_in(&directory), ["flags.ndjson"]);
}

#[test]
fn a_directory_or_a_missing_one_is_named_with_advice() {
    let directory = TempDir::new().unwrap();
    let error = Output::create(directory.path()).err().unwrap();
    assert_eq!(error.kind(), "directory");
    let error = Output::create(&directory.path().join("absent/flags.ndjson"))
        .err()
        .unwrap();
    let message = error.to_string();
    assert!(message.contains("absent/flags.ndjson: "), "{message}");
    assert!(message.ends_with("create its directory first"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_the_file_behind_it_is_replaced() {
    let directory = TempDir::new().unwrap();
    let (real, link) = (directory.path().join("real"), directory.path().join("link"));
    fs::write(&real, b"old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    write(&link, b"new").commit().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"new");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_to_and_never_replaced() {
    use std::os::unix::fs::FileTypeExt;
    write(Path::new("/dev/null"), b"gone").commit().unwrap();
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
    let error = write(Path::new("/dev/full"), b"no room")
        .commit()
        .unwrap_err();
    assert!(error.is_disk_full());
    assert!(
        error.to_string().contains("cannot write /dev/full: "),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_gets_all_of_it_at_the_commit() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let path = {
        use std::os::fd::AsRawFd;
        format!("/dev/fd/{}", writer.as_raw_fd())
    };
    let output = write(Path::new(&path), b"through the pipe");
    output.commit().unwrap();
    drop(writer);
    let mut found = Vec::new();
    reader.read_to_end(&mut found).unwrap();
    assert_eq!(found, b"through the pipe");
}

/// Runs this test program again, as a child that writes to its standard output.
#[test]
fn standard_output_gets_what_was_committed_and_nothing_else() {
    const CHILD: &str = "PROMOGUARD_STORAGE_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        drop(write(Path::new("-"), b"[first pass]"));
        write(Path::new("-"), b"[second pass]").commit().unwrap();
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "standard_output_gets_what_was_committed_and_nothing_else",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{printed}");
    assert_eq!(printed.matches("[second pass]").count(), 1, "{printed}");
    assert!(!printed.contains("[first pass]"), "{printed}");
}

#[test]
fn the_file_is_readable_by_the_usual_tools() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.gz");
    write(&path, b"text").commit().unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(&path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "text");
}
