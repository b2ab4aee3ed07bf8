//! The permitted characters of texts that people read: no hidden characters, and no lookalikes that
//! differ only by their encoding.

use unicode_normalization::is_nfc;

/// The rule that a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.rule())]
pub enum InvalidText {
    /// It holds a control character, or ends a line or a paragraph.
    Control,
    /// It holds an invisible character, or one that changes the direction of the text.
    Hidden,
    /// It holds a blank that looks like a space but differs from it.
    Blank,
    /// It holds a character that has no agreed meaning.
    Private,
    /// It begins or ends with a blank, or has nothing else.
    Edge,
    /// It has another spelling that looks the same.
    Spelling,
}

impl InvalidText {
    /// Returns the rule that the text breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Control => "must not hold control characters",
            Self::Hidden => "must not hold invisible characters or marks of direction",
            Self::Blank => "must not hold blanks other than the space",
            Self::Private => "must not hold characters of private use",
            Self::Edge => "must not begin or end with a blank",
            Self::Spelling => "must be in Unicode normalization form C",
        }
    }
}

/// Checks a text of any field. An empty text is an absent one, and passes.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_text(text: &str) -> Result<(), InvalidText> {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if is_joiner(character) {
            let joins =
                before.is_some_and(is_joined) && characters.peek().copied().is_some_and(is_joined);
            if !joins {
                return Err(InvalidText::Hidden);
            }
        } else {
            check_character(character)?;
        }
        before = Some(character);
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(InvalidText::Edge);
    }
    if is_nfc(text) {
        Ok(())
    } else {
        Err(InvalidText::Spelling)
    }
}

fn check_character(character: char) -> Result<(), InvalidText> {
    match character {
        '\u{2028}' | '\u{2029}' => Err(InvalidText::Control),
        _ if character.is_control() => Err(InvalidText::Control),
        // Soft hyphen, joiner of graphemes, fillers, separators of vowels and of text, marks of
        // direction, variation selectors, tags, annotations, invisible operators.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Err(InvalidText::Hidden),
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => {
            Err(InvalidText::Blank)
        }
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..='\u{10ffff}' => {
            Err(InvalidText::Private)
        }
        _ if u32::from(character) & 0xfffe == 0xfffe => Err(InvalidText::Private),
        _ => Ok(()),
    }
}

/// Characters that some scripts need between two letters, and that are invisible elsewhere.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Letters and marks of the scripts that need joiners begin with those of Arabic; Latin, Greek and
/// Cyrillic come before them.
fn is_joined(character: char) -> bool {
    character >= '\u{600}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_as_people_write_them_pass() {
        for text in [
            "",
            "Jan Peeters",
            "N.V. Jansens & Zn.",
            "Zoë Müller-O’Neill",
            "Ελένη",
            "Наталья",
            "山田　太郎",
            "김철수",
            "مریم علی\u{200c}زاده",
            "ශ්\u{200d}රී",
            "10 € – 20 €",
        ] {
            assert_eq!(check_text(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn k_m_what_hides_or_misleads_is_refused() {
        for (text, wrong) in [
            ("a\0b", InvalidText::Control),
            ("a\nb", InvalidText::Control),
            ("a\u{7f}b", InvalidText::Control),
            ("a\u{85}b", InvalidText::Control),
            ("a\u{9b}31mb", InvalidText::Control),
            ("a\u{2028}b", InvalidText::Control),
            ("\u{202e}gpj.exe", InvalidText::Hidden),
            ("a\u{2066}b\u{2069}", InvalidText::Hidden),
            ("a\u{200b}b", InvalidText::Hidden),
            ("jan\u{200d}peeters", InvalidText::Hidden),
            ("a\u{ad}b", InvalidText::Hidden),
            ("a\u{feff}b", InvalidText::Hidden),
            ("a\u{e0041}b", InvalidText::Hidden),
            ("\u{3164}", InvalidText::Hidden),
            ("a\u{a0}b", InvalidText::Blank),
            ("a\u{2003}b", InvalidText::Blank),
            ("a\u{e000}b", InvalidText::Private),
            ("a\u{ffff}b", InvalidText::Private),
            ("a\u{10ffff}b", InvalidText::Private),
            (" ", InvalidText::Edge),
            (" a", InvalidText::Edge),
            ("a ", InvalidText::Edge),
            ("\u{3000}a", InvalidText::Edge),
            ("Zoe\u{308}", InvalidText::Spelling),
            ("\u{212b}", InvalidText::Spelling),
        ] {
            assert_eq!(check_text(text), Err(wrong), "{text:?}");
        }
    }

    proptest! {
        /// Two texts that pass never differ by their normalization alone.
        #[test]
        fn one_name_has_one_spelling(text in "\\PC{0,40}") {
            use unicode_normalization::UnicodeNormalization;
            let decomposed: String = text.nfd().collect();
            if check_text(&text).is_ok() && check_text(&decomposed).is_ok() {
                prop_assert_eq!(text, decomposed);
            }
        }
    }
}
