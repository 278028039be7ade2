//! What this machine must offer: keys, disk, memory, an address, a clock.

use std::net::TcpListener;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::keys::{KeyError, read_key};
use crate::config::sections::{Config, Http, Pipeline};

use super::Finding;

/// Below this, sorting a day's files on disk or saving a large state may already fail.
const DISK_BYTES_BAD: u64 = 100 << 20;
/// Below this, sorting a week's files may, or merging the segments of a large state.
const DISK_BYTES_WARNING: u64 = 2 << 30;
/// 2025-01-01: this program is younger, so a clock before it is wrong.
const CLOCK_SECONDS_MIN: u64 = 1_735_689_600;

pub(super) fn examine(config: &Config, offline: bool) -> Vec<Finding> {
    let keys = &config.keys;
    vec![
        key(
            "pseudonym key",
            "keys.pseudonym_key_file",
            keys.pseudonym_key_file.as_deref(),
            offline,
        ),
        key(
            "hash key",
            "keys.hash_key_file",
            keys.hash_key_file.as_deref(),
            offline,
        ),
        disk(&config.pipeline),
        memory(&config.pipeline, memory_total_bytes()),
        address(&config.http),
        clock(SystemTime::now()),
    ]
}

/// Files need no secret key; a run over Kafka does.
fn key(subject: &str, setting: &str, file: Option<&Path>, offline: bool) -> Finding {
    let Some(file) = file else {
        let advice = format!("head -c 32 /dev/urandom > FILE && chmod 600 FILE, and set {setting}");
        let seen = "not set: `run` refuses to start; `replay` and `demo` use a published key";
        return match offline {
            true => Finding::warning(subject, seen, advice),
            false => Finding::bad(subject, seen, advice),
        };
    };
    match read_key(file) {
        Ok(_) => Finding::good(subject, file.display().to_string()),
        Err(error) => {
            let advice = match &error {
                KeyError::Exposed { path, .. } => format!("chmod 600 {}", path.display()),
                KeyError::Unreadable { source, .. } => {
                    format!("{source}: give this user the file, or correct {setting}")
                }
                _ => "head -c 32 /dev/urandom > FILE && chmod 600 FILE".to_owned(),
            };
            Finding::bad(subject, error.to_string(), advice)
        }
    }
}

fn disk(pipeline: &Pipeline) -> Finding {
    let folder = pipeline.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
    space(
        "disk",
        &folder,
        "free some space, or set pipeline.temp_dir to a folder with more",
        "set pipeline.temp_dir to a folder that this user can write to",
    )
}

/// Whether a folder can be written to and has room; what to do where it has not, and where it cannot.
pub(super) fn space(subject: &str, folder: &Path, on_full: &str, on_fault: &str) -> Finding {
    let fault = |reason: &str| {
        let seen = format!("cannot use {}: {reason}", folder.display());
        Finding::bad(subject, seen, on_fault)
    };
    let is_writable = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok();
    match rustix::fs::statvfs(folder) {
        Err(error) => fault(&error.to_string()),
        Ok(_) if !is_writable => fault("this user cannot write there"),
        Ok(disk) => {
            let free = disk.f_bavail * disk.f_frsize;
            let seen = format!("{} free in {}", bytes(free), folder.display());
            match free {
                ..DISK_BYTES_BAD => Finding::bad(subject, seen, on_full),
                DISK_BYTES_BAD..DISK_BYTES_WARNING => Finding::warning(subject, seen, on_full),
                _ => Finding::good(subject, seen),
            }
        }
    }
}

/// What the settings allow, against what there is. Codes come on top, so half is the mark.
fn memory(pipeline: &Pipeline, total: Option<u64>) -> Finding {
    let orders = pipeline.order_index_entries_max.saturating_mul(16);
    let allowed = pipeline.click_dedupe_memory_bytes.saturating_add(orders);
    let seen = format!("up to {} for repeated clicks and order ids", bytes(allowed));
    match total {
        None => Finding::good("memory", seen),
        Some(total) if allowed > total / 2 => Finding::warning(
            "memory",
            format!("{seen}, of {}", bytes(total)),
            "lower pipeline.click_dedupe_memory_bytes or pipeline.order_index_entries_max",
        ),
        Some(total) => Finding::good("memory", format!("{seen}, of {}", bytes(total))),
    }
}

fn memory_total_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn address(http: &Http) -> Finding {
    let subject = "http.listen";
    let address = http.listen;
    match TcpListener::bind(address) {
        Ok(_) if address.ip().is_loopback() => Finding::good(subject, address.to_string()),
        Ok(_) => Finding::warning(
            subject,
            format!("{address} can be reached from other machines"),
            "nothing there asks for a password: make sure that only your own machines reach it",
        ),
        Err(error) => Finding::warning(
            subject,
            format!("cannot listen on {address}: {error}"),
            "another promoguard may be running; otherwise choose another address",
        ),
    }
}

fn clock(now: SystemTime) -> Finding {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let shown = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX))
        .map_or_else(|_| format!("{seconds} s"), |time| time.to_string());
    match seconds {
        ..CLOCK_SECONDS_MIN => Finding::bad(
            "clock",
            format!("{shown} is in the past"),
            "set it: timedatectl set-ntp true",
        ),
        _ => Finding::good("clock", shown),
    }
}

/// In the largest unit that leaves something in front of the point.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..0x40_0000 => format!("{} KiB", bytes >> 10),
        0x40_0000..0x1_0000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_key_that_is_missing_fails_a_deployment_and_warns_a_user_of_files() {
        assert_eq!(
            key("hash key", "keys.hash_key_file", None, false).verdict,
            Verdict::Bad
        );
        assert_eq!(
            key("hash key", "keys.hash_key_file", None, true).verdict,
            Verdict::Warning
        );
        let gone = key(
            "hash key",
            "keys.hash_key_file",
            Some(Path::new("/nowhere/key")),
            true,
        );
        assert_eq!(gone.verdict, Verdict::Bad);
    }

    #[test]
    fn a_clock_before_this_program_existed_is_wrong() {
        let at = |seconds| clock(UNIX_EPOCH + Duration::from_secs(seconds)).verdict;
        assert_eq!(at(0), Verdict::Bad);
        assert_eq!(at(CLOCK_SECONDS_MIN), Verdict::Good);
    }

    #[test]
    fn bounds_beyond_half_of_the_memory_are_a_warning() {
        let settings = Pipeline {
            click_dedupe_memory_bytes: 1 << 30,
            order_index_entries_max: 1 << 26,
            ..Pipeline::default()
        };
        assert_eq!(memory(&settings, Some(8 << 30)).verdict, Verdict::Good);
        let finding = memory(&settings, Some(3 << 30));
        assert_eq!(finding.verdict, Verdict::Warning);
        assert_eq!(
            finding.seen,
            "up to 2048 MiB for repeated clicks and order ids, of 3072 MiB"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_cannot_be_sorted_in() {
        let settings = Pipeline {
            temp_dir: Some("/nowhere".into()),
            ..Pipeline::default()
        };
        assert_eq!(disk(&settings).verdict, Verdict::Bad);
    }
}
