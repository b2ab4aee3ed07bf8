//! A line of the decision log.

use aws_lc_rs::hmac;
use base::Millis;
use seal::Sealer;
use serde::Serialize;

use super::Logged;

/// What stands for a subject in the decision log: the same for the same person, and nothing to
/// those who have not the key.
pub fn mask(sealer: &Sealer, subject: &str) -> String {
    Masking::new(sealer).mask(subject)
}

/// Masks subjects with the key of the installation.
pub(super) struct Masking(hmac::Key);

#[derive(Serialize)]
struct Line<'a> {
    time_ms: i64,
    caller: &'a str,
    subject: &'a str,
    permission: &'a str,
    resource: &'a str,
    effect: &'static str,
    reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    grant: &'a str,
    revision: i64,
}

#[derive(Serialize)]
struct Dropped {
    time_ms: i64,
    dropped: u64,
}

impl Masking {
    pub(super) fn new(sealer: &Sealer) -> Self {
        let key = sealer.key("decision log");
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    fn mask(&self, subject: &str) -> String {
        let tag = hmac::sign(&self.0, subject.as_bytes());
        let short = tag.as_ref().first_chunk::<16>();
        format!(
            "{:032x}",
            u128::from_be_bytes(short.copied().unwrap_or_default())
        )
    }

    /// Appends a decision to `lines`.
    pub(super) fn write(&self, logged: &Logged, lines: &mut Vec<u8>) {
        let mut names = logged.names.splitn(5, ' ');
        let mut next = || names.next().unwrap_or_default();
        let (caller, subject) = (next(), self.mask(next()));
        let reason = logged.reason.as_str_name();
        let reason = reason.trim_start_matches("DECISION_REASON_");
        let line = Line {
            time_ms: logged.time.0,
            caller,
            subject: &subject,
            permission: next(),
            resource: next(),
            effect: if reason == "ALLOWED" { "ALLOW" } else { "DENY" },
            reason,
            grant: next(),
            revision: logged.revision,
        };
        append(&line, lines);
    }
}

/// Appends how many decisions were not written.
pub(super) fn write_dropped(time: Millis, dropped: u64, lines: &mut Vec<u8>) {
    let time_ms = time.0;
    append(&Dropped { time_ms, dropped }, lines);
}

fn append(line: &impl Serialize, lines: &mut Vec<u8>) {
    // Strings and numbers are always JSON, and memory can always be written.
    let _ = serde_json::to_writer(&mut *lines, line);
    lines.push(b'\n');
}
