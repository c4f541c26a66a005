//! A Lightning world in one process: a regtest chain, in-process or a real bitcoind's, with an Esplora-compatible server,
//! counterparty nodes, `tilld` as a child process, and the sandbox that shows it all.

pub mod bitcoind;
pub mod chain;
pub mod control;
pub mod electrum;
pub mod peer;
mod ports;
pub mod sandbox;
pub mod wait;
pub mod world;
