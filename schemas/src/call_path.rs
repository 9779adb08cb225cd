//! Call paths: hierarchical ids such as `0.2.1`, the first call of the second call of the root.

use std::cmp::Ordering;
use std::fmt;

/// A hierarchical id: decimal parts between dots, such as `0.1.12`. Its prefixes are its
/// ancestors.
///
/// A part has at most [`Self::MAX_PART_DIGITS`] digits and no leading zeros; a path has at most
/// [`Self::MAX_LEVELS`] parts and [`Self::MAX_BYTES`] bytes. Paths are ordered as a tree is read
/// from its root: by their parts as numbers, an ancestor before its descendants.
///
/// ```
/// use schemas::CallPath;
///
/// let path = CallPath::parse("0.2.10")?;
/// assert_eq!(path.parent(), Some(CallPath::parse("0.2")?));
/// assert!(path > CallPath::parse("0.2.9")?);
/// assert!(CallPath::parse("0.2")?.is_ancestor_of(path));
/// # Ok::<(), schemas::CallPathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallPath<'a>(&'a str);

/// Why a text is no call path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallPathError {
    /// Nothing stands before the first dot, between two dots, or after the last one.
    #[error("an empty part")]
    EmptyPart,
    /// A part has a character that is no digit.
    #[error("not a number")]
    NotANumber,
    /// A part other than `0` begins with `0`.
    #[error("a leading zero")]
    LeadingZero,
    /// The first part is another than `0`.
    #[error("it does not start at 0")]
    NotFromZero,
    /// A part has too many digits.
    #[error("a part of more than {} digits", CallPath::MAX_PART_DIGITS)]
    LongPart,
    /// It has too many parts.
    #[error("too deep: at most {} parts", CallPath::MAX_LEVELS)]
    TooDeep,
    /// It has too many bytes.
    #[error("too long: at most {} bytes", CallPath::MAX_BYTES)]
    TooLong,
}

impl<'a> CallPath<'a> {
    /// The most parts of a path.
    pub const MAX_LEVELS: usize = 256;
    /// The most bytes of a path.
    pub const MAX_BYTES: usize = 1024;
    /// The most digits of a part.
    pub const MAX_PART_DIGITS: usize = 9;

    /// Takes a path as a client sends it: from the root `0`.
    ///
    /// # Errors
    /// [`CallPathError`] says what is wrong with the text.
    pub fn parse(text: &'a str) -> Result<Self, CallPathError> {
        let path = Self::parse_of_forest(text)?;
        if path.parts().next() == Some(0) {
            Ok(path)
        } else {
            Err(CallPathError::NotFromZero)
        }
    }

    /// Takes a path as it is shown: a trace with several roots has `0`, `1`, ….
    ///
    /// # Errors
    /// [`CallPathError`] says what is wrong with the text.
    pub fn parse_of_forest(text: &'a str) -> Result<Self, CallPathError> {
        if text.len() > Self::MAX_BYTES {
            return Err(CallPathError::TooLong);
        }
        let mut levels = 0;
        for part in text.as_bytes().split(|byte| *byte == b'.') {
            check_part(part)?;
            levels += 1;
        }
        if levels > Self::MAX_LEVELS {
            return Err(CallPathError::TooDeep);
        }
        Ok(Self(text))
    }

    /// The path as text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Its parts as numbers, from the root.
    pub fn parts(self) -> impl Iterator<Item = u32> + use<'a> {
        self.0.split('.').map(|part| {
            part.parse()
                .expect("a part of a path has one to nine digits")
        })
    }

    /// How many ancestors it has: 0 for a root.
    pub fn depth(self) -> usize {
        self.0.bytes().filter(|byte| *byte == b'.').count()
    }

    /// The path without its last part; none for a root.
    pub fn parent(self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent))
    }

    /// Its parent, its parent's parent, and so on to its root.
    pub fn ancestors(self) -> impl Iterator<Item = Self> + use<'a> {
        std::iter::successors(self.parent(), |path| path.parent())
    }

    /// Whether `other` is below this path: `0.1` is above `0.1.2`, but not above `0.1` or `0.12`.
    pub fn is_ancestor_of(self, other: CallPath<'_>) -> bool {
        other
            .0
            .strip_prefix(self.0)
            .is_some_and(|rest| rest.starts_with('.'))
    }

    /// Whether `other` is this path or below it.
    pub fn subtree_contains(self, other: CallPath<'_>) -> bool {
        self == other || self.is_ancestor_of(other)
    }
}

