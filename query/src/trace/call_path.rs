//! Call paths as they are shown: hierarchical ids such as `0.2.1`, the first child of the second
//! child of the root.

use std::fmt::Write;

use schemas::CallPath;

use super::rows::RowId;
use super::{Half, Trace, TraceSpan};

/// The most levels that a call path is made for: spans below have none, because the paths of a
/// long chain would together take the square of its length.
pub const MAX_CALL_PATH_LEVELS: usize = CallPath::MAX_LEVELS;

/// The call path that a span was sent with, or a beginning of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentPath {
    row: RowId,
    bytes: usize,
}

impl SentPath {
    /// The path, which the path in `row` begins with.
    pub(super) fn of(row: RowId, path: CallPath<'_>) -> Self {
        Self {
            row,
            bytes: path.as_str().len(),
        }
    }
}

/// Appends a number. Nearly all have one digit, and a deep trace has millions of them.
fn push_number(path: &mut String, number: usize) {
    match u8::try_from(number) {
        Ok(digit @ 0..10) => path.push(char::from(b'0' + digit)),
        _ => write!(path, "{number}").expect("writing to a String never fails"),
    }
}

/// The call paths of entries in pre-order, each made from that of the entry above: walking up from
/// every entry would take as many steps as all paths have numbers.
#[derive(Debug)]
pub(crate) struct CallPaths<'a> {
    trace: &'a Trace,
    /// The entries on the way to the last one.
    way: Vec<Passed>,
}

/// An entry that was passed.
#[derive(Debug)]
struct Passed {
    /// The position after its last descendant.
    end: usize,
    path: Option<String>,
}

impl<'a> CallPaths<'a> {
    /// Paths of a trace's entries, none of which was passed yet.
    pub(crate) fn of(trace: &'a Trace) -> Self {
        Self {
            trace,
            way: Vec::new(),
        }
    }

    /// As [`Trace::call_path`]. All entries between this one and the first that was passed on the way
    /// from its root must have been passed, later ones not.
    pub(crate) fn next(&mut self, position: usize) -> Option<&str> {
        while self.way.last().is_some_and(|above| above.end <= position) {
            self.way.pop();
        }
        let span = &self.trace.spans[position];
        let above = self.way.last().and_then(|above| above.path.as_deref());
        let path = match above {
            Some(above) if span.sent_path.is_none() && span.levels <= MAX_CALL_PATH_LEVELS => {
                let mut path = String::with_capacity(above.len() + 4);
                path.push_str(above);
                path.push('.');
                push_number(&mut path, span.ordinal);
                Some(path)
            }
            _ => self.trace.call_path(span),
        };
        self.way.push(Passed {
            end: span.end,
            path,
        });
        self.way.last()?.path.as_deref()
    }
}

impl Trace {
    /// The span's call path.
    ///
    /// Spans that were sent with one keep it, and its beginnings name their ancestors. The others
    /// have the path of their parent and a number: from 1 in start order, after the numbers that
    /// siblings were sent with; roots from 0. None where that makes more than
    /// [`MAX_CALL_PATH_LEVELS`] numbers.
    pub fn call_path(&self, span: &TraceSpan) -> Option<String> {
        if span.levels > MAX_CALL_PATH_LEVELS {
            return None;
        }
        let mut ordinals = Vec::new();
        let mut path = String::new();
        let mut above = Some(span);
        while let Some(entry) = above {
            if let Some(sent) = self.sent_path(entry) {
                path.push_str(sent);
                break;
            }
            // Both halves of an RPC are one level.
            if entry.half != Some(Half::Server) {
                ordinals.push(entry.ordinal);
            }
            above = entry.parent.map(|position| &self.spans[position]);
        }
        path.reserve(2 * ordinals.len());
        for ordinal in ordinals.iter().rev() {
            if !path.is_empty() {
                path.push('.');
            }
            push_number(&mut path, *ordinal);
        }
        Some(path)
    }

    /// The call path that the span was sent with.
    fn sent_path(&self, span: &TraceSpan) -> Option<&str> {
        let sent = span.sent_path?;
        self.rows.call_path(sent.row)?.as_str().get(..sent.bytes)
    }

    /// The position of the first span with this call path.
    ///
    /// # Errors
    /// The position of its last ancestor that is there, if any.
    pub(crate) fn find_path(&self, path: CallPath<'_>) -> Result<usize, Option<usize>> {
        let parts: Vec<u32> = path.parts().collect();
        let mut last_above = None;
        let mut position = 0;
        while let Some(span) = self.spans.get(position) {
            let is_on_path = match self.sent_path(span) {
                Some(sent) => {
                    CallPath::parse_of_forest(sent).is_ok_and(|sent| sent.subtree_contains(path))
                }
                None => parts
                    .get(span.levels - 1)
                    .is_some_and(|part| *part as usize == span.ordinal),
            };
            // Below a span that is not on the path there is nothing on it.
            if !is_on_path {
                position = span.end;
                continue;
            }
            if span.levels == parts.len() {
                return Ok(position);
            }
            last_above = Some(position);
            position = self.first_below(position);
        }
        Err(last_above)
    }
}
