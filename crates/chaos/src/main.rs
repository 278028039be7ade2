//! The long run: `promoguard-chaos [FIRST_SEED [SEEDS]]`, 100,000 seeds from 0 unless told otherwise.
//! It names every seed that broke a promise, and says from which seed to go on when it is stopped.

use std::process::ExitCode;

use promoguard_chaos::run;

const PROGRESS_EVERY: u64 = 5_000;

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = std::env::args()
        .skip(1)
        .map(|text| text.parse().ok())
        .collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() <= 2) else {
        eprintln!("usage: promoguard-chaos [FIRST_SEED [SEEDS]]");
        return ExitCode::from(2);
    };
    let first = numbers.first().copied().unwrap_or(0);
    let seeds = numbers.get(1).copied().unwrap_or(100_000);
    let (mut failed, mut kills, mut takeovers, mut flags, mut repeats) = (0_u64, 0, 0, 0, 0);
    for seed in first..first.saturating_add(seeds) {
        let report = run(seed, None);
        if !report.violations.is_empty() {
            failed += 1;
            println!("seed {seed}: {:?}", report.violations);
        }
        kills += report.kills;
        takeovers += report.takeovers;
        flags += report.flags;
        repeats += report.appended - report.flags;
        let done = seed - first + 1;
        if done.is_multiple_of(PROGRESS_EVERY) {
            println!("{done} seeds, {failed} failed; go on from {}", seed + 1);
        }
    }
    println!(
        "{seeds} seeds from {first}: {failed} failed; {kills} kills, {takeovers} take-overs, {flags} flags, {repeats} repeats"
    );
    ExitCode::from(u8::from(failed > 0))
}
