//! State changes that several methods share.

use ::rpc::Fault;
use ::store::WriteTx;
use api::membership::v1::{Membership, MembershipState, Organization, OrganizationState};
use membership_core::{State, Verb, is_protected_membership, is_protected_organization};
use service::expect_etag;
use types::{In, MembershipId, OrganizationId};

use crate::{
    error::Error,
    store::{memberships, organizations},
};

/// Changes the state of an organization.
pub(super) async fn change_organization(
    tx: &mut WriteTx,
    id: &OrganizationId,
    etag: &str,
    verb: Verb,
) -> Result<Organization, Error> {
    let (mut organization, version) = organizations::find(tx.connection(), id)
        .await?
        .ok_or_else(Fault::denied)?;
    expect_etag(etag, version)?;
    if verb == Verb::Suspend && is_protected_organization(id) {
        return Err(Error::Protected(organization.name));
    }
    let state = match organization.state() {
        OrganizationState::Active => State::Active,
        _ => State::Suspended,
    };
    organization.set_state(match apply(verb, state, &organization.name)? {
        State::Active => OrganizationState::Active,
        State::Suspended => OrganizationState::Suspended,
    });
    Ok(organizations::update(tx, id, version, organization).await?)
}

/// Changes the state of a membership.
pub(super) async fn change_membership(
    tx: &mut WriteTx,
    name: &In<MembershipId>,
    etag: &str,
    verb: Verb,
) -> Result<Membership, Error> {
    let (mut membership, version) = memberships::find(tx.connection(), name)
        .await?
        .ok_or_else(|| Error::MembershipNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    if verb == Verb::Suspend && is_protected_membership(name) {
        return Err(Error::Protected(membership.name));
    }
    let state = match membership.state() {
        MembershipState::Active => State::Active,
        _ => State::Suspended,
    };
    membership.set_state(match apply(verb, state, &membership.name)? {
        State::Active => MembershipState::Active,
        State::Suspended => MembershipState::Suspended,
    });
    Ok(memberships::update(tx, name, version, &membership).await?)
}

fn apply(verb: Verb, state: State, name: &str) -> Result<State, Error> {
    verb.apply(state).map_err(|state| Error::WrongState {
        name: name.to_owned(),
        state,
    })
}
