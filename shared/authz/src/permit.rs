//! Proof by type: every change of data takes a [`Permit`], and only [`Authority::authorize`] makes
//! one.

use std::sync::Arc;

use api::{Access, Peer};
use async_trait::async_trait;
use types::OrganizationId;

use crate::caller::{Account, Basis, Caller, Context};

/// Maximum length of a recorded call name, because callers choose it.
const MAX_CALL_ID_CHARACTERS: usize = 128;

/// The target of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// Things that belong to no customer: users, the catalog.
    Operator,
    /// One organization and everything it owns.
    Organization(&'a OrganizationId),
    /// Something in an organization; the use case checks the exact target once it knows it.
    Within(&'a OrganizationId),
}

/// The engine that decides the permissions of callers. There is one in an installation: that of the
/// entitlement service.
#[async_trait]
pub trait Decider: Send + Sync {
    /// Checks if the caller holds the permission on the target, or on the operator organization,
    /// and by which grant.
    ///
    /// # Errors
    /// [`Undecided`] when the engine cannot decide; the caller is then refused.
    async fn allows(
        &self,
        context: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<Verdict, Undecided>;
}

/// The engine's decision on a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may.
    Allowed(Proof),
    /// The caller may not.
    Denied {
        /// True if the caller is a member of the organization: attempts of strangers are not
        /// reported to its owners.
        member: bool,
    },
}

impl Verdict {
    /// Returns a verdict without proof, for callers that need none.
    pub fn without_proof(allowed: bool) -> Self {
        if allowed {
            Self::Allowed(Proof::default())
        } else {
            Self::Denied { member: false }
        }
    }
}

/// The grant that permits an action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The name of the grant.
    pub grant: String,
    /// The granter.
    pub granted_by: String,
}

/// The engine could not be reached, or could not decide.
#[derive(Debug, thiserror::Error)]
#[error("the caller's permission could not be decided")]
pub struct Undecided(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The refusal of a permit.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller may not, or the named resource does not exist; the caller cannot tell the two
    /// apart.
    #[error("the caller may not do this, or it does not exist")]
    Denied,
    /// The engine could not decide.
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

/// Proof that a caller may use a method on a target.
#[derive(Debug, Clone)]
pub struct Permit {
    holder: String,
    method: &'static str,
    basis: Option<Basis>,
}

impl Permit {
    /// Returns a permit for the installation's own actions: bootstrap and projections.
    pub fn system(method: &'static str) -> Self {
        Self {
            holder: "system".to_owned(),
            method,
            basis: None,
        }
    }

    /// Returns the holder: a resource name, `peer` or `system`.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Returns the method that it was issued for.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the audit context of the call; `None` for the installation's own actions.
    pub fn basis(&self) -> Option<&Basis> {
        self.basis.as_ref()
    }
}

/// Issues permits.
#[derive(Clone)]
pub struct Authority(Arc<dyn Decider>);

impl Authority {
    /// Returns an authority that uses `decider`.
    pub fn new(decider: Arc<dyn Decider>) -> Self {
        Self(decider)
    }

    /// Issues a permit for the current method, with the permission of its policy.
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
            // A call may be checked more than once; the first check is the one recorded.
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
            .take(MAX_CALL_ID_CHARACTERS)
            .collect(),
    }
}
