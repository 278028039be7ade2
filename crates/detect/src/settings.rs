//! Every number of the judge, with its unit, its reason and its bounds.
//!
//! Decides: what is a setting. Must not know: where settings are read from.

use serde::{Deserialize, Serialize};

use crate::marks::{SIGNALS_RULE, Signal};
use crate::model::Judge;
use crate::stable::stable_hash;

/// The judge's numbers. `Default` is what the measurements in `docs/detection.md` were made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectSettings {
    /// False flags that are paid for, per 1,000 clean code-weeks; the flag threshold is
    /// 10·log10(1000 / this) decibans, 30 at 1.
    pub false_flags_per_1000_code_weeks: f64,
    /// Decibans above the last announced score at which an open flag escalates.
    pub escalate_db: f64,
    /// Commission at risk, in units of 1/10,000 of the order currency, at which an open flag
    /// escalates once; `None` = money never escalates.
    pub escalate_commission_units: Option<i64>,
    /// From this score on a code teaches nothing to any reference, its own ones included, in decibans.
    pub quarantine_db: f64,
    /// From this score on a code keeps a ledger and the ring of its last orders, in decibans.
    pub suspect_db: f64,
    /// An open episode clears when the inverse evidence reaches this, in decibans.
    pub clear_db: f64,
    /// An open episode clears after so many days without an evidential order.
    pub clear_idle_days: u32,
    /// Share of leaked orders that "still leaking" means for the clear rule.
    pub clear_share: f64,
    /// An update is written when the leaked orders grew by this share, at most once an hour.
    pub update_growth: f64,
    /// Kinds below this share of the evidence are called `unknown`.
    pub kind_share_min: f64,

    /// Shares of leaked orders that the accumulators bet on.
    pub leak_shares: [f64; 4],
    /// One day's logarithms are divided by 1 + this·(orders − 1): orders of a day are not
    /// independent, so errors of the reference must not compound within it.
    pub day_temper: f64,
    /// What is left overnight of positive log evidence.
    pub day_keep: f64,
    /// Deposit of each day, in code-weeks: 1/7, so that the budget reads in code-weeks.
    pub day_deposit: f64,
    /// Bounds of one order's log likelihood ratio, natural logarithms.
    pub order_log_min: f64,
    /// See `order_log_min`.
    pub order_log_max: f64,
    /// Largest likelihood ratio of one order.
    pub order_ratio_max: f64,
    /// A customer is one piece of evidence per code in so many hours.
    pub customer_once_hours: u32,
    /// A flag needs at least so many evidential orders within its evidence. One order can be
    /// anything; four independent customers are the least that a person can be asked about.
    pub flag_orders_min: u32,

    /// Half-life of the slow references, days.
    pub slow_half_life_days: f64,
    /// Half-life of the fast references, days.
    pub fast_half_life_days: f64,
    /// Pseudo-orders at a ratio of 1 in the slow mean of the ratios.
    pub ratio_slow_pseudo: f64,
    /// Pseudo-orders at the slow mean in the fast mean of the ratios.
    pub ratio_fast_pseudo: f64,
    /// Pseudo-orders at the shop's mean in a code's own mean of the ratios: a code whose orders
    /// always look a little odd is measured against itself.
    pub ratio_own_pseudo: f64,
    /// The code's own mean never excuses more than this factor over the shop's.
    pub ratio_own_max: f64,
    /// Least divisor of a ratio.
    pub ratio_mean_min: f64,
    /// Pseudo-orders at the deployment's share in a shop's share of a mark.
    pub shop_pseudo: f64,
    /// Pseudo-orders at the built-in prior in the deployment's share of a mark.
    pub deployment_pseudo: f64,
    /// Pseudo-orders at the slow share in the fast share of a mark.
    pub mark_fast_pseudo: f64,
    /// Orders of one code that count in a shop's sums on one day; more are scaled down to it.
    pub code_day_weight_max: f64,
    /// Pseudo-orders at the shop's share in a code's own share of a mark.
    pub own_pseudo: f64,
    /// How far a code's own share of a hard mark (auto entry, coupon referrer, coupon click,
    /// rejected) may lie above the shop's, as a factor on the odds.
    pub own_odds_hard_max: f64,
    /// The same for soft marks.
    pub own_odds_soft_max: f64,
    /// Half-life of a code's own references, days.
    pub own_half_life_days: f64,
    /// Least share of a shop's orders that must carry a click id or a referrer, or the mark
    /// abstains: walled gardens never send them.
    pub coverage_min: f64,
    /// Share of recent cold orders of a shop above which tracking is taken to be down.
    pub outage_share: f64,

    /// Half-life of the recent first-visit clicks, hours.
    pub click_half_life_hours: f64,
    /// Half-life of the shorter of the two click means that normalise the recent clicks, days.
    pub click_mean_half_life_days: f64,
    /// Weight of the time of the order.
    pub time_weight: f64,
    /// Bounds of the time's log ratio before the weight, natural logarithms.
    pub time_log_min: f64,
    /// See `time_log_min`.
    pub time_log_max: f64,
    /// Pseudo-orders at the shop's mix in a code's mix of what its orders' times follow.
    pub time_mix_pseudo: f64,
    /// Prior mix: recent clicks, the code's own hours, the shop's hours.
    pub time_mix_prior: [f64; 3],
    /// Office hours in UTC, first and past-the-end; 4 to 13 are 9 to 18 in Almaty (UTC+5).
    pub office_hours_utc: [u8; 2],
    /// Weight of the delivery city.
    pub city_weight: f64,
    /// Bound of the weighted city log ratio, natural logarithm.
    pub city_log_max: f64,
    /// What is left of the weight of the time when the code's clicks say nothing: a post that left
    /// no clicks moves the hours of honest orders too.
    pub blind_time_weight: f64,
    /// Decibans that one soft signal (all but auto entry, referrers, refusals, sightings) can bring
    /// to a flag: honest habits change one at a time, so several have to agree.
    pub soft_signal_db_max: f64,
    /// Weight of the basket.
    pub basket_weight: f64,
    /// Bound of the weighted basket log ratio, natural logarithm.
    pub basket_log_max: f64,

    /// A customer is a hopper when he redeemed another partner's code within so many days.
    pub hopper_days: u32,
    /// The hopper table must have watched so many days before it speaks.
    pub hopper_young_days: u32,
    /// Buckets of eight customers in the hopper table, 96 bytes each.
    pub hopper_buckets: u32,
    /// Days after its first appearance in which a host counts as new.
    pub novel_host_days: u32,
    /// Partners whose checkouts a new host must appear in before it counts as a coupon host.
    pub novel_host_partners: u32,
    /// Hosts remembered.
    pub hosts_max: u32,
    /// Shops (merchant × marketplace) with references of their own; further ones use the
    /// deployment's.
    pub shops_max: u32,
    /// Cities remembered in a shop.
    pub shop_cities_max: u32,
    /// Closed hours of a shop whose reference is kept for late orders.
    pub late_hours: u32,

    /// Orders without clicks after which a code counts as spoken or printed.
    pub offline_orders_min: f64,
    /// First-visit clicks per order below which it does.
    pub offline_clicks_per_order: f64,
    /// First-visit clicks a code must have had before missing clicks mean anything.
    pub clicks_known_min: f64,
    /// Days after an announced post (registry or decision) in which the time of an order
    /// says nothing.
    pub post_days: u32,
    /// Days after a change of the discount in which basket and novelty of customers say nothing.
    pub discount_change_days: u32,
    /// A host's sighting counts once in so many days.
    pub sighting_days: u32,
    /// Sightings of one episode that count.
    pub sightings_max: u32,

    /// Evidence of the click referrers alone, without one known coupon host, never exceeds this.
    pub unknown_host_db_max: f64,
    /// Clicks of an hour that make it evidence for the click-flood track.
    pub flood_clicks_min: u32,
    /// Clicks of an hour against the code's mean hour from which the hour is swollen.
    pub flood_growth: f64,

    /// Orders that the ring of a suspect holds.
    pub ring_orders: u32,
    /// Prior probability that a code is leaking at a given moment, for the leak probability of
    /// an order.
    pub leak_prior: f64,
    /// Value added tax on commissions, percent: 16 in Kazakhstan from 2026.
    pub vat_pct: f64,
    /// Weight of the number of orders in the posterior over start and share of a leak; below 1,
    /// because orders come in clusters.
    pub volume_temper: f64,
    /// Whether the learned judge speaks besides the label-free core.
    pub learned: bool,
    /// The learned judge's model; the shipped one unless another is given.
    #[serde(skip)]
    pub judge: Judge,
    /// Decibans taken off the learned judge's score: a market that nobody simulated is less known
    /// than the worlds its scale was measured on.
    pub learned_reserve_db: f64,
    /// Decibans by which the label-free core may lead the learned judge, where that has looked: a
    /// flag of the core alone needs the learned judge to be at least this near.
    pub core_lead_db: f64,
    /// From this score of the learned judge on a code keeps a ledger and the ring of its last
    /// orders, in decibans.
    pub learned_suspect_db: f64,
    /// An episode is not cleared while the learned judge's score is above this, in decibans.
    pub learned_clear_db: f64,
    /// Hand out what the learned judge sees of every code at every hour with orders: for training and
    /// evaluation, not for deployments.
    pub export_features: bool,
    /// Further coupon hosts.
    pub coupon_hosts: Vec<String>,
    /// Hosts that are no coupon hosts whatever the list says.
    pub honest_hosts: Vec<String>,
    /// Signals that are not listened to, by their names in `evidence[]`. They abstain on every order
    /// and say so; the habits of codes and shops are still learnt, so that they can be switched on
    /// again.
    pub signals_off: Vec<String>,
}

