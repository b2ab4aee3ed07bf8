//! The feed of membership.

use std::sync::Arc;

use ::rpc::PeerChannel;
use ::store::{Cursor, Store, StoreError, WriteTx};
use api::membership::v1::{
    Change, MembershipChange, OrganizationChange, RepresentativeChange, ResourceChange, UnitChange,
    WatchRequest, WatchResponse, change::Entity, feed_service_client::FeedServiceClient,
};
use authz::Permit;
use tokio::time::timeout;
use types::{Epoch, Id, In, MembershipId, OrganizationId, ResourceId, UnitId};

use super::{APPLY, FeedLiveness, FollowError, SILENCE, ended::Ended, replay::Page, touch};
use crate::{
    facts::{FactKey, Feed},
    store::{
        cursors::{self, FeedCursor},
        members, organizations, representatives, resources,
        told::Known,
        units,
    },
};

/// Follows the feed from its cursor.
pub(super) async fn follow(
    store: Store,
    heard: Arc<FeedLiveness>,
    channel: PeerChannel,
) -> Result<(), FollowError> {
    let mut from = cursors::find(store.reader(), Feed::Membership.name()).await?;
    let mut client = FeedServiceClient::new(channel.for_itself());
    let resume = WatchRequest {
        cursor: from.cursor.position,
        epoch: from.cursor.epoch.0,
        mark: from.cursor.mark,
    };
    let mut stream = client.watch(resume).await?.into_inner();
    loop {
        let response = timeout(SILENCE, stream.message()).await;
        let response = response.map_err(|_| FollowError::Silent)??;
        let response = response.ok_or(FollowError::Ended)?;
        let page = page(&response);
        if !page.is_empty(&from) {
            let applied = timeout(APPLY, apply_page(&store, &from, page, response.changes));
            applied.await.unwrap_or(Err(StoreError::Late))?;
            from = page.after(&from);
        }
        if page.caught_up {
            heard.caught_up_with(Feed::Membership);
        }
    }
}

fn page(response: &WatchResponse) -> Page {
    Page {
        cursor: Cursor {
            epoch: Epoch(response.epoch),
            position: response.cursor,
            mark: response.mark,
        },
        caught_up: response.caught_up,
        anew: response.anew,
    }
}

async fn apply_page(
    store: &Store,
    from: &FeedCursor,
    page: Page,
    changes: Vec<Change>,
) -> Result<i64, StoreError> {
    let permit = Permit::system("membership feed");
    let mut tx = store.begin_internal(&permit).await?;
    page.lead(&mut tx, Feed::Membership, from).await?;
    let ended = Ended::by(&tx, &changes).await?;
    let names = changes.iter().filter_map(name);
    let gone = page.note(&tx, Feed::Membership, from, names, &PROJECTED_TABLES);
    let gone = gone.await?;
    ended.apply(&mut tx).await?;
    apply(&mut tx, changes).await?;
    let gone: Vec<Change> = gone.into_iter().map(end).collect();
    Ended::by(&tx, &gone).await?.apply(&mut tx).await?;
    apply(&mut tx, gone).await?;
    tx.commit().await
}

/// Projected tables of membership.
const PROJECTED_TABLES: [Known; 5] = [
    Known {
        table: "p_organizations",
        name: "'organizations/' || id",
    },
    Known {
        table: "p_units",
        name: "'organizations/' || organization || '/units/' || id",
    },
    Known {
        table: "p_resources",
        name: "'organizations/' || organization || '/resources/' || id",
    },
    Known {
        table: "p_members",
        name: "'organizations/' || organization || '/memberships/' || id",
    },
    Known {
        table: "p_representatives",
        name: "'organizations/' || organization || '/representative'",
    },
];

/// Returns the name of the changed entity.
fn name(change: &Change) -> Option<String> {
    Some(match change.entity.as_ref()? {
        Entity::Organization(change) => change.name.clone(),
        Entity::Unit(change) => change.name.clone(),
        Entity::Resource(change) => change.name.clone(),
        Entity::Membership(change) => change.name.clone(),
        Entity::Representative(change) => format!("{}/representative", change.organization),
    })
}

/// Returns the change that ends an entity. An organization becomes inactive instead of being
/// deleted, because it may contain grants.
fn end(name: String) -> Change {
    let kind = name.split('/').nth(2).unwrap_or_default();
    let entity = match kind {
        "units" => Entity::Unit(UnitChange {
            name,
            deleted: true,
            ..UnitChange::default()
        }),
        "resources" => Entity::Resource(ResourceChange {
            name,
            deleted: true,
            ..ResourceChange::default()
        }),
        "memberships" => Entity::Membership(MembershipChange {
            name,
            deleted: true,
            ..MembershipChange::default()
        }),
        "representative" => Entity::Representative(RepresentativeChange {
            organization: name.trim_end_matches("/representative").to_owned(),
            ..RepresentativeChange::default()
        }),
        _ => Entity::Organization(OrganizationChange {
            name,
            ..OrganizationChange::default()
        }),
    };
    Change {
        entity: Some(entity),
    }
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
            Some(Entity::Membership(change)) => member(tx, &mut rows, change)?,
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
    touch(tx, &FactKey::Organization(id.clone()));
    rows.organizations.push(organizations::Row {
        id: id.as_str().to_owned(),
        active: change.active,
        subscription_required: change.subscription_required,
    });
    Ok(())
}

async fn unit(tx: &mut WriteTx, rows: &mut Rows, change: &UnitChange) -> Result<(), StoreError> {
    let name = In::<UnitId>::parse_name(&change.name)?;
    touch(tx, &FactKey::Organization(name.organization.clone()));
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
        uid: change.uid.clone(),
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
    touch(tx, &FactKey::Resource(name.organization.clone(), id.into()));
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
        uid: change.uid.clone(),
    });
    Ok(())
}

fn member(tx: &mut WriteTx, rows: &mut Rows, change: MembershipChange) -> Result<(), StoreError> {
    let name = In::<MembershipId>::parse_name(&change.name)?;
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    if change.deleted {
        // The page may also contain an earlier state of it.
        rows.members
            .retain(|row| (row.organization.as_str(), row.id.as_str()) != (organization, id));
        return Ok(());
    }
    let subject = change.subject.as_str().into();
    touch(tx, &FactKey::Member(name.organization.clone(), subject));
    rows.members.push(members::Row {
        organization: organization.to_owned(),
        id: id.to_owned(),
        subject: change.subject,
        active: change.active,
        subscription_active: change.subscription_active,
        uid: change.uid,
    });
    Ok(())
}

/// No decision depends on it, so no fact key is touched.
fn representative(rows: &mut Rows, change: RepresentativeChange) -> Result<(), StoreError> {
    let organization = OrganizationId::parse_name(&change.organization)?;
    rows.representatives.push(representatives::Row {
        organization: organization.as_str().to_owned(),
        display_name: change.display_name,
        uri: change.uri,
    });
    Ok(())
}
