//! Hosts that no list knows and that appear at the checkouts of several partners at once.
//!
//! Decides: when an unknown host behaves like a coupon site. One partner's new blog brings
//! orders of one partner; a site that lists codes brings those of many. Must not know: names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::DetectSettings;

const PARTNERS: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NovelHosts {
    hosts: BTreeMap<u64, HostPast>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct HostPast {
    first_day: u16,
    last_day: u16,
    /// Distinct partners, by hash; 0 = free.
    partners: [u32; PARTNERS],
}

impl NovelHosts {
    /// Notes that an order of `partner` came from `host`. When full and nothing is old enough to
    /// go, further hosts stay unknown, which is what they were.
    pub(crate) fn note(&mut self, settings: &DetectSettings, host: u64, partner: u32, day: u16) {
        if !self.hosts.contains_key(&host) && self.hosts.len() >= settings.hosts_max as usize {
            let oldest = day.saturating_sub(settings.novel_host_days as u16);
            self.hosts.retain(|_, past| past.last_day >= oldest);
            if self.hosts.len() >= settings.hosts_max as usize {
                return;
            }
        }
        let past = self.hosts.entry(host).or_insert(HostPast {
            first_day: day,
            last_day: day,
            partners: [0; PARTNERS],
        });
        past.last_day = past.last_day.max(day);
        for slot in &mut past.partners {
            if *slot == partner {
                return;
            }
            if *slot == 0 {
                *slot = partner;
                return;
            }
        }
    }

    /// Whether the host is new and shared by enough partners. Hosts that were there when the
    /// watch began are old: nobody knows since when.
    pub(crate) fn acts_like_coupons(
        &self,
        settings: &DetectSettings,
        host: u64,
        day: u16,
        watching_since: u16,
    ) -> bool {
        self.hosts.get(&host).is_some_and(|past| {
            let partners = past
                .partners
                .iter()
                .filter(|partner| **partner != 0)
                .count();
            let learnt = past.first_day >= watching_since.saturating_add(7);
            let new = past.first_day >= day.saturating_sub(settings.novel_host_days as u16);
            learnt && new && partners >= settings.novel_host_partners as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_host_is_suspicious_only_when_several_partners_share_it() {
        let settings = DetectSettings::default();
        let mut hosts = NovelHosts::default();
        for order in 0..10 {
            hosts.note(&settings, 1, 77, 1_020 + order);
        }
        for partner in 1..=3 {
            hosts.note(&settings, 2, partner, 1_020);
        }
        assert!(!hosts.acts_like_coupons(&settings, 1, 1_031, 1_000));
        assert!(hosts.acts_like_coupons(&settings, 2, 1_031, 1_000));
        assert!(
            !hosts.acts_like_coupons(&settings, 2, 1_031, 1_018),
            "the watch is too young"
        );
        assert!(
            !hosts.acts_like_coupons(&settings, 2, 1_100, 1_000),
            "it is not new any more"
        );
    }
}
