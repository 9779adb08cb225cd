//! Addresses to listen at.

use std::fmt;
use std::net::SocketAddr;

use super::{SettingValue, toml_string};

/// A host (an IP address or a name) and a port to listen at; port 0 takes any free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenAddress(String);

impl ListenAddress {
    /// The address as `host:port`, the form that `TcpListener::bind` takes.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SettingValue for ListenAddress {
    const EXPECTED: &'static str =
        "an address HOST:PORT, such as 127.0.0.1:4317, [::]:4317 or :4317 (every IPv4 interface)";

    fn parse_setting(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address.to_string()));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err("the port is missing".to_owned());
        };
        if port.parse::<u16>().is_err() {
            return Err(format!("`{port}` is not a port"));
        }
        let is_name =
            |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        match host {
            "" => Ok(Self(format!("0.0.0.0:{port}"))),
            _ if host.chars().all(is_name) => Ok(Self(text.to_owned())),
            _ => Err(format!("`{host}` is not a host")),
        }
    }

    fn to_toml(&self) -> String {
        toml_string(&self.0)
    }
}

/// What switches a listener off.
const OFF: &str = "off";

/// An address to listen at, or none.
impl SettingValue for Option<ListenAddress> {
    const EXPECTED: &'static str =
        "an address HOST:PORT, such as 127.0.0.1:9411 or :9411 (every IPv4 interface), or off";

    fn parse_setting(text: &str) -> Result<Self, String> {
        match text {
            OFF => Ok(None),
            _ => ListenAddress::parse_setting(text).map(Some),
        }
    }

    fn to_toml(&self) -> String {
        match self {
            None => toml_string(OFF),
            Some(address) => address.to_toml(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ip_name_or_port_alone() {
        let parsed = |text| ListenAddress::parse_setting(text).expect(text).to_string();
        assert_eq!(parsed("127.0.0.1:0"), "127.0.0.1:0");
        assert_eq!(parsed("[::1]:4317"), "[::1]:4317");
        assert_eq!(parsed("localhost:4317"), "localhost:4317");
        assert_eq!(parsed(":4317"), "0.0.0.0:4317");
    }

    #[test]
    fn a_listener_may_be_off() {
        let parsed = |text| Option::<ListenAddress>::parse_setting(text).expect(text);
        assert_eq!(parsed("off"), None);
        assert_eq!(parsed("off").to_toml(), "\"off\"");
        assert_eq!(parsed(":9411").to_toml(), "\"0.0.0.0:9411\"");
        assert!(Option::<ListenAddress>::parse_setting("on").is_err());
    }

    #[test]
    fn wrong_addresses_say_why() {
        let wrong = |text| ListenAddress::parse_setting(text).expect_err(text);
        assert_eq!(wrong("localhost"), "the port is missing");
        assert_eq!(wrong("localhost:http"), "`http` is not a port");
        assert_eq!(wrong("localhost:70000"), "`70000` is not a port");
        assert_eq!(
            wrong("http://localhost:4317"),
            "`http://localhost` is not a host"
        );
    }
}
