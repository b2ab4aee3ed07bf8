//! The states of organizations and memberships, and the verbs that change them.

use std::fmt;

/// The state of access in an organization, or of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Access is in force.
    Active,
    /// Access is not in force; grants are kept.
    Suspended,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        })
    }
}

/// A change of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// From active to suspended.
    Suspend,
    /// From suspended to active.
    Reactivate,
}

/// The state does not allow the verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is {0} already")]
pub struct WrongState(pub State);

impl Verb {
    /// Returns the state after the verb.
    ///
    /// # Errors
    /// [`WrongState`] if the state is that one already.
    pub fn apply(self, state: State) -> Result<State, WrongState> {
        match (self, state) {
            (Self::Suspend, State::Active) => Ok(State::Suspended),
            (Self::Reactivate, State::Suspended) => Ok(State::Active),
            (Self::Suspend, State::Suspended) | (Self::Reactivate, State::Active) => {
                Err(WrongState(state))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_leads_to_its_state_and_from_there_nowhere() {
        for (verb, from, to) in [
            (Verb::Suspend, State::Active, State::Suspended),
            (Verb::Reactivate, State::Suspended, State::Active),
        ] {
            assert_eq!(verb.apply(from), Ok(to));
            assert_eq!(verb.apply(to), Err(WrongState(to)));
        }
    }
}
