//! URLs to send to.

use reqwest::Url;

use super::{SettingValue, toml_string};

/// What switches sending off.
const OFF: &str = "off";

/// A URL of HTTP or HTTPS, or none.
impl SettingValue for Option<Url> {
    const EXPECTED: &'static str = "a URL, such as http://127.0.0.1:9090/api/v1/write, or off";

    fn parse_setting(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(None);
        }
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        match url.scheme() {
            "http" | "https" => Ok(Some(url)),
            scheme => Err(format!("`{scheme}` is not http or https")),
        }
    }

    fn to_toml(&self) -> String {
        match self {
            None => toml_string(OFF),
            Some(url) => toml_string(url.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_of_http_or_off() {
        let toml = |text| Option::<Url>::parse_setting(text).map(|url| url.to_toml());
        assert_eq!(toml("off"), Ok("\"off\"".to_owned()));
        let url = "https://user:key@prometheus.example/api/v1/write";
        assert_eq!(toml(url), Ok(format!("\"{url}\"")));
        assert_eq!(
            toml("ftp://prometheus.example/"),
            Err("`ftp` is not http or https".to_owned())
        );
        assert!(toml("prometheus.example").is_err());
    }
}
