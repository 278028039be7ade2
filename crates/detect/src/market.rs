//! What all codes share: the references of every shop, the customers and the hosts.
//!
//! Decides: what "now" looks like in a shop, the deployment standing in where a shop is small.
//! A pure function of the absorbed sums. Must not know: any particular code.

use std::collections::BTreeMap;

use promoguard_event::Hour;
use serde::{Deserialize, Serialize};

use crate::hopper::HopperTable;
use crate::marks::{RATIOS, SHARES, Share};
use crate::novel_hosts::NovelHosts;
use crate::reference::{BASKET_BINS, MIXES};
use crate::settings::DetectSettings;
use crate::shop::Shop;
use crate::sums::{HourSums, ShopId, ShopSums};

/// References of all shops. Bounded by `shops_max`, `hopper_buckets`, `hosts_max`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Market {
    pub(crate) hopper: HopperTable,
    pub(crate) hosts: NovelHosts,
    /// Partners whose codes sold while under suspicion, with the last day of it.
    suspects: BTreeMap<u32, u16>,
    deployment: Shop,
    shops: BTreeMap<ShopId, Shop>,
    first_hour: Option<i32>,
    settings: DetectSettings,
}

impl Market {
    /// A market that has seen nothing.
    pub fn new(settings: &DetectSettings) -> Market {
        Market {
            hopper: HopperTable::new(settings.hopper_buckets),
            hosts: NovelHosts::default(),
            suspects: BTreeMap::new(),
            // Made when the first hour is absorbed: its days begin then.
            deployment: Shop::new(Hour::from_index(0)),
            shops: BTreeMap::new(),
            first_hour: None,
            settings: settings.clone(),
        }
    }

    /// Goes on under other settings, for a market that was restored. The hopper table keeps the
    /// size that it was made with.
    pub fn set_settings(&mut self, settings: &DetectSettings) {
        self.settings = settings.clone();
    }

    /// Takes in the merged sums of `hour`; hours come in ascending order, empty ones may be left
    /// out.
    pub fn absorb(&mut self, hour: Hour, sums: &HourSums) {
        let settings = self.settings.clone();
        let settings = &settings;
        if self.first_hour.is_none() {
            self.first_hour = Some(hour.index());
            self.deployment = Shop::new(hour);
        }
        let mut all = HourSums::default();
        for shop_sums in sums.shops.values() {
            let mut one = HourSums::default();
            one.shops.insert(ShopId(0), shop_sums.clone());
            all.merge(one);
        }
        let everything = all.shops.remove(&ShopId(0)).unwrap_or_default();
        self.deployment.absorb(settings, hour, &everything);
        for (id, shop_sums) in &sums.shops {
            self.absorb_shop(settings, hour, *id, shop_sums);
        }
        let day = day_of(hour);
        let mut customers = sums.customers.clone();
        customers.sort_unstable();
        for (customer, partner) in customers {
            self.hopper.note(customer, partner, day);
        }
        let mut hosts = sums.hosts.clone();
        hosts.sort_unstable();
        for (host, partner) in hosts {
            self.hosts.note(settings, host, partner, day);
        }
        self.note_suspects(settings, &sums.suspects, day);
    }

    /// When full, the oldest suspicions make room: what is not remembered is not held against anybody.
    fn note_suspects(&mut self, settings: &DetectSettings, partners: &[u32], day: u16) {
        for partner in partners {
            self.suspects.insert(*partner, day);
        }
        if self.suspects.len() > settings.hosts_max as usize {
            let oldest = day.saturating_sub(settings.hopper_days as u16 / 2);
            self.suspects.retain(|_, last| *last >= oldest);
        }
        while self.suspects.len() > settings.hosts_max as usize {
            self.suspects.pop_first();
        }
    }

    /// Whether a code of the partner sold under suspicion within the last weeks.
    pub(crate) fn is_suspect(&self, partner: u32, day: u16) -> bool {
        let since = day.saturating_sub(self.settings.hopper_days as u16);
        self.suspects
            .get(&partner)
            .is_some_and(|last| *last >= since)
    }

    fn absorb_shop(&mut self, settings: &DetectSettings, hour: Hour, id: ShopId, sums: &ShopSums) {
        if !self.shops.contains_key(&id) && self.shops.len() >= settings.shops_max as usize {
            self.evict_idle_shop(hour);
            if self.shops.len() >= settings.shops_max as usize {
                return;
            }
        }
        self.shops
            .entry(id)
            .or_insert_with(|| Shop::new(hour))
            .absorb(settings, hour, sums);
        let means = self.view(settings, id, hour).ratio_means();
        if let Some(shop) = self.shops.get_mut(&id) {
            shop.note_closed(hour, &means, settings.late_hours as usize);
        }
    }

