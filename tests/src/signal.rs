//! Signals to processes, sent by a system call. Each function waits for the effect, because a fault
//! that did not happen would let its test pass.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Maximum time for a process to obey, and the time between two looks.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// Sends SIGTERM to a process.
pub fn terminate(process: u32) {
    assert!(send(process, Signal::TERM), "process {process} is gone");
}

/// Kills a process, and returns when it has ended.
pub fn kill(process: u32) {
    assert!(send(process, Signal::KILL), "process {process} is gone");
    await_state(process, |state| state.is_none_or(is_ended));
}

/// Kills a child, which must still run, and reaps it.
pub fn kill_running(child: &mut Child) {
    child.kill().expect("a child that can be killed");
    let status = child.wait().expect("the end of a child");
    // A test that is already failing keeps its message.
    if !thread::panicking() {
        assert_eq!(status.signal(), Some(9), "ended by itself: {status}");
    }
}

/// Returns the processes whose parent is this one.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("the processes");
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process| stat(*process).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Returns the state of a process and its parent; `None` if there is no such process.
fn stat(process: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name is in parentheses and may contain parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Returns true if the process is dead, or a zombie that its parent has not reaped yet.
fn is_ended(state: char) -> bool {
    matches!(state, 'Z' | 'X')
}

/// Sends a signal. Returns false if there is no such process.
fn send(process: u32, signal: Signal) -> bool {
    let id = i32::try_from(process).ok().and_then(Pid::from_raw);
    match kill_process(id.expect("the id of a process"), signal) {
        Ok(()) => true,
        Err(rustix::io::Errno::SRCH) => false,
        Err(error) => panic!("no signal to process {process}: {error}"),
    }
}

fn await_state(process: u32, is: impl Fn(Option<char>) -> bool) {
    let begin = Instant::now();
    loop {
        let state = stat(process).map(|(state, _)| state);
        if is(state) {
            return;
        }
        let took = begin.elapsed();
        assert!(took < PATIENCE, "process {process} is in state {state:?}");
        thread::sleep(PAUSE);
    }
}

/// Processes that stay paused until this is dropped.
#[derive(Debug)]
pub struct Paused(Vec<u32>);

impl Paused {
    /// Pauses a process, and returns when it has stopped.
    pub fn process(process: u32) -> Self {
        assert!(send(process, Signal::STOP), "process {process} is gone");
        await_state(process, |state| state == Some('T'));
        Self(vec![process])
    }

    /// Pauses a process and its children. Stops the process first, so that it starts no other
    /// children.
    pub fn tree(root: u32) -> Self {
        let mut paused = Self::process(root);
        // A child may end before the signal arrives.
        for child in children(root) {
            if send(child, Signal::STOP) {
                await_state(child, |state| {
                    state.is_none_or(|state| state == 'T' || is_ended(state))
                });
                paused.0.push(child);
            }
        }
        paused
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        for process in &self.0 {
            // A process that was killed meanwhile does not continue.
            if send(*process, Signal::CONT) && !thread::panicking() {
                await_state(*process, |state| state != Some('T'));
            }
        }
    }
}
