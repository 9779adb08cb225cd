use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::settings::value::{ByteSize, ListenAddress};

struct Bench {
    directory: TempDir,
    inputs: Inputs,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let inputs = Inputs {
            working_directory: directory.path().to_owned(),
            ..Inputs::default()
        };
        Self { directory, inputs }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.directory.path().join(name), text).expect("the file is written");
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.inputs.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, name: &'static str, value: &str) -> Self {
        self.inputs.flags.push((name, value.to_owned()));
        self
    }

    fn config(mut self, name: &str) -> Self {
        self.inputs.config = Some(self.directory.path().join(name));
        self
    }

    fn settings(self) -> Settings {
        match EffectiveSettings::resolve(self.inputs) {
            Ok(effective) => effective.settings,
            Err(error) => panic!("{error}"),
        }
    }

    /// The problems, with the temporary directory written as `.`.
    fn problems(self) -> String {
        let directory = self.directory.path().display().to_string();
        let error = EffectiveSettings::resolve(self.inputs).expect_err("there are problems");
        let problems: Vec<String> = error.0.iter().map(Problem::to_string).collect();
        problems.join("\n").replace(&directory, ".")
    }
}

fn address(text: &str) -> ListenAddress {
    ListenAddress::parse_setting(text).expect("an address")
}

#[test]
fn the_defaults_are_valid() {
    let settings = Bench::new().settings();
    assert_eq!(settings.data_dir, PathBuf::from("./spanhouse-data"));
    assert_eq!(settings.otlp_grpc, address("0.0.0.0:4317"));
    assert_eq!(settings.flush_age, Duration::from_secs(60));
    assert!(!settings.salvage_wal);
}

#[test]
fn flags_beat_environment_beats_file_beats_defaults() {
    let bench = Bench::new()
        .file(
            "spanhouse.toml",
            "data_dir = 'file'\nhttp = 'file:1'\nflush_age = '1s'\n",
        )
        .variable("SPANHOUSE_DATA_DIR", "variable")
        .variable("SPANHOUSE_HTTP", "variable:2")
        .flag("data_dir", "flag");
    let settings = bench.settings();
    assert_eq!(settings.data_dir, PathBuf::from("flag"));
    assert_eq!(settings.http, address("variable:2"));
    assert_eq!(settings.flush_age, Duration::from_secs(1));
    assert_eq!(settings.otlp_http, address("0.0.0.0:4318"));
}

#[test]
fn the_named_file_is_read_in_place_of_the_default_one() {
    let bench = || {
        Bench::new()
            .file("spanhouse.toml", "data_dir = 'default'")
            .file("variable.toml", "data_dir = 'variable'")
            .file("flag.toml", "data_dir = 'flag'")
    };
    assert_eq!(bench().settings().data_dir, PathBuf::from("default"));

    let by_variable = bench();
    let path = by_variable.directory.path().join("variable.toml");
    let by_variable = by_variable.variable("SPANHOUSE_CONFIG", &path.display().to_string());
    assert_eq!(by_variable.settings().data_dir, PathBuf::from("variable"));

    let by_flag = bench().config("flag.toml");
    assert_eq!(by_flag.settings().data_dir, PathBuf::from("flag"));
}

