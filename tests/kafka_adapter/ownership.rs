//! The group: partitions have one owner, change hands when they are released, and find it again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use promoguard_kafka::{
    GroupProtocol, KafkaSettings, Ownership, OwnershipEvent, OwnershipOptions, ReleaseToken,
    TopicPartition,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{DEADLINE, settings, topic};

const PARTITIONS: i32 = 6;

/// How long nothing must happen to be sure enough that nothing will.
const QUIET: Duration = Duration::from_millis(700);

struct Member {
    ownership: Ownership,
    owned: BTreeSet<i32>,
    /// Revocations held back, if this member holds them.
    held: Option<Vec<ReleaseToken>>,
    /// Events that were no errors.
    changes: usize,
}

impl Member {
    fn join(settings: &KafkaSettings, release_timeout_ms: u32) -> Self {
        let options = OwnershipOptions {
            release_timeout_ms,
            lag_commit_interval_ms: 100,
        };
        let ownership = Ownership::start(settings, &settings.group_id, options).unwrap();
        Self {
            ownership,
            owned: BTreeSet::new(),
            held: None,
            changes: 0,
        }
    }

    /// Takes in what has happened, or happens within `wait`.
    fn step(&mut self, wait: Duration) {
        let Ok(event) = self.ownership.events().recv_timeout(wait) else {
            return;
        };
        match event {
            OwnershipEvent::Assigned(partitions) => {
                for partition in partitions {
                    assert!(self.owned.insert(partition), "{partition} was given twice");
                }
            }
            OwnershipEvent::Revoked(partitions, token) => {
                self.take_away(&partitions);
                match &mut self.held {
                    Some(held) => held.push(token),
                    None => token.release(),
                }
            }
            OwnershipEvent::Lost(partitions) => self.take_away(&partitions),
            OwnershipEvent::Error { reason, fatal } => {
                assert!(!fatal, "{reason}");
                return;
            }
        }
        self.changes += 1;
    }

    fn take_away(&mut self, partitions: &[i32]) {
        for partition in partitions {
            assert!(self.owned.remove(partition), "{partition} was not owned");
        }
    }
}

fn all() -> BTreeSet<i32> {
    (0..PARTITIONS).collect()
}

/// Steps all members until `done`; no partition ever has two owners.
fn step_until(members: &mut [&mut Member], done: impl Fn(&[&mut Member]) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !done(members) {
        for member in members.iter_mut() {
            member.step(Duration::from_millis(20));
        }
        let owners: usize = members.iter().map(|member| member.owned.len()).sum();
        let owned: BTreeSet<i32> = members
            .iter()
            .flat_map(|member| &member.owned)
            .copied()
            .collect();
        assert_eq!(owners, owned.len(), "a partition has two owners");
        assert!(
            Instant::now() < deadline,
            "the group does not settle: {owned:?}"
        );
    }
}

fn is_shared_out(members: &[&mut Member]) -> bool {
    let owned: usize = members.iter().map(|member| member.owned.len()).sum();
    owned == PARTITIONS as usize && members.iter().all(|member| !member.owned.is_empty())
}

fn group(name: &str, protocol: GroupProtocol) -> KafkaSettings {
    let mut settings = settings(name);
    settings.group_protocol = protocol;
    topic(&settings, name, PARTITIONS, &[]);
    settings
}

fn check_members_come_and_go(name: &str, protocol: GroupProtocol) {
    let settings = group(name, protocol);
    let mut first = Member::join(&settings, 10_000);
    step_until(&mut [&mut first], |members| members[0].owned == all());

    let mut second = Member::join(&settings, 10_000);
    step_until(&mut [&mut first, &mut second], is_shared_out);

    assert!(first.ownership.leave(DEADLINE));
    step_until(&mut [&mut second], |members| members[0].owned == all());
    assert!(second.ownership.leave(DEADLINE));
}

