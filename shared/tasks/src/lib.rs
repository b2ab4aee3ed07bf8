//! Long-lived tasks of a process, each with a name.
//!
//! A task that ends unnoticed leaves a process that looks alive and does not do its work. A task that
//! can begin again is restarted; the end of any other stops the process, which drains its calls and
//! fails, so that its supervisor starts it again.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

/// Time before a task that ended is started again.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Starts the tasks of a process.
#[derive(Debug, Clone)]
pub struct Tasks {
    stop: CancellationToken,
    ended: Arc<OnceLock<&'static str>>,
}

impl Tasks {
    /// Returns a starter of tasks that all end when `stop` is cancelled. The end of an essential task
    /// cancels it, too.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            ended: Arc::default(),
        }
    }

    /// Returns the token that ends all tasks.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Returns the name of the first essential task that ended before it was told to.
    pub fn ended(&self) -> Option<&'static str> {
        self.ended.get().copied()
    }

    /// Starts an essential task: one that the process cannot do without and that cannot begin again,
    /// because its state is lost with it. Its end stops the process.
    pub fn run(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let own = self.clone();
        tokio::spawn(async move {
            if own.lives(name, task).await {
                return;
            }
            let _ = own.ended.set(name);
            own.stop.cancel();
        });
    }

    /// Starts a task, and again a second after each end of it.
    pub fn keep<F>(&self, name: &'static str, mut start: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let own = self.clone();
        tokio::spawn(async move {
            while !own.lives(name, start()).await {
                tokio::time::sleep(RESTART_DELAY).await;
            }
        });
    }

    /// Runs a task. Returns true if it was told to end, and logs any other end.
    async fn lives(&self, name: &'static str, task: impl Future<Output = ()>) -> bool {
        let task = AssertUnwindSafe(task).catch_unwind();
        match self.stop.run_until_cancelled(task).await {
            None => return true,
            Some(Ok(())) => tracing::error!(task = name, "a task ended"),
            Some(Err(panic)) => {
                tracing::error!(task = name, panic = message(&*panic), "a task panicked");
            }
        }
        false
    }
}

/// Returns the message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn tasks() -> Tasks {
        Tasks::new(CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_ends_is_started_again() {
        let (tasks, starts) = (tasks(), Arc::<AtomicU32>::default());
        let counted = starts.clone();
        tasks.keep("kept", move || {
            let start = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(start % 2 == 0, "every other one panics") }
        });
        tokio::time::sleep(RESTART_DELAY * 9 / 2).await;
        assert_eq!(starts.load(Ordering::Relaxed), 5);
        assert_eq!(tasks.ended(), None);

        tasks.stop().cancel();
        tokio::time::sleep(RESTART_DELAY * 9 / 2).await;
        assert_eq!(starts.load(Ordering::Relaxed), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_an_essential_task_stops_the_process() {
        for end in [true, false] {
            let tasks = tasks();
            tasks.run("essential", async move { assert!(end, "it panics") });
            tasks.stop().cancelled().await;
            assert_eq!(tasks.ended(), Some("essential"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_told_to_end_is_no_failure() {
        let tasks = tasks();
        tasks.run("essential", std::future::pending());
        tasks.stop().cancel();
        tokio::time::sleep(RESTART_DELAY).await;
        assert_eq!(tasks.ended(), None);
    }
}
