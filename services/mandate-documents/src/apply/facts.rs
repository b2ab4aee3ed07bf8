//! Facts as messages of the API, from documents or from the server.

use std::collections::BTreeMap;

use api::{
    entitlement::v1::{Application, CustomRole, Entitlement, Grant},
    identity::v1::{ServiceAccount, ServiceAccountKey, User},
    membership::v1::{Contact, Membership, Organization, Resource, Unit},
};

use crate::document::Reference;

/// Facts by resource name, so that two sides can be compared.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Applications.
    pub applications: BTreeMap<String, Application>,
    /// Service accounts.
    pub service_accounts: BTreeMap<String, ServiceAccount>,
    /// OIDC identities of service accounts, by issuer and subject.
    pub identities: BTreeMap<String, ServiceAccountKey>,
    /// Users.
    pub users: BTreeMap<String, User>,
    /// Organizations.
    pub organizations: BTreeMap<String, OrganizationFacts>,
}

/// The facts of an organization.
#[derive(Debug, Clone, Default)]
pub struct OrganizationFacts {
    /// The organization itself.
    pub organization: Organization,
    /// Contacts.
    pub contacts: BTreeMap<String, Contact>,
    /// Entitlements.
    pub entitlements: BTreeMap<String, Entitlement>,
    /// Units.
    pub units: BTreeMap<String, Unit>,
    /// Resources.
    pub resources: BTreeMap<String, Resource>,
    /// Memberships, by the name of their subject: each subject has one, whatever its id.
    pub memberships: BTreeMap<String, Membership>,
    /// Custom roles.
    pub custom_roles: BTreeMap<String, CustomRole>,
    /// Grants.
    pub grants: BTreeMap<String, Grant>,
}

impl Facts {
    /// True if the facts contain the target of a reference.
    pub fn holds(&self, reference: &Reference) -> bool {
        match reference {
            Reference::Application(id) => self
                .applications
                .contains_key(&format!("applications/{id}")),
            Reference::Role { application, role } => self
                .applications
                .get(&format!("applications/{application}"))
                .is_some_and(|found| found.roles.iter().any(|held| held.role_id == *role)),
            Reference::CustomRole {
                organization,
                application,
                role,
            } => {
                let organization = format!("organizations/{organization}");
                self.organizations.get(&organization).is_some_and(|found| {
                    let role = format!("{organization}/applications/{application}/roles/{role}");
                    found.custom_roles.contains_key(&role)
                })
            }
            Reference::User(id) => self.users.contains_key(&format!("users/{id}")),
            Reference::ServiceAccount(id) => self
                .service_accounts
                .contains_key(&format!("serviceAccounts/{id}")),
            Reference::Unit { organization, unit } => {
                let organization = format!("organizations/{organization}");
                self.organizations.get(&organization).is_some_and(|found| {
                    let unit = format!("{organization}/units/{unit}");
                    found.units.contains_key(&unit)
                })
            }
            Reference::Resource {
                organization,
                resource,
            } => {
                let organization = format!("organizations/{organization}");
                self.organizations.get(&organization).is_some_and(|found| {
                    let resource = format!("{organization}/resources/{resource}");
                    found.resources.contains_key(&resource)
                })
            }
        }
    }
}
