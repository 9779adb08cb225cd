//! When losses are worth a line in the log.

use std::time::Duration;

use tokio::time::Instant;

/// Losses have ended when there was none for so long: else each success between two losses would
/// be told.
const CALM: Duration = Duration::from_secs(10);

/// Datagrams of one kind that were lost, since the log was told that they are.
#[derive(Debug, Default)]
pub(super) struct Losses {
    last: Option<Instant>,
    lost: u64,
}

/// A change that the log should tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The first one was lost.
    Begins,
    /// None was lost for a while; so many were before.
    Ended { lost: u64 },
}

impl Losses {
    pub(super) fn note_loss(&mut self, now: Instant) -> Option<Notice> {
        self.lost += 1;
        self.last.replace(now).is_none().then_some(Notice::Begins)
    }

    pub(super) fn note_success(&mut self, now: Instant) -> Option<Notice> {
        let last = self.last?;
        if now.duration_since(last) < CALM {
            return None;
        }
        let lost = std::mem::take(self).lost;
        Some(Notice::Ended { lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_of_changes_only() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut losses = Losses::default();
        assert_eq!(losses.note_success(at(0)), None);
        assert_eq!(losses.note_loss(at(1)), Some(Notice::Begins));
        assert_eq!(losses.note_success(at(2)), None);
        assert_eq!(losses.note_loss(at(3)), None);
        assert_eq!(losses.note_success(at(12)), None);
        assert_eq!(losses.note_success(at(13)), Some(Notice::Ended { lost: 2 }));
        assert_eq!(losses.note_success(at(14)), None);
        assert_eq!(losses.note_loss(at(15)), Some(Notice::Begins));
    }
}
