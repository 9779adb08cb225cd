//! The nearest right name to a wrong one.

/// The likeness (1 is equal) from which a name is worth suggesting.
const LIKE_ENOUGH: f64 = 0.5;

/// Finds the right name that is most like the wrong one, if any is like enough.
pub(super) fn nearest(wrong: &str, right: impl Iterator<Item = String>) -> Option<String> {
    let wrong = wrong.to_ascii_lowercase().replace('-', "_");
    let likeness =
        |name: &str| strsim::normalized_damerau_levenshtein(&wrong, &name.to_ascii_lowercase());
    right
        .map(|name| (likeness(&name), name))
        .filter(|(likeness, _)| *likeness >= LIKE_ENOUGH)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wrong: &str, expected: Option<&str>) {
        let right = ["data_dir", "otlp_grpc", "otlp_http", "http"];
        let found = nearest(wrong, right.iter().map(|&name| name.to_owned()));
        assert_eq!(found.as_deref(), expected, "{wrong}");
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        check("datadir", Some("data_dir"));
        check("data-dir", Some("data_dir"));
        check("Data_Dri", Some("data_dir"));
        check("otlp_gprc", Some("otlp_grpc"));
        check("colour", None);
    }
}
