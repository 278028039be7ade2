//! What is asked of a store, what it may answer, and where a chain stands.

use super::frame::Digest;
use super::manifest::Manifest;

/// An object in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Name below the deployment's folder.
    pub name: String,
    /// How long ago it was written, by the store's clock.
    pub age_ms: u64,
}

/// Something to ask of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Every object whose name begins so.
    List(&'static str),
    /// The bytes of an object.
    Get(String),
    /// Write an object under a name that nobody else uses; again is harmless.
    Put(String, Vec<u8>),
    /// Write an object, if its name is free.
    Create(String, Vec<u8>),
    /// Remove an object; one that is gone counts as removed.
    Delete(String),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The objects.
    Listed(Vec<Object>),
    /// The bytes.
    Bytes(Vec<u8>),
    /// There is no such object.
    Absent,
    /// Written, created or removed.
    Done,
    /// The name is taken; by whom is another question.
    Exists,
    /// It may have happened or not: a lost answer, a time-out, a conflict, a failure.
    Unclear,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Ask this now.
    Ask(Request),
    /// Ask this after a pause: the store did not answer clearly.
    Retry(Request),
    /// It is over.
    Done(T),
}

/// The newest manifest of a chain, as its owner knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it says.
    pub manifest: Manifest,
    /// SHA-256 of its stored bytes.
    pub digest: Digest,
}