fn check_part(part: &[u8]) -> Result<(), CallPathError> {
    match part {
        [] => Err(CallPathError::EmptyPart),
        _ if !part.iter().all(u8::is_ascii_digit) => Err(CallPathError::NotANumber),
        [b'0', _, ..] => Err(CallPathError::LeadingZero),
        _ if part.len() > CallPath::MAX_PART_DIGITS => Err(CallPathError::LongPart),
        _ => Ok(()),
    }
}

impl Ord for CallPath<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

impl PartialOrd for CallPath<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CallPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for CallPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> CallPath<'_> {
        CallPath::parse_of_forest(text).expect(text)
    }

    #[test]
    fn good_paths_are_kept_as_they_are() {
        for text in ["0", "0.1", "0.1.12", "0.0", "0.999999999"] {
            assert_eq!(CallPath::parse(text).expect(text).to_string(), text);
        }
        let deepest = format!("0{}", ".123".repeat(CallPath::MAX_LEVELS - 1));
        assert_eq!(path(&deepest).depth(), CallPath::MAX_LEVELS - 1);
        assert_eq!(path("12.3").parts().collect::<Vec<_>>(), [12, 3]);
    }

    #[test]
    fn bad_paths_say_what_is_wrong() {
        let check = |text: &str, expect: CallPathError| {
            assert_eq!(CallPath::parse(text), Err(expect), "{text}");
        };
        for text in ["", ".", "0.", ".0", "0..1"] {
            check(text, CallPathError::EmptyPart);
        }
        for text in ["a", "0.-1", "0.+1", "0. 1", "0.1x", "0.१", "0,1"] {
            check(text, CallPathError::NotANumber);
        }
        for text in ["01", "00", "0.01", "0.00", "0.0000000000001"] {
            check(text, CallPathError::LeadingZero);
        }
        for text in ["1", "1.2", "10", "999999999"] {
            check(text, CallPathError::NotFromZero);
        }
        check("0.1234567890", CallPathError::LongPart);
        check(
            &format!("0{}", ".1".repeat(CallPath::MAX_LEVELS)),
            CallPathError::TooDeep,
        );
        check(
            &"0.".repeat(CallPath::MAX_BYTES / 2 + 1),
            CallPathError::TooLong,
        );
    }

    #[test]
    fn prefixes_end_at_dots() {
        let below = |above: &str, other: &str| path(above).is_ancestor_of(path(other));
        assert!(below("0", "0.1") && below("0.1", "0.1.2.3"));
        assert!(!below("0.1", "0.12") && !below("0.1", "0.1") && !below("0.1", "0"));
        assert!(path("0.1").subtree_contains(path("0.1")));
        let ancestors: Vec<_> = path("0.1.2").ancestors().collect();
        assert_eq!(ancestors, [path("0.1"), path("0")]);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_numbers(
            one in prop::collection::vec(0_u32..12, 1..6),
            other in prop::collection::vec(0_u32..12, 1..6),
        ) {
            let text = |parts: &[u32]| {
                parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
            };
            let (one_text, other_text) = (text(&one), text(&other));
            prop_assert_eq!(path(&one_text).cmp(&path(&other_text)), one.cmp(&other));
            let is_above = other.len() > one.len() && other.starts_with(&one);
            prop_assert_eq!(path(&one_text).is_ancestor_of(path(&other_text)), is_above);
        }

        #[test]
        fn any_text_is_taken_or_refused(text in "[0-9.a]{0,40}|\\PC{0,20}") {
            if let Ok(path) = CallPath::parse(&text) {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert_eq!(path.parts().count(), path.depth() + 1);
                prop_assert_eq!(path.ancestors().count(), path.depth());
            }
        }
    }
}
