mod spot;
mod walk;

use ::rpc::{Page, parse};
use api::entitlement::v1::{ListResourcesRequest, ListResourcesResponse, PlaceKind};
use authority::Context;
use base::{Millis, OrganizationId, Subject};
use entitlement_core::{Facts, PermissionIndex, Target, decide};

use self::{
    spot::Spot,
    walk::{Covered, walk},
};
use super::{App, past::moment_of, question::is_permission};
use crate::{
    error::Error,
    facts::{Piece, Reading, World},
    store::view::View,
};

/// Lists where in an organization a subject may do something.
pub(crate) async fn list_resources(
    app: &App,
    context: &Context,
    request: ListResourcesRequest,
) -> Result<ListResourcesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    is_permission("permission", &request.permission)?;
    let permit = app.permit_in(context, &organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let at = moment_of(app, request.read_time.as_ref())?;
    let sealer = app.store.sealer();
    let list = format!(
        "resources {organization} {} {} {} {at:?} {}",
        request.subject,
        request.permission,
        request.kind,
        permit.holder()
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let list = List {
        app,
        organization: &organization,
        request: &request,
        at,
        now: at.unwrap_or_else(|| app.engine.clock.now()),
        after: Spot::read(&page.after),
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
    let (rows, revision) = match in_memory {
        Some(found) => found,
        None => list.in_store().await?,
    };
    let (rows, next_page_token) = page.cut(sealer, rows, Spot::key);
    Ok(ListResourcesResponse {
        resources: rows.iter().map(|row| row.name(&organization)).collect(),
        next_page_token,
        revision,
    })
}

/// One page of the list.
struct List<'a> {
    app: &'a App,
    organization: &'a OrganizationId,
    request: &'a ListResourcesRequest,
    /// The moment that it is about; none for now.
    at: Option<Millis>,
    now: Millis,
    /// The last of the page before.
    after: Option<Spot>,
    limit: usize,
}

/// What memory or the store had: missing pieces, a refusal, or an answer.
type Answer<T> = Result<Result<T, Error>, Vec<Piece>>;

impl List<'_> {
    /// The page and its revision; none if the resources are too many for memory.
    fn in_memory(&self, world: &World) -> Answer<Option<(Vec<Spot>, i64)>> {
        let resources = self.is_of(PlaceKind::Resource);
        if resources && !world.holds_resources(self.organization)? {
            return Ok(Ok(None));
        }
        self.asked(world, |facts, permission| {
            let rows = self.allowed(facts, permission);
            Some((self.cut(rows), world.revision()))
        })
    }

    /// The page and its revision, of one snapshot.
    async fn in_store(&self) -> Result<(Vec<Spot>, i64), Error> {
        let snapshot = self.app.store.snapshot().await?;
        let view = View {
            db: &snapshot,
            at: self.at,
        };
        let mut reading = Reading::begin(&self.app.store, view).await?;
        let found = reading.read(|world| {
            let facts = world.facts(&self.request.subject, self.organization)?;
            // Resources that grants name are looked up one by one.
            let tree = facts.organization.map(|organization| &organization.tree);
            let grants = facts.member.into_iter().flat_map(|member| &member.grants);
            let unknown: Vec<Piece> = grants
                .flat_map(|grant| tree.into_iter().flat_map(|tree| tree.unknown(&grant.scope)))
                .map(|id| Piece::Resource(self.organization.clone(), id.into()))
                .collect();
            if !unknown.is_empty() {
                return Err(unknown);
            }
            self.asked(world, |facts, permission| {
                let rows = self.allowed(facts, permission);
                (rows, self.covered(facts, permission), world.revision())
            })
        });
        let (mut rows, covered, revision) = found.await??;
        if self.is_of(PlaceKind::Resource) {
            let after = match &self.after {
                Some(Spot::Resource(unit, id)) => (unit.clone(), id.clone()),
                _ => Default::default(),
            };
            rows.extend(walk(view, self.organization, &covered, after, self.limit).await?);
        }
        Ok((self.cut(rows), revision))
    }

    fn asked<T>(
        &self,
        world: &World,
        answer: impl FnOnce(&Facts<'_>, PermissionIndex) -> T,
    ) -> Answer<T> {
        let facts = world.facts(&self.request.subject, self.organization)?;
        let permission = &self.request.permission;
        Ok(match facts.catalog.permission(permission) {
            Some(permission) => Ok(answer(&facts, permission)),
            None => Err(Error::PermissionUnknown(permission.clone())),
        })
    }

    /// What is allowed of what the facts hold, after the page before, in no order.
    fn allowed(&self, facts: &Facts<'_>, permission: PermissionIndex) -> Vec<Spot> {
        let Some(organization) = facts.organization else {
            return Vec::new();
        };
        let tree = &organization.tree;
        let whole = std::iter::once((Spot::Organization, Target::Organization));
        let units = tree.units().into_iter();
        let units = units.map(|(id, target)| (Spot::Unit(id.to_owned()), target));
        let resources = tree.resources().map(|(unit, id, target)| {
            let spot = Spot::Resource(unit.to_owned(), id.to_owned());
            (spot, target)
        });
        whole
            .chain(units)
            .chain(resources)
            .filter(|(spot, _)| self.is_of(spot.kind()) && Some(spot) > self.after.as_ref())
            .filter(|(_, target)| self.decide(facts, permission, *target))
            .map(|(spot, _)| spot)
            .collect()
    }

    /// Where all resources are allowed.
    fn covered(&self, facts: &Facts<'_>, permission: PermissionIndex) -> Covered {
        let allowed = |target| self.decide(facts, permission, target);
        if allowed(Target::Organization) {
            return Covered::All;
        }
        let tree = facts
            .organization
            .map(|organization| organization.tree.units());
        let units = tree
            .into_iter()
            .flatten()
            .filter(|(_, target)| allowed(*target));
        Covered::Units(units.map(|(id, _)| id.to_owned()).collect())
    }

    fn decide(&self, facts: &Facts<'_>, permission: PermissionIndex, target: Target) -> bool {
        decide(facts, permission, target, self.now).outcome.is_ok()
    }

    fn is_of(&self, kind: PlaceKind) -> bool {
        let asked = self.request.kind();
        asked == PlaceKind::Unspecified || asked == kind
    }

    fn cut(&self, mut rows: Vec<Spot>) -> Vec<Spot> {
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(self.limit);
        rows
    }
}
