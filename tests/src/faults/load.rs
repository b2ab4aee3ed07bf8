//! Load: writers, clients that query each replica, and readers of Redis.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    asker::Asker,
    fleet::{Fleet, REPLICAS},
    random::Random,
    world::USERS,
    write::{Tokens, Writer},
};

/// The pace of the load. Times are ranges in milliseconds, from and to.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Time for which a user holds a grant.
    pub with: (usize, usize),
    /// Time for which a user holds no grant. Must exceed the lease, or no test could observe the
    /// state after it.
    pub without: (usize, usize),
    /// Time between two questions.
    pub between: (usize, usize),
    /// Number of clients that query each replica by calls.
    pub callers: usize,
    /// Number of readers of Redis.
    pub readers: usize,
}

/// Load that runs until it is stopped.
pub struct Load {
    stop_writing: CancellationToken,
    stop_asking: CancellationToken,
    writers: JoinSet<()>,
    askers: JoinSet<Option<()>>,
}

impl Load {
    /// Starts the load. No user may hold a grant before.
    pub fn start(fleet: &Arc<Fleet>, pace: Pace, random: &mut Random) -> Self {
        let tokens = Arc::<Tokens>::default();
        let (stop_writing, stop_asking) = (CancellationToken::new(), CancellationToken::new());
        let (mut writers, mut askers) = (JoinSet::new(), JoinSet::new());
        for user in 0..USERS {
            let writer = Writer::new(fleet, tokens.clone(), user, pace, random.fork());
            writers.spawn(writer.run(stop_writing.clone()));
        }
        let mut asker = || Asker {
            fleet: fleet.clone(),
            tokens: tokens.clone(),
            pace,
            random: random.fork(),
        };
        for replica in 0..REPLICAS {
            for number in 0..pace.callers {
                let calls = asker().call(replica, number.is_multiple_of(2));
                askers.spawn(stop_asking.clone().run_until_cancelled_owned(calls));
            }
            let streams = asker().stream(replica);
            askers.spawn(stop_asking.clone().run_until_cancelled_owned(streams));
        }
        for _ in 0..pace.readers {
            let reads = asker().read();
            askers.spawn(stop_asking.clone().run_until_cancelled_owned(reads));
        }
        Self {
            stop_writing,
            stop_asking,
            writers,
            askers,
        }
    }

    /// Stops the writers, and then the clients and readers.
    pub async fn stop(mut self) {
        self.stop_writing.cancel();
        while let Some(ended) = self.writers.join_next().await {
            ended.expect("a writer");
        }
        self.stop_asking.cancel();
        while let Some(ended) = self.askers.join_next().await {
            ended.expect("a client");
        }
    }
}
