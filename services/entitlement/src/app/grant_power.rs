//! Delegation: the grants that a caller may create, change, revoke and see, derived from the
//! caller's own access. Checked against the facts that are committed when the write is: see
//! [`App::lead`].

use api::entitlement::v1::{Grant, Scope};
use authority::{Caller, Context, Permit, Reach, Refused};
use base::{Id, Millis, OrganizationId, RoleName};
use entitlement_core::{
    ApplicationIndex, Catalog, Facts, Target,
    authority::{About, Beyond, Gift, Power},
    management,
};

use super::App;
use crate::{
    error::{Error, some_of},
    facts::{Piece, Place, World},
    store::grants::NewGrant,
};

/// The permission to see a grant.
const READ: &str = "mandate.grants.read";

/// The applications and locations of a grant, resolved to indexes of the facts.
struct Numbers {
    applications: Vec<Option<ApplicationIndex>>,
    places: Vec<Target>,
}

impl Numbers {
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

    fn about(&self) -> About<'_> {
        About {
            applications: &self.applications,
            places: &self.places,
        }
    }
}

/// The author of a write of grants.
pub(super) struct By<'a> {
    pub(super) app: &'a App,
    pub(super) context: &'a Context,
    pub(super) permit: &'a Permit,
    /// True if the caller owned the organization before the write began.
    pub(super) owns: bool,
}

