//! Which settings a code is judged with: those of its merchant where the merchant has any.
//!
//! Decides: what a merchant may set for itself, and how that joins the deployment's settings. Only
//! what is about single codes can be set so; the references that merchants share stay under the
//! deployment's settings. Must not know: which code belongs to whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::{DetectSettings, SettingsError};

/// What one merchant sets for its codes; what is left out stays as the deployment has it. The
/// fields mean what those of the same name mean in [`DetectSettings`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MerchantSettings {
    /// False flags that this merchant pays for.
    pub false_flags_per_1000_code_weeks: Option<f64>,
    /// Signals that are not listened to, instead of the deployment's list.
    pub signals_off: Option<Vec<String>>,
    /// Coupon hosts besides the deployment's.
    pub coupon_hosts: Option<Vec<String>>,
    /// Honest hosts besides the deployment's.
    pub honest_hosts: Option<Vec<String>>,
    /// Decibans of an escalation.
    pub escalate_db: Option<f64>,
    /// Commission at risk that escalates.
    pub escalate_commission_units: Option<i64>,
    /// Inverse evidence that clears.
    pub clear_db: Option<f64>,
    /// Days without an order that clear.
    pub clear_idle_days: Option<u32>,
    /// Share of leaked orders that "still leaking" means.
    pub clear_share: Option<f64>,
    /// Growth of the leaked orders that is told.
    pub update_growth: Option<f64>,
    /// Evidential orders that a flag needs.
    pub flag_orders_min: Option<u32>,
    /// Bound on one soft signal.
    pub soft_signal_db_max: Option<f64>,
    /// Bound on click referrers without a known coupon host.
    pub unknown_host_db_max: Option<f64>,
    /// Days of an announced post.
    pub post_days: Option<u32>,
    /// Days after a change of the discount.
    pub discount_change_days: Option<u32>,
    /// Tax on commissions.
    pub vat_pct: Option<f64>,
}

impl MerchantSettings {
    /// The deployment's settings with what the merchant sets.
    pub fn over(&self, deployment: &DetectSettings) -> DetectSettings {
        let mut merged = deployment.clone();
        let own = self.clone();
        set(
            &mut merged.false_flags_per_1000_code_weeks,
            own.false_flags_per_1000_code_weeks,
        );
        set(&mut merged.signals_off, own.signals_off);
        let coupon_hosts = own.coupon_hosts.unwrap_or_default();
        // What the merchant says of a host counts, so an exception of the deployment gives way.
        merged
            .honest_hosts
            .retain(|host| !coupon_hosts.contains(host));
        merged.coupon_hosts.extend(coupon_hosts);
        merged
            .honest_hosts
            .extend(own.honest_hosts.unwrap_or_default());
        set(&mut merged.escalate_db, own.escalate_db);
        if own.escalate_commission_units.is_some() {
            merged.escalate_commission_units = own.escalate_commission_units;
        }
        set(&mut merged.clear_db, own.clear_db);
        set(&mut merged.clear_idle_days, own.clear_idle_days);
        set(&mut merged.clear_share, own.clear_share);
        set(&mut merged.update_growth, own.update_growth);
        set(&mut merged.flag_orders_min, own.flag_orders_min);
        set(&mut merged.soft_signal_db_max, own.soft_signal_db_max);
        set(&mut merged.unknown_host_db_max, own.unknown_host_db_max);
        set(&mut merged.post_days, own.post_days);
        set(&mut merged.discount_change_days, own.discount_change_days);
        set(&mut merged.vat_pct, own.vat_pct);
        merged
    }
}

fn set<T>(setting: &mut T, own: Option<T>) {
    if let Some(own) = own {
        *setting = own;
    }
}

/// Where a merchant's settings stand in a [`SettingsBook`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page(u32);

/// Settings of a merchant that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// A setting is out of its bounds together with those of the deployment.
    #[error("merchant {merchant}: {error}")]
    Merchant {
        /// The merchant, as it was written.
        merchant: String,
        /// What is out of bounds.
        error: SettingsError,
    },
    /// Two names that are one merchant.
    #[error("merchant {merchant}: names are compared in lower case, and this one is there already")]
    Twice {
        /// The second of them, as it was written.
        merchant: String,
    },
}

/// Every merchant's settings, merged once; the first page is the deployment's.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsBook {
    pages: Vec<DetectSettings>,
    by_merchant: BTreeMap<String, Page>,
}

impl From<DetectSettings> for SettingsBook {
    fn from(deployment: DetectSettings) -> SettingsBook {
        SettingsBook {
            pages: vec![deployment],
            by_merchant: BTreeMap::new(),
        }
    }
}

