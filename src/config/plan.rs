//! Typed arguments become what a command needs: every value in place, checked together.
//!
//! Decides what is wrong usage. Must not touch anything but the settings file.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use promoguard_detect::{Judge, Model};
use promoguard_simulate::{Family, WorldSettings};

use crate::cli::{self, Cli, Command, ConfigAction, Order, StateAction, TopicsAction};

use super::layers::{Argument, Faults, Layers, Resolved, resolve};
use super::sections::Config;

mod console;
mod evaluate;
mod explain;
mod holds;

pub use console::{ConsolePlan, ReviewPlan, ReviewWork};
pub use evaluate::EvaluatePlan;
pub use explain::ExplainPlan;
pub use holds::HoldsPlan;

/// What a process is going to do.
#[derive(Debug)]
pub enum Plan {
    /// `promoguard demo`.
    Demo(Box<DemoPlan>),
    /// `promoguard replay`.
    Replay(Box<ReplayPlan>),
    /// `promoguard explain`.
    Explain(Box<ExplainPlan>),
    /// `promoguard holds`.
    Holds(Box<HoldsPlan>),
    /// `promoguard console`.
    Console(Box<ConsolePlan>),
    /// `promoguard audit` and `promoguard review`.
    Review(Box<ReviewPlan>),
    /// `promoguard run`.
    Run(Box<RunPlan>),
    /// `promoguard simulate`.
    Simulate(Box<SimulatePlan>),
    /// `promoguard train`.
    Train(Box<TrainPlan>),
    /// `promoguard evaluate`.
    Evaluate(Box<EvaluatePlan>),
    /// `promoguard topics`.
    Topics(Box<TopicsPlan>),
    /// `promoguard state`.
    State(Box<StatePlan>),
    /// `promoguard doctor`.
    Doctor(Box<DoctorPlan>),
    /// `promoguard config`.
    Config(Box<ConfigPlan>),
}

/// A demonstration. Its page listens on `config.http.listen`.
#[derive(Debug)]
pub struct DemoPlan {
    /// Settings in force.
    pub config: Config,
    /// Seed of the world.
    pub seed: u64,
    /// Codes of the world.
    pub codes: u32,
    /// Weeks to live through.
    pub weeks: u32,
    /// Simulated hours a second; `None` = as fast as possible.
    pub hours_per_second: Option<f64>,
    /// End after the summary.
    pub once: bool,
    /// Show no progress.
    pub quiet: bool,
}

/// A model to be fitted.
#[derive(Debug)]
pub struct TrainPlan {
    /// Settings in force.
    pub config: Config,
    /// Where the model goes.
    pub out: PathBuf,
    /// Families of worlds.
    pub families: Vec<Family>,
    /// Worlds of each family to grow trees on.
    pub worlds: u32,
    /// Worlds of each family to measure the scale on.
    pub scale_worlds: u32,
    /// Seed of the first world, and of the trees.
    pub seed: u64,
    /// Trees.
    pub trees: u32,
    /// What the judge saw of recorded events, and what analysts decided.
    pub recorded: Option<(PathBuf, Vec<PathBuf>)>,
    /// Weight of a row with a decision against a simulated one.
    pub decision_weight: f64,
    /// Folder of the models that never saw one of the families.
    pub leave_one_out: Option<PathBuf>,
    /// Say nothing but errors.
    pub quiet: bool,
}

/// A run over files. `-` stands for standard input and output.
#[derive(Debug)]
pub struct ReplayPlan {
    /// Settings in force.
    pub config: Config,
    /// What is read.
    pub inputs: ReplayInputs,
    /// What is written.
    pub outputs: ReplayOutputs,
    /// How lines become one sequence.
    pub order: Order,
    /// Say nothing but errors.
    pub quiet: bool,
    /// Show progress while reading.
    pub progress: bool,
}

