//! The command line as a newcomer meets it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;
use tests::program;

/// `mandate dev`, in a home of its own.
pub struct Dev {
    server: Child,
    home: TempDir,
    printed: Vec<String>,
}

impl Dev {
    /// Starts it, and returns once it is ready.
    pub fn start(home: TempDir) -> Self {
        let mut server = Command::new(program())
            .args(["dev", "--port", "0"])
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("MANDATE_CONFIG")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = Vec::new();
        for line in BufReader::new(server.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().unwrap().starts_with("Ctrl-C") {
                break;
            }
        }
        Self {
            server,
            home,
            printed,
        }
    }

    /// Types a command at a bare terminal.
    pub fn type_in(&self, command: &str) -> Output {
        shell(self.home.path(), command)
    }

    /// Where its data is.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn stop(mut self) -> TempDir {
        let id = self.server.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.server.wait().unwrap().success());
        self.home
    }
}

fn shell(home: &Path, command: &str) -> Output {
    Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_dev_prints_can_be_typed_and_answers() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let commands: Vec<&String> = dev
        .printed
        .iter()
        .filter(|line| line.starts_with("  "))
        .collect();
    assert_eq!(commands.len(), 2, "{:?}", dev.printed);
    let answer = text(&dev.type_in(commands[0]));
    assert!(answer.starts_with("ALLOW"), "{answer}");
    let explained = text(&dev.type_in(commands[1]));
    assert!(
        explained.contains("Conditions") && explained.contains("✓"),
        "{explained}"
    );

    let mandate = program().display().to_string();
    let denied = "check jan-peeters fleet.billing.edit transport-janssens";
    let output = dev.type_in(&format!("{mandate} {denied}"));
    assert!(output.status.success() && text(&output).starts_with("DENY"));
    let output = dev.type_in(&format!("{mandate} {denied} --error-on-deny"));
    assert_eq!(output.status.code(), Some(3));
    let output = dev.type_in(&format!(
        "{mandate} --json access jan-peeters transport-janssens"
    ));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json.to_string().contains("applications/fleet"), "{json}");
    let output = dev.type_in(&format!("{mandate} check jan-peeters"));
    assert_eq!(output.status.code(), Some(2));

    // Ended and begun again, the data is there and nothing is loaded twice.
    let again = Dev::start(dev.stop());
    let answer = text(
        &again.type_in(
            again
                .printed
                .iter()
                .find(|line| line.starts_with("  "))
                .unwrap(),
        ),
    );
    assert!(answer.starts_with("ALLOW"), "{answer}");
    let home = again.stop();
    let output = shell(home.path(), &format!("{mandate} {denied}"));
    assert_eq!(output.status.code(), Some(4));
}
