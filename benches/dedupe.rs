//! Seen before or not: clicks in a window of fixed memory, orders in an exact index.

mod support;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use promoguard_sketch::{OrderIndex, OrderIndexSettings, Seen, SeenWindow, SeenWindowSettings};

use support::cpu_time::CpuTime;
use support::scrambled;

const BATCH: usize = 4_096;
/// What the documentation of the window asks for with three generations.
const BYTES_PER_KEY: f64 = 5.05;
const DAY_MS: i64 = 86_400_000;

/// Keys that come evenly over the day, one in fifty of them for the second time.
struct Clicks {
    per_day: u64,
    next: u64,
    keys: Vec<u128>,
    times: Vec<i64>,
}

impl Clicks {
    fn new(per_day: u64) -> Self {
        Self {
            per_day,
            next: 0,
            keys: Vec::with_capacity(BATCH),
            times: Vec::with_capacity(BATCH),
        }
    }

    fn fill_batch(&mut self) {
        self.keys.clear();
        self.times.clear();
        for _ in 0..BATCH {
            let number = self.next;
            self.next += 1;
            let repeated = scrambled(number).is_multiple_of(50);
            let identity = if repeated {
                number.saturating_sub(1_000)
            } else {
                number
            };
            self.keys.push(key(identity));
            self.times
                .push((u128::from(number) * DAY_MS as u128 / u128::from(self.per_day)) as i64);
        }
    }
}

fn key(number: u64) -> u128 {
    u128::from(scrambled(number)) << 64 | u128::from(scrambled(!number))
}

/// A window for `load` times the clicks that its budget is enough for.
fn empty_window(memory_bytes_max: usize, load: f64) -> (SeenWindow, Clicks, Vec<Seen>) {
    let window = SeenWindow::new(SeenWindowSettings {
        memory_bytes_max,
        horizon_ms: DAY_MS,
        generations: 3,
    });
    let per_day = (memory_bytes_max as f64 / BYTES_PER_KEY * load) as u64;
    (window, Clicks::new(per_day), Vec::with_capacity(BATCH))
}

fn insert_batch(window: &mut SeenWindow, clicks: &mut Clicks, seen: &mut Vec<Seen>) {
    clicks.fill_batch();
    seen.clear();
    window.insert_batch(&clicks.keys, &clicks.times, seen);
}

fn seen_window(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("dedupe clicks");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("making the keys (in all below)", |bencher| {
        let mut clicks = Clicks::new(1_000_000);
        bencher.iter(|| clicks.fill_batch());
    });
    for mebibytes in [1, 64] {
        let (mut window, mut clicks, mut seen) = empty_window(mebibytes << 20, 0.95);
        // Two days: the first generations were small, now they have their size.
        while clicks.next < 2 * clicks.per_day {
            insert_batch(&mut window, &mut clicks, &mut seen);
        }
        let id = BenchmarkId::new("batch", format!("{mebibytes} MiB"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| insert_batch(&mut window, &mut clicks, &mut seen));
        });
        let id = BenchmarkId::new("one by one", format!("{mebibytes} MiB"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                clicks.fill_batch();
                seen.clear();
                for (key, at_ms) in clicks.keys.iter().zip(&clicks.times) {
                    seen.push(window.insert(*key, *at_ms));
                }
            });
        });
    }
    group.finish();
}

/// One batch in which a full generation is forgotten and the next one taken. The stream is too much for the budget, so
/// that such a turn can be told from outside: it is an early rotation.
fn rotation(criterion: &mut Criterion<CpuTime>) {
    const TURNS: u64 = 2;
    let mut group = criterion.benchmark_group("dedupe clicks, batch with a rotation");
    group.throughput(Throughput::Elements(BATCH as u64));
    for mebibytes in [1, 64] {
        let (mut window, mut clicks, mut seen) = empty_window(mebibytes << 20, 3.0);
        let mut batches = 0;
        while window.early_rotations() < TURNS {
            insert_batch(&mut window, &mut clicks, &mut seen);
            batches += 1;
        }
        let (mut before, mut clicks, mut seen) = empty_window(mebibytes << 20, 3.0);
        for _ in 1..batches {
            insert_batch(&mut before, &mut clicks, &mut seen);
        }
        clicks.fill_batch();
        group.bench_function(format!("{mebibytes} MiB"), |bencher| {
            bencher.iter_batched_ref(
                || before.clone(),
                |window| {
                    seen.clear();
                    window.insert_batch(&clicks.keys, &clicks.times, &mut seen);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn order_index(criterion: &mut Criterion<CpuTime>) {
    const ORDERS: u64 = 1 << 20;
    const NEXT: u64 = 1 << 16;
    let mut full = OrderIndex::new(OrderIndexSettings::default());
    for number in 0..ORDERS {
        full.insert(
            key(number),
            (number / 20_000) as i64 * DAY_MS,
            number as u32,
        );
    }
    let now_ms = (ORDERS / 20_000) as i64 * DAY_MS;
    let mut group = criterion.benchmark_group("dedupe orders, 1 M known");
    group.throughput(Throughput::Elements(NEXT));
    group.bench_function("new", |bencher| {
        bencher.iter_batched_ref(
            || full.clone(),
            |index| {
                for number in ORDERS..ORDERS + NEXT {
                    index.insert(key(number), now_ms, number as u32);
                }
            },
            BatchSize::PerIteration,
        );
    });
    let mut round = 0;
    group.bench_function("told again", |bencher| {
        bencher.iter(|| {
            round += NEXT;
            for number in round..round + NEXT {
                // Anywhere in the table, as a repeat comes at any time.
                let number = scrambled(number) % ORDERS;
                full.insert(key(number), now_ms, number as u32);
            }
        });
    });
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = seen_window, rotation, order_index);
criterion_main!(benches);
