//! An error and its causes on one line.

/// Joins the messages from the outermost to the root cause, leaving out a cause whose message the
/// one before it already told: errors that cross crates often repeat theirs.
pub(crate) fn error_chain(error: &anyhow::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in error.chain() {
        let message = cause.to_string();
        if !told.iter().any(|before| before.contains(&message)) {
            told.push(message);
        }
    }
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no space left")
            .context("cannot write: no space left")
            .context("cannot open the store");
        assert_eq!(
            error_chain(&error),
            "cannot open the store: cannot write: no space left"
        );
    }
}
