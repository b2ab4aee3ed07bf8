//! The database: a log of commits, and the resulting facts.

use std::sync::LazyLock;

use freshness::{At, Change, Journal};
use types::{Epoch, Id, OrganizationId};

use crate::rules::{Rule, Rules};

/// The subject of all questions.
pub const SUBJECT: &str = "users/jan";
/// The organization of all commits.
pub static ORGANIZATION: LazyLock<OrganizationId> = LazyLock::new(organization);

/// The change of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Revokes the user's grant.
    Revoke,
    /// Grants access again.
    Grant,
    /// Withdraws the application from the whole organization.
    Withdraw,
    /// Changes the grants of another user.
    Other,
    /// Begins an epoch.
    Begin,
}

/// A commit, and the resulting state. Commits are counted from one, in the order in which they were
/// ever made: the count is the mark of the commit. Zero is the beginning, in which the user has
/// access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Commit {
    /// Absent at the beginning.
    event: Option<Event>,
    after: u8,
    epoch: u8,
    revision: u8,
    facts: Facts,
}

impl Commit {
    const FIRST: Self = Self {
        event: None,
        after: 0,
        epoch: 0,
        revision: 0,
        facts: Facts {
            granted: true,
            withdrawn: false,
        },
    };
}

/// The last commit of a history, for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Head {
    commit: u8,
    until: u8,
}

/// All commits that were ever made, and the last of the present history. A history that goes back
/// makes a tree of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Log {
    commits: Vec<Commit>,
    head: u8,
    before: Vec<Head>,
}

/// Facts about the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facts {
    granted: bool,
    withdrawn: bool,
}

impl Facts {
    /// True if the user has access.
    pub fn allow(self) -> bool {
        self.granted && !self.withdrawn
    }

    fn after(self, event: Event) -> Self {
        match event {
            Event::Revoke | Event::Grant => Self {
                granted: event == Event::Grant,
                ..self
            },
            Event::Withdraw => Self {
                withdrawn: true,
                ..self
            },
            Event::Other | Event::Begin => self,
        }
    }
}

impl Log {
    /// Returns the last commit.
    pub fn head(&self) -> u8 {
        self.head
    }

    /// Returns the number of changes of the facts.
    pub fn changes(&self) -> usize {
        let events = self.commits.iter().map(|commit| commit.event);
        events.filter(|event| *event != Some(Event::Begin)).count()
    }

    /// Commits at a time.
    pub fn commit(&mut self, event: Event, now: u8) {
        let last = self.of(self.head);
        let id = u8::try_from(self.commits.len() + 1).unwrap_or(u8::MAX);
        self.commits.push(Commit {
            event: Some(event),
            after: self.head,
            epoch: if event == Event::Begin {
                id
            } else {
                last.epoch
            },
            revision: last.revision + 1,
            facts: last.facts.after(event),
        });
        self.turn(id, now);
    }

    /// True if no commit was lost yet.
    pub fn is_whole(&self) -> bool {
        usize::from(self.of(self.head).revision) == self.commits.len()
    }

    /// Loses all commits after one.
    pub fn go_back(&mut self, to: u8, now: u8) {
        self.turn(to, now);
    }

    /// Begins an epoch, unless another has begun since `stale`.
    pub fn begin(&mut self, stale: Epoch, now: u8) {
        if self.at(self.head).epoch == stale {
            self.commit(Event::Begin, now);
        }
    }

    fn turn(&mut self, head: u8, now: u8) {
        self.before.push(Head {
            commit: self.head,
            until: now,
        });
        self.head = head;
    }

    /// Returns the events that can be committed next and change something.
    pub fn possible(&self) -> impl Iterator<Item = Event> {
        let facts = self.facts(self.head);
        [
            (Event::Revoke, facts.granted),
            (Event::Grant, !facts.granted),
            (Event::Withdraw, !facts.withdrawn),
            (Event::Other, true),
        ]
        .into_iter()
        .filter_map(|(event, possible)| possible.then_some(event))
    }

    /// Returns a commit and those before it, from the last to the beginning.
    pub fn back_from(&self, commit: u8) -> impl Iterator<Item = u8> {
        let before = |commit: &u8| (*commit > 0).then(|| self.of(*commit).after);
        std::iter::successors(Some(commit), before)
    }

    /// True if a commit is in the history that ends with another, which its mark proves.
    pub fn has(&self, commit: u8, last: u8) -> bool {
        self.back_from(last).any(|other| other == commit)
    }

    /// Returns the epoch and revision of a commit. An epoch is the commit that began it: later ones
    /// are larger.
    pub fn at(&self, commit: u8) -> At {
        let Commit {
            epoch, revision, ..
        } = self.of(commit);
        At {
            epoch: Epoch(epoch.into()),
            revision: revision.into(),
        }
    }

    /// Returns the facts after a commit.
    pub fn facts(&self, commit: u8) -> Facts {
        self.of(commit).facts
    }

    /// Applies the changes beyond a revision, in the history up to a commit, to facts.
    pub fn patched(&self, facts: Facts, revision: i64, commit: u8) -> Facts {
        let of = self.of(commit);
        match of.event {
            Some(event) if i64::from(of.revision) > revision => {
                self.patched(facts, revision, of.after).after(event)
            }
            _ => facts,
        }
    }

    /// True if the facts allowed or denied as given at some time less than `lease` ago.
    pub fn said_within(&self, allow: bool, lease: u8, now: u8) -> bool {
        let before = self.before.iter().filter(|head| head.until + lease > now);
        let mut heads = before.map(|head| head.commit).chain([self.head]);
        heads.any(|head| self.facts(head).allow() == allow)
    }

    /// Returns the time at which access was last revoked, if the user has no access now.
    pub fn denied_since(&self) -> Option<u8> {
        let last = self.before.last();
        let last = last.filter(|_| !self.facts(self.head).allow());
        last.map(|head| head.until)
    }

    /// Returns the journal of a replica that has read up to a commit: it holds the last change
    /// only, so that two changes suffice to drop one.
    pub fn journal(&self, commit: u8, rules: Rules) -> Journal {
        let (At { epoch, revision }, event) = (self.at(commit), self.of(commit).event);
        let floor = if rules.keep(Rule::ForgottenIsUnknown) {
            (revision - 1).max(0)
        } else {
            0
        };
        let mut journal = Journal::since(epoch, floor);
        match event {
            Some(Event::Revoke | Event::Grant) => {
                journal.note(Change::Member(&ORGANIZATION, SUBJECT), revision);
            }
            Some(Event::Other) => {
                journal.note(Change::Member(&ORGANIZATION, "users/eva"), revision);
            }
            Some(Event::Withdraw) if rules.keep(Rule::SharedChangesTouchAll) => {
                journal.note(Change::Organization(&ORGANIZATION), revision);
            }
            Some(Event::Withdraw | Event::Begin) | None => {}
        }
        journal.advance(self.at(commit));
        journal
    }

    fn of(&self, commit: u8) -> Commit {
        let index = usize::from(commit).checked_sub(1);
        let commit = index.and_then(|index| self.commits.get(index));
        commit.copied().unwrap_or(Commit::FIRST)
    }
}

#[expect(clippy::expect_used, reason = "a constant, in a test")]
fn organization() -> OrganizationId {
    OrganizationId::parse("acme").expect("an id")
}
