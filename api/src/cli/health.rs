//! `tilld health`: how the till that serves here is, as an exit code. Owns the question, which any client could ask; it
//! needs neither the data folder nor the seed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::args::{HealthArgs, Settings};
use super::console::Console;
use super::error::CliError;
use super::files;
use crate::http::PROBES;

/// An answer that takes longer is none.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// The longest answer that is repeated.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// The till is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwell {
    #[error("the till at {address} cannot be asked: {reason}")]
    Silent { address: SocketAddr, reason: String },
    #[error("the till at {address} answers {status}: {body}")]
    Says {
        address: SocketAddr,
        status: StatusCode,
        body: String,
    },
}

pub(super) fn run(
    settings: &Settings,
    args: &HealthArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let (loaded, _) = files::load(settings, env)?;
    let address = door(loaded.config.http.listen);
    let [alive, ready] = PROBES;
    let path = if args.ready { ready } else { alive };
    let silent = |reason: String| Unwell::Silent { address, reason };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build();
    let runtime = runtime.map_err(|error| silent(error.to_string()))?;
    let asked = async { timeout(ANSWER_LIMIT, ask(address, path)).await };
    let (status, body) = match runtime.block_on(asked) {
        Ok(answered) => answered.map_err(|error| silent(error.to_string()))?,
        Err(_late) => {
            let limit = ANSWER_LIMIT.as_secs();
            return Err(silent(format!("no answer within {limit} s")).into());
        }
    };
    if status != StatusCode::OK {
        return Err(Unwell::Says {
            address,
            status,
            body,
        }
        .into());
    }
    console.say(&format!("{}\n", if args.ready { "ready" } else { "alive" }));
    Ok(())
}

/// Whoever listens on all addresses is asked on loopback.
fn door(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn ask(address: SocketAddr, path: &str) -> Result<(StatusCode, String), Failed> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::cli::tests::Machine;

    /// Answers one request; gives its first line.
    fn till(answer: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let told = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            asked.lines().next().unwrap_or_default().to_owned()
        });
        (address, told)
    }

    #[test]
    fn the_answer_is_the_exit_code() {
        let well = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let unwell = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 8\r\n\r\nno chain";
        let mut machine = Machine::new();
        let (address, told) = till(well);
        machine.succeeds(&format!("tilld --listen {address} health"));
        assert_eq!(machine.console.out, "alive\n");
        assert_eq!(told.join().unwrap(), "GET /healthz HTTP/1.1");

        let (address, told) = till(unwell);
        let command = format!("tilld --listen {address} health --ready");
        machine.fails(&command, 1, "503 Service Unavailable: no chain");
        assert_eq!(told.join().unwrap(), "GET /readyz HTTP/1.1");

        // Nobody listens there any more.
        machine.fails(&command, 1, "cannot be asked");
    }

    #[test]
    fn one_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:9154", "127.0.0.1:9154"),
            ("[::]:9154", "[::1]:9154"),
            ("10.1.2.3:80", "10.1.2.3:80"),
        ] {
            assert_eq!(door(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
