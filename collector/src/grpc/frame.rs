//! Messages as a call frames them.

use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;

use super::PREFIX;
use crate::receiver::{Compression, ExportError, ReceivedBody, Receiver};

/// What stands before a message.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    is_compressed: bool,
    length: usize,
}

impl Prefix {
    fn read(bytes: [u8; PREFIX], receiver: &Receiver) -> Result<Self, ExportError> {
        let [flag, length @ ..] = bytes;
        if flag > 1 {
            return Err(invalid("the message's compressed-flag is neither 0 nor 1"));
        }
        // A length over 32 bits cannot be: there are four bytes of it.
        let length = u32::from_be_bytes(length) as usize;
        if length > receiver.settings().max_request_bytes {
            return Err(receiver.too_large());
        }
        Ok(Self {
            is_compressed: flag == 1,
            length,
        })
    }

    /// How the message is compressed, in a call that compresses as it `says`.
    fn compression(self, says: Compression) -> Result<Compression, ExportError> {
        match (self.is_compressed, says) {
            (false, _) => Ok(Compression::Identity),
            (true, Compression::Identity) => Err(ExportError::CompressionUnknown),
            (true, compression) => Ok(compression),
        }
    }
}

/// Takes the prefix of a call's only message away and tells how the message is compressed.
pub(super) fn unframe(
    received: &mut ReceivedBody,
    says: Compression,
    receiver: &Receiver,
) -> Result<Compression, ExportError> {
    let Some((prefix, message)) = received.bytes.split_first_chunk::<PREFIX>() else {
        return Err(invalid("the call has no message"));
    };
    let prefix = Prefix::read(*prefix, receiver)?;
    if prefix.length != message.len() {
        return Err(invalid(
            "the call is not exactly one message, as long as it says",
        ));
    }
    received.bytes.advance(PREFIX);
    prefix.compression(says)
}

/// The messages of a call that sends many, one at a time.
pub(super) struct Messages<'a> {
    receiver: &'a Receiver,
    body: Body,
    says: Compression,
    /// What came and was not yet taken: less than a message and a frame of HTTP/2.
    read: BytesMut,
}

impl<'a> Messages<'a> {
    pub(super) fn new(receiver: &'a Receiver, body: Body, says: Compression) -> Self {
        Self {
            receiver,
            body,
            says,
            read: BytesMut::new(),
        }
    }

    /// The next message, within the budget, and how it is compressed; none at the end of the call.
    /// A call may pause between two messages for as long as its connection lives; once a message
    /// has begun, it must come within the body timeout.
    pub(super) async fn next(
        &mut self,
    ) -> Result<Option<(ReceivedBody, Compression)>, ExportError> {
        if self.read.is_empty() && !self.read_frame().await? {
            return Ok(None);
        }
        let timeout = self.receiver.settings().body_timeout;
        tokio::time::timeout(timeout, self.begun())
            .await
            .map_err(|_| ExportError::BodyTimeout(timeout))?
            .map(Some)
    }

    /// The message whose first byte is there.
    async fn begun(&mut self) -> Result<(ReceivedBody, Compression), ExportError> {
        let mut reservation = self.receiver.reservation();
        let prefix = loop {
            if let Some(prefix) = self.read.first_chunk::<PREFIX>() {
                break Prefix::read(*prefix, self.receiver)?;
            }
            self.read_more().await?;
        };
        let compression = prefix.compression(self.says)?;
        reservation
            .grow_to(prefix.length)
            .map_err(|exhausted| self.receiver.busy(exhausted))?;
        while self.read.len() < PREFIX + prefix.length {
            self.read_more().await?;
        }
        self.read.advance(PREFIX);
        let bytes = self.read.split_to(prefix.length).freeze();
        Ok((ReceivedBody { bytes, reservation }, compression))
    }

    async fn read_more(&mut self) -> Result<(), ExportError> {
        if self.read_frame().await? {
            Ok(())
        } else {
            Err(invalid("the call ends within a message"))
        }
    }

    /// Reads some bytes more; false at the end of the call.
    async fn read_frame(&mut self) -> Result<bool, ExportError> {
        while let Some(frame) = self.body.frame().await {
            let frame =
                frame.map_err(|error| invalid(&format!("the call was cut off: {error}")))?;
            let data = frame.into_data().unwrap_or_else(|_trailers| Bytes::new());
            if !data.is_empty() {
                self.read.extend_from_slice(&data);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn invalid(message: &str) -> ExportError {
    ExportError::Invalid(message.to_owned())
}
