//! Segments: a world's own sorts of people, and the joint draw of one order's marks.
//!
//! Decides what belongs together: all marks of an order load on two traits of its occasion, half of which
//! are the buyer's own for ever (a Gaussian copula with factors). Must not know what a shop passes on.

use crate::cascades::archetypes::{ALWAYS, Archetype, HONEST, ORIGINS, Origin, SHOPPING};
use crate::cascades::chance::{Subject, chance, phi, probit};
use crate::cascades::clock::{Clock, Hours};
use crate::cascades::leaked::{LEAKED, Suits};
use crate::cascades::nature::{Mixing, Moved};
use crate::draft::Customer;
use crate::geography::{CityId, Population};
use crate::random::{Random, mix};

/// A world has at most this many honest segments.
pub(crate) const SEGMENTS_MAX: usize = 20;

/// The marks that are drawn jointly.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
enum Mark {
    Known,
    Linked,
    Lost,
    Auto,
    Typed,
    Origin,
    Home,
    Basket,
    Delay,
}

const MARKS: usize = 9;

/// Usual signs and relative sizes of the loadings on thrift and on attachment, in the order of [`Mark`].
const USUAL_LOADINGS: [[f64; 2]; MARKS] = [
    [0.8, 0.8],
    [-0.9, 0.5],
    [0.7, -0.2],
    [0.9, -0.2],
    [0.6, 0.2],
    [1.0, -0.3],
    [-0.7, 0.9],
    [-0.8, 0.5],
    [-0.5, 0.6],
];

/// One sort of people as this world has it.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) shape: Archetype,
    /// Which archetype it came from.
    pub(crate) archetype: usize,
    /// Clocks in Kazakhstan and in Russia.
    clocks: [Clock; 2],
    /// Its town in Kazakhstan and in Russia.
    towns: [CityId; 2],
    /// Loadings on the two traits, and what is left for the order's own noise.
    loadings: [[f64; 3]; MARKS],
    linked_cut: f64,
    lost_cut: f64,
    auto_cut: f64,
    typed_cut: f64,
    home_cut: f64,
    origin_cuts: [f64; 5],
}

/// All sorts of people of a world.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    pub(crate) honest: Vec<Segment>,
    pub(crate) leaked: Vec<(Suits, Segment)>,
    /// When people shop, in Kazakhstan and in Russia.
    pub(crate) shopping: [Clock; 2],
}

/// Where a code's audience lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    /// The partner's city.
    pub(crate) city: CityId,
    /// Moves the whole audience towards that city, in probits.
    pub(crate) shift: f64,
    /// Whether the shop is in Russia.
    pub(crate) abroad: bool,
    pub(crate) population: &'a Population,
}

/// The two traits of an occasion: thrift and attachment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits([f64; 2]);

/// What an order looks like before the shop forgets half of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) linked: bool,
    pub(crate) lost: bool,
    pub(crate) auto: bool,
    pub(crate) typed: bool,
    pub(crate) origin: Origin,
    /// Standard normal, for the choice within the price list.
    pub(crate) basket: f64,
    /// Operational hours from the click to the order.
    pub(crate) delay_hours: f64,
}

impl Segments {
    /// The sorts of people of a world: the honest ones that every world has, some others or variations, and
    /// all leaked ones; each moved by the spread.
    pub(crate) fn cast(seed: u64, spread: f64, mixing: &Mixing) -> Self {
        let mut random = chance(seed, Subject::Segment, 0, 0);
        let wanted = 10 + random.index(SEGMENTS_MAX - 9);
        let mut kinds: Vec<usize> = (0..ALWAYS).collect();
        let mut others: Vec<usize> = (ALWAYS..HONEST.len()).collect();
        while kinds.len() < wanted && !others.is_empty() {
            kinds.push(others.swap_remove(random.index(others.len())));
        }
        while kinds.len() < wanted {
            kinds.push(random.index(HONEST.len()));
        }
        let honest = kinds
            .iter()
            .zip(0..)
            .map(|(&kind, number)| {
                // A second segment of one sort differs from the first even in a usual world.
                let again = kinds[..number as usize].contains(&kind);
                let spread = if again { spread.max(0.7) } else { spread };
                let moved = Moved::new(chance(seed, Subject::Segment, 1, number), spread);
                let mut own = chance(seed, Subject::Segment, 3, number);
                Segment::cast(&HONEST[kind], kind, mixing, moved, &mut own)
            })
            .collect();
        let leaked = LEAKED
            .iter()
            .zip(0..)
            .map(|((suits, archetype), number)| {
                let moved = Moved::new(chance(seed, Subject::Segment, 2, number), spread);
                let mut own = chance(seed, Subject::Segment, 4, number);
                let kind = number as usize;
                (
                    *suits,
                    Segment::cast(archetype, kind, mixing, moved, &mut own),
                )
            })
            .collect();
        Self {
            honest,
            leaked,
            shopping: clocks(&SHOPPING),
        }
    }
}

