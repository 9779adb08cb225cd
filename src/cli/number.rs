//! Numbers in the API's JSON.

use serde::{Deserialize, Deserializer, de};

/// Numbers that may pass 2^53 come as text.
pub(super) fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(de::Error::custom),
    }
}
