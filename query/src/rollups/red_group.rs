//! What tells rows of `red` apart.

use std::hash::{Hash, Hasher};

use crate::red::RedDimension;
use crate::topology::{Name, NameOrder, Words};

/// What tells rows apart, but for the step and the bucket.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct RedGroup {
    pub(super) service: Option<Name>,
    pub(super) name: Option<Name>,
    pub(super) kind: i8,
    pub(super) status_code: i8,
    pub(super) instance: Option<Name>,
    pub(super) version: Option<Name>,
    pub(super) zone: Option<Name>,
}

impl PartialEq for RedGroup {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Hash for RedGroup {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl RedGroup {
    /// All of it in few words: it is looked up for each span.
    #[inline]
    pub(super) fn code(&self) -> Words<3> {
        let [kind, status_code] = [self.kind, self.status_code].map(i8::cast_unsigned);
        let small = u64::from(kind) << 8 | u64::from(status_code);
        Words([
            Name::pair(self.service, self.name),
            Name::pair(self.instance, self.version),
            u64::from(Name::code(self.zone)) << 32 | small,
        ])
    }

    /// The group of rows that tell less apart.
    pub(super) fn told_apart_by(&self, dimension: Option<RedDimension>) -> Self {
        let by = |wanted, name: Option<Name>| name.filter(|_| dimension == Some(wanted));
        Self {
            name: by(RedDimension::Operation, self.name),
            instance: by(RedDimension::Instance, self.instance),
            version: by(RedDimension::Instance, self.version),
            zone: by(RedDimension::Instance, self.zone),
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
