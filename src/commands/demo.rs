//! `promoguard demo`: a simulated programme through the real pipeline, and a page that shows what
//! it finds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use promoguard_event::{EventTime, Flag, FlagState, PseudonymKey, Topic};
use promoguard_pipeline::Effects;
use promoguard_simulate::{RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

use super::DONE;
use super::run::stop_on_signals;
use crate::config::DemoPlan;
use crate::config::keys::KeyRing;
use crate::engine::measure::{
    OpenFlags, measure_effects, measure_scores, measure_state, measure_windows,
};
use crate::engine::memory::MemoryEngine;
use crate::engine::settings::{pipeline_settings, settings_book};
use crate::http::{self, Health};
use crate::report::ReportCollector;
use crate::telemetry::Telemetry;

const HOUR_MS: i64 = 3_600_000;
/// Simulated hours a second after the past has been lived through, where none were asked for.
const LIVE_HOURS_PER_SECOND: f64 = 1.0;

/// Runs the plan.
///
/// # Errors
/// The listener's address is taken, or standard output is closed.
pub(super) fn execute(plan: DemoPlan) -> Result<u8> {
    let started = Instant::now();
    let stop = stop_on_signals()?;
    let board = Arc::new(Mutex::new(ReportCollector::new(&plan.config.display.zone)?));
    let telemetry = Telemetry::with_merchants(&plan.config.metrics.merchants);
    let health = Health::new();
    health.not_ready("demo", "living through the past weeks");
    let listener = http::listen(
        &plan.config.http,
        telemetry.clone(),
        health.clone(),
        pages(&board),
    )?;
    let mut demo = Demo::new(&plan, board, telemetry)?;
    if !plan.quiet {
        eprintln!(
            "Simulating {} codes over {} weeks; watch http://{}/ (metrics at /metrics).",
            plan.codes,
            plan.weeks,
            listener.address()
        );
    }
    let past_end = demo.world.settings().start + i64::from(plan.weeks) * 7 * 24 * HOUR_MS;
    while demo.world.now() < past_end && !stop.load(Ordering::Relaxed) {
        demo.hour();
        pace(plan.hours_per_second, &stop);
    }
    health.ready("demo");
    println!("{}", demo.table());
    if !plan.quiet {
        eprintln!(
            "{} events in {:.1} s. {}",
            demo.events,
            started.elapsed().as_secs_f64(),
            demo.verdict()
        );
    }
    if !plan.once {
        eprintln!(
            "Going on with live traffic at http://{}/ until Ctrl-C.",
            listener.address()
        );
        while !stop.load(Ordering::Relaxed) {
            demo.hour();
            pace(plan.hours_per_second.or(Some(LIVE_HOURS_PER_SECOND)), &stop);
        }
    }
    Ok(DONE)
}

fn pages(board: &Arc<Mutex<ReportCollector>>) -> Router {
    let board = Arc::clone(board);
    let page = move || {
        let board = Arc::clone(&board);
        async move { Html(lock(&board).flags_page()) }
    };
    Router::new().route("/", get(page))
}

fn lock(board: &Mutex<ReportCollector>) -> std::sync::MutexGuard<'_, ReportCollector> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits one simulated hour, a tenth of a second at a time so that a signal is heard.
fn pace(hours_per_second: Option<f64>, stop: &AtomicBool) {
    let Some(rate) = hours_per_second else { return };
    let until = Instant::now() + Duration::from_secs_f64(1.0 / rate.max(1e-3));
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}

struct Demo {
    world: World,
    engine: MemoryEngine,
    batch: RecordBatch,
    board: Arc<Mutex<ReportCollector>>,
    telemetry: Telemetry,
    open_flags: OpenFlags,
    early_rotations: u64,
    last_flags: std::collections::BTreeMap<String, Flag>,
    events: u64,
}

impl Demo {
    fn new(
        plan: &DemoPlan,
        board: Arc<Mutex<ReportCollector>>,
        telemetry: Telemetry,
    ) -> Result<Self> {
        let keys = KeyRing::or_published(&plan.config.keys)?;
        let days = f64::from(plan.weeks) * 7.0;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |since| since.as_millis() as i64);
        let start = now_ms - (days * 24.0) as i64 * HOUR_MS;
        let world = World::new(WorldSettings {
            seed: plan.seed,
            codes: plan.codes,
            merchants: (plan.codes / 10).max(1),
            start: start - start.rem_euclid(HOUR_MS),
            days,
            // Leaks that a brand would feel: at least as many orders as the code's own.
            leak_size_min: 1.0,
            ..WorldSettings::default()
        })
        .context("cannot make this world")?;
        let mut engine = MemoryEngine::new(
            pipeline_settings(&plan.config),
            settings_book(&plan.config),
            &HashKey::new(*keys.hash.bytes()),
            PseudonymKey::new(*keys.pseudonym.bytes()),
        );
        engine
            .register(&world.codes())
            .context("the simulated registry cannot be read")?;
        for entry in engine.shards().registry().entries() {
            lock(&board).add_entry(entry);
        }
        Ok(Self {
            world,
            engine,
            batch: RecordBatch::with_records_max(1 << 16),
            board,
            telemetry,
            open_flags: OpenFlags::default(),
            early_rotations: 0,
            last_flags: std::collections::BTreeMap::new(),
            events: 0,
        })
    }

    /// Lives through one hour of the world.
    fn hour(&mut self) {
        self.batch.clear();
        self.world.next_hour(&mut self.batch);
        for record in self.batch.iter() {
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            self.engine.push(topic, record.payload);
        }
        self.events += self.batch.len() as u64;
        // Quiet logs of a small world do not hold the hour open for long.
        let watermark = EventTime::from_millis(self.world.now() - HOUR_MS);
        let judging = Instant::now();
        let effects = self.engine.advance(watermark);
        self.telemetry
            .observe_judged_hours(effects.judged_hours, judging.elapsed().as_secs_f64());
        self.show(effects);
    }

    fn show(&mut self, effects: Effects) {
        measure_effects(&self.telemetry, &effects, &mut self.open_flags);
        let shards = self.engine.shards();
        measure_windows(&self.telemetry, &effects, shards.registry());
        measure_scores(&self.telemetry, shards);
        measure_state(
            &self.telemetry,
            self.engine.shards(),
            &mut self.early_rotations,
        );
        self.telemetry
            .set_watermark(EventTime::from_millis(self.world.now() - HOUR_MS));
        let mut board = lock(&self.board);
        for window in &effects.windows {
            board.add_window(window);
        }
        for judged in effects.flags {
            board.add_flag(&judged.flag);
            self.last_flags
                .insert(judged.flag.flag_id.clone(), judged.flag);
        }
    }

    /// The flagged codes, the largest loss first.
    fn table(&self) -> String {
        let mut flags: Vec<&Flag> = self.last_flags.values().collect();
        flags.sort_by_key(|flag| {
            let commission = flag.exposure.commission.as_ref();
            let estimate = commission.map_or(0, |interval| interval.estimate.0);
            (std::cmp::Reverse(estimate), flag.code.clone())
        });
        let mut table = format!(
            "{:<24} {:<9} {:>7}  {:<20} {:<20} {:>24}\n",
            "code", "state", "score", "kind", "onset (UTC)", "commission at risk"
        );
        for flag in flags {
            let commission = flag.exposure.commission.as_ref();
            let at_risk = commission.map_or("unknown".to_owned(), |interval| {
                format!("{} {}", interval.estimate, flag.exposure.currency)
            });
            let onset = flag.onset.at.to_string();
            table.push_str(&format!(
                "{:<24} {:<9} {:>4.0} dB  {:<20} {:<20} {:>24}\n",
                flag.code,
                flag.state.as_str(),
                flag.score.value(),
                flag.kind.as_str(),
                onset.get(..16).unwrap_or(&onset).replace('T', " "),
                at_risk
            ));
        }
        table
    }

    /// How the flags compare with what the simulation knows.
    fn verdict(&self) -> String {
        let flagged = |code: &str| {
            self.last_flags
                .values()
                .any(|flag| flag.code == code && flag.state != FlagState::Cleared)
                || self.last_flags.values().any(|flag| flag.code == code)
        };
        let truth = self.world.truth();
        let leaked = truth.iter().filter(|code| code.leaked());
        let found = leaked.clone().filter(|code| flagged(&code.code)).count();
        let wrong = truth
            .iter()
            .filter(|code| code.clean() && flagged(&code.code))
            .count();
        format!(
            "The simulation leaked {} codes; {found} of them are flagged, and {wrong} honest ones.",
            leaked.count()
        )
    }
}