fn clocks(hours: &Hours) -> [Clock; 2] {
    /// Moscow is two hours west of Almaty.
    const MOSCOW_WEST_HOURS: i64 = 2;
    [Clock::of(hours, 0), Clock::of(hours, MOSCOW_WEST_HOURS)]
}

impl Segment {
    /// `own` draws the towns and the loadings, which are a world's own even without spread.
    fn cast(
        usual: &Archetype,
        archetype: usize,
        mixing: &Mixing,
        mut moved: Moved,
        own: &mut Random,
    ) -> Self {
        let shape = move_shape(usual, &mut moved);
        let towns = ["KZ", "RU"].map(|country| Population::of(country).draw(own));
        let loadings = USUAL_LOADINGS.map(|[thrift, attachment]| {
            /// How far a segment's own loadings lie from the usual ones.
            const OWN_SD: f64 = 0.12;
            let a = mixing.loading * thrift + OWN_SD * own.normal();
            let b = mixing.loading * 0.7 * attachment + OWN_SD * own.normal();
            let length = libm::sqrt(a * a + b * b);
            let fit = if length > 0.9 { 0.9 / length } else { 1.0 };
            let (a, b) = (a * fit, b * fit);
            [a, b, libm::sqrt(1.0 - a * a - b * b)]
        });
        // A mark is set where its latent lies above the cut.
        let cut = |share: f64| probit(1.0 - share);
        let total: f64 = shape.origins.iter().sum();
        let mut below = 0.0;
        let origin_cuts = std::array::from_fn(|index| {
            below += shape.origins[index] / total;
            probit(below)
        });
        Self {
            archetype,
            clocks: clocks(&shape.hours),
            towns,
            loadings,
            linked_cut: cut(shape.linked),
            lost_cut: cut(shape.lost),
            auto_cut: cut(shape.auto),
            typed_cut: cut(shape.typed),
            home_cut: cut(shape.home),
            origin_cuts,
            shape,
        }
    }

    #[inline]
    pub(crate) fn clock(&self, abroad: bool) -> &Clock {
        &self.clocks[usize::from(abroad)]
    }

    #[inline]
    fn latent(&self, mark: Mark, traits: Traits, random: &mut Random) -> f64 {
        let [thrift, attachment, own] = self.loadings[mark as usize];
        let Traits([a, b]) = traits;
        thrift * a + attachment * b + own * random.normal()
    }

    /// How well the shop knows the buyer, as a uniform number: small for people who come back.
    pub(crate) fn strangeness(&self, traits: Traits, random: &mut Random) -> f64 {
        phi(-self.latent(Mark::Known, traits, random))
    }

    /// The marks of an order by a buyer with those traits.
    pub(crate) fn look(&self, traits: Traits, random: &mut Random) -> Look {
        let mut latent = |mark| self.latent(mark, traits, random);
        let origin_latent = latent(Mark::Origin);
        let delay = latent(Mark::Delay);
        let shape = &self.shape;
        Look {
            linked: latent(Mark::Linked) > self.linked_cut,
            lost: latent(Mark::Lost) > self.lost_cut,
            auto: latent(Mark::Auto) > self.auto_cut,
            typed: latent(Mark::Typed) > self.typed_cut,
            origin: self.origin_at(origin_latent),
            basket: shape.basket + shape.basket_sigma * latent(Mark::Basket),
            delay_hours: shape.delay_hours * libm::exp(shape.delay_sigma * delay),
        }
    }

