//! The database: a log of commits, and the facts that it comes to.

use std::sync::LazyLock;

use base::{Id, OrganizationId};
use freshness::{Change, Journal};

use crate::rules::{Rule, Rules};

/// Who is asked about.
pub const SUBJECT: &str = "users/jan";
/// Where everything happens.
pub static ORGANIZATION: LazyLock<OrganizationId> = LazyLock::new(organization);

/// Changes that a journal keeps; one, so that two changes are enough to forget.
const KEPT: u8 = 1;

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Takes the user's grant away.
    Revoke,
    /// Gives it again.
    Grant,
    /// Takes the application from the whole organization.
    Withdraw,
    /// Changes the grants of somebody else.
    Other,
}

/// An event and when it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commit {
    pub event: Event,
    pub at: u8,
}

/// All commits. The revision of a commit is its place, counted from one; revision zero is the
/// state at the beginning, in which the user has access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Log(Vec<Commit>);

impl Log {
    /// The revision of the last commit.
    pub fn revision(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// Commits at a time.
    pub fn commit(&mut self, event: Event, at: u8) {
        self.0.push(Commit { event, at });
    }

    /// Loses the last commit.
    pub fn lose(&mut self) {
        self.0.pop();
    }

    /// What can be committed next and changes something.
    pub fn possible(&self) -> impl Iterator<Item = Event> {
        let granted = self.granted(self.revision());
        let withdrawn = self.withdrawn(self.revision());
        [
            (Event::Revoke, granted),
            (Event::Grant, !granted),
            (Event::Withdraw, !withdrawn),
            (Event::Other, true),
        ]
        .into_iter()
        .filter_map(|(event, possible)| possible.then_some(event))
    }

    /// Whether the user has access, by the facts at a revision.
    pub fn allows(&self, revision: u8) -> bool {
        self.granted(revision) && !self.withdrawn(revision)
    }

    /// Whether the facts said so at some moment less than `lease` ago.
    pub fn said_within(&self, allow: bool, lease: u8, now: u8) -> bool {
        (0..=self.revision()).any(|revision| {
            let ended = self.0.get(usize::from(revision)).map(|next| next.at);
            self.allows(revision) == allow && ended.is_none_or(|at| at + lease > now)
        })
    }

    /// When access was last taken away, if it is not given now.
    pub fn denied_since(&self) -> Option<u8> {
        let last = self.0.last().filter(|_| !self.allows(self.revision()));
        last.map(|commit| commit.at)
    }

    /// What the journal of a replica holds that has read up to a revision.
    pub fn journal(&self, revision: u8, rules: Rules) -> Journal {
        let forgotten = revision.saturating_sub(KEPT);
        let mut journal = if rules.keep(Rule::ForgottenIsUnknown) {
            Journal::since(forgotten.into())
        } else {
            Journal::default()
        };
        let known = self.0.iter().zip(1..=revision);
        for (commit, at) in known.skip(usize::from(forgotten)) {
            match commit.event {
                Event::Revoke | Event::Grant => {
                    journal.note(Change::Member(&ORGANIZATION, SUBJECT), at.into());
                }
                Event::Other => {
                    journal.note(Change::Member(&ORGANIZATION, "users/eva"), at.into());
                }
                Event::Withdraw if rules.keep(Rule::SharedChangesTouchAll) => {
                    journal.note(Change::Organization(&ORGANIZATION), at.into());
                }
                Event::Withdraw => {}
            }
        }
        journal.advance(revision.into());
        journal
    }

    fn granted(&self, revision: u8) -> bool {
        let until = self.0.iter().take(usize::from(revision));
        until.fold(true, |granted, commit| match commit.event {
            Event::Revoke => false,
            Event::Grant => true,
            Event::Withdraw | Event::Other => granted,
        })
    }

    fn withdrawn(&self, revision: u8) -> bool {
        let mut until = self.0.iter().take(usize::from(revision));
        until.any(|commit| commit.event == Event::Withdraw)
    }
}

#[expect(clippy::expect_used, reason = "a constant, in a test")]
fn organization() -> OrganizationId {
    OrganizationId::parse("acme").expect("an id")
}
