//! One file for each screen.

pub(crate) mod audit;
pub(crate) mod code;
pub(crate) mod codes;
pub(crate) mod dead_letters;
pub(crate) mod decide;
pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod ops;
pub(crate) mod partner;
pub(crate) mod quality;
pub(crate) mod queue;
pub(crate) mod reissue;
pub(crate) mod settings;
pub(crate) mod shops;
pub(crate) mod sign_in;
pub(crate) mod tokens;
