//! The dependencies are built once, for `make run` and for `make test`.

use std::collections::HashSet;

/// What takes longest to build.
const SLOWEST: &str = "datafusion";

/// What `make run` builds, and what `make test` does, as arguments of `cargo tree`.
const RUN: &[&str] = &["-p", "spanhouse", "-e", "normal,build"];
const TEST: &[&str] = &["--workspace", "--features", "fail-points"];

/// The packages that are built, each as `name version features`.
fn packages(which: &[&str]) -> HashSet<String> {
    let tree = [
        "tree", "--locked", "--prefix", "none", "--format", "{p} {f}",
    ];
    let lines = super::cargo(&[&tree, which].concat());
    let package = |line: &str| line.trim_end_matches(" (*)").to_owned();
    lines.lines().map(package).collect()
}

fn name_and_version(package: &str) -> String {
    let words: Vec<_> = package.split(' ').take(2).collect();
    words.join(" ")
}

#[test]
fn tests_ask_for_no_features_that_make_the_query_engine_be_built_again() {
    let below: HashSet<_> = packages(&["-p", SLOWEST, "-e", "normal,build"])
        .iter()
        .map(|package| name_and_version(package))
        .collect();
    assert!(below.len() > 50, "{SLOWEST} is made of much: {below:?}");
    let [run, test] = [RUN, TEST].map(packages);
    let mut differ: Vec<_> = run
        .difference(&test)
        .filter(|package| below.contains(&name_and_version(package)))
        .collect();
    differ.sort_unstable();
    assert!(
        differ.is_empty(),
        "`make test` builds these with other features than `make run`: give both the same \
         in Cargo.toml\n{differ:#?}"
    );
}
