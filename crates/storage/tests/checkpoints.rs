//! The commit protocol over a folder: what was committed is there for the next owner, and no damage to a file goes
//! unnoticed.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::path::Path;
use std::sync::Arc;

use futures_executor::block_on;
use object_store::memory::InMemory;
use promoguard_pipeline::commit::{
    Beginning, Commit, CommitOutcome, Draft, Head, Identity, MANIFEST_PREFIX, Reply, Request,
    Restored, SEGMENT_PREFIX, Segment, SegmentRef, Step, Takeover, TakeoverOutcome, manifest_name,
    segment_name,
};
use promoguard_storage::{CheckpointStore, CheckpointStoreError};

fn identity() -> Identity {
    Identity {
        lineage: 1,
        partitions: 2,
        hash_key_fingerprint: 3,
        clicks: "clicks".to_owned(),
        orders: "orders".to_owned(),
    }
}

fn folder(path: &Path) -> CheckpointStore {
    CheckpointStore::open(path.to_str().unwrap(), []).unwrap()
}

fn serve(store: &CheckpointStore, request: &Request) -> Reply {
    let served = block_on(store.serve(request));
    assert_eq!(served.problem, None, "{request:?}");
    served.reply
}

fn take_over(store: &CheckpointStore, nonce: u64) -> TakeoverOutcome {
    let (mut takeover, mut step) = Takeover::begin(identity(), nonce, Beginning::Allowed);
    loop {
        step = match step {
            Step::Ask(request) | Step::Retry(request) => takeover.answer(serve(store, &request)),
            Step::Done(outcome) => return outcome,
        };
    }
}

fn own(store: &CheckpointStore, nonce: u64) -> Restored {
    match take_over(store, nonce) {
        TakeoverOutcome::Owned(restored) => *restored,
        other => panic!("not owned: {other:?}"),
    }
}

fn commit(store: &CheckpointStore, head: &Head, value: u8) -> CommitOutcome {
    let bytes = Segment::new([(b"key".to_vec(), Some(vec![value; 500]))]).to_bytes();
    let segment = SegmentRef {
        name: segment_name(head.manifest.seq + 1, head.manifest.nonce, 0),
        bytes: bytes.len() as u64,
        digest: Segment::digest_of(&bytes),
    };
    let draft = Draft {
        kept: head.manifest.segments.clone(),
        new: vec![(segment, bytes)],
        ..Draft::default()
    };
    let (mut commit, mut step) = Commit::begin(head, draft, 1_000_000);
    loop {
        step = match step {
            Step::Ask(request) | Step::Retry(request) => commit.answer(serve(store, &request), 0),
            Step::Done(outcome) => return outcome,
        };
    }
}

fn committed(store: &CheckpointStore, head: &Head, value: u8) -> Head {
    match commit(store, head, value) {
        CommitOutcome::Committed(head) => *head,
        other => panic!("not committed: {other:?}"),
    }
}

#[test]
fn of_two_processes_on_one_folder_one_commits_and_the_other_is_fenced() {
    let place = tempfile::tempdir().unwrap();
    let (first, second) = (folder(place.path()), folder(place.path()));
    let old = own(&first, 1).head;
    let old = committed(&first, &old, 1);
    let restored = own(&second, 2);
    assert_eq!(restored.state[b"key".as_slice()], [1; 500]);
    assert_eq!(commit(&first, &old, 2), CommitOutcome::Fenced);
    committed(&second, &restored.head, 3);
    assert_eq!(own(&first, 3).state[b"key".as_slice()], [3; 500]);
}

#[test]
fn a_folder_and_a_store_in_memory_pass_the_probe_and_leave_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let store = folder(place.path());
    block_on(store.probe(7)).unwrap();
    block_on(store.probe(7)).unwrap();
    let Reply::Listed(left) = serve(&store, &Request::List("probe/")) else {
        panic!("a list was asked for");
    };
    assert_eq!(left, []);
    block_on(CheckpointStore::over(Arc::new(InMemory::new())).probe(7)).unwrap();
}

#[test]
fn a_file_in_place_of_the_folder_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let error = CheckpointStore::open(path, []).unwrap_err();
    assert!(matches!(error, CheckpointStoreError::Folder { .. }));
    assert!(error.to_string().contains(path));
}

/// Flips or cuts the file of a manifest or segment, and restores. A few bits of a packed file mean nothing: then the
/// content is what it was. Returns how often the damage was noticed.
fn damage_and_restore(value_before: u8, prefix: &str, rounds: u32) -> u32 {
    let mut noticed = 0;
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        (chance % below as u64) as usize
    };
    let place = tempfile::tempdir().unwrap();
    let store = folder(place.path());
    let head = own(&store, 1).head;
    let head = committed(&store, &head, value_before);
    let newest = committed(&store, &head, value_before + 1);
    let name = match prefix {
        MANIFEST_PREFIX => manifest_name(newest.manifest.seq),
        _ => newest.manifest.segments.last().unwrap().name.clone(),
    };
    let file = place.path().join(&name);
    let whole = std::fs::read(&file).unwrap();
    for round in 0..rounds {
        let mut damaged = whole.clone();
        if round % 2 == 0 {
            let at = next(damaged.len());
            damaged[at] ^= 1 << next(8);
        } else {
            damaged.truncate(next(damaged.len()));
        }
        std::fs::write(&file, &damaged).unwrap();
        let restored = own(&store, u64::from(round) + 2);
        let skipped_newest = restored
            .skipped
            .iter()
            .any(|(seq, _)| *seq == newest.manifest.seq);
        let expected = if skipped_newest {
            value_before
        } else {
            value_before + 1
        };
        assert_eq!(
            restored.state[b"key".as_slice()],
            [expected; 500],
            "round {round}"
        );
        noticed += u32::from(skipped_newest);
        let takeover = place.path().join(manifest_name(restored.head.manifest.seq));
        std::fs::remove_file(takeover).unwrap();
    }
    noticed
}

#[test]
fn a_damaged_file_is_noticed_and_the_state_before_it_restored() {
    let rounds = 300;
    for prefix in [MANIFEST_PREFIX, SEGMENT_PREFIX] {
        let noticed = damage_and_restore(1, prefix, rounds);
        assert!(
            noticed * 100 >= rounds * 95,
            "{prefix}: {noticed} of {rounds}"
        );
    }
}
