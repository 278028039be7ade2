//! Made-up clicks: by whom, in which hours, and how well they are disguised. No orders come of them.

use crate::agents::Agents;
use crate::agents::crowds::moment;
use crate::agents::events::Scene;
use crate::draft::{ClickDraft, NO_REFERRER, Spelling};
use crate::random::{Random, mix};
use crate::time::{DAY_MS, HOUR_MS, Hour};
use crate::wire::{AGENTS, FIRST_FLOODER, FIRST_ROBOT};

#[derive(Clone, Copy, Debug)]
enum Sort {
    /// A rented server that does not hide.
    Script,
    /// Many addresses, a person's agent, a new visitor each time.
    Botnet,
    /// A room full of phones, again and again.
    Farm(u64),
    /// As a farm, and it names the partner's platform as its origin.
    Mimic(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Flood {
    pub(crate) onset: i64,
    pub(crate) until: i64,
    clicks_per_hour: f64,
    sort: Sort,
    /// Share of three-hour stretches in which it runs.
    busy_share: f64,
}

/// Busiest flood, in clicks a day, before `volume_scale`: beyond it nobody would need a detector.
const CLICKS_PER_DAY_MAX: f64 = 3_000.0;

impl Flood {
    /// Draws a flood within `from..until` of a code that has so many clicks an hour.
    pub(crate) fn draw(
        (from, until): (i64, i64),
        usual: f64,
        volume_scale: f64,
        random: &mut Random,
    ) -> Self {
        let span = (until - from) as f64;
        let onset = from + (span * random.range(0.05, 0.85)) as i64;
        let length = (DAY_MS as f64 * random.log_uniform(0.3, 25.0)).min(span);
        let phones = random.log_uniform(3.0, 300.0) as u64;
        let sort = match random.weighted(&[0.35, 0.3, 0.2, 0.15]) {
            0 => Sort::Script,
            1 => Sort::Botnet,
            2 => Sort::Farm(phones),
            _ => Sort::Mimic(phones),
        };
        let cap = CLICKS_PER_DAY_MAX * volume_scale / 24.0;
        Self {
            onset,
            until: onset + length as i64,
            clicks_per_hour: (usual * random.log_uniform(3.0, 60.0)).min(cap),
            sort,
            busy_share: random.range(0.25, 1.0),
        }
    }

    fn runs_in(&self, hour: Hour, seed: u64, number: u32) -> bool {
        let stretch = (hour.from / (3 * HOUR_MS)) as u64;
        let luck =
            (mix(seed ^ u64::from(number) << 32 ^ stretch) >> 11) as f64 / (1u64 << 53) as f64;
        self.onset < hour.until && hour.from < self.until && luck < self.busy_share
    }
}

impl Agents {
    /// The flood's clicks of the open hour, if there is one.
    pub(super) fn flood(&mut self, scene: &mut Scene<'_>, number: u32) {
        let code = &self.codes[number as usize];
        let seed = self.settings.seed;
        let Some(flood) = code
            .flood
            .filter(|flood| flood.runs_in(scene.hour, seed, number))
        else {
            return;
        };
        let partner = &self.partners[code.partner as usize];
        let (platform, land) = (partner.platforms[0], partner.land);
        for _ in 0..self
            .random
            .poisson(flood.clicks_per_hour / flood.busy_share)
        {
            let ts = moment(scene, &mut self.random);
            if ts < flood.onset || ts >= flood.until {
                continue;
            }
            self.clicks_made += 1;
            let id = mix(self.clicks_made ^ seed.rotate_left(23));
            let person = self.town.lands[land].anyone(&mut self.random);
            let named = self.random.chance(0.6);
            let person_agent = self.random.index(FIRST_ROBOT) as u8;
            let script_agent =
                (FIRST_FLOODER + self.random.index(AGENTS.len() - FIRST_FLOODER)) as u8;
            let (visitor, agent, referrer) = match flood.sort {
                Sort::Script => (mix(u64::from(number) ^ id & 3), script_agent, NO_REFERRER),
                Sort::Botnet => (mix(id), person_agent, NO_REFERRER),
                Sort::Farm(phones) | Sort::Mimic(phones) => {
                    let phone = mix(u64::from(number) << 20 ^ self.random.below(phones));
                    let named = named && matches!(flood.sort, Sort::Mimic(_));
                    let referrer = if named {
                        self.platform_referrers[usize::from(platform)]
                    } else {
                        NO_REFERRER
                    };
                    (phone, (phone % FIRST_ROBOT as u64) as u8, referrer)
                }
            };
            let network = match flood.sort {
                Sort::Botnet => mix(visitor) >> 47,
                _ => u64::from(number % 128) << 9 | mix(visitor) & 0x3f,
            };
            scene.out.clicks.push(ClickDraft {
                ts,
                id,
                visitor,
                code: number,
                // 198.18.0.0/15 is set aside for benchmarks (RFC 2544).
                ip: 0xc612_0000 | network as u32 & 0x0001_ffff,
                referrer,
                agent,
                city: self.town.person(person).city,
                spelling: Spelling::Registry,
                fraudulent: true,
            });
        }
    }
}
