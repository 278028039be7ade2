//! From what happened to what arrives, and when: transport delays, lateness, disorder, repeats, dirt.
//!
//! Knows nothing of leaks; a family of worlds hands it drafts.

use crate::calendar::Calendar;
use crate::dirty::{DEFECTS, spoil};
use crate::draft::{ClickDraft, OrderDraft};
use crate::random::{Random, Stream};
use crate::record::{Marks, RecordBatch, Topic};
use crate::settings::WorldSettings;
use crate::stage::Stage;
use crate::time::{Hour, MINUTE_MS, hours_ms};
use crate::wire::Wire;

/// How many records of each sort have been handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records of clicks, all sorts.
    pub click_records: u64,
    /// Records of orders and their later statuses, all sorts.
    pub order_records: u64,
    /// Repeats among them.
    pub duplicates: u64,
    /// Malformed records among them.
    pub malformed: u64,
    /// Records among them that arrived an hour or more after their `ts`.
    pub late: u64,
}

#[derive(Clone, Copy, Debug)]
enum Parcel {
    Click(ClickDraft),
    Order(OrderDraft),
}

/// How one copy of a record is delivered.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    duplicate: bool,
    defect: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct InTransit {
    arrival: i64,
    manner: Manner,
    parcel: Parcel,
}

/// A line of the hour's list; the parcels themselves stay where they are while the list is sorted.
#[derive(Clone, Copy, Debug)]
struct Due {
    arrival: i64,
    sequence: u32,
    slot: u32,
    topic: Topic,
    manner: Manner,
}

/// The records of one hour, sorted by arrival, and those on their way to a later one.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    wire: Wire,
    late: f64,
    late_or_disordered: f64,
    duplicate: f64,
    duplicate_or_dirty: f64,
    seed: u64,
    random: Random,
    until: i64,
    clicks: Vec<ClickDraft>,
    orders: Vec<OrderDraft>,
    due: Vec<Due>,
    handed_out: usize,
    transit: Calendar<InTransit>,
    totals: Totals,
}

