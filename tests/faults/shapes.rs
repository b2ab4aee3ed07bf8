//! Redis with Sentinel, and as a cluster: decisions are shared, revocations hold, and another node
//! replaces a lost one.

use std::{sync::Arc, time::Duration};

use tests::{
    faults::{Cluster, Fault, Fleet, RedisServer, Times, Watched},
    program,
};

use crate::{
    rounds::print,
    shared::{run, trial, turn},
};

/// Runs a round that loses a node.
async fn lose(url: String, seed: u64, fail_over: impl FnOnce() + Send + 'static) {
    let _turn = turn().await;
    // The proxies to a single Redis server are unused.
    let fleet = Fleet::start_on(&program(), RedisServer::start(), Some(&url)).await;
    let fleet = Arc::new(fleet);
    let history = fleet.history.clone();
    let trial = trial(&fleet, seed);
    let report = trial.run_with(Fault::RedisFailedOver, async |_| {
        let begin = history.now();
        let failed_over = tokio::task::spawn_blocking(fail_over);
        failed_over.await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        Times {
            begin,
            end: history.now(),
        }
    });
    let report = report.await;
    print(&report);
    report.assert();
}

#[test]
fn k_t_sentinel_puts_another_master_in_the_place_of_one_that_is_lost() {
    run(async {
        let watched = Arc::new(Watched::start());
        let own = watched.clone();
        lose(watched.url(), 21, move || own.fail_over()).await;
    });
}

#[test]
fn k_t_a_cluster_goes_on_without_a_master_that_is_lost() {
    run(async {
        let cluster = Arc::new(Cluster::start());
        let own = cluster.clone();
        lose(cluster.url(), 22, move || own.fail_over()).await;
    });
}
