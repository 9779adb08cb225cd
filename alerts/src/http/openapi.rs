//! The API's description, taken from the handlers and shapes themselves.

use utoipa::OpenApi;

use super::failure::ErrorAnswer;
use super::{alerts, backtest, breakers, rules, silences};
use crate::RuleSpec;
use crate::backtest::BackTest;
use crate::breaker::Breakers;

#[derive(OpenApi)]
#[openapi(
    tags((name = "alerts", description = "Alert rules, their alerts, silences and circuit breakers. Instants are RFC 3339.")),
    paths(
        alerts::list,
        rules::list,
        rules::create,
        rules::show,
        rules::replace,
        rules::delete,
        backtest::test,
        silences::list,
        silences::create,
        silences::delete,
        breakers::list,
    ),
    components(schemas(
        RuleSpec, BackTest, Breakers, alerts::AlertsAnswer, rules::RulesAnswer, silences::SilencesAnswer,
        backtest::BackTestRequest, silences::NewSilence, ErrorAnswer,
    )),
)]
struct Description;

/// The OpenAPI description of the endpoints of alerts.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// [`openapi`] as JSON with line breaks, as it is kept in the repository.
pub fn openapi_json() -> String {
    let mut text = openapi()
        .to_pretty_json()
        .expect("the description has no maps with other keys than texts");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_in_the_repository_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let current = openapi_json();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &current).expect("the repository is writable");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == current,
            "alerts/openapi.json is not what the API is: run the tests with UPDATE_GOLDEN=1"
        );
    }
}
