//! What to do after an attempt: a pure function of its answer.

use std::time::Duration;

use reqwest::StatusCode;

/// So often a request is sent.
const ATTEMPTS: u32 = 5;
/// The wait after the first attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that a receiver may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How a receiver answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer<'a> {
    /// With a status, and with a `Retry-After` when it has one.
    Status(StatusCode, Option<&'a str>),
    /// Not at all.
    None,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It was taken.
    Done,
    /// It will never be taken.
    Refused,
    /// Send it again after a wait.
    Again(Duration),
    /// It was sent often enough.
    GiveUp,
}

/// What to do after the attempt of this number, from 1.
///
/// Source: "Prometheus Remote-Write Specification 1.0", section "Retries & Backoff": again after
/// 5xx, and after 429 as its `Retry-After` says; never after other statuses.
pub(super) fn next(answer: Answer<'_>, attempt: u32) -> Next {
    let asked = match answer {
        Answer::Status(status, _) if status.is_success() => return Next::Done,
        Answer::Status(status, retry_after)
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
        {
            // Dates are not read: few send them, and the own wait is no shorter than a second.
            retry_after.and_then(|text| text.trim().parse().ok())
        }
        Answer::Status(..) => return Next::Refused,
        Answer::None => None,
    };
    if attempt >= ATTEMPTS {
        return Next::GiveUp;
    }
    let wait = asked.map_or_else(
        || FIRST_WAIT * 2_u32.pow(attempt.clamp(1, ATTEMPTS) - 1),
        Duration::from_secs,
    );
    Next::Again(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_taken_later_is_sent_again() {
        let after = |status: u16, retry_after, attempt| {
            let status = StatusCode::from_u16(status).expect("a status");
            next(Answer::Status(status, retry_after), attempt)
        };
        let seconds = |seconds| Next::Again(Duration::from_secs(seconds));
        assert_eq!(after(204, None, 1), Next::Done);
        for status in [301, 400, 401, 404, 413] {
            assert_eq!(after(status, Some("3"), 1), Next::Refused, "{status}");
        }
        assert_eq!(after(500, None, 1), seconds(1));
        assert_eq!(after(503, None, 4), seconds(8));
        assert_eq!(after(503, None, 5), Next::GiveUp);
        assert_eq!(after(429, Some(" 7 "), 1), seconds(7));
        assert_eq!(after(429, Some("86400"), 1), seconds(300));
        assert_eq!(
            after(429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), 2),
            seconds(2)
        );
        assert_eq!(next(Answer::None, 3), seconds(4));
        assert_eq!(next(Answer::None, u32::MAX), Next::GiveUp);
    }
}
