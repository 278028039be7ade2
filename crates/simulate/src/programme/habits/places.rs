//! Habits of public places where codes are listed, of the people who live off them, and of those who look.

use crate::spread::Spread;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlaceHabits {
    /// Share of a coupon site's buyers whose browser names it; each site has its own.
    pub(crate) site_named: (f64, f64),
    /// Leaks to a site that no public list knows, relative to one that is listed.
    pub(crate) unlisted_weight: f64,
    /// Width of the sites' popularity; 0 = all alike.
    pub(crate) popularity_sigma: f64,
    /// Share of codes that leak to a site which lists a code of the shop already.
    pub(crate) joins_listing: f64,
    /// Hours within which the codes of one listing appear.
    pub(crate) listing_hours: f64,
    /// Deal hunters of a world: this many, and so many more per code.
    pub(crate) hunters: f64,
    pub(crate) hunters_per_code: f64,
    /// Share of shops that know a hunter from before the world began.
    pub(crate) hunter_known: f64,
    /// Share of public leaks that somebody sees, and the hours until then: median and width.
    pub(crate) leak_seen: f64,
    pub(crate) leak_seen_hours: (f64, f64),
    /// Share of codes seen where they are permitted, and of honest codes seen by mistake.
    pub(crate) permitted_seen: f64,
    pub(crate) honest_seen: f64,
}

impl PlaceHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            site_named: (0.1, 0.75),
            unlisted_weight: 1.0,
            popularity_sigma: 0.0,
            joins_listing: 0.6,
            listing_hours: 48.0,
            hunters: 300.0,
            hunters_per_code: 8.0,
            hunter_known: 0.75,
            leak_seen: 0.35,
            leak_seen_hours: (40.0, 1.2),
            permitted_seen: 0.6,
            honest_seen: 0.015,
        }
    }

    pub(crate) fn spread(&mut self, by: &mut Spread) {
        /// Share of worlds where hardly a site is listed, and of those where nearly all are.
        const ONE_SIDED: f64 = 0.12;
        const ONE_SIDED_FACTOR: f64 = 10.0;
        const POPULARITY_SIGMA: f64 = 0.8;
        let Self {
            site_named,
            unlisted_weight,
            popularity_sigma,
            joins_listing,
            listing_hours,
            hunters,
            hunters_per_code,
            hunter_known,
            leak_seen,
            leak_seen_hours,
            permitted_seen,
            honest_seen,
        } = self;
        by.shares(site_named);
        by.size(unlisted_weight);
        if by.world_is(ONE_SIDED) {
            *unlisted_weight *= ONE_SIDED_FACTOR;
        } else if by.world_is(ONE_SIDED) {
            *unlisted_weight /= ONE_SIDED_FACTOR;
        }
        *popularity_sigma = by.appear(POPULARITY_SIGMA);
        for share in [
            joins_listing,
            hunter_known,
            leak_seen,
            permitted_seen,
            honest_seen,
        ] {
            by.share(share);
        }
        by.size(listing_hours);
        by.size(hunters);
        by.size(hunters_per_code);
        by.log_normal(leak_seen_hours);
    }
}
