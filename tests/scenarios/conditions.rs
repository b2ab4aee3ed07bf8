//! Conditional grants.

mod bounds;
mod circumstances;
mod given;
mod listed;
mod paging;
mod shown;
mod spent;
