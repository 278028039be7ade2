//! End-to-end tests and the house rules, one binary, a module per topic.

mod architecture;
mod cli;
mod evaluate;
mod explain;
mod holds;
mod kafka_adapter;
mod operations;
mod replay;
mod run_on_kafka;
mod support;
