//! The other side of `streams`: opens what it is told to, and notes when it read what. Speaks just as much
//! HTTP as that takes.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::Failure;

/// Streams that are being opened at once.
const AT_ONCE: usize = 64;
/// What a client holds of what it has not looked at yet, in bytes.
const READ_BYTES: usize = 2_048;
const AMOUNT: &str = "\"amount\":";

pub(crate) async fn run(expected: Option<u64>) -> Result<(), Failure> {
    let (address, key) = (std::env::var("BENCH_ADDRESS")?, std::env::var("BENCH_KEY")?);
    let wallets = std::fs::read_to_string(std::env::var("BENCH_WALLETS")?)?;
    let wallets: Vec<&str> = wallets.lines().collect();
    let (tell, mut told) = mpsc::unbounded_channel();
    for some in wallets.chunks(AT_ONCE) {
        let opening = some.iter().map(|wallet| open(&address, &key, wallet));
        for opened in futures_util::future::join_all(opening).await {
            tokio::spawn(read(opened?, tell.clone()));
        }
    }
    println!("ready");
    let mut seen = Vec::new();
    while seen.len() < usize::try_from(expected.unwrap_or(0))? {
        seen.push(told.recv().await.ok_or("every stream has ended")?);
    }
    for (amount, nanos) in seen {
        println!("{amount} {nanos}");
    }
    Ok(())
}

/// A stream that has greeted.
async fn open(
    address: &str,
    key: &str,
    wallet: &str,
) -> Result<BufReader<TcpStream>, std::io::Error> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "GET /v1/wallets/{wallet}/events HTTP/1.1\r\nhost: till\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut stream = BufReader::with_capacity(READ_BYTES, stream);
    let mut line = String::new();
    while !line.starts_with(": connected") {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(stream)
}

async fn read(mut stream: BufReader<TcpStream>, tell: mpsc::UnboundedSender<(u64, u128)>) {
    let mut line = String::new();
    loop {
        line.clear();
        match stream.read_line(&mut line).await {
            Ok(read) if read > 0 => {}
            Ok(_) | Err(_) => return,
        }
        let Some((_, rest)) = line.split_once(AMOUNT) else {
            continue;
        };
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
        let amount = digits.and_then(|digits| digits.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        if let (Some(amount), Ok(now)) = (amount, now) {
            // Nobody listens any more once everything expected was read.
            let _ = tell.send((amount, now.as_nanos()));
        }
    }
}
