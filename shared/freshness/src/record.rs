use std::fmt;

use crate::{At, words::Words};

/// The newest revision published in Redis: all values there of this epoch belong to the history
/// that left this mark. Its text is `epoch revision mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The newest published revision.
    pub at: At,
    /// The mark of the commit of that revision in the log of changes.
    pub mark: i64,
}

impl Record {
    /// Parses a record; `None` if the text is malformed.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = Words::of(text);
        let (at, mark) = (words.at()?, words.number()?);
        words.is_over().then_some(Self { at, mark })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at: At { epoch, revision },
            mark,
        } = self;
        write!(f, "{epoch} {revision} {mark}")
    }
}

#[cfg(test)]
mod tests {
    use types::Epoch;

    use super::*;

    #[test]
    fn the_text_reads_back_and_no_other_is_a_record() {
        let record = Record {
            at: At {
                epoch: Epoch(1_876_954_112_000_123_456),
                revision: 42,
            },
            mark: 9_223_372_036_854_775_807,
        };
        let text = record.to_string();
        assert_eq!(text, "1876954112000123456 42 9223372036854775807");
        assert_eq!(Record::read(&text), Some(record));
        for other in ["", "1 2", "1 2 +7", "1 2 -7", "1 2 x", &format!("{text} ")] {
            assert_eq!(Record::read(other), None, "{other}");
        }
    }
}
