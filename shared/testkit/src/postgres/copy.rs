//! Copies of a server: standbys and dumps.

use std::{path::Path, process::Command, thread, time::Duration};

use super::{Postgres, own_folder, run_by_owner};
use crate::server::{StartError, run};

/// Interval between polls of a standby's position, and the maximum number of polls.
const POLL: Duration = Duration::from_millis(20);
const TRIES: usize = 500;

impl Postgres {
    /// Starts a standby of the server, and waits until it has caught up.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn standby(&self) -> Result<Self, StartError> {
        let folder = own_folder()?;
        run(
            "pg_basebackup",
            run_by_owner(&self.programs.join("pg_basebackup"))
                .args(["--host=127.0.0.1", "--username=mandate", "--port"])
                .arg(self.server.port.to_string())
                .args(["--write-recovery-conf", "--checkpoint=fast", "--pgdata"])
                .arg(folder.join("data")),
        )?;
        let standby = Self::serve(self.programs.clone(), folder)?;
        let end = self.value("SELECT pg_current_wal_lsn()")?;
        let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{end}'");
        for _ in 0..TRIES {
            if standby.value(&reached)? == "t" {
                return Ok(standby);
            }
            thread::sleep(POLL);
        }
        Err(StartError::Silent("the standby"))
    }

    /// Disconnects a standby from its primary.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn disconnect(&self) -> Result<(), StartError> {
        self.psql("ALTER SYSTEM SET primary_conninfo = ''")?;
        self.psql("SELECT pg_reload_conf()")?;
        let receivers = "SELECT count(*) FROM pg_stat_wal_receiver";
        for _ in 0..TRIES {
            if self.value(receivers)? == "0" {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        Err(StartError::Silent("the standby"))
    }

    /// Pauses a standby: it receives changes from its primary but does not apply them.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn pause_replay(&self) -> Result<(), StartError> {
        self.psql("SELECT pg_wal_replay_pause()")
    }

    /// Makes a standby a primary.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn promote(&self) -> Result<(), StartError> {
        self.psql("SELECT pg_promote(true, 30)")
    }

    /// Dumps a database into a file: all of it, or the part that options of `pg_dump` select.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn dump(&self, url: &str, options: &[&str], file: &Path) -> Result<(), StartError> {
        let mut dump = self.client("pg_dump");
        run(
            "pg_dump",
            dump.args(options)
                .arg("--file")
                .arg(file)
                .arg(database(url)),
        )
    }

    /// Runs statements, and then those of a file, in one transaction.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn restore(&self, url: &str, before: &str, file: &Path) -> Result<(), StartError> {
        let mut psql = self.client("psql");
        run(
            "psql",
            psql.args(["--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1"])
                .args(["--command", before, "--file"])
                .arg(file)
                .arg(database(url)),
        )
    }

    fn value(&self, query: &str) -> Result<String, StartError> {
        let mut psql = self.client("psql");
        read(psql.args(["--dbname=postgres", "-qAtc", query]))
    }
}

fn read(command: &mut Command) -> Result<String, StartError> {
    let output = command.current_dir("/").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn database(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
