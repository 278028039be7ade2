//! State that is saved at any moment and taken back elsewhere goes on as if nothing had happened:
//! every window, flag, judged order and score to the byte.

use std::collections::BTreeMap;

use promoguard_detect::{DetectSettings, MerchantSettings, SettingsBook};
use promoguard_event::{DecoderLimits, PseudonymKey, Topic};
use promoguard_pipeline::commit::{Segment, fold};
use promoguard_pipeline::{
    AFTER_ALL, Intake, Merge, Notice, PipelineSettings, Records, RegistryChange, Routed,
    SavedRouted, ShardSet, SourceIndex, StateError,
};
use promoguard_simulate::{RecordBatch, World, WorldSettings};
use promoguard_sketch::HashKey;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

fn settings() -> PipelineSettings {
    PipelineSettings {
        shards: 4,
        // Small, so that filters turn, orders are forgotten early and junk is let go within a test.
        click_filter_bytes_max: 4 << 20,
        order_index_entries_max: 900,
        unregistered_codes_max: 20,
        ..PipelineSettings::default()
    }
}

/// Merchants with settings of their own, among them the simulated ones.
fn book() -> SettingsBook {
    let own = MerchantSettings {
        escalate_db: Some(4.0),
        ..MerchantSettings::default()
    };
    let merchants = (0..4).map(|n| (format!("shop{n}.example"), own.clone()));
    SettingsBook::new(DetectSettings::default(), &merchants.collect()).expect("valid settings")
}

fn shadow_book() -> SettingsBook {
    SettingsBook::from(DetectSettings {
        false_flags_per_1000_code_weeks: 20.0,
        ..DetectSettings::default()
    })
}

struct Lines {
    codes: Vec<Vec<u8>>,
    records: Vec<(Topic, Vec<u8>)>,
}

fn world() -> Lines {
    let mut world = World::new(WorldSettings {
        codes: 40,
        merchants: 3,
        days: 24.0,
        leak_share: 0.4,
        leak_size_min: 2.0,
        dirty_share: 0.01,
        duplicate_share: 0.02,
        late_share: 0.03,
        ..WorldSettings::default()
    })
    .expect("settings that can be meant");
    let codes = world.code_entries();
    let codes = codes.map(|(_, entry)| entry.to_vec()).collect();
    let mut records = Vec::new();
    let mut batch = RecordBatch::with_records_max(10_000);
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            records.push((topic, record.payload.to_vec()));
            // Codes that nobody issued come and go.
            if records.len() % 40 == 0 && topic == Topic::Clicks {
                let n = records.len();
                let ts = record.ts;
                let junk =
                    format!(r#"{{"click_id":"j{n}","ts":{ts},"code":"junk{n}","visitor_id":"v"}}"#);
                records.push((topic, junk.into_bytes()));
            }
        }
        batch.clear();
    }
    Lines { codes, records }
}

/// A process, as far as the core is concerned.
struct Process {
    intake: Intake,
    merge: Merge<Routed>,
    shards: ShardSet,
    out: Vec<u8>,
}

fn intake(shards: &ShardSet) -> Intake {
    Intake::new(
        PseudonymKey::new([7; 32]),
        DecoderLimits::default(),
        shards.hashers().clone(),
    )
}

impl Process {
    fn new() -> Self {
        let shards = ShardSet::new(settings(), book(), &HashKey::documented());
        let shards = shards.with_shadow(shadow_book());
        Self {
            intake: intake(&shards),
            merge: Merge::new(2, settings().reorder_slack_ms),
            shards,
            out: Vec::new(),
        }
    }

    fn restore(state: &State) -> Self {
        let key = HashKey::documented();
        let restored = ShardSet::restore(settings(), book(), Some(shadow_book()), &key, state);
        let mut shards = restored.expect("what was saved is restored");
        let waiting = postcard::from_bytes(&state[b"merge".as_slice()]).expect("it was saved here");
        let merge = Merge::restore(waiting, settings().reorder_slack_ms, |saved| {
            shards.restore_routed(saved)
        });
        let merge = merge.expect("every code is there");
        Self {
            intake: intake(&shards),
            merge,
            shards,
            out: Vec::new(),
        }
    }

    fn save(&mut self) -> Segment {
        self.shards.apply();
        self.take_effects();
        let mut changes = self.shards.save();
        let merge = postcard::to_stdvec(&self.merge.save(SavedRouted::of)).expect("plain values");
        changes.push((b"merge".to_vec(), Some(merge)));
        Segment::new(changes)
    }

    fn register(&mut self, codes: &[Vec<u8>]) {
        let mut records = Records::default();
        for line in codes {
            let decoded = self.intake.decode(Topic::Codes, line, &mut records);
            decoded.expect("a valid entry");
        }
        for notice in records.notices {
            if let Notice::Code(entry) = notice {
                self.shards.submit(RegistryChange::Set(entry));
            }
        }
    }

    fn take(&mut self, topic: Topic, line: &[u8]) {
        let mut records = Records::default();
        if self.intake.decode(topic, line, &mut records).is_err() {
            return;
        }
        for row in &records.clicks {
            let (slot, click) = self.shards.route_click(&records, row);
            let routed = Routed::Click(slot, click);
            self.merge.push(SourceIndex(0), row.ts, routed);
        }
        for row in std::mem::take(&mut records.orders) {
            let ts = row.ts;
            let (slot, order) = self.shards.route_order(&records, row);
            let routed = Routed::Order(slot, order);
            self.merge.push(SourceIndex(1), ts, routed);
        }
    }

