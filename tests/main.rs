//! End-to-end tests and the house rules, one binary, a module per topic.

mod architecture;
mod kafka_adapter;
mod support;
