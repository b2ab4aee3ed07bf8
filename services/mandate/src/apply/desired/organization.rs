//! Organizations, with what they have.

use std::collections::BTreeMap;

use api::{
    entitlement::v1::{CustomRole, Entitlement, EntitlementState, Grant, Scope},
    membership::v1::{
        Contact, ContactKind, Membership, MembershipState, Organization, OrganizationState,
        Resource, Unit,
    },
};

use super::text;
use crate::{
    apply::{facts::OrganizationFacts, grant_id},
    document::{
        ContactEntry, CustomRoleEntry, EntitlementEntry, GrantEntry, MembershipEntry,
        OrganizationEntry, ResourceEntry, RoleText, ScopeEntry, Text, UnitEntry,
    },
    moment,
};

pub(super) fn organization(entry: &OrganizationEntry) -> OrganizationFacts {
    let name = format!("organizations/{}", entry.id.as_str());
    let state = format!("ORGANIZATION_STATE_{}", entry.state.as_str());
    let mut facts = OrganizationFacts {
        organization: Organization {
            name: name.clone(),
            display_name: text(&entry.display_name),
            subscription_required: entry.subscription_required.unwrap_or_default(),
            state: OrganizationState::from_str_name(&state)
                .unwrap_or_default()
                .into(),
            ..Organization::default()
        },
        contacts: by_name(&entry.contacts, |entry| contact(&name, entry)),
        entitlements: by_name(&entry.entitlements, |entry| entitlement(&name, entry)),
        units: by_name(&entry.units, |entry| unit(&name, entry)),
        custom_roles: by_name(&entry.custom_roles, |entry| custom_role(&name, entry)),
        resources: by_name(&entry.resources, |entry| resource(&name, entry)),
        ..OrganizationFacts::default()
    };
    for entry in entry.memberships.iter().map(|entry| &entry.value) {
        let membership = membership(&name, entry);
        let grants = entry
            .grants
            .iter()
            .map(|item| grant(&name, entry, &item.value));
        facts
            .grants
            .extend(grants.map(|grant| (grant.name.clone(), grant)));
        facts
            .memberships
            .insert(membership.subject.clone(), membership);
    }
    facts
}

fn by_name<E, T>(
    entries: &[serde_saphyr::Spanned<E>],
    convert: impl Fn(&E) -> (String, T),
) -> BTreeMap<String, T> {
    entries.iter().map(|entry| convert(&entry.value)).collect()
}

fn contact(organization: &str, entry: &ContactEntry) -> (String, Contact) {
    let name = format!("{organization}/contacts/{}", entry.id.as_str());
    let kind = format!("CONTACT_KIND_{}", entry.kind.as_str());
    let contact = Contact {
        name: name.clone(),
        kind: ContactKind::from_str_name(&kind).unwrap_or_default().into(),
        display_name: text(&entry.display_name),
        uri: text(&entry.uri),
        primary: entry.primary.unwrap_or_default(),
        ..Contact::default()
    };
    (name, contact)
}

fn entitlement(organization: &str, entry: &EntitlementEntry) -> (String, Entitlement) {
    let application = entry.application.as_str();
    let name = format!("{organization}/entitlements/{application}");
    let state = format!("ENTITLEMENT_STATE_{}", entry.state.as_str());
    let entitlement = Entitlement {
        name: name.clone(),
        application: format!("applications/{application}"),
        start_time: moment::timestamp(entry.start_time.as_str()),
        end_time: moment::timestamp(entry.end_time.as_str()),
        state: EntitlementState::from_str_name(&state)
            .unwrap_or_default()
            .into(),
        ..Entitlement::default()
    };
    (name, entitlement)
}

fn unit_name(organization: &str, unit: &Text) -> String {
    match unit.get() {
        Some(unit) => format!("{organization}/units/{unit}"),
        None => String::new(),
    }
}

fn unit(organization: &str, entry: &UnitEntry) -> (String, Unit) {
    let name = unit_name(organization, &entry.id);
    let unit = Unit {
        name: name.clone(),
        display_name: text(&entry.display_name),
        kind: text(&entry.kind),
        number: text(&entry.number),
        parent_unit: unit_name(organization, &entry.parent),
        ..Unit::default()
    };
    (name, unit)
}

fn resource(organization: &str, entry: &ResourceEntry) -> (String, Resource) {
    let name = format!("{organization}/resources/{}", entry.id.as_str());
    let resource = Resource {
        name: name.clone(),
        display_name: text(&entry.display_name),
        r#type: text(&entry.kind),
        external_id: text(&entry.external_id),
        unit: unit_name(organization, &entry.unit),
        ..Resource::default()
    };
    (name, resource)
}

fn custom_role(organization: &str, entry: &CustomRoleEntry) -> (String, CustomRole) {
    let application = format!("applications/{}", entry.application.as_str());
    let name = format!("{organization}/{application}/roles/{}", entry.id.as_str());
    let role = CustomRole {
        name: name.clone(),
        application,
        display_name: text(&entry.display_name),
        description: text(&entry.description),
        permissions: entry.permissions.iter().map(text).collect(),
        ..CustomRole::default()
    };
    (name, role)
}

fn subject(entry: &MembershipEntry) -> String {
    match entry.user.get() {
        Some(user) => format!("users/{user}"),
        None => format!("serviceAccounts/{}", entry.service_account.as_str()),
    }
}

fn membership(organization: &str, entry: &MembershipEntry) -> Membership {
    let id = entry.user.get().unwrap_or(entry.service_account.as_str());
    let state = format!("MEMBERSHIP_STATE_{}", entry.state.as_str());
    Membership {
        name: format!("{organization}/memberships/{id}"),
        subject: subject(entry),
        subscription_active: entry.subscription_active.unwrap_or_default(),
        state: MembershipState::from_str_name(&state)
            .unwrap_or_default()
            .into(),
        ..Membership::default()
    }
}

fn grant(organization: &str, member: &MembershipEntry, entry: &GrantEntry) -> Grant {
    let role = RoleText::parse(entry.role.as_str());
    Grant {
        name: format!("{organization}/grants/{}", grant_id(member, entry)),
        subject: subject(member),
        role: role.map(|role| role.name(organization)).unwrap_or_default(),
        scope: Some(scope(organization, entry)),
        start_time: moment::timestamp(entry.start_time.as_str()),
        end_time: moment::timestamp(entry.end_time.as_str()),
        can_delegate: entry.can_delegate.unwrap_or_default(),
        condition: entry.condition.as_str().to_owned(),
        ..Grant::default()
    }
}

fn scope(organization: &str, entry: &GrantEntry) -> Scope {
    let applications = entry.applications.iter();
    let applications = applications
        .map(|application| format!("applications/{}", application.as_str()))
        .collect();
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
