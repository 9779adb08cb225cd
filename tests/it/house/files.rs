//! Rules about source files.

use std::fs;
use std::path::Path;

/// One concept a file: about 400 lines, never more than this.
const LONGEST_FILE: usize = 500;

/// A file's own tests go to `foo/tests.rs` when they get longer than this.
const LONGEST_INLINE_TESTS: usize = 110;

/// Files that may be longer, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Names that say nothing about what is inside.
const NAMELESS: [&str; 7] = [
    "utils", "util", "common", "helpers", "helper", "manager", "misc",
];

/// What is not ours, or not source.
const SKIPPED: [&str; 8] = [
    "target",
    ".git",
    "node_modules",
    "spanhouse-data",
    "dist",
    "corpus",
    "golden",
    "snapshots",
];

const SOURCE_ENDINGS: [&str; 11] = [
    "rs", "py", "js", "mjs", "cjs", "ts", "tsx", "css", "sh", "go", "java",
];

/// A source file, with its path relative to the repository.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|ending| ending == "rs")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if is_source(&path) {
                found.push(read(&path));
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| SOURCE_ENDINGS.contains(&ending))
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(root()).unwrap();
    Source {
        path: path.to_string_lossy().into_owned(),
        text,
    }
}

/// Applies a rule, which says what is wrong with a file, to all sources.
fn assert_rule(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 20, "the sources were not found");
    let wrong: Vec<_> = sources
        .iter()
        .flat_map(|source| {
            let wrong = rule(source);
            wrong
                .into_iter()
                .map(|what| format!("{}: {what}", source.path))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let may_be_long = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    match (lines > LONGEST_FILE, may_be_long) {
        (true, false) => vec![format!("{lines} lines; give its second concept a file")],
        (false, true) => vec![format!("only {lines} lines; unlist it from LONG_FILES")],
        _ => Vec::new(),
    }
}

fn long_inline_tests(source: &Source) -> Vec<String> {
    let lines: Vec<_> = source.text.lines().collect();
    let Some(start) = lines.iter().position(|line| *line == "mod tests {") else {
        return Vec::new();
    };
    let length = lines.len() - start;
    if length > LONGEST_INLINE_TESTS {
        return vec![format!(
            "{length} lines of tests bury the code; move them to tests.rs"
        )];
    }
    Vec::new()
}

fn nameless(source: &Source) -> Vec<String> {
    let parts = source.path.trim_end_matches(".rs").split('/');
    let mut wrong: Vec<_> = parts
        .filter(|part| NAMELESS.contains(part))
        .map(|part| format!("`{part}` names no concept"))
        .collect();
    if source.path.ends_with("/mod.rs") {
        wrong.push("name the file after its module: `wal.rs` beside `wal/`".to_owned());
    }
    if source.is_rust() {
        let inline = source.text.lines().filter_map(|line| {
            let name = line.trim().strip_suffix(" {")?.rsplit_once("mod ")?.1;
            NAMELESS
                .contains(&name)
                .then(|| format!("`mod {name}` names no concept"))
        });
        wrong.extend(inline);
    }
    wrong
}

/// Lines of a Rust file that have one of the words in code or comments.
fn lines_with(source: &Source, words: &[&str], what: &str) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    let has_word = |line: &str| words.iter().any(|word| line.contains(word));
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| has_word(line))
        .map(|(index, _)| format!("line {}: {what}", index + 1))
        .collect()
}

fn skipped_tests(source: &Source) -> Vec<String> {
    // In two parts, or this file would break its own rule.
    let words = [concat!("#[", "ignore"), concat!(", ", "ignore)]")];
    lines_with(source, &words, "a test that does not run proves nothing")
}

fn printing(source: &Source) -> Vec<String> {
    // The command line writes to the terminal, and a bench's figures are its result.
    if source.path.starts_with("src/") || source.path.starts_with("benches/") {
        return Vec::new();
    }
    // A test may say on standard error what it could not try on this machine.
    let to_stderr = concat!("eprint", "ln!(");
    let source = Source {
        path: source.path.clone(),
        text: source.text.replace(to_stderr, ""),
    };
    let words = [concat!("print", "ln!("), concat!("print", "!(")];
    lines_with(
        &source,
        &words,
        "libraries log, tests assert; neither prints",
    )
}

fn unfinished(source: &Source) -> Vec<String> {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("X", "XX"),
    ];
    lines_with(source, &words, "finish it or file an issue")
}

#[test]
fn files_have_one_concept() {
    assert_rule(too_long);
    for (path, reason) in LONG_FILES {
        assert!(
            root().join(path).exists(),
            "LONG_FILES lists {path}, which is gone"
        );
        assert!(!reason.is_empty());
    }
}

#[test]
fn tests_do_not_bury_the_code() {
    assert_rule(long_inline_tests);
}

#[test]
fn modules_are_named_after_a_concept_and_their_file_after_the_module() {
    assert_rule(nameless);
}

#[test]
fn every_test_runs() {
    assert_rule(skipped_tests);
}

#[test]
fn only_the_command_line_prints() {
    assert_rule(printing);
}

#[test]
fn nothing_is_left_unfinished() {
    assert_rule(unfinished);
}

#[test]
fn the_changelog_has_a_place_for_what_is_not_released() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.lines().any(|line| line.trim() == "## Unreleased"),
        "CHANGELOG.md lacks `## Unreleased`"
    );
}

#[test]
fn broken_rules_are_noticed() {
    let check = |rule: fn(&Source) -> Vec<String>, path: &str, text: &str, expected: usize| {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(rule(&source).len(), expected, "{path}: {text}");
    };
    check(too_long, "a.rs", &"x\n".repeat(LONGEST_FILE), 0);
    check(too_long, "a.py", &"x\n".repeat(LONGEST_FILE + 1), 1);
    let inline_tests = format!("fn f() {{}}\nmod tests {{\n{}}}\n", "x\n".repeat(200));
    check(long_inline_tests, "a.rs", &inline_tests, 1);
    check(long_inline_tests, "a.rs", "mod tests {\n}\n", 0);
    check(nameless, "query/src/utils.rs", "", 1);
    check(nameless, "query/src/helpers/tree.rs", "", 1);
    check(nameless, "query/src/tree/mod.rs", "", 1);
    check(
        nameless,
        "query/src/commonality.rs",
        "pub(crate) mod helper {",
        1,
    );
    check(nameless, "query/src/tree.rs", "mod tree;\nmod tests {", 0);
    check(
        skipped_tests,
        "a.rs",
        concat!("#[test]\n#[", "ignore = \"slow\"]"),
        1,
    );
    check(skipped_tests, "a.rs", "#[test]\nfn ignored() {}", 0);
    check(
        printing,
        "query/src/a.rs",
        concat!("    eprint", "ln!(\"x\");"),
        0,
    );
    check(
        printing,
        "query/src/a.rs",
        concat!("    print", "ln!(\"x\");"),
        1,
    );
    check(printing, "src/a.rs", concat!("    print", "ln!(\"x\");"), 0);
    check(unfinished, "a.rs", concat!("// TO", "DO: later"), 1);
}
