//! Permissions, `application.module.verb` or `application.module.option.verb`, and the patterns in
//! roles that match them.

use types::{ApplicationId, Id};

/// True if a string has the form of a permission.
pub fn is_permission(text: &str) -> bool {
    let mut parts = 0;
    let valid = text.split('.').all(|part| {
        parts += 1;
        ApplicationId::is_valid(part)
    });
    valid && (3..=4).contains(&parts)
}

/// An entry of a role: one permission, or all permissions below an application or a module,
/// including later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The permission, or the prefix up to and including the last dot.
    text: Box<str>,
    /// True if the text is a prefix.
    below: bool,
}

/// A string that is neither a permission nor a pattern of the application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{pattern}` is neither a permission of `{application}` nor `{application}.*` nor `{application}.MODULE.*`"
)]
pub struct InvalidPattern {
    /// The application of the role.
    pub application: String,
    /// The invalid text.
    pub pattern: String,
}

impl Pattern {
    /// Parses a pattern in a role of `application`.
    ///
    /// # Errors
    /// [`InvalidPattern`].
    pub fn parse(application: &ApplicationId, text: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern {
            application: application.to_string(),
            pattern: text.to_owned(),
        };
        let own = text
            .strip_prefix(application.as_str())
            .is_some_and(|rest| rest.starts_with('.'));
        if !own {
            return Err(invalid());
        }
        match text.strip_suffix('*') {
            None if is_permission(text) => Ok(Self {
                text: text.into(),
                below: false,
            }),
            Some(prefix) if is_prefix(prefix) => Ok(Self {
                text: prefix.into(),
                below: true,
            }),
            _ => Err(invalid()),
        }
    }

    /// True if the pattern matches a permission.
    pub fn holds(&self, permission: &str) -> bool {
        if self.below {
            permission.starts_with(&*self.text)
        } else {
            permission == &*self.text
        }
    }
}

/// True for `application.` and `application.module.`.
fn is_prefix(prefix: &str) -> bool {
    let Some(parts) = prefix.strip_suffix('.') else {
        return false;
    };
    parts.split('.').count() <= 2 && parts.split('.').all(ApplicationId::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, InvalidPattern> {
        Pattern::parse(&ApplicationId::parse("fleet").unwrap(), text)
    }

    #[test]
    fn a_pattern_holds_what_is_below_it() {
        assert!(pattern("fleet.*").unwrap().holds("fleet.billing.view"));
        assert!(
            pattern("fleet.billing.*")
                .unwrap()
                .holds("fleet.billing.itemised.view")
        );
        assert!(
            !pattern("fleet.billing.*")
                .unwrap()
                .holds("fleet.billings.view")
        );
        assert!(
            !pattern("fleet.billing.view")
                .unwrap()
                .holds("fleet.billing.edit")
        );
    }

    #[test]
    fn a_pattern_stays_in_its_application() {
        for text in [
            "",
            "*",
            "fleet",
            "fleet*",
            "fleet.bill*",
            "fleetx.*",
            "other.a.b",
            "fleet.a",
            "fleet.a.b.c.d",
            "fleet.a.b.*",
            "fleet..*",
            "fleet.*.view",
            "fleet.A.b",
        ] {
            assert!(pattern(text).is_err(), "{text:?}");
        }
    }
}
