//! `promoguard holds` as it is typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{KeyFiles, Settings};

/// `promoguard holds`.
#[derive(Debug, Args)]
pub struct Holds {
    /// Id of the flag
    #[arg(long, value_name = "ID")]
    pub flag: String,
    /// Judged orders: `--judged-orders-out` of `replay`, or the records of promo.judged-orders
    #[arg(long, value_name = "FILE", num_args = 1.., required = true, help_heading = "Input")]
    pub judged_orders: Vec<PathBuf>,
    /// Flags: `--flags-out` of `replay`, or the records of promo.flags; the last revision counts
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Input")]
    pub flags: Vec<PathBuf>,
    /// Orders as the shop tells them: those cancelled or returned are released
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Input")]
    pub orders: Vec<PathBuf>,
    /// Where the hold begins: `low` and `onset` are the low end and the most likely start of the
    /// flag's onset, TIME is RFC 3339
    #[arg(long, value_name = "low|onset|TIME", default_value = "low")]
    pub from: String,
    /// Hold whole orders from this probability on, and nothing of the others; default: hold of each
    /// order its commission times its probability
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// Where the list goes (`-` is standard output; .gz and .zst compress)
    #[arg(
        long,
        value_name = "FILE",
        default_value = "-",
        help_heading = "Output"
    )]
    pub out: PathBuf,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = HoldFormat::Csv, help_heading = "Output")]
    pub format: HoldFormat,
    /// Print the list alone, without the totals
    #[arg(short, long)]
    pub quiet: bool,
    /// Secret keys.
    #[command(flatten)]
    pub keys: KeyFiles,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// Form of the list of `holds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HoldFormat {
    /// A header line, then one line an order
    Csv,
    /// One JSON object a line
    Ndjson,
}
