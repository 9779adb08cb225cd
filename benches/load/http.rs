//! HTTP/1.1 on one kept connection, as little of it as costs least: the sender shares the
//! machine with the server, so its own work must not show in the server's figures.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// Beyond this the answer's head is not one of ours.
const MAX_HEAD_BYTES: usize = 64 << 10;
const READ_BYTES: usize = 256 << 10;

/// A connection that is used for one request after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    authority: String,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// When to come back, if the server says.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects to `authority`, such as `127.0.0.1:4318`.
    pub(crate) fn open(authority: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(authority);
        let stream = stream.with_context(|| format!("cannot connect to {authority}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            authority: authority.to_owned(),
            outgoing: Vec::new(),
            incoming: vec![0; READ_BYTES],
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.outgoing.clear();
        let authority = &self.authority;
        write!(
            self.outgoing,
            "GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        )?;
        self.exchange()
    }

    /// Posts protobuf.
    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.outgoing.clear();
        write!(
            self.outgoing,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\n\
             Content-Length: {}\r\n\r\n",
            self.authority,
            body.len()
        )?;
        // Copied, so that head and body leave in one write.
        self.outgoing.extend_from_slice(body);
        self.exchange()
    }

    fn exchange(&mut self) -> anyhow::Result<Answer> {
        self.stream.write_all(&self.outgoing)?;
        let mut received = Vec::new();
        let head_end = loop {
            if let Some(end) = find_head_end(&received) {
                break end;
            }
            ensure!(
                received.len() <= MAX_HEAD_BYTES,
                "the answer's head does not end"
            );
            self.receive(&mut received)?;
        };
        let body = received.split_off(head_end);
        let head = Head::parse(&received)?;
        let mut body = body;
        while body.len() < head.content_length {
            self.receive(&mut body)?;
        }
        ensure!(
            body.len() == head.content_length,
            "more was answered than announced"
        );
        Ok(Answer {
            status: head.status,
            retry_after: head.retry_after,
            body,
        })
    }

    fn receive(&mut self, received: &mut Vec<u8>) -> anyhow::Result<()> {
        let count = loop {
            match self.stream.read(&mut self.incoming) {
                Ok(0) => bail!("the server closed the connection within an answer"),
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        received.extend_from_slice(&self.incoming[..count]);
        Ok(())
    }
}

/// Where the body begins.
fn find_head_end(received: &[u8]) -> Option<usize> {
    let blank_line = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    blank_line.map(|position| position + 4)
}

struct Head {
    status: u16,
    content_length: usize,
    retry_after: Option<Duration>,
}

impl Head {
    fn parse(head: &[u8]) -> anyhow::Result<Self> {
        let text = str::from_utf8(head)?;
        let mut lines = text.lines();
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.split(' ').nth(1).unwrap_or_default();
        let status = status
            .parse()
            .with_context(|| format!("no status: {status_line:?}"))?;
        let (mut content_length, mut retry_after) = (None, None);
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let number = || value.trim().parse::<u32>();
            if name.eq_ignore_ascii_case("content-length") {
                content_length = Some(number()? as usize);
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = number()
                    .ok()
                    .map(|seconds| Duration::from_secs(seconds.into()));
            }
        }
        Ok(Self {
            status,
            content_length: content_length.context("an answer without its length")?,
            retry_after,
        })
    }
}
