//! Reading a request's body within a limit and the budget.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;

use super::budget::{BudgetExhausted, Reservation};

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// The budget has no room for it.
    Exhausted(BudgetExhausted),
    /// The sender broke off.
    Aborted(axum::Error),
}

/// Reads `body` whole. Memory is reserved ahead: at once when its length is `declared`, else as
/// it comes.
pub(crate) async fn read_body(
    body: &mut Body,
    declared: Option<usize>,
    limit: usize,
    reservation: &mut Reservation,
) -> Result<Bytes, BodyError> {
    if declared.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    reservation
        .grow_to(declared.unwrap_or(0))
        .map_err(BodyError::Exhausted)?;
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(BodyError::Aborted)?.into_data() else {
            // Trailers say nothing that matters here.
            continue;
        };
        let length = first.len() + joined.len() + data.len();
        if length > limit {
            return Err(BodyError::TooLarge);
        }
        reservation.grow_to(length).map_err(BodyError::Exhausted)?;
        if first.is_empty() && joined.is_empty() {
            // A body of one piece, as most are, is not copied.
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve(declared.unwrap_or(0).max(length));
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() {
        first
    } else {
        joined.freeze()
    })
}

/// Reads and forgets up to `limit` bytes of a body. An HTTP/1 sender that is still writing when
/// the connection closes would not see the answer, take it for a fault of the network, and send
/// the same again.
pub(crate) async fn drain(body: &mut Body, limit: usize) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > limit {
            return;
        }
    }
}

/// The length of the body, where the request's headers tell it.
pub(crate) fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::budget::ByteBudget;

    fn pieces(pieces: &[&'static [u8]]) -> Body {
        let frames: Vec<Result<Bytes, std::io::Error>> = pieces
            .iter()
            .map(|piece| Ok(Bytes::from_static(piece)))
            .collect();
        Body::from_stream(futures::stream::iter(frames))
    }

    #[tokio::test]
    async fn pieces_are_joined_within_the_limit() {
        let budget = ByteBudget::new(1 << 20);
        for declared in [None, Some(6)] {
            let mut reservation = budget.reservation();
            let bytes = read_body(
                &mut pieces(&[b"ab", b"", b"cd", b"ef"]),
                declared,
                6,
                &mut reservation,
            )
            .await;
            assert_eq!(bytes.expect("fits"), "abcdef");
        }
        let mut reservation = budget.reservation();
        let bytes = read_body(
            &mut pieces(&[b"ab", b"cd", b"ef"]),
            None,
            5,
            &mut reservation,
        )
        .await;
        assert!(matches!(bytes, Err(BodyError::TooLarge)));
        let declared = read_body(&mut pieces(&[]), Some(7), 6, &mut reservation).await;
        assert!(matches!(declared, Err(BodyError::TooLarge)));
    }
}
