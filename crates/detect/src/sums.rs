//! What one shard tells the others about a closed hour.
//!
//! Decides: which sums cross between shards. All are integers, so the result does not depend on
//! which shard counted what, or in which order they are merged. Must not know: single codes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::marks::{RATIOS, SHARES};
use crate::reference::MIXES;
use crate::stable::{stable_hash, to_units};

/// A merchant on one marketplace or on its own site, by hash.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(crate) struct ShopId(pub(crate) u64);

impl ShopId {
    pub(crate) fn of(merchant: &str, marketplace: Option<&str>) -> ShopId {
        let mut name = Vec::with_capacity(64);
        name.extend_from_slice(merchant.as_bytes());
        name.push(0);
        name.extend_from_slice(marketplace.unwrap_or("").as_bytes());
        ShopId(stable_hash(&name))
    }
}

/// One shard's contribution to the market for one hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HourSums {
    pub(crate) shops: BTreeMap<ShopId, ShopSums>,
    /// (customer, partner) of accepted orders.
    pub(crate) customers: Vec<(u64, u32)>,
    /// (host, partner) of orders that came from a host of no known class.
    pub(crate) hosts: Vec<(u64, u32)>,
    /// Partners whose codes sold while they were under suspicion.
    pub(crate) suspects: Vec<u32>,
}

/// Sums of one shop in one hour, in exchange units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShopSums {
    pub(crate) yes: [u64; SHARES],
    pub(crate) of: [u64; SHARES],
    pub(crate) ratio: [u64; RATIOS],
    pub(crate) ratio_of: [u64; RATIOS],
    pub(crate) mix: [u64; MIXES],
    pub(crate) hours: BTreeMap<u8, u64>,
    pub(crate) baskets: BTreeMap<u8, u64>,
    pub(crate) cities: BTreeMap<u64, u64>,
    /// Orders, of which one code counts only so many a day.
    pub(crate) orders: u64,
    /// First visits by people, of which one code counts only so many an hour.
    pub(crate) visits: u64,
    /// Orders of codes under suspicion, counted likewise; they are in no other sum.
    pub(crate) suspect_orders: u64,
}

impl HourSums {
    /// Adds another shard's contribution.
    pub fn merge(&mut self, other: HourSums) {
        for (id, sums) in other.shops {
            self.shops.entry(id).or_default().merge(&sums);
        }
        self.customers.extend(other.customers);
        self.hosts.extend(other.hosts);
        self.suspects.extend(other.suspects);
    }

    /// Whether nothing was contributed.
    pub fn is_empty(&self) -> bool {
        self.shops.is_empty()
            && self.customers.is_empty()
            && self.hosts.is_empty()
            && self.suspects.is_empty()
    }
}

impl ShopSums {
    fn merge(&mut self, other: &ShopSums) {
        add_all(&mut self.yes, &other.yes);
        add_all(&mut self.of, &other.of);
        add_all(&mut self.ratio, &other.ratio);
        add_all(&mut self.ratio_of, &other.ratio_of);
        add_all(&mut self.mix, &other.mix);
        add_map(&mut self.hours, &other.hours);
        add_map(&mut self.baskets, &other.baskets);
        add_map(&mut self.cities, &other.cities);
        self.orders += other.orders;
        self.visits += other.visits;
        self.suspect_orders += other.suspect_orders;
    }

    pub(crate) fn share(&mut self, index: usize, yes: bool, weight: f64) {
        self.of[index] += to_units(weight);
        if yes {
            self.yes[index] += to_units(weight);
        }
    }

    pub(crate) fn share_of(&mut self, index: usize, yes: f64, of: f64) {
        self.of[index] += to_units(of);
        self.yes[index] += to_units(yes);
    }

    pub(crate) fn ratio(&mut self, index: usize, ratio: f64, weight: f64) {
        self.ratio[index] += to_units(ratio * weight);
        self.ratio_of[index] += to_units(weight);
    }
}

pub(crate) fn bump<K: Ord>(map: &mut BTreeMap<K, u64>, key: K, weight: f64) {
    *map.entry(key).or_default() += to_units(weight);
}

fn add_all<const N: usize>(into: &mut [u64; N], from: &[u64; N]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += from;
    }
}

fn add_map<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, value) in from {
        *into.entry(*key).or_default() += value;
    }
}
