//! The binary `spanhouse`: the only place that wires the crates together.
//!
//! ```text
//! cli ──► settings            what was asked, with which settings
//!  ├────► serve ──► collector ──(SpanSink)──► storage ──(CatalogProvider)──► query
//!  └────► demo                a stock OpenTelemetry exporter's traffic
//! ```

mod allocator;
mod cli;
mod demo;
mod error_chain;
mod logging;
mod serve;
mod settings;

fn main() -> cli::ExitStatus {
    #[cfg(feature = "fail-points")]
    let _armed = storage::arm_fail_points();
    // The clients of HTTP look for it. It fails only when there is one, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    cli::run()
}
