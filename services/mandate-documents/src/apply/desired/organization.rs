//! Organizations, with their content.

use std::collections::BTreeMap;

use api::{
    entitlement::v1::{CustomRole, Entitlement, EntitlementState, Grant, Scope},
    membership::v1::{
        Contact, ContactKind, Membership, MembershipState, Organization, OrganizationState,
        Resource, Unit,
    },
};

use super::{say, text, texts};
use crate::{
    apply::{fact::organization_of, facts::OrganizationFacts},
    document::{
        ContactEntry, CustomRoleEntry, EntitlementEntry, GrantEntry, MembershipEntry,
        OrganizationEntry, ResourceEntry, RoleText, ScopeEntry, Text, UnitEntry, grant_id,
    },
    moment,
};

/// Returns the desired state of an organization, for the entities that the document names.
pub(super) fn organization(
    entry: &OrganizationEntry,
    name: &str,
    current: &OrganizationFacts,
) -> OrganizationFacts {
    let within = |collection: &str, id: &Text| format!("{name}/{collection}/{}", id.as_str());
    let role = |entry: &CustomRoleEntry| {
        let (application, id) = (entry.application.as_str(), entry.id.as_str());
        format!("{name}/applications/{application}/roles/{id}")
    };
    let mut facts = OrganizationFacts {
        organization: itself(entry, name, &current.organization),
        contacts: said(&entry.contacts, &current.contacts, contact, |entry| {
            within("contacts", &entry.id)
        }),
        entitlements: said(
            &entry.entitlements,
            &current.entitlements,
            entitlement,
            |entry| within("entitlements", &entry.application),
        ),
        units: said(&entry.units, &current.units, unit, |entry| {
            within("units", &entry.id)
        }),
        custom_roles: said(
            &entry.custom_roles,
            &current.custom_roles,
            custom_role,
            role,
        ),
        resources: said(&entry.resources, &current.resources, resource, |entry| {
            within("resources", &entry.id)
        }),
        ..OrganizationFacts::default()
    };
    for entry in entry.memberships.iter().map(|entry| &entry.value) {
        let subject = subject(entry);
        let found = current.memberships.get(&subject);
        for item in entry.grants.iter().map(|item| &item.value) {
            let id = format!("{name}/grants/{}", grant_id(entry, item));
            let grant = grant(name, &id, &subject, item, current.grants.get(&id));
            facts.grants.insert(id, grant);
        }
        let membership = membership(name, &subject, entry, found);
        facts.memberships.insert(subject, membership);
    }
    facts
}

/// Returns the facts of entries, by name, each based on the server's version. `say` receives the
/// name and the server's version, or an empty fact.
fn said<E, T: Clone + Default>(
    entries: &[serde_saphyr::Spanned<E>],
    current: &BTreeMap<String, T>,
    say: impl Fn(&E, &str, T) -> T,
    name: impl Fn(&E) -> String,
) -> BTreeMap<String, T> {
    let facts = entries.iter().map(|entry| {
        let name = name(&entry.value);
        let found = current.get(&name).cloned().unwrap_or_default();
        let fact = say(&entry.value, &name, found);
        (name, fact)
    });
    facts.collect()
}

fn itself(entry: &OrganizationEntry, name: &str, current: &Organization) -> Organization {
    let state = format!("ORGANIZATION_STATE_{}", entry.state.as_str());
    let mut organization = Organization {
        name: name.to_owned(),
        state: OrganizationState::from_str_name(&state)
            .unwrap_or_default()
            .into(),
        ..current.clone()
    };
    say! { organization, entry:
        "display_name" => display_name: text(&entry.display_name),
        "subscription_required" =>
            subscription_required: entry.subscription_required.unwrap_or_default(),
    }
    organization
}

fn contact(entry: &ContactEntry, name: &str, mut contact: Contact) -> Contact {
    name.clone_into(&mut contact.name);
    let kind = format!("CONTACT_KIND_{}", entry.kind.as_str());
    let kind = ContactKind::from_str_name(&kind).unwrap_or_default();
    say! { contact, entry:
        "kind" => kind: kind.into(),
        "display_name" => display_name: text(&entry.display_name),
        "uri" => uri: text(&entry.uri),
        "primary" => primary: entry.primary.unwrap_or_default(),
    }
    contact
}

