//! The network context of one side of a span.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::span::{Text, lower_case};

/// One side of a call; all fields may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    /// In lower case.
    pub(super) service_name: Text<'a>,
    pub(super) ipv4: Text<'a>,
    pub(super) ipv6: Text<'a>,
    /// 0 for none.
    pub(super) port: i64,
}

impl<'a> Endpoint<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.service_name.is_empty()
            && self.ipv4.is_empty()
            && self.ipv6.is_empty()
            && self.port == 0
    }

    pub(super) fn set_service_name(&mut self, name: Text<'a>) {
        self.service_name = lower_case(name);
    }

    pub(super) fn set_port(&mut self, port: i64) {
        self.port = port.max(0);
    }

    /// Takes an address as text; one that is no IP address is kept as it is.
    pub(super) fn set_address(&mut self, text: Text<'a>) {
        if text.is_empty() {
            return;
        }
        let address = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok());
        match address {
            // A text that parses as this is written in the one form that there is.
            Some(IpAddr::V4(_)) => self.ipv4 = text,
            Some(IpAddr::V6(address)) => self.set_ipv6(address),
            None if self.ipv4.is_empty() => self.ipv4 = text,
            None => self.ipv6 = text,
        }
    }

    /// Takes an address of 4 or 16 bytes; none of another length.
    pub(super) fn set_address_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
            self.set_ipv4(Ipv4Addr::from(bytes));
        } else {
            self.set_ipv6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?));
        }
        Some(())
    }

    pub(super) fn set_ipv4(&mut self, address: Ipv4Addr) {
        self.ipv4 = Cow::Owned(address.to_string().into_bytes());
    }

    fn set_ipv6(&mut self, address: Ipv6Addr) {
        match address.to_ipv4_mapped() {
            Some(address) => self.set_ipv4(address),
            None => self.ipv6 = Cow::Owned(address.to_string().into_bytes()),
        }
    }

    /// The address to show first: IPv4 when there is one.
    pub(super) fn address(&self) -> &[u8] {
        if self.ipv4.is_empty() {
            &self.ipv6
        } else {
            &self.ipv4
        }
    }

    /// The IPv6 address when it is not the one to show first.
    pub(super) fn second_address(&self) -> &[u8] {
        if self.ipv4.is_empty() {
            b""
        } else {
            &self.ipv6
        }
    }
}