#[test]
fn members_come_and_go_under_kip_848() {
    check_members_come_and_go("members-consumer", GroupProtocol::Consumer);
}

#[test]
fn members_come_and_go_under_the_classic_protocol() {
    check_members_come_and_go("members-classic", GroupProtocol::Classic);
}

fn check_release(name: &str, protocol: GroupProtocol) {
    let settings = group(name, protocol);
    let mut first = Member::join(&settings, 30_000);
    step_until(&mut [&mut first], |members| members[0].owned == all());

    first.held = Some(Vec::new());
    let mut second = Member::join(&settings, 30_000);
    let holds = |members: &[&mut Member]| {
        members[0]
            .held
            .as_ref()
            .is_some_and(|held| !held.is_empty())
    };
    step_until(&mut [&mut first, &mut second], holds);
    second.step(QUIET);
    assert!(second.owned.is_empty(), "given away before it was released");

    first.held = None;
    step_until(&mut [&mut first, &mut second], is_shared_out);
}

#[test]
fn a_partition_changes_hands_only_once_it_is_released_under_kip_848() {
    check_release("release-consumer", GroupProtocol::Consumer);
}

#[test]
fn a_partition_changes_hands_only_once_it_is_released_under_the_classic_protocol() {
    check_release("release-classic", GroupProtocol::Classic);
}

#[test]
fn a_release_that_never_comes_holds_the_group_up_only_so_long() {
    let settings = group("release-late", GroupProtocol::Consumer);
    let mut first = Member::join(&settings, 200);
    step_until(&mut [&mut first], |members| members[0].owned == all());
    first.held = Some(Vec::new());
    let mut second = Member::join(&settings, 200);
    step_until(&mut [&mut first, &mut second], is_shared_out);
    assert!(first.held.is_some_and(|held| !held.is_empty()));
}

#[test]
fn a_static_member_that_restarts_finds_its_partitions_and_disturbs_nobody() {
    let mut settings = group("static", GroupProtocol::Consumer);
    let mut second_settings = settings.clone();
    settings.group_instance_id = Some("one".to_owned());
    second_settings.group_instance_id = Some("two".to_owned());
    let mut first = Member::join(&settings, 10_000);
    let mut second = Member::join(&second_settings, 10_000);
    step_until(&mut [&mut first, &mut second], is_shared_out);

    let (owned, changes) = (first.owned, second.changes);
    assert!(first.ownership.leave(DEADLINE));
    let mut first = Member::join(&settings, 10_000);
    step_until(&mut [&mut first], |members| members[0].owned == owned);
    second.step(QUIET);
    assert_eq!(second.changes, changes, "the other member was disturbed");
}

#[test]
fn lag_tools_see_the_offsets_noted_for_them_of_any_topic() {
    let settings = group("lag", GroupProtocol::Consumer);
    topic(&settings, "lag.clicks", PARTITIONS, &[]);
    let mut member = Member::join(&settings, 10_000);
    step_until(&mut [&mut member], |members| members[0].owned == all());
    let noted = [("lag", 2, 41), ("lag", 2, 42), ("lag.clicks", 3, 7)];
    for (topic, partition, offset) in noted {
        member
            .ownership
            .commit_for_lag(&TopicPartition::new(topic, partition), offset);
    }
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", &settings.group_id);
    let reader: BaseConsumer = config.create().unwrap();
    let mut asked = TopicPartitionList::new();
    for (topic, partition) in [("lag", 2), ("lag.clicks", 3), ("lag", 0)] {
        asked.add_partition(topic, partition);
    }
    let expected = [Offset::Offset(42), Offset::Offset(7), Offset::Invalid];
    let deadline = Instant::now() + DEADLINE;
    loop {
        let answer = reader.committed_offsets(asked.clone(), DEADLINE).unwrap();
        let found: Vec<Offset> = answer
            .elements()
            .iter()
            .map(|element| element.offset())
            .collect();
        if found == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        member.step(Duration::from_millis(20));
    }
}
