//! Reads the current state of the entities that documents name.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api::{
    entitlement::v1::{
        GetApplicationRequest, GetCustomRoleRequest, GetEntitlementRequest, GetGrantRequest,
        ListApplicationsRequest, ListCustomRolesRequest, ListEntitlementsRequest,
        ListGrantsRequest,
    },
    identity::v1::{
        GetServiceAccountRequest, GetUserRequest, ListServiceAccountKeysRequest,
        ListServiceAccountsRequest, ListUsersRequest, ServiceAccountKey,
    },
    membership::v1::{
        GetMembershipRequest, GetOrganizationRequest, GetResourceRequest, GetUnitRequest,
        ListContactsRequest, ListMembershipsRequest, ListResourcesRequest, ListUnitsRequest,
        Organization,
    },
};
use tonic::Code;

use super::{
    ApplyError,
    desired::named as identity_of,
    facts::{Facts, OrganizationFacts},
    named::{EntityNames, OrganizationEntityNames},
    together::together,
};
use crate::{
    clients::{CallError, Clients, Service, answer, within},
    document::Document,
    pages,
};

/// Items per page.
const PAGE_SIZE: i32 = 1000;
/// Applications per page: each may be as large as a thousand users.
const APPLICATION_PAGE_SIZE: i32 = 50;
/// Deadline of a page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of entities to get one by one; for more, the list is read.
const MAX_SINGLE_GETS: usize = 32;
/// Reading the list stops when it has returned this many times the number of wanted entities.
const MAX_LIST_RATIO: usize = 4;

/// Evaluates to the existing items of these names. For many names the list is faster, unless it is
/// much longer than the names: then the remaining items are requested one by one.
macro_rules! named {
    ($service:ident, $client:expr, $names:expr, $items:ident: $list:ident($request:expr),
        $item:ident: $get:ident($get_request:ident), by $key:ident $(as $name:expr)?) => {{
        let names: &BTreeSet<String> = $names;
        let mut found = BTreeMap::new();
        let mut left = names.len() > MAX_SINGLE_GETS;
        let (mut request, mut seen) = ($request, 0);
        while left {
            let mut client = $client;
            let call = client.$list(within(PAGE_TIMEOUT, request.clone()));
            let page = answer(Service::$service, stringify!($list), call).await?;
            seen += page.$items.len();
            let mentioned = page.$items.into_iter().filter(|item| names.contains(&item.$key));
            found.extend(mentioned.map(|item| (item.$key.clone(), item)));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
            left = found.len() < names.len() && seen < MAX_LIST_RATIO * names.len();
        }
        if !left {
            let absent = names.iter().filter(|name| !found.contains_key(*name));
            let asked = together(absent.cloned().collect::<Vec<_>>(), |name| {
                let mut client = $client;
                $(let name = $name(&name);)?
                async move {
                    let call = client.$get(within(PAGE_TIMEOUT, $get_request { name }));
                    let answer = answer(Service::$service, stringify!($get), call).await;
                    Ok(there(answer)?.and_then(|answer| answer.$item))
                }
            });
            let asked = asked.await?.into_iter().flatten();
            found.extend(asked.map(|item| (item.$key.clone(), item)));
        }
        found
    }};
}

/// Reads the current state of the entities that documents name.
///
/// # Errors
/// [`ApplyError::Call`].
pub async fn read(documents: &[Document], clients: &Clients) -> Result<Facts, ApplyError> {
    let named = EntityNames::of(documents);
    let mut facts = Facts {
        applications: named!(
            Entitlement,
            clients.catalog(),
            &named.applications,
            applications: list_applications(ListApplicationsRequest {
                page_size: APPLICATION_PAGE_SIZE,
                ..ListApplicationsRequest::default()
            }),
            application: get_application(GetApplicationRequest),
            by name
        ),
        service_accounts: named!(
            Identity,
            clients.service_accounts(),
            &named.service_accounts,
            service_accounts: list_service_accounts(ListServiceAccountsRequest {
                page_size: PAGE_SIZE,
                ..ListServiceAccountsRequest::default()
            }),
            service_account: get_service_account(GetServiceAccountRequest),
            by name
        ),
        users: named!(
            Identity,
            clients.users(),
            &named.users,
            users: list_users(ListUsersRequest {
                page_size: PAGE_SIZE,
                ..ListUsersRequest::default()
            }),
            user: get_user(GetUserRequest),
            by name
        ),
        ..Facts::default()
    };
    facts.identities = identities(&named.accounts_with_identities, clients, &facts).await?;
    let read = together(named.organizations, |(name, inside)| {
        organization(clients.clone(), name, inside)
    });
    let read = read.await?.into_iter().flatten();
    facts.organizations = read.map(|o| (o.organization.name.clone(), o)).collect();
    Ok(facts)
}

/// Returns the entity, if it exists. An entity out of reach counts as absent, and so does an
/// invalid name, which validation reports.
fn there<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.status.code() {
            Code::NotFound | Code::PermissionDenied | Code::InvalidArgument => Ok(None),
            _ => Err(error),
        },
    }
}

