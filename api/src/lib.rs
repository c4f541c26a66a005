//! What is seen: the surfaces, configuration and command line of the till.

pub mod cli;
pub mod config;
pub mod seed;
pub mod telemetry;
