//! One hour: cascades that begin, leaks that flow, and every event that is due.
//!
//! Decides when things happen. What an event looks like is a matter of `checkout`.

use crate::calendar::Calendar;
use crate::cascades::chance::pareto_mean_one;
use crate::cascades::codes::{CodeState, MENTION_SIZE};
use crate::cascades::kernel::{FATIGUE, Stir, StirKind};
use crate::cascades::mixtures::Mixture;
use crate::cascades::nature::Nature;
use crate::cascades::regimes::News;
use crate::cascades::restaurants::Guests;
use crate::cascades::seasons::Seasons;
use crate::cascades::segments::Segments;
use crate::cascades::shops::Shop;
use crate::cascades::stories::Turn;
use crate::draft::{NO_REFERRER, ReferrerId};
use crate::random::Random;
use crate::stage::Stage;
use crate::time::{DAY_MS, Hour, MINUTE_MS};
use crate::truth::{CodeTruth, HonestLookalike, TruthEvent};
use crate::world::Happenings;

/// Running numbers: clicks and orders get ids from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serials {
    pub(crate) clicks: u64,
    pub(crate) orders: u64,
}

/// Everything that an hour is drawn from and written to.
pub(crate) struct Scene<'s> {
    pub(crate) hour: Hour,
    pub(crate) seed: u64,
    pub(crate) mistyped_share: f64,
    pub(crate) nature: &'s Nature,
    pub(crate) segments: &'s Segments,
    pub(crate) stage: &'s Stage,
    pub(crate) shops: &'s [Shop],
    pub(crate) seasons: &'s Seasons,
    pub(crate) searches: &'s [ReferrerId],
    pub(crate) messengers: &'s [ReferrerId],
    /// Weights of the segments for open shops and for marketplaces.
    pub(crate) prevalences: &'s [Vec<f64>; 2],
    pub(crate) codes: &'s mut [CodeState],
    pub(crate) guests: &'s mut Guests,
    pub(crate) serials: &'s mut Serials,
    pub(crate) stirs: &'s mut Calendar<Stir>,
    /// Events of this hour that are yet to happen.
    pub(crate) open: Vec<Stir>,
    /// Chance for where cascades begin and leaks flow, and for everything that follows.
    pub(crate) random: Random,
    pub(crate) out: &'s mut Happenings,
}

/// A crowd that takes an interest at once.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    at: i64,
    /// How many people on average.
    size: f64,
    /// Mean children of each; absent: as cascades usually have.
    ratio: Option<f32>,
    kind: StirKind,
}

