//! The arrows between the crates: a star with `schemas` below and the binary above.
//!
//! A new arrow or a new external crate is a design decision: argue it in the change that adds it
//! to this table.

use std::path::Path;

use serde_json::Value;

/// What one of our crates may know.
struct Arrows {
    name: &'static str,
    siblings: &'static [&'static str],
    external: &'static [&'static str],
    /// What it must never know, by the start of the name, whatever the list above says.
    never: &'static [&'static str],
}

const ARROWS: [Arrows; 6] = [
    // The vocabulary: no run time, no I/O, no query engine.
    Arrows {
        name: "schemas",
        siblings: &[],
        external: &[
            "arrow-array",
            "arrow-buffer",
            "arrow-schema",
            "arrow-select",
            "base64",
            "hashbrown",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
        ],
        never: &[
            "tokio",
            "axum",
            "tonic",
            "hyper",
            "datafusion",
            "object_store",
            "parquet",
            "delta",
        ],
    },
    // Servers and decoders: knows no table.
    Arrows {
        name: "collector",
        siblings: &["schemas"],
        external: &[
            "async-trait",
            "axum",
            "base64",
            "bytes",
            "flate2",
            "http",
            "http-body-util",
            "hyper-util",
            "opentelemetry-proto",
            "prost",
            "serde",
            "serde_json",
            "sha2",
            "simdutf8",
            "thiserror",
            "tokio",
            "tokio-util",
            "tonic",
            "tower",
            "tower-http",
            "tracing",
            "zstd",
        ],
        never: &["datafusion", "object_store", "parquet", "delta"],
    },
    // Files and tables: knows no wire.
    Arrows {
        name: "storage",
        siblings: &["schemas"],
        external: &[
            "arrow-array",
            "arrow-buffer",
            "arrow-schema",
            "arrow-select",
            "async-trait",
            "bytes",
            "chrono",
            "crc32c",
            "datafusion",
            "delta_kernel",
            "delta_kernel_default_engine",
            "fail",
            "futures",
            "hashbrown",
            "indexmap",
            "object_store",
            "parquet",
            "quick_cache",
            "roaring",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            "uuid",
        ],
        never: &["axum", "tonic", "hyper", "opentelemetry", "prost", "utoipa"],
    },
    // Answers: knows no file.
    Arrows {
        name: "query",
        siblings: &["schemas"],
        external: &[
            "arrow-array",
            "arrow-ipc",
            "arrow-schema",
            "axum",
            "base64",
            "bytes",
            "datafusion",
            "futures",
            "hashbrown",
            "opentelemetry-proto",
            "prost",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            "utoipa",
        ],
        never: &["object_store", "parquet", "delta", "tonic"],
    },
    // Rules and notifications: knows no span and no table, only series of figures.
    Arrows {
        name: "alerts",
        siblings: &["schemas"],
        external: &[
            "async-trait",
            "axum",
            "minijinja",
            "reqwest",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
            "utoipa",
            "uuid",
        ],
        never: &["datafusion", "object_store", "parquet", "delta", "tonic"],
    },
    // The only place that wires.
    Arrows {
        name: "spanhouse",
        siblings: &["alerts", "collector", "query", "schemas", "storage"],
        external: &[
            "anyhow",
            "async-trait",
            "axum",
            "bytes",
            "clap",
            "mimalloc",
            "opentelemetry",
            "opentelemetry-otlp",
            "opentelemetry_sdk",
            "reqwest",
            "rustix",
            "rustls",
            "serde",
            "serde_json",
            "snap",
            "strsim",
            "thiserror",
            "tokio",
            "tokio-util",
            "toml",
            "tower",
            "tracing",
            "tracing-subscriber",
            "unicode-width",
        ],
        never: &[],
    },
];

/// External crates for tests and benches only, in any crate; tests may use those of all our crates
/// too.
const FOR_TESTS: [&str; 6] = [
    "criterion",
    "hdrhistogram",
    "insta",
    "proptest",
    "tempfile",
    "thrift",
];

