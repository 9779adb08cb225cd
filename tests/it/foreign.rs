//! The protocols of other tracing systems against the real binary: what their stock clients send,
//! what was recorded of them, and one span sent in every way.

mod jaeger_bodies;
mod printed;
mod senders;
mod thrift;
mod zipkin_bodies;

mod figures;
mod java_and_go;
mod recordings;
mod same_row;
mod stock_clients;
