//! Sources of leaks (sites, extensions, channels) and their habits: whom they bring, whether they name
//! themselves, whether they remove what they list.
//!
//! Must not know which codes they list.

use crate::cascades::chance::{Subject, chance, gamma};
use crate::cascades::leaked::LEAKED;
use crate::cascades::names::{CHANNELS, LISTED_SITES, UNLISTED_SITES};
use crate::cascades::nature::Leaks;
use crate::cascades::segments::Segments;
use crate::random::Random;
use crate::truth::LeakKind;

/// The kinds of leak, in the order of the weights of a mix.
pub(crate) const KINDS: [LeakKind; 4] = [
    LeakKind::CouponSite,
    LeakKind::Extension,
    LeakKind::InsiderOrCommunity,
    LeakKind::DealChannel,
];

/// A site, extension or channel with its habits.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Index into [`KINDS`].
    pub(crate) kind: usize,
    pub(crate) name: String,
    /// Share of buyers whose browser names the source.
    pub(crate) referrer_share: f64,
    pub(crate) blend: [f32; LEAKED.len()],
    pub(crate) weak: f64,
    /// Removes codes and lists them again.
    pub(crate) relists: bool,
}

/// Sums of the weights of the leaked segments for a source of that kind.
pub(crate) fn draw_blend(
    kind: usize,
    segments: &Segments,
    leaks: &Leaks,
    random: &mut Random,
) -> [f32; LEAKED.len()] {
    /// Segments in which buyers follow a link that was opened for them.
    const INJECTED: f64 = 0.3;
    /// How evenly a source's buyers divide; small = one sort each.
    const EVENNESS: f64 = 0.9;
    let injects = random.chance(leaks.injector_share);
    let mut below = 0.0;
    std::array::from_fn(|index| {
        let (suits, segment) = &segments.leaked[index];
        let injected = segment.shape.linked > INJECTED;
        let factor = match (injected, injects) {
            (true, true) => 4.0,
            (true, false) => 0.0,
            (false, _) => 1.0,
        };
        let weight = suits[kind] * segment.shape.weight;
        let drawn = gamma(EVENNESS, random) + 1e-3;
        below += weight * factor * drawn;
        below as f32
    })
}

/// A leaked segment, in proportion to its weight in the blend.
pub(crate) fn pick(blend: &[f32; LEAKED.len()], random: &mut Random) -> usize {
    let last = blend.len() - 1;
    let drawn = random.unit() as f32 * blend[last];
    blend[..last].partition_point(|&below| below <= drawn)
}

pub(crate) fn draw_weakness(leaks: &Leaks, random: &mut Random) -> f64 {
    if random.chance(leaks.weak_share) {
        random.range(0.45, 0.95)
    } else {
        random.range(0.0, 0.2)
    }
}

/// The sites, extensions and channels of a world.
pub(crate) fn cast_sources(seed: u64, leaks: &Leaks, segments: &Segments) -> Vec<Source> {
    let mut random = chance(seed, Subject::Source, 0, 0);
    let random = &mut random;
    let source = |kind: usize, name: String, random: &mut Random| {
        let names_itself = kind != 1 && random.chance(leaks.named_source_share);
        let usual = leaks.referrer_share;
        Source {
            kind,
            name,
            referrer_share: if names_itself {
                (usual * random.range(0.2, 2.2)).min(0.97)
            } else {
                0.0
            },
            blend: draw_blend(kind, segments, leaks, random),
            weak: draw_weakness(leaks, random),
            relists: random.chance(leaks.relisting_share),
        }
    };
    let mut sources = Vec::new();
    let sites = 6 + random.index(12);
    let (mut listed, mut unlisted) = (LISTED_SITES.to_vec(), UNLISTED_SITES.to_vec());
    for _ in 0..sites {
        let hosts = if random.chance(leaks.unlisted_share) && !unlisted.is_empty() {
            &mut unlisted
        } else {
            &mut listed
        };
        if hosts.is_empty() {
            break;
        }
        let host = hosts.swap_remove(random.index(hosts.len()));
        sources.push(source(0, host.to_owned(), random));
    }
    for number in 0..2 + random.index(4) {
        sources.push(source(1, format!("extension-{}", number + 1), random));
    }
    let mut channels = CHANNELS.to_vec();
    for _ in 0..4 + random.index(5) {
        let channel = channels.swap_remove(random.index(channels.len()));
        sources.push(source(3, channel.to_owned(), random));
    }
    sources
}
