use std::{fmt, str::FromStr};

/// What is known of the changes in one organization, as of a revision. What Redis holds of it is
/// its text: decimal numbers and names, separated by single spaces,
/// `revision expire floor shared behind [name revision]…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revisions {
    /// The revision that this was the state of affairs at.
    pub revision: i64,
    /// When it ends, in milliseconds of the clock of Redis.
    pub expire_ms: i64,
    /// Nothing is known of what happened up to and with this revision.
    pub floor: i64,
    /// The last change of something that all members share: catalogue, entitlements, units,
    /// the organization itself.
    pub shared: i64,
    /// Whether a feed of another service has not been heard for longer than the lease.
    pub feed_behind: bool,
    /// The last changes above the floor, of subjects (`users/…`, `serviceAccounts/…`) and
    /// resources (`resources/…`).
    pub changed: Vec<(Box<str>, i64)>,
}

impl Revisions {
    /// Whether an answer that was given at `answered` is still what the facts say.
    ///
    /// `subject` is the name of who it is about, `place` where: `resources/…`, `units/…` or
    /// nothing for the organization.
    pub fn is_current(&self, answered: i64, subject: &str, place: &str) -> bool {
        answered >= self.floor
            && answered >= self.shared
            && self
                .changed
                .iter()
                .all(|(name, at)| answered >= *at || (**name != *subject && **name != *place))
    }
}

impl fmt::Display for Revisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let behind = u8::from(self.feed_behind);
        write!(
            f,
            "{} {} {} {} {behind}",
            self.revision, self.expire_ms, self.floor, self.shared
        )?;
        for (name, at) in &self.changed {
            write!(f, " {name} {at}")?;
        }
        Ok(())
    }
}

/// A text that is no [`Revisions`]: to a reader it is the same as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionsError;

impl fmt::Display for RevisionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these are no revisions")
    }
}

impl std::error::Error for RevisionsError {}

impl FromStr for Revisions {
    type Err = RevisionsError;

    fn from_str(text: &str) -> Result<Self, RevisionsError> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse::<i64>().ok();
        let mut head = || {
            Some(Self {
                revision: number()?,
                expire_ms: number()?,
                floor: number()?,
                shared: number()?,
                feed_behind: number()? != 0,
                changed: Vec::new(),
            })
        };
        let mut revisions = head().ok_or(RevisionsError)?;
        while let Some(name) = words.next() {
            let at = words.next().and_then(|at| at.parse().ok());
            let at = at.ok_or(RevisionsError)?;
            revisions.changed.push((name.into(), at));
        }
        Ok(revisions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revisions() -> Revisions {
        Revisions {
            revision: 90,
            expire_ms: 1_000,
            floor: 40,
            shared: 50,
            feed_behind: true,
            changed: vec![("users/jan".into(), 70), ("resources/+324".into(), 60)],
        }
    }

    #[test]
    fn the_text_reads_back() {
        let text = revisions().to_string();
        assert_eq!(text, "90 1000 40 50 1 users/jan 70 resources/+324 60");
        assert_eq!(text.parse(), Ok(revisions()));
        for broken in [
            "",
            "1",
            "1 2 3 4",
            "1 2 3 4 x",
            "1 2 3 4 0 users/jan",
            "1 2 3 4 0 a b",
        ] {
            assert_eq!(broken.parse::<Revisions>(), Err(RevisionsError), "{broken}");
        }
    }

    #[test]
    fn an_answer_ends_with_a_change_of_what_it_depends_on() {
        let revisions = revisions();
        let current = |at, subject, place| revisions.is_current(at, subject, place);
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
            !unknown.is_current(39, "users/eva", ""),
            "below the floor nothing is known"
        );
    }
}