/// One dependency as `cargo metadata` tells it.
struct Dependency {
    name: String,
    is_for_tests: bool,
}

fn workspace() -> Vec<(String, Vec<Dependency>)> {
    let metadata = super::cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependency = |each: &Value| Dependency {
        name: text(&each["name"]),
        is_for_tests: each["kind"] == "dev",
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let dependencies = dependencies.iter().map(dependency).collect();
            (text(&package["name"]), dependencies)
        })
        .collect()
}

/// What the dependencies of a crate break; nothing when they keep to the arrows.
fn broken_arrows(arrows: &Arrows, dependencies: &[Dependency]) -> Vec<String> {
    let ours = ARROWS.map(|arrows| arrows.name);
    let is_for_tests_anywhere = |name: &str| {
        FOR_TESTS.contains(&name) || ARROWS.iter().any(|arrows| arrows.external.contains(&name))
    };
    let is_listed = |name: &str, is_for_tests: bool| {
        arrows.external.contains(&name) || is_for_tests && is_for_tests_anywhere(name)
    };
    let mut broken = Vec::new();
    for Dependency { name, is_for_tests } in dependencies {
        let crate_name = arrows.name;
        let name = name.as_str();
        if ours.contains(&name) {
            if !arrows.siblings.contains(&name) {
                broken.push(format!("{crate_name} must not know its sibling {name}"));
            }
        } else if arrows.never.iter().any(|start| name.starts_with(start)) {
            broken.push(format!("{crate_name} must never know {name}"));
        } else if !is_listed(name, *is_for_tests) {
            broken.push(format!(
                "{crate_name} newly knows {name}: argue it, then list it here"
            ));
        }
    }
    broken
}

#[test]
fn crates_know_only_what_the_architecture_lets_them_know() {
    let workspace = workspace();
    let mut names: Vec<_> = workspace.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut listed = ARROWS.map(|arrows| arrows.name);
    listed.sort_unstable();
    assert_eq!(
        names, listed,
        "a crate without arrows, or arrows without a crate"
    );

    let broken: Vec<_> = workspace
        .iter()
        .flat_map(|(name, dependencies)| {
            let arrows = ARROWS.iter().find(|arrows| arrows.name == name).unwrap();
            broken_arrows(arrows, dependencies)
        })
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for Arrows { name, .. } in ARROWS {
        let folder = if name == "spanhouse" { "" } else { name };
        let manifest = std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name}/Cargo.toml lacks `[lints] workspace = true`"
        );
    }
}

#[test]
fn a_broken_arrow_is_noticed() {
    let arrows = Arrows {
        name: "query",
        siblings: &["schemas"],
        external: &["serde"],
        never: &["parquet"],
    };
    let check = |names: &[(&str, bool)], expected: &[&str]| {
        let dependencies: Vec<_> = names
            .iter()
            .map(|(name, is_for_tests)| Dependency {
                name: (*name).to_owned(),
                is_for_tests: *is_for_tests,
            })
            .collect();
        assert_eq!(broken_arrows(&arrows, &dependencies), expected);
    };
    let known = [("schemas", false), ("serde", false)];
    check(&known, &[]);
    check(
        &[&known[..], &[("proptest", true), ("tower", true)]].concat(),
        &[],
    );
    check(
        &[&known[..], &[("storage", true)]].concat(),
        &["query must not know its sibling storage"],
    );
    check(
        &[&known[..], &[("parquet-variant", false)]].concat(),
        &["query must never know parquet-variant"],
    );
    check(
        &[&known[..], &[("left-pad", false), ("proptest", false)]].concat(),
        &[
            "query newly knows left-pad: argue it, then list it here",
            "query newly knows proptest: argue it, then list it here",
        ],
    );
    check(&known[..1], &[]);
}
