//! The house style's rules that no lint knows. Each names the rule it holds and says what to do.

mod crates;
mod endpoints;
mod features;
mod files;

use std::process::Command;

/// What cargo prints when it is asked of this workspace, without the network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