    fn origin_at(&self, latent: f64) -> Origin {
        ORIGINS[self.origin_cuts.partition_point(|&cut| cut <= latent)]
    }

    /// Where a visitor who may never buy comes from.
    #[inline]
    pub(crate) fn origin(&self, random: &mut Random) -> Origin {
        ORIGINS[random.weighted(&self.shape.origins)]
    }

    /// Home of a new buyer.
    pub(crate) fn home(&self, traits: Traits, around: &Around<'_>, random: &mut Random) -> CityId {
        if self.latent(Mark::Home, traits, random) + around.shift > self.home_cut {
            around.city
        } else {
            self.elsewhere(around, random)
        }
    }

    fn elsewhere(&self, around: &Around<'_>, random: &mut Random) -> CityId {
        if random.chance(self.shape.town) {
            self.towns[usize::from(around.abroad)]
        } else {
            around.population.draw(random)
        }
    }

    /// City of a visitor who may never buy.
    #[inline]
    pub(crate) fn city(&self, around: &Around<'_>, random: &mut Random) -> CityId {
        // A straight line does for visits: near the middle a probit is about three tenths.
        if random.chance(self.shape.home + 0.3 * around.shift) {
            around.city
        } else {
            self.elsewhere(around, random)
        }
    }
}

impl Traits {
    /// The traits of an occasion.
    pub(crate) fn draw(random: &mut Random) -> Self {
        Self([random.normal(), random.normal()])
    }

    /// The occasion's traits, and the buyer's own in the given share of the variance.
    pub(crate) fn of_buyer(self, customer: Customer, person_share: f64) -> Self {
        let hash = mix(customer.0 ^ 0x0074_7261_6974);
        let own = [own_trait(hash), own_trait(mix(hash))];
        let Self(occasion) = self;
        Self(std::array::from_fn(|index| {
            libm::sqrt(person_share) * own[index] + libm::sqrt(1.0 - person_share) * occasion[index]
        }))
    }
}

/// Nearly a standard normal: the sum of four uniform numbers of 16 bits.
fn own_trait(hash: u64) -> f64 {
    let sum: u64 = (0..4).map(|part| hash >> (16 * part) & 0xffff).sum();
    // Four uniforms have mean 2 and variance one third.
    (sum as f64 / 65_536.0 - 2.0) * 1.732_050_807_568_877_2
}

fn move_shape(usual: &Archetype, moved: &mut Moved) -> Archetype {
    Archetype {
        weight: moved.size(usual.weight),
        walled: moved.size(usual.walled),
        repeat: moved.share(usual.repeat).min(0.8),
        regular: moved.share(usual.regular).min(0.85),
        hunter: moved.share(usual.hunter),
        returning: moved.share(usual.returning),
        linked: moved.share(usual.linked),
        lost: moved.share(usual.lost),
        auto: moved.share(usual.auto),
        typed: moved.share(usual.typed),
        origins: usual.origins.map(|weight| moved.size(weight)),
        home: moved.share(usual.home),
        town: moved.share(usual.town),
        basket: usual.basket + 0.3 * moved.by(),
        basket_sigma: moved.size(usual.basket_sigma).min(1.5),
        delay_hours: moved.size(usual.delay_hours),
        delay_sigma: moved.size(usual.delay_sigma).min(2.0),
        buys: moved.size(usual.buys),
        seen: moved.share(usual.seen),
        sale: usual.sale + 0.3 * moved.by(),
        hours: move_hours(&usual.hours, moved),
    }
}

fn move_hours(usual: &Hours, moved: &mut Moved) -> Hours {
    Hours {
        bumps: usual.bumps.map(|(at, weight, sharpness)| {
            (
                at + moved.by().clamp(-3.0, 3.0),
                moved.size(weight),
                moved.size(sharpness).clamp(0.5, 30.0),
            )
        }),
        floor: moved.size(usual.floor).min(0.3),
        weekend: moved.size(usual.weekend).min(6.0),
        friday: moved.size(usual.friday).clamp(0.3, 3.0),
    }
}
