mod from_store;
mod location;
mod scan_units;

use api::entitlement::v1::{ListResourcesRequest, ListResourcesResponse, PlaceKind};
use authz::Context;
use entitlement_core::{ConditionInput, Facts, PermissionIndex, Target};
use service::{Page, parse};
use types::{OrganizationId, Subject, UnixTime};

use self::location::Location;
use super::{
    App,
    as_of::moment_of,
    context::check_context,
    listed::{self, missing_context},
    question::is_permission,
};
use crate::{
    engine::ConditionBudget,
    error::Error,
    facts::{FactKey, FactSnapshot},
};

/// Lists the locations in an organization at which a subject holds a permission.
pub(crate) async fn list_resources(
    app: &App,
    context: &Context,
    request: ListResourcesRequest,
) -> Result<ListResourcesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    is_permission("permission", &request.permission)?;
    check_context("context", request.context.as_ref())?;
    let permit = app.permit_for_organization(context, &organization).await?;
    app.engine
        .ensure_fresh(context, request.consistency.as_ref())
        .await?;
    let at = moment_of(app, request.read_time.as_ref())?;
    let sealer = app.store.sealer();
    let list = format!(
        "resources {organization} {} {} {} {:?} {at:?} {}",
        request.subject,
        request.permission,
        request.kind,
        request.context,
        permit.holder()
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let list = List {
        app,
        organization: &organization,
        request: &request,
        at,
        now: at.unwrap_or_else(|| app.engine.clock.now()),
        after: Location::read(&page.after),
        limit: usize::try_from(page.limit()).unwrap_or(usize::MAX),
    };
    let in_memory = match at {
        None => {
            app.engine
                .facts
                .read(|world| list.in_memory(world))
                .await??
        }
        Some(_) => None,
    };
    let found = match in_memory {
        Some(found) => found,
        None => list.in_store().await?,
    };
    let (rows, mut next_page_token) = page.cut_small(sealer, found.rows, |row| row.location.key());
    if next_page_token.is_empty()
        && let Some(last) = &found.scanned_up_to
    {
        next_page_token = page.token_after(sealer, &last.key());
    }
    let rows = rows.into_iter().map(|row| listed::Row {
        name: row.location.name(&organization),
        missing_context: row.missing_context,
    });
    let (resources, conditional_resources) = listed::split(rows.collect());
    Ok(ListResourcesResponse {
        resources,
        conditional_resources,
        next_page_token,
        revision: found.revision,
    })
}

/// A row of the list, in the order of its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    location: Location,
    /// The context that conditions ask for and the request does not give; empty if it is allowed.
    missing_context: Vec<String>,
}

/// A page.
struct Found {
    rows: Vec<Row>,
    /// The last candidate checked, if more may follow.
    scanned_up_to: Option<Location>,
    revision: i64,
}

/// One page of the list.
struct List<'a> {
    app: &'a App,
    organization: &'a OrganizationId,
    request: &'a ListResourcesRequest,
    /// The time of the query; `None` for now.
    at: Option<UnixTime>,
    now: UnixTime,
    /// The last row of the page before.
    after: Option<Location>,
    limit: usize,
}

/// An answer from memory or the store: missing keys, an error, or a result.
type Answer<T> = Result<Result<T, Error>, Vec<FactKey>>;

impl List<'_> {
    /// Returns the page; `None` if memory cannot hold the resources, or the conditions exceed the
    /// budget.
    fn in_memory(&self, world: &FactSnapshot) -> Answer<Option<Found>> {
        let resources = self.is_of(PlaceKind::Resource);
        if resources && !world.holds_resources(self.organization)? {
            return Ok(Ok(None));
        }
        self.asked(world, |facts, permission| {
            let budget = ConditionBudget::under_lock();
            let rows = self.rows(facts, permission, &budget);
            (!budget.is_spent()).then(|| Found {
                rows: self.cut(rows),
                scanned_up_to: None,
                revision: world.revision(),
            })
        })
    }

    fn asked<T>(
        &self,
        world: &FactSnapshot,
        answer: impl FnOnce(&Facts<'_>, PermissionIndex) -> T,
    ) -> Answer<T> {
        let facts = world.facts(&self.request.subject, self.organization)?;
        let permission = &self.request.permission;
        Ok(match facts.catalog.permission(permission) {
            Some(permission) => Ok(answer(&facts, permission)),
            None => Err(Error::PermissionUnknown(permission.clone())),
        })
    }

    /// Returns the rows of the known locations, after the page before, unordered.
    fn rows(
        &self,
        facts: &Facts<'_>,
        permission: PermissionIndex,
        budget: &ConditionBudget,
    ) -> Vec<Row> {
        let Some(organization) = facts.organization else {
            return Vec::new();
        };
        let tree = &organization.tree;
        let whole = std::iter::once((Location::Organization, Target::Organization));
        let units = tree.units().into_iter();
        let units = units.map(|(id, target)| (Location::Unit(id.to_owned()), target));
        let resources = tree.resources().map(|(unit, id, target)| {
            let location = Location::Resource(unit.to_owned(), id.to_owned());
            (location, target)
        });
        whole
            .chain(units)
            .chain(resources)
            .filter(|(location, _)| {
                self.is_of(location.kind()) && Some(location) > self.after.as_ref()
            })
            .take_while(|_| !budget.is_spent())
            .filter_map(|(location, target)| {
                self.row(facts, permission, (location, target), budget)
            })
            .collect()
    }

    /// Returns the row of a place, if it is on the list.
    fn row(
        &self,
        facts: &Facts<'_>,
        permission: PermissionIndex,
        (location, target): (Location, Target),
        budget: &ConditionBudget,
    ) -> Option<Row> {
        let given = self.given(location.resource());
        let question = (facts, permission, target, &given, self.now);
        let missing_context = missing_context(question, budget)?;
        Some(Row {
            location,
            missing_context,
        })
    }

    fn given<'q>(&'q self, resource: Option<&'q str>) -> ConditionInput<'q> {
        ConditionInput {
            subject: &self.request.subject,
            resource,
            context: self.request.context.as_ref(),
        }
    }

    fn is_of(&self, kind: PlaceKind) -> bool {
        let asked = self.request.kind();
        asked == PlaceKind::Unspecified || asked == kind
    }

    fn cut(&self, mut rows: Vec<Row>) -> Vec<Row> {
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(self.limit);
        rows
    }
}
