//! The saved form of the state: keys, and how values become bytes.
//!
//! ```text
//! kind  shard  rest            value
//! v                            format, layout, the last judged hour, changes of the registry that wait
//! c     shard  slot            a code with what is remembered of it
//! o     shard                  the open hour and everything else that is small
//! w     shard  hour slot       a published window that may still change
//! x     shard  day number      orders seen on a day, appended to
//! f     shard  filter number   a click filter (0), and what was put into it since (1, 2, …)
//! r            code            an entry of the registry
//! n                            texts that stand for codes
//! h            number          hosts from that number on
//! m s                          the market of the judge, and of the one in shadow
//! ```
//! Numbers in keys are big-endian, so that they sort. Values are postcard
//! (<https://postcard.jamesmunns.com>), which has no field names: a change of any saved struct
//! changes the layout, and [`layout`] tells.

use promoguard_detect::{CodeWatch, DetectSettings, Market};
use promoguard_sketch::RestoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format of the keys and values above. One more with each change that older state does not
/// survive.
pub(crate) const FORMAT: u32 = 1;

/// Why saved state cannot be taken back. It is whole, or it would not have come so far.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Written by another version.
    #[error(
        "the state has format {found:?}, and this version reads {readable:?}: it was written by another \
         version of promoguard"
    )]
    Version {
        /// Format and layout of the state.
        found: (u32, u64),
        /// Those of this version.
        readable: (u32, u64),
    },
    /// Something does not decode, or does not fit the rest.
    #[error("the state does not hold together: {0}")]
    Inconsistent(&'static str),
    /// A filter or index does not fit the settings.
    #[error("the state does not fit the settings: {0}")]
    Sketch(#[from] RestoreError),
}

/// Key of what holds for all shards.
pub(crate) fn key(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind], rest].concat()
}

/// Key of something of one shard.
pub(crate) fn shard_key(kind: u8, shard: u32, numbers: &[u32]) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&shard.to_be_bytes());
    for number in numbers {
        key.extend_from_slice(&number.to_be_bytes());
    }
    key
}

/// The number at a place of a key.
pub(crate) fn number_in(key: &[u8], place: usize) -> Result<u32, StateError> {
    let start = 1 + 4 * place;
    let bytes = key.get(start..start + 4);
    let bytes = bytes.ok_or(StateError::Inconsistent("a key is too short"))?;
    Ok(u32::from_be_bytes(
        bytes.try_into().expect("4 bytes were taken"),
    ))
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("saved values have nothing that fails")
}

pub(crate) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, StateError> {
    postcard::from_bytes(bytes).map_err(|_| StateError::Inconsistent(what))
}

/// Tells layouts of the judge's state apart: a hash of the names of their fields, in order. Lists
/// and options that are empty at the start do not show theirs; a change in there alone asks for
/// another [`FORMAT`].
pub(crate) fn layout() -> u64 {
    let watch = serde_json::to_string(&CodeWatch::default());
    let market = serde_json::to_string(&Market::new(&DetectSettings::default()));
    let texts = [watch, market].map(|text| text.expect("the state of the judge is plain"));
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in &texts {
        for name in text
            .split("\":")
            .filter_map(|before| before.rsplit('"').next())
        {
            // FNV-1a: for telling apart, not for secrets.
            for byte in name.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    hash
}

/// A reach in its own saved form.
pub(crate) mod reach {
    use promoguard_sketch::Reach;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<const P: usize, S: Serializer>(
        reach: &Reach<P>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&reach.to_bytes())
    }

    pub(crate) fn deserialize<'de, const P: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Reach<P>, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Reach::from_bytes(&bytes).map_err(D::Error::custom)
    }
}
