//! Start, sell, stay, stop.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use super::args::Args;
use super::report::Report;
use super::sale::{self, SaleError};
use crate::control::{self, Control};
use crate::world::{Progress, TilldCommand, World, WorldConfig, WorldError, child};

/// What a shell expects after a Ctrl-C.
const INTERRUPTED: u8 = 130;

/// The sandbox did not do what it is for.
#[derive(Debug, thiserror::Error)]
enum SandboxError {
    #[error("{flag} {addr} cannot be used ({source}): is another sandbox running? Choose another")]
    Address {
        flag: &'static str,
        addr: SocketAddr,
        source: std::io::Error,
    },
    #[error(
        "there is no bitcoind: name one (--bitcoind=EXE, or BITCOIND_EXE), put one on PATH, or run \
         regtest/get-bitcoind.sh target/bitcoind"
    )]
    NoBitcoind,
    #[error("the world did not start: {0}")]
    World(#[from] WorldError),
    #[error("no sale: {0}")]
    Sale(#[from] SaleError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The whole program: the sandbox, or the till where it was started as that.
pub fn main() -> ExitCode {
    if let Some(code) = child::run_if_child() {
        return code;
    }
    let args = Args::parse();
    start_logging();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sandbox: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&args)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Warnings go to stderr; `SANDBOX_LOG` asks for more. The till has a log of its own.
fn start_logging() {
    let filter = std::env::var("SANDBOX_LOG").unwrap_or_else(|_unset| "warn".to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}

async fn run(args: &Args) -> Result<ExitCode, SandboxError> {
    let begun = Instant::now();
    let config = world_config(args, begun)?;
    let interrupted = interruption()?;
    tokio::pin!(interrupted);
    let world = match World::start_unless(config, &mut interrupted).await {
        Err(WorldError::Interrupted) => return Ok(ExitCode::from(INTERRUPTED)),
        started => started?,
    };
    let shown = tokio::select! {
        biased;
        () = &mut interrupted => Ok(()),
        shown = show(args, &world, begun) => shown,
    };
    if !args.once && shown.is_ok() {
        eprintln!("\nstopping");
    }
    let stopped = world.stop().await;
    shown?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

/// Serves the control API, makes the sale, tells of it, and stays for as long as is asked for.
async fn show(args: &Args, world: &World, begun: Instant) -> Result<(), SandboxError> {
    let addr = args.control_listen();
    let control = Control::start(world.clone(), addr)
        .await
        .map_err(|source| SandboxError::Address {
            flag: "--control",
            addr,
            source,
        })?;
    step(begun, "making a sale");
    let sale = sale::make(world).await?;
    let info = control::info(world).await;
    let report = Report {
        world,
        info: &info,
        control_url: &control.url(),
        sale: &sale,
        ready_after: begun.elapsed(),
    };
    if args.json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
        if !args.once {
            println!("Ctrl-C stops everything.");
        }
    }
    if !args.once {
        std::future::pending::<()>().await;
    }
    control.stop().await;
    Ok(())
}

fn world_config(args: &Args, begun: Instant) -> Result<WorldConfig, SandboxError> {
    let free = |flag, addr| match TcpListener::bind(addr) {
        Ok(_listener) => Ok(()),
        Err(source) => Err(SandboxError::Address { flag, addr, source }),
    };
    let mut env: Vec<(String, String)> = std::env::vars()
        .filter(|(name, _)| name.starts_with("TILL_"))
        .collect();
    let given = env.iter().any(|(name, _)| name == "TILL_HTTP_LISTEN");
    let listen = args
        .till_listen()
        .filter(|_| args.listen.is_some() || !given);
    if let Some(listen) = listen {
        free("--listen", listen)?;
        // A flag wins over a variable.
        env.retain(|(name, _)| name != "TILL_HTTP_LISTEN");
    }
    free("--control", args.control_listen())?;
    let tilld = match &args.tilld {
        Some(program) => TilldCommand::executable(program),
        None => TilldCommand::this_program()?,
    };
    Ok(WorldConfig {
        dir: args.data_dir.clone(),
        remote_till: args.elsewhere.till(),
        remote_esplora: args.elsewhere.esplora_url.clone(),
        peers_host: args.elsewhere.peers_host.clone(),
        till_listen: listen,
        env,
        chain: args.chain().ok_or(SandboxError::NoBitcoind)?,
        progress: Progress::new(move |text| step(begun, text)),
        ..WorldConfig::new(tilld)
    })
}

fn step(begun: Instant, text: &str) {
    eprintln!("{:>6.1} s  {text}", begun.elapsed().as_secs_f64());
}

/// Ends with the first Ctrl-C or SIGTERM.
fn interruption() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
