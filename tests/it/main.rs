//! spanhouse's integration tests: one binary, one module for each thing they prove.
//!
//! All but the house style run the built `spanhouse` and speak to it over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, in its own lines and in those it shares; what it could \
              not try on this machine it tells on standard error"
)]

mod batches;
mod clients;
mod fixtures;
mod ledger;
mod random;
mod server;

mod accuracy;
mod alerts;
mod crash;
mod exporters;
mod figures;
mod foreign;
mod house;
mod jaeger_suite;
mod overload;
mod prometheus;
mod protocol;
mod reader;
