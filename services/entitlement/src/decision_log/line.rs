//! A line of the decision log.

use aws_lc_rs::hmac;
use entitlement_core::Map;
use serde::Serialize;
use tokens::Sealer;

use super::Logged;

/// Returns the mask of a subject in the decision log: the same for the same subject, and
/// meaningless without the key.
pub fn mask(sealer: &Sealer, subject: &str) -> String {
    Masking::new(sealer).mask(subject)
}

/// Maximum number of cached masks: most subjects occur again.
const MAX_CACHED_MASKS: usize = 4096;

/// Masks subjects with a key of the installation.
pub(super) struct Masking {
    key: hmac::Key,
    masks: Map<Box<str>, Box<str>>,
}

/// A decision as written.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) time_ms: i64,
    pub(super) caller: &'a str,
    /// Masked.
    pub(super) subject: &'a str,
    pub(super) permission: &'a str,
    pub(super) resource: &'a str,
    pub(super) effect: &'static str,
    pub(super) reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) grant: &'a str,
    pub(super) revision: i64,
}

/// The number of dropped decisions.
#[derive(Serialize)]
pub(super) struct Dropped {
    pub(super) time_ms: i64,
    pub(super) dropped: u64,
}

impl Masking {
    pub(super) fn new(sealer: &Sealer) -> Self {
        let key = sealer.key("decision log");
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            masks: Map::default(),
        }
    }

    fn mask(&self, subject: &str) -> String {
        let tag = hmac::sign(&self.key, subject.as_bytes());
        let short = tag.as_ref().first_chunk::<16>();
        format!(
            "{:032x}",
            u128::from_be_bytes(short.copied().unwrap_or_default())
        )
    }

    /// Returns a decision as a line, with its subject masked.
    pub(super) fn line<'l>(&'l mut self, logged: &'l Logged) -> Line<'l> {
        let mut names = logged.names.splitn(5, ' ');
        let mut next = || names.next().unwrap_or_default();
        let (caller, subject) = (next(), next());
        if !self.masks.contains_key(subject) {
            if self.masks.len() == MAX_CACHED_MASKS {
                self.masks.clear();
            }
            self.masks.insert(subject.into(), self.mask(subject).into());
        }
        let subject = self.masks.get(subject).map_or("", |mask| mask);
        let reason = logged.reason.as_str_name();
        let reason = reason.trim_start_matches("DECISION_REASON_");
        Line {
            time_ms: logged.time.0,
            caller,
            subject,
            permission: next(),
            resource: next(),
            effect: if reason == "ALLOWED" { "ALLOW" } else { "DENY" },
            reason,
            grant: next(),
            revision: logged.revision,
        }
    }
}

/// Appends a line to `lines`.
pub(super) fn append(line: &impl Serialize, lines: &mut Vec<u8>) {
    // Strings and numbers always serialize, and a write to memory cannot fail.
    let _ = serde_json::to_writer(&mut *lines, line);
    lines.push(b'\n');
}
