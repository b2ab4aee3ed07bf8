//! The feed of membership.

use std::sync::Arc;

use ::rpc::PeerChannel;
use ::store::{Store, StoreError, WriteTx};
use api::membership::v1::{
    Change, MembershipChange, OrganizationChange, RepresentativeChange, ResourceChange, UnitChange,
    WatchRequest, change::Entity, feed_service_client::FeedServiceClient,
};
use authority::Permit;
use base::{Id, In, MembershipId, OrganizationId, ResourceId, UnitId};
use tokio::time::timeout;

use super::{APPLY, FollowError, Heard, SILENCE, advance, touch};
use crate::{
    facts::{Feed, Piece},
    store::{cursors, grants, members, organizations, representatives, resources, units},
};

/// Follows the feed from where it was left.
pub(super) async fn follow(
    store: Store,
    heard: Arc<Heard>,
    channel: PeerChannel,
) -> Result<(), FollowError> {
    let mut cursor = cursors::position(store.reader(), Feed::Membership.name()).await?;
    let mut client = FeedServiceClient::new(channel.for_itself());
    let mut stream = client.watch(WatchRequest { cursor }).await?.into_inner();
    loop {
        let page = timeout(SILENCE, stream.message()).await;
        let page = page.map_err(|_| FollowError::Silent)??;
        let page = page.ok_or(FollowError::Ended)?;
        if page.cursor != cursor {
            let applied = timeout(APPLY, async {
                let permit = Permit::system("membership feed");
                let mut tx = store.begin_unrepeated(&permit).await?;
                if page.changes.iter().any(ends_grants) {
                    tx.lead().await?;
                }
                apply(&mut tx, page.changes).await?;
                advance(&mut tx, Feed::Membership, cursor, page.cursor).await?;
                tx.commit().await
            });
            applied.await.unwrap_or(Err(StoreError::Late))?;
            cursor = page.cursor;
        }
        if page.caught_up {
            heard.caught_up_with(Feed::Membership);
        }
    }
}

/// Whether a change writes rows of grants, as those do who give and revoke them.
fn ends_grants(change: &Change) -> bool {
    matches!(&change.entity, Some(Entity::Membership(change)) if change.deleted)
}

/// Rows to write, collected so that a page takes few statements.
#[derive(Default)]
struct Rows {
    organizations: Vec<organizations::Row>,
    units: Vec<units::Row>,
    resources: Vec<resources::Row>,
    members: Vec<members::Row>,
    representatives: Vec<representatives::Row>,
}

async fn apply(tx: &mut WriteTx, changes: Vec<Change>) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    for change in changes {
        match change.entity {
            Some(Entity::Organization(change)) => organization(tx, &mut rows, &change)?,
            Some(Entity::Unit(change)) => unit(tx, &mut rows, &change).await?,
            Some(Entity::Resource(change)) => resource(tx, &mut rows, &change).await?,
            Some(Entity::Membership(change)) => member(tx, &mut rows, change).await?,
            Some(Entity::Representative(change)) => representative(&mut rows, change)?,
            None => {}
        }
    }
    organizations::put(tx, rows.organizations).await?;
    units::put(tx, rows.units).await?;
    resources::put(tx, rows.resources).await?;
    members::put(tx, rows.members).await?;
    representatives::put(tx, rows.representatives).await
}

fn organization(
    tx: &mut WriteTx,
    rows: &mut Rows,
    change: &OrganizationChange,
) -> Result<(), StoreError> {
    let id = OrganizationId::parse_name(&change.name)?;
    touch(tx, &Piece::Organization(id.clone()));
    rows.organizations.push(organizations::Row {
        id: id.as_str().to_owned(),
        active: change.active,
        subscription_required: change.subscription_required,
    });
    Ok(())
}

async fn unit(tx: &mut WriteTx, rows: &mut Rows, change: &UnitChange) -> Result<(), StoreError> {
    let name = In::<UnitId>::parse_name(&change.name)?;
    touch(tx, &Piece::Organization(name.organization.clone()));
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    if change.deleted {
        return units::delete(tx, organization, id).await;
    }
    let parent = match change.parent_unit.as_str() {
        "" => String::new(),
        parent => In::<UnitId>::parse_name(parent)?.id.as_str().to_owned(),
    };
    rows.units.push(units::Row {
        organization: organization.to_owned(),
        id: id.to_owned(),
        parent,
    });
    Ok(())
}

async fn resource(
    tx: &mut WriteTx,
    rows: &mut Rows,
    change: &ResourceChange,
) -> Result<(), StoreError> {
    let name = In::<ResourceId>::parse_name(&change.name)?;
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    touch(tx, &Piece::Resource(name.organization.clone(), id.into()));
    if change.deleted {
        return resources::delete(tx, organization, id).await;
    }
    rows.resources.push(resources::Row {
        organization: organization.to_owned(),
        id: id.to_owned(),
        unit: In::<UnitId>::parse_name(&change.unit)?
            .id
            .as_str()
            .to_owned(),
        kind: (!change.r#type.is_empty()).then(|| change.r#type.clone()),
    });
    Ok(())
}

async fn member(
    tx: &mut WriteTx,
    rows: &mut Rows,
    change: MembershipChange,
) -> Result<(), StoreError> {
    let name = In::<MembershipId>::parse_name(&change.name)?;
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    let subject = change.subject.as_str();
    touch(
        tx,
        &Piece::Member(name.organization.clone(), subject.into()),
    );
    if change.deleted {
        // The page may tell of what it was before, too.
        rows.members
            .retain(|row| (row.organization.as_str(), row.id.as_str()) != (organization, id));
        members::delete(tx, organization, id).await?;
        // A membership that begins again begins with nothing.
        return grants::revoke_all(tx, &name.organization, subject).await;
    }
    rows.members.push(members::Row {
        organization: organization.to_owned(),
        id: id.to_owned(),
        subject: change.subject,
        active: change.active,
        subscription_active: change.subscription_active,
    });
    Ok(())
}

/// No decision depends on it, so that no facts are touched.
fn representative(rows: &mut Rows, change: RepresentativeChange) -> Result<(), StoreError> {
    let organization = OrganizationId::parse_name(&change.organization)?;
    rows.representatives.push(representatives::Row {
        organization: organization.as_str().to_owned(),
        display_name: change.display_name,
        uri: change.uri,
    });
    Ok(())
}
