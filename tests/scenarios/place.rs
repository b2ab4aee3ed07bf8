//! The public lists of a catalog and of locations, for tests that cover all of them.

use std::collections::BTreeMap;

use api::{
    entitlement::v1::{
        AccessView, ApplicationAccess, GetApplicationRequest, ListEffectiveAccessRequest, Scope,
    },
    membership::v1::{ListResourcesRequest, ListUnitsRequest},
};
use mandate_documents::clients::Clients;

/// The units and resources of an organization, each with its parent unit.
pub struct Places {
    pub organization: String,
    pub above: BTreeMap<String, String>,
}

impl Places {
    pub async fn of(clients: &Clients, organization: &str) -> Self {
        let units = ListUnitsRequest {
            parent: organization.to_owned(),
            page_size: 1000,
            ..ListUnitsRequest::default()
        };
        let resources = ListResourcesRequest {
            parent: organization.to_owned(),
            page_size: 1000,
            ..ListResourcesRequest::default()
        };
        let units = clients.organizations().list_units(units).await;
        let resources = clients.organizations().list_resources(resources).await;
        let units = units.unwrap().into_inner().units.into_iter();
        let resources = resources.unwrap().into_inner().resources.into_iter();
        let units = units.map(|unit| (unit.name, unit.parent_unit));
        let resources = resources.map(|resource| (resource.name, resource.unit));
        Self {
            organization: organization.to_owned(),
            above: units.chain(resources).collect(),
        }
    }

    /// Returns the organization, its units and its resources.
    pub fn all(&self) -> Vec<String> {
        let below = self.above.keys().cloned();
        std::iter::once(self.organization.clone())
            .chain(below)
            .collect()
    }

    /// Returns true if a scope covers a location, by itself or through a unit above.
    pub fn covers(&self, scope: &Scope, place: &str) -> bool {
        let mut at = place;
        scope.all
            || scope.resources.iter().any(|name| name == place)
            || loop {
                if scope.units.iter().any(|name| name == at) {
                    break true;
                }
                match self.above.get(at) {
                    Some(above) if !above.is_empty() => at = above,
                    _ => break false,
                }
            }
    }
}

/// Returns every permission of an application, as the catalog declares it.
pub async fn permissions(clients: &Clients, application: &str) -> Vec<String> {
    let request = GetApplicationRequest {
        name: format!("applications/{application}"),
    };
    let found = clients.catalog().get_application(request).await;
    let found = found.unwrap().into_inner().application.unwrap();
    let mut all = Vec::new();
    for module in &found.modules {
        let prefix = format!("{application}.{}", module.module_id);
        all.extend(module.verbs.iter().map(|verb| format!("{prefix}.{verb}")));
        for option in &module.options {
            let verbs = option.verbs.iter();
            all.extend(verbs.map(|verb| format!("{prefix}.{}.{verb}", option.option_id)));
        }
    }
    all
}

/// Returns all access of a subject in an organization, read in pages.
pub async fn access(
    clients: &Clients,
    organization: &str,
    subject: &str,
    view: AccessView,
    page_size: i32,
) -> Vec<ApplicationAccess> {
    let mut request = ListEffectiveAccessRequest {
        parent: organization.to_owned(),
        subject: subject.to_owned(),
        page_size,
        view: view.into(),
        ..ListEffectiveAccessRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let mut client = clients.authorization();
        let page = client.list_effective_access(request.clone());
        let page = page.await.unwrap().into_inner();
        all.extend(page.applications);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}
