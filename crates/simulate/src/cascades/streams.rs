//! What leaks and click floods add to a code in an hour.
//!
//! Decides how many and when. What a leaked order looks like is a matter of `leaked_orders`.

use crate::cascades::checkout::ip_of;
use crate::cascades::kernel::{Stir, StirKind};
use crate::cascades::leaks::Flow;
use crate::cascades::play::Scene;
use crate::draft::{ClickDraft, NO_REFERRER, Spelling};
use crate::random::mix;
use crate::time::MINUTE_MS;
use crate::truth::{CodeTruth, TruthEvent};
use crate::wire::{AGENTS, FIRST_FLOODER, FIRST_ROBOT};

impl Scene<'_> {
    /// The leak's part of the hour.
    pub(crate) fn flow(&mut self, code: u32, truth: Option<&mut CodeTruth>) {
        let hour = self.hour;
        let state = &mut self.codes[code as usize];
        let Some(leak) = &mut state.leak else {
            return;
        };
        let abroad = self.shops[state.shop as usize].abroad;
        let shopping = &self.segments.shopping[usize::from(abroad)];
        let own = state.rates.orders_per_hour;
        let flow = leak.step(hour, shopping, own, (self.seed, code.into()));
        let leak_ended = leak.until;
        let weather = self.seasons.weather(state.shop);
        let lift = libm::sqrt(weather.interest * weather.buying) * state.faded(hour);
        match flow {
            Flow::Nothing => {}
            Flow::Even(mean) => {
                for _ in 0..self.random.poisson(mean * lift) {
                    let ts = self.random.range_ms(hour.from, hour.until);
                    self.open.push(Stir::single(ts, code, StirKind::Leaked));
                }
            }
            Flow::Burst(at, mean) => {
                let habits = &self.nature.leaks;
                for _ in 0..self.random.poisson(mean * lift) {
                    let hours = habits.message_delay_hours(&mut self.random);
                    let ts = shopping.after(at, hours);
                    if ts < leak_ended {
                        self.file(Stir::single(ts, code, StirKind::Leaked));
                    }
                }
                if let Some(truth) = truth {
                    let kind = "leak_burst";
                    truth.note(TruthEvent {
                        kind,
                        at,
                        until: None,
                    });
                }
            }
            Flow::Meeting(at, count) => self.meeting(code, at, count, StirKind::Leaked),
        }
    }

    /// The flood's part of the hour.
    pub(crate) fn flood(&mut self, code: u32) {
        let hour = self.hour;
        let state = &self.codes[code as usize];
        let Some(flood) = state.flood.as_deref().copied() else {
            return;
        };
        let platform = state.audience.platforms[0];
        let abroad = self.shops[state.shop as usize].abroad;
        let shopping = &self.segments.shopping[usize::from(abroad)];
        let Some((mean, minutes)) = flood.step(hour, shopping) else {
            return;
        };
        for _ in 0..self.random.poisson(mean) {
            let ts = hour.from + self.random.range_ms(0, minutes * MINUTE_MS);
            if ts < flood.onset || ts >= flood.until {
                continue;
            }
            let id = self.next_click_id();
            let visitor = match flood.visitors {
                0 => mix(id),
                visitors => mix(u64::from(code) << 32 | self.random.below(visitors)),
            };
            let agent = if flood.plain {
                FIRST_FLOODER + self.random.index(AGENTS.len() - FIRST_FLOODER)
            } else {
                self.random.index(FIRST_ROBOT)
            };
            let city = self.around(code).population.draw(&mut self.random);
            self.out.clicks.push(ClickDraft {
                ts,
                id,
                visitor,
                code,
                // 198.18.0.0/15 is set aside for benchmarks (RFC 2544); real people's addresses if hidden.
                ip: if flood.referred {
                    ip_of(visitor)
                } else {
                    0xc612_0000 | (code % 200) << 9 | self.random.below(3 * 254) as u32
                },
                referrer: if flood.referred {
                    platform
                } else {
                    NO_REFERRER
                },
                agent: agent as u8,
                city,
                spelling: Spelling::Registry,
                fraudulent: true,
            });
        }
    }
}
