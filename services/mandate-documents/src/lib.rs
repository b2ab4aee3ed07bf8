//! The declarative documents: their form, and their application to an installation through its
//! services.

pub mod apply;
pub mod clients;
pub mod document;
mod hex;
pub mod moment;