/// What `replay` reads.
#[derive(Debug, Default)]
pub struct ReplayInputs {
    /// Files of clicks; at least one, unless there are orders.
    pub clicks: Vec<PathBuf>,
    /// Files of orders; at least one, unless there are clicks.
    pub orders: Vec<PathBuf>,
    /// Files of the registry.
    pub codes: Vec<PathBuf>,
    /// Files of sightings.
    pub sightings: Vec<PathBuf>,
    /// Files of decisions.
    pub decisions: Vec<PathBuf>,
}

impl ReplayInputs {
    /// Every input file.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let all = [
            &self.clicks,
            &self.orders,
            &self.codes,
            &self.sightings,
            &self.decisions,
        ];
        all.into_iter().flatten().map(PathBuf::as_path)
    }
}

/// What `replay` writes.
#[derive(Debug, Default)]
pub struct ReplayOutputs {
    /// Flags.
    pub flags: PathBuf,
    /// Flags of the judge in shadow.
    pub shadow_flags: Option<PathBuf>,
    /// One line per code.
    pub scores: Option<PathBuf>,
    /// One line per code and hour.
    pub windows: Option<PathBuf>,
    /// One line per judged order.
    pub judged_orders: Option<PathBuf>,
    /// What the learned judge sees, as NDJSON.
    pub features: Option<PathBuf>,
    /// Lines that could not be read.
    pub dead_letters: Option<PathBuf>,
    /// A page for people.
    pub report: Option<PathBuf>,
}

/// A run over Kafka.
#[derive(Debug)]
pub struct RunPlan {
    /// Settings in force.
    pub config: Config,
    /// Leave the saved state behind.
    pub rebuild: bool,
    /// Go on although records are gone.
    pub accept_gap: bool,
}

/// A made-up world.
#[derive(Debug)]
pub struct SimulatePlan {
    /// Settings in force.
    pub config: Config,
    /// Where it goes.
    pub target: SimulateTarget,
    /// Which world. For Kafka its `start` is moved so that it ends now, unless `starts_as_said`.
    pub world: WorldSettings,
    /// Whether the start was given.
    pub starts_as_said: bool,
    /// Say nothing but errors.
    pub quiet: bool,
}

/// Where a made-up world goes.
#[derive(Debug, PartialEq, Eq)]
pub enum SimulateTarget {
    /// Into a folder.
    Files {
        /// The folder.
        folder: PathBuf,
        /// Whether to compress.
        gzip: bool,
    },
    /// Into the topics of the settings.
    Kafka {
        /// Events a second; `None` = as fast as Kafka takes them.
        rate: Option<NonZeroU32>,
    },
}

/// Work on topics.
#[derive(Debug)]
pub enum TopicsPlan {
    /// Create what is missing.
    Create {
        /// Settings in force.
        config: Config,
        /// Partitions of each topic.
        partitions: u32,
        /// Copies of each partition; `None` = the brokers' default.
        replication_factor: Option<u16>,
        /// Only show it.
        dry_run: bool,
    },
    /// Show what is there.
    List {
        /// Settings in force.
        config: Config,
    },
}

/// A look at the saved state.
#[derive(Debug)]
pub struct StatePlan {
    /// Settings in force.
    pub config: Config,
    /// Whether to read everything, or only the newest manifest.
    pub verify: bool,
}

/// An examination. Wrong settings are a finding here, not wrong usage.
#[derive(Debug)]
pub struct DoctorPlan {
    /// Settings in force, or what is wrong with them.
    pub resolved: Result<Resolved, Faults>,
    /// Leave Kafka out.
    pub offline: bool,
}

