//! Which customers used codes of which partners lately.
//!
//! Decides: whether a customer hops between partners or comes back to one. The table is a fixed
//! piece of memory that overwrites its oldest facts. Must not know: who the customers are; it
//! sees pseudonyms.

use serde::{Deserialize, Serialize};

use crate::stable::mix;

const SLOTS: usize = 8;

/// One customer × partner: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    customer: u32,
    partner: u32,
    /// Days since 1970; 0 = empty.
    first_day: u16,
    last_day: u16,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HopperTable {
    slots: Vec<Slot>,
    buckets: u64,
}

/// What the table knows of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CustomerPast {
    /// Other partners whose codes the customer used, as far as the bucket remembers.
    pub(crate) other_partners: u8,
    /// One of them was under suspicion.
    pub(crate) tainted: bool,
    pub(crate) same_partner_before: bool,
}

impl HopperTable {
    pub(crate) fn new(buckets: u32) -> HopperTable {
        let buckets = u64::from(buckets.max(1));
        // Memory is taken on the first customer: most tests and small deployments never need it.
        HopperTable {
            slots: Vec::new(),
            buckets,
        }
    }

    /// Notes an order. The caller sorts the facts of an hour, so equal facts give equal tables.
    pub(crate) fn note(&mut self, customer: u64, partner: u32, day: u16) {
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); self.buckets as usize * SLOTS];
        }
        let (range, fingerprint) = self.place(customer);
        let bucket = &mut self.slots[range];
        if let Some(slot) = bucket
            .iter_mut()
            .find(|s| s.last_day != 0 && s.customer == fingerprint && s.partner == partner)
        {
            slot.last_day = slot.last_day.max(day);
            return;
        }
        let oldest = (1..SLOTS).fold(0, |oldest, at| {
            if bucket[at].last_day < bucket[oldest].last_day {
                at
            } else {
                oldest
            }
        });
        bucket[oldest] = Slot {
            customer: fingerprint,
            partner,
            first_day: day,
            last_day: day,
        };
    }

    /// What is known of a customer who orders with `partner` on `day`.
    pub(crate) fn past(
        &self,
        customer: u64,
        partner: u32,
        day: u16,
        days: u16,
        is_suspect: impl Fn(u32) -> bool,
    ) -> CustomerPast {
        let mut past = CustomerPast {
            other_partners: 0,
            tainted: false,
            same_partner_before: false,
        };
        if self.slots.is_empty() {
            return past;
        }
        let (range, fingerprint) = self.place(customer);
        let since = day.saturating_sub(days);
        for slot in &self.slots[range] {
            if slot.last_day == 0 || slot.customer != fingerprint || slot.last_day < since {
                continue;
            }
            if slot.partner == partner {
                past.same_partner_before |= slot.first_day < day;
            } else {
                past.other_partners += 1;
                past.tainted |= is_suspect(slot.partner);
            }
        }
        past
    }

    fn place(&self, customer: u64) -> (std::ops::Range<usize>, u32) {
        let hash = mix(customer);
        let bucket = (hash % self.buckets) as usize;
        (bucket * SLOTS..(bucket + 1) * SLOTS, (hash >> 32) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_of_two_partners_is_a_hopper_for_both_until_it_is_long_ago() {
        let mut table = HopperTable::new(64);
        table.note(5, 1, 20_000);
        let past = table.past(5, 2, 20_010, 60, |_| false);
        assert!(past.other_partners == 1 && !past.same_partner_before && !past.tainted);
        assert_eq!(table.past(5, 2, 20_100, 60, |_| false).other_partners, 0);
        assert!(table.past(5, 2, 20_010, 60, |partner| partner == 1).tainted);
    }

    #[test]
    fn a_repeat_needs_an_earlier_day() {
        let mut table = HopperTable::new(64);
        table.note(5, 1, 20_000);
        assert!(!table.past(5, 1, 20_000, 60, |_| false).same_partner_before);
        table.note(5, 1, 20_003);
        assert!(table.past(5, 1, 20_003, 60, |_| false).same_partner_before);
    }

    #[test]
    fn a_full_bucket_forgets_its_oldest_customer() {
        let mut table = HopperTable::new(1);
        for customer in 0..9_u64 {
            table.note(customer, 1, 20_000 + customer as u16);
        }
        assert_eq!(table.past(0, 2, 20_008, 60, |_| false).other_partners, 0);
        assert_eq!(table.past(1, 2, 20_008, 60, |_| false).other_partners, 1);
    }
}
