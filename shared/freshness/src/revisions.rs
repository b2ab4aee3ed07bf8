use std::{collections::HashSet, fmt, str::FromStr};

use crate::{At, words::Words};

/// The known changes in one organization, as of a revision. Redis holds them as text: decimal
/// numbers and names, separated by single spaces,
/// `epoch revision expire floor shared behind [name revision]…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revisions {
    /// The revision at which these changes are complete.
    pub at: At,
    /// The end of their validity, in milliseconds of the clock of Redis.
    pub expire_ms: i64,
    /// Changes up to and including this revision are unknown.
    pub floor: i64,
    /// The last change of a fact that all members share: catalog, entitlements, units, the
    /// organization itself.
    pub shared: i64,
    /// True if no message of another service's feed was received for longer than the lease.
    pub feed_behind: bool,
    /// The last changes above `floor` and `shared`, of subjects (`users/…`, `serviceAccounts/…`)
    /// and resources (`resources/…`); one for each name.
    pub changed: Vec<(Box<str>, i64)>,
}

impl Revisions {
    /// True if an answer given at `answered` is still correct: it is of this epoch, not after the
    /// known revision, and nothing it depends on has changed since.
    ///
    /// `subject` is the name of its subject, `place` its location: `resources/…`, `units/…` or
    /// nothing for the organization.
    pub fn is_current(&self, answered: At, subject: &str, place: &str) -> bool {
        let At { revision, .. } = answered;
        answered.is_known_at(self.at)
            && revision >= self.floor
            && revision >= self.shared
            && self
                .changed
                .iter()
                .all(|(name, at)| revision >= *at || (**name != *subject && **name != *place))
    }
}

impl fmt::Display for Revisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let At { epoch, revision } = self.at;
        let behind = u8::from(self.feed_behind);
        write!(
            f,
            "{epoch} {revision} {} {} {} {behind}",
            self.expire_ms, self.floor, self.shared
        )?;
        for (name, at) in &self.changed {
            write!(f, " {name} {at}")?;
        }
        Ok(())
    }
}

/// A text that is not a valid [`Revisions`]: a reader treats it as a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionsError;

impl fmt::Display for RevisionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not a valid list of revisions")
    }
}

impl std::error::Error for RevisionsError {}

impl FromStr for Revisions {
    type Err = RevisionsError;

    fn from_str(text: &str) -> Result<Self, RevisionsError> {
        let mut words = Words::of(text);
        let revisions = head(&mut words).and_then(|head| {
            let changed = changes(words)?;
            Some(Self { changed, ..head })
        });
        revisions.ok_or(RevisionsError)
    }
}

fn head(words: &mut Words<'_>) -> Option<Revisions> {
    Some(Revisions {
        at: words.at()?,
        expire_ms: words.number()?,
        floor: words.number()?,
        shared: words.number()?,
        feed_behind: match words.word()? {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        changed: Vec::new(),
    })
}

/// Parses pairs up to the end; `None` if a name is there twice, because readers may make a map of
/// them.
fn changes(mut words: Words<'_>) -> Option<Vec<(Box<str>, i64)>> {
    let (mut changed, mut names) = (Vec::new(), HashSet::new());
    while !words.is_over() {
        let (name, at) = (words.word()?, words.number()?);
        names.insert(name).then_some(())?;
        changed.push((name.into(), at));
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use types::Epoch;

    use super::*;

    const EPOCH: Epoch = Epoch(1_876_954_112_000_123_456);

    fn revisions() -> Revisions {
        Revisions {
            at: at(90),
            expire_ms: 1_000,
            floor: 40,
            shared: 50,
            feed_behind: true,
            changed: vec![("users/jan".into(), 70), ("resources/+324".into(), 60)],
        }
    }

    fn at(revision: i64) -> At {
        At {
            epoch: EPOCH,
            revision,
        }
    }

    #[test]
    fn the_text_reads_back() {
        let text = revisions().to_string();
        assert_eq!(
            text,
            "1876954112000123456 90 1000 40 50 1 users/jan 70 resources/+324 60"
        );
        assert_eq!(text.parse(), Ok(revisions()));
        for broken in [
            "",
            "7",
            "7 1 2 3 4",
            "7 1 2 3 4 x",
            "7 1 2 3 4 2",
            "7 1 2 3 4 0 ",
            "7 1 2 3 4 0  5",
            "7 +1 2 3 4 0",
            "7 1 2 3 4 0 users/jan",
            "7 1 2 3 4 0 users/jan -1",
            "7 1 2 3 4 0 a b",
        ] {
            assert_eq!(broken.parse::<Revisions>(), Err(RevisionsError), "{broken}");
        }
    }

    #[test]
    fn a_text_with_one_name_twice_is_none() {
        let twice = "7 90 1000 40 50 0 users/jan 70 users/eva 60 users/jan 60";
        assert_eq!(twice.parse::<Revisions>(), Err(RevisionsError));
    }

    #[test]
    fn an_answer_ends_with_a_change_of_what_it_depends_on() {
        let revisions = revisions();
        let current = |revision, subject, place| revisions.is_current(at(revision), subject, place);
        assert!(current(50, "users/eva", ""));
        assert!(
            !current(49, "users/eva", ""),
            "something shared has changed"
        );
        assert!(current(70, "users/jan", ""));
        assert!(!current(69, "users/jan", ""), "the subject has changed");
        assert!(current(60, "users/eva", "resources/+324"));
        assert!(
            !current(59, "users/eva", "resources/+324"),
            "the resource has changed"
        );
        let unknown = Revisions {
            shared: 0,
            ..revisions
        };
        assert!(
            !unknown.is_current(at(39), "users/eva", ""),
            "below the floor nothing is known"
        );
    }

    #[test]
    fn k_epoch_an_answer_of_another_history_or_from_beyond_is_not_current() {
        let revisions = revisions();
        assert!(revisions.is_current(at(90), "users/jan", ""));
        assert!(!revisions.is_current(at(91), "users/jan", ""));
        for other in [EPOCH.0 - 1, EPOCH.0 + 1] {
            let other = At {
                epoch: Epoch(other),
                revision: 90,
            };
            assert!(!revisions.is_current(other, "users/jan", ""));
        }
    }
}
