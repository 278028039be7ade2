//! promoguard.
fn main() {}
