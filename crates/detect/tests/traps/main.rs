//! The judge against its known traps: for each, a leak that must be found and an honest
//! look-alike that must not.

mod decisions;
mod honest;
mod invariants;
mod leaks;
mod world;
