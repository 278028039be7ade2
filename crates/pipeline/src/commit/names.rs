//! The names of stored objects, below the folder of a deployment.

/// Folder of the manifests.
pub const MANIFEST_PREFIX: &str = "m/";
/// Folder of the segments.
pub const SEGMENT_PREFIX: &str = "s/";

/// Name of the manifest with this number; names sort as numbers do.
pub fn manifest_name(seq: u64) -> String {
    format!("{MANIFEST_PREFIX}{seq:020}")
}

/// Name of a segment: the number of the commit that it is made for, and the writer's nonce, so that
/// two writers never use one name.
pub fn segment_name(seq: u64, nonce: u64, part: u32) -> String {
    format!("{SEGMENT_PREFIX}{seq:020}-{nonce:016x}-{part}")
}

/// The number in the name of a manifest.
pub(crate) fn manifest_seq(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(MANIFEST_PREFIX)?;
    let seq = digits.parse().ok()?;
    (manifest_name(seq) == name).then_some(seq)
}
