//! Delegation: the grants that a caller may create, change, revoke and see, derived from the
//! caller's own access. Checked against the facts that are committed when the write is: see
//! [`App::lead`].

use api::entitlement::v1::{Grant, Scope};
use authz::{Caller, Context, Permit, Reach, Refused};
use entitlement_core::{
    ApplicationIndex, Catalog, Facts, Target,
    authority::{DelegationError, GrantTarget, Granter, ProposedGrant},
    management,
};
use types::{Id, OrganizationId, RoleName, UnixTime};

use super::App;
use crate::{
    error::{Error, some_of},
    facts::{FactKey, FactSnapshot, Place},
    store::grants::NewGrant,
};

/// The permission to see a grant.
const READ_GRANTS: &str = "mandate.grants.read";

/// The applications and locations of a grant, resolved to indexes of the facts.
struct ResolvedScope {
    applications: Vec<Option<ApplicationIndex>>,
    places: Vec<Target>,
}

impl ResolvedScope {
    /// Resolves the grant as organization-wide. A caller who covers the whole organization needs no
    /// unit or resource loaded.
    fn everywhere(catalog: &Catalog, role: &RoleName, scope: &Scope) -> Self {
        let named = scope.applications.iter();
        let applications = if scope.applications.is_empty() {
            vec![catalog.application(role.application.as_str())]
        } else {
            named.map(|name| catalog.application(last(name))).collect()
        };
        Self {
            applications,
            places: vec![Target::Organization],
        }
    }

    fn about(&self) -> GrantTarget<'_> {
        GrantTarget {
            applications: &self.applications,
            places: &self.places,
        }
    }
}

/// The author of a write of grants.
pub(super) struct GrantEditor<'a> {
    pub(super) app: &'a App,
    pub(super) context: &'a Context,
    pub(super) permit: &'a Permit,
    /// True if the caller owned the organization before the write began.
    pub(super) owns: bool,
}

/// Checks that the caller may create these grants.
pub(super) async fn check_can_grant(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<(), Error> {
    let caller = caller(context)?;
    let refused = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        let mut missing = Vec::new();
        for grant in grants {
            match evaluate(
                world,
                organization,
                caller,
                &granter_facts,
                grant,
                grant.end,
            ) {
                Ok(Err((beyond, _))) if missing.is_empty() => return Ok(Some((beyond, grant))),
                Ok(_) => {}
                Err(pieces) => missing.extend(pieces),
            }
        }
        if missing.is_empty() {
            Ok(None)
        } else {
            Err(missing)
        }
    });
    match refused.await? {
        Some((beyond, grant)) => Err(refusal(beyond, &grant.role, &grant.scope, &grant.subject)),
        None => Ok(()),
    }
}

/// Checks that the caller could grant every one of `permissions` organization-wide and without
/// expiry. `owner`: an owner that currently has the role, if any.
pub(super) async fn check_can_define_role(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    (role, permissions): (&RoleName, &[String]),
    owner: Option<&str>,
) -> Result<(), Error> {
    let caller = caller(context)?;
    let scope = Scope::default();
    let ruled = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        let catalog = granter_facts.here.catalog;
        let named = permissions.iter();
        let named = named.filter_map(|name| catalog.permission(name));
        let manages: Vec<_> = named.filter(|named| catalog.is_managing(*named)).collect();
        let numbers = ResolvedScope::everywhere(catalog, role, &scope);
        let number = granter_facts.here.roles().find(&role.to_string());
        let is_own = granter_facts.here.member.is_some_and(|member| {
            let mut held = member.grants.iter();
            held.any(|held| Some(held.role) == number && granter_facts.now < held.validity().end)
        });
        let gift = ProposedGrant {
            manages: &manages,
            about: numbers.about(),
            until: UnixTime::MAX,
            is_own,
            is_owners: owner.is_some(),
        };
        Ok::<_, Vec<FactKey>>(gift.check(&granter_facts))
    });
    ruled
        .await?
        .map_err(|beyond| refusal(beyond, role, &scope, owner.unwrap_or_default()))
}

