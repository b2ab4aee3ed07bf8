//! The product as its users meet it, through its public interface, in every setting. A test
//! that is named after a scenario or an attack is how that is held.

mod portals;
