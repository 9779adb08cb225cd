//! `spanhouse check-config`.

use crate::settings::SettingArguments;

/// Prints the effective settings as TOML, or fails with everything that is wrong with them.
pub(super) fn run(arguments: SettingArguments) -> anyhow::Result<()> {
    let effective = arguments.resolve()?;
    let file = match &effective.file {
        Some(path) => path.display().to_string(),
        None => "none".to_owned(),
    };
    super::print(&format!(
        "# Settings in effect (flag > environment > file > default); file read: {file}\n{}",
        effective.to_toml()
    ))
}
