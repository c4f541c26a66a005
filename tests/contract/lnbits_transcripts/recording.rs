//! The recorded calls as they stand in the file. Knows nothing of ours.

use reqwest::Method;
use serde_json::Value;

const RECORDED: &str = include_str!("../data/lnbits-1.6.2-transcripts.jsonl");

/// One call and its answer.
pub struct Call {
    pub name: String,
    /// `WS` for a WebSocket.
    pub method: String,
    pub path: String,
    /// Who called, in the recorder's words.
    pub auth: String,
    pub body: Option<Value>,
    pub status: u16,
    pub response: Value,
}

impl Call {
    pub fn http_method(&self) -> Method {
        self.method.parse().unwrap()
    }
}

pub fn calls() -> Vec<Call> {
    RECORDED.lines().map(call).collect()
}

fn call(line: &str) -> Call {
    let mut row: Value = serde_json::from_str(line).unwrap();
    let text = |field: &str| row[field].as_str().unwrap().to_owned();
    Call {
        name: text("name"),
        method: text("method"),
        path: text("path"),
        auth: text("auth"),
        body: Some(row["request_body"].clone()).filter(|body| !body.is_null()),
        status: row["status"].as_u64().unwrap().try_into().unwrap(),
        response: row["response_body"].take(),
    }
}