/// Checks that the caller may change or revoke this grant. Reports a grant that the caller may not
/// see as not found.
pub(super) async fn check_can_release(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grant: &NewGrant,
) -> Result<(), Error> {
    let caller = caller(context)?;
    let ruled = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        evaluate(
            world,
            organization,
            caller,
            &granter_facts,
            grant,
            UnixTime::MIN,
        )
    });
    match ruled.await? {
        Ok(()) => Ok(()),
        Err((beyond, retain_visible))
            if retain_visible
                || matches!(beyond, DelegationError::Own | DelegationError::Owners) =>
        {
            Err(refusal(beyond, &grant.role, &grant.scope, &grant.subject))
        }
        Err(_) => Err(Error::GrantNotFound(format!(
            "{}/grants/{}",
            organization.name(),
            grant.id
        ))),
    }
}

/// Returns true if the caller owns the organization, or manages it from the operator organization.
pub(super) async fn owns(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<bool, Error> {
    let caller = caller(context)?;
    let owns = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        Ok::<_, Vec<FactKey>>(granter_facts.owns())
    });
    Ok(owns.await?)
}

/// Returns the grants that the caller may see.
pub(super) async fn retain_visible(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    mut grants: Vec<Grant>,
) -> Result<Vec<Grant>, Error> {
    let mut retain_visible = visible_grants(app, context, organization, &grants)
        .await?
        .into_iter();
    grants.retain(|_| retain_visible.next() == Some(true));
    Ok(grants)
}

/// Returns, for each grant, whether the caller may see it.
pub(super) async fn visible_grants(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grants: &[Grant],
) -> Result<Vec<bool>, Error> {
    let caller = caller(context)?;
    let retain_visible = app.engine.facts.read(|world| {
        let granter_facts = app.engine.granter_facts(world, caller, organization)?;
        let catalog = granter_facts.here.catalog;
        let Some(read) = catalog.permission(READ_GRANTS) else {
            return Ok(vec![false; grants.len()]);
        };
        let mut missing = Vec::new();
        let mut retain_visible = Vec::with_capacity(grants.len());
        for grant in grants {
            let Ok(role) = RoleName::parse_name(&grant.role) else {
                retain_visible.push(false);
                continue;
            };
            let scope = grant.scope.clone().unwrap_or_default();
            let mut numbers = ResolvedScope::everywhere(catalog, &role, &scope);
            if !granter_facts.reaches(read, &numbers.about()) {
                match places(world, organization, &scope) {
                    Ok(places) => numbers.places = places,
                    Err(pieces) => {
                        missing.extend(pieces);
                        continue;
                    }
                }
            }
            retain_visible.push(granter_facts.reaches(read, &numbers.about()));
        }
        if missing.is_empty() {
            Ok(retain_visible)
        } else {
            Err(missing)
        }
    });
    Ok(retain_visible.await?)
}

/// Calls `tell` with the facts about a subject, restricted to grants that the caller may see.
pub(super) fn seen_by<T>(
    granter_facts: &Granter<'_>,
    facts: &Facts<'_>,
    tell: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let read = granter_facts.here.catalog.permission(READ_GRANTS);
    let member = read.zip(facts.member);
    let member = member.map(|(read, member)| granter_facts.seen(read, member));
    tell(&Facts {
        member: member.as_ref(),
        ..*facts
    })
}

