//! A world that runs hour by hour: what happens, what becomes of orders, and what has arrived of it.

use crate::calendar::Calendar;
use crate::delivery::{Delivery, Totals};
use crate::draft::{ClickDraft, OrderDraft, Spelling, Status};
use crate::family::Players;
use crate::random::{Random, Stream};
use crate::record::RecordBatch;
use crate::settings::{SettingsError, WorldSettings};
use crate::shop::Merchant;
use crate::stage::{Sighting, Stage};
use crate::time::{HOUR_MS, Hour, days_ms};
use crate::truth::CodeTruth;
use crate::wire::push_order_id;

/// What a family of worlds adds to an hour. Orders may lie ahead of the hour; clicks lie within it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Happenings {
    pub(crate) clicks: Vec<ClickDraft>,
    pub(crate) orders: Vec<OrderDraft>,
}

/// The answer key of a world: one truth per code, and the sightings, in order of code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) truths: Vec<CodeTruth>,
    pub(crate) sightings: Vec<Sighting>,
}

/// A programme of promo codes with known leaks, as a stream of records in order of arrival.
///
/// Use [`World::fill`] for a world that ends after its `days`, or [`World::next_hour`] for one that goes on.
/// Memory is bounded by the busiest hour plus what is under way (orders that will be paid or returned,
/// late records), not by the length of the run.
#[derive(Clone, Debug)]
pub struct World {
    settings: WorldSettings,
    stage: Stage,
    players: Players,
    answers: Answers,
    delivery: Delivery,
    /// Orders, and statuses of orders, that happen in a later hour.
    ahead: Calendar<OrderDraft>,
    happenings: Happenings,
    now: i64,
    end: i64,
}

impl World {
    /// Casts the world; nothing has happened yet.
    ///
    /// # Errors
    /// Settings that are out of bounds.
    pub fn new(mut settings: WorldSettings) -> Result<Self, SettingsError> {
        settings.validate()?;
        settings.start = settings.start.div_euclid(HOUR_MS) * HOUR_MS;
        let start = settings.start;
        let end = start + days_ms(settings.days);
        let (stage, players, answers) = Players::cast(&settings);
        Ok(Self {
            delivery: Delivery::new(&settings, &stage, start),
            ahead: Calendar::starting(start),
            happenings: Happenings::default(),
            now: start,
            end,
            settings,
            stage,
            players,
            answers,
        })
    }

    /// The settings, with `start` cut to the hour.
    pub fn settings(&self) -> &WorldSettings {
        &self.settings
    }

    /// All records that arrive before this time, epoch milliseconds, have been generated.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The registry: one `code` entry a line, NDJSON. Unregistered codes are not in it.
    pub fn codes(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for card in self.stage.cards.iter().filter(|card| card.registered) {
            self.stage.write_registry_line(card, &mut lines);
        }
        lines
    }

    /// The registry's entries one by one, for a keyed topic: (normalised code, one JSON object).
    pub fn code_entries(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.stage
            .cards
            .iter()
            .filter(|card| card.registered)
            .map(|card| {
                let mut line = Vec::new();
                self.stage.write_registry_line(card, &mut line);
                line.pop();
                (card.key.as_str(), line)
            })
    }

    /// Sightings of codes in public places, NDJSON by time. In endless use each era adds some.
    pub fn sightings(&self) -> Vec<u8> {
        let mut sorted: Vec<&Sighting> = self.answers.sightings.iter().collect();
        sorted.sort_by_key(|sighting| (sighting.ts, sighting.code));
        let mut lines = Vec::new();
        for sighting in sorted {
            self.stage.write_sighting_line(sighting, &mut lines);
        }
        lines
    }

    /// What really happened to each code; complete once [`World::fill`] has returned 0.
    pub fn truth(&self) -> &[CodeTruth] {
        &self.answers.truths
    }

    /// The truth as NDJSON.
    pub fn truth_lines(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for truth in &self.answers.truths {
            truth.write_line(&mut lines);
        }
        lines
    }

    /// Counts of the records handed out so far.
    pub fn totals(&self) -> Totals {
        self.delivery.totals()
    }

    /// Tops the batch up with the next records. Returns how many were added; 0 means that the batch was
    /// full or that the world's `days` are over and everything that happened in them has arrived.
    pub fn fill(&mut self, batch: &mut RecordBatch) -> usize {
        let before = batch.len();
        while !batch.is_full() {
            if self.delivery.hour_is_done() && !self.open_hour_before_end() {
                break;
            }
            self.delivery.hand_out(&self.stage, batch, false);
        }
        batch.len() - before
    }

    /// Appends everything that arrives within the next hour, however much that is, without regard to the
    /// end: new leaks begin in every further era of `days`.
    pub fn next_hour(&mut self, batch: &mut RecordBatch) {
        self.delivery.hand_out(&self.stage, batch, true);
        self.open_hour();
        self.delivery.hand_out(&self.stage, batch, true);
    }

    fn open_hour_before_end(&mut self) -> bool {
        if self.now < self.end {
            self.open_hour();
        } else if !self.delivery.nothing_in_transit() {
            // Only what is under way still arrives; statuses of later hours stay untold.
            let hour = Hour::starting(self.now);
            self.now = hour.until;
            self.ahead.take_hour();
            self.delivery.open(hour);
            self.delivery.close();
        } else {
            return false;
        }
        true
    }

    fn open_hour(&mut self) {
        let hour = Hour::starting(self.now);
        self.now = hour.until;
        self.delivery.open(hour);
        let mut happenings = std::mem::take(&mut self.happenings);
        self.players
            .play(hour, &mut self.stage, &mut self.answers, &mut happenings);

        let mut life = Random::of(self.settings.seed, Stream::Life, 0, hour.from as u64);
        let due = self.ahead.take_hour();
        for &order in due.iter().chain(&happenings.orders) {
            self.live(order, hour, &mut life);
        }
        self.ahead.recycle(due);
        for &click in &happenings.clicks {
            let truth = &mut self.answers.truths[click.code as usize];
            truth.clicks += 1;
            truth.fraudulent_clicks += u64::from(click.fraudulent);
            self.delivery.send_click(click);
        }
        self.delivery.close();
        happenings.clicks.clear();
        happenings.orders.clear();
        self.happenings = happenings;
    }

    /// Lets an order take its status, and those that follow within the hour.
    fn live(&mut self, order: OrderDraft, hour: Hour, life: &mut Random) {
        let mut next = Some(order);
        while let Some(order) = next {
            if order.ts >= hour.until {
                self.ahead.push(order.ts, order);
                return;
            }
            let mut order = order;
            if order.first || order.status == Status::Rejected {
                Merchant::suffer(self.players.outage(order.merchant), &mut order);
            }
            self.tally(&order);
            self.delivery.send_order(&self.stage, order);
            next = self.stage.merchants[order.merchant as usize].after(&order, life);
        }
    }

    fn tally(&mut self, order: &OrderDraft) {
        let truth = &mut self.answers.truths[order.code as usize];
        if order.status == Status::Rejected && order.spelling != Spelling::Mistyped {
            truth.rejected_attempts += 1;
        }
        if order.first && order.fraudulent {
            truth.leaked_orders += 1;
            if truth.leaked_order_ids.len() < self.settings.leaked_order_ids_max {
                let mut id = Vec::new();
                push_order_id(
                    &mut id,
                    &self.stage.merchants[order.merchant as usize],
                    order.serial,
                );
                truth
                    .leaked_order_ids
                    .push(String::from_utf8(id).expect("ids are ASCII"));
            }
        } else if order.first {
            truth.organic_orders += 1;
        }
    }
}
