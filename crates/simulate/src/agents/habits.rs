//! What people, partners, shops and leak places are usually like: every constant that another world may
//! have otherwise, drawn once.
//!
//! Decides how far a world lies from the usual one. Must not know who uses which constant.

use crate::random::{Random, Stream};

/// The standard deviation, per unit of `spread`, of the logarithm of sizes and of the log-odds of shares.
const MOVE_SIGMA: f64 = 0.7;
/// No draw moves a constant further than this many standard deviations: the tails beyond are no worlds.
const MOVES_MAX: f64 = 2.5;

/// The constants of one world. The usual values are plausible, not measured: shops publish nothing of the
/// kind, so breadth around them matters more than their last digit.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    // People.
    /// Persons in the population for each coded order of a day.
    pub(crate) people_per_daily_order: f64,
    /// Mean of how much people care for a bargain, 0 to 1; most care little, few very much.
    pub(crate) thrift_mean: f64,
    /// Spread (sd of the logarithm) of what people spend.
    pub(crate) budget_sigma: f64,
    /// Spread of how often people shop.
    pub(crate) shopping_sigma: f64,
    /// Spread of how readily people click and follow.
    pub(crate) curiosity_sigma: f64,
    /// People whose browser never says where they come from.
    pub(crate) private_share: f64,
    pub(crate) second_device_share: f64,
    /// People whose cookie lasts a week at most.
    pub(crate) cookie_loss_share: f64,
    pub(crate) extension_share: f64,
    /// People with favourite coupon sites, at mean thrift.
    pub(crate) reader_share: f64,
    /// People who subscribe to a given deal channel, at mean thrift.
    pub(crate) subscriber_share: f64,
    /// Days of shopping from before the world that shops remember.
    pub(crate) history_days: f64,
    /// Persons a day whose place is taken by somebody new.
    pub(crate) turnover_share: f64,
    /// Purchases at shops where one has bought before, where there is a choice.
    pub(crate) loyal_share: f64,

    // Partners and their audiences.
    /// Clicking persons who do not follow the partner.
    pub(crate) passers_share: f64,
    /// Followers who click on a post.
    pub(crate) click_share: f64,
    /// After a click, another one by the same person.
    pub(crate) again_share: f64,
    /// Persons who keep the code in mind, for each one who clicks.
    pub(crate) notice_ratio: f64,
    pub(crate) memory_days: f64,
    /// Stretches the time until a post is seen.
    pub(crate) seen_later: f64,
    pub(crate) post_luck_sigma: f64,
    /// Posts that are passed on far beyond the audience.
    pub(crate) viral_share: f64,
    /// Audience in the partner's city.
    pub(crate) home_share: f64,
    /// Followers replaced in a week.
    pub(crate) churn_share: f64,
    /// Clicks that are answered by a robot's.
    pub(crate) robot_share: f64,

    // Buying.
    /// Buyers who buy in the visit that the click began.
    pub(crate) now_share: f64,
    pub(crate) now_minutes: f64,
    pub(crate) later_hours: f64,
    /// Late buyers who follow the link again, and those whose shop still knows the first click.
    pub(crate) later_again_share: f64,
    pub(crate) later_cookie_share: f64,
    /// Buyers who leave the in-app browser for the shop's app and type the code: at own shops, on marketplaces.
    pub(crate) switch_share: f64,
    pub(crate) walled_switch_share: f64,
    /// Orders by people who saw the post and never clicked: at own shops, on marketplaces.
    pub(crate) typed_share: f64,
    pub(crate) walled_typed_share: f64,
    /// Shoppers with a code of the shop in mind who make use of it.
    pub(crate) recall_share: f64,
    /// Shoppers who look up the code of a partner they follow.
    pub(crate) bother_share: f64,
    pub(crate) tell_share: f64,
    pub(crate) friend_buys_share: f64,
    /// Honest buyers who looked through coupon sites in vain before.
    pub(crate) vain_look_share: f64,
    /// Checkouts without another referrer that began at a search engine.
    pub(crate) search_share: f64,

    // Shops.
    /// A shop's orders that carry any code.
    pub(crate) coded_share: f64,
    pub(crate) sale_lift: f64,
    pub(crate) payday_lift: f64,

    // Places where codes leak.
    /// Shoppers without a code who look for one.
    pub(crate) look_share: f64,
    pub(crate) site_referrer_share: f64,
    /// Sites that open the partner's link when they show the code.
    pub(crate) site_opens_share: f64,
    /// Leaked listings that a second site copies.
    pub(crate) copy_share: f64,
    /// Spread of a listing's luck from day to day.
    pub(crate) wobble_sigma: f64,
    pub(crate) extension_auto_share: f64,
    /// Extensions that open the partner's link before they paste.
    pub(crate) extension_opens_share: f64,
    /// Checkouts where an extension takes another code than the shopper brought.
    pub(crate) replace_share: f64,
    pub(crate) channel_gap_days: f64,
    pub(crate) channel_decay_hours: f64,
    pub(crate) channel_referrer_share: f64,
    /// Days between the purchases of a member of a closed circle.
    pub(crate) circle_gap_days: f64,
    /// Circles of a shop's staff, who order at the desk; the others are chats.
    pub(crate) staff_share: f64,
    pub(crate) sighting_share: f64,
}

