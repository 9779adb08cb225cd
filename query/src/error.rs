//! Why a question has no answer.

use std::time::Duration;

use arrow_schema::ArrowError;
use datafusion::error::DataFusionError;
use schemas::SpanBatchError;
use schemas::typed_json::TypedJsonError;

use crate::MalformedHistogram;

/// Why a question has no answer. Each kind says what the asker should do.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// As many questions run and wait as are allowed: ask again a little later.
    #[error("too many questions are being answered")]
    Busy,
    /// The answer took longer than allowed: ask for less, such as a shorter time range.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The answer needs more memory than queries may use: ask for less.
    #[error("the answer needs more memory than queries may use: {0}")]
    TooLarge(#[source] DataFusionError),
    /// The tables cannot be read: someone must look at the storage.
    #[error("the tables cannot be read: {0}")]
    Table(#[source] DataFusionError),
    /// A row holds attributes that spanhouse did not write: someone must look at the storage.
    #[error("a stored attribute cannot be read: {0}")]
    Attributes(#[from] TypedJsonError),
    /// A table has other columns than the span table: someone must look at the storage.
    #[error("the span table has unexpected columns: {0}")]
    Columns(#[from] SpanBatchError),
    /// A table that queries need is not there.
    #[error("there is no table {0:?}")]
    NoTable(&'static str),
    /// An answer could not be written down.
    #[error("the answer cannot be written: {0}")]
    Encode(#[from] serde_json::Error),
    /// An answer could not be written down as Arrow's columns.
    #[error("the answer's columns cannot be written: {0}")]
    EncodeColumns(#[from] ArrowError),
    /// Answering stopped before its end: the process shuts down, or a defect was hit.
    #[error("answering was stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
    /// The threads that answer questions cannot be started.
    #[error("the query threads cannot be started: {0}")]
    Threads(#[source] std::io::Error),
}

/// A row of figures that spanhouse did not write.
impl From<MalformedHistogram> for QueryError {
    fn from(error: MalformedHistogram) -> Self {
        Self::Table(DataFusionError::External(Box::new(error)))
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::TooLarge(error),
            _ => Self::Table(error),
        }
    }
}
