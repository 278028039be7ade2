//! What was typed after `promoguard console`, `audit` and `review`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Settings, help};

/// `promoguard console`.
#[derive(Debug, Args)]
pub struct Console {
    /// File of the review store; made where there is none
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Address of the pages, and of /metrics, /livez and /readyz
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Kafka brokers to start from, separated by commas
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do with the trail.
    #[command(subcommand)]
    pub action: AuditAction,
}

/// The verbs of `promoguard audit`.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// Check that nobody changed the trail; exit status 1 if somebody did
    #[command(after_help = help::AUDIT_VERIFY)]
    Verify(ReviewStore),
}

/// `promoguard review`.
#[derive(Debug, Args)]
pub struct Review {
    /// What to do with the store.
    #[command(subcommand)]
    pub action: ReviewAction,
}

/// The verbs of `promoguard review`.
#[derive(Debug, Subcommand)]
pub enum ReviewAction {
    /// Write a consistent copy, while the console goes on
    Backup(ReviewBackup),
    /// Put a copy in place; the console must be stopped, what was there is kept beside it
    Restore(ReviewRestore),
    /// Forget what came from the topics, so that the console reads them from their beginning
    Rebuild(ReviewStore),
}

/// Which review store.
#[derive(Debug, Args)]
pub struct ReviewStore {
    /// File of the review store
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard review backup`.
#[derive(Debug, Args)]
pub struct ReviewBackup {
    /// Where the copy goes
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Which store.
    #[command(flatten)]
    pub of: ReviewStore,
}

/// `promoguard review restore`.
#[derive(Debug, Args)]
pub struct ReviewRestore {
    /// The copy
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Which store.
    #[command(flatten)]
    pub of: ReviewStore,
}
