//! The table of settings: every key once, with its type, default and description.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::problem::Problem;
use super::resolve::Layered;
use super::value::{
    ByteSize, LabelList, ListenAddress, LogFilter, LogFormat, OriginList, SettingValue,
};

/// What is known of one setting besides its Rust type.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key in the TOML file, in snake case; the other names follow from it.
    pub(crate) name: &'static str,
    /// The placeholder of the value in `--help`.
    pub(crate) value_name: &'static str,
    /// The default, written as a user would write it.
    pub(crate) default: &'static str,
    /// The description, one entry a line.
    pub(crate) description: &'static [&'static str],
    /// The form of a right value, to be named beside a wrong one.
    pub(crate) expected: &'static str,
    /// Whether the flag may stand alone, meaning `true`.
    pub(crate) is_switch: bool,
    /// Whether the file may give an array of strings.
    pub(crate) is_list: bool,
    /// Whether the file may give the value without quotes.
    pub(crate) is_bare: bool,
    /// Parses the text and writes it again as a TOML value.
    pub(crate) canonical_toml: fn(&str) -> Result<String, String>,
}

impl Key {
    /// The flag without its dashes: `data-dir`.
    pub(crate) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable: `SPANHOUSE_DATA_DIR`.
    pub(crate) fn environment_variable(&self) -> String {
        format!("SPANHOUSE_{}", self.name.to_ascii_uppercase())
    }
}

fn canonical_toml<V: SettingValue>(text: &str) -> Result<String, String> {
    V::parse_setting(text).map(|value| value.to_toml())
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty, $value_name:literal, $default:literal;)+) => {
        /// Everything that can be set, parsed and valid.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct Settings {
            $($(#[doc = $doc])+ pub(crate) $name: $type,)+
        }

        /// Every key, in the order in which `--help` and `check-config` show them.
        pub(crate) const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            value_name: $value_name,
            default: $default,
            description: &[$($doc),+],
            expected: <$type as SettingValue>::EXPECTED,
            is_switch: <$type as SettingValue>::IS_SWITCH,
            is_list: <$type as SettingValue>::IS_LIST,
            is_bare: <$type as SettingValue>::IS_BARE,
            canonical_toml: canonical_toml::<$type>,
        }),+];

        impl Settings {
            /// Parses every key; all bad values are reported, not only the first.
            pub(super) fn parse(layered: &Layered) -> Result<Self, Vec<Problem>> {
                let mut problems = Vec::new();
                $(let $name = layered.parse::<$type>(stringify!($name), &mut problems);)+
                match ($($name,)+) {
                    ($(Some($name),)+) if problems.is_empty() => Ok(Self { $($name),+ }),
                    _ => Err(problems),
                }
            }
        }
    };
}

settings! {
    /// Directory of the write-ahead log and the span table
    data_dir: PathBuf, "DIR", "./spanhouse-data";
    /// Address of the OTLP gRPC receiver
    otlp_grpc: ListenAddress, "ADDR", "0.0.0.0:4317";
    /// Address of the OTLP HTTP receiver (protobuf and JSON)
    otlp_http: ListenAddress, "ADDR", "0.0.0.0:4318";
    /// Address of the Zipkin receiver (v1 and v2), or `off`
    zipkin: Option<ListenAddress>, "ADDR", "0.0.0.0:9411";
    /// Address of the Jaeger receiver for Thrift over HTTP, or `off`
    jaeger_http: Option<ListenAddress>, "ADDR", "0.0.0.0:14268";
    /// Address of the Jaeger gRPC receiver, or `off`
    jaeger_grpc: Option<ListenAddress>, "ADDR", "0.0.0.0:14250";
    /// UDP address of the Jaeger agent in Thrift's compact protocol, or `off`
    jaeger_udp_compact: Option<ListenAddress>, "ADDR", "0.0.0.0:6831";
    /// UDP address of the Jaeger agent in Thrift's binary protocol, or `off`
    jaeger_udp_binary: Option<ListenAddress>, "ADDR", "0.0.0.0:6832";
    /// Address of the SkyWalking gRPC receiver, or `off`
    skywalking_grpc: Option<ListenAddress>, "ADDR", "0.0.0.0:11800";
    /// Address of the HTTP API, health checks, metrics and MTrace spans
    http: ListenAddress, "ADDR", "0.0.0.0:16686";
    /// Connections accepted at once by each listener
    max_connections: NonZeroUsize, "COUNT", "4096";
    /// Largest request a receiver takes, both as sent and decompressed
    max_request_bytes: ByteSize, "SIZE", "64MiB";
    /// Origins whose browsers may export to the HTTP receivers: `*`, or a comma-separated list
    cors_allowed_origins: OriginList, "ORIGINS", "*";
    /// Bytes of requests being received and decoded; beyond it receivers answer "busy, retry"
    receive_memory: ByteSize, "SIZE", "192MiB";
    /// Bytes of spans that wait in memory for the table; beyond it receivers answer "busy, retry"
    memory_budget: ByteSize, "SIZE", "256MiB";
    /// Bytes of spans in memory at which they are flushed to the table
    flush_bytes: ByteSize, "SIZE", "96MiB";
    /// Age of the oldest span in memory at which they are flushed to the table
    flush_age: Duration, "DURATION", "60s";
    /// Size of one preallocated segment of the write-ahead log
    wal_segment_bytes: ByteSize, "SIZE", "128MiB";
    /// Start even though the write-ahead log is damaged in its middle, dropping the damaged records
    salvage_wal: bool, "BOOL", "false";
    /// Time a query may wait and run
    query_timeout: Duration, "DURATION", "30s";
    /// Bytes of memory that all running queries together may hold
    query_memory: ByteSize, "SIZE", "128MiB";
    /// Queries answered at the same time
    query_concurrency: NonZeroUsize, "COUNT", "16";
    /// Most traces that one search may ask for
    search_limit: NonZeroUsize, "COUNT", "5000";
    /// Label sets of spans, and of calls, that /metrics/red shows at most
    red_series_limit: NonZeroUsize, "COUNT", "10000";
    /// URL to which the metrics of /metrics/red are sent by Prometheus' remote write, or `off`
    remote_write_url: Option<Url>, "URL", "off";
    /// How often they are sent
    remote_write_interval: Duration, "DURATION", "15s";
    /// Labels that are added to what is sent
    remote_write_labels: LabelList, "LABELS", "job=spanhouse";
    /// Send native histograms too, for a receiver that takes them
    remote_write_native_histograms: bool, "BOOL", "false";
    /// Time between evaluations of alert rules
    alert_interval: Duration, "DURATION", "10s";
    /// Time after the end of a window at which alert rules look at it; later spans do not count
    alert_lag: Duration, "DURATION", "10s";
    /// Time that requests in flight get to finish after SIGTERM
    drain_timeout: Duration, "DURATION", "10s";
    /// Log level, or filters by module such as `info,storage=debug`
    log_level: LogFilter, "LEVEL", "info";
    /// Log format on stderr: `human` or `json`
    log_format: LogFormat, "FORMAT", "human";
}

/// Finds a key by its name in the file.
pub(super) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
