//! What requests carry, from text to what it means.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use schemas::UnixNanos;
use serde::de::DeserializeOwned;

use super::failure::{ApiError, abbreviated};
use crate::{instant, units};

/// The parameters of a query string, in order.
pub(super) type QueryPairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// A body, or why it was not read.
pub(super) type Body = Result<Bytes, BytesRejection>;

/// A name in a path.
pub(super) type PathName = Result<Path<String>, PathRejection>;

/// Reads a body of JSON.
pub(super) fn json<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let body = body.map_err(|rejection| ApiError::MalformedBody(rejection.body_text()))?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::MalformedBody(abbreviated(&error.to_string())))
}

/// A name in a path.
pub(super) fn name(parameter: &'static str, path: PathName) -> Result<String, ApiError> {
    match path {
        Ok(Path(name)) => Ok(name),
        Err(rejection) => Err(malformed(parameter, &rejection.body_text())),
    }
}

pub(super) fn malformed(name: &'static str, problem: &str) -> ApiError {
    ApiError::MalformedParameter {
        name,
        problem: abbreviated(problem),
    }
}

/// The parameters that were given and are not empty.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(pairs: QueryPairs) -> Result<Self, ApiError> {
        match pairs {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(rejection) => Err(malformed("query", &rejection.body_text())),
        }
    }

    pub(super) fn first(&self, name: &'static str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn duration(&self, name: &'static str) -> Result<Option<Duration>, ApiError> {
        let duration = self.first(name).map(units::parse_duration).transpose();
        duration.map_err(|problem| malformed(name, &problem))
    }
}

/// An instant of a body; `default` where it is absent.
pub(super) fn instant(
    name: &'static str,
    text: Option<&str>,
    default: UnixNanos,
    now: UnixNanos,
) -> Result<UnixNanos, ApiError> {
    let Some(text) = text else {
        return Ok(default);
    };
    instant::parse(text, now).ok_or_else(|| {
        let text = abbreviated(text);
        let problem = format!(
            "`{name}`: {text:?} is no instant such as now, now-6h, 1795446245 (seconds since 1970) or 2026-11-23T18:00:00Z"
        );
        ApiError::MalformedBody(problem)
    })
}
