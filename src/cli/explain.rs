//! `promoguard explain` as it is typed.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{KeyFiles, Order, Settings};
use promoguard_words::Language;

/// `promoguard explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, in any spelling, or an alias of it
    #[arg(long, value_name = "CODE")]
    pub code: String,
    /// Files of clicks (NDJSON; .gz and .zst are read as they are; `-` is standard input)
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "orders", help_heading = "Input")]
    pub clicks: Vec<PathBuf>,
    /// Files of orders
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "clicks", help_heading = "Input")]
    pub orders: Vec<PathBuf>,
    /// Files of the registry of codes: NDJSON, or CSV with a header line
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Input")]
    pub codes: Vec<PathBuf>,
    /// Files of sightings: codes that were seen in public places
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Input")]
    pub sightings: Vec<PathBuf>,
    /// Files of decisions: what analysts answered to flags
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Input")]
    pub decisions: Vec<PathBuf>,
    /// As of this time, in RFC 3339: what came then or later is left out; default: the end of input
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Language: English, Russian or Kazakh
    #[arg(long, value_name = "LANGUAGE", default_value = Language::English.as_str(), value_parser = PossibleValuesParser::new(Language::ALL.map(Language::as_str)))]
    pub lang: String,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
    /// How the lines become one sequence
    #[arg(long, value_enum, default_value_t = Order::EventTime)]
    pub order: Order,
    /// Threads; the answer does not depend on it. Default: one per core
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Show no progress
    #[arg(short, long)]
    pub quiet: bool,
    /// Secret keys.
    #[command(flatten)]
    pub keys: KeyFiles,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}