/// Checks that the caller may create these grants.
pub(super) async fn give(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<(), Error> {
    let caller = caller(context)?;
    let refused = app.engine.facts.read(|world| {
        let power = app.engine.power(world, caller, organization)?;
        let mut missing = Vec::new();
        for grant in grants {
            match ruling(world, organization, caller, &power, grant, grant.end) {
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
pub(super) async fn make(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    (role, permissions): (&RoleName, &[String]),
    owner: Option<&str>,
) -> Result<(), Error> {
    let caller = caller(context)?;
    let scope = Scope::default();
    let ruled = app.engine.facts.read(|world| {
        let power = app.engine.power(world, caller, organization)?;
        let catalog = power.here.catalog;
        let named = permissions.iter();
        let named = named.filter_map(|name| catalog.permission(name));
        let manages: Vec<_> = named.filter(|named| catalog.is_managing(*named)).collect();
        let numbers = Numbers::everywhere(catalog, role, &scope);
        let number = power.here.roles().find(&role.to_string());
        let is_own = power.here.member.is_some_and(|member| {
            let mut held = member.grants.iter();
            held.any(|held| Some(held.role) == number && power.now < held.validity().end)
        });
        let gift = Gift {
            manages: &manages,
            about: numbers.about(),
            until: Millis::MAX,
            is_own,
            is_owners: owner.is_some(),
        };
        Ok::<_, Vec<Piece>>(gift.check(&power))
    });
    ruled
        .await?
        .map_err(|beyond| refusal(beyond, role, &scope, owner.unwrap_or_default()))
}

/// Checks that the caller may change or revoke this grant. Reports a grant that the caller may not
/// see as not found.
pub(super) async fn take(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grant: &NewGrant,
) -> Result<(), Error> {
    let caller = caller(context)?;
    let ruled = app.engine.facts.read(|world| {
        let power = app.engine.power(world, caller, organization)?;
        ruling(world, organization, caller, &power, grant, Millis::MIN)
    });
    match ruled.await? {
        Ok(()) => Ok(()),
        Err((beyond, seen)) if seen || matches!(beyond, Beyond::Own | Beyond::Owners) => {
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
        let power = app.engine.power(world, caller, organization)?;
        Ok::<_, Vec<Piece>>(power.owns())
    });
    Ok(owns.await?)
}

/// Returns the grants that the caller may see.
pub(super) async fn seen(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    mut grants: Vec<Grant>,
) -> Result<Vec<Grant>, Error> {
    let mut seen = visible(app, context, organization, &grants)
        .await?
        .into_iter();
    grants.retain(|_| seen.next() == Some(true));
    Ok(grants)
}

/// Returns, for each grant, whether the caller may see it.
pub(super) async fn visible(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grants: &[Grant],
) -> Result<Vec<bool>, Error> {
    let caller = caller(context)?;
    let seen = app.engine.facts.read(|world| {
        let power = app.engine.power(world, caller, organization)?;
        let catalog = power.here.catalog;
        let Some(read) = catalog.permission(READ) else {
            return Ok(vec![false; grants.len()]);
        };
        let mut missing = Vec::new();
        let mut seen = Vec::with_capacity(grants.len());
        for grant in grants {
            let Ok(role) = RoleName::parse_name(&grant.role) else {
                seen.push(false);
                continue;
            };
            let scope = grant.scope.clone().unwrap_or_default();
            let mut numbers = Numbers::everywhere(catalog, &role, &scope);
            if !power.reaches(read, &numbers.about()) {
                match places(world, organization, &scope) {
                    Ok(places) => numbers.places = places,
                    Err(pieces) => {
                        missing.extend(pieces);
                        continue;
                    }
                }
            }
            seen.push(power.reaches(read, &numbers.about()));
        }
        if missing.is_empty() {
            Ok(seen)
        } else {
            Err(missing)
        }
    });
    Ok(seen.await?)
}

/// Calls `tell` with the facts about a subject, restricted to grants that the caller may see.
pub(super) fn seen_by<T>(
    power: &Power<'_>,
    facts: &Facts<'_>,
    tell: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let read = power.here.catalog.permission(READ);
    let member = read.zip(facts.member);
    let member = member.map(|(read, member)| power.seen(read, member));
    tell(&Facts {
        member: member.as_ref(),
        ..*facts
    })
}

/// Checks a change of a grant. If it is refused, returns the reason and whether the caller may see
/// the grant.
pub(super) fn ruling(
    world: &World,
    organization: &OrganizationId,
    caller: &str,
    power: &Power<'_>,
    grant: &NewGrant,
    until: Millis,
) -> Result<Result<(), (Beyond, bool)>, Vec<Piece>> {
    let catalog = power.here.catalog;
    let holder = world.facts(&grant.subject, organization)?.member;
    let roles = power.here.roles();
    let owner = roles.find(management::OWNER_ROLE);
    let role = roles.find(&grant.role.to_string()).into_iter();
    let manages: Vec<_> = role.flat_map(|role| roles.managed_by(role)).collect();
    let is_owners = holder.is_some_and(|member| {
        let mut held = member.grants.iter();
        held.any(|held| Some(held.role) == owner && power.now < held.validity().end)
    });
    let check = |numbers: &Numbers| {
        let gift = Gift {
            manages: &manages,
            about: numbers.about(),
            until,
            is_own: grant.subject == caller,
            is_owners,
        };
        gift.check(power)
    };
    let mut numbers = Numbers::everywhere(catalog, &grant.role, &grant.scope);
    if check(&numbers).is_ok() {
        return Ok(Ok(()));
    }
    numbers.places = places(world, organization, &grant.scope)?;
    Ok(check(&numbers).map_err(|beyond| {
        let read = catalog.permission(READ);
        let seen = read.is_some_and(|read| power.reaches(read, &numbers.about()));
        (beyond, seen)
    }))
}

/// Returns the locations of a scope.
fn places(
    world: &World,
    organization: &OrganizationId,
    scope: &Scope,
) -> Result<Vec<Target>, Vec<Piece>> {
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

fn refusal(beyond: Beyond, role: &RoleName, scope: &Scope, subject: &str) -> Error {
    match beyond {
        Beyond::Own => Error::SelfEditForbidden,
        Beyond::Owners => Error::OwnerRoleImmutable(subject.to_owned()),
        Beyond::Application => Error::NotApplicationAdmin(match scope.applications.as_slice() {
            [] => role.application.name(),
            named => some_of(named),
        }),
        Beyond::Place(index) => {
            let place = scope.units.iter().chain(&scope.resources).nth(index);
            Error::CompanyOutOfReach(place.cloned().unwrap_or_default())
        }
        Beyond::Excess => Error::ScopeExceedsGrantor(role.to_string()),
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
        let refused = match self.permit_within(context, organization).await {
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
            let facts = |world: &World| {
                let facts = world.facts(&caller.name, organization)?;
                Ok::<_, Vec<Piece>>(facts.is_member())
            };
            if self.engine.facts.read(facts).await? {
                return Err(Error::NotApplicationAdmin(organization.name()));
            }
        }
        Err(refused.into())
    }
}
