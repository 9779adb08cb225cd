//! Which Delta tables can be read and written.

use serde::{Deserialize, Serialize};

use super::TableDefinition;
use crate::error::StorageError;

/// What an engine must be able to do to use the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protocol {
    pub(super) min_reader_version: i32,
    pub(super) min_writer_version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reader_features: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) writer_features: Option<Vec<String>>,
}

/// Reader features that change nothing for the spans' columns and files.
const READER_FEATURES: [&str; 3] = ["timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"];
/// Writer features beyond those that our commits keep to. `appendOnly` matters only to removals,
/// and those of compaction are allowed; fields with invariants are refused by the schema check.
const WRITER_FEATURES: [&str; 2] = ["appendOnly", "invariants"];

impl Protocol {
    /// The oldest protocol: it has everything that the table needs, so every engine reads it.
    pub(super) fn oldest() -> Self {
        Self {
            min_reader_version: 1,
            min_writer_version: 2,
            reader_features: None,
            writer_features: None,
        }
    }

    /// Fails if this program would misread or break a table of this protocol.
    pub(super) fn check(&self, table: &TableDefinition) -> Result<(), StorageError> {
        let refused = |what: String| {
            Err(StorageError::Incompatible {
                reason: format!(
                    "{table} uses {what}, which spanhouse does not support; another engine must have \
                     changed the table. Drop the feature there (ALTER TABLE … DROP FEATURE …), or copy the spans to \
                     a new table"
                ),
                source: None,
            })
        };
        let features = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        match self.min_reader_version {
            1 => {}
            3 => {
                let unknown = features(&self.reader_features)
                    .into_iter()
                    .find(|feature| !READER_FEATURES.contains(&feature.as_str()));
                if let Some(feature) = unknown {
                    return refused(format!("the Delta reader feature {feature:?}"));
                }
            }
            version => return refused(format!("Delta reader version {version}")),
        }
        match self.min_writer_version {
            ..=2 => Ok(()),
            7 => {
                let unknown = features(&self.writer_features).into_iter().find(|feature| {
                    !READER_FEATURES.contains(&feature.as_str())
                        && !WRITER_FEATURES.contains(&feature.as_str())
                });
                match unknown {
                    Some(feature) => refused(format!("the Delta writer feature {feature:?}")),
                    None => Ok(()),
                }
            }
            version => refused(format!("Delta writer version {version}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::SPANS;

    fn check(reader: (i32, &[&str]), writer: (i32, &[&str]), refused: Option<&str>) {
        let list = |features: &[&str]| Some(features.iter().map(ToString::to_string).collect());
        let protocol = Protocol {
            min_reader_version: reader.0,
            min_writer_version: writer.0,
            reader_features: list(reader.1),
            writer_features: list(writer.1),
        };
        match (protocol.check(&SPANS), refused) {
            (Ok(()), None) => {}
            (Err(error @ StorageError::Incompatible { .. }), Some(part)) => {
                assert!(error.to_string().contains(part), "{error}");
            }
            (result, _) => panic!("{protocol:?}: {result:?}"),
        }
    }

    #[test]
    fn only_understood_protocols_are_taken() {
        assert!(Protocol::oldest().check(&SPANS).is_ok());
        check((1, &[]), (1, &[]), None);
        check(
            (3, &["v2Checkpoint"]),
            (7, &["v2Checkpoint", "appendOnly", "invariants"]),
            None,
        );
        check((1, &[]), (7, &["appendOnly"]), None);
        check((2, &[]), (5, &[]), Some("reader version 2"));
        check((1, &[]), (3, &[]), Some("writer version 3"));
        check(
            (3, &["deletionVectors"]),
            (7, &["deletionVectors"]),
            Some("reader feature \"deletionVectors\""),
        );
        check(
            (3, &[]),
            (7, &["rowTracking"]),
            Some("writer feature \"rowTracking\""),
        );
        check((4, &[]), (8, &[]), Some("reader version 4"));
    }
}
