//! The operator organization and its first member: without them nobody could grant anything.

use ::store::{Store, StoreError};
use api::membership::v1::Organization;
use authz::Permit;
use membership_core::ROOT;
use types::{Id, In, MembershipId, OrganizationId, ServiceAccountId, Subject};

use crate::store::{
    memberships::{self, NewMembership},
    organizations,
};

/// Creates the operator organization and the membership of the first service account in it, unless
/// they exist.
pub(crate) async fn ensure(store: &Store) -> Result<(), StoreError> {
    let root = In {
        organization: OrganizationId::operator(),
        id: MembershipId::parse(ROOT)?,
    };
    let mut tx = store.begin_internal(&Permit::system("bootstrap")).await?;
    // The log lock makes replicas that start at the same time wait for each other.
    tx.lock_log().await?;
    if memberships::find(tx.connection(), &root).await?.is_some() {
        return Ok(());
    }
    let operator = Organization {
        display_name: "Operator".to_owned(),
        ..Organization::default()
    };
    organizations::insert(&mut tx, &root.organization, operator).await?;
    let membership = NewMembership {
        id: root.id,
        subject: Subject::ServiceAccount(ServiceAccountId::parse(ROOT)?),
        subscription_active: false,
    };
    memberships::insert(&mut tx, &root.organization, vec![membership]).await?;
    tx.commit().await?;
    Ok(())
}
