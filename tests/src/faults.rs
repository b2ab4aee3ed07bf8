//! Attacks on the freshness of answers: three replicas as processes, proxies on all their
//! connections, load with a recorded history, and a checker that judges the history.

mod actions;
mod ask;
mod asker;
mod checker;
mod deeds;
mod failover;
mod fleet;
mod history;
mod kind;
mod load;
mod process;
mod proxy;
mod random;
mod read;
mod redis;
mod report;
mod round;
mod sniff;
mod world;
mod write;

pub use ask::{Answer, DEADLINE};
pub use checker::{Check, LEASE, Violation};
pub use failover::{Cluster, Watched};
pub use fleet::{Fleet, REPLICAS};
pub use history::{History, Read, Via, Write};
pub use kind::{Fault, Trial};
pub use load::{Load, Pace};
pub use proxy::{Mode, Proxy};
pub use random::Random;
pub use read::Reader;
pub use redis::RedisServer;
pub use report::Report;
pub use round::Times;
pub use world::{COLD, PERMISSION, USERS, place, user};

pub use crate::signal::Paused;
