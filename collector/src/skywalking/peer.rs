//! The other side of a call: one text, which agents fill as they like.

use std::net::IpAddr;

use super::attribute::{push_number, push_text};
use crate::draft::DraftAttribute;

/// Appends what a peer says, as the module's documentation tells.
pub(super) fn push_peer<'a>(
    attributes: &mut Vec<DraftAttribute<'a>>,
    peer: &'a [u8],
    is_entry: bool,
) {
    let (address_key, port_key, (host, port)) = match Peer::read(peer) {
        Peer::Address(host, port) => ("network.peer.address", "network.peer.port", (host, port)),
        Peer::Host(host, port) if is_entry => ("client.address", "client.port", (host, Some(port))),
        Peer::Host(host, port) => ("server.address", "server.port", (host, Some(port))),
        Peer::Other => return push_text(attributes, "peer.service", peer),
    };
    push_text(attributes, address_key, host.as_bytes());
    if let Some(port) = port {
        push_number(attributes, port_key, port);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Peer<'a> {
    Address(&'a str, Option<u16>),
    Host(&'a str, u16),
    Other,
}

impl<'a> Peer<'a> {
    fn read(peer: &'a [u8]) -> Self {
        let Ok(peer) = std::str::from_utf8(peer) else {
            // The assembler refuses its span.
            return Self::Other;
        };
        if is_address(peer) {
            return Self::Address(peer, None);
        }
        let Some((host, port)) = peer.rsplit_once(':') else {
            return Self::Other;
        };
        let Some(port) = read_port(port) else {
            return Self::Other;
        };
        let within_brackets = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        match within_brackets {
            Some(host) if is_address(host) => Self::Address(host, Some(port)),
            None if is_address(host) => Self::Address(host, Some(port)),
            None if is_host_name(host) => Self::Host(host, port),
            _ => Self::Other,
        }
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_host_name(text: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "-._".contains(character);
    !text.is_empty() && text.chars().all(is_part)
}

/// A port in the one way to write it, so that nothing is lost of the text.
fn read_port(text: &str) -> Option<u16> {
    let is_plain = !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_addresses_hosts_or_other_names() {
        let check = |text: &str, expect: Peer<'_>| {
            assert_eq!(Peer::read(text.as_bytes()), expect, "{text}");
        };
        check("10.0.0.2:3306", Peer::Address("10.0.0.2", Some(3306)));
        check("10.0.0.2", Peer::Address("10.0.0.2", None));
        check("::1", Peer::Address("::1", None));
        check("[::1]:80", Peer::Address("::1", Some(80)));
        check(
            "2001:db8::1:54321",
            Peer::Address("2001:db8::1", Some(54321)),
        );
        check("mysql.svc:3306", Peer::Host("mysql.svc", 3306));
        check("localhost:1", Peer::Host("localhost", 1));
        for other in [
            "",
            "payments",
            "localhost:",
            ":80",
            "db:0",
            "db:080",
            "db:+80",
            "db:65536",
            "kafka-1:9092;kafka-2:9092",
            "kafka-1:9092,kafka-2:9092",
            "http://shop:80",
            "[db]:80",
            "a b:80",
        ] {
            check(other, Peer::Other);
        }
        assert_eq!(Peer::read(b"\xff:80"), Peer::Other);
    }
}
