//! How far percentiles are off, ours and others', as the tables of `docs/accuracy.md`:
//! `cargo bench --bench accuracy`.

#![expect(clippy::print_stdout, reason = "the figures are what the bench is for")]

#[path = "percentiles/percentiles.rs"]
#[expect(dead_code, reason = "a test asserts the error that is printed here")]
mod percentiles;

fn main() {
    print!("{}", percentiles::markdown(&percentiles::measure()));
}
