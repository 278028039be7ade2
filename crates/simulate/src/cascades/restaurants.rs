//! Who buys: Chinese restaurants with a discount (Pitman-Yor), one per code over one per shop and segment.
//!
//! Whoever sat down often is joined often, so a few people buy again and again, and people who use several
//! codes of one shop emerge from the restaurant that these codes share. A restaurant remembers its latest
//! seatings only. Nobody is a new customer of a shop twice. Must not know what orders look like.

use crate::draft::Customer;
use crate::geography::CityId;
use crate::random::{Random, mix};

#[derive(Clone, Copy, Debug)]
struct Seat {
    customer: Customer,
    /// The first seat of its table; the discount is taken from these.
    founder: bool,
}

/// The latest seatings of a restaurant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restaurant {
    seats: Vec<Seat>,
    oldest: usize,
}

impl Restaurant {
    fn sit(&mut self, customer: Customer, founder: bool, seats_max: usize) {
        let seat = Seat { customer, founder };
        if self.seats.len() < seats_max {
            self.seats.push(seat);
        } else {
            self.seats[self.oldest] = seat;
            self.oldest = (self.oldest + 1) % seats_max;
        }
    }

    /// Somebody at a table, in proportion to its seats less the discount.
    fn join(&self, discount: f64, random: &mut Random) -> Option<Customer> {
        if self.seats.is_empty() {
            return None;
        }
        let seat = random.pick(&self.seats);
        (!seat.founder || !random.chance(discount)).then_some(seat.customer)
    }

    /// Chance that a guest looks for company: n / (n + strength), where the strength is such that a full
    /// restaurant offers `company`.
    fn company(&self, company: f64, seats_max: usize) -> f64 {
        if company <= 0.0 {
            return 0.0;
        }
        let n = self.seats.len() as f64;
        let strength = seats_max as f64 * (1.0 - company) / company;
        n / (n + strength)
    }
}

/// Seats of a code's own restaurant.
const CODE_SEATS_MAX: usize = 24;
/// Seats of a shop's restaurant for one segment, where there are few shops.
const SHOP_SEATS_MAX: usize = 320;
/// Seats of all shops together.
const ALL_SEATS_MAX: usize = 4_000_000;
/// Deal hunters that are remembered in one country.
const HUNTER_SEATS_MAX: usize = 3_000;

/// Everybody who buys anywhere.
#[derive(Clone, Debug)]
pub(crate) struct Guests {
    seed: u64,
    met: u64,
    discount: f64,
    mingle: f64,
    segments: usize,
    shop_seats_max: usize,
    /// One per shop and segment.
    shops: Vec<Restaurant>,
    /// Deal hunters of Kazakhstan and of Russia.
    hunters: [Restaurant; 2],
}

/// Where a guest looks for company, and how likely finds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) shop: u32,
    pub(crate) abroad: bool,
    pub(crate) segment: usize,
    /// Shares of guests known to the code, to the shop, and to deal hunters; each of those left.
    pub(crate) repeat: f64,
    pub(crate) regular: f64,
    pub(crate) hunter: f64,
    /// Of the others, those known to the shop from before the world began.
    pub(crate) returning: f64,
}

/// What became of a guest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrival {
    /// Somebody with a home.
    Known(Customer),
    /// Somebody the world has not met; whether the shop has is said.
    Stranger { newcomer: bool },
}

impl Guests {
    pub(crate) fn new(
        seed: u64,
        shops: usize,
        segments: usize,
        discount: f64,
        mingle: f64,
    ) -> Self {
        let restaurants = shops * segments;
        Self {
            seed,
            met: 0,
            discount,
            mingle,
            segments,
            shop_seats_max: (ALL_SEATS_MAX / restaurants).clamp(8, SHOP_SEATS_MAX),
            shops: vec![Restaurant::default(); restaurants],
            hunters: [Restaurant::default(), Restaurant::default()],
        }
    }