impl SettingsBook {
    /// The deployment's settings, and those of merchants by name.
    ///
    /// # Errors
    /// A merchant's settings that are out of bounds, or one merchant under two names.
    pub fn new(
        deployment: DetectSettings,
        merchants: &BTreeMap<String, MerchantSettings>,
    ) -> Result<SettingsBook, BookError> {
        let mut book = SettingsBook::from(deployment);
        for (merchant, own) in merchants {
            let merged = own.over(book.deployment());
            merged.validate().map_err(|error| BookError::Merchant {
                merchant: merchant.clone(),
                error,
            })?;
            let page = Page(book.pages.len() as u32);
            // As the decoder writes merchants.
            let name = merchant.trim().to_lowercase();
            if book.by_merchant.insert(name, page).is_some() {
                return Err(BookError::Twice {
                    merchant: merchant.clone(),
                });
            }
            book.pages.push(merged);
        }
        Ok(book)
    }

    /// Settings of whoever has none of its own, and of what all share.
    pub fn deployment(&self) -> &DetectSettings {
        &self.pages[0]
    }

    /// Where the settings of a merchant stand, by its name in lower case.
    pub fn page_of(&self, merchant: &str) -> Page {
        self.by_merchant.get(merchant).copied().unwrap_or_default()
    }

    /// Whose settings stand on a page; `None`: the deployment's.
    pub fn merchant_of(&self, page: Page) -> Option<&str> {
        let mut merchants = self.by_merchant.iter();
        let merchant = merchants.find(|(_, of)| **of == page)?;
        Some(merchant.0)
    }

    /// The settings on a page of this book.
    pub fn settings(&self, page: Page) -> &DetectSettings {
        &self.pages[page.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(merchant: &str, own: MerchantSettings) -> Result<SettingsBook, BookError> {
        let deployment = DetectSettings {
            coupon_hosts: vec!["a.kz".to_owned()],
            honest_hosts: vec!["b.kz".to_owned(), "c.kz".to_owned()],
            ..DetectSettings::default()
        };
        SettingsBook::new(deployment, &BTreeMap::from([(merchant.to_owned(), own)]))
    }

    #[test]
    fn a_merchant_has_its_own_settings_and_hash_and_others_the_deployments() {
        let own = MerchantSettings {
            false_flags_per_1000_code_weeks: Some(0.1),
            coupon_hosts: Some(vec!["b.kz".to_owned()]),
            ..MerchantSettings::default()
        };
        let book = book("Shop.KZ", own).unwrap();
        let theirs = book.settings(book.page_of("shop.kz"));
        assert_eq!(theirs.flag_db(), 40.0);
        assert_eq!(theirs.coupon_hosts, ["a.kz", "b.kz"]);
        assert_eq!(theirs.honest_hosts, ["c.kz"]);
        let others = book.settings(book.page_of("other"));
        assert_eq!(others, book.deployment());
        assert_ne!(others.detector(), theirs.detector());
    }

    #[test]
    fn a_merchant_that_sets_nothing_has_the_hash_of_the_deployment() {
        let book = book("shop", MerchantSettings::default()).unwrap();
        let theirs = book.settings(book.page_of("shop"));
        assert_eq!(theirs.version_hash(), book.deployment().version_hash());
    }

    #[test]
    fn the_rules_of_the_deployment_hold_for_merchants_and_what_they_leave_out() {
        let said = |own| book("shop", own).unwrap_err().to_string();
        assert_eq!(
            said(MerchantSettings {
                false_flags_per_1000_code_weeks: Some(100.0),
                ..MerchantSettings::default()
            }),
            "merchant shop: setting quarantine_db is out of bounds: must be above 0 and below the \
             flag threshold"
        );
        assert!(
            said(MerchantSettings {
                signals_off: Some(vec!["colds".to_owned()]),
                ..MerchantSettings::default()
            })
            .contains("signals_off is out of bounds: must be of auto_entry, referrer, cold,")
        );
    }

    #[test]
    fn one_merchant_under_two_names_is_refused() {
        let own = MerchantSettings::default();
        let both = BTreeMap::from([("Shop".to_owned(), own.clone()), ("shop".to_owned(), own)]);
        let refused = SettingsBook::new(DetectSettings::default(), &both);
        assert!(matches!(refused, Err(BookError::Twice { .. })));
    }

    #[test]
    fn a_merchant_can_set_only_what_the_deployment_can() {
        let own = serde_json::to_value(MerchantSettings::default()).unwrap();
        let all = serde_json::to_value(DetectSettings::default()).unwrap();
        for name in own.as_object().unwrap().keys() {
            assert!(all.get(name).is_some(), "{name}");
        }
    }
}
