//! What is odd about a span's place in its trace.

/// One oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It names a parent that the trace does not have; it is shown as a root.
    Orphan,
    /// Its parents lead back to itself; the link to its parent was cut here, at the earliest span
    /// of the circle, which is shown as a root.
    Cycle,
    /// Another span with other content has the same span id.
    RepeatedId,
    /// It was stored more than once with the same content, and is shown once.
    Duplicate,
    /// It is not stored: a placeholder for the parent that other spans name.
    Missing,
}

impl Mark {
    pub(crate) const ALL: [Self; 5] = [
        Self::Orphan,
        Self::Cycle,
        Self::RepeatedId,
        Self::Duplicate,
        Self::Missing,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orphan => "orphan",
            Self::Cycle => "cycle",
            Self::RepeatedId => "repeatedId",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
        }
    }
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    pub(super) fn add(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u8;
    }

    /// Whether `mark` is among them.
    pub fn contains(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u8) != 0
    }

    /// The set as bits: the lowest for the first of [`Mark::ALL`].
    pub(crate) fn bits(self) -> u32 {
        self.0.into()
    }

    /// The marks, in the order of [`Mark`].
    pub fn iter(self) -> impl Iterator<Item = Mark> {
        Mark::ALL
            .into_iter()
            .filter(move |mark| self.contains(*mark))
    }
}
