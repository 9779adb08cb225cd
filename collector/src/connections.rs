//! Connections of one listener: bounded in number, in idle time and, at the end, in patience.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use crate::{CollectorSettings, Counters, Receiver};

/// HTTP/2 pings go out after this time without traffic, and must be answered within it.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Exports at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;
/// What an HTTP/2 sender may send before we read it: per stream and per connection.
const WINDOW: u32 = 1 << 20;
const MAX_FRAME: u32 = 256 * 1024;
/// How long accepting pauses when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and serves `router` on them, over HTTP/1.1 and HTTP/2 without TLS and within
/// the limits of `receiver`, until `shutdown`; then no new ones are accepted, requests in flight
/// get the drain timeout to finish, and what is left is cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    receiver: &Receiver,
    shutdown: CancellationToken,
) {
    let (settings, counters) = (receiver.settings(), receiver.counters());
    let builder = Arc::new(connection_builder(settings));
    let places = Arc::new(Semaphore::new(
        settings.max_connections.get().min(Semaphore::MAX_PERMITS),
    ));
    let mut connections = JoinSet::new();
    loop {
        let accepting = async {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accepting => accepted,
        };
        while connections.try_join_next().is_some() {}
        let connection = Connection {
            builder: Arc::clone(&builder),
            router: router.clone(),
            idle_timeout: settings.idle_timeout,
            shutdown: shutdown.clone(),
        };
        let open = OpenConnection::count(Arc::clone(counters));
        connections.spawn(async move {
            connection.serve(stream).await;
            drop((place, open));
        });
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(settings.drain_timeout, finish)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "connections were still busy and are cut off"
        );
        connections.shutdown().await;
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY cannot be set");
                }
                return stream;
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the error says something of the connection only, not of the listener or the system.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn connection_builder(settings: &CollectorSettings) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_frame_size(MAX_FRAME);
    builder
}

struct Connection {
    builder: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    idle_timeout: Duration,
    shutdown: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let stream = TokioIo::new(IdleStream::new(stream, self.idle_timeout));
        let mut connection = pin!(
            self.builder
                .serve_connection(stream, TowerToHyperService::new(self.router))
        );
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(error, "a connection ended");
        }
    }
}

/// Counts a connection while it lives, however it ends.
struct OpenConnection(Arc<Counters>);

impl OpenConnection {
    fn count(counters: Arc<Counters>) -> Self {
        counters.connection_opened();
        Self(counters)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connection_closed();
    }
}

/// A stream whose reading fails once nothing came for so long.
struct IdleStream {
    stream: TcpStream,
    idle_timeout: Duration,
    last_read: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl IdleStream {
    fn new(stream: TcpStream, idle_timeout: Duration) -> Self {
        Self {
            stream,
            idle_timeout,
            last_read: Instant::now(),
            alarm: Box::pin(tokio::time::sleep(idle_timeout)),
        }
    }
}

impl AsyncRead for IdleStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(result) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.last_read = Instant::now();
            return Poll::Ready(result);
        }
        // The alarm is set anew only when it rings: setting it at each read would cost more.
        loop {
            ready!(this.alarm.as_mut().poll(context));
            let deadline = this.last_read + this.idle_timeout;
            if deadline <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            this.alarm.as_mut().reset(deadline);
        }
    }
}

impl AsyncWrite for IdleStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
