//! Proof by type: what changes data takes a [`Permit`], and only [`Authority::authorize`]
//! makes one.

use std::sync::Arc;

use api::{Access, Peer};
use async_trait::async_trait;
use base::OrganizationId;

use crate::caller::{Account, Basis, Caller, Context};

/// How much of the name of a call is recorded: callers choose it.
const CALL_ID: usize = 128;

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
    /// Whether the caller holds the permission within reach, or on the operator organization, and
    /// by what.
    ///
    /// # Errors
    /// [`Undecided`] when the engine cannot tell; the caller is then refused.
    async fn allows(
        &self,
        context: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<Verdict, Undecided>;
}

/// What the engine says of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may.
    Allowed(Proof),
    /// The caller may not.
    Denied {
        /// Whether the caller is a member of the organization: what strangers try is not told to
        /// its owners.
        member: bool,
    },
}

impl Verdict {
    /// What the engine says when nobody asks by what.
    pub fn unrecorded(allowed: bool) -> Self {
        if allowed {
            Self::Allowed(Proof::default())
        } else {
            Self::Denied { member: false }
        }
    }
}

/// By what a caller may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The name of the grant.
    pub grant: String,
    /// Who gave it.
    pub granted_by: String,
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
    basis: Option<Basis>,
}

impl Permit {
    /// A permit for what the installation does by itself: bootstrap and projections.
    pub fn system(method: &'static str) -> Self {
        Self {
            holder: "system".to_owned(),
            method,
            basis: None,
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

    /// What the audit log says of the call; nothing of what the installation does by itself.
    pub fn basis(&self) -> Option<&Basis> {
        self.basis.as_ref()
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
        let verdict = match (&context.caller, context.policy.access) {
            (Caller::Peer(peer), Access::Peer(peers)) if peers.contains(peer) => {
                Verdict::Allowed(Proof::default())
            }
            (Caller::Subject(caller), Access::Permission(permission)) => {
                self.0.allows(context, caller, permission, reach).await?
            }
            (Caller::Peer(_), _) | (Caller::Subject(_), Access::Peer(_)) => {
                Verdict::Denied { member: false }
            }
        };
        let basis = context.trail.as_ref().map(|trail| {
            let basis = basis(context, reach, &verdict);
            // A call may ask more than once; it is recorded by what it asked first.
            trail.get_or_init(|| basis.clone());
            basis
        });
        if let Verdict::Denied { .. } = verdict {
            return Err(Refused::Denied);
        }
        Ok(Permit {
            holder: match &context.caller {
                Caller::Peer(_) => "peer".to_owned(),
                Caller::Subject(account) => account.name.to_string(),
            },
            method: context.policy.path,
            basis,
        })
    }
}

fn basis(context: &Context, reach: Reach<'_>, verdict: &Verdict) -> Basis {
    let organization = match (reach, verdict) {
        (Reach::Operator, _) | (_, Verdict::Denied { member: false }) => {
            OrganizationId::operator().to_string()
        }
        (Reach::Organization(organization) | Reach::Within(organization), _) => {
            organization.to_string()
        }
    };
    let power = match verdict {
        Verdict::Allowed(power) => power.clone(),
        Verdict::Denied { .. } => Proof::default(),
    };
    Basis {
        organization,
        grant: power.grant,
        granted_by: power.granted_by,
        through: context.through.map_or("", Peer::name),
        call_id: context
            .request_id
            .to_string()
            .chars()
            .take(CALL_ID)
            .collect(),
    }
}