/// Work on settings.
#[derive(Debug)]
pub enum ConfigPlan {
    /// Print the documented example.
    Example,
    /// Report faults.
    Check(Result<Resolved, Faults>),
    /// Print what is in force.
    Show(Resolved),
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Arguments that cannot be meant together.
    #[error("{0}")]
    Usage(String),
    /// Wrong settings.
    #[error(transparent)]
    Settings(#[from] Faults),
    /// A model that cannot be used.
    #[error("cannot use the model in {file}: {why}")]
    Model {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Plan {
    /// What the arguments mean in this environment.
    ///
    /// # Errors
    /// Arguments that contradict each other, or wrong settings.
    pub fn new(typed: Cli, environment: &[(String, String)]) -> Result<Plan, PlanError> {
        match typed.command {
            Command::Demo(demo) => plan_demo(demo, environment),
            Command::Replay(replay) => plan_replay(*replay, environment),
            Command::Explain(explain) => explain::plan(*explain, environment),
            Command::Holds(holds) => holds::plan(*holds, environment),
            Command::Console(console) => console::plan(console, environment),
            Command::Audit(audit) => console::audit(audit, environment),
            Command::Review(review) => console::review(review, environment),
            Command::Run(run) => {
                let config = settle(&run.settings, environment, run_arguments(&run))?.config;
                Ok(Plan::Run(Box::new(RunPlan {
                    config,
                    rebuild: run.rebuild,
                    accept_gap: run.accept_gap,
                })))
            }
            Command::Simulate(simulate) => plan_simulate(simulate, environment),
            Command::Train(train) => plan_train(train, environment),
            Command::Evaluate(evaluate) => evaluate::plan(evaluate, environment),
            Command::Topics(topics) => plan_topics(topics.action, environment),
            Command::State(state) => plan_state(state.action, environment),
            Command::Doctor(doctor) => {
                let mut arguments = key_arguments(&doctor.keys);
                arguments.extend(argument(
                    "--brokers",
                    "kafka.brokers",
                    doctor.brokers.as_ref(),
                ));
                let resolved = resolve(&layers(&doctor.settings, environment, arguments)?);
                Ok(Plan::Doctor(Box::new(DoctorPlan {
                    resolved,
                    offline: doctor.offline,
                })))
            }
            Command::Config(config) => plan_config(config.action, environment),
        }
    }

    /// How this plan wants its log; the defaults where its settings are wrong.
    pub fn log(&self) -> super::sections::Log {
        let resolved = |resolved: &Resolved| resolved.config.log;
        match self {
            Plan::Demo(plan) => plan.config.log,
            Plan::Replay(plan) => plan.config.log,
            Plan::Explain(plan) => plan.config.log,
            Plan::Holds(plan) => plan.config.log,
            Plan::Console(plan) => plan.config.log,
            Plan::Review(plan) => plan.config.log,
            Plan::Run(plan) => plan.config.log,
            Plan::State(plan) => plan.config.log,
            Plan::Simulate(plan) => plan.config.log,
            Plan::Train(plan) => plan.config.log,
            Plan::Evaluate(plan) => plan.config.log,
            Plan::Topics(plan) => match plan.as_ref() {
                TopicsPlan::Create { config, .. } | TopicsPlan::List { config } => config.log,
            },
            Plan::Doctor(plan) => plan.resolved.as_ref().map(resolved).unwrap_or_default(),
            Plan::Config(_) => Default::default(),
        }
    }
}

fn plan_train(train: cli::Train, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let named = |name: &String| {
        Family::named(name).ok_or_else(|| {
            let known: Vec<&str> = Family::ALL.into_iter().map(Family::name).collect();
            let known = known.join(", ");
            PlanError::Usage(format!("--family is {name}, must be of {known}"))
        })
    };
    if !(train.decision_weight > 0.0 && train.decision_weight <= 1_000.0) {
        return Err(PlanError::Usage(format!(
            "--decision-weight is {}, must be above 0 and at most 1000",
            train.decision_weight
        )));
    }
    let families: Vec<Family> = match &train.family[..] {
        [] => Family::ALL.to_vec(),
        names => names.iter().map(named).collect::<Result<_, _>>()?,
    };
    if train.leave_one_out.is_some() && families.len() < 2 {
        let said = "--leave-one-out needs two families or more";
        return Err(PlanError::Usage(said.to_owned()));
    }
    let arguments = argument("--threads", "pipeline.threads", train.threads.as_ref());
    Ok(Plan::Train(Box::new(TrainPlan {
        config: settle(&train.settings, environment, arguments)?.config,
        out: train.out,
        families,
        worlds: train.worlds,
        scale_worlds: train.scale_worlds,
        seed: train.seed,
        trees: train.trees,
        recorded: train.features.map(|features| (features, train.decisions)),
        decision_weight: train.decision_weight,
        leave_one_out: train.leave_one_out,
        quiet: train.quiet,
    })))
}

fn plan_demo(demo: cli::Demo, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    within("--codes", demo.codes, 1, 1_000_000)?;
    within("--weeks", demo.weeks, 1, 520)?;
    if !(demo.speed >= 0.0 && demo.speed.is_finite()) {
        return Err(PlanError::Usage(format!(
            "--speed is {}, must be 0 or more",
            demo.speed
        )));
    }
    let arguments = argument("--listen", "http.listen", demo.listen.as_ref());
    Ok(Plan::Demo(Box::new(DemoPlan {
        config: settle(&demo.settings, environment, arguments)?.config,
        seed: demo.seed,
        codes: demo.codes,
        weeks: demo.weeks,
        hours_per_second: (demo.speed > 0.0).then_some(demo.speed),
        once: demo.once,
        quiet: demo.quiet,
    })))
}

fn plan_replay(replay: cli::Replay, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let mut arguments = key_arguments(&replay.keys);
    arguments.extend(argument(
        "--threads",
        "pipeline.threads",
        replay.threads.as_ref(),
    ));
    let inputs = ReplayInputs {
        clicks: replay.clicks,
        orders: replay.orders,
        codes: replay.codes,
        sightings: replay.sightings,
        decisions: replay.decisions,
    };
    let outputs = ReplayOutputs {
        flags: replay.flags_out,
        shadow_flags: replay.shadow_flags_out,
        scores: replay.scores_out,
        windows: replay.windows_out,
        judged_orders: replay.judged_orders_out,
        features: replay.features_out,
        dead_letters: replay.dead_letters_out,
        report: replay.report,
    };
    check_files(&inputs, &outputs)?;
    let config = settle(&replay.settings, environment, arguments)?.config;
    if outputs.shadow_flags.is_some() && config.detect.overrides.shadow.is_none() {
        return Err(PlanError::Usage(
            "--shadow-flags-out needs something to try: [detect.shadow] or model.shadow_file in the \
             settings file, or --set detect.shadow.NAME=VALUE"
                .to_owned(),
        ));
    }
    Ok(Plan::Replay(Box::new(ReplayPlan {
        config,
        inputs,
        outputs,
        order: replay.order,
        quiet: replay.quiet,
        progress: !(replay.quiet || replay.no_progress),
    })))
}

fn plan_simulate(
    simulate: cli::Simulate,
    environment: &[(String, String)],
) -> Result<Plan, PlanError> {
    let start = simulate.start.as_deref().map(parse_start).transpose()?;
    let world = world_of(&simulate, start)?;
    let target = match simulate.out {
        Some(folder) => SimulateTarget::Files {
            folder,
            gzip: simulate.gzip,
        },
        None => SimulateTarget::Kafka {
            rate: NonZeroU32::new(simulate.rate),
        },
    };
    Ok(Plan::Simulate(Box::new(SimulatePlan {
        config: settle(&simulate.settings, environment, Vec::new())?.config,
        target,
        world,
        starts_as_said: start.is_some(),
        quiet: simulate.quiet,
    })))
}

/// The preset, with what was said beside it.
fn world_of(simulate: &cli::Simulate, start: Option<i64>) -> Result<WorldSettings, PlanError> {
    let unknown =
        |option: &str, name: &str| PlanError::Usage(format!("{option} {name}: not known"));
    let preset = WorldSettings::preset(&simulate.preset, simulate.seed)
        .ok_or_else(|| unknown("--preset", &simulate.preset))?;
    let family =
        Family::named(&simulate.family).ok_or_else(|| unknown("--family", &simulate.family))?;
    let preset = match simulate.codes {
        Some(codes) => preset.with_codes(codes),
        None => preset,
    };
    let world = WorldSettings {
        family,
        spread: simulate.spread.unwrap_or(preset.spread),
        start: start.unwrap_or(preset.start),
        days: simulate.days.map_or(preset.days, f64::from),
        leak_share: simulate.leak_share.unwrap_or(preset.leak_share),
        volume_scale: simulate.volume.unwrap_or(preset.volume_scale),
        dirty_share: simulate.dirty_share.unwrap_or(preset.dirty_share),
        ..preset
    };
    world
        .validate()
        .map_err(|error| PlanError::Usage(error.to_string()))?;
    Ok(world)
}

/// Epoch milliseconds.
fn parse_start(text: &str) -> Result<i64, PlanError> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        let example = "such as 2026-03-02T00:00:00+05:00";
        PlanError::Usage(format!(
            "--start is {text}, must be an RFC 3339 time, {example}"
        ))
    })?;
    Ok(time.as_millisecond())
}

