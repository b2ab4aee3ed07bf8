//! Private servers for tests: PostgreSQL and Redis on free ports, in temporary folders.
//!
//! A server starts at its first use, and all tests of the process share it. It ends with the
//! process, however that ends: a shell that holds the server waits for the other end of a pipe to
//! close.

mod postgres;
mod redis;
mod server;

pub use postgres::Postgres;
pub use redis::Redis;
pub use server::{Server, StartError, free_port};
