//! Applications, and custom roles.

use api::entitlement::v1::{Application, ManagementMode};
use entitlement::definition;
use entitlement_core::{ApplicationDefinition, Validity, parts, violation};

use super::Catalog;
use crate::apply::{fact::entitlement_of, facts::OrganizationFacts, refusal::Refusal};

/// Checks that the declaration of an application follows the rules.
pub(super) fn application(name: &str, application: &Application, found: &mut Vec<Refusal>) {
    let definition = definition(application);
    let wrong = match definition.as_ref().map(ApplicationDefinition::check) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    found.push(Refusal::of(name, "", format!("INVALID_REQUEST: {wrong}")));
}

/// Checks custom roles: permissions of their application, an entitled application, and separation
/// of duties.
pub(super) fn custom_roles(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    catalog: &Catalog<'_>,
    found: &mut Vec<Refusal>,
) {
    for (name, role) in &facts.custom_roles {
        let Some(application) = catalog.application(&role.application) else {
            // Validation has reported the reference to the application.
            continue;
        };
        if let Some(message) = unmanaged(facts, known, application) {
            found.push(Refusal::of(name, "application", message));
        }
        if role.permissions.is_empty() {
            let message = "INVALID_REQUEST: must name one";
            found.push(Refusal::of(name, "permissions", message));
        }
        let Ok(definition) = definition(application) else {
            continue;
        };
        let known = definition.permissions().unwrap_or_default();
        for permission in &role.permissions {
            if !known.iter().any(|(known, _)| known == permission) {
                let message = format!(
                    "PERMISSION_UNKNOWN: `{}` has no permission `{permission}`",
                    role.application
                );
                found.push(Refusal::of(name, "permissions", message));
            }
        }
        let taken = parts(&definition, &role.permissions).unwrap_or_default();
        let taken: Vec<(&str, Validity)> = taken
            .iter()
            .map(|id| (id.as_str(), Validity::ALWAYS))
            .collect();
        if let Some((one, other)) = violation(&definition.separations, &taken) {
            let id = |index: usize| taken.get(index).map_or("", |(id, _)| *id);
            let message = format!(
                "SOD_VIOLATION: it would combine permissions of `{}` and `{}`, which exclude \
                 each other",
                id(one),
                id(other)
            );
            found.push(Refusal::of(name, "permissions", message));
        }
    }
}

/// Returns the reason why roles of an application cannot be granted in an organization, if there is
/// one.
pub(super) fn unmanaged(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    application: &Application,
) -> Option<String> {
    if application.management_mode() == ManagementMode::External {
        return Some(format!(
            "RIGHTS_EXTERNALLY_MANAGED: another system manages the rights of `{}`",
            application.name
        ));
    }
    let entitlement = entitlement_of(&facts.organization.name, &application.name);
    let has = [facts, known];
    let has = has
        .iter()
        .any(|of| of.entitlements.contains_key(&entitlement));
    (!has).then(|| {
        format!(
            "APPLICATION_NOT_ENTITLED: the organization does not have the application `{}`",
            application.name
        )
    })
}
