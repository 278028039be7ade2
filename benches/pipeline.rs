//! Files to windows and flags, as `promoguard replay` does it, and records in memory, as the demo does it; beside
//! them, in the same run, what only reading and decoding the same lines costs.

mod support;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use promoguard::engine::decode::{DecodePool, FileSource, IntakeKeys};
use promoguard::engine::memory::MemoryEngine;
use promoguard::engine::progress::Progress;
use promoguard::engine::replay::{Inputs, ReplayOrder, ReplaySettings, ReplaySummary, replay};
use promoguard::engine::sinks::OutputPaths;
use promoguard_detect::DetectSettings;
use promoguard_event::{DecoderLimits, Topic};
use promoguard_pipeline::{Effects, Hashers, PipelineSettings};
use promoguard_simulate::{World, WorldSettings, write_files};
use promoguard_sketch::HashKey;
use promoguard_storage::{Chunk, LineReader, ReaderLimits};

use support::cpu_time::CpuTime;
use support::ratios::Ratios;
use support::worlds::{Recording, busy_days, pseudonym_key, punctual_days};

/// Records between two steps of the engine in memory, as many as a poll of Kafka may bring.
const STEP_RECORDS: usize = 4_096;

/// A world as files.
struct Files {
    folder: tempfile::TempDir,
    records: u64,
}

impl Files {
    fn write(settings: WorldSettings) -> Self {
        let folder = tempfile::tempdir().expect("the temporary directory can be written");
        let mut world = World::new(settings).expect("the settings are within their bounds");
        write_files(&mut world, folder.path()).expect("there is room");
        let lines = |name: &str| count_lines(&folder.path().join(name));
        let records = lines("clicks.ndjson") + lines("orders.ndjson");
        Self { folder, records }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn inputs(&self) -> Inputs {
        Inputs {
            clicks: vec![self.path("clicks.ndjson")],
            orders: vec![self.path("orders.ndjson")],
            codes: vec![self.path("codes.ndjson")],
            sightings: vec![self.path("sightings.ndjson")],
            decisions: Vec::new(),
        }
    }

    fn events(&self) -> [(Topic, PathBuf); 2] {
        [
            (Topic::Clicks, self.path("clicks.ndjson")),
            (Topic::Orders, self.path("orders.ndjson")),
        ]
    }

    fn replay(&self, order: ReplayOrder, threads: usize) -> ReplaySummary {
        let inputs = self.inputs();
        let outputs = OutputPaths {
            flags: Some(self.path("flags.ndjson")),
            windows: Some(self.path("windows.ndjson")),
            ..OutputPaths::default()
        };
        let settings = ReplaySettings {
            pipeline: PipelineSettings::default(),
            detect: DetectSettings::default().into(),
            shadow: None,
            hash_key: HashKey::documented(),
            pseudonym_key: pseudonym_key(),
            decoder: DecoderLimits::default(),
            order,
            threads,
            sort_memory_bytes_max: 256 << 20,
            temp_dir: self.folder.path().to_owned(),
            file_future_ms_max: 14 * 86_400_000,
            until: None,
            zone: "Asia/Almaty".to_owned(),
        };
        let progress = Progress::new(inputs.paths(), false);
        replay(&inputs, &outputs, &settings, &progress).expect("the files were just written")
    }
}

fn count_lines(path: &Path) -> u64 {
    let mut reader = LineReader::open(path, ReaderLimits::default()).expect("just written");
    let mut chunk = Chunk::new();
    let mut lines = 0;
    while reader.next_chunk(&mut chunk).expect("whole") {
        lines += chunk.len() as u64;
    }
    lines
}

fn decode_lines(topic: Topic, path: &Path) -> usize {
    let keys = IntakeKeys {
        pseudonyms: pseudonym_key(),
        limits: DecoderLimits::default(),
        hashers: Hashers::new(&HashKey::documented()),
    };
    let mut pool = DecodePool::new(1, &keys);
    let mut source = FileSource::open(path, topic).expect("just written");
    let mut rows = 0;
    while let Some(decoded) = source.next(&mut pool).expect("whole") {
        rows += decoded.records.len();
        source.recycle(decoded);
    }
    rows
}

fn drive_memory(recording: &Recording) -> usize {
    let mut engine = MemoryEngine::new(
        PipelineSettings::default(),
        DetectSettings::default(),
        &HashKey::documented(),
        pseudonym_key(),
    );
    engine
        .register(&recording.codes)
        .expect("the registry is well-formed");
    let given = |effects: Effects| effects.flags.len() + effects.windows.len();
    let mut out = 0;
    for (number, (topic, payload)) in recording.records().enumerate() {
        engine.push(topic, payload);
        if number % STEP_RECORDS == 0 {
            out += given(engine.step());
        }
    }
    out + given(engine.finish())
}

fn pipeline(criterion: &mut Criterion<CpuTime>) {
    let files = Files::write(punctual_days());
    let late = Files::write(busy_days());
    let recording = Recording::of(punctual_days());
    println!(
        "pipeline: {} records, with late ones {}",
        files.records, late.records
    );
    assert_eq!(clicks_sorted(&files), Some(false));
    assert_eq!(clicks_sorted(&late), Some(true));
    let mut ratios = Ratios::default();
    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    let mut bench = |name: &'static str, records: u64, run: &dyn Fn()| {
        group.throughput(Throughput::Elements(records));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| ratios.measure(name, records, iterations, run));
        });
    };
    bench("read and decode lines only", files.records, &|| {
        for (topic, path) in files.events() {
            black_box(decode_lines(topic, &path));
        }
    });
    bench("read lines only", files.records, &|| {
        for (_, path) in files.events() {
            black_box(count_lines(&path));
        }
    });
    bench("replay, event time, 1 thread", files.records, &|| {
        files.replay(ReplayOrder::EventTime, 1);
    });
    bench("replay, event time, 2 threads", files.records, &|| {
        files.replay(ReplayOrder::EventTime, 2);
    });
    bench("replay, arrival, 1 thread", files.records, &|| {
        files.replay(ReplayOrder::Arrival, 1);
    });
    bench("replay, late clicks, 1 thread", late.records, &|| {
        late.replay(ReplayOrder::EventTime, 1);
    });
    bench("engine in memory", recording.len() as u64, &|| {
        black_box(drive_memory(&recording));
    });
    group.finish();
    ratios.print("pipeline");
}

/// Whether the clicks streamed through, or were too far out of order and had to be sorted: two ways, two costs.
fn clicks_sorted(files: &Files) -> Option<bool> {
    let summary = files.replay(ReplayOrder::EventTime, 1);
    summary.ordering.map(|ordering| ordering.clicks_sorted)
}

criterion_group!(name = benches; config = support::criterion(); targets = pipeline);
criterion_main!(benches);
