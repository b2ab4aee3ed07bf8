//! The facts in memory, and what keeps them current.
//!
//! Everything in memory is of one revision. One task, the [`keeper`], reads the log of changes
//! to its end and whatever is wanted in one snapshot, and puts both into memory in one step; so
//! facts of different moments are never mixed, no load can bring back what a change took away
//! meanwhile, and a fact that many ask for is loaded once.

mod keeper;
mod load;
mod patch;
mod piece;
mod reading;
mod world;

pub(crate) use keeper::{Facts, FactsError, Settings};
pub(crate) use piece::{Feed, Piece};
pub(crate) use reading::Reading;
pub(crate) use world::{Key, Place, World};
