use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn identity() -> Identity {
    Identity {
        lineage: 7,
        partitions: 4,
        hash_key_fingerprint: 9,
        clicks: "clicks".to_owned(),
        orders: "orders".to_owned(),
    }
}

/// A store that does what it is asked.
#[derive(Default)]
struct Shelf(BTreeMap<String, Vec<u8>>);

impl Shelf {
    fn serve(&mut self, request: &Request) -> Reply {
        match request {
            Request::List(prefix) => {
                let names = self.0.keys().filter(|name| name.starts_with(prefix));
                Reply::Listed(
                    names
                        .map(|name| Object {
                            name: name.clone(),
                            age_ms: 1_000_000,
                        })
                        .collect(),
                )
            }
            Request::Get(name) => self
                .0
                .get(name)
                .cloned()
                .map_or(Reply::Absent, Reply::Bytes),
            Request::Put(name, bytes) => {
                self.0.insert(name.clone(), bytes.clone());
                Reply::Done
            }
            Request::Create(name, _) if self.0.contains_key(name) => Reply::Exists,
            Request::Create(name, bytes) => {
                self.0.insert(name.clone(), bytes.clone());
                Reply::Done
            }
            Request::Delete(name) => self.0.remove(name).map_or(Reply::Absent, |_| Reply::Done),
        }
    }

    fn take_over(&mut self, nonce: u64) -> TakeoverOutcome {
        let (mut takeover, mut step) = Takeover::begin(identity(), nonce, Beginning::Allowed);
        loop {
            step = match step {
                Step::Ask(request) | Step::Retry(request) => takeover.answer(self.serve(&request)),
                Step::Done(outcome) => return outcome,
            };
        }
    }

    fn own(&mut self, nonce: u64) -> Restored {
        match self.take_over(nonce) {
            TakeoverOutcome::Owned(restored) => *restored,
            other => panic!("not owned: {other:?}"),
        }
    }

    fn commit(&mut self, head: &Head, draft: Draft) -> CommitOutcome {
        let (mut commit, mut step) = Commit::begin(head, draft, 1_000);
        loop {
            step = match step {
                Step::Ask(request) | Step::Retry(request) => commit.answer(self.serve(&request), 0),
                Step::Done(outcome) => return outcome,
            };
        }
    }

    fn commit_value(&mut self, head: &Head, value: u8) -> Head {
        let segment = Segment::new([(b"key".to_vec(), Some(vec![value]))]);
        match self.commit(head, draft_of(head, segment)) {
            CommitOutcome::Committed(head) => *head,
            other => panic!("not committed: {other:?}"),
        }
    }

    fn tidy(&mut self, manifests_kept: usize, grace_ms: u64) -> u64 {
        let (mut tidy, mut step) = Tidy::begin(TidyRule {
            manifests_kept,
            grace_ms,
        });
        loop {
            step = match step {
                Step::Ask(request) | Step::Retry(request) => tidy.answer(self.serve(&request)),
                Step::Done(deleted) => return deleted,
            };
        }
    }
}

fn draft_of(head: &Head, segment: Segment) -> Draft {
    let bytes = segment.to_bytes();
    let segment = SegmentRef {
        name: segment_name(head.manifest.seq + 1, head.manifest.nonce, 0),
        bytes: bytes.len() as u64,
        digest: Segment::digest_of(&bytes),
    };
    Draft {
        kept: head.manifest.segments.clone(),
        new: vec![(segment, bytes)],
        ..Draft::default()
    }
}

#[test]
fn what_was_committed_is_restored_by_the_next_owner() {
    let mut shelf = Shelf::default();
    let head = shelf.own(1).head;
    let head = shelf.commit_value(&head, 1);
    shelf.commit_value(&head, 2);
    let restored = shelf.own(2);
    assert_eq!(restored.state[b"key".as_slice()], [2]);
    assert_eq!(restored.head.manifest.epoch, 4);
    assert!(restored.skipped.is_empty());
}

