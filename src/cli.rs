//! What was typed: the shape of the command line, and the help that a newcomer reads.
//!
//! Decides: names of commands and options, and what the help says. Must not know: what a value
//! means together with the others, or with the settings file; that is [`crate::config`].

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use promoguard_simulate::{Family, WorldSettings};

mod console;
mod explain;
mod help;
mod holds;

pub use console::{
    Audit, AuditAction, Console, Review, ReviewAction, ReviewBackup, ReviewRestore, ReviewStore,
};
pub use explain::Explain;
pub use holds::{HoldFormat, Holds};

/// Everything after the program's name.
#[derive(Debug, Parser)]
#[command(
    name = "promoguard",
    version,
    about = "Finds leaked promo codes in streams of clicks and orders",
    long_about = help::ABOUT,
    after_help = help::TOP,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate shops and partners, detect the leaks, show the result; needs nothing else
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Judge files of clicks and orders
    #[command(after_help = help::REPLAY)]
    Replay(Box<Replay>),
    /// Tell the evidence of one code, flagged or not, in English, Russian or Kazakh
    #[command(after_help = help::EXPLAIN)]
    Explain(Box<Explain>),
    /// Tell what a flag holds of a payout and what it releases, order by order
    #[command(after_help = help::HOLDS)]
    Holds(Box<Holds>),
    /// Serve the analysts' console over the review store, which follows Kafka
    #[command(after_help = help::CONSOLE)]
    Console(Console),
    /// Check the trail of what people did
    Audit(Audit),
    /// Copy the review store, put a copy back, or read the topics anew
    #[command(after_help = help::REVIEW)]
    Review(Review),
    /// Consume Kafka and publish flags, until stopped
    #[command(after_help = help::RUN)]
    Run(Run),
    /// Write a made-up world with known leaks, as files or into Kafka
    #[command(after_help = help::SIMULATE)]
    Simulate(Simulate),
    /// Fit the learned judge on simulated worlds and write its model
    #[command(after_help = help::TRAIN)]
    Train(Train),
    /// Run simulated worlds and tell how good the detector is, beside rules of thumb
    #[command(after_help = help::EVALUATE)]
    Evaluate(Evaluate),
    /// Create the Kafka topics, or show how they are set up
    #[command(after_help = help::TOPICS)]
    Topics(Topics),
    /// Show or check the state that `run` has saved
    #[command(after_help = help::STATE)]
    State(State),
    /// Check settings, keys, disk space and Kafka, and say what to do about each fault
    #[command(after_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Print a documented example of the settings, check a file, or show what is in force
    #[command(after_help = help::CONFIG)]
    Config(ConfigCommand),
}

/// Options that every command takes.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Settings file in TOML; `promoguard config example` prints one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Override any setting, for example `--set kafka.brokers=kafka:9092`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Least severe messages to log: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Form of the log on standard error: text or json
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<String>,
}

/// Where the secret keys are.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyFiles {
    /// Key that turns phones and e-mails into pseudonyms: 32 bytes, raw, as hex or as base64
    #[arg(long, value_name = "FILE")]
    pub pseudonym_key_file: Option<PathBuf>,
    /// Key of the hashes inside the state, in the same form
    #[arg(long, value_name = "FILE")]
    pub hash_key_file: Option<PathBuf>,
}

