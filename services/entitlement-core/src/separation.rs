//! Separation of duties: roles that exclude each other.

use std::collections::BTreeSet;

use crate::{
    catalog::{ApplicationDefinition, CatalogError},
    difference::held,
    facts::Validity,
};

/// Returns two roles that one subject holds at the same time although a rule separates them, by
/// their indexes in `held`. The order of the grants does not matter.
// SPEC: S1-14.
pub fn violation(separations: &[Vec<String>], held: &[(&str, Validity)]) -> Option<(usize, usize)> {
    let apart = |one: &str, other: &str| {
        separations.iter().any(|roles| {
            [one, other]
                .iter()
                .all(|id| roles.iter().any(|role| role == id))
        })
    };
    held.iter()
        .enumerate()
        .find_map(|(first, (one, validity))| {
            let later = held.iter().enumerate().skip(first + 1);
            later
                .filter(|(_, (other, _))| one != other && apart(one, other))
                .find(|(_, (_, other))| validity.start < other.end && other.start < validity.end)
                .map(|(second, _)| (first, second))
        })
}

/// Returns the roles that a set of permissions amounts to: of each rule, the roles that alone hold
/// one of the permissions. For separation of duties, a holder of the set counts as a holder of
/// these roles.
///
/// # Errors
/// [`CatalogError`] of the declaration.
// SPEC: S1-14.
pub fn parts(
    application: &ApplicationDefinition,
    permissions: &[String],
) -> Result<Vec<String>, CatalogError> {
    let mut found = BTreeSet::new();
    for rule in &application.separations {
        let held = rule.iter().map(|role| held(application, role));
        let held: Vec<Vec<String>> = held.collect::<Result<_, _>>()?;
        for permission in permissions {
            let mut holders = held.iter().enumerate();
            let mut holders = holders
                .by_ref()
                .filter(|(_, held)| held.contains(permission));
            if let (Some((holder, _)), None) = (holders.next(), holders.next()) {
                found.extend(rule.get(holder).cloned());
            }
        }
    }
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use types::UnixTime;

    use super::*;

    #[test]
    fn roles_that_exclude_each_other_are_not_held_for_the_same_time() {
        let rules = [vec!["pays".to_owned(), "books".to_owned()]];
        let during = |start, end| Validity {
            start: UnixTime(start),
            end: UnixTime(end),
        };
        let held = |held: &[(&str, Validity)]| violation(&rules, held);
        assert_eq!(
            held(&[("pays", during(0, 9)), ("books", during(8, 20))]),
            Some((0, 1))
        );
        assert_eq!(
            held(&[("books", during(8, 20)), ("pays", during(0, 9))]),
            Some((0, 1))
        );
        assert_eq!(
            held(&[("pays", during(0, 9)), ("books", during(9, 20))]),
            None
        );
        assert_eq!(
            held(&[("pays", during(0, 9)), ("pays", during(0, 9))]),
            None
        );
        assert_eq!(
            held(&[("pays", during(0, 9)), ("reads", during(0, 9))]),
            None
        );
    }
}
