//! A client of Server-Sent Events that hides nothing: every frame as it came, comments and ids too.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::timeout;

use crate::lnbot::Bot;

/// No frame takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A frame: what stands between two empty lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its lines, in order.
    pub lines: Vec<String>,
}

/// A stream of frames.
#[derive(Debug)]
pub struct Frames {
    /// The answer's status and headers are here.
    pub response: reqwest::Response,
    read: String,
    frames: VecDeque<Frame>,
}

impl Frame {
    /// What a field says.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        let mut lines = self.lines.iter();
        lines.find_map(|line| line.strip_prefix(&prefix))
    }

    /// Its data.
    #[must_use]
    pub fn data(&self) -> Option<Value> {
        let text = self.field("data")?;
        Some(serde_json::from_str(text).expect("JSON in one line"))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.field("id")?.parse().ok()
    }
}

impl Bot {
    /// Opens a stream (below `/v1`), or says with which answer it was refused.
    pub async fn listen(
        &self,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Result<Frames, (u16, Value)> {
        let mut request = self.request(Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        if status != 200 {
            return Err((status, response.json().await.unwrap_or(Value::Null)));
        }
        Ok(Frames {
            response,
            read: String::new(),
            frames: VecDeque::new(),
        })
    }
}

impl Frames {
    /// The next frame; `None` once the stream has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let chunk = timeout(LIMIT, self.response.chunk()).await;
            // A connection that is cut and one that ends are the same to a client: it resumes.
            let chunk = chunk.expect("a frame in time").ok().flatten()?;
            self.read
                .push_str(std::str::from_utf8(&chunk).expect("frames are text"));
            while let Some((frame, rest)) = self.read.split_once("\n\n") {
                let lines = frame.lines().map(str::to_owned).collect();
                self.frames.push_back(Frame { lines });
                self.read = rest.to_owned();
            }
        }
    }

    /// The next frame that tells something, signs of life passed over.
    pub async fn told(&mut self) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.field("data").is_some() {
                return Some(frame);
            }
        }
    }
}
