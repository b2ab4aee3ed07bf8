//! The scenarios of the portals, and the guarantees during failures, tested through the public
//! interface in every setting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod admins;
mod again;
mod alone;
mod apart;
mod applying;
mod applying_killed;
mod applying_refused;
mod applying_steps;
mod as_of;
mod auditing;
mod business;
mod catalog;
mod conditions;
mod contacts;
mod controlling;
mod custom_roles;
mod cut_off;
mod deactivating;
mod deadlocks;
mod ending;
mod entitled;
mod expiring;
mod explaining;
mod feeds;
mod fleet;
mod granting;
mod hidden;
mod hosting;
mod ids;
mod invoices;
mod keeping;
mod large_pages;
mod law;
mod leaving;
mod listing;
mod lists;
mod logging;
mod logs;
mod lost_decisions;
mod managed;
mod managing;
mod members;
mod owners;
mod partners;
mod place;
mod previewing;
mod racing;
mod redis;
mod refusal;
mod replicas;
mod requests;
mod restoring;
mod revoking;
mod separating;
mod shared;
mod staff;
mod starting;
mod statements;
mod tokens;
mod told;
mod views;
mod watching;
mod widening;
mod world;
