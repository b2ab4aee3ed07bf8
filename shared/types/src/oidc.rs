//! Identities that an OpenID Connect issuer knows.

use std::fmt;

/// Maximum length of the URL of an issuer, in bytes.
const MAX_ISSUER_BYTES: usize = 256;
/// Maximum length of a subject, in bytes; source: OpenID Connect Core 1.0, section 2.
const MAX_SUBJECT_BYTES: usize = 255;

/// The text is not a valid identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOidcIdentity {
    /// The issuer is malformed.
    #[error("an issuer is an `https` URL of at most 256 visible ASCII characters")]
    Issuer,
    /// The subject is malformed.
    #[error("a subject has 1 to 255 visible ASCII characters")]
    Subject,
}

/// A subject with its issuer, because subjects are unique only within one issuer. Compared byte by
/// byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OidcIdentity {
    /// Issuer and subject, separated by a space, which neither contains.
    text: Box<str>,
    issuer_length: usize,
}

impl OidcIdentity {
    /// Joins an issuer and a subject.
    ///
    /// # Errors
    /// [`InvalidOidcIdentity`].
    pub fn new(issuer: &str, subject: &str) -> Result<Self, InvalidOidcIdentity> {
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let host = issuer.strip_prefix("https://").unwrap_or_default();
        if host.is_empty() || issuer.len() > MAX_ISSUER_BYTES || !visible(issuer) {
            return Err(InvalidOidcIdentity::Issuer);
        }
        if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES || !visible(subject) {
            return Err(InvalidOidcIdentity::Subject);
        }
        Ok(Self {
            text: format!("{issuer} {subject}").into(),
            issuer_length: issuer.len(),
        })
    }

    /// Parses the output of [`OidcIdentity::as_str`].
    ///
    /// # Errors
    /// [`InvalidOidcIdentity`].
    pub fn parse(text: &str) -> Result<Self, InvalidOidcIdentity> {
        let (issuer, subject) = text.split_once(' ').unwrap_or((text, ""));
        Self::new(issuer, subject)
    }

    /// Returns the issuer, a URL.
    pub fn issuer(&self) -> &str {
        self.text.get(..self.issuer_length).unwrap_or_default()
    }

    /// Returns the subject.
    pub fn subject(&self) -> &str {
        self.text.get(self.issuer_length + 1..).unwrap_or_default()
    }

    /// Returns issuer and subject in one string, which is unique to the identity.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for OidcIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_its_issuer_and_its_subject() {
        let identity = OidcIdentity::new("https://issuer/a", "system:serviceaccount:a:b").unwrap();
        assert_eq!(identity.issuer(), "https://issuer/a");
        assert_eq!(identity.subject(), "system:serviceaccount:a:b");
        assert_eq!(OidcIdentity::parse(identity.as_str()).unwrap(), identity);
    }

    #[test]
    fn what_could_be_taken_for_another_is_none() {
        for issuer in [
            "",
            "https://",
            "http://issuer",
            "https://a b",
            "https://a\n",
            "issuer",
        ] {
            let made = OidcIdentity::new(issuer, "a");
            assert_eq!(made, Err(InvalidOidcIdentity::Issuer), "{issuer:?}");
        }
        let long = "a".repeat(256);
        for subject in ["", "a b", " a", "a\0", "ä", &long] {
            let made = OidcIdentity::new("https://issuer", subject);
            assert_eq!(made, Err(InvalidOidcIdentity::Subject), "{subject:?}");
        }
    }
}