#[test]
fn an_owner_that_was_replaced_is_fenced_at_its_next_commit() {
    let mut shelf = Shelf::default();
    let old = shelf.own(1).head;
    shelf.own(2);
    let segment = Segment::new([(b"key".to_vec(), Some(vec![3]))]);
    assert_eq!(
        shelf.commit(&old, draft_of(&old, segment)),
        CommitOutcome::Fenced
    );
}

#[test]
fn a_lost_answer_is_looked_up_and_neither_believed_nor_feared() {
    let mut shelf = Shelf::default();
    let head = shelf.own(1).head;
    let (mut commit, step) = Commit::begin(&head, Draft::default(), 1_000);
    let Step::Ask(create) = step else {
        panic!("a commit without segments creates at once")
    };
    // The answer of the store is lost once it has done what was asked, and once before.
    assert_eq!(shelf.serve(&create), Reply::Done);
    let Step::Ask(look) = commit.answer(Reply::Unclear, 0) else {
        panic!("an unclear answer is looked up")
    };
    let reply = shelf.serve(&look);
    assert!(matches!(
        commit.answer(reply, 0),
        Step::Done(CommitOutcome::Committed(_))
    ));

    let (mut commit, _) = Commit::begin(&head, Draft::default(), 1_000);
    commit.answer(Reply::Unclear, 0);
    assert_eq!(commit.answer(Reply::Absent, 0), Step::Retry(create));
}

#[test]
fn an_owner_that_was_frozen_does_not_believe_in_a_number_that_was_tidied_away() {
    let mut shelf = Shelf::default();
    let frozen = shelf.own(1).head;
    let mut head = shelf.own(2).head;
    for value in 0..5 {
        head = shelf.commit_value(&head, value);
    }
    shelf.tidy(1, 0);
    let draft = Draft::default();
    let (mut commit, mut step) = Commit::begin(&frozen, draft, 1_000);
    let outcome = loop {
        step = match step {
            Step::Ask(request) | Step::Retry(request) => {
                commit.answer(shelf.serve(&request), 1_000_000)
            }
            Step::Done(outcome) => break outcome,
        };
    };
    assert_eq!(outcome, CommitOutcome::Frozen);
}

#[test]
fn a_damaged_manifest_or_segment_means_the_one_before_it() {
    let mut shelf = Shelf::default();
    let head = shelf.own(1).head;
    let first = shelf.commit_value(&head, 1);
    let second = shelf.commit_value(&first, 2);
    let newest = manifest_name(second.manifest.seq);
    shelf.0.get_mut(&newest).unwrap()[40] ^= 1;
    let restored = shelf.own(2);
    assert_eq!(restored.state[b"key".as_slice()], [1]);
    assert_eq!(restored.head.manifest.seq, second.manifest.seq + 1);
    assert_eq!(restored.head.manifest.follows, first.manifest.seq);
    assert_eq!(restored.skipped[0].0, second.manifest.seq);

    let third = shelf.commit_value(&restored.head, 3);
    let segment = &third.manifest.segments.last().unwrap().name;
    shelf.0.remove(segment);
    assert_eq!(shelf.own(3).state[b"key".as_slice()], [1]);
}

#[test]
fn damage_everywhere_is_refused_and_never_taken_for_an_empty_store() {
    let mut shelf = Shelf::default();
    let head = shelf.own(1).head;
    shelf.commit_value(&head, 1);
    for bytes in shelf.0.values_mut() {
        bytes.truncate(20);
    }
    assert!(matches!(
        shelf.take_over(2),
        TakeoverOutcome::Refused(Refusal::Damaged(skipped)) if skipped.len() == 2
    ));
}

#[test]
fn state_of_other_partitions_is_refused() {
    let mut shelf = Shelf::default();
    shelf.own(1);
    let present = Identity {
        partitions: 5,
        ..identity()
    };
    let (mut takeover, mut step) = Takeover::begin(present, 2, Beginning::Allowed);
    let outcome = loop {
        step = match step {
            Step::Ask(request) | Step::Retry(request) => takeover.answer(shelf.serve(&request)),
            Step::Done(outcome) => break outcome,
        };
    };
    assert!(matches!(
        outcome,
        TakeoverOutcome::Refused(Refusal::Mismatch(MismatchError::Partitions {
            stored: 4,
            present: 5
        }))
    ));
}

