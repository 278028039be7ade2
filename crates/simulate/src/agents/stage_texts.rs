//! Texts that this family puts on the stage: referrers, and the registry's aliases.

use crate::draft::ReferrerId;
use crate::random::Random;
use crate::stage::Stage;

pub(crate) fn add_referrer(stage: &mut Stage, text: &str) -> ReferrerId {
    stage.referrers.push(text.to_owned());
    (stage.referrers.len() - 1) as ReferrerId
}

/// A shop's name as part of an address.
pub(crate) fn url_word(name: &str) -> String {
    name.replace([' ', '.'], "-")
}

/// A marketplace's identifier of a code: a UUID.
pub(crate) fn alias(random: &mut Random) -> String {
    let (a, b) = (random.next_u64(), random.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}
