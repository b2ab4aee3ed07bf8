use std::collections::BTreeSet;

use ::rpc::Fault;
use api::entitlement::v1::{
    ListSubjectsRequest, ListSubjectsResponse, list_subjects_request::Held,
};
use authz::Context;
use entitlement_core::{Catalog, ConditionInput, PermissionIndex, Roles};
use prost_types::Struct;
use service::Page;
use types::{Id, OrganizationId, RoleId, RoleName, UnixTime};

use super::{
    App,
    as_of::moment_of,
    context::check_context,
    listed::{self, Row},
    question::{is_permission, organization_of, place_of},
};
use crate::{
    engine::ConditionBudget,
    error::Error,
    facts::{FactKey, FactSnapshot, SnapshotReader},
    store::view::View,
};

/// Scan at most `MAX_SCANS_PER_PAGE` × page size members. If few holders of the roles hold them at the
/// location, return a short page rather than keep scanning.
const MAX_SCANS_PER_PAGE: usize = 16;

/// Lists the subjects that hold a permission or a notification route at a location.
pub(crate) async fn list_subjects(
    app: &App,
    context: &Context,
    request: ListSubjectsRequest,
) -> Result<ListSubjectsResponse, Error> {
    let organization = organization_of("resource", &request.resource)?;
    let held = request.held.clone();
    let held = held.ok_or_else(|| Fault::field("permission", "must be set"))?;
    let what = match &held {
        Held::Permission(permission) => {
            is_permission("permission", permission)?;
            format!("permission {permission}")
        }
        Held::NotificationRoute(route) => {
            RoleId::parse(route)
                .map_err(|error| Fault::field("notification_route", error.to_string()))?;
            format!("route {route}")
        }
    };
    check_context("context", request.context.as_ref())?;
    let permit = app.permit_for_organization(context, &organization).await?;
    app.engine
        .ensure_fresh(context, request.consistency.as_ref())
        .await?;
    let sealer = app.store.sealer();
    let at = moment_of(app, request.read_time.as_ref())?;
    let list = format!(
        "subjects {} {what} {:?} {at:?} {}",
        request.resource,
        request.context,
        permit.holder()
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let list = List {
        app,
        organization: &organization,
        resource: &request.resource,
        held: &held,
        context: request.context.as_ref(),
        at,
        limit: usize::try_from(page.limit()).unwrap_or(usize::MAX),
    };
    let found = list.find(&page.after).await?;
    let (rows, mut next_page_token) = page.cut(sealer, found.rows, listed::key);
    if next_page_token.is_empty()
        && let Some(last) = found.scanned_up_to
    {
        next_page_token = page.token_after(sealer, &last);
    }
    let (subjects, conditional_subjects) = listed::split(rows);
    Ok(ListSubjectsResponse {
        subjects,
        conditional_subjects,
        next_page_token,
        revision: found.revision,
    })
}

/// Returns the first members who hold a management permission on the whole organization.
pub(super) async fn holders(
    app: &App,
    organization: &OrganizationId,
    permission: &str,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let list = List {
        app,
        organization,
        resource: &organization.name(),
        held: &Held::Permission(permission.to_owned()),
        context: None,
        at: None,
        limit,
    };
    // Management grants have no conditions.
    Ok(listed::split(list.find("").await?.rows).0)
}

struct List<'a> {
    app: &'a App,
    organization: &'a OrganizationId,
    resource: &'a str,
    held: &'a Held,
    context: Option<&'a Struct>,
    /// The time of the query; `None` for now.
    at: Option<UnixTime>,
    limit: usize,
}

/// A page.
struct Found {
    rows: Vec<Row>,
    /// The last candidate checked, if more may follow.
    scanned_up_to: Option<String>,
    revision: i64,
}

