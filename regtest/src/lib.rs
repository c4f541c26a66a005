//! A Lightning world in one process: an in-process regtest chain with an Esplora-compatible server,
//! counterparty nodes, `tilld` as a child process, and the sandbox that shows it all.

pub mod chain;
pub mod control;
pub mod peer;
pub mod sandbox;
pub mod wait;
pub mod world;
