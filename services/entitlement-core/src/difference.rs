//! The effect of an application change on the holders of its roles.

use crate::{
    catalog::{ApplicationDefinition, CatalogError},
    permission::Pattern,
};

/// Permissions that a role gains and loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDifference {
    /// The id of the role.
    pub role: String,
    /// The permissions that it gains, in the order of the catalog.
    pub added: Vec<String>,
    /// The permissions that it loses.
    pub removed: Vec<String>,
}

/// Returns the roles that change, in display order, followed by the removed ones.
///
/// # Errors
/// [`CatalogError`] of either declaration.
pub fn difference(
    old: &ApplicationDefinition,
    new: &ApplicationDefinition,
) -> Result<Vec<RoleDifference>, CatalogError> {
    let gone = old.roles.iter().filter(|role| !has(new, &role.id));
    let mut found = Vec::new();
    for role in new.roles.iter().chain(gone) {
        let (before, after) = (held(old, &role.id)?, held(new, &role.id)?);
        let without = |one: &[String], other: &[String]| -> Vec<String> {
            let missing = one.iter().filter(|permission| !other.contains(permission));
            missing.cloned().collect()
        };
        let (added, removed) = (without(&after, &before), without(&before, &after));
        if !added.is_empty() || !removed.is_empty() {
            found.push(RoleDifference {
                role: role.id.clone(),
                added,
                removed,
            });
        }
    }
    Ok(found)
}

fn has(application: &ApplicationDefinition, role: &str) -> bool {
    application.roles.iter().any(|other| other.id == role)
}

/// Returns the permissions of a role of an application; none if the role does not exist.
///
/// # Errors
/// [`CatalogError`] of the declaration.
pub fn held(application: &ApplicationDefinition, role: &str) -> Result<Vec<String>, CatalogError> {
    let role = application.roles.iter().find(|other| other.id == role);
    let texts = role.map(|role| &*role.permissions).unwrap_or_default();
    let patterns = texts
        .iter()
        .map(|text| Pattern::parse(&application.id, text));
    let patterns: Vec<Pattern> = patterns.collect::<Result<_, _>>()?;
    let permissions = application.permissions()?.into_iter();
    Ok(permissions
        .map(|(permission, _)| permission)
        .filter(|permission| patterns.iter().any(|pattern| pattern.holds(permission)))
        .collect())
}

#[cfg(test)]
mod tests {
    use types::{ApplicationId, Id};

    use super::*;
    use crate::{ModuleDefinition, RoleDefinition};

    fn application(verbs: &[&str], roles: &[(&str, &str)]) -> ApplicationDefinition {
        ApplicationDefinition {
            id: ApplicationId::parse("a").unwrap(),
            modules: vec![ModuleDefinition {
                id: "m".to_owned(),
                verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
                options: Vec::new(),
                recommended: false,
            }],
            roles: roles
                .iter()
                .map(|(id, permission)| RoleDefinition {
                    notification_routes: Vec::new(),
                    id: (*id).to_owned(),
                    permissions: vec![(*permission).to_owned()],
                })
                .collect(),
            separations: Vec::new(),
        }
    }

    #[test]
    fn a_difference_is_of_permissions_and_not_of_patterns() {
        let old = application(
            &["view"],
            &[("all", "a.*"), ("one", "a.m.view"), ("old", "a.*")],
        );
        let new = application(&["view", "edit"], &[("one", "a.m.*"), ("all", "a.*")]);
        let found = difference(&old, &new).unwrap();
        let found: Vec<(&str, usize, usize)> = found
            .iter()
            .map(|found| (&*found.role, found.added.len(), found.removed.len()))
            .collect();
        assert_eq!(found, [("one", 1, 0), ("all", 1, 0), ("old", 0, 1)]);
        assert_eq!(difference(&new, &new).unwrap(), []);
    }
}