fn plan_topics(action: TopicsAction, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let brokers =
        |brokers: &Option<String>| argument("--brokers", "kafka.brokers", brokers.as_ref());
    let plan = match action {
        TopicsAction::Create(create) => TopicsPlan::Create {
            config: settle(&create.settings, environment, brokers(&create.brokers))?.config,
            partitions: create.partitions,
            replication_factor: create.replication_factor,
            dry_run: create.dry_run,
        },
        TopicsAction::List(list) => TopicsPlan::List {
            config: settle(&list.settings, environment, brokers(&list.brokers))?.config,
        },
    };
    Ok(Plan::Topics(Box::new(plan)))
}

fn plan_state(action: StateAction, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let (look, verify) = match action {
        StateAction::Inspect(look) => (look, false),
        StateAction::Verify(look) => (look, true),
    };
    let location = argument("--location", "checkpoint.location", look.location.as_ref());
    Ok(Plan::State(Box::new(StatePlan {
        config: settle(&look.settings, environment, location)?.config,
        verify,
    })))
}

fn plan_config(action: ConfigAction, environment: &[(String, String)]) -> Result<Plan, PlanError> {
    let resolved = |settings| -> Result<_, PlanError> {
        Ok(resolve(&layers(settings, environment, Vec::new())?))
    };
    let plan = match action {
        ConfigAction::Example => ConfigPlan::Example,
        ConfigAction::Check(check) => ConfigPlan::Check(resolved(&check.settings)?),
        ConfigAction::Show(show) => ConfigPlan::Show(resolved(&show.settings)??),
    };
    Ok(Plan::Config(Box::new(plan)))
}

