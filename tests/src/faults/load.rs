//! Load: those who write, those who ask each replica, and those who read Redis.

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

/// How fast everybody goes. Times in milliseconds, from and to.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a user has a grant.
    pub with: (usize, usize),
    /// How long a user has none; longer than the lease, or nothing could be seen after it.
    pub without: (usize, usize),
    /// Between two questions.
    pub between: (usize, usize),
    /// Those who ask a replica by calls.
    pub callers: usize,
    /// Those who read Redis.
    pub readers: usize,
}

/// Load that goes on until it is stopped.
pub struct Load {
    stop_writing: CancellationToken,
    stop_asking: CancellationToken,
    writers: JoinSet<()>,
    askers: JoinSet<Option<()>>,
}

impl Load {
    /// Begins. Users have no grants before.
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

    /// Ends those who write, and then those who ask.
    pub async fn stop(mut self) {
        self.stop_writing.cancel();
        while let Some(ended) = self.writers.join_next().await {
            ended.expect("one who writes");
        }
        self.stop_asking.cancel();
        while let Some(ended) = self.askers.join_next().await {
            ended.expect("one who asks");
        }
    }
}
