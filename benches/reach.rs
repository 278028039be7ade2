//! Unique visitors: insertions into one sketch and into those of 20,000 codes, estimates and merges.

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use promoguard_sketch::Reach;

use support::cpu_time::CpuTime;
use support::scrambled;

const BATCH: u64 = 16_384;
const CODES: usize = 20_000;
const VISITORS: u64 = 3_000_000;

/// Clicks on 20,000 codes, the most popular of which take most (Zipf, exponent 1.05), from three million visitors.
struct Clicks {
    codes: Vec<u32>,
    next: u64,
}

impl Clicks {
    fn new() -> Self {
        let mut shares: Vec<f64> = Vec::with_capacity(CODES);
        let mut sum = 0.0;
        for rank in 1..=CODES {
            sum += (rank as f64).powf(-1.05);
            shares.push(sum);
        }
        let codes = (0..1 << 20)
            .map(|number| {
                let chance = scrambled(number) as f64 / u64::MAX as f64 * sum;
                shares
                    .partition_point(|share| *share < chance)
                    .min(CODES - 1) as u32
            })
            .collect();
        Self { codes, next: 0 }
    }

    fn next(&mut self) -> (usize, u64) {
        let number = self.next;
        self.next += 1;
        let code = self.codes[number as usize % self.codes.len()];
        (code as usize, visitor(number))
    }
}

fn visitor(number: u64) -> u64 {
    scrambled(!(scrambled(number) % VISITORS))
}

fn insert(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("reach insert");
    group.throughput(Throughput::Elements(BATCH));
    let mut next = 0;
    let mut reach: Reach = Reach::new();
    group.bench_function("1 sketch", |bencher| {
        bencher.iter(|| {
            for number in next..next + BATCH {
                reach.insert(visitor(number));
            }
            next += BATCH;
        });
    });
    let mut clicks = Clicks::new();
    let mut sketches: Vec<Reach> = vec![Reach::new(); CODES];
    for _ in 0..2_000_000 {
        let (code, visitor) = clicks.next();
        sketches[code].insert(visitor);
    }
    group.bench_function("20k sketches", |bencher| {
        bencher.iter(|| {
            for _ in 0..BATCH {
                let (code, visitor) = clicks.next();
                sketches[code].insert(visitor);
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("reach estimate");
    group.throughput(Throughput::Elements(CODES as u64));
    group.bench_function("20k sketches", |bencher| {
        bencher.iter(|| {
            for sketch in &sketches {
                black_box(sketch.estimate());
            }
        });
    });
    group.finish();
}

fn merge(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("reach merge");
    group.throughput(Throughput::Elements(1));
    for (name, visitors) in [("2 x 500, exact", 500), ("2 x 100,000", 100_000)] {
        let [one, other] = [0, 1].map(|half| {
            let mut reach: Reach = Reach::new();
            for number in 0..visitors {
                reach.insert(visitor(half * visitors + number));
            }
            reach
        });
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || one.clone(),
                |reach| reach.merge(&other),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = support::criterion(); targets = insert, merge);
criterion_main!(benches);
