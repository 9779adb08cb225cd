//! Which part of a trace a request asks for.

use schemas::{CallPath, SpanId};

use super::super::failure::ApiError;
use super::super::parameters::Parameters;
use crate::Trace;
use crate::trace::{Limits, Selection};

/// The part of a trace that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole, or a subtree, within limits.
    Tree {
        under: Option<String>,
        limits: Limits,
    },
    /// The way from the root to a span.
    Ancestors(Target),
}

/// A span as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Id(SpanId),
    Path(String),
}

const UNDER: &str = "under";
const ANCESTORS: &str = "ancestors";
const MAX_DEPTH: &str = "maxDepth";
const MAX_WIDTH: &str = "maxWidth";
const MAX_SPANS: &str = "maxSpans";

impl Part {
    /// The part that the parameters name; everything by default.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let under = parameters.first(UNDER).map(|text| path(UNDER, text));
        let under = under.transpose()?;
        let limits = Limits {
            depth: limit(parameters, MAX_DEPTH)?,
            width: limit(parameters, MAX_WIDTH)?,
            entries: limit(parameters, MAX_SPANS)?,
        };
        let Some(text) = parameters.first(ANCESTORS) else {
            return Ok(Self::Tree { under, limits });
        };
        if under.is_some() || limits != Limits::NONE {
            return Err(ApiError::malformed(
                ANCESTORS,
                format!(
                    "gives one line of spans, without {UNDER}, {MAX_DEPTH}, {MAX_WIDTH} or {MAX_SPANS}"
                ),
            ));
        }
        // No number in a call path has as many digits as a span id.
        let target = match SpanId::parse(text) {
            Ok(id) => Target::Id(id),
            Err(_) => Target::Path(path(ANCESTORS, text)?),
        };
        Ok(Self::Ancestors(target))
    }

    /// Whether it is the whole trace.
    pub(super) fn is_everything(&self) -> bool {
        *self
            == Self::Tree {
                under: None,
                limits: Limits::NONE,
            }
    }

    /// What of the trace is to be shown.
    pub(super) fn select(&self, trace: &Trace) -> Result<Selection, ApiError> {
        Ok(match self {
            Self::Tree { under, limits } => {
                let under = under.as_deref().map(|path| find_path(trace, path));
                trace.select(under.transpose()?, *limits)
            }
            Self::Ancestors(Target::Path(path)) => trace.select_ancestors(find_path(trace, path)?),
            Self::Ancestors(Target::Id(id)) => {
                let found = trace.find_id(*id);
                trace.select_ancestors(found.ok_or(ApiError::SpanNotFound {
                    trace: trace.id(),
                    span: *id,
                })?)
            }
        })
    }
}

fn find_path(trace: &Trace, text: &str) -> Result<usize, ApiError> {
    let last_above = match CallPath::parse_of_forest(text).map(|path| trace.find_path(path)) {
        Ok(Ok(position)) => return Ok(position),
        Ok(Err(last_above)) => last_above,
        Err(_) => None,
    };
    let last_above = last_above.and_then(|position| trace.call_path(&trace.spans()[position]));
    Err(ApiError::CallPathNotFound {
        trace: trace.id(),
        path: text.to_owned(),
        last_above,
    })
}

fn path(name: &'static str, text: &str) -> Result<String, ApiError> {
    let checked = CallPath::parse_of_forest(text);
    let checked = checked.map_err(|problem| {
        let expected = match name {
            ANCESTORS => "a span id of 16 hex digits or a call path such as 0.2.1",
            _ => "a call path such as 0.2.1",
        };
        ApiError::malformed(name, format!("{text:?} is not {expected}: {problem}"))
    })?;
    Ok(checked.as_str().to_owned())
}

fn limit(parameters: &Parameters, name: &'static str) -> Result<usize, ApiError> {
    let Some(limit) = parameters.integer(name)? else {
        return Ok(usize::MAX);
    };
    let positive = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    positive.ok_or_else(|| ApiError::malformed(name, format!("{limit} is less than 1")))
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    fn part(pairs: &[(&str, &str)]) -> Result<Part, ApiError> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Part::of(&Parameters::of(Ok(Query(pairs.collect())))?)
    }

    #[test]
    fn parts_are_understood() {
        let all = [
            ("under", "0.12"),
            ("maxDepth", "3"),
            ("maxWidth", "20"),
            ("maxSpans", "1000"),
        ];
        let limits = Limits {
            depth: 3,
            width: 20,
            entries: 1000,
        };
        let under = Some("0.12".to_owned());
        assert_eq!(part(&all).expect("valid"), Part::Tree { under, limits });
        assert!(part(&[("under", "")]).expect("valid").is_everything());
        assert!(!part(&all).expect("valid").is_everything());
        let ancestors = |text| part(&[("ancestors", text)]).expect("valid");
        let id = SpanId::parse("0000000000000012").expect("valid");
        assert_eq!(
            ancestors("0000000000000012"),
            Part::Ancestors(Target::Id(id))
        );
        assert_eq!(
            ancestors("1.2"),
            Part::Ancestors(Target::Path("1.2".into()))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("under", "0..1"),
            ("under", "01"),
            ("under", "x"),
            ("ancestors", "00000000000000zz"),
            ("maxDepth", "0"),
            ("maxWidth", "-1"),
            ("maxSpans", "many"),
            ("maxSpans", "99999999999999999999"),
        ] {
            let error = part(&[(name, value)]).expect_err(value);
            assert!(
                matches!(&error, ApiError::MalformedParameter { name: wrong, .. } if *wrong == name),
                "{error:?}"
            );
        }
        assert!(part(&[("ancestors", "0"), ("maxDepth", "1")]).is_err());
    }
}