impl List<'_> {
    async fn find(&self, after: &str) -> Result<Found, Error> {
        if self.at.is_some() {
            return self.in_store(after).await;
        }
        let facts = &self.app.engine.facts;
        match facts.read(|world| self.in_memory(world, after)).await?? {
            Some(found) => Ok(found),
            None => self.in_store(after).await,
        }
    }

    /// Returns the page; `None` if memory cannot hold the members, or their conditions exceed the
    /// budget.
    fn in_memory(
        &self,
        world: &FactSnapshot,
        after: &str,
    ) -> Result<Result<Option<Found>, Error>, Vec<FactKey>> {
        let Some(members) = world.members(self.organization)? else {
            return Ok(Ok(None));
        };
        let members = members.filter(|subject| *subject > after);
        let budget = ConditionBudget::under_lock();
        Ok(self.rows_of(world, members, &budget)?.map(|mut rows| {
            rows.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            rows.truncate(self.limit);
            (!budget.is_spent()).then(|| Found {
                rows,
                scanned_up_to: None,
                revision: world.revision(),
            })
        }))
    }

    /// Returns the page, from one snapshot.
    async fn in_store(&self, after: &str) -> Result<Found, Error> {
        let snapshot = self.app.store.snapshot().await?;
        let view = View::at(&snapshot, self.at);
        let mut reading =
            SnapshotReader::begin(&self.app.store, &self.app.engine.facts, view).await?;
        let roles = reading.read(|world| {
            let sought = self.sought(world.catalog()?);
            let roles = world.roles(self.organization)?;
            Ok(sought.map(|sought| holding(roles, &sought)))
        });
        let roles = roles.await??;
        let mut found = Found {
            rows: Vec::new(),
            scanned_up_to: Some(after.to_owned()),
            revision: reading.revision(),
        };
        for _ in 0..MAX_SCANS_PER_PAGE {
            let Some(after) = found.scanned_up_to.take() else {
                break;
            };
            let candidates = self.candidates(view, &roles, &after).await?;
            let read = reading.read(|world| {
                let subjects = candidates.iter().map(String::as_str);
                self.rows_of(world, subjects, &ConditionBudget::unlimited())
            });
            found.rows.extend(read.await??);
            if candidates.len() == self.limit {
                found.scanned_up_to = candidates.last().cloned();
            }
            if found.rows.len() >= self.limit {
                break;
            }
        }
        found.rows.truncate(self.limit);
        Ok(found)
    }

    /// Returns the first holders of any of the roles after `after`, in order.
    async fn candidates(
        &self,
        view: View<'_>,
        roles: &[RoleName],
        after: &str,
    ) -> Result<Vec<String>, Error> {
        let (mut all, limit) = (BTreeSet::new(), self.limit as u64);
        for role in roles {
            all.extend(
                view.subjects_after(self.organization, role, after, limit)
                    .await?,
            );
        }
        Ok(all.into_iter().take(self.limit).collect())
    }

    /// Returns the subjects that hold it at the location, or would with more context.
    fn rows_of<'s>(
        &self,
        world: &FactSnapshot,
        subjects: impl Iterator<Item = &'s str>,
        budget: &ConditionBudget,
    ) -> Result<Result<Vec<Row>, Error>, Vec<FactKey>> {
        let place = place_of(self.resource);
        let target = world.target(self.organization, place)?;
        let sought = match self.sought(world.catalog()?) {
            Ok(sought) => sought,
            Err(error) => return Ok(Err(error)),
        };
        let now = self.at.unwrap_or_else(|| self.app.engine.clock.now());
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for subject in subjects.take_while(|_| !budget.is_spent()) {
            match world.facts(subject, self.organization) {
                Ok(facts) => {
                    let given = ConditionInput {
                        subject,
                        resource: place.resource(),
                        context: self.context,
                    };
                    let mut rows = sought.iter().filter_map(|held| {
                        listed::row(subject, (&facts, *held, target, &given, now), budget)
                    });
                    found.extend(rows.by_ref().reduce(listed::either));
                }
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(Ok(found))
        } else {
            Err(missing)
        }
    }

    /// Returns the permissions that match the query; holding any of them is enough.
    fn sought(&self, catalog: &Catalog) -> Result<Vec<PermissionIndex>, Error> {
        match self.held {
            Held::Permission(permission) => match catalog.permission(permission) {
                Some(permission) => Ok(vec![permission]),
                None => Err(Error::PermissionUnknown(permission.clone())),
            },
            Held::NotificationRoute(route) => Ok(catalog.routes(route).collect()),
        }
    }
}

/// Returns the roles that hold any of the sought permissions.
fn holding(roles: Roles<'_>, sought: &[PermissionIndex]) -> Vec<RoleName> {
    let names = sought.iter().flat_map(|held| roles.that_hold(*held));
    names
        .filter_map(|name| RoleName::parse_name(name).ok())
        .collect()
}
