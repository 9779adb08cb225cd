//! The shape of the command line and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::demo::DemoArgs;
use crate::settings::SettingArguments;

const OVERVIEW: &str = "\
Examples:
  spanhouse serve                        start with the defaults
  spanhouse demo                         send a small shop's traffic to it
  spanhouse trace 4bf92f3577b34da6a3ce929d0e0e4736
                                         print one trace as a tree
  spanhouse red checkout --last 15m      print a service's QPS and percentiles

Ports of `spanhouse serve`:
  4317   OTLP gRPC                       OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317
  4318   OTLP HTTP, protobuf and JSON    OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318
  9411   Zipkin v1 and v2                OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://localhost:9411/api/v2/spans
  14268  Jaeger, Thrift over HTTP        JAEGER_ENDPOINT=http://localhost:14268/api/traces
  14250  Jaeger gRPC; 6831 and 6832 (UDP) are the Jaeger agent's
  11800  SkyWalking gRPC                 SW_AGENT_COLLECTOR_BACKEND_SERVICES=localhost:11800
  16686  HTTP API, /healthz, /readyz, /metrics; takes MTrace spans at /api/v1/spans

Settings:
  Each is a flag (--data-dir), an environment variable (SPANHOUSE_DATA_DIR) or a key of the
  TOML file (data_dir); the earlier of these wins. `spanhouse serve --help` describes them,
  `spanhouse check-config` prints the ones in effect and where each came from.

Exit codes:
  0  done        1  failed while running        2  wrong command line or settings";

const SERVE_NOTES: &str = "\
Examples:
  spanhouse serve
  spanhouse serve --data-dir /var/lib/spanhouse --http 127.0.0.1:16686
  SPANHOUSE_LOG_FORMAT=json spanhouse serve --config /etc/spanhouse.toml

Every listener is on all IPv4 interfaces unless told otherwise, as in a container it must be.
There is no authentication: on a machine that others can reach, listen at 127.0.0.1 or put a
proxy before it. Port 0 takes any free port; the ports taken are printed.

SIGTERM and SIGINT stop it in order: no new connections, requests in flight are answered, spans
in memory are flushed and committed, exit code 0. A second signal ends it at once; acknowledged
spans are in the write-ahead log and come back at the next start.";

const TRACE_NOTES: &str = "\
Examples:
  spanhouse trace 4bf92f3577b34da6a3ce929d0e0e4736
  spanhouse trace --server http://tracing.example:16686 4bf92f3577b34da6a3ce929d0e0e4736
  spanhouse trace --json 4bf92f3577b34da6a3ce929d0e0e4736 | jq '.spans[].name'

Each line is a span: its call path (0.1.2 is the second call of the first call of the root 0),
service, operation, duration, self time (without that of its calls), and its place on the trace's
time line. `◆` marks the critical path, `✗` errors; marks in brackets tell what is odd, such as a
parent that never arrived.
Below the tree stands what is found in it: where the critical path's time went, its bottleneck,
where the first error began, calls that one span made again and again, calls that ran one after
another, and calls into other zones.
Colour is used on a terminal unless NO_COLOR is set.";

const RED_NOTES: &str = "\
Examples:
  spanhouse red                          all services, the last 15 minutes
  spanhouse red checkout --last 1h       the operations of one service
  spanhouse red checkout --by instance   its instances; several: --by version,zone
  spanhouse red --json | jq '.series[] | [.service, .total.qps]'

Counted are the requests that services answered (spans of the kinds server and consumer), busiest
first. Percentiles are at most 0.05 % away from the exact value. The small charts go from the
beginning of the range to its end: QPS from zero, and the P99 of each part.
Colour is used on a terminal unless NO_COLOR is set.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "spanhouse", version, about, after_help = OVERVIEW, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Receive, keep and serve spans until told to stop
    #[command(after_help = SERVE_NOTES)]
    Serve(SettingArguments),
    /// Send a small shop's live traffic to a collector
    Demo(DemoArgs),
    /// Print one trace as a tree
    #[command(after_help = TRACE_NOTES)]
    Trace(TraceArguments),
    /// Print QPS, times, percentiles and success rates
    #[command(after_help = RED_NOTES)]
    Red(RedArguments),
    /// Print the settings in effect, as TOML, and where each came from
    CheckConfig(SettingArguments),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Look into the write-ahead log
    Wal {
        #[command(subcommand)]
        command: WalCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum WalCommand {
    /// List the segments and their records, and say whether they are whole; changes nothing
    Inspect(WalInspectArguments),
}

#[derive(Debug, Args)]
pub(super) struct TraceArguments {
    /// The trace's id: 32 or 16 hexadecimal digits, or the text by which MTrace or SkyWalking sent it
    #[arg(value_name = "ID")]
    pub(super) id: String,
    /// Where the HTTP API is
    #[arg(
        long,
        value_name = "URL",
        env = "SPANHOUSE_SERVER",
        default_value = "http://127.0.0.1:16686"
    )]
    pub(super) server: String,
    /// Print the JSON document as received, in place of the tree
    #[arg(long)]
    pub(super) json: bool,
    /// Print the tree alone, without what is found in it
    #[arg(long)]
    pub(super) no_diagnosis: bool,
}

#[derive(Debug, Args)]
pub(super) struct RedArguments {
    /// The service; all services when none is given
    #[arg(value_name = "SERVICE")]
    pub(super) service: Option<String>,
    /// How far back to look: 90s, 15m, 6h, 30d
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub(super) last: String,
    /// What makes a line, separated by commas: service, operation, kind, status, instance, version,
    /// zone [default: operation with a service, else service]
    #[arg(long, value_name = "DIMENSIONS")]
    pub(super) by: Option<String>,
    /// Compute everything from the spans themselves, whatever is kept of them; slower
    #[arg(long)]
    pub(super) exact: bool,
    /// Where the HTTP API is
    #[arg(
        long,
        value_name = "URL",
        env = "SPANHOUSE_SERVER",
        default_value = "http://127.0.0.1:16686"
    )]
    pub(super) server: String,
    /// Print the JSON document as received, in place of the table
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct WalInspectArguments {
    /// Directory of the write-ahead log and the span table [env: SPANHOUSE_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<String>,
    /// TOML file with settings [env: SPANHOUSE_CONFIG] [default: ./spanhouse.toml, if present]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_of_serve_names_every_setting_in_its_three_forms() {
        let mut command = Arguments::command();
        let serve = command
            .find_subcommand_mut("serve")
            .expect("there is serve");
        let help = serve.render_long_help().to_string();
        for key in crate::settings::KEYS {
            assert!(help.contains(&format!("--{}", key.flag())), "{}", key.name);
            assert!(help.contains(&key.environment_variable()), "{}", key.name);
            assert!(help.contains(key.default), "{}", key.name);
        }
    }

    #[test]
    fn a_switch_may_stand_alone_or_have_a_value() {
        for line in [
            ["spanhouse", "serve", "--salvage-wal"],
            ["spanhouse", "serve", "--salvage-wal=true"],
        ] {
            assert!(Arguments::try_parse_from(line).is_ok(), "{line:?}");
        }
    }
}
