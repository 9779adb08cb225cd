//! The stock clients that `make clients` installs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a script of tests/clients/python and reads the JSON that it prints.
pub(crate) async fn python(script: &str, arguments: &[&str]) -> Value {
    run(python_command("python", "python", script, arguments)).await
}

/// Runs a script of tests/clients/python with the exporters of a `requirements-….txt` there.
pub(crate) async fn python_with(exporters: &str, script: &str, arguments: &[&str]) -> Value {
    let environment = format!("python-{exporters}");
    run(python_command(&environment, "python", script, arguments)).await
}

/// Runs a script of tests/clients/node and reads the JSON that it prints.
pub(crate) async fn node(script: &str, arguments: &[&str]) -> Value {
    run(node_command("node", script, arguments)).await
}

/// Runs the app with SkyWalking's agent for Python and reads the JSON that it prints.
pub(crate) async fn skywalking_for_python(arguments: &[&str]) -> Value {
    run(python_command(
        "skywalking",
        "skywalking",
        "agent.py",
        arguments,
    ))
    .await
}

/// Runs the app with SkyWalking's agent for Node.js and reads the JSON that it prints.
pub(crate) async fn skywalking_for_node(arguments: &[&str]) -> Value {
    run(node_command("skywalking", "agent.mjs", arguments)).await
}

/// A script of a folder of tests/clients in a virtual environment.
fn python_command(environment: &str, folder: &str, script: &str, arguments: &[&str]) -> Command {
    let environment = root().join("target/setup").join(environment);
    let mut command = command(environment.join("bin/python"));
    command.arg(root().join("tests/clients").join(folder).join(script));
    command.args(arguments);
    command
}

/// A script of a folder of tests/clients, which has modules of its own.
fn node_command(folder: &str, script: &str, arguments: &[&str]) -> Command {
    let folder = root().join("tests/clients").join(folder);
    let modules = folder.join("node_modules");
    assert!(
        modules.is_dir(),
        "{} is not there: run `make clients` first",
        modules.display()
    );
    let mut command = command("node");
    command.arg(folder.join(script)).args(arguments);
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a client and reads the JSON that it prints.
pub(crate) async fn run(command: Command) -> Value {
    let printed = output(command).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}:\n{printed}"))
}

/// A client to run: what the surroundings say about exporters is not what is tested.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if ["OTEL_", "SW_", "JAEGER_"]
            .iter()
            .any(|prefix| name_text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a client and gives what it prints; what it says on standard error is told if the test fails.
pub(crate) async fn output(mut command: Command) -> String {
    let started = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let output =
        output.unwrap_or_else(|error| panic!("{started}: {error}; run `make clients` first"));
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{started}: {}\n{stdout}",
        output.status
    );
    stdout
}
