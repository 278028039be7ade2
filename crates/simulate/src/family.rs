//! The families of worlds behind one face.
//!
//! Decides nothing: it hands each call to the family that the settings ask for.

use crate::cascades::Cascades;
use crate::programme::Programme;
use crate::settings::{Family, WorldSettings};
use crate::shop::Outage;
use crate::stage::Stage;
use crate::time::Hour;
use crate::world::{Answers, Happenings};

/// Whoever makes things happen.
#[derive(Clone, Debug)]
pub(crate) enum Players {
    Programme(Box<Programme>),
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
            Self::Cascades(cascades) => cascades.play(hour, stage, answers, out),
        }
    }

    /// What is broken at a shop in the hour that was played last.
    pub(crate) fn outage(&self, merchant: u32) -> Outage {
        match self {
            Self::Programme(programme) => programme.outage(merchant),
            Self::Cascades(cascades) => cascades.outage(merchant),
        }
    }
}