/// Moves usual values by what the world's seed says.
struct Moves {
    random: Random,
    sigma: f64,
}

impl Moves {
    fn draw(&mut self) -> f64 {
        // Drawn also where nothing moves, so that the draws do not depend on the spread.
        self.random.normal().clamp(-MOVES_MAX, MOVES_MAX) * self.sigma
    }

    fn share(&mut self, usual: f64) -> f64 {
        let odds = usual / (1.0 - usual) * libm::exp(self.draw());
        odds / (1.0 + odds)
    }

    fn size(&mut self, usual: f64) -> f64 {
        usual * libm::exp(self.draw())
    }

    /// A size that costs time and memory, or means nothing outside its bounds.
    fn bounded(&mut self, usual: f64, low: f64, high: f64) -> f64 {
        self.size(usual).clamp(low, high)
    }
}

impl Habits {
    /// The constants of the world of `seed`; at `spread` 0 the usual ones.
    pub(crate) fn draw(seed: u64, spread: f64) -> Self {
        let moves = &mut Moves {
            random: Random::of(seed, Stream::Habits, 0, 0),
            sigma: MOVE_SIGMA * spread,
        };
        Self {
            people_per_daily_order: moves.bounded(110.0, 55.0, 200.0),
            thrift_mean: moves.share(0.2),
            budget_sigma: moves.bounded(0.5, 0.1, 1.2),
            shopping_sigma: moves.bounded(0.8, 0.2, 1.4),
            curiosity_sigma: moves.bounded(0.8, 0.2, 1.4),
            private_share: moves.share(0.12),
            second_device_share: moves.share(0.3),
            cookie_loss_share: moves.share(0.25),
            extension_share: moves.share(0.16),
            reader_share: moves.share(0.4),
            subscriber_share: moves.share(0.04),
            history_days: moves.size(30.0),
            turnover_share: moves.bounded(0.003, 0.0, 0.02),
            loyal_share: moves.share(0.6),
            passers_share: moves.share(0.35),
            click_share: moves.share(0.12),
            again_share: moves.share(0.35).min(0.75),
            notice_ratio: moves.bounded(0.6, 0.1, 2.0),
            memory_days: moves.size(6.0),
            seen_later: moves.size(1.0),
            post_luck_sigma: moves.bounded(0.6, 0.1, 1.2),
            viral_share: moves.share(0.004),
            home_share: moves.share(0.5),
            churn_share: moves.share(0.03),
            robot_share: moves.share(0.035).min(0.3),
            now_share: moves.share(0.55),
            now_minutes: moves.size(12.0),
            later_hours: moves.size(20.0),
            later_again_share: moves.share(0.4),
            later_cookie_share: moves.share(0.45),
            switch_share: moves.share(0.1),
            walled_switch_share: moves.share(0.45),
            typed_share: moves.share(0.12),
            walled_typed_share: moves.share(0.25),
            recall_share: moves.share(0.2),
            bother_share: moves.share(0.03),
            tell_share: moves.share(0.08),
            friend_buys_share: moves.share(0.3),
            vain_look_share: moves.share(0.02),
            search_share: moves.share(0.35),
            coded_share: moves.share(0.11).clamp(0.05, 0.25),
            sale_lift: moves.bounded(2.8, 1.3, 6.0),
            payday_lift: moves.bounded(1.25, 1.0, 2.0),
            look_share: moves.share(0.35),
            site_referrer_share: moves.share(0.4),
            site_opens_share: moves.share(0.2),
            copy_share: moves.share(0.3),
            wobble_sigma: moves.bounded(0.5, 0.1, 1.2),
            extension_auto_share: moves.share(0.85),
            extension_opens_share: moves.share(0.3),
            replace_share: moves.share(0.3),
            channel_gap_days: moves.bounded(7.0, 1.5, 20.0),
            channel_decay_hours: moves.size(3.0),
            channel_referrer_share: moves.share(0.35),
            circle_gap_days: moves.bounded(16.0, 5.0, 50.0),
            staff_share: moves.share(0.5),
            sighting_share: moves.share(0.35),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_differ_in_their_habits_only_where_they_are_asked_to() {
        let usual = Habits::draw(1, 0.0);
        assert_eq!(format!("{usual:?}"), format!("{:?}", Habits::draw(2, 0.0)));
        assert!((usual.click_share - 0.12).abs() < 1e-12);

        let moved = |seed| Habits::draw(seed, 1.0).click_share;
        let shares: Vec<f64> = (0..400).map(moved).collect();
        let log_odds = |share: f64| libm::log(share / (1.0 - share));
        let mean = shares.iter().map(|&s| log_odds(s)).sum::<f64>() / 400.0;
        let variance = shares
            .iter()
            .map(|&s| (log_odds(s) - mean) * (log_odds(s) - mean))
            .sum::<f64>()
            / 400.0;
        assert!((mean - log_odds(0.12)).abs() < 0.12, "{mean}");
        assert!((libm::sqrt(variance) - MOVE_SIGMA).abs() < 0.08);
    }
}