fn entitlement(entry: &EntitlementEntry, name: &str, mut entitlement: Entitlement) -> Entitlement {
    name.clone_into(&mut entitlement.name);
    entitlement.application = format!("applications/{}", entry.application.as_str());
    let state = format!("ENTITLEMENT_STATE_{}", entry.state.as_str());
    entitlement.set_state(EntitlementState::from_str_name(&state).unwrap_or_default());
    say! { entitlement, entry:
        "start_time" => start_time: moment::timestamp(entry.start_time.as_str()),
        "end_time" => end_time: moment::timestamp(entry.end_time.as_str()),
    }
    entitlement
}

fn unit_name(organization: &str, unit: &Text) -> String {
    match unit.get() {
        Some(unit) => format!("{organization}/units/{unit}"),
        None => String::new(),
    }
}

fn unit(entry: &UnitEntry, name: &str, mut unit: Unit) -> Unit {
    name.clone_into(&mut unit.name);
    say! { unit, entry:
        "display_name" => display_name: text(&entry.display_name),
        "kind" => kind: text(&entry.kind),
        "number" => number: text(&entry.number),
        "parent" => parent_unit: unit_name(&organization_of(name), &entry.parent),
    }
    unit
}

fn resource(entry: &ResourceEntry, name: &str, mut resource: Resource) -> Resource {
    name.clone_into(&mut resource.name);
    say! { resource, entry:
        "display_name" => display_name: text(&entry.display_name),
        "type" => r#type: text(&entry.kind),
        "external_id" => external_id: text(&entry.external_id),
        "unit" => unit: unit_name(&organization_of(name), &entry.unit),
    }
    resource
}

fn custom_role(entry: &CustomRoleEntry, name: &str, mut role: CustomRole) -> CustomRole {
    name.clone_into(&mut role.name);
    role.application = format!("applications/{}", entry.application.as_str());
    say! { role, entry:
        "display_name" => display_name: text(&entry.display_name),
        "description" => description: text(&entry.description),
        "permissions" => permissions: texts(&entry.permissions),
    }
    role
}

fn subject(entry: &MembershipEntry) -> String {
    match entry.user.get() {
        Some(user) => format!("users/{user}"),
        None => format!("serviceAccounts/{}", entry.service_account.as_str()),
    }
}

fn membership(
    organization: &str,
    subject: &str,
    entry: &MembershipEntry,
    current: Option<&Membership>,
) -> Membership {
    let id = entry.user.get().unwrap_or(entry.service_account.as_str());
    let mut membership = current.cloned().unwrap_or_else(|| Membership {
        name: format!("{organization}/memberships/{id}"),
        subject: subject.to_owned(),
        ..Membership::default()
    });
    let state = format!("MEMBERSHIP_STATE_{}", entry.state.as_str());
    membership.set_state(MembershipState::from_str_name(&state).unwrap_or_default());
    say! { membership, entry:
        "subscription_active" =>
            subscription_active: entry.subscription_active.unwrap_or_default(),
    }
    membership
}

fn grant(
    organization: &str,
    name: &str,
    subject: &str,
    entry: &GrantEntry,
    current: Option<&Grant>,
) -> Grant {
    let role = RoleText::parse(entry.role.as_str());
    let mut grant = current.cloned().unwrap_or_else(|| Grant {
        name: name.to_owned(),
        ..Grant::default()
    });
    subject.clone_into(&mut grant.subject);
    grant.role = role.map(|role| role.name(organization)).unwrap_or_default();
    grant.scope = Some(scope(organization, entry, grant.scope.as_ref()));
    say! { grant, entry:
        "start_time" => start_time: moment::timestamp(entry.start_time.as_str()),
        "end_time" => end_time: moment::timestamp(entry.end_time.as_str()),
        "can_delegate" => can_delegate: entry.can_delegate.unwrap_or_default(),
        "condition" => condition: text(&entry.condition),
    }
    grant
}

fn scope(organization: &str, entry: &GrantEntry, current: Option<&Scope>) -> Scope {
    let applications = if entry.says("applications") {
        let named = entry.applications.iter();
        named
            .map(|application| format!("applications/{}", application.as_str()))
            .collect()
    } else {
        current
            .map(|own| own.applications.clone())
            .unwrap_or_default()
    };
    match entry.scope.as_ref().map(|scope| &scope.value) {
        Some(ScopeEntry::Places(places)) => Scope {
            all: false,
            units: places
                .units
                .iter()
                .map(|unit| unit_name(organization, unit))
                .collect(),
            resources: places
                .resources
                .iter()
                .map(|resource| format!("{organization}/resources/{}", resource.as_str()))
                .collect(),
            applications,
        },
        _ => Scope {
            all: true,
            applications,
            ..Scope::default()
        },
    }
}