impl Scene<'_> {
    /// Begins what begins at a code in this hour. Happenings around it are told to `truth`, where there is
    /// one yet.
    pub(crate) fn begin(&mut self, code: u32, mut truth: Option<&mut CodeTruth>) {
        let hour = self.hour;
        let index = code as usize;
        let origins = &self.nature.origins;
        let contagion = &self.nature.contagion;
        let weather = self.seasons.weather(self.codes[index].shop);
        let state = &self.codes[index];
        let live = state.lively * weather.interest * state.faded(hour);
        let rates = state.rates;
        let alive = hour.until > state.starts_at;

        while let Some(news) = self.codes[index].feed.step(origins, hour.until) {
            match news {
                News::Post(post) if alive && post.at < self.codes[index].ends_at => {
                    let size = rates.post_size(origins, contagion) * live * post.size;
                    self.crowd(code, Crowd::usual(post.at.max(hour.from), size));
                    self.previews(code, post.at.max(hour.from));
                }
                News::Post(_) => {}
                News::Regime(regime, at) => {
                    if regime.jumps {
                        self.jump(code);
                    }
                    if let Some(truth) = truth.as_deref_mut() {
                        let kind = "regime_change";
                        truth.note(TruthEvent {
                            kind,
                            at,
                            until: None,
                        });
                    }
                }
            }
        }
        if !alive {
            return;
        }
        let level = self.codes[index].feed.regime().level;
        let abroad = self.shops[self.codes[index].shop as usize].abroad;
        let shopping = &self.segments.shopping[usize::from(abroad)];
        let awake = shopping.level(hour.week_hour);
        let searches = rates.searches_per_hour(origins, contagion) * live * level * awake;
        for _ in 0..self.random.poisson(searches) {
            let at = self.random.range_ms(hour.from, hour.until);
            let segment = self.codes[index].mixture.pick(&mut self.random);
            let ratio = contagion.ratio(&mut self.random);
            self.open.push(Stir {
                ts: at,
                code,
                ratio,
                segment,
                kind: StirKind::Interest,
            });
        }
        let mentions = rates.mentions_per_hour(origins, contagion) * live * level * awake;
        for _ in 0..self.random.poisson(mentions) {
            let at = self.random.range_ms(hour.from, hour.until);
            let size = MENTION_SIZE * pareto_mean_one(origins.post_tail, 60.0, &mut self.random);
            self.crowd(code, Crowd::usual(at, size));
        }
        self.turn(code, truth.as_deref_mut());
        self.flow(code, truth);
        self.flood(code);
    }

    /// The story's part of the hour.
    fn turn(&mut self, code: u32, truth: Option<&mut CodeTruth>) {
        /// Cascades of a viral post: nearly critical.
        const VIRAL_RATIO: f32 = 0.93;
        let hour = self.hour;
        let state = &self.codes[code as usize];
        let Some(story) = state.story else {
            return;
        };
        let turn = story.turn(hour, self.seed, code.into());
        if turn == Turn::Nothing || hour.from >= state.ends_at {
            return;
        }
        let day = 24.0 * state.rates.events_per_hour / self.nature.contagion.cluster_mean();
        let at = story.from.clamp(hour.from, hour.until - 1);
        match turn {
            Turn::Nothing => {}
            Turn::Viral(posts) => {
                let post = state
                    .rates
                    .post_size(&self.nature.origins, &self.nature.contagion);
                self.crowd(
                    code,
                    Crowd {
                        at,
                        size: posts * post,
                        ratio: Some(VIRAL_RATIO),
                        kind: StirKind::Interest,
                    },
                );
                self.previews(code, at);
            }
            Turn::Curious(days) => self.crowd(
                code,
                Crowd {
                    at,
                    size: days * day,
                    ratio: Some(0.5),
                    kind: StirKind::Curiosity,
                },
            ),
            Turn::Spot(days) => {
                let at = self.random.range_ms(hour.from, hour.until);
                self.crowd(code, Crowd::usual(at, days * day));
            }
            Turn::Lunch(colleagues) => {
                let at = hour.from + self.random.range_ms(0, 20 * MINUTE_MS);
                self.meeting(code, at, colleagues, StirKind::Colleague);
                if let Some(truth) = truth {
                    truth.note(TruthEvent {
                        kind: HonestLookalike::OfficeSharing.name(),
                        at,
                        until: Some(hour.until),
                    });
                }
            }
            Turn::Reaches(archetype, share) => {
                let honest = &self.segments.honest;
                let state = &mut self.codes[code as usize];
                let of_it = |segment: usize| honest[segment].archetype == archetype;
                state.mixture.favour(of_it, share);
                if story.place != NO_REFERRER {
                    state.audience.messenger = story.place;
                }
            }
        }
    }

    /// The mixture jumps; a story's audience stays.
    fn jump(&mut self, code: u32) {
        let state = &mut self.codes[code as usize];
        let walled = self.shops[state.shop as usize].walled;
        let prevalences = &self.prevalences[usize::from(walled)];
        let mixing = &self.nature.mixing;
        state.mixture.jump(prevalences, mixing, &mut self.random);
        if let Some((archetype, share)) = state.story.and_then(|story| story.audience()) {
            let honest = &self.segments.honest;
            let of_it = |segment: usize| honest[segment].archetype == archetype;
            state.mixture.favour(of_it, share);
        }
    }

    /// So many orders within minutes.
    pub(crate) fn meeting(&mut self, code: u32, at: i64, count: u64, kind: StirKind) {
        const MEETS_FOR_MINUTES: f64 = 25.0;
        for _ in 0..count {
            let minutes = self.random.exponential(MEETS_FOR_MINUTES).min(120.0);
            let ts = at + (minutes * MINUTE_MS as f64) as i64;
            self.file(Stir::single(ts, code, kind));
        }
    }

    /// A crowd whose members come by the kernel, mostly of one segment.
    fn crowd(&mut self, code: u32, crowd: Crowd) {
        let contagion = &self.nature.contagion;
        let segments = self.segments;
        let state = &self.codes[code as usize];
        let abroad = self.shops[state.shop as usize].abroad;
        let favourite = state.mixture.pick(&mut self.random);
        let ratio = crowd
            .ratio
            .unwrap_or_else(|| contagion.ratio(&mut self.random));
        for _ in 0..self.random.poisson(crowd.size) {
            let mixture = &self.codes[code as usize].mixture;
            let segment = alike(contagion.homophily, favourite, mixture, &mut self.random);
            let clock = segments.honest[usize::from(segment)].clock(abroad);
            let ts = clock.after(crowd.at, contagion.delay_hours(&mut self.random));
            self.file(Stir {
                ts,
                code,
                ratio,
                segment,
                kind: crowd.kind,
            });
        }
    }

    /// Robots that look at a new post.
    fn previews(&mut self, code: u32, at: i64) {
        const ROBOTS_PER_POST: f64 = 2.0;
        for _ in 0..self.random.poisson(ROBOTS_PER_POST) {
            let ts = at + self.random.range_ms(500, 40_000);
            self.robot(ts.min(self.hour.until - 1), code);
        }
    }

    /// Files an event under its time.
    pub(crate) fn file(&mut self, stir: Stir) {
        if stir.ts < self.hour.until {
            self.open.push(stir);
        } else {
            self.stirs.push(stir.ts, stir);
        }
    }

    /// Lets everything that is due in this hour happen, and what follows from it within the hour.
    pub(crate) fn run(&mut self) {
        while let Some(stir) = self.open.pop() {
            match stir.kind {
                StirKind::Interest | StirKind::Curiosity => self.interest(stir),
                StirKind::Colleague => {
                    let desk = crate::cascades::archetypes::DESKS as u8;
                    self.honest_order(stir.ts, stir.code, desk);
                }
                StirKind::Leaked => self.leaked_order(stir.ts, stir.code),
            }
        }
    }

    fn interest(&mut self, stir: Stir) {
        /// Of a crowd that wants a prize, so much fewer buy.
        const CURIOUS_BUY: f64 = 0.2;
        /// At most so many of those who take an interest buy.
        const BUYING_MAX: f64 = 0.9;
        let state = &self.codes[stir.code as usize];
        if stir.ts < state.starts_at {
            return;
        }
        let shape = &self.segments.honest[usize::from(stir.segment)].shape;
        let weather = self.seasons.weather(state.shop);
        let mut buying = state.rates.buying * shape.buys * weather.buying;
        if weather.tilt != 0.0 {
            buying *= libm::exp(weather.tilt * shape.sale);
        }
        if let Some(story) = &state.story {
            buying *= story.buying(self.hour);
        }
        if stir.kind == StirKind::Curiosity {
            buying *= CURIOUS_BUY;
        }
        let buying = buying.min(BUYING_MAX);
        let drawn = self.random.unit();
        if drawn < buying {
            self.honest_order(stir.ts, stir.code, stir.segment);
        } else if drawn < buying + (1.0 - buying) * shape.seen {
            self.visit(stir.ts, stir.code, stir.segment);
        }
        self.spawn(stir);
    }

    /// The event's children.
    fn spawn(&mut self, stir: Stir) {
        let contagion = &self.nature.contagion;
        let children = contagion.children(stir.ratio, &mut self.random);
        if children == 0 {
            return;
        }
        let segments = self.segments;
        let state = &self.codes[stir.code as usize];
        let abroad = self.shops[state.shop as usize].abroad;
        // Who hears of a code that has ended tells nobody.
        if stir.ts >= state.ends_at {
            return;
        }
        for _ in 0..children {
            let mixture = &self.codes[stir.code as usize].mixture;
            let segment = alike(contagion.homophily, stir.segment, mixture, &mut self.random);
            let clock = segments.honest[usize::from(segment)].clock(abroad);
            let ts = clock.after(stir.ts, contagion.delay_hours(&mut self.random));
            self.file(Stir {
                ts,
                ratio: stir.ratio * FATIGUE,
                segment,
                ..stir
            });
        }
    }
}

impl Crowd {
    fn usual(at: i64, size: f64) -> Self {
        Self {
            at,
            size,
            ratio: None,
            kind: StirKind::Interest,
        }
    }
}

/// A segment like the given one, or one of the code's audience.
#[inline]
fn alike(homophily: f64, like: u8, mixture: &Mixture, random: &mut Random) -> u8 {
    if random.chance(homophily) {
        like
    } else {
        mixture.pick(random)
    }
}

/// Hours before the world begins in which cascades start that are still felt in it.
pub(crate) fn prelude_hours(days: f64) -> i64 {
    const LONGEST_DAYS: f64 = 6.0;
    let days = (days / 5.0).clamp(0.5, LONGEST_DAYS);
    (days * (DAY_MS / crate::time::HOUR_MS) as f64) as i64
}
