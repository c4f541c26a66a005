//! An in-process regtest chain with an Esplora-compatible server, counterparty nodes and the sandbox.

pub mod chain;