impl Default for DetectSettings {
    fn default() -> DetectSettings {
        DetectSettings {
            false_flags_per_1000_code_weeks: 1.0,
            escalate_db: 10.0,
            escalate_commission_units: None,
            quarantine_db: 10.0,
            suspect_db: 6.0,
            clear_db: 13.0,
            clear_idle_days: 21,
            clear_share: 0.25,
            update_growth: 0.1,
            kind_share_min: 0.6,
            leak_shares: [0.1, 0.3, 0.6, 0.9],
            day_temper: 0.15,
            day_keep: 0.95,
            day_deposit: 1.0 / 7.0,
            order_log_min: -3.0,
            order_log_max: 3.5,
            order_ratio_max: 20.0,
            customer_once_hours: 24,
            flag_orders_min: 3,
            slow_half_life_days: 28.0,
            fast_half_life_days: 1.0,
            ratio_slow_pseudo: 200.0,
            ratio_fast_pseudo: 100.0,
            ratio_own_pseudo: 30.0,
            ratio_own_max: 1.5,
            ratio_mean_min: 0.5,
            shop_pseudo: 50.0,
            deployment_pseudo: 50.0,
            mark_fast_pseudo: 30.0,
            code_day_weight_max: 3.0,
            own_pseudo: 6.0,
            own_odds_hard_max: 4.0,
            own_odds_soft_max: 6.0,
            own_half_life_days: 56.0,
            coverage_min: 0.05,
            outage_share: 0.97,
            click_half_life_hours: 6.0,
            click_mean_half_life_days: 4.0,
            time_weight: 0.8,
            time_log_min: -3.0,
            time_log_max: 1.2,
            time_mix_pseudo: 10.0,
            time_mix_prior: [0.5, 0.2, 0.3],
            office_hours_utc: [4, 13],
            city_weight: 0.5,
            city_log_max: 1.5,
            blind_time_weight: 0.25,
            soft_signal_db_max: 15.0,
            basket_weight: 0.5,
            basket_log_max: 1.0,
            hopper_days: 60,
            hopper_young_days: 14,
            hopper_buckets: 1 << 15,
            novel_host_days: 28,
            novel_host_partners: 3,
            hosts_max: 65_536,
            shops_max: 20_000,
            shop_cities_max: 64,
            late_hours: 72,
            offline_orders_min: 10.0,
            offline_clicks_per_order: 2.0,
            clicks_known_min: 5.0,
            post_days: 3,
            discount_change_days: 14,
            sighting_days: 7,
            sightings_max: 3,
            unknown_host_db_max: 20.0,
            flood_clicks_min: 30,
            flood_growth: 8.0,
            ring_orders: 64,
            leak_prior: 0.01,
            vat_pct: 16.0,
            volume_temper: 0.5,
            learned: true,
            judge: Judge::default(),
            learned_reserve_db: 1.0,
            core_lead_db: 10.0,
            learned_suspect_db: 15.0,
            learned_clear_db: 15.0,
            export_features: false,
            coupon_hosts: Vec::new(),
            honest_hosts: Vec::new(),
            signals_off: Vec::new(),
        }
    }
}

