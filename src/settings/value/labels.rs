//! Labels of Prometheus.

use super::{SettingValue, toml_string};

/// Labels that are added to what is sent, as names and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelList(pub(crate) Vec<(String, String)>);

impl SettingValue for LabelList {
    const EXPECTED: &'static str = "a list of labels, such as job=spanhouse,cluster=eu";
    const IS_LIST: bool = true;

    fn parse_setting(text: &str) -> Result<Self, String> {
        let mut labels: Vec<(String, String)> = Vec::new();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let Some((name, value)) = part.split_once('=') else {
                return Err(format!("`{part}` has no value"));
            };
            let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
            if name.is_empty()
                || !name.chars().all(is_part)
                || name.starts_with("__")
                || name.starts_with(|first: char| first.is_ascii_digit())
            {
                return Err(format!("`{name}` is not a label's name"));
            }
            if labels.iter().any(|(known, _)| known == name) {
                return Err(format!("`{name}` is there twice"));
            }
            labels.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self(labels))
    }

    fn to_toml(&self) -> String {
        let items = self.0.iter();
        let items: Vec<String> = items
            .map(|(name, value)| toml_string(&format!("{name}={value}")))
            .collect();
        format!("[{}]", items.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_names_and_values() {
        let toml = |text| LabelList::parse_setting(text).map(|list| list.to_toml());
        assert_eq!(
            toml("job=spanhouse, cluster=a=b"),
            Ok(r#"["job=spanhouse", "cluster=a=b"]"#.to_owned())
        );
        assert_eq!(toml(""), Ok("[]".to_owned()));
        for wrong in ["job", "=x", "1a=x", "__name__=x", "a-b=x", "a=1,a=2"] {
            assert!(toml(wrong).is_err(), "{wrong}");
        }
    }
}
