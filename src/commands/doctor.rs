//! `promoguard doctor`: look at everything a run needs, and say what to do about each fault.
//!
//! Decides which checks there are and what makes one fail. Changes nothing, but for an
//! object at the place of the checkpoints that is created and deleted again.

use std::io::Write as _;

use anyhow::Result;

use crate::config::sections::Config;
use crate::config::{DoctorPlan, Faults, Resolved};

use super::aligned::aligned;
use super::{DONE, FAILED};

mod checkpoints;
mod cluster;
mod host;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It works; somebody should know.
    Warning,
    /// A run would fail, or its results would be wrong.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    verdict: Verdict,
    /// What was looked at.
    subject: String,
    /// What was seen.
    seen: String,
    /// What to do about it; empty when there is nothing to do.
    advice: String,
}

impl Finding {
    fn good(subject: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(Verdict::Good, subject, seen, "")
    }

    fn warning(
        subject: impl Into<String>,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(Verdict::Warning, subject, seen, advice)
    }

    fn bad(subject: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Verdict::Bad, subject, seen, advice)
    }

    fn new(
        verdict: Verdict,
        subject: impl Into<String>,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (subject, seen, advice) = (subject.into(), seen.into(), advice.into());
        Self {
            verdict,
            subject,
            seen,
            advice,
        }
    }
}

/// Looks at everything and prints what was found.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn execute(plan: DoctorPlan) -> Result<u8> {
    let findings = match &plan.resolved {
        Ok(resolved) => examine(resolved, plan.offline),
        Err(faults) => settings_faults(faults),
    };
    std::io::stdout()
        .lock()
        .write_all(report(&findings).as_bytes())?;
    let is_bad = |finding: &Finding| finding.verdict == Verdict::Bad;
    Ok(if findings.iter().any(is_bad) {
        FAILED
    } else {
        DONE
    })
}

fn examine(resolved: &Resolved, offline: bool) -> Vec<Finding> {
    let config = &resolved.config;
    let mut findings = vec![Finding::good("settings", settings_summary(resolved))];
    findings.extend(host::examine(config, offline));
    if offline {
        findings.push(Finding::warning(
            "kafka",
            "left out",
            "run again without --offline",
        ));
    } else {
        findings.push(checkpoints::examine(&config.checkpoint));
        findings.extend(cluster::examine(config));
    }
    findings
}

fn settings_summary(resolved: &Resolved) -> String {
    match resolved.changed() {
        0 => "valid, all at their defaults".to_owned(),
        1 => "valid, 1 differs from the defaults".to_owned(),
        n => format!("valid, {n} differ from the defaults"),
    }
}

fn settings_faults(faults: &Faults) -> Vec<Finding> {
    let advice = "correct it; `promoguard config example` explains every setting";
    let finding =
        |fault: &crate::config::Fault| Finding::bad("settings", fault.to_string(), advice);
    faults.0.iter().map(finding).collect()
}

fn report(findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        let word = match finding.verdict {
            Verdict::Good => "ok",
            Verdict::Warning => "warning",
            Verdict::Bad => "FAILED",
        };
        vec![
            word.to_owned(),
            finding.subject.clone(),
            finding.seen.clone(),
        ]
    };
    let table = aligned(findings.iter().map(row));
    let mut text = String::new();
    for (line, finding) in table.lines().zip(findings) {
        text.push_str(line);
        text.push('\n');
        if !finding.advice.is_empty() {
            text.push_str(&format!("         → {}\n", finding.advice));
        }
    }
    let count = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    text.push_str(&format!(
        "{} ok, {} warnings, {} failed\n",
        count(Verdict::Good),
        count(Verdict::Warning),
        count(Verdict::Bad)
    ));
    text
}

/// What the brokers in the settings are called in messages.
fn brokers(config: &Config) -> String {
    config.kafka.brokers.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lines_up_and_says_what_to_do() {
        let findings = [
            Finding::good("settings", "valid, all at their defaults"),
            Finding::warning("disk", "3 GiB free in /tmp", "set pipeline.temp_dir"),
            Finding::bad("promo.orders", "missing", "promoguard topics create"),
        ];
        assert_eq!(
            report(&findings),
            "ok       settings      valid, all at their defaults\n\
             warning  disk          3 GiB free in /tmp\n\
             \x20        → set pipeline.temp_dir\n\
             FAILED   promo.orders  missing\n\
             \x20        → promoguard topics create\n\
             1 ok, 1 warnings, 1 failed\n"
        );
    }
}