/// A setting out of its bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting {name} is out of bounds: {rule}")]
pub struct SettingsError {
    /// Name of the field.
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
}

impl DetectSettings {
    /// The score at which a flag opens, in decibans.
    pub fn flag_db(&self) -> f64 {
        10.0 * libm::log10(1000.0 / self.false_flags_per_1000_code_weeks)
    }

    /// Whether a signal is not listened to.
    pub(crate) fn is_off(&self, signal: &str) -> bool {
        self.signals_off.iter().any(|off| off == signal)
    }

    /// Sixteen hexadecimal digits that differ when any number differs.
    pub fn version_hash(&self) -> String {
        // Debug prints every field by name and floats in their shortest exact form.
        format!("{:016x}", stable_hash(format!("{self:?}").as_bytes()))
    }

    /// What goes into a flag's `detector`.
    pub fn detector(&self) -> String {
        format!(
            "promoguard-detect/{} {}",
            env!("CARGO_PKG_VERSION"),
            self.version_hash()
        )
    }

    /// Refuses numbers with which the judge would be meaningless.
    ///
    /// # Errors
    /// The first setting out of its bounds.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let above_zero = "must be a number above 0";
        let share = "must lie strictly between 0 and 1";
        let rules: [(&'static str, bool, &'static str); 28] = [
            (
                "false_flags_per_1000_code_weeks",
                self.false_flags_per_1000_code_weeks > 0.0
                    && self.false_flags_per_1000_code_weeks <= 100.0,
                "must be above 0 and at most 100",
            ),
            ("escalate_db", self.escalate_db > 0.0, above_zero),
            (
                "quarantine_db",
                self.quarantine_db > 0.0 && self.quarantine_db < self.flag_db(),
                "must be above 0 and below the flag threshold",
            ),
            (
                "suspect_db",
                self.suspect_db > 5.0 && self.suspect_db <= self.quarantine_db,
                "must be above 5, where idle codes drift to, and at most quarantine_db",
            ),
            ("clear_db", self.clear_db > 0.0, above_zero),
            (
                "clear_idle_days",
                self.clear_idle_days >= 1,
                "must be at least 1",
            ),
            ("clear_share", inside(self.clear_share), share),
            ("update_growth", self.update_growth > 0.0, above_zero),
            ("kind_share_min", inside(self.kind_share_min), share),
            (
                "leak_shares",
                self.leak_shares.iter().all(|s| inside(*s)),
                share,
            ),
            (
                "day_temper",
                (0.0..=1.0).contains(&self.day_temper),
                "must lie between 0 and 1",
            ),
            (
                "day_keep",
                self.day_keep > 0.0 && self.day_keep <= 1.0,
                "must be above 0 and at most 1",
            ),
            (
                "day_deposit",
                self.day_deposit > 0.0 && self.day_deposit <= 1.0,
                "must be above 0 and at most 1",
            ),
            ("order_log_min", self.order_log_min < 0.0, "must be below 0"),
            ("order_log_max", self.order_log_max > 0.0, above_zero),
            (
                "order_ratio_max",
                self.order_ratio_max > 1.0 && self.order_ratio_max <= 100.0,
                "must be above 1 and at most 100: one order never convicts",
            ),
            (
                "flag_orders_min",
                self.flag_orders_min >= 1,
                "must be at least 1: never a flag without an order",
            ),
            (
                "slow_half_life_days",
                self.slow_half_life_days > 0.0,
                above_zero,
            ),
            (
                "fast_half_life_days",
                self.fast_half_life_days > 0.0,
                above_zero,
            ),
            ("ratio_mean_min", self.ratio_mean_min > 0.0, above_zero),
            (
                "own_half_life_days",
                self.own_half_life_days > 0.0,
                above_zero,
            ),
            (
                "own_odds_hard_max",
                self.own_odds_hard_max >= 1.0,
                "must be at least 1",
            ),
            (
                "own_odds_soft_max",
                self.own_odds_soft_max >= 1.0,
                "must be at least 1",
            ),
            (
                "click_half_life_hours",
                self.click_half_life_hours > 0.0,
                above_zero,
            ),
            (
                "hopper_buckets",
                self.hopper_buckets >= 1,
                "must be at least 1",
            ),
            (
                "ring_orders",
                (8..=1024).contains(&self.ring_orders),
                "must lie between 8 and 1024",
            ),
            ("leak_prior", inside(self.leak_prior), share),
            (
                "signals_off",
                self.signals_off
                    .iter()
                    .all(|name| Signal::named(name).is_some()),
                SIGNALS_RULE,
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((name, _, rule)) => Err(SettingsError { name, rule }),
            None => Ok(()),
        }
    }
}

fn inside(share: f64) -> bool {
    share > 0.0 && share < 1.0
}