/// `promoguard demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which world: the same seed gives the same events and the same flags
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many promo codes the world has
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub codes: u32,
    /// How many weeks of the world to live through
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub weeks: u32,
    /// Address of the page that shows the flags as they come
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Simulated hours per second; 0 = as fast as possible
    #[arg(long, value_name = "HOURS", default_value_t = 0.0)]
    pub speed: f64,
    /// End after the summary instead of keeping the page open
    #[arg(long)]
    pub once: bool,
    /// Show no progress, only the summary
    #[arg(short, long)]
    pub quiet: bool,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard replay`.
#[derive(Debug, Args)]
pub struct Replay {
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
    /// Where the flags go (`-` is standard output; .gz and .zst compress)
    #[arg(long, value_name = "FILE", required = true, help_heading = "Output")]
    pub flags_out: PathBuf,
    /// Flags under the settings that are tried in shadow, [detect.shadow]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub shadow_flags_out: Option<PathBuf>,
    /// One line per code: its highest and its last score, and its totals
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub scores_out: Option<PathBuf>,
    /// What each code did in each hour
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub windows_out: Option<PathBuf>,
    /// Every judged order with the probability that it came through a leak
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub judged_orders_out: Option<PathBuf>,
    /// Where what the learned judge sees goes, one line per code and hour with orders
    #[arg(long, value_name = "FILE")]
    pub features_out: Option<PathBuf>,
    /// Lines that could not be read, with the reason
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub dead_letters_out: Option<PathBuf>,
    /// The flags as one HTML page for people
    #[arg(long, value_name = "FILE.html", help_heading = "Output")]
    pub report: Option<PathBuf>,
    /// How the lines become one sequence
    #[arg(long, value_enum, default_value_t = Order::EventTime)]
    pub order: Order,
    /// Threads; the flags do not depend on it. Default: one per core
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Show no progress, only the summary
    #[arg(long)]
    pub no_progress: bool,
    /// Secret keys.
    #[command(flatten)]
    pub keys: KeyFiles,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// How `replay` and `explain` order what they read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By the time in the records, whatever file or line they stand in
    EventTime,
    /// As they stand: each file is a partition of a log, lines may be late
    Arrival,
}

/// `promoguard run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Kafka brokers to start from, separated by commas
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Consumer group
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Address of /metrics, /livez and /readyz
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Leave the saved state behind and build it anew from the records that Kafka still has
    #[arg(long, help_heading = "State")]
    pub rebuild: bool,
    /// Go on although Kafka has deleted records that were not read yet
    #[arg(long, help_heading = "State", conflicts_with = "rebuild")]
    pub accept_gap: bool,
    /// Secret keys.
    #[command(flatten)]
    pub keys: KeyFiles,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard simulate`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("destination").required(true).args(["out", "kafka"])))]
pub struct Simulate {
    /// Folder for clicks, orders, codes, sightings and truth, one NDJSON file each
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Send the events to the topics of the settings instead
    #[arg(long)]
    pub kafka: bool,
    /// Compress the files
    #[arg(long, requires = "out")]
    pub gzip: bool,
    /// Events a second to send to Kafka; 0 = as fast as it takes them
    #[arg(long, value_name = "N", default_value_t = 0, requires = "kafka")]
    pub rate: u32,
    /// Which world: the same seed gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// What kind of world; the options below change it where they are given
    #[arg(long, value_name = "NAME", default_value = WorldSettings::PRESETS[0], value_parser = PossibleValuesParser::new(WorldSettings::PRESETS))]
    pub preset: String,
    /// By which idea it comes about
    #[arg(long, value_name = "NAME", default_value = Family::default().name(), value_parser = PossibleValuesParser::new(Family::ALL.map(Family::name)))]
    pub family: String,
    /// How far its inner constants lie from their usual values, 0 to 3; default: 0, at random in `drawn`
    #[arg(long, value_name = "X")]
    pub spread: Option<f64>,
    /// How many promo codes the world has; default: 200, 5 in `small`
    #[arg(long, value_name = "N")]
    pub codes: Option<u32>,
    /// How many days to live through; default: 56
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// First day, in RFC 3339; default: 2026-03-02 for files, for Kafka such that the world ends now
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// Share of the codes that leak, 0 to 1; default: the preset's, 0.22 in `mixed`
    #[arg(long, value_name = "SHARE")]
    pub leak_share: Option<f64>,
    /// Multiplies the orders and clicks of every code; default: 1
    #[arg(long, value_name = "FACTOR")]
    pub volume: Option<f64>,
    /// Broken records per good one, besides the good ones, 0 to 1; default: 0
    #[arg(long, value_name = "SHARE")]
    pub dirty_share: Option<f64>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard train`.
