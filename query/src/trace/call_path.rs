//! Call paths: hierarchical ids such as `0.2.1`, the first child of the second child of the root.

use std::fmt::Write;

use super::{Trace, TraceSpan};

/// The most levels that a call path is shown for: spans below have none, because the paths of a
/// long chain would together take the square of its length.
pub const MAX_CALL_PATH_LEVELS: usize = 256;

impl Trace {
    /// The span's call path: `0` for the root (`0`, `1`, … in start order when there are several),
    /// then the numbers of its ancestors and itself among their siblings, each from 1 in start
    /// order. None below [`MAX_CALL_PATH_LEVELS`].
    pub fn call_path(&self, span: &TraceSpan) -> Option<String> {
        if span.depth >= MAX_CALL_PATH_LEVELS {
            return None;
        }
        let mut ordinals = vec![span.ordinal];
        let mut parent = span.parent;
        while let Some(position) = parent {
            ordinals.push(self.spans[position].ordinal);
            parent = self.spans[position].parent;
        }
        let mut path = String::with_capacity(3 * ordinals.len());
        for (level, ordinal) in ordinals.iter().rev().enumerate() {
            let separator = if level == 0 { "" } else { "." };
            write!(path, "{separator}{ordinal}").expect("writing to a String never fails");
        }
        Some(path)
    }
}
