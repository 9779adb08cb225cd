//! What docs/accuracy.md says about the error of percentiles is what is measured.

use std::fs;
use std::path::Path;

#[path = "../../benches/percentiles/percentiles.rs"]
mod percentiles;

use percentiles::{markdown, measure};

/// Half a bucket: 1/2048 of its values, which is less than 0.05 %.
const LARGEST_ERROR: f64 = 1.0 / 2048.0;

#[test]
fn percentiles_are_as_exact_as_the_page_says() {
    let measured = measure();
    for one in &measured {
        let error = one.our_largest_error();
        assert!(error <= LARGEST_ERROR, "{error}: {one:?}");
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/accuracy.md");
    let tables = markdown(&measured);
    assert!(
        fs::read_to_string(page).unwrap().contains(&tables),
        "docs/accuracy.md shows other errors: put these tables there\n{tables}"
    );
}
