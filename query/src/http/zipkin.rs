//! Zipkin's API, as far as its user interface draws dependencies from it.

mod dependencies;

pub(super) use dependencies::{
    __path_dependencies, __path_dependencies_below_zipkin, ZipkinLinkJson, dependencies,
    dependencies_below_zipkin,
};
