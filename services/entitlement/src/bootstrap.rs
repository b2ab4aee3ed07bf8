//! Creates the built-in application and the access of the first service account.

use ::store::{Store, StoreError};
use api::entitlement::v1::Scope;
use authz::Permit;
use entitlement_core::management;
use types::{ApplicationId, GrantId, Id, OrganizationId, RoleName, UnixTime};

use crate::{
    catalog,
    facts::FactKey,
    store::{
        applications, entitlements,
        grant_places::Uids,
        grants::{self, NewGrant},
    },
};

/// The first service account, which identity creates.
const ROOT_ID: &str = "root";

/// Stores the built-in application as this version declares it, and grants the first service
/// account everything.
pub(crate) async fn ensure(store: &Store) -> Result<(), StoreError> {
    let definition = management::application()?;
    let id = definition.id.clone();
    let declared = catalog::application(definition, "Mandate");
    let mut tx = store.begin_internal(&Permit::system("bootstrap")).await?;
    // Replicas that start at the same time run this one after the other.
    tx.lock_log().await?;
    let found = applications::find(tx.connection(), &id).await?;
    match found {
        Some((application, _)) if is_declared(&application, &declared) => return Ok(()),
        Some((_, version)) => {
            applications::update(&tx, &id, version, &declared).await?;
        }
        None => {
            applications::insert(&tx, &id, &declared).await?;
            give(&tx, &id).await?;
        }
    }
    let operator = OrganizationId::operator();
    for piece in [
        FactKey::Catalog,
        FactKey::Organization(operator.clone()),
        FactKey::Member(operator, format!("serviceAccounts/{ROOT_ID}").into()),
    ] {
        tx.emit(piece.entity(), Vec::new());
    }
    tx.commit().await?;
    Ok(())
}

fn is_declared(
    found: &api::entitlement::v1::Application,
    declared: &api::entitlement::v1::Application,
) -> bool {
    let permissions = |application: &api::entitlement::v1::Application| {
        application
            .roles
            .iter()
            .map(|role| (role.role_id.clone(), role.permissions.clone()))
            .collect::<Vec<_>>()
    };
    found.modules == declared.modules && permissions(found) == permissions(declared)
}

async fn give(tx: &::store::WriteTx, application: &ApplicationId) -> Result<(), StoreError> {
    let operator = OrganizationId::operator();
    let always = (UnixTime::MIN, UnixTime::MAX);
    entitlements::insert(tx, &operator, application, always).await?;
    let grant = NewGrant {
        id: GrantId::parse(ROOT_ID)?,
        subject: format!("serviceAccounts/{ROOT_ID}"),
        role: RoleName::parse_name(management::OPERATOR_ROLE)?,
        scope: Scope {
            all: true,
            ..Scope::default()
        },
        start: UnixTime::MIN,
        end: UnixTime::MAX,
        can_delegate: true,
        condition: None,
    };
    grants::insert(tx, &operator, "system", &[grant], &Uids::new()).await?;
    Ok(())
}
