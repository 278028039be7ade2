//! What was meant: settings from every layer, and the command line with all its values in place.
//!
//! Decides whether what was typed and configured makes sense together, before anything starts.
//! Must not know how a command does its work.
//!
//! [`sections`] holds the settings, [`schema`] reads their documentation from the structs,
//! [`layers`] puts default, file, environment and command line on top of each other, [`plan`]
//! turns typed arguments into what a command needs, [`keys`] reads the secrets, [`judge`] lends the
//! judge's own settings, [`overrides`] what merchants set for themselves and what is tried in shadow.

use std::num::NonZeroUsize;

mod check;
pub mod example;
pub mod judge;
pub mod keys;
pub mod layers;
pub mod overrides;
pub mod plan;
pub mod review;
pub mod schema;
pub mod sections;
mod value;
mod wire;

pub use layers::{Fault, Faults, Layers, Origin, Resolved, resolve};
pub use plan::{
    ConfigPlan, ConsolePlan, DemoPlan, DoctorPlan, EvaluatePlan, ExplainPlan, HoldsPlan, Plan,
    PlanError, ReplayInputs, ReplayOutputs, ReplayPlan, ReviewPlan, ReviewWork, RunPlan,
    SimulatePlan, SimulateTarget, StatePlan, TopicsPlan, TrainPlan,
};
pub use sections::Config;

impl Config {
    /// How many threads work on partitions: as set, else one per core.
    pub fn threads(&self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        NonZeroUsize::new(self.pipeline.threads as usize).unwrap_or_else(cores)
    }
}

#[cfg(test)]
mod tests;
