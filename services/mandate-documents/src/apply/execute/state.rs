//! States, which have methods of their own.

use api::{
    entitlement::v1::{ReactivateEntitlementRequest, SuspendEntitlementRequest},
    identity::v1::{DeactivateUserRequest, ReactivateUserRequest},
    membership::v1::{
        ReactivateMembershipRequest, ReactivateOrganizationRequest, SuspendMembershipRequest,
        SuspendOrganizationRequest,
    },
};

use super::{
    Halted,
    call::{Caller, call},
};
use crate::apply::{State, StateChange};

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident: $service:ident: $client:ident,
        $reactivate:ident($reactivate_request:ident),
        $end:ident($end_request:ident);)*) => {$(
        $(#[$doc])*
        pub(super) async fn $name(
            caller: &Caller,
            changes: Vec<StateChange>,
        ) -> Result<(), Halted> {
            // An entity that is yet to be created has no other state yet.
            let known = changes.into_iter();
            let known = known.filter(|change| !caller.only || change.old.is_some());
            for change in known {
                let name = change.name.clone();
                if change.new == State::Active {
                    let request = $reactivate_request {
                        name: change.name,
                        ..$reactivate_request::default()
                    };
                    call!(caller, name, $service: $client.$reactivate(request));
                } else {
                    let request = $end_request {
                        name: change.name,
                        ..$end_request::default()
                    };
                    call!(caller, name, $service: $client.$end(request));
                }
            }
            Ok(())
        }
    )*};
}

states! {
    /// Deactivates and reactivates users.
    users: Identity: users,
        reactivate_user(ReactivateUserRequest),
        deactivate_user(DeactivateUserRequest);
    /// Suspends and reactivates memberships.
    memberships: Membership: members,
        reactivate_membership(ReactivateMembershipRequest),
        suspend_membership(SuspendMembershipRequest);
    /// Suspends and reactivates entitlements.
    entitlements: Entitlement: grants,
        reactivate_entitlement(ReactivateEntitlementRequest),
        suspend_entitlement(SuspendEntitlementRequest);
    /// Suspends and reactivates organizations.
    organizations: Membership: organizations,
        reactivate_organization(ReactivateOrganizationRequest),
        suspend_organization(SuspendOrganizationRequest);
}
