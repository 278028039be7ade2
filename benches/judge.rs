//! What judging costs an order: the close of every hour of a simulated programme, with the sums of all shards and their
//! exchange. Decoding, deduplication and counting happen in between and are not measured.

mod support;

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use promoguard_detect::DetectSettings;
use promoguard_event::{EventTime, Topic};
use promoguard_pipeline::{
    AFTER_ALL, ClickRow, OrderRow, PipelineSettings, Records, RegistryChange, Routed, ShardSet,
};
use promoguard_sketch::HashKey;

use support::cpu_time::CpuTime;
use support::worlds::{Recording, intake, programme};

/// The decoded records of a world in order of event time.
struct World {
    records: Records,
    order: Vec<(EventTime, Row)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Click(u32),
    Order(u32),
}

/// What the close of all hours took and gave.
#[derive(Default)]
struct Closed {
    cpu: Duration,
    hours: u64,
    orders: u64,
    windows: u64,
    flags: u64,
}

impl World {
    fn new(recording: &Recording) -> Self {
        let mut intake = intake();
        let mut records = Records::default();
        let registry = recording.codes.split(|byte| *byte == b'\n');
        for line in registry.filter(|line| !line.is_empty()) {
            intake
                .decode(Topic::Codes, line, &mut records)
                .expect("the registry is well-formed");
        }
        let mut order = Vec::with_capacity(recording.len());
        for (topic, payload) in recording.records() {
            intake
                .decode(topic, payload, &mut records)
                .expect("the world is well-formed");
            let row = if topic == Topic::Clicks {
                let place = records.clicks.len() - 1;
                (records.clicks[place].ts, Row::Click(place as u32))
            } else {
                let place = records.orders.len() - 1;
                (records.orders[place].ts, Row::Order(place as u32))
            };
            order.push(row);
        }
        order.sort_unstable();
        Self { records, order }
    }

    fn shards(&self) -> ShardSet {
        let mut shards = ShardSet::new(
            PipelineSettings {
                amendable_windows_max: 0,
                ..PipelineSettings::default()
            },
            DetectSettings::default(),
            &HashKey::documented(),
        );
        for notice in &self.records.notices {
            if let promoguard_pipeline::Notice::Code(entry) = notice {
                shards.submit(RegistryChange::Set(entry.clone()));
            }
        }
        shards.apply_registry();
        shards
    }

    fn routed(&self, shards: &mut ShardSet, row: Row) -> Routed {
        match row {
            Row::Click(place) => {
                let row: &ClickRow = &self.records.clicks[place as usize];
                let (slot, click) = shards.route_click(&self.records, row);
                Routed::Click(slot, click)
            }
            Row::Order(place) => {
                let row: OrderRow = self.records.orders[place as usize].clone();
                let (slot, order) = shards.route_order(&self.records, row);
                Routed::Order(slot, order)
            }
        }
    }

    /// Lives through the whole world and measures the closes of its hours.
    fn judge(&self) -> Closed {
        let mut shards = self.shards();
        let mut closed = Closed::default();
        let mut open = None;
        for (ts, row) in &self.order {
            let hour = ts.hour();
            if let Some(before) = open.filter(|before| *before != hour) {
                close(&mut shards, before, hour.start(), &mut closed);
            }
            open = Some(hour);
            let routed = self.routed(&mut shards, *row);
            shards.accept(routed);
        }
        if let Some(last) = open {
            close(&mut shards, last, AFTER_ALL, &mut closed);
        }
        closed
    }
}

fn close(
    shards: &mut ShardSet,
    hour: promoguard_event::Hour,
    watermark: EventTime,
    closed: &mut Closed,
) {
    // Applies what is still in batches, which is the hot stage's work, and closes nothing.
    shards.advance(hour.start());
    let started = CpuTime::now();
    shards.advance(watermark);
    let effects = shards.take_effects();
    closed.cpu += CpuTime::now() - started;
    closed.hours += 1;
    closed.orders += effects.judged_orders.len() as u64;
    closed.windows += effects.windows.len() as u64;
    closed.flags += effects.flags.len() as u64;
}

fn judge(criterion: &mut Criterion<CpuTime>) {
    let world = World::new(&Recording::of(programme()));
    let once = world.judge();
    println!(
        "judge: {} hours, {} rows of a code and an hour, {} orders, {} flag records",
        once.hours, once.windows, once.orders, once.flags
    );
    let mut group = criterion.benchmark_group("judge");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(once.orders));
    group.bench_function("close of all hours, per order", |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| world.judge().cpu).sum());
    });
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = judge);
criterion_main!(benches);
