//! The stock clients that `make clients` installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a script of tests/clients/python and reads the JSON that it prints.
pub(crate) async fn python(script: &str, arguments: &[&str]) -> Value {
    let interpreter = root().join("target/setup/python/bin/python");
    run(
        interpreter,
        root().join("tests/clients/python").join(script),
        arguments,
    )
    .await
}

/// Runs a script of tests/clients/node and reads the JSON that it prints.
pub(crate) async fn node(script: &str, arguments: &[&str]) -> Value {
    let modules = root().join("tests/clients/node/node_modules");
    assert!(
        modules.is_dir(),
        "{} is not there: run `make clients` first",
        modules.display()
    );
    run(
        "node".into(),
        root().join("tests/clients/node").join(script),
        arguments,
    )
    .await
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

async fn run(interpreter: PathBuf, script: PathBuf, arguments: &[&str]) -> Value {
    let mut command = Command::new(&interpreter);
    command.arg(&script).args(arguments).stdin(Stdio::null());
    // What the surroundings say about exporters is not what is tested.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run `make clients` first",
            interpreter.display()
        )
    });
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{}: {}\n{stdout}\n{stderr}",
        script.display(),
        output.status
    );
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}:\n{stdout}\n{stderr}"))
}
