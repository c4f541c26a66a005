//! The regtest chain, from mining to the Esplora server, through its public interface only.

#![allow(clippy::panic)]

mod esplora;
mod mining;
mod real;
mod rejects;
mod reorgs;
mod scripts;
mod store;
mod support;
mod wallets;
