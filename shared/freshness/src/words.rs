use std::{iter::Peekable, str::Split};

use types::Epoch;

use crate::At;

/// The words of a value: separated by single spaces, none empty.
pub(crate) struct Words<'a>(Peekable<Split<'a, char>>);

impl<'a> Words<'a> {
    pub(crate) fn of(value: &'a str) -> Self {
        Self(value.split(' ').peekable())
    }

    /// Returns the next word, if there is one and it is not empty.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.0.next().filter(|word| !word.is_empty())
    }

    /// Returns the next word as a number: ASCII digits and nothing else, not more than 2⁶³ - 1.
    pub(crate) fn number(&mut self) -> Option<i64> {
        let word = self.word()?;
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        word.parse().ok().filter(|_| digits)
    }

    /// Reads the epoch and revision with which every value begins.
    pub(crate) fn at(&mut self) -> Option<At> {
        Some(At {
            epoch: Epoch(self.number()?),
            revision: self.number()?,
        })
    }

    /// True if there are no more words.
    pub(crate) fn is_over(&mut self) -> bool {
        self.0.peek().is_none()
    }
}
