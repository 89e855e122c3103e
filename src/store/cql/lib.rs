//! The driver of Cassandra behind a C interface. kck_cql.h is the contract; this crate keeps it:
//!
//! - each request is called back exactly once: by its task, or by the drop of its `Done` where the task panics or the
//!   client is closed;
//! - no panic crosses into C++;
//! - results keep the frame that their cells point into.
mod abi;
mod cells;
mod client;
mod cql_words;
mod done;
mod request;
mod result;
mod retry;
mod settings;
mod statement;
mod status;
mod tls;
