//! Simulated programmes with a fixed seed, in memory.

use promoguard::engine::decode::IntakeKeys;
use promoguard_event::{DecoderLimits, PseudonymKey, Topic};
use promoguard_pipeline::{Hashers, Intake};
use promoguard_simulate::{RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

/// 150 codes over four weeks with the leaks, floods and honest look-alikes of the default programme: some 220,000
/// clicks and 20,000 order records.
pub(crate) fn programme() -> WorldSettings {
    WorldSettings {
        seed: 20_260_101,
        codes: 150,
        days: 28.0,
        ..WorldSettings::default()
    }
}

/// Five days with four times the volume: some 28,000 clicks a day, one in a thousand of them hours or
/// days late.
pub(crate) fn busy_days() -> WorldSettings {
    WorldSettings {
        days: 5.0,
        volume_scale: 4.0,
        ..programme()
    }
}

/// The same days without late records: clicks arrive within minutes of their neighbours, as they do in the files of one
/// log.
pub(crate) fn punctual_days() -> WorldSettings {
    WorldSettings {
        late_share: 0.0,
        ..busy_days()
    }
}

/// All records of a world, in order of arrival.
pub(crate) struct Recording {
    /// The registry, NDJSON.
    pub(crate) codes: Vec<u8>,
    batch: RecordBatch,
}

impl Recording {
    /// Runs a world to its end.
    pub(crate) fn of(settings: WorldSettings) -> Self {
        let mut world = World::new(settings).expect("the settings are within their bounds");
        let codes = world.codes();
        let mut batch = RecordBatch::with_records_max(usize::MAX);
        while world.fill(&mut batch) > 0 {}
        Self { codes, batch }
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.batch.len()
    }

    /// Topic and bytes of each record.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Topic, &[u8])> {
        self.batch.iter().map(|record| {
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            (topic, record.payload)
        })
    }

    /// Up to `count` payloads of a topic, spread over the whole recording; copies, so that they lie together as the lines
    /// of a chunk do.
    pub(crate) fn sample(
        &self,
        topic: Topic,
        count: usize,
        wanted: fn(&[u8]) -> bool,
    ) -> Vec<Box<[u8]>> {
        let all: Vec<&[u8]> = self
            .records()
            .filter(|(of, payload)| *of == topic && wanted(payload))
            .map(|(_, payload)| payload)
            .collect();
        let step = (all.len() / count).max(1);
        all.into_iter()
            .step_by(step)
            .take(count)
            .map(Box::from)
            .collect()
    }
}

/// A key of pseudonyms; any will do.
pub(crate) fn pseudonym_key() -> PseudonymKey {
    PseudonymKey::new([7; 32])
}

/// An intake with the documented key.
pub(crate) fn intake() -> Intake {
    let keys = IntakeKeys {
        pseudonyms: pseudonym_key(),
        limits: DecoderLimits::default(),
        hashers: Hashers::new(&HashKey::documented()),
    };
    keys.intake()
}