fn run_arguments(run: &cli::Run) -> Vec<Argument> {
    let mut arguments = key_arguments(&run.keys);
    arguments.extend(argument("--brokers", "kafka.brokers", run.brokers.as_ref()));
    arguments.extend(argument("--group", "kafka.group_id", run.group.as_ref()));
    arguments.extend(argument("--listen", "http.listen", run.listen.as_ref()));
    arguments
}

fn key_arguments(keys: &cli::KeyFiles) -> Vec<Argument> {
    let shown = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
    let files = [
        (
            "--pseudonym-key-file",
            "keys.pseudonym_key_file",
            shown(&keys.pseudonym_key_file),
        ),
        (
            "--hash-key-file",
            "keys.hash_key_file",
            shown(&keys.hash_key_file),
        ),
    ];
    files
        .iter()
        .flat_map(|(option, path, file)| argument(option, path, file.as_ref()))
        .collect()
}

fn argument(option: &'static str, path: &str, value: Option<&impl ToString>) -> Vec<Argument> {
    let argument = value.map(|value| Argument {
        option,
        path: path.to_owned(),
        text: value.to_string(),
    });
    argument.into_iter().collect()
}

fn settle(
    settings: &cli::Settings,
    environment: &[(String, String)],
    named: Vec<Argument>,
) -> Result<Resolved, PlanError> {
    let mut resolved = resolve(&layers(settings, environment, named)?)?;
    if let Some(file) = &resolved.config.model.file {
        resolved.config.detect.settings.judge = read_model(file)?;
    }
    if let Some(file) = &resolved.config.model.shadow_file {
        let judge = read_model(file)?;
        let overrides = &mut resolved.config.detect.overrides;
        overrides.shadow.get_or_insert_default().judge = Some(judge);
    }
    Ok(resolved)
}