#[test]
fn tidying_keeps_what_kept_manifests_name_and_what_is_young() {
    let mut shelf = Shelf::default();
    let mut head = shelf.own(1).head;
    for value in 0..5 {
        head = shelf.commit_value(&head, value);
    }
    assert_eq!(shelf.tidy(2, 2_000_000), 0, "everything is young");
    assert!(shelf.tidy(2, 1_000) > 0);
    assert_eq!(shelf.own(2).state[b"key".as_slice()], [4]);
}

#[test]
fn a_stored_manifest_reads_the_same_for_ever() {
    let golden = include_bytes!("golden/manifest-1.bin");
    let manifest = Manifest {
        identity: identity(),
        seq: 3,
        epoch: 2,
        nonce: 0xabcd,
        follows: 1,
        previous: [5; 32],
        detector: "d".to_owned(),
        next_offsets: BTreeMap::from([(
            LogName {
                topic: "clicks".to_owned(),
                partition: 2,
            },
            77,
        )]),
        idle_steps: vec![IdleStep {
            log: LogName {
                topic: "orders".to_owned(),
                partition: 1,
            },
            before_offset: 9,
            watermark_ms: 1_800_000_000_000,
        }],
        segments: vec![SegmentRef {
            name: "s/x".to_owned(),
            bytes: 10,
            digest: [6; 32],
        }],
        outbox: vec![OutboxRecord {
            topic: "flags".to_owned(),
            key: Some(b"code".to_vec()),
            headers: vec![("h".to_owned(), b"v".to_vec())],
            payload: b"{}".to_vec(),
        }],
        counters: BTreeMap::from([("orders.accepted".to_owned(), 12)]),
    };
    assert_eq!(Manifest::from_bytes(golden), Ok(manifest.clone()));
    assert_eq!(manifest.to_bytes(), golden);
}

proptest! {
    #[test]
    fn any_flipped_bit_or_cut_of_a_stored_object_is_noticed(
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = include_bytes!("golden/manifest-1.bin");
        let mut flipped = whole.to_vec();
        flipped[place.index(whole.len())] ^= 1 << bit;
        prop_assert!(Manifest::from_bytes(&flipped).is_err());
        prop_assert!(Manifest::from_bytes(&whole[..cut.index(whole.len())]).is_err());
        let segment = Segment::new([(vec![1], Some(vec![2; 50])), (vec![2], None)]).to_bytes();
        let mut flipped = segment.clone();
        flipped[place.index(segment.len())] ^= 1 << bit;
        prop_assert!(Segment::from_bytes(&flipped).is_err());
        prop_assert!(Segment::from_bytes(&segment[..cut.index(segment.len())]).is_err());
    }

    #[test]
    fn merging_neighbours_changes_no_state(
        pieces in prop::collection::vec(
            prop::collection::vec((0_u8..6, any::<Option<u8>>()), 0..6), 1..8),
        from in any::<prop::sample::Index>(),
    ) {
        let pieces: Vec<Segment> = pieces
            .into_iter()
            .map(|piece| Segment::new(
                piece.into_iter().map(|(key, value)| (vec![key], value.map(|v| vec![v])))))
            .collect();
        let from = from.index(pieces.len());
        let (kept, merged) = pieces.split_at(from);
        let merged = Segment::merge(merged.iter().cloned(), from == 0);
        let after = kept.iter().cloned().chain([merged]);
        prop_assert_eq!(fold(after), fold(pieces.iter().cloned()));
    }

    #[test]
    fn merges_keep_the_pieces_few_and_rewrite_each_byte_seldom(
        sizes in prop::collection::vec(1_u64..100, 50..400),
    ) {
        let mut pieces: Vec<u64> = Vec::new();
        let (mut written, mut rewritten) = (0, 0);
        for size in sizes {
            pieces.push(size);
            written += size;
            if let Some(from) = merge_from(&pieces) {
                let merged: u64 = pieces.drain(from..).sum();
                rewritten += merged;
                pieces.push(merged);
            }
            prop_assert!(pieces.len() <= 8);
        }
        prop_assert!(rewritten <= 12 * written, "{} for {}", rewritten, written);
    }
}
