//! What valid documents say, as facts.

use std::collections::BTreeMap;

use api::{
    entitlement::v1::{
        Application, Entitlement, EntitlementState, Grant, Module, Option as ModuleOption, Role,
        Scope,
    },
    identity::v1::{ServiceAccount, User, UserState},
    membership::v1::{
        Membership, MembershipState, Organization, OrganizationState, Resource, Unit,
    },
};

use super::{
    facts::{Facts, OrganizationFacts},
    id::grant_id,
};
use crate::{
    document::{
        ApplicationEntry, Document, EntitlementEntry, GrantEntry, MembershipEntry, ModuleEntry,
        OrganizationEntry, ResourceEntry, RoleEntry, ScopeEntry, Text, UnitEntry, UserEntry,
        management_mode, placement,
    },
    moment,
};

/// The facts that documents say. Each is said once, which validation has seen to.
pub fn desired(documents: &[Document]) -> Facts {
    let mut facts = Facts::default();
    for root in documents.iter().map(|document| &document.root) {
        let applications = root
            .applications
            .iter()
            .map(|entry| application(&entry.value));
        facts
            .applications
            .extend(applications.map(|a| (a.name.clone(), a)));
        facts
            .service_accounts
            .extend(root.service_accounts.iter().map(|entry| {
                let name = format!("serviceAccounts/{}", entry.value.id.as_str());
                let account = ServiceAccount {
                    name: name.clone(),
                    display_name: text(&entry.value.display_name),
                    ..ServiceAccount::default()
                };
                (name, account)
            }));
        let users = root.users.iter().map(|entry| user(&entry.value));
        facts
            .users
            .extend(users.map(|user| (user.name.clone(), user)));
        let organizations = root
            .organizations
            .iter()
            .map(|entry| organization(&entry.value));
        facts
            .organizations
            .extend(organizations.map(|o| (o.organization.name.clone(), o)));
    }
    facts
}

fn text(text: &Text) -> String {
    text.as_str().to_owned()
}

fn texts(texts: &[Text]) -> Vec<String> {
    texts.iter().map(text).collect()
}

fn application(entry: &ApplicationEntry) -> Application {
    let name = format!("applications/{}", entry.id.as_str());
    Application {
        display_name: text(&entry.display_name),
        aliases: texts(&entry.aliases),
        placements: entry
            .placements
            .iter()
            .filter_map(|word| placement(word.as_str()))
            .map(i32::from)
            .collect(),
        management_mode: management_mode(entry.management_mode.as_str()).into(),
        modules: entry
            .modules
            .iter()
            .map(|entry| module(&entry.value))
            .collect(),
        roles: entry
            .roles
            .iter()
            .map(|entry| role(&name, &entry.value))
            .collect(),
        name,
        ..Application::default()
    }
}

fn module(entry: &ModuleEntry) -> Module {
    Module {
        module_id: text(&entry.id),
        display_name: text(&entry.display_name),
        verbs: texts(&entry.verbs),
        options: entry
            .options
            .iter()
            .map(|option| ModuleOption {
                option_id: text(&option.value.id),
                display_name: text(&option.value.display_name),
                verbs: texts(&option.value.verbs),
            })
            .collect(),
        recommended: entry.recommended.unwrap_or_default(),
    }
}

fn role(application: &str, entry: &RoleEntry) -> Role {
    Role {
        name: format!("{application}/roles/{}", entry.id.as_str()),
        role_id: text(&entry.id),
        display_name: text(&entry.display_name),
        permissions: texts(&entry.permissions),
    }
}

fn user(entry: &UserEntry) -> User {
    let state = UserState::from_str_name(&format!("USER_STATE_{}", entry.state.as_str()));
    User {
        name: format!("users/{}", entry.id.as_str()),
        login: text(&entry.login),
        realm: entry.realm.get().unwrap_or("default").to_owned(),
        given_name: text(&entry.given_name),
        family_name: text(&entry.family_name),
        email: text(&entry.email),
        state: state.unwrap_or_default().into(),
        ..User::default()
    }
}

fn organization(entry: &OrganizationEntry) -> OrganizationFacts {
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
        entitlements: by_name(&entry.entitlements, |entry| entitlement(&name, entry)),
        units: by_name(&entry.units, |entry| unit(&name, entry)),
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
    let (application, role) = entry.role.as_str().split_once('.').unwrap_or_default();
    Grant {
        name: format!("{organization}/grants/{}", grant_id(member, entry)),
        subject: subject(member),
        role: format!("applications/{application}/roles/{role}"),
        scope: Some(scope(organization, entry)),
        start_time: moment::timestamp(entry.start_time.as_str()),
        end_time: moment::timestamp(entry.end_time.as_str()),
        ..Grant::default()
    }
}

fn scope(organization: &str, entry: &GrantEntry) -> Scope {
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
        },
        _ => Scope {
            all: true,
            ..Scope::default()
        },
    }
}