    /// Who the guest is, by how strange the guest is: 0 for the best known, 1 for the least.
    pub(crate) fn arrive(
        &self,
        code: &Restaurant,
        wish: Wish,
        strangeness: f64,
        random: &mut Random,
    ) -> Arrival {
        let mut left = strangeness;
        // Rescaled to what is left, it stays uniform.
        let mut within = |share: f64| {
            let inside = left < share;
            left = if inside {
                left / share
            } else {
                (left - share) / (1.0 - share)
            };
            inside
        };
        if within(code.company(wish.repeat, CODE_SEATS_MAX))
            && let Some(customer) = code.join(self.discount, random)
        {
            return Arrival::Known(customer);
        }
        let table = self.table(wish, random);
        if within(table.company(wish.regular, self.shop_seats_max))
            && let Some(customer) = table.join(self.discount, random)
        {
            return Arrival::Known(customer);
        }
        if random.chance(wish.hunter)
            && let Some(hunter) = self.hunters[usize::from(wish.abroad)].join(self.discount, random)
            && shop_knows(hunter, wish.shop)
        {
            return Arrival::Known(hunter);
        }
        let newcomer = !within(wish.returning);
        Arrival::Stranger { newcomer }
    }

    fn table(&self, wish: Wish, random: &mut Random) -> &Restaurant {
        let segment = if random.chance(self.mingle) {
            random.index(self.segments)
        } else {
            wish.segment
        };
        &self.shops[wish.shop as usize * self.segments + segment]
    }

    /// Somebody who was never seen before; a hunter joins the hunters if the shop counts as known.
    pub(crate) fn stranger(&mut self, city: CityId) -> Customer {
        self.met += 1;
        Customer::new(mix(self.met ^ self.seed.rotate_left(29)), city)
    }

    /// Remembers somebody as a deal hunter; shops that know them never take them for new.
    pub(crate) fn hunt(&mut self, customer: Customer, abroad: bool, founder: bool) {
        self.hunters[usize::from(abroad)].sit(customer, founder, HUNTER_SEATS_MAX);
    }

    /// Seats a buyer at the shop, and at the code if it is the code's own.
    pub(crate) fn seat(
        &mut self,
        code: Option<&mut Restaurant>,
        shop: u32,
        segment: usize,
        customer: Customer,
        founder: bool,
    ) {
        if let Some(code) = code {
            code.sit(customer, founder, CODE_SEATS_MAX);
        }
        let seats_max = self.shop_seats_max;
        self.shops[shop as usize * self.segments + segment].sit(customer, founder, seats_max);
    }
}

/// Whether a shop knew the hunter before the world began: most shops know them.
fn shop_knows(customer: Customer, shop: u32) -> bool {
    !mix((customer.0 >> 8) ^ u64::from(shop).rotate_left(40)).is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascades::chance::{Subject, chance};
    use std::collections::BTreeMap;

    /// Orders by customer after `orders` orders at one shop through `codes` codes.
    fn tables(orders: usize, codes: usize) -> (BTreeMap<u64, (usize, u64)>, usize) {
        let mut random = chance(5, Subject::Hour, 0, 0);
        let mut guests = Guests::new(5, 1, 2, 0.35, 0.1);
        let mut own = vec![Restaurant::default(); codes];
        let mut counts: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
        for _ in 0..orders {
            let code = random.index(codes);
            let wish = Wish {
                shop: 0,
                abroad: false,
                segment: random.index(2),
                repeat: 0.2,
                regular: 0.3,
                hunter: 0.0,
                returning: 0.5,
            };
            let strangeness = random.unit();
            let arrival = guests.arrive(&own[code], wish, strangeness, &mut random);
            let (customer, founder) = match arrival {
                Arrival::Known(customer) => (customer, false),
                Arrival::Stranger { .. } => (guests.stranger(3), true),
            };
            guests.seat(Some(&mut own[code]), 0, wish.segment, customer, founder);
            let count = counts.entry(customer.0).or_default();
            count.0 += 1;
            count.1 |= 1 << code;
        }
        let hoppers = counts
            .values()
            .filter(|count| count.1.count_ones() > 1)
            .count();
        (counts, hoppers)
    }

    #[test]
    fn the_rich_get_richer_and_people_hop_between_codes_of_one_shop() {
        let (counts, hoppers) = tables(6_000, 5);
        let mut sizes: Vec<usize> = counts.values().map(|count| count.0).collect();
        sizes.sort_unstable();
        assert_eq!(sizes[sizes.len() / 2], 1);
        assert!(sizes[sizes.len() - 1] > 12, "{:?}", sizes.last());
        let share = hoppers as f64 / counts.len() as f64;
        assert!((0.03..0.4).contains(&share), "{share}");
    }
}
