//! Origins for cross-origin requests.

use super::{SettingValue, toml_string};

/// The origins whose pages may send spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OriginList {
    /// `*`: every origin.
    Any,
    /// These origins, each `scheme://host[:port]`; none at all is allowed by an empty list.
    These(Vec<String>),
}

impl SettingValue for OriginList {
    const EXPECTED: &'static str =
        "* or a list of origins, such as https://shop.example,http://localhost:3000";
    const IS_LIST: bool = true;

    fn parse_setting(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let origins: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if origins == ["*"] {
            return Ok(Self::Any);
        }
        for origin in &origins {
            let Some((scheme, host)) = origin.split_once("://") else {
                return Err(format!("`{origin}` has no scheme"));
            };
            if scheme.is_empty() || host.is_empty() || host.contains(['/', '*', ' ']) {
                return Err(format!("`{origin}` is not scheme://host[:port]"));
            }
        }
        Ok(Self::These(
            origins.into_iter().map(str::to_owned).collect(),
        ))
    }

    fn to_toml(&self) -> String {
        let items = match self {
            Self::Any => vec![toml_string("*")],
            Self::These(origins) => origins.iter().map(|origin| toml_string(origin)).collect(),
        };
        format!("[{}]", items.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_any_some_or_none() {
        let toml = |text| OriginList::parse_setting(text).map(|list| list.to_toml());
        assert_eq!(toml("*"), Ok(r#"["*"]"#.to_owned()));
        assert_eq!(toml(""), Ok("[]".to_owned()));
        assert_eq!(
            toml("https://a.example, http://localhost:3000"),
            Ok(r#"["https://a.example", "http://localhost:3000"]"#.to_owned())
        );
        assert!(toml("a.example").is_err());
        assert!(toml("https://a.example/path").is_err());
        assert!(toml("*,https://a.example").is_err());
    }
}
