//! The three listening sockets, and telling where they are.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::settings::{ListenAddress, Settings};

/// Sockets that are bound and not yet served.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) otlp_grpc: TcpListener,
    pub(super) otlp_http: TcpListener,
    pub(super) http: TcpListener,
}

impl Listeners {
    /// Binds all of them.
    ///
    /// # Errors
    /// An address that is taken or not this machine's; the error names the setting.
    pub(super) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            otlp_grpc: bind("otlp_grpc", &settings.otlp_grpc).await?,
            otlp_http: bind("otlp_http", &settings.otlp_http).await?,
            http: bind("http", &settings.http).await?,
        })
    }

    /// The addresses that were taken.
    pub(super) fn addresses(&self) -> io::Result<Addresses> {
        Ok(Addresses {
            otlp_grpc: self.otlp_grpc.local_addr()?,
            otlp_http: self.otlp_http.local_addr()?,
            http: self.http.local_addr()?,
        })
    }
}

async fn bind(key: &str, address: &ListenAddress) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address.as_str())
        .await
        .with_context(|| format!("cannot listen at {key} = {address}"))
}

/// Where the listeners are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    otlp_grpc: SocketAddr,
    otlp_http: SocketAddr,
    http: SocketAddr,
}

impl Addresses {
    /// What is printed at the start: a word and a URL a line, so that programs can read it too,
    /// then one thing to try.
    pub(super) fn announcement(self) -> String {
        let mut text = String::new();
        let lines = [
            ("otlp-grpc", self.otlp_grpc),
            ("otlp-http", self.otlp_http),
            ("http", self.http),
        ];
        for (word, address) in lines {
            let everywhere = match address.ip().is_unspecified() {
                true => "  (every interface)",
                false => "",
            };
            let url = url(address);
            writeln!(text, "{word:<9}  {url}{everywhere}").expect("a String takes any text");
        }
        let try_next = match self.otlp_grpc.port() {
            4317 => "spanhouse demo".to_owned(),
            _ => format!("spanhouse demo --endpoint {}", url(self.otlp_grpc)),
        };
        writeln!(text, "{:<9}  {try_next}", "try").expect("a String takes any text");
        text
    }
}

/// A URL at which the listener answers on this machine.
fn url(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_announcement_is_for_people_and_programs() {
        let addresses = Addresses {
            otlp_grpc: address("0.0.0.0:4317"),
            otlp_http: address("[::]:4318"),
            http: address("127.0.0.1:41234"),
        };
        insta::assert_snapshot!(addresses.announcement(), @r"
        otlp-grpc  http://127.0.0.1:4317  (every interface)
        otlp-http  http://[::1]:4318  (every interface)
        http       http://127.0.0.1:41234
        try        spanhouse demo
        ");
    }

    #[test]
    fn what_to_try_names_a_port_that_is_not_the_usual_one() {
        let addresses = Addresses {
            otlp_grpc: address("127.0.0.1:40001"),
            otlp_http: address("127.0.0.1:40002"),
            http: address("127.0.0.1:40003"),
        };
        let announcement = addresses.announcement();
        let last = announcement.lines().last();
        assert_eq!(
            last,
            Some("try        spanhouse demo --endpoint http://127.0.0.1:40001")
        );
    }
}