    /// Makes room by dropping the shop idle for longest, if that is four weeks or more.
    fn evict_idle_shop(&mut self, hour: Hour) {
        let idlest = self
            .shops
            .iter()
            .min_by_key(|(id, shop)| (shop.last_hour(), **id))
            .filter(|(_, shop)| shop.last_hour() + 28 * 24 <= hour.index())
            .map(|(id, _)| *id);
        if let Some(id) = idlest {
            self.shops.remove(&id);
        }
    }

    /// The references of one shop as of `hour`.
    pub(crate) fn view<'a>(
        &'a self,
        settings: &'a DetectSettings,
        id: ShopId,
        hour: Hour,
    ) -> ShopView<'a> {
        ShopView {
            settings,
            shop: self.shops.get(&id),
            deployment: &self.deployment,
            hour,
        }
    }

    /// Days since the first absorbed hour.
    pub(crate) fn age_days(&self, hour: Hour) -> u32 {
        self.first_hour
            .map_or(0, |first| ((hour.index() - first).max(0) / 24) as u32)
    }

    /// The day on which the watch began.
    pub(crate) fn first_day(&self) -> u16 {
        self.first_hour
            .map_or(u16::MAX, |first| day_of(Hour::from_index(first)))
    }
}

/// Days since 1970, held inside 1..=65535 (until 2149).
pub(crate) fn day_of(hour: Hour) -> u16 {
    hour.index().div_euclid(24).clamp(1, i32::from(u16::MAX)) as u16
}

/// One shop as of one hour, backed by the deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShopView<'a> {
    pub(crate) settings: &'a DetectSettings,
    shop: Option<&'a Shop>,
    deployment: &'a Shop,
    hour: Hour,
}