#[test]
fn toml_types_are_taken_where_they_fit() {
    let bench = Bench::new().file(
        "spanhouse.toml",
        "salvage_wal = true\nmax_connections = 7\nflush_bytes = 1048576\ncors_allowed_origins = ['https://a.example', 'https://b.example']\n",
    );
    let settings = bench.settings();
    assert!(settings.salvage_wal);
    assert_eq!(settings.max_connections.get(), 7);
    assert_eq!(settings.flush_bytes.bytes(), 1 << 20);
    let origins = settings.cors_allowed_origins.to_toml();
    assert_eq!(origins, r#"["https://a.example", "https://b.example"]"#);
}

#[test]
fn all_problems_are_told_at_once_with_their_place() {
    let problems = Bench::new()
        .file(
            "spanhouse.toml",
            "# comment\ndatadir = 'x'\n\nflush_age = 60\nhttp = 'nowhere'\n[colours]\nred = 1\n",
        )
        .variable("SPANHOUSE_FLUSHBYTES", "1MiB")
        .variable("SPANHOUSE_FLUSH_BYTES", "plenty")
        .flag("log_format", "xml")
        .problems();
    insta::assert_snapshot!(problems, @r"
    ./spanhouse.toml:2: unknown key `datadir`; did you mean `data_dir`?
    ./spanhouse.toml:4: flush_age cannot be `60`: it is of the TOML type integer; expected a duration with its unit, such as 500ms, 30s, 5m or 1h30m
    ./spanhouse.toml:6: unknown key `colours`; `spanhouse check-config` lists the right ones
    unknown environment variable SPANHOUSE_FLUSHBYTES; did you mean `SPANHOUSE_FLUSH_BYTES`?
    ./spanhouse.toml:5: http cannot be `nowhere`: the port is missing; expected an address HOST:PORT, such as 127.0.0.1:4317, [::]:4317 or :4317 (every IPv4 interface)
    environment variable SPANHOUSE_FLUSH_BYTES: flush_bytes cannot be `plenty`: it does not begin with a whole number; expected a size, such as 64MiB, 512KiB, 1GB or a number of bytes
    flag --log-format: log_format cannot be `xml`: it is neither; expected human or json
    ");
}

#[test]
fn broken_and_absent_files_are_problems() {
    let broken = Bench::new().file("spanhouse.toml", "data_dir = 'a'\nhttp = = 'b'\n");
    let problems = broken.problems();
    assert!(problems.starts_with("./spanhouse.toml:2: "), "{problems}");

    let absent = Bench::new().config("absent.toml").problems();
    assert!(
        absent.starts_with("./absent.toml: No such file"),
        "{absent}"
    );
}

#[test]
fn sizes_that_contradict_each_other_are_refused() {
    let problems = Bench::new()
        .variable("SPANHOUSE_MEMORY_BUDGET", "80MiB")
        .flag("wal_segment_bytes", "64MiB")
        .problems();
    insta::assert_snapshot!(problems, @r"
    default: max_request_bytes = 64MiB is too large for wal_segment_bytes = 64MiB (flag --wal-segment-bytes): a segment must hold such a request and 64KiB more
    default: flush_bytes = 96MiB is too large for memory_budget = 80MiB (environment variable SPANHOUSE_MEMORY_BUDGET): memory would be full before it is flushed
    ");
}

#[test]
fn the_written_settings_are_a_file_that_gives_them_again() {
    let bench = Bench::new()
        .file("spanhouse.toml", "\nhttp = ':0'\n")
        .variable("SPANHOUSE_FLUSH_AGE", "1h30m")
        .flag("data_dir", "a \"quoted\" path");
    let inputs = bench.inputs;
    let first = EffectiveSettings::resolve(inputs).expect("valid settings");
    let written = first.to_toml();
    let shown = written.replace(&bench.directory.path().display().to_string(), ".");
    insta::assert_snapshot!(shown, @r#"
    data_dir = 'a "quoted" path'             # flag --data-dir
    otlp_grpc = "0.0.0.0:4317"               # default
    otlp_http = "0.0.0.0:4318"               # default
    zipkin = "0.0.0.0:9411"                  # default
    jaeger_http = "0.0.0.0:14268"            # default
    jaeger_grpc = "0.0.0.0:14250"            # default
    jaeger_udp_compact = "0.0.0.0:6831"      # default
    jaeger_udp_binary = "0.0.0.0:6832"       # default
    skywalking_grpc = "0.0.0.0:11800"        # default
    http = "0.0.0.0:0"                       # ./spanhouse.toml:2
    max_connections = 4096                   # default
    max_request_bytes = "64MiB"              # default
    cors_allowed_origins = ["*"]             # default
    receive_memory = "192MiB"                # default
    memory_budget = "256MiB"                 # default
    flush_bytes = "96MiB"                    # default
    flush_age = "90m"                        # environment variable SPANHOUSE_FLUSH_AGE
    wal_segment_bytes = "128MiB"             # default
    salvage_wal = false                      # default
    query_timeout = "30s"                    # default
    query_memory = "128MiB"                  # default
    query_concurrency = 16                   # default
    search_limit = 5000                      # default
    red_series_limit = 10000                 # default
    remote_write_url = "off"                 # default
    remote_write_interval = "15s"            # default
    remote_write_labels = ["job=spanhouse"]  # default
    remote_write_native_histograms = false   # default
    alert_interval = "10s"                   # default
    alert_lag = "10s"                        # default
    drain_timeout = "10s"                    # default
    log_level = "info"                       # default
    log_format = "human"                     # default
    "#);

    let again = Bench::new().file("spanhouse.toml", &written).settings();
    assert_eq!(again, first.settings);
}

#[test]
fn every_default_is_written_as_it_is_read() {
    for key in KEYS {
        let canonical = (key.canonical_toml)(key.default).expect(key.name);
        let text = canonical.trim_matches(['[', ']', '"']);
        assert_eq!(
            (key.canonical_toml)(text),
            Ok(canonical.clone()),
            "{}",
            key.name
        );
    }
    assert_eq!(
        ByteSize::parse_setting("1MiB").map(ByteSize::bytes),
        Ok(1 << 20)
    );
}

#[test]
fn alert_rules_and_receivers_are_tables_of_the_file() {
    let bench = Bench::new().file(
        "spanhouse.toml",
        r#"
        flush_age = "1h"
        [[receiver]]
        name = "ops"
        type = "slack"
        url = "https://example.com/hook"
        [[alert]]
        name = "checkout fails"
        metric = "error_rate"
        threshold = "> 5%"
        min_calls = 20
        for = "1m"
        [[alert]]
        name = "burns"
        service = "checkout"
        slo = "99.9%"
        burn = [{ long = "1h", short = "5m", factor = 14 }]
        "#,
    );
    let effective = EffectiveSettings::resolve(bench.inputs).expect("valid settings");
    let AlertTables { rules, receivers } = &effective.alert_tables;
    let names: Vec<&str> = rules.iter().map(alerts::Rule::name).collect();
    assert_eq!(names, ["checkout fails", "burns"]);
    assert_eq!(receivers[0].name(), "ops");
    let written = effective.to_toml();
    assert!(
        written.ends_with("# and from the file: 2 [[alert]], 1 [[receiver]]\n"),
        "{written}"
    );
}

#[test]
fn wrong_alert_tables_are_told_with_their_line() {
    let problems = Bench::new()
        .file(
            "spanhouse.toml",
            r#"alerts = 1
receiver = "ops"

[[alert]]
name = "a"
metric = "error_rate"
treshold = "> 5%"

[[alert]]
name = "b"
metric = "error_rate"
threshold = "> 300ms"

[[alert]]
name = 7
"#,
        )
        .problems();
    insta::assert_snapshot!(problems, @r"
    ./spanhouse.toml:1: unknown key `alerts`; did you mean `alert`?
    ./spanhouse.toml:2: [[receiver]]: it is not a list of tables; each begins with [[receiver]]
    ./spanhouse.toml:7: [[alert]] has no key `treshold`; did you mean `threshold`?
    ./spanhouse.toml:9: [[alert]]: `threshold`: `300ms` is no number from 0 up; expected `> 5%`
    ./spanhouse.toml:14: [[alert]]: invalid type: integer `7`, expected a string
    ");
}

#[test]
fn alert_tables_that_do_not_go_together_are_told_with_their_line() {
    let problems = Bench::new()
        .file(
            "spanhouse.toml",
            r#"
[[alert]]
name = "slow"
metric = "p99"
threshold = "> 1s"

[[alert]]
name = "fails"
metric = "error_rate"
threshold = "> 5%"
receivers = ["ops", "team"]

[[alert]]
name = "slow"
metric = "p99.9"
threshold = "> 3s"

[[receiver]]
name = "ops"
type = "webhook"
url = "https://example.com/hook"

[[receiver]]
name = "ops"
type = "webhook"
url = "https://example.com/other"
"#,
        )
        .problems();
    insta::assert_snapshot!(problems, @r"
    ./spanhouse.toml:23: [[receiver]]: `name`: another receiver is called `ops` already; expected a name of its own
    ./spanhouse.toml:7: [[alert]]: `receivers`: the rule `fails` names `team`, which is not there; expected any of ops, ops
    ./spanhouse.toml:13: [[alert]]: `name`: another rule is called `slow` already; expected a name of its own
    ");
}

#[test]
fn the_examples_of_the_documents_are_right() {
    for (document, least) in [
        (include_str!("../../../docs/alerts.md"), 4),
        (include_str!("../../../docs/prometheus.md"), 1),
    ] {
        let blocks = document.split("```toml\n").skip(1);
        let examples: Vec<&str> = blocks
            .filter_map(|block| block.split("```").next())
            .collect();
        assert!(examples.len() >= least, "{examples:?}");
        for example in examples {
            Bench::new().file("spanhouse.toml", example).settings();
        }
    }
}
