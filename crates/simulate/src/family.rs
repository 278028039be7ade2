//! The families of worlds behind one face.
//!
//! Decides nothing: it hands each call to the family that the settings ask for.

use crate::agents::Agents;
use crate::cascades::Cascades;
use crate::programme::Programme;
use crate::resampled::Resampled;
use crate::settings::{Family, WorldSettings};
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::Hour;
use crate::world::{Answers, Happenings};

/// Whoever makes things happen.
#[derive(Clone, Debug)]
pub(crate) enum Players {
    Programme(Box<Programme>),
    Agents(Box<Agents>),
    Resampled(Box<Resampled>),
    Cascades(Box<Cascades>),
}

impl Players {
    /// Sets the stage; `settings` must be valid.
    pub(crate) fn cast(settings: &WorldSettings) -> (Stage, Self, Answers) {
        match settings.family {
            Family::Programme => {
                let (stage, programme, answers) = Programme::cast(settings);
                (stage, Self::Programme(Box::new(programme)), answers)
            }
            Family::Agents => {
                let (stage, agents, answers) = Agents::cast(settings);
                (stage, Self::Agents(Box::new(agents)), answers)
            }
            Family::Resampled => {
                let (stage, resampled, answers) = Resampled::cast(settings);
                (stage, Self::Resampled(Box::new(resampled)), answers)
            }
            Family::Cascades => {
                let (stage, cascades, answers) = Cascades::cast(settings);
                (stage, Self::Cascades(Box::new(cascades)), answers)
            }
        }
    }

    /// Plays one hour; hours must be played in order.
    pub(crate) fn play(
        &mut self,
        hour: Hour,
        stage: &mut Stage,
        answers: &mut Answers,
        out: &mut Happenings,
    ) {
        match self {
            Self::Programme(programme) => programme.play(hour, stage, answers, out),
            Self::Agents(agents) => agents.play(hour, stage, answers, out),
            Self::Resampled(resampled) => resampled.play(hour, stage, answers, out),
            Self::Cascades(cascades) => cascades.play(hour, stage, answers, out),
        }
    }

    /// What is broken at a shop in the hour that was played last.
    pub(crate) fn outage(&self, merchant: u32) -> Outage {
        match self {
            Self::Programme(programme) => programme.outage(merchant),
            Self::Agents(agents) => agents.outage(merchant),
            Self::Resampled(resampled) => resampled.outage(merchant),
            Self::Cascades(cascades) => cascades.outage(merchant),
        }
    }
}
