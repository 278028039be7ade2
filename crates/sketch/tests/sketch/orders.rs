//! The order index is exact: compared with a plain map over any sequence of orders.

use std::collections::BTreeMap;

use promoguard_sketch::{Inserted, OrderIndex, OrderIndexSettings};
use proptest::prelude::*;

use crate::{check_damage_is_found, distinct_key};

const DAY_MS: i64 = 86_400_000;

const TIGHT: OrderIndexSettings = OrderIndexSettings {
    horizon_ms: 5 * DAY_MS,
    entries_max: 60,
};

#[derive(Clone, Debug)]
enum Step {
    Order { id: u64, amount: u32, late_ms: i64 },
    Pass { ms: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = (0..100u64, 0..2u32, prop_oneof![Just(0), 0..20 * DAY_MS]);
    let order = order.prop_map(|(id, amount, late_ms)| Step::Order {
        id,
        amount,
        late_ms,
    });
    let pass = prop_oneof![0..DAY_MS, 0..DAY_MS, 0..9 * DAY_MS].prop_map(|ms| Step::Pass { ms });
    prop::collection::vec(prop_oneof![9 => order, 1 => pass], 0..400)
}

/// The same rules, without any care for speed.
#[derive(Default)]
struct Model {
    orders: BTreeMap<u64, (i64, u32)>,
    today: i64,
    early: u64,
}

impl Model {
    fn advance(&mut self, now_ms: i64) {
        self.today = self.today.max(now_ms.div_euclid(DAY_MS));
        let oldest_kept = self.today - TIGHT.horizon_ms / DAY_MS;
        self.orders.retain(|_, (day, _)| *day >= oldest_kept);
    }

    fn insert(&mut self, id: u64, amount: u32) -> Inserted {
        match self.orders.get(&id) {
            Some((_, first)) if *first == amount => return Inserted::Duplicate,
            Some(_) => return Inserted::Conflict,
            None => {}
        }
        if self.orders.len() == TIGHT.entries_max {
            let oldest = self
                .orders
                .values()
                .map(|(day, _)| *day)
                .min()
                .expect("a full model has a day");
            self.orders.retain(|_, (day, _)| *day > oldest);
            self.early += (TIGHT.entries_max - self.orders.len()) as u64;
        }
        self.orders.insert(id, (self.today, amount));
        Inserted::New
    }
}

proptest! {
    #[test]
    fn answers_as_a_plain_map_does(steps in steps()) {
        let (mut index, mut model) = (OrderIndex::new(TIGHT), Model::default());
        let mut now_ms = 0;
        index.advance(now_ms);
        for step in steps {
            match step {
                Step::Order { id, amount, late_ms } => {
                    let answer = index.insert(distinct_key(1, id), now_ms - late_ms, amount);
                    prop_assert_eq!(answer, model.insert(id, amount));
                }
                Step::Pass { ms } => {
                    now_ms += ms;
                    index.advance(now_ms);
                    model.advance(now_ms);
                }
            }
            prop_assert_eq!(index.len(), model.orders.len());
            prop_assert!(index.len() <= TIGHT.entries_max);
            prop_assert_eq!(index.early_evictions(), model.early);
        }
        for id in 0..100 {
            prop_assert_eq!(index.contains(distinct_key(1, id)), model.orders.contains_key(&id));
        }
        let restored = OrderIndex::from_bytes(TIGHT, &saved(&index)).unwrap();
        prop_assert_eq!(saved(&restored), saved(&index));
        prop_assert_eq!(restored.early_evictions(), model.early);
    }
}

fn saved(index: &OrderIndex) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.to_bytes(&mut bytes);
    bytes
}

#[test]
fn a_repeat_with_another_amount_is_a_conflict_and_the_first_amount_stays() {
    let mut index = OrderIndex::new(TIGHT);
    assert_eq!(index.insert(1, 0, 500), Inserted::New);
    assert_eq!(index.insert(1, 0, 700), Inserted::Conflict);
    assert_eq!(index.insert(1, 0, 500), Inserted::Duplicate);
    assert_eq!(index.insert(1, 0, 700), Inserted::Conflict);
}

#[test]
fn an_order_is_remembered_for_the_whole_horizon_and_not_for_ever() {
    let mut index = OrderIndex::new(TIGHT);
    index.insert(1, 7, 0);
    assert_eq!(
        index.insert(1, TIGHT.horizon_ms + 7, 0),
        Inserted::Duplicate
    );
    index.advance(TIGHT.horizon_ms + DAY_MS);
    assert!(index.is_empty());
}

#[test]
fn a_late_order_is_remembered_from_its_arrival() {
    let mut index = OrderIndex::new(TIGHT);
    index.advance(100 * DAY_MS);
    index.insert(1, 2 * DAY_MS, 0);
    assert_eq!(index.insert(1, 104 * DAY_MS, 0), Inserted::Duplicate);
}

#[test]
fn a_full_index_forgets_its_oldest_day_and_says_so() {
    let mut index = OrderIndex::new(TIGHT);
    for id in 0..20 {
        index.insert(distinct_key(1, id), 0, 0);
    }
    for id in 20..61 {
        index.insert(distinct_key(1, id), DAY_MS, 0);
    }
    assert_eq!((index.len(), index.early_evictions()), (41, 20));
    assert!(!index.contains(distinct_key(1, 19)) && index.contains(distinct_key(1, 20)));
}

#[test]
fn saved_bytes_do_not_depend_on_the_order_of_arrival() {
    let save = |ids: Vec<u64>| {
        let mut index = OrderIndex::new(OrderIndexSettings::default());
        for id in ids {
            index.insert(distinct_key(1, id), 0, id as u32);
        }
        saved(&index)
    };
    assert_eq!(save((0..1_000).collect()), save((0..1_000).rev().collect()));
}

#[test]
fn lower_bounds_on_restore_forget_the_oldest_days() {
    let mut index = OrderIndex::new(TIGHT);
    for id in 0..50 {
        index.insert(distinct_key(1, id), id as i64 / 10 * DAY_MS, 0);
    }
    let fewer = OrderIndexSettings {
        entries_max: 25,
        ..TIGHT
    };
    let restored = OrderIndex::from_bytes(fewer, &saved(&index)).unwrap();
    assert_eq!((restored.len(), restored.early_evictions()), (20, 30));
    let shorter = OrderIndexSettings {
        horizon_ms: DAY_MS,
        ..TIGHT
    };
    let restored = OrderIndex::from_bytes(shorter, &saved(&index)).unwrap();
    assert_eq!((restored.len(), restored.early_evictions()), (20, 0));
}

#[test]
fn damage_is_found() {
    let mut index = OrderIndex::new(TIGHT);
    for id in 0..10 {
        index.insert(distinct_key(1, id), id as i64 * DAY_MS / 4, 0);
    }
    check_damage_is_found(&saved(&index), |bytes| OrderIndex::from_bytes(TIGHT, bytes));
}

#[test]
fn an_entry_costs_at_most_57_bytes() {
    let mut index = OrderIndex::new(OrderIndexSettings::default());
    for id in 0..100_000u64 {
        index.insert(distinct_key(1, id), 0, 0);
        if id > 1_000 {
            let bytes = index.memory_bytes() as f64 / index.len() as f64;
            assert!(
                (28.0..=58.0).contains(&bytes),
                "{bytes} bytes an entry at {id}"
            );
        }
    }
}
