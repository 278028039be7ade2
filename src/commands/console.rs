//! `promoguard console`: the analysts' pages over the review store, which follows the topics.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use promoguard_console::{Access, Console, ConsoleSettings};
use promoguard_event::EventTime;
use promoguard_review::{Following, Store};
use tracing::info;

use super::DONE;
use super::run::stop_on_signals;
use crate::config::ConsolePlan;
use crate::console::feed;
use crate::http::{self, Health};
use crate::telemetry::Telemetry;

/// Runs the plan.
///
/// # Errors
/// The store cannot be opened, the address is taken or may not be listened on, or Kafka cannot be
/// used.
pub(super) fn execute(plan: ConsolePlan) -> Result<u8> {
    let review = &plan.config.review;
    // Before the store is opened: a newer program shall not change the form under an older one.
    let _following = follow_alone(&plan)?;
    let store = Arc::new(open(&plan)?);
    let address = plan.config.http.listen;
    let has_users = store.has_users()?;
    if !has_users && !address.ip().is_loopback() {
        bail!(
            "there are no users yet, so the console listens on this machine only: start it with \
             --listen 127.0.0.1:{} first, and make the first admin",
            address.port()
        );
    }
    let stop = stop_on_signals()?;
    let console = Console::new(
        Arc::clone(&store),
        ConsoleSettings {
            access: Access::Accounts,
            zone: plan.config.display.zone.clone(),
            language: review.language.words(),
            now: Arc::new(|| EventTime::from_millis(wall_ms())),
            banner: None,
        },
    )?;
    let health = Health::new();
    health.not_ready("feed", "has not read the topics yet");
    let listener = http::listen(
        &plan.config.http,
        Telemetry::new(),
        health.clone(),
        console.router(),
    )?;
    let address = listener.address();
    if has_users {
        info!(%address, "the console answers");
    } else {
        let token = store.new_setup_token(wall_ms())?;
        eprintln!(
            "There are no users yet. Make the first admin within 15 minutes:\n\
             http://{address}/set-up?token={token}"
        );
    }
    let kafka = plan.config.kafka.settings();
    kafka
        .validate()
        .context("the settings of Kafka cannot be meant")?;
    feed::follow(&store, &kafka, &plan.config.kafka.topics, &health, &stop)?;
    drop(listener);
    Ok(DONE)
}

/// Opens the review store of the settings.
pub(super) fn open(plan: &ConsolePlan) -> Result<Store> {
    let file = &plan.config.review.file;
    Store::open(file, plan.config.review.limits())
        .with_context(|| format!("cannot open the review store {}", file.display()))
}

/// That no other process follows the topics into the store, or replaces it, while this lives.
pub(super) fn follow_alone(plan: &ConsolePlan) -> Result<Following> {
    Ok(Following::begin(&plan.config.review.file)?)
}

pub(super) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
