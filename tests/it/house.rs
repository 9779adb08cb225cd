//! The house style's rules that no lint knows. Each names the rule it holds and says what to do.

mod crates;
mod endpoints;
mod features;
mod files;
