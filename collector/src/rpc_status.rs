//! `google.rpc.Status`: how gRPC, and OTLP over HTTP, tell what went wrong.

use std::time::Duration;

use serde_json::json;

use crate::protobuf::{put_bytes, put_number};

/// The codes of `google.rpc.Code` that we answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RpcCode {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}

/// A `google.rpc.Status`.
#[derive(Clone, Debug)]
pub(crate) struct RpcStatus {
    pub(crate) code: RpcCode,
    pub(crate) message: String,
    /// Tells the sender to come again; becomes a `google.rpc.RetryInfo`.
    pub(crate) retry_after: Option<Duration>,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl RpcStatus {
    pub(crate) fn new(code: RpcCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn with_retry_after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..self
        }
    }

    /// `Status { int32 code = 1; string message = 2; repeated Any details = 3; }`
    pub(crate) fn to_protobuf(&self) -> Vec<u8> {
        let mut status = Vec::new();
        put_number(&mut status, 1, u64::from(self.code as u8));
        put_bytes(&mut status, 2, self.message.as_bytes());
        if let Some(retry_after) = self.retry_after {
            let mut duration = Vec::new();
            put_number(&mut duration, 1, retry_after.as_secs());
            put_number(&mut duration, 2, u64::from(retry_after.subsec_nanos()));
            let mut retry_info = Vec::new();
            put_bytes(&mut retry_info, 1, &duration);
            let mut any = Vec::new();
            put_bytes(&mut any, 1, RETRY_INFO.as_bytes());
            put_bytes(&mut any, 2, &retry_info);
            put_bytes(&mut status, 3, &any);
        }
        status
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut status = json!({ "code": self.code as u8, "message": self.message });
        if let Some(retry_after) = self.retry_after {
            let delay = format!("{}s", retry_after.as_secs_f64());
            status["details"] = json!([{ "@type": RETRY_INFO, "retryDelay": delay }]);
        }
        status.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_in_json_has_its_retry_info() {
        let status = RpcStatus::new(RpcCode::Unavailable, "wait")
            .with_retry_after(Duration::from_millis(1500));
        let value: serde_json::Value = serde_json::from_slice(&status.to_json()).expect("JSON");
        let details = json!([{ "@type": RETRY_INFO, "retryDelay": "1.5s" }]);
        assert_eq!(
            value,
            json!({ "code": 14, "message": "wait", "details": details })
        );
    }
}
