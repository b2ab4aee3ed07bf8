//! The feed of identity.

use std::sync::Arc;

use ::rpc::PeerChannel;
use ::store::{Store, StoreError, WriteTx};
use api::identity::v1::{
    Change, ServiceAccountKeyChange, WatchRequest, change::Entity,
    feed_service_client::FeedServiceClient,
};
use authority::Permit;
use base::{Id, KeyName, Millis, OidcIdentity};
use tokio::time::timeout;

use super::{APPLY, FollowError, Heard, SILENCE, advance, touch};
use crate::{
    facts::{Feed, Piece},
    store::{cursors, keys, subjects},
};

/// Follows the feed from where it was left.
pub(super) async fn follow(
    store: Store,
    heard: Arc<Heard>,
    channel: PeerChannel,
) -> Result<(), FollowError> {
    let mut cursor = cursors::position(store.reader(), Feed::Identity.name()).await?;
    let mut client = FeedServiceClient::new(channel.for_itself());
    let mut stream = client.watch(WatchRequest { cursor }).await?.into_inner();
    loop {
        let page = timeout(SILENCE, stream.message()).await;
        let page = page.map_err(|_| FollowError::Silent)??;
        let page = page.ok_or(FollowError::Ended)?;
        if page.cursor != cursor {
            let applied = timeout(APPLY, async {
                let permit = Permit::system("identity feed");
                let mut tx = store.begin_unrepeated(&permit).await?;
                apply(&mut tx, page.changes).await?;
                advance(&mut tx, Feed::Identity, cursor, page.cursor).await?;
                tx.commit().await
            });
            applied.await.unwrap_or(Err(StoreError::Late))?;
            cursor = page.cursor;
        }
        if page.caught_up {
            heard.caught_up_with(Feed::Identity);
        }
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
        touch(tx, &Piece::Subject(row.name.as_str().into()));
    }
    subjects::put(tx, rows).await
}

async fn apply_key(tx: &mut WriteTx, change: ServiceAccountKeyChange) -> Result<(), StoreError> {
    let name = KeyName::parse_name(&change.name)?;
    let id = name.key.as_str();
    touch(tx, &Piece::Key(id.into()));
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
            Millis::MAX.0
        } else {
            change.expire_time_ms
        },
        oidc: oidc.transpose()?.map(|identity| identity.to_string()),
    };
    keys::put(tx, row).await
}
