//! The weeks before the world: people come to remember, posts are on their way, and it is seen whether as much
//! is clicked and bought as was asked for.
//!
//! Decides by how much people's readiness is set right, for all codes alike. Nothing of it is written.

use crate::agents::Agents;
use crate::stage::Stage;
use crate::time::{HOUR_MS, Hour, days_ms};
use crate::world::{Answers, Happenings};

/// Long enough for memories, slow platforms and second purchases to settle; a quarter of a usual world.
pub(crate) const WARM_UP_DAYS: f64 = 14.0;

/// What honest people did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) clicks: i64,
    /// Orders that a post or a friend led to.
    pub(crate) planned_orders: i64,
    /// Orders by people who were shopping anyway.
    pub(crate) shop_orders: i64,
}

/// Factors on people's readiness to click on posts, to buy because of one, and to look a code up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fix {
    pub(crate) clicks: f64,
    pub(crate) orders: f64,
    pub(crate) bother: f64,
}

impl Default for Fix {
    fn default() -> Self {
        Self {
            clicks: 1.0,
            orders: 1.0,
            bother: 1.0,
        }
    }
}

/// Share of coded orders by people who were shopping anyway: above it codes would not be worth paying for.
const MOST_BY_SHOPPING: f64 = 0.3;

impl Agents {
    /// Plays the weeks before the world, looks at the second of them, and sets readiness right.
    pub(super) fn warm_up(&mut self, stage: &mut Stage, answers: &mut Answers) {
        self.send_everybody_shopping();
        self.echo_of_earlier_posts();
        let mut unseen = Happenings::default();
        let hours = (WARM_UP_DAYS * 24.0) as i64;
        let dawn = self.settings.start - days_ms(WARM_UP_DAYS);
        for number in 0..hours {
            if number == hours / 2 {
                self.tally = Tally::default();
            }
            let hour = Hour::starting(dawn + number * HOUR_MS);
            self.play_hour(hour, stage, answers, &mut unseen);
            unseen.clicks.clear();
            unseen.orders.clear();
        }
        self.set_right((hours - hours / 2) as f64 / 24.0);
        self.schedule_stories();
    }

    /// Posts from before the warm-up still find people, on slow platforms for weeks.
    fn echo_of_earlier_posts(&mut self) {
        for number in 0..self.codes.len() as u32 {
            loop {
                let next = self.codes[number as usize].posts.next;
                if next >= self.hour.from {
                    break;
                }
                self.react(number, next, crate::agents::posting::Fate::Usual);
                self.codes[number as usize].posts.advance();
            }
            let first = self.codes[number as usize].posts.next;
            self.schedule(crate::agents::events::Event::of_code(
                first,
                number,
                crate::agents::events::What::Publishes { planned: true },
            ));
        }
    }

    fn set_right(&mut self, days: f64) {
        // As many clicks and orders as if they had been as wanted, so that a small world is not led by chance.
        const CLICKS_AS_WANTED: f64 = 300.0;
        const ORDERS_AS_WANTED: f64 = 30.0;
        let begun = || {
            self.codes
                .iter()
                .filter(|code| code.starts_at <= self.settings.start)
        };
        let orders: f64 = begun().map(|code| code.pace).sum::<f64>() * days;
        let per_person = 1.0 - self.habits.again_share;
        let clicks = begun()
            .map(|code| code.clickers / code.posts.gap_days)
            .sum::<f64>()
            / per_person
            * days;
        let Tally {
            clicks: clicked,
            planned_orders: planned,
            shop_orders,
        } = self.tally;
        let click_factor =
            ((clicks + CLICKS_AS_WANTED) / (clicked as f64 + CLICKS_AS_WANTED)).clamp(0.3, 3.0);
        // Where people who shop anyway buy too much with codes, they must bother less.
        let most_by_shopping = MOST_BY_SHOPPING * orders;
        if shop_orders as f64 > most_by_shopping {
            self.fix.bother *= (most_by_shopping / shop_orders as f64).max(0.05);
        }
        let by_shopping = (shop_orders as f64).min(most_by_shopping);
        let wanted = (orders - by_shopping).max(0.0);
        let order_factor = ((wanted + ORDERS_AS_WANTED)
            / (planned.max(0) as f64 + ORDERS_AS_WANTED))
            .clamp(0.25, 4.0);
        self.fix.clicks *= click_factor;
        // More clicks bring more orders by themselves.
        self.fix.orders *= order_factor / click_factor;
    }
}
