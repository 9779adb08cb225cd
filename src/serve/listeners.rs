//! The listening sockets, and telling where they are.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use tokio::net::{TcpListener, UdpSocket};

use crate::settings::{ListenAddress, Settings};

/// Sockets that are bound and not yet served; those that are switched off are not there.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) otlp_grpc: TcpListener,
    pub(super) otlp_http: TcpListener,
    pub(super) zipkin: Option<TcpListener>,
    pub(super) jaeger_http: Option<TcpListener>,
    pub(super) jaeger_grpc: Option<TcpListener>,
    pub(super) jaeger_udp_compact: Option<UdpSocket>,
    pub(super) jaeger_udp_binary: Option<UdpSocket>,
    pub(super) skywalking_grpc: Option<TcpListener>,
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
            zipkin: bind_if_on("zipkin", settings.zipkin.as_ref()).await?,
            jaeger_http: bind_if_on("jaeger_http", settings.jaeger_http.as_ref()).await?,
            jaeger_grpc: bind_if_on("jaeger_grpc", settings.jaeger_grpc.as_ref()).await?,
            jaeger_udp_compact: bind_udp_if_on(
                "jaeger_udp_compact",
                settings.jaeger_udp_compact.as_ref(),
            )
            .await?,
            jaeger_udp_binary: bind_udp_if_on(
                "jaeger_udp_binary",
                settings.jaeger_udp_binary.as_ref(),
            )
            .await?,
            skywalking_grpc: bind_if_on("skywalking_grpc", settings.skywalking_grpc.as_ref())
                .await?,
            http: bind("http", &settings.http).await?,
        })
    }

    /// The addresses that were taken.
    pub(super) fn addresses(&self) -> io::Result<Addresses> {
        let tcp = |listener: &Option<TcpListener>| {
            let address = listener.as_ref().map(TcpListener::local_addr);
            address.transpose()
        };
        let udp = |socket: &Option<UdpSocket>| {
            let address = socket.as_ref().map(UdpSocket::local_addr);
            address.transpose()
        };
        Ok(Addresses {
            otlp_grpc: self.otlp_grpc.local_addr()?,
            others: [
                ("otlp-http", "http", Some(self.otlp_http.local_addr()?)),
                ("zipkin", "http", tcp(&self.zipkin)?),
                ("jaeger-http", "http", tcp(&self.jaeger_http)?),
                ("jaeger-grpc", "http", tcp(&self.jaeger_grpc)?),
                ("jaeger-udp-compact", "udp", udp(&self.jaeger_udp_compact)?),
                ("jaeger-udp-binary", "udp", udp(&self.jaeger_udp_binary)?),
                ("skywalking-grpc", "http", tcp(&self.skywalking_grpc)?),
                ("http", "http", Some(self.http.local_addr()?)),
            ],
        })
    }
}

async fn bind(key: &str, address: &ListenAddress) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address.as_str())
        .await
        .with_context(|| format!("cannot listen at {key} = {address}"))
}

async fn bind_if_on(
    key: &str,
    address: Option<&ListenAddress>,
) -> anyhow::Result<Option<TcpListener>> {
    match address {
        Some(address) => bind(key, address).await.map(Some).with_context(|| off(key)),
        None => Ok(None),
    }
}

async fn bind_udp_if_on(
    key: &str,
    address: Option<&ListenAddress>,
) -> anyhow::Result<Option<UdpSocket>> {
    let Some(address) = address else {
        return Ok(None);
    };
    UdpSocket::bind(address.as_str())
        .await
        .with_context(|| format!("cannot listen at {key} = {address} (UDP)"))
        .map(Some)
        .with_context(|| off(key))
}

/// What to do when the port belongs to somebody else, such as the Jaeger that is to be replaced.
fn off(key: &str) -> String {
    format!("{key} = off does without it, another address moves it")
}

/// Where the listeners are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    otlp_grpc: SocketAddr,
    /// The others: a word, the scheme of its URL, and the address of a listener that is on.
    others: [(&'static str, &'static str, Option<SocketAddr>); 8],
}

impl Addresses {
    /// What is printed at the start: a word and a URL a line, so that programs can read it too,
    /// then one thing to try.
    pub(super) fn announcement(self) -> String {
        let mut text = String::new();
        let first = ("otlp-grpc", "http", Some(self.otlp_grpc));
        for (word, scheme, address) in std::iter::once(first).chain(self.others) {
            let Some(address) = address else { continue };
            let everywhere = match address.ip().is_unspecified() {
                true => "  (every interface)",
                false => "",
            };
            let url = url(scheme, address);
            writeln!(text, "{word:<18}  {url}{everywhere}").expect("a String takes any text");
        }
        let try_next = match self.otlp_grpc.port() {
            4317 => "spanhouse demo".to_owned(),
            _ => format!("spanhouse demo --endpoint {}", url("http", self.otlp_grpc)),
        };
        writeln!(text, "{:<18}  {try_next}", "try").expect("a String takes any text");
        text
    }
}

/// A URL at which the listener answers on this machine.
fn url(scheme: &str, address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("{scheme}://{}", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(otlp_grpc: &str, others: [(&'static str, &'static str, &str); 8]) -> Addresses {
        Addresses {
            otlp_grpc: otlp_grpc.parse().expect("an address"),
            others: others.map(|(word, scheme, address)| {
                let is_on = !address.is_empty();
                let address = is_on.then(|| address.parse().expect("an address"));
                (word, scheme, address)
            }),
        }
    }

    #[test]
    fn the_announcement_is_for_people_and_programs() {
        let others = [
            ("otlp-http", "http", "[::]:4318"),
            ("zipkin", "http", "0.0.0.0:9411"),
            ("jaeger-http", "http", ""),
            ("jaeger-grpc", "http", "127.0.0.1:14250"),
            ("jaeger-udp-compact", "udp", "0.0.0.0:6831"),
            ("jaeger-udp-binary", "udp", ""),
            ("skywalking-grpc", "http", "0.0.0.0:11800"),
            ("http", "http", "127.0.0.1:41234"),
        ];
        insta::assert_snapshot!(addresses("0.0.0.0:4317", others).announcement(), @r"
        otlp-grpc           http://127.0.0.1:4317  (every interface)
        otlp-http           http://[::1]:4318  (every interface)
        zipkin              http://127.0.0.1:9411  (every interface)
        jaeger-grpc         http://127.0.0.1:14250
        jaeger-udp-compact  udp://127.0.0.1:6831  (every interface)
        skywalking-grpc     http://127.0.0.1:11800  (every interface)
        http                http://127.0.0.1:41234
        try                 spanhouse demo
        ");
    }

    #[test]
    fn what_to_try_names_a_port_that_is_not_the_usual_one() {
        let none = [("", "", ""); 8];
        let announcement = addresses("127.0.0.1:40001", none).announcement();
        let last = announcement.lines().last();
        assert_eq!(
            last,
            Some("try                 spanhouse demo --endpoint http://127.0.0.1:40001")
        );
    }
}
