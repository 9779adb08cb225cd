//! What tells rows of `red` apart.

use std::hash::{Hash, Hasher};

use crate::topology::{Name, NameOrder};

/// What tells rows apart, but for the step and the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RedGroup {
    pub(super) service: Option<Name>,
    pub(super) name: Option<Name>,
    pub(super) kind: i8,
    pub(super) status_code: i8,
    pub(super) instance: Option<Name>,
    pub(super) version: Option<Name>,
    pub(super) zone: Option<Name>,
}

impl Hash for RedGroup {
    /// In few words: it is hashed for each span.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pair = |high, low| Name::code(high) << 32 | Name::code(low);
        let codes = [self.kind, self.status_code].map(|code| u64::from(code.cast_unsigned()));
        let [kind, status_code] = codes;
        state.write_u64(pair(self.service, self.name));
        state.write_u64(pair(self.instance, self.version));
        state.write_u64(Name::code(self.zone) << 32 | kind << 8 | status_code);
    }
}

impl RedGroup {
    /// The group of the total rows that it adds to.
    pub(super) fn total(&self) -> Self {
        Self {
            name: None,
            instance: None,
            version: None,
            zone: None,
            ..*self
        }
    }

    /// What rows are sorted by.
    pub(super) fn place(&self, order: &NameOrder) -> impl Ord + use<> {
        let texts = [self.instance, self.version, self.zone];
        (
            (order.place(self.service), order.place(self.name)),
            (self.kind, self.status_code),
            texts.map(|text| order.place(text)),
        )
    }
}