impl Delivery {
    pub(crate) fn new(settings: &WorldSettings, stage: &Stage, start: i64) -> Self {
        Self {
            wire: Wire::of(stage, settings.seed),
            late: settings.late_share,
            late_or_disordered: settings.late_share + settings.out_of_order_share,
            duplicate: settings.duplicate_share,
            duplicate_or_dirty: settings.duplicate_share + settings.dirty_share,
            seed: settings.seed,
            random: Random::of(settings.seed, Stream::Delivery, 0, 0),
            until: start,
            clicks: Vec::new(),
            orders: Vec::new(),
            due: Vec::new(),
            handed_out: 0,
            transit: Calendar::starting(start),
            totals: Totals::default(),
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }

    /// Whether everything of the open hour has been handed out.
    pub(crate) fn hour_is_done(&self) -> bool {
        self.handed_out == self.due.len()
    }

    pub(crate) fn nothing_in_transit(&self) -> bool {
        self.transit.is_empty()
    }

    /// Opens the next hour; what was due before it must have been handed out.
    pub(crate) fn open(&mut self, hour: Hour) {
        self.until = hour.until;
        self.random = Random::of(self.seed, Stream::Delivery, 1, hour.from as u64);
        self.clicks.clear();
        self.orders.clear();
        self.due.clear();
        self.handed_out = 0;
        let arriving = self.transit.take_hour();
        for parcel in &arriving {
            self.shelve(parcel.arrival, parcel.manner, parcel.parcel);
        }
        self.transit.recycle(arriving);
    }

    /// Puts the open hour's records in order.
    pub(crate) fn close(&mut self) {
        self.due
            .sort_unstable_by_key(|due| (due.arrival, due.sequence));
    }

    #[inline]
    pub(crate) fn send_click(&mut self, click: ClickDraft) {
        // A click rarely waits anywhere: the redirect server writes it itself.
        const LATE_RELATIVE_TO_ORDERS: f64 = 0.1;
        let sent = click.ts + 20 + (self.random.next_u64() >> 56) as i64;
        let late = self.late * LATE_RELATIVE_TO_ORDERS;
        let disordered = self.late_or_disordered - self.late;
        self.send(sent, late, late + disordered, Parcel::Click(click));
    }

    pub(crate) fn send_order(&mut self, stage: &Stage, order: OrderDraft) {
        let merchant = &stage.merchants[order.merchant as usize];
        let sent = merchant.fetched_at(order.merchant, order.ts, &mut self.random);
        self.send(
            sent,
            self.late,
            self.late_or_disordered,
            Parcel::Order(order),
        );
    }

    #[inline]
    fn send(&mut self, sent: i64, late: f64, late_or_disordered: f64, parcel: Parcel) {
        // Two draws of 32 bits from one of 64: resolution 2e-10.
        const UNIT: f64 = 1.0 / 4_294_967_296.0;
        let bits = self.random.next_u64();
        let delayed = (bits >> 32) as f64 * UNIT;
        let repeated = (bits & 0xffff_ffff) as f64 * UNIT;
        let arrival = if delayed < late {
            sent + hours_ms(self.random.log_uniform(1.0, 72.0))
        } else if delayed < late_or_disordered {
            sent + self.random.range_ms(5_000, 4 * MINUTE_MS)
        } else {
            sent
        };
        self.put(arrival, Manner::default(), parcel);
        if repeated < self.duplicate {
            let again = arrival + self.repeat_delay_ms();
            self.put(
                again,
                Manner {
                    duplicate: true,
                    defect: None,
                },
                parcel,
            );
        } else if repeated < self.duplicate_or_dirty {
            let defect = Some(self.random.below(DEFECTS.into()) as u8);
            self.put(
                arrival + 3,
                Manner {
                    duplicate: false,
                    defect,
                },
                parcel,
            );
        }
    }

    /// A retry within seconds mostly, a restarted producer now and then, a re-run export rarely.
    fn repeat_delay_ms(&mut self) -> i64 {
        let drawn = self.random.unit();
        if drawn < 0.8 {
            self.random.range_ms(100, 5_000)
        } else if drawn < 0.95 {
            self.random.range_ms(5_000, 10 * MINUTE_MS)
        } else {
            self.random.range_ms(10 * MINUTE_MS, hours_ms(20.0))
        }
    }

    #[inline]
    fn put(&mut self, arrival: i64, manner: Manner, parcel: Parcel) {
        if arrival < self.until {
            self.shelve(arrival, manner, parcel);
        } else {
            self.transit.push(
                arrival,
                InTransit {
                    arrival,
                    manner,
                    parcel,
                },
            );
        }
    }

    #[inline]
    fn shelve(&mut self, arrival: i64, manner: Manner, parcel: Parcel) {
        let (topic, slot) = match parcel {
            Parcel::Click(click) => {
                self.clicks.push(click);
                (Topic::Clicks, self.clicks.len() - 1)
            }
            Parcel::Order(order) => {
                self.orders.push(order);
                (Topic::Orders, self.orders.len() - 1)
            }
        };
        let sequence = self.due.len() as u32;
        self.due.push(Due {
            arrival,
            sequence,
            slot: slot as u32,
            topic,
            manner,
        });
    }

    /// Writes records of the open hour until the batch is full or, with `all`, until none is left.
    pub(crate) fn hand_out(&mut self, stage: &Stage, batch: &mut RecordBatch, all: bool) {
        while self.handed_out < self.due.len() && (all || !batch.is_full()) {
            let due = self.due[self.handed_out];
            self.handed_out += 1;
            match due.topic {
                Topic::Clicks => self.write_click(stage, due, batch),
                Topic::Orders => self.write_order(stage, due, batch),
            }
        }
    }

    #[inline]
    fn write_click(&mut self, stage: &Stage, due: Due, batch: &mut RecordBatch) {
        let click = &self.clicks[due.slot as usize];
        let marks = marks_of(click.fraudulent, false, due.manner);
        count(&mut self.totals, due, click.ts);
        self.totals.click_records += 1;
        let key = &stage.cards[click.code as usize].key;
        batch.push(due.topic, (click.ts, due.arrival), marks, key, |out| {
            let from = out.len();
            self.wire.write_click(stage, click, out);
            if let Some(defect) = due.manner.defect {
                spoil(out, from, due.topic, defect);
            }
        });
    }

    fn write_order(&mut self, stage: &Stage, due: Due, batch: &mut RecordBatch) {
        let order = &self.orders[due.slot as usize];
        let marks = marks_of(order.fraudulent, order.first, due.manner);
        count(&mut self.totals, due, order.ts);
        self.totals.order_records += 1;
        let mistyped = self.wire.mistyped_key(stage, order);
        let key = mistyped
            .as_deref()
            .unwrap_or(&stage.cards[order.code as usize].key);
        batch.push(due.topic, (order.ts, due.arrival), marks, key, |out| {
            let from = out.len();
            self.wire.write_order(stage, order, out);
            if let Some(defect) = due.manner.defect {
                spoil(out, from, due.topic, defect);
            }
        });
    }
}

fn marks_of(fraudulent: bool, first: bool, manner: Manner) -> Marks {
    let malformed = manner.defect.is_some();
    Marks {
        fraudulent,
        first_of_order: first && !manner.duplicate && !malformed,
        duplicate: manner.duplicate,
        malformed,
    }
}

fn count(totals: &mut Totals, due: Due, ts: i64) {
    totals.duplicates += u64::from(due.manner.duplicate);
    totals.malformed += u64::from(due.manner.defect.is_some());
    totals.late += u64::from(due.arrival - ts >= crate::time::HOUR_MS);
}