impl ShopView<'_> {
    /// What an honest order of this shop shows, over the last month.
    pub(crate) fn slow_share(&self, share: Share) -> f64 {
        let settings = self.settings;
        let everywhere =
            self.deployment
                .slow_share(share, share.prior(), settings.deployment_pseudo);
        match self.shop {
            Some(shop) => shop.slow_share(share, everywhere, settings.shop_pseudo),
            None => everywhere,
        }
    }

    /// How far the odds of a mark moved lately, here or everywhere, whichever excuses more.
    pub(crate) fn shift(&self, share: Share, slow: f64) -> f64 {
        let hour = self.hour.index();
        let here = self
            .shop
            .map_or(0.0, |shop| shop.shift(self.settings, share, slow, hour));
        let everywhere_slow =
            self.deployment
                .slow_share(share, share.prior(), self.settings.deployment_pseudo);
        let everywhere = self
            .deployment
            .shift(self.settings, share, everywhere_slow, hour);
        if share.falls_in_a_leak() {
            here.min(everywhere)
        } else {
            here.max(everywhere)
        }
    }

    /// Whether the mark was seen often enough to mean something.
    pub(crate) fn seen(&self, share: Share) -> bool {
        self.shop.is_some_and(|shop| shop.slow_yes(share) >= 2.0)
            || self.deployment.slow_yes(share) >= 20.0
    }

    /// Share of the shop's orders that carry a field; the prior while nothing is known.
    pub(crate) fn coverage(&self, share: Share) -> f64 {
        self.shop.map_or(share.prior(), |shop| {
            shop.slow_share(share, share.prior(), 4.0)
        })
    }

    /// Whether click ids vanished lately: practically every recent order of the shop is cold,
    /// though they were not before.
    pub(crate) fn tracking_is_down(&self) -> bool {
        let settings = self.settings;
        let down = |shop: &Shop| {
            let (yes, of) = shop.fast(settings, Share::HasClickId, self.hour.index());
            let before = shop.slow_share(Share::HasClickId, 0.5, 1.0);
            of >= 8.0 && 1.0 - yes / of > settings.outage_share && before > 0.15
        };
        self.shop.is_some_and(down) || down(self.deployment)
    }

    /// Divisors of the ratios as of now: what honest orders show of each kind's ratio.
    pub(crate) fn ratio_means(&self) -> [f64; RATIOS] {
        let mut means = [1.0; RATIOS];
        let hour = self.hour.index();
        for (index, mean) in means.iter_mut().enumerate() {
            let (slow_all, fast_all) = self.deployment.ratio_means(self.settings, index, hour);
            let (slow, fast) = match self.shop {
                Some(shop) => shop.ratio_means(self.settings, index, hour),
                None => (slow_all, fast_all),
            };
            let rise = (fast / slow).max(fast_all / slow_all).max(1.0);
            *mean = (slow * rise).max(self.settings.ratio_mean_min);
        }
        means
    }

    /// The same for an order of an earlier hour: that hour's where kept, else the slow means.
    pub(crate) fn ratio_means_of(&self, hour: Hour) -> [f64; RATIOS] {
        if let Some(means) = self.shop.and_then(|shop| shop.closed_means(hour)) {
            return means;
        }
        let mut means = [1.0; RATIOS];
        for (index, mean) in means.iter_mut().enumerate() {
            let source = self.shop.unwrap_or(self.deployment);
            let (slow, _) = source.ratio_means(self.settings, index, self.hour.index());
            *mean = slow.max(1.0);
        }
        means
    }

    /// How much the market sold in the last `days` days against the days of `lag`, per day:
    /// 1 = as usual. A small shop leans on everybody.
    pub(crate) fn market_lift(&self, days: usize, lag: core::ops::Range<usize>) -> f64 {
        const PSEUDO: f64 = 5.0;
        let today = self.hour.index().div_euclid(24);
        let sums = |shop: &Shop| {
            let recent: f64 = (0..days).map(|ago| shop.volume.orders(today, ago)).sum();
            let before: f64 = lag.clone().map(|ago| shop.volume.orders(today, ago)).sum();
            (recent, before * days as f64 / lag.len() as f64)
        };
        let (recent, usual) = sums(self.deployment);
        let everywhere = (recent + PSEUDO) / (usual + PSEUDO);
        let Some(shop) = self.shop else {
            return everywhere;
        };
        let (recent, usual) = sums(shop);
        (recent + PSEUDO * everywhere) / (usual + PSEUDO)
    }

    /// Orders of the shop in the last weeks.
    pub(crate) fn orders_known(&self) -> f64 {
        self.shop.map_or(0.0, |shop| shop.volume.totals().0)
    }

    /// Share of the shop's orders of the last week that codes under suspicion had.
    pub(crate) fn suspect_share(&self) -> f64 {
        let today = self.hour.index().div_euclid(24);
        self.shop
            .map_or(0.0, |shop| shop.volume.suspect_share(today))
    }

    /// Orders per first visit in the shop, leaning on everybody's.
    pub(crate) fn conversion(&self) -> f64 {
        const PSEUDO: f64 = 50.0;
        let (orders, visits) = self.deployment.volume.totals();
        let everywhere = (orders + 2.0) / (visits + 40.0);
        let (orders, visits) = self.shop.map_or((0.0, 0.0), |shop| shop.volume.totals());
        (orders + PSEUDO * everywhere) / (visits + PSEUDO)
    }

    pub(crate) fn mix(&self) -> [f64; MIXES] {
        let everywhere = self.deployment.mix(&self.settings.time_mix_prior, 50.0);
        self.shop
            .map_or(everywhere, |shop| shop.mix(&everywhere, 30.0))
    }

    pub(crate) fn week_density(&self, bin: usize) -> f64 {
        let here = self.shop.map_or(1.0, |shop| shop.week_density(bin));
        // A small shop leans on everybody's hours: geometric mean, both are densities.
        libm::sqrt(here * self.deployment.week_density(bin))
    }

    pub(crate) fn day_density(&self, first_hour: usize, hours: usize) -> f64 {
        let here = self
            .shop
            .map_or(1.0, |shop| shop.day_density(first_hour, hours));
        libm::sqrt(here * self.deployment.day_density(first_hour, hours))
    }

    pub(crate) fn basket_fifth(&self, bin: u8) -> Option<u8> {
        self.shop.and_then(|shop| shop.basket_fifth(bin))
    }

    pub(crate) fn fifth_shares(&self) -> Option<[f64; BASKET_BINS]> {
        self.shop.and_then(Shop::fifth_shares)
    }

    pub(crate) fn city_share(&self, city: u64) -> Option<f64> {
        self.shop
            .and_then(|shop| shop.city_share(city))
            .or_else(|| self.deployment.city_share(city))
    }

    /// Whether enough of the shop's history is known at all.
    pub(crate) fn knows(&self, share: Share) -> bool {
        self.shop.is_some_and(|shop| shop.slow_weight(share) >= 5.0)
    }

    /// All slow shares at once.
    pub(crate) fn slow_shares(&self) -> [f64; SHARES] {
        Share::ALL.map(|share| self.slow_share(share))
    }
}
