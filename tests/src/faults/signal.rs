//! Processes that are stopped and go on.

use std::{fs, process::Command};

/// Sends a signal to a process; one that is gone already is as good.
pub(super) fn send(process: u32, signal: &str) {
    let _ = Command::new("kill")
        .args([format!("-{signal}"), process.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
}

/// The processes whose parent is this one.
pub(super) fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("the processes");
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process| parent_of(*process) == Some(parent))
        .collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name is in parentheses and may have any in it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Processes that stand still until this is dropped.
#[derive(Debug)]
pub struct Paused(Vec<u32>);

impl Paused {
    /// Stops a process.
    pub fn process(process: u32) -> Self {
        send(process, "STOP");
        Self(vec![process])
    }

    /// Stops a process and its children: itself first, so that it begins no others.
    pub fn tree(root: u32) -> Self {
        send(root, "STOP");
        let mut all = vec![root];
        for child in children(root) {
            send(child, "STOP");
            all.push(child);
        }
        Self(all)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        for process in &self.0 {
            send(*process, "CONT");
        }
    }
}