/// Returns the OIDC identities of the service accounts for which the documents declare some.
async fn identities(
    accounts_with_identities: &BTreeSet<String>,
    clients: &Clients,
    facts: &Facts,
) -> Result<BTreeMap<String, ServiceAccountKey>, ApplyError> {
    let there = |name: &&String| facts.service_accounts.contains_key(*name);
    let mut identities = BTreeMap::new();
    for parent in accounts_with_identities.iter().filter(there) {
        let request = ListServiceAccountKeysRequest {
            parent: parent.clone(),
            page_size: PAGE_SIZE,
            page_token: String::new(),
        };
        let client = clients.service_accounts();
        let keys = pages!(
            PAGE_TIMEOUT,
            Identity,
            client,
            list_service_account_keys(request).keys
        )?;
        let accounts_with_identities = keys
            .into_iter()
            .filter_map(|key| Some((identity_of(key.oidc.as_ref()?), key)));
        identities.extend(accounts_with_identities);
    }
    Ok(identities)
}

/// Returns the state of an organization, if it exists. An absent one costs one call.
async fn organization(
    clients: Clients,
    parent: String,
    named: OrganizationEntityNames,
) -> Result<Option<OrganizationFacts>, ApplyError> {
    let mut client = clients.organizations();
    let name = parent.clone();
    let call = client.get_organization(within(PAGE_TIMEOUT, GetOrganizationRequest { name }));
    let found = there(answer(Service::Membership, "get_organization", call).await)?;
    let Some(organization) = found.and_then(|found| found.organization) else {
        return Ok(None);
    };
    let mut facts = of_membership(&clients, organization, &named).await?;
    of_entitlement(&clients, &parent, &named, &mut facts).await?;
    Ok(Some(facts))
}

/// Returns the facts of an organization from the membership service.
async fn of_membership(
    clients: &Clients,
    organization: Organization,
    named: &OrganizationEntityNames,
) -> Result<OrganizationFacts, ApplyError> {
    let parent = organization.name.clone();
    let membership = |subject: &str| {
        let id = subject.rsplit('/').next().unwrap_or_default();
        format!("{parent}/memberships/{id}")
    };
    let mut facts = OrganizationFacts {
        units: named!(
            Membership,
            clients.organizations(),
            &named.units,
            units: list_units(ListUnitsRequest {
                parent: parent.clone(),
                page_size: PAGE_SIZE,
                ..ListUnitsRequest::default()
            }),
            unit: get_unit(GetUnitRequest),
            by name
        ),
        resources: named!(
            Membership,
            clients.organizations(),
            &named.resources,
            resources: list_resources(ListResourcesRequest {
                parent: parent.clone(),
                page_size: PAGE_SIZE,
                ..ListResourcesRequest::default()
            }),
            resource: get_resource(GetResourceRequest),
            by name
        ),
        memberships: named!(
            Membership,
            clients.members(),
            &named.memberships,
            memberships: list_memberships(ListMembershipsRequest {
                parent: parent.clone(),
                page_size: PAGE_SIZE,
                ..ListMembershipsRequest::default()
            }),
            membership: get_membership(GetMembershipRequest),
            by subject as membership
        ),
        organization,
        ..OrganizationFacts::default()
    };
    if named.contacts {
        let request = ListContactsRequest {
            parent: parent.clone(),
            page_size: PAGE_SIZE,
            page_token: String::new(),
        };
        // The list includes the operator's contact if the organization has none; no document refers
        // to that one by name.
        let client = clients.contacts();
        let contacts = pages!(
            PAGE_TIMEOUT,
            Membership,
            client,
            list_contacts(request).contacts
        )?;
        let contacts = contacts.into_iter();
        facts.contacts = contacts.map(|own| (own.name.clone(), own)).collect();
    }
    Ok(facts)
}

/// Adds the facts of an organization from the entitlement service.
async fn of_entitlement(
    clients: &Clients,
    parent: &str,
    named: &OrganizationEntityNames,
    facts: &mut OrganizationFacts,
) -> Result<(), ApplyError> {
    facts.entitlements = named!(
        Entitlement,
        clients.grants(),
        &named.entitlements,
        entitlements: list_entitlements(ListEntitlementsRequest {
            parent: parent.to_owned(),
            page_size: PAGE_SIZE,
            ..ListEntitlementsRequest::default()
        }),
        entitlement: get_entitlement(GetEntitlementRequest),
        by name
    );
    facts.custom_roles = named!(
        Entitlement,
        clients.custom_roles(),
        &named.custom_roles,
        custom_roles: list_custom_roles(ListCustomRolesRequest {
            parent: parent.to_owned(),
            page_size: PAGE_SIZE,
            ..ListCustomRolesRequest::default()
        }),
        custom_role: get_custom_role(GetCustomRoleRequest),
        by name
    );
    facts.grants = named!(
        Entitlement,
        clients.grants(),
        &named.grants,
        grants: list_grants(ListGrantsRequest {
            parent: parent.to_owned(),
            page_size: PAGE_SIZE,
            show_revoked: true,
            ..ListGrantsRequest::default()
        }),
        grant: get_grant(GetGrantRequest),
        by name
    );
    Ok(())
}
