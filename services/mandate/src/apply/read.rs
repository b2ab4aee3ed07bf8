//! What the server has of what documents are about.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use api::{
    entitlement::v1::{
        ListApplicationsRequest, ListCustomRolesRequest, ListEntitlementsRequest, ListGrantsRequest,
    },
    identity::v1::{
        ListServiceAccountKeysRequest, ListServiceAccountsRequest, ListUsersRequest,
        ServiceAccountKey,
    },
    membership::v1::{
        ListContactsRequest, ListMembershipsRequest, ListOrganizationsRequest,
        ListResourcesRequest, ListUnitsRequest, Organization,
    },
};

use super::{
    ApplyError,
    desired::named,
    facts::{Facts, OrganizationFacts},
    together::together,
};
use crate::{
    clients::{Clients, Service, answer, within},
    document::{Document, Root},
};

/// The items of a page.
const PAGE: i32 = 1000;
/// The applications of a page: each may be as large as a thousand users.
const PAGE_OF_APPLICATIONS: i32 = 50;
/// How long a page may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Every item of a list, page by page.
macro_rules! list {
    ($service:ident, $client:expr, $method:ident, $items:ident, $request:expr) => {{
        let mut client = $client;
        let mut request = $request;
        let mut all = Vec::new();
        loop {
            let call = client.$method(within(DEADLINE, request.clone()));
            let page = answer(Service::$service, stringify!($method), call).await?;
            all.extend(page.$items);
            if page.next_page_token.is_empty() {
                break all;
            }
            request.page_token = page.next_page_token;
        }
    }};
}

/// Items by what names them.
macro_rules! by {
    ($key:ident, $items:expr) => {
        $items
            .into_iter()
            .map(|item| (item.$key.clone(), item))
            .collect::<BTreeMap<_, _>>()
    };
}

/// Reads what the documents mention or may refer to. Organizations that the server does not
/// have cost nothing.
///
/// # Errors
/// [`ApplyError::Call`].
pub async fn read(documents: &[Document], clients: &Clients) -> Result<Facts, ApplyError> {
    let roots: Vec<&Root> = documents.iter().map(|document| &document.root).collect();
    let members = || {
        let organizations = roots.iter().flat_map(|root| &root.organizations);
        organizations.flat_map(|entry| &entry.value.memberships)
    };
    let users = roots.iter().any(|root| !root.users.is_empty())
        || members().any(|entry| entry.value.user.get().is_some());
    let accounts = roots.iter().any(|root| !root.service_accounts.is_empty())
        || members().any(|entry| entry.value.service_account.get().is_some());
    let mentioned: HashSet<String> = roots
        .iter()
        .flat_map(|root| &root.organizations)
        .map(|entry| format!("organizations/{}", entry.value.id.as_str()))
        .collect();

    let mut facts = Facts {
        applications: by!(name, applications(clients).await?),
        ..Facts::default()
    };
    if accounts {
        let request = ListServiceAccountsRequest {
            page_size: PAGE,
            page_token: String::new(),
        };
        let client = clients.service_accounts();
        let found = list!(
            Identity,
            client,
            list_service_accounts,
            service_accounts,
            request
        );
        facts.service_accounts = by!(name, found);
        facts.identities = identities(&roots, clients, &facts).await?;
    }
    if users {
        let request = ListUsersRequest {
            page_size: PAGE,
            page_token: String::new(),
        };
        facts.users = by!(
            name,
            list!(Identity, clients.users(), list_users, users, request)
        );
    }
    if !mentioned.is_empty() {
        let existing = organizations(clients).await?;
        let existing = existing
            .into_iter()
            .filter(|organization| mentioned.contains(&organization.name));
        let read = together(existing, |found| organization(clients.clone(), found)).await?;
        let read = read.into_iter();
        facts.organizations = read.map(|o| (o.organization.name.clone(), o)).collect();
    }
    Ok(facts)
}

/// The identities of the service accounts that the documents say some of.
async fn identities(
    roots: &[&Root],
    clients: &Clients,
    facts: &Facts,
) -> Result<BTreeMap<String, ServiceAccountKey>, ApplyError> {
    let accounts = roots.iter().flat_map(|root| &root.service_accounts);
    let accounts = accounts
        .filter(|entry| !entry.value.oidc.is_empty())
        .map(|entry| format!("serviceAccounts/{}", entry.value.id.as_str()))
        .filter(|name| facts.service_accounts.contains_key(name));
    let mut identities = BTreeMap::new();
    for parent in accounts {
        let request = ListServiceAccountKeysRequest {
            parent,
            page_size: PAGE,
            page_token: String::new(),
        };
        let client = clients.service_accounts();
        let keys = list!(Identity, client, list_service_account_keys, keys, request);
        let proved = keys
            .into_iter()
            .filter_map(|key| Some((named(key.oidc.as_ref()?), key)));
        identities.extend(proved);
    }
    Ok(identities)
}

async fn applications(
    clients: &Clients,
) -> Result<Vec<api::entitlement::v1::Application>, ApplyError> {
    let request = ListApplicationsRequest {
        page_size: PAGE_OF_APPLICATIONS,
        ..ListApplicationsRequest::default()
    };
    let client = clients.catalog();
    Ok(list!(
        Entitlement,
        client,
        list_applications,
        applications,
        request
    ))
}

async fn organizations(clients: &Clients) -> Result<Vec<Organization>, ApplyError> {
    let request = ListOrganizationsRequest {
        page_size: PAGE,
        page_token: String::new(),
    };
    let client = clients.organizations();
    Ok(list!(
        Membership,
        client,
        list_organizations,
        organizations,
        request
    ))
}

async fn organization(
    clients: Clients,
    organization: Organization,
) -> Result<OrganizationFacts, ApplyError> {
    let parent = organization.name.clone();
    let contacts = ListContactsRequest {
        parent: parent.clone(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let units = ListUnitsRequest {
        parent: parent.clone(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let resources = ListResourcesRequest {
        parent: parent.clone(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let memberships = ListMembershipsRequest {
        parent: parent.clone(),
        page_size: PAGE,
        ..ListMembershipsRequest::default()
    };
    let entitlements = ListEntitlementsRequest {
        parent: parent.clone(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let grants = ListGrantsRequest {
        parent: parent.clone(),
        page_size: PAGE,
        show_revoked: true,
        ..ListGrantsRequest::default()
    };
    let custom_roles = ListCustomRolesRequest {
        parent,
        page_size: PAGE,
        page_token: String::new(),
    };
    let (tree, members) = (clients.organizations(), clients.members());
    let found = OrganizationFacts {
        organization,
        // With that of the operator, where there is none; no document means it by its name.
        contacts: by!(
            name,
            list!(
                Membership,
                clients.contacts(),
                list_contacts,
                contacts,
                contacts
            )
        ),
        units: by!(
            name,
            list!(Membership, tree.clone(), list_units, units, units)
        ),
        resources: by!(
            name,
            list!(Membership, tree, list_resources, resources, resources)
        ),
        memberships: by!(
            subject,
            list!(
                Membership,
                members,
                list_memberships,
                memberships,
                memberships
            )
        ),
        entitlements: by!(
            name,
            list!(
                Entitlement,
                clients.grants(),
                list_entitlements,
                entitlements,
                entitlements
            )
        ),
        custom_roles: by!(
            name,
            list!(
                Entitlement,
                clients.custom_roles(),
                list_custom_roles,
                custom_roles,
                custom_roles
            )
        ),
        grants: by!(
            name,
            list!(Entitlement, clients.grants(), list_grants, grants, grants)
        ),
    };
    Ok(found)
}
