//! Bytes to rows: the decoder alone, and the intake of the pipeline, which also hashes and keeps the texts.
//!
//! What the JSON parser alone costs on such bytes is measured where the parser lives: `cargo bench -p promoguard-event`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use promoguard_event::{Decoder, DecoderLimits, Topic};
use promoguard_pipeline::Records;

use support::cpu_time::CpuTime;
use support::worlds::{Recording, intake, programme, pseudonym_key};

const RECORDS: usize = 4_096;

fn decode(criterion: &mut Criterion<CpuTime>) {
    let recording = Recording::of(programme());
    let inputs = [
        (
            "click",
            Topic::Clicks,
            recording.sample(Topic::Clicks, RECORDS, |_| true),
        ),
        (
            "order",
            Topic::Orders,
            recording.sample(Topic::Orders, RECORDS, is_without_phone),
        ),
        (
            "order with raw phone",
            Topic::Orders,
            recording.sample(Topic::Orders, RECORDS, is_with_phone),
        ),
    ];
    for (name, topic, lines) in &inputs {
        let mut group = criterion.benchmark_group(format!("decode {name}"));
        group.throughput(Throughput::Elements(lines.len() as u64));
        let mut decoder = Decoder::new(pseudonym_key(), DecoderLimits::default());
        group.bench_function("decoder", |bencher| {
            bencher.iter(|| {
                for line in lines {
                    let decoded = decoder
                        .decode(*topic, line)
                        .expect("the world is well-formed");
                    black_box(&decoded);
                }
            });
        });
        let mut intake = intake();
        let mut records = Records::default();
        group.bench_function("intake with hashing", |bencher| {
            bencher.iter(|| {
                records.clear();
                for line in lines {
                    intake
                        .decode(*topic, line, &mut records)
                        .expect("the world is well-formed");
                }
                black_box(&records);
            });
        });
        group.finish();
    }
}

fn is_with_phone(line: &[u8]) -> bool {
    contains(line, b"\"customer_phone\":\"") && !contains(line, b"(000)")
}

fn is_without_phone(line: &[u8]) -> bool {
    !contains(line, b"\"customer_phone\":\"") && !contains(line, b"\"customer_email\":\"")
}

fn contains(line: &[u8], text: &[u8]) -> bool {
    line.windows(text.len()).any(|window| window == text)
}

criterion_group!(name = benches; config = support::criterion(); targets = decode);
criterion_main!(benches);