#[derive(Debug, Args)]
pub struct Train {
    /// Where to write the model
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Families of worlds to fit on, separated by commas; default: all
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub family: Vec<String>,
    /// Worlds of each family to grow trees on
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub worlds: u32,
    /// Worlds of each family to measure the scale of the score on
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub scale_worlds: u32,
    /// Seed of the first world, and of the trees
    #[arg(long, value_name = "N", default_value_t = 10_001)]
    pub seed: u64,
    /// Trees
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub trees: u32,
    /// Also write, for each family, a model that never saw it into this folder: its figures on that
    /// family say how the model fares on worlds that nobody simulated
    #[arg(long, value_name = "FOLDER")]
    pub leave_one_out: Option<PathBuf>,
    /// What the judge saw of your own events: a file of `replay --features-out`
    #[arg(long, value_name = "FILE", requires = "decisions")]
    pub features: Option<PathBuf>,
    /// What your analysts decided about them, NDJSON
    #[arg(long, value_name = "FILE…", num_args = 1.., requires = "features")]
    pub decisions: Vec<PathBuf>,
    /// Weight of a code that was decided about, against a simulated one
    #[arg(long, value_name = "FACTOR", default_value_t = 5.0)]
    pub decision_weight: f64,
    /// Worlds at a time; default: one a core
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Families of worlds, separated by commas, or `all`
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        default_value = "all"
    )]
    pub family: Vec<String>,
    /// Settings of the worlds: mixed, walled, open, hard, honest, small or drawn, separated by commas
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        default_value = "mixed"
    )]
    pub preset: Vec<String>,
    /// First and last seed; each is one world
    #[arg(long, value_name = "A..B", default_value = "1..4")]
    pub seeds: String,
    /// How many promo codes each world has; default: as the preset has them, mostly 200
    #[arg(long, value_name = "N")]
    pub codes: Option<u32>,
    /// How many days each world lasts; default: as the preset has them, mostly 56
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Also run the worlds with the judge of this model file, and tell where the two disagree
    #[arg(long, value_name = "MODEL")]
    pub against: Option<PathBuf>,
    /// Also compare with boosted trees that are told the truth of N more worlds of each kind
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trained_on: u32,
    /// Where all figures go as JSON (`-` is standard output, in place of the table)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where a page with tables and pictures goes
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// Worlds run at once; the figures do not depend on it. Default: one per core
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Show no progress, only the table
    #[arg(short, long)]
    pub quiet: bool,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard topics`.
#[derive(Debug, Args)]
pub struct Topics {
    /// What to do with the topics.
    #[command(subcommand)]
    pub action: TopicsAction,
}

/// The verbs of `promoguard topics`.
#[derive(Debug, Subcommand)]
pub enum TopicsAction {
    /// Create the topics that are missing; existing ones are never changed
    #[command(after_help = help::TOPICS_CREATE)]
    Create(TopicsCreate),
    /// Show which topics exist, and how they differ from what promoguard expects
    List(TopicsList),
}

/// `promoguard topics create`.
#[derive(Debug, Args)]
pub struct TopicsCreate {
    /// Partitions of each topic; fixed for the life of a deployment
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub partitions: u32,
    /// Copies of each partition; default: what the brokers are set to
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=15))]
    pub replication_factor: Option<u16>,
    /// Only show what would be created
    #[arg(long)]
    pub dry_run: bool,
    /// Kafka brokers to start from, separated by commas
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard topics list`.
#[derive(Debug, Args)]
pub struct TopicsList {
    /// Kafka brokers to start from, separated by commas
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard state`.
#[derive(Debug, Args)]
pub struct State {
    /// What to do with the saved state.
    #[command(subcommand)]
    pub action: StateAction,
}

/// The verbs of `promoguard state`.
#[derive(Debug, Subcommand)]
pub enum StateAction {
    /// Print the newest checkpoint as JSON: offsets, segments, outputs that wait, totals
    Inspect(StateLook),
    /// Read every checkpoint that is kept, and say which ones can be restored
    Verify(StateLook),
}

/// Where to look.
#[derive(Debug, Args)]
pub struct StateLook {
    /// Folder or URL of the saved state, instead of checkpoint.location
    #[arg(long, value_name = "PLACE")]
    pub location: Option<String>,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Kafka brokers to start from, separated by commas
    #[arg(long, value_name = "HOST:PORT,…")]
    pub brokers: Option<String>,
    /// Leave Kafka out: check only settings, keys and disk
    #[arg(long)]
    pub offline: bool,
    /// Secret keys.
    #[command(flatten)]
    pub keys: KeyFiles,
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}

/// `promoguard config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// What to do with the settings.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// The verbs of `promoguard config`.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print every setting with its default and its explanation, as a settings file
    Example,
    /// Read all the layers and report every fault; exit status 1 if there is one
    Check(ConfigLayers),
    /// Print the settings in force, and for each that is not the default where it came from
    Show(ConfigLayers),
}

/// `promoguard config check` and `promoguard config show`.
#[derive(Debug, Args)]
pub struct ConfigLayers {
    /// Settings of every command.
    #[command(flatten)]
    pub settings: Settings,
}
