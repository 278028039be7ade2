//! What the operating system says about this process, under the names that every client uses.
//!
//! Decides which figures; reads them at the moment somebody asks. Linux only: elsewhere they are
//! left out rather than wrong.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// When this process began to be observed, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartTime(f64);

impl StartTime {
    pub(super) fn now() -> Self {
        Self(unix_seconds())
    }
}

/// Now, in seconds since 1970.
pub(super) fn unix_seconds() -> f64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_secs_f64()
}

/// Appends the process' figures in Prometheus' text format.
pub(super) fn write(start: StartTime, text: &mut String) {
    let mut metric = |name, kind, help, value: Option<f64>| {
        if let Some(value) = value {
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        }
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = |name| Some(line_number(&status, name)? * 1024.0);
    metric(
        "process_cpu_seconds_total",
        "counter",
        "Processor time used.",
        cpu_seconds(),
    );
    metric(
        "process_resident_memory_bytes",
        "gauge",
        "Memory in use.",
        kibibytes("VmRSS:"),
    );
    metric(
        "process_virtual_memory_bytes",
        "gauge",
        "Memory addressed.",
        kibibytes("VmSize:"),
    );
    metric(
        "process_threads",
        "gauge",
        "Threads.",
        line_number(&status, "Threads:"),
    );
    let open_files = std::fs::read_dir("/proc/self/fd")
        .ok()
        .map(|files| files.count() as f64);
    metric("process_open_fds", "gauge", "Open files.", open_files);
    metric(
        "process_max_fds",
        "gauge",
        "Files that may be open.",
        open_files_max(),
    );
    metric(
        "process_start_time_seconds",
        "gauge",
        "Start, as seconds since 1970.",
        Some(start.0),
    );
}

/// The first number after a name at the beginning of a line.
fn line_number(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    cpu_ticks(&stat).map(|ticks| ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// User and system time, fields 14 and 15 of proc(5); the name in field 2 may hold spaces.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn open_files_max() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    line_number(&limits, "Max open files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_a_name_with_spaces_and_brackets() {
        let stat = "12 (a) b (c)) S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(cpu_ticks(stat), Some(300.0));
    }

    #[test]
    fn a_line_gives_its_first_number() {
        assert_eq!(
            line_number("VmSize:\t 20 kB\nVmRSS:\t    10 kB\n", "VmRSS:"),
            Some(10.0)
        );
        assert_eq!(line_number("VmSize:\t 20 kB\n", "VmRSS:"), None);
    }
}
