//! `promoguard demo`: a simulated programme through the real pipeline, and the console over what it
//! finds. What people decide there goes back into the pipeline.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use promoguard_console::{Access, Banner, Console, ConsoleSettings};
use promoguard_event::{EventTime, Flag, FlagState, PseudonymKey, Topic};
use promoguard_pipeline::Effects;
use promoguard_review::{FeedKind, Limits, Role, Store, User};
use promoguard_simulate::{RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

use super::DONE;
use super::run::stop_on_signals;
use crate::config::DemoPlan;
use crate::config::keys::KeyRing;
use crate::console::lines::FeedLines;
use crate::engine::measure::{
    OpenFlags, measure_effects, measure_scores, measure_state, measure_windows,
};
use crate::engine::memory::MemoryEngine;
use crate::engine::settings::{pipeline_settings, settings_book};
use crate::http::{self, Health};
use crate::report::ReportCollector;
use crate::telemetry::Telemetry;

const HOUR_MS: i64 = 3_600_000;
/// While the past is lived through, the store is fed with so much at once.
const FED_AT_ONCE_BYTES: usize = 4 << 20;
/// Decisions taken in an hour of the world.
const DECISIONS_MAX: u32 = 1_000;
/// Simulated hours a second after the past has been lived through, where none were asked for.
const LIVE_HOURS_PER_SECOND: f64 = 1.0;

/// Runs the plan.
///
/// # Errors
/// The listener's address is taken, or standard output is closed.
pub(super) fn execute(plan: DemoPlan) -> Result<u8> {
    let started = Instant::now();
    let stop = stop_on_signals()?;
    let address = plan.config.http.listen;
    if !address.ip().is_loopback() {
        bail!(
            "the demo asks nobody for a password, so it listens on this machine only, not on {address}"
        );
    }
    let board = Arc::new(Mutex::new(ReportCollector::new(&plan.config.display.zone)?));
    let folder = tempfile::tempdir().context("cannot make a folder for the console's store")?;
    let limits = Limits {
        orders_days: 90,
        ..plan.config.review.limits()
    };
    let store = Arc::new(Store::open(&folder.path().join("review.db"), limits)?);
    let now_ms = Arc::new(AtomicI64::new(0));
    let console = console(&plan, Arc::clone(&store), Arc::clone(&now_ms))?;
    let telemetry = Telemetry::with_merchants(&plan.config.metrics.merchants);
    let health = Health::new();
    health.not_ready("demo", "living through the past weeks");
    let listener = http::listen(
        &plan.config.http,
        telemetry.clone(),
        health.clone(),
        pages(&board).merge(console.router()),
    )?;
    let mut demo = Demo::new(&plan, board, telemetry, store, now_ms)?;
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
        demo.hour()?;
        if demo.lines.len() >= FED_AT_ONCE_BYTES || plan.hours_per_second.is_some() {
            demo.feed()?;
        }
        pace(plan.hours_per_second, &stop);
    }
    demo.feed()?;
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
            "The console is at http://{}/ and goes on with live traffic until Ctrl-C.",
            listener.address()
        );
        while !stop.load(Ordering::Relaxed) {
            demo.hour()?;
            demo.feed()?;
            pace(plan.hours_per_second.or(Some(LIVE_HOURS_PER_SECOND)), &stop);
        }
    }
    Ok(DONE)
}

/// The console, open to whoever sits at this machine.
fn console(plan: &DemoPlan, store: Arc<Store>, now_ms: Arc<AtomicI64>) -> Result<Console> {
    let visitor = User {
        name: "demo".to_owned(),
        role: Role::Admin,
        merchant: None,
        disabled: false,
    };
    let settings = ConsoleSettings {
        access: Access::Open(visitor),
        zone: plan.config.display.zone.clone(),
        language: plan.config.review.language.words(),
        now: Arc::new(move || EventTime::from_millis(now_ms.load(Ordering::Relaxed))),
        banner: Some(Banner::Demo),
    };
    Ok(Console::new(store, settings)?)
}

/// The page of a report, for comparison.
fn pages(board: &Arc<Mutex<ReportCollector>>) -> Router {
    let board = Arc::clone(board);
    let page = move || {
        let board = Arc::clone(&board);
        async move { Html(lock(&board).flags_page()) }
    };
    Router::new().route("/report", get(page))
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
    store: Arc<Store>,
    /// What the store has not got yet.
    lines: FeedLines,
    /// The world's time, for the console.
    now_ms: Arc<AtomicI64>,
}

impl Demo {
    fn new(
        plan: &DemoPlan,
        board: Arc<Mutex<ReportCollector>>,
        telemetry: Telemetry,
        store: Arc<Store>,
        now_ms: Arc<AtomicI64>,
    ) -> Result<Self> {
        let keys = KeyRing::or_published(&plan.config.keys)?;
        let days = f64::from(plan.weeks) * 7.0;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall_ms = wall.map_or(0, |since| since.as_millis() as i64);
        let start = wall_ms - (days * 24.0) as i64 * HOUR_MS;
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
        let registry = world.codes();
        engine
            .register(&registry)
            .context("the simulated registry cannot be read")?;
        let mut lines = FeedLines::default();
        for line in registry.split_inclusive(|byte| *byte == b'\n') {
            lines.add(FeedKind::Code, line);
        }
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
            store,
            lines,
            now_ms,
        })
    }

    /// Lives through one hour of the world.
    fn hour(&mut self) -> Result<()> {
        self.take_decisions()?;
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
        self.now_ms.store(self.world.now(), Ordering::Relaxed);
        self.lines.add_effects(&effects);
        self.show(effects);
        Ok(())
    }

    /// What was decided in the console goes into the pipeline, as one more input.
    fn take_decisions(&mut self) -> Result<()> {
        let waiting = self.store.unpublished(DECISIONS_MAX)?;
        if waiting.is_empty() {
            return Ok(());
        }
        for decision in &waiting {
            self.engine.push(Topic::Decisions, decision.line.as_bytes());
        }
        let ids: Vec<i64> = waiting.iter().map(|decision| decision.id).collect();
        self.store.mark_published(&ids, self.world.now())?;
        Ok(())
    }

    /// The store gets what it has not got yet.
    fn feed(&mut self) -> Result<()> {
        if !self.lines.is_empty() {
            self.lines.feed(&self.store, &[])?;
        }
        Ok(())
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