    /// Hours need not be judged at once.
    fn step(&mut self, is_last: bool, advances: bool) {
        if is_last {
            self.merge.end(SourceIndex(0));
            self.merge.end(SourceIndex(1));
        }
        let until = if is_last {
            AFTER_ALL
        } else {
            self.merge.release_point()
        };
        while let Some(released) = self.merge.pop_below(until) {
            let at = released.at;
            self.shards.accept(match released.item {
                Routed::Click(slot, mut click) => {
                    click.at = at;
                    Routed::Click(slot, click)
                }
                Routed::Order(slot, mut order) => {
                    order.at = at;
                    Routed::Order(slot, order)
                }
                notice => notice,
            });
        }
        if advances {
            self.shards.advance(until);
        }
        self.take_effects();
    }

    fn take_effects(&mut self) {
        let effects = self.shards.take_effects();
        effects
            .windows
            .iter()
            .for_each(|window| window.write_line(&mut self.out));
        effects
            .flags
            .iter()
            .for_each(|judged| judged.flag.write_line(&mut self.out));
        effects
            .judged_orders
            .iter()
            .for_each(|order| order.write_line(&mut self.out));
        for judged in &effects.shadow_flags {
            self.out.extend_from_slice(b"in shadow: ");
            judged.flag.write_line(&mut self.out);
        }
    }

    fn scores(&mut self) {
        for line in self.shards.scores() {
            line.write_line(&mut self.out);
        }
    }
}

/// Records between two steps.
const STEP: usize = 500;

/// Runs the world; after the steps in `saves` the state is saved, and after those in `restarts` it
/// is thrown away and taken back from what was saved.
fn run(lines: &Lines, saves: &dyn Fn(usize) -> bool, restarts: &dyn Fn(usize) -> bool) -> Vec<u8> {
    let mut process = Process::new();
    process.shards.start_saving();
    process.register(&lines.codes);
    process.shards.apply_registry();
    let mut segments: Vec<Segment> = Vec::new();
    let mut out = Vec::new();
    let steps = lines.records.chunks(STEP);
    let last = steps.len() - 1;
    for (number, records) in steps.enumerate() {
        for (topic, line) in records {
            process.take(*topic, line);
        }
        process.step(number == last, number == last || number % 3 != 0);
        out.append(&mut process.out);
        if saves(number) {
            segments.push(process.save());
            out.append(&mut process.out);
            if restarts(number) {
                let merged = Segment::merge(std::mem::take(&mut segments), true);
                let stored = Segment::from_bytes(&merged.to_bytes()).expect("it is whole");
                process = Process::restore(&fold([stored.clone()]));
                segments.push(stored);
            }
        }
    }
    process.scores();
    out.append(&mut process.out);
    // A save takes effects earlier, so the order of lines of one step may differ.
    let mut lines: Vec<&[u8]> = out.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines.concat()
}

#[test]
fn a_run_that_is_restarted_at_any_moment_writes_what_an_uninterrupted_one_does() {
    let lines = world();
    let uninterrupted = run(&lines, &|_| false, &|_| false);
    let text = String::from_utf8_lossy(&uninterrupted);
    assert!(
        text.contains(r#""state":"opened""#),
        "a world without a flag shows nothing"
    );
    assert!(
        text.contains("in shadow"),
        "a world without a flag in shadow shows less"
    );
    let steps = lines.records.len() / STEP;
    let check = |saves: &dyn Fn(usize) -> bool, restarts: &dyn Fn(usize) -> bool| {
        let restarted = run(&lines, saves, restarts);
        // Not assert_eq: nobody wants to read both.
        assert!(
            restarted == uninterrupted,
            "{}",
            first_difference(&restarted, &uninterrupted)
        );
    };
    // Once, at moments that a fixed sequence picks.
    for seed in 0_usize..4 {
        let at = (seed * 7_919 + 1_009) % steps;
        check(&|step| step == at, &|_| true);
    }
    // From a chain of many small changes, and again and again.
    check(&|step| step % 3 == 0, &|step| step % 51 == 0);
}

fn first_difference(one: &[u8], other: &[u8]) -> String {
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes)
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let (one, other) = (lines(one), lines(other));
    let place = one.iter().zip(&other).position(|(a, b)| a != b);
    match place {
        Some(place) => format!("line {place}:\n{}\n{}", one[place], other[place]),
        None => format!("{} lines and {}", one.len(), other.len()),
    }
}

#[test]
fn what_did_not_change_is_not_saved_again() {
    let lines = world();
    let mut process = Process::new();
    process.shards.start_saving();
    process.register(&lines.codes);
    process.shards.apply_registry();
    for (topic, line) in &lines.records[..lines.records.len() / 2] {
        process.take(*topic, line);
    }
    process.step(false, true);
    let whole = process.save().to_bytes().len();
    process.step(false, true);
    let nothing = process.save().to_bytes().len();
    assert!(nothing * 10 < whole, "{nothing} bytes after {whole}");
}

#[test]
fn state_of_another_version_is_refused() {
    let mut process = Process::new();
    process.shards.start_saving();
    process.step(false, true);
    let mut state = fold([process.save()]);
    // The first byte of the version is its format.
    state.get_mut(b"v".as_slice()).expect("it has a version")[0] = 99;
    let key = HashKey::documented();
    let restored = ShardSet::restore(settings(), book(), None, &key, &state);
    assert!(matches!(
        restored.err(),
        Some(StateError::Version { found: (99, _), .. })
    ));
}
