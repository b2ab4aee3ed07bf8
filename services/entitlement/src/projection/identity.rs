//! The feed of identity.

use std::sync::Arc;

use ::rpc::PeerChannel;
use ::store::{Cursor, Store, StoreError, WriteTx};
use api::identity::v1::{
    Change, ServiceAccountChange, ServiceAccountKeyChange, UserChange, WatchRequest, WatchResponse,
    change::Entity, feed_service_client::FeedServiceClient,
};
use authz::Permit;
use tokio::time::timeout;
use types::{Epoch, Id, KeyName, OidcIdentity, UnixTime};

use super::{APPLY, FeedLiveness, FollowError, SILENCE, replay::Page, touch};
use crate::{
    facts::{FactKey, Feed},
    store::{
        cursors::{self, FeedCursor},
        keys, subjects,
        told::Known,
    },
};

/// Follows the feed from its cursor.
pub(super) async fn follow(
    store: Store,
    heard: Arc<FeedLiveness>,
    channel: PeerChannel,
) -> Result<(), FollowError> {
    let mut from = cursors::find(store.reader(), Feed::Identity.name()).await?;
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
            heard.caught_up_with(Feed::Identity);
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
    let permit = Permit::system("identity feed");
    let mut tx = store.begin_internal(&permit).await?;
    page.lead(&mut tx, Feed::Identity, from).await?;
    let names = changes.iter().filter_map(name);
    let gone = page
        .note(&tx, Feed::Identity, from, names, &PROJECTED_TABLES)
        .await?;
    apply(&mut tx, changes).await?;
    apply(&mut tx, gone.into_iter().map(end).collect()).await?;
    tx.commit().await
}

/// Projected tables of identity.
const PROJECTED_TABLES: [Known; 2] = [
    Known {
        table: "p_subjects",
        name: "name",
    },
    Known {
        table: "p_keys",
        name: "service_account || '/keys/' || id",
    },
];

/// Returns the name of the changed entity.
fn name(change: &Change) -> Option<String> {
    Some(match change.entity.as_ref()? {
        Entity::User(user) => user.name.clone(),
        Entity::ServiceAccount(account) => account.name.clone(),
        Entity::Key(key) => key.name.clone(),
    })
}

/// Returns the change that ends an entity. A user or service account becomes inactive instead of
/// being deleted, because grants may name it.
fn end(name: String) -> Change {
    let entity = if name.contains("/keys/") {
        Entity::Key(ServiceAccountKeyChange {
            name,
            deleted: true,
            ..ServiceAccountKeyChange::default()
        })
    } else if name.starts_with("users/") {
        Entity::User(UserChange {
            name,
            active: false,
        })
    } else {
        Entity::ServiceAccount(ServiceAccountChange {
            name,
            active: false,
        })
    };
    Change {
        entity: Some(entity),
    }
}

async fn apply(tx: &mut WriteTx, changes: Vec<Change>) -> Result<(), StoreError> {
    let mut states = Vec::new();
    for change in changes {
        match change.entity {
            Some(Entity::User(user)) => states.push((user.name, user.active)),
            Some(Entity::ServiceAccount(account)) => states.push((account.name, account.active)),
            Some(Entity::Key(key)) => apply_key(tx, key).await?,
            None => {}
        }
    }
    let rows: Vec<subjects::Row> = states
        .into_iter()
        .map(|(name, active)| subjects::Row { name, active })
        .collect();
    for row in &rows {
        touch(tx, &FactKey::Subject(row.name.as_str().into()));
    }
    subjects::put(tx, rows).await
}

async fn apply_key(tx: &mut WriteTx, change: ServiceAccountKeyChange) -> Result<(), StoreError> {
    let name = KeyName::parse_name(&change.name)?;
    let id = name.key.as_str();
    touch(tx, &FactKey::Key(id.into()));
    if change.deleted {
        return keys::delete(tx, id).await;
    }
    let oidc = change.oidc.map(|identity| {
        let made = OidcIdentity::new(&identity.issuer, &identity.subject);
        made.map_err(|error| StoreError::Corrupt(error.to_string()))
    });
    let never = change.expire_time_ms == 0;
    let row = keys::Row {
        id: id.to_owned(),
        service_account: name.service_account.name(),
        secret_sha256: change.secret_sha256,
        expire_ms: if never {
            UnixTime::MAX.0
        } else {
            change.expire_time_ms
        },
        oidc: oidc.transpose()?.map(|identity| identity.to_string()),
    };
    keys::put(tx, row).await
}
