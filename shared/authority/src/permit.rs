//! Proof by type: what changes data takes a [`Permit`], and only [`Authority::authorize`]
//! makes one.

use std::sync::Arc;

use api::Access;
use async_trait::async_trait;
use base::OrganizationId;

use crate::caller::{Account, Caller, Context};

/// Where a caller wants to use a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// What belongs to no customer: users, the catalogue.
    Operator,
    /// One organization and what it owns.
    Organization(&'a OrganizationId),
    /// Something in an organization: what exactly is for the use case to ask, once it knows.
    Within(&'a OrganizationId),
}

/// The engine that decides what callers may do. There is one in an installation: the
/// entitlement service's own.
#[async_trait]
pub trait Decider: Send + Sync {
    /// Whether the caller holds the permission within reach, or on the operator organization.
    ///
    /// # Errors
    /// [`Undecided`] when the engine cannot tell; the caller is then refused.
    async fn allows(
        &self,
        context: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<bool, Undecided>;
}

/// The engine could not be asked, or could not tell.
#[derive(Debug, thiserror::Error)]
#[error("the caller's permission could not be decided")]
pub struct Undecided(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller may not, or what it names does not exist: the two cannot be told apart.
    #[error("the caller may not do this, or it does not exist")]
    Denied,
    /// The engine could not tell.
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

/// That a caller may do what a method does, within a reach.
#[derive(Debug, Clone)]
pub struct Permit {
    holder: String,
    method: &'static str,
}

impl Permit {
    /// A permit for what the installation does by itself: bootstrap and projections.
    pub fn system(method: &'static str) -> Self {
        Self {
            holder: "system".to_owned(),
            method,
        }
    }

    /// Who holds it: a resource name, `peer` or `system`.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The method that it was given for.
    pub fn method(&self) -> &'static str {
        self.method
    }
}

/// Gives permits.
#[derive(Clone)]
pub struct Authority(Arc<dyn Decider>);

impl Authority {
    /// An authority that asks `decider`.
    pub fn new(decider: Arc<dyn Decider>) -> Self {
        Self(decider)
    }

    /// A permit for the method that is being called, with the permission of its policy.
    ///
    /// # Errors
    /// [`Refused`] when the caller may not, or when that cannot be decided.
    pub async fn authorize(&self, context: &Context, reach: Reach<'_>) -> Result<Permit, Refused> {
        let allowed = match (&context.caller, context.policy.access) {
            (Caller::Peer, Access::Peer) => true,
            (Caller::Subject(caller), Access::Permission(permission)) => {
                self.0.allows(context, caller, permission, reach).await?
            }
            (Caller::Peer, Access::Permission(_)) | (Caller::Subject(_), Access::Peer) => false,
        };
        if !allowed {
            return Err(Refused::Denied);
        }
        Ok(Permit {
            holder: match &context.caller {
                Caller::Peer => "peer".to_owned(),
                Caller::Subject(account) => account.name.to_string(),
            },
            method: context.policy.path,
        })
    }
}
