//! `promoguard run`: consume Kafka and publish flags, until stopped.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use axum::Router;
use signal_hook::consts::{SIGINT, SIGTERM};
use tracing::info;

use super::{DONE, FAILED, WRONG_USAGE};
use crate::config::RunPlan;
use crate::config::keys::{KeyError, KeyRing};
use crate::engine::live;
use crate::engine::settings::live_settings;
use crate::http::{self, Health};
use crate::telemetry::Telemetry;

/// Runs the plan.
///
/// # Errors
/// See [`live::run`].
pub(super) fn execute(plan: RunPlan) -> Result<u8> {
    let keys = match KeyRing::required(&plan.config.keys) {
        Ok(keys) => keys,
        Err(error @ KeyError::NotSet { .. }) => {
            eprintln!("promoguard: {error}");
            return Ok(WRONG_USAGE);
        }
        Err(error) => return Err(error.into()),
    };
    let mut settings = live_settings(&plan.config, &keys);
    settings.rebuild = plan.rebuild;
    settings.accept_gap = plan.accept_gap;
    settings
        .kafka
        .validate()
        .context("the settings of Kafka cannot be meant")?;
    let telemetry = Telemetry::with_merchants(&plan.config.metrics.merchants);
    let health = Health::new();
    let listener = http::listen(
        &plan.config.http,
        telemetry.clone(),
        health.clone(),
        Router::new(),
    )?;
    info!(address = %listener.address(), "serving /metrics, /livez and /readyz");
    let stop = stop_on_signals()?;
    live::run(&settings, &telemetry, &health, &stop)?;
    Ok(DONE)
}

/// Set by the first SIGTERM or SIGINT; the second ends the process at once.
///
/// # Errors
/// The handlers cannot be installed.
pub(super) fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(
            signal,
            i32::from(FAILED),
            Arc::clone(&stop),
        )
        .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
        .context("cannot listen for signals")?;
    }
    Ok(stop)
}