/// Checks a change of a grant. If it is refused, returns the reason and whether the caller may see
/// the grant.
pub(super) fn evaluate(
    world: &FactSnapshot,
    organization: &OrganizationId,
    caller: &str,
    granter_facts: &Granter<'_>,
    grant: &NewGrant,
    until: UnixTime,
) -> Result<Result<(), (DelegationError, bool)>, Vec<FactKey>> {
    let catalog = granter_facts.here.catalog;
    let holder = world.facts(&grant.subject, organization)?.member;
    let roles = granter_facts.here.roles();
    let owner = roles.find(management::OWNER_ROLE);
    let role = roles.find(&grant.role.to_string()).into_iter();
    let manages: Vec<_> = role.flat_map(|role| roles.managed_by(role)).collect();
    let is_owners = holder.is_some_and(|member| {
        let mut held = member.grants.iter();
        held.any(|held| Some(held.role) == owner && granter_facts.now < held.validity().end)
    });
    let check = |numbers: &ResolvedScope| {
        let gift = ProposedGrant {
            manages: &manages,
            about: numbers.about(),
            until,
            is_own: grant.subject == caller,
            is_owners,
        };
        gift.check(granter_facts)
    };
    let mut numbers = ResolvedScope::everywhere(catalog, &grant.role, &grant.scope);
    if check(&numbers).is_ok() {
        return Ok(Ok(()));
    }
    numbers.places = places(world, organization, &grant.scope)?;
    Ok(check(&numbers).map_err(|beyond| {
        let read = catalog.permission(READ_GRANTS);
        let retain_visible = read.is_some_and(|read| granter_facts.reaches(read, &numbers.about()));
        (beyond, retain_visible)
    }))
}

/// Returns the locations of a scope.
fn places(
    world: &FactSnapshot,
    organization: &OrganizationId,
    scope: &Scope,
) -> Result<Vec<Target>, Vec<FactKey>> {
    if scope.all {
        return Ok(vec![Target::Organization]);
    }
    let units = scope.units.iter().map(|name| Place::Unit(last(name)));
    let resources = scope.resources.iter();
    let resources = resources.map(|name| Place::Resource(last(name)));
    let (mut places, mut missing) = (Vec::new(), Vec::new());
    for place in units.chain(resources) {
        match world.target(organization, place) {
            Ok(target) => places.push(target),
            Err(pieces) => missing.extend(pieces),
        }
    }
    if missing.is_empty() {
        Ok(places)
    } else {
        Err(missing)
    }
}

fn refusal(beyond: DelegationError, role: &RoleName, scope: &Scope, subject: &str) -> Error {
    match beyond {
        DelegationError::Own => Error::SelfEditForbidden,
        DelegationError::Owners => Error::OwnerRoleImmutable(subject.to_owned()),
        DelegationError::Application => {
            Error::NotApplicationAdmin(match scope.applications.as_slice() {
                [] => role.application.name(),
                named => some_of(named),
            })
        }
        DelegationError::Place(index) => {
            let place = scope.units.iter().chain(&scope.resources).nth(index);
            Error::CompanyOutOfReach(place.cloned().unwrap_or_default())
        }
        DelegationError::ExceedsGranter => Error::ScopeExceedsGrantor(role.to_string()),
    }
}

/// Returns the name of the caller.
pub(super) fn caller(context: &Context) -> Result<&str, Error> {
    match &context.caller {
        Caller::Subject(caller) => Ok(&caller.name),
        Caller::Peer(_) => Err(::rpc::Fault::denied().into()),
    }
}

/// Returns the last segment of a name.
fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, id)| id)
}

impl App {
    /// Returns a permit to change grants in an organization. Each change is checked again during
    /// the write, against committed facts.
    pub(super) async fn permit_to_give(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Error> {
        let refused = match self.permit_anywhere_in(context, organization).await {
            Ok(permit) => return Ok(permit),
            Err(refused) => refused,
        };
        if let (Refused::Denied, Caller::Subject(caller)) = (&refused, &context.caller) {
            let reach = Reach::Organization(organization);
            let asks = self
                .engine
                .manages(&caller.name, management::REQUESTS_CREATE, reach);
            // SPEC: S4-4.
            if asks.await? {
                return Err(Error::RequestOnly);
            }
            let facts = |world: &FactSnapshot| {
                let facts = world.facts(&caller.name, organization)?;
                Ok::<_, Vec<FactKey>>(facts.is_member())
            };
            if self.engine.facts.read(facts).await? {
                return Err(Error::NotApplicationAdmin(organization.name()));
            }
        }
        Err(refused.into())
    }
}
