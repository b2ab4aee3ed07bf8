//! Ids of memberships.

use types::{Id, InvalidId, MembershipId, Subject};

/// Returns the id of a membership: the chosen one, or that of its subject.
///
/// # Errors
/// [`InvalidId`].
pub fn membership_id(chosen: &str, subject: &Subject) -> Result<MembershipId, InvalidId> {
    let id = if chosen.is_empty() {
        subject.id()
    } else {
        chosen
    };
    MembershipId::parse(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_membership_defaults_to_that_of_its_subject() {
        let jan = Subject::parse_name("users/jan").unwrap();
        assert_eq!(membership_id("", &jan).unwrap().as_str(), "jan");
        assert_eq!(membership_id("owner", &jan).unwrap().as_str(), "owner");
        assert!(membership_id("own:er", &jan).is_err());
    }
}
