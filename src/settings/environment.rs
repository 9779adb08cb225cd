//! The layer of the environment variables `SPANHOUSE_*`.

use std::ffi::{OsStr, OsString};

use super::problem::Problem;
use super::resolve::{Given, Source};
use super::suggestion::nearest;
use super::table::KEYS;

const PREFIX: &str = "SPANHOUSE_";

/// The variable that names the settings file.
pub(super) const CONFIG_VARIABLE: &str = "SPANHOUSE_CONFIG";

/// Variables that are read elsewhere: the settings file, and the client commands' server.
const OTHER_VARIABLES: [&str; 2] = [CONFIG_VARIABLE, "SPANHOUSE_SERVER"];

/// Reads every variable that begins with `SPANHOUSE_`; unknown ones are problems.
pub(super) fn read(variables: &[(OsString, OsString)], problems: &mut Vec<Problem>) -> Vec<Given> {
    let mut layer = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(PREFIX);
        if !is_ours || OTHER_VARIABLES.contains(&&*name) || is_service_link(&name, value) {
            continue;
        }
        let Some(key) = KEYS.iter().find(|key| key.environment_variable() == *name) else {
            let right = KEYS.iter().map(super::table::Key::environment_variable);
            let all = right.chain(OTHER_VARIABLES.map(str::to_owned));
            problems.push(Problem::UnknownVariable {
                suggestion: nearest_variable(&name, all),
                name: name.into_owned(),
            });
            continue;
        };
        let Some(text) = value.to_str() else {
            problems.push(Problem::NotUtf8 {
                name: name.into_owned(),
            });
            continue;
        };
        layer.push(Given {
            key: key.name,
            text: text.to_owned(),
            source: Source::Environment(name.into_owned()),
        });
    }
    layer
}

/// Compares without the prefix, which would make everything alike.
fn nearest_variable(wrong: &str, right: impl Iterator<Item = String>) -> Option<String> {
    let stem = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let found = nearest(&stem(wrong), right.map(|name| stem(&name)))?;
    Some(format!("{PREFIX}{found}"))
}

/// Whether Kubernetes made the variable: it gives every pod `SPANHOUSE_SERVICE_HOST`,
/// `SPANHOUSE_PORT_4317_TCP` and the like when a Service is called `spanhouse` or `spanhouse-…`.
fn is_service_link(name: &str, value: &OsStr) -> bool {
    let is_port = |rest: &str| {
        let digits = rest.split('_').next().unwrap_or(rest);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let port_suffix = name.rsplit_once("_PORT_").map(|(_, rest)| rest);
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.to_string_lossy().contains("://"))
        || port_suffix.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(name: &str) -> Vec<String> {
        let mut problems = Vec::new();
        read(
            &[(name.into(), "tcp://10.0.0.1:4317".into())],
            &mut problems,
        );
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_nearest_name() {
        assert_eq!(
            problems_of("SPANHOUSE_DATADIR"),
            ["unknown environment variable SPANHOUSE_DATADIR; did you mean `SPANHOUSE_DATA_DIR`?"]
        );
        assert_eq!(problems_of("SPANHOUSE_HTTPPORT").len(), 1);
        assert_eq!(
            problems_of("SPANHOUSE_COLOUR"),
            [
                "unknown environment variable SPANHOUSE_COLOUR; `spanhouse check-config` lists the right ones"
            ]
        );
    }

    #[test]
    fn other_variables_are_left_alone() {
        for name in [
            "PATH",
            "SPANHOUSE_CONFIG",
            "SPANHOUSE_SERVER",
            "SPANHOUSE_SERVICE_HOST",
            "SPANHOUSE_SERVICE_PORT",
            "SPANHOUSE_SERVICE_PORT_OTLP_GRPC",
            "SPANHOUSE_PORT",
            "SPANHOUSE_PORT_4317_TCP",
            "SPANHOUSE_PORT_4317_TCP_PROTO",
            "SPANHOUSE_QUERY_PORT_16686_TCP_ADDR",
        ] {
            assert!(problems_of(name).is_empty(), "{name}");
        }
    }
}
