//! Grants that hold under a condition.

mod bounds;
mod circumstances;
mod given;
mod listed;
mod paging;
mod shown;
mod spent;
