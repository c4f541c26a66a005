//! Free ports for whoever starts processes. Knows nothing of what listens there.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Where ports are drawn from; Linux gives outgoing connections those from 32,768 on.
const PORTS: std::ops::Range<u16> = 10_000..32_768;
/// Ports that may be taken before there are said to be none.
const PORT_TRIES: usize = 100;

/// Ports that are free now. All are bound at once, so that they differ. They are drawn from below those
/// that systems give to outgoing connections: until somebody listens there, nobody gets one by chance.
///
/// # Errors
/// The system's, if it gives none.
pub(crate) fn free_addresses<const N: usize>() -> io::Result<[SocketAddr; N]> {
    let listeners: Vec<TcpListener> = (0..N).map(|_| free_port()).collect::<Result<_, _>>()?;
    let mut addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); N];
    for (address, listener) in addresses.iter_mut().zip(&listeners) {
        *address = listener.local_addr()?;
    }
    Ok(addresses)
}

fn free_port() -> io::Result<TcpListener> {
    let mut tries = 0;
    loop {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let port = PORTS.start + u16::from_le_bytes(bytes) % (PORTS.end - PORTS.start);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if tries == PORT_TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}