fn read_model(file: &Path) -> Result<Judge, PlanError> {
    let refused = |why: String| PlanError::Model {
        file: file.to_owned(),
        why,
    };
    let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    let model = Model::parse(&text).map_err(|error| refused(error.to_string()))?;
    Ok(Judge::new(model))
}

/// Options of their own name come after `--set`, because they say it more plainly.
fn layers(
    settings: &cli::Settings,
    environment: &[(String, String)],
    named: Vec<Argument>,
) -> Result<Layers, PlanError> {
    let mut arguments = Vec::new();
    for typed in &settings.set {
        let (path, text) = typed.split_once('=').ok_or_else(|| {
            PlanError::Usage(format!(
                "--set {typed}: must be NAME=VALUE, such as kafka.brokers=kafka:9092"
            ))
        })?;
        arguments.extend(argument("--set", path.trim(), Some(&text)));
    }
    arguments.extend(argument(
        "--log-level",
        "log.level",
        settings.log_level.as_ref(),
    ));
    arguments.extend(argument(
        "--log-format",
        "log.format",
        settings.log_format.as_ref(),
    ));
    arguments.extend(named);
    let from_environment = || {
        environment
            .iter()
            .find(|(name, _)| name == "PROMOGUARD_CONFIG")
    };
    Ok(Layers {
        file: settings
            .config
            .clone()
            .or_else(|| from_environment().map(|(_, file)| file.into())),
        environment: environment.to_vec(),
        arguments,
    })
}

/// A pipe has one end, and a file that is read must not be written.
fn check_files(inputs: &ReplayInputs, outputs: &ReplayOutputs) -> Result<(), PlanError> {
    let read: Vec<&Path> = inputs.paths().collect();
    let flags = Some(&outputs.flags);
    let written = [
        ("--flags-out", flags),
        ("--shadow-flags-out", outputs.shadow_flags.as_ref()),
        ("--scores-out", outputs.scores.as_ref()),
        ("--windows-out", outputs.windows.as_ref()),
        ("--judged-orders-out", outputs.judged_orders.as_ref()),
        ("--features-out", outputs.features.as_ref()),
        ("--dead-letters-out", outputs.dead_letters.as_ref()),
        ("--report", outputs.report.as_ref()),
    ];
    let written: Vec<(&str, &Path)> = written
        .into_iter()
        .filter_map(|(option, path)| Some((option, path?.as_path())))
        .collect();
    let standard = Path::new("-");
    if read.iter().filter(|path| **path == standard).count() > 1 {
        return Err(PlanError::Usage(
            "standard input (-) can be read only once".to_owned(),
        ));
    }
    for (index, (option, path)) in written.iter().enumerate() {
        if let Some((other, _)) = written[..index].iter().find(|(_, earlier)| earlier == path) {
            let path = path.display();
            return Err(PlanError::Usage(format!(
                "{option} and {other} would both write {path}"
            )));
        }
        if *path != standard && read.contains(path) {
            let path = path.display();
            return Err(PlanError::Usage(format!(
                "{option} would overwrite the input {path}"
            )));
        }
    }
    Ok(())
}

fn within(option: &str, value: u32, min: u32, max: u32) -> Result<(), PlanError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(PlanError::Usage(format!(
        "{option} is {value}, must be from {min} to {max}"
    )))
}
