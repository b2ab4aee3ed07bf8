//! Methods that change or end existing entities.

use super::Row;

/// Requests that change existing entities, and leave them usable for later samples.
pub const CHANGE: &[Row] = &[
    (
        "identity.v1.UserService/UpdateUser",
        r#"{"user": {"name": "users/user-{org}-{n}", "familyName": "Peeters"}, "updateMask": "familyName"}"#,
    ),
    (
        "identity.v1.UserService/DeactivateUser",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    (
        "identity.v1.UserService/ReactivateUser",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    (
        "identity.v1.ServiceAccountService/DisableServiceAccount",
        r#"{"name": "serviceAccounts/backend-{org}-{n}"}"#,
    ),
    (
        "identity.v1.ServiceAccountService/EnableServiceAccount",
        r#"{"name": "serviceAccounts/backend-{org}-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/UpdateOrganization",
        r#"{"organization": {"name": "organizations/{org}", "displayName": "Renamed {n}"}, "updateMask": "displayName"}"#,
    ),
    (
        "membership.v1.OrganizationService/SuspendOrganization",
        r#"{"name": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.OrganizationService/ReactivateOrganization",
        r#"{"name": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.ContactService/UpdateContact",
        r#"{"contact": {"name": "organizations/{org}/contacts/contact-{n}", "displayName": "Other desk", "uri": "tel:+32{n}"}, "updateMask": "displayName,uri"}"#,
    ),
    (
        "membership.v1.OrganizationService/UpdateUnit",
        r#"{"unit": {"name": "organizations/{org}/units/batch-unit-{n}", "displayName": "Moved", "parentUnit": "organizations/{org}/units/unit-{n}"}, "updateMask": "displayName,parentUnit"}"#,
    ),
    (
        "membership.v1.OrganizationService/UpdateResource",
        r#"{"resource": {"name": "organizations/{org}/resources/resource-{n}", "displayName": "Moved", "unit": "organizations/{org}/units/unit-{n}"}, "updateMask": "displayName,unit"}"#,
    ),
    (
        "membership.v1.MemberService/UpdateMembership",
        r#"{"membership": {"name": "organizations/{org}/memberships/member-{n}", "subscriptionActive": true}, "updateMask": "subscriptionActive"}"#,
    ),
    (
        "membership.v1.MemberService/SuspendMembership",
        r#"{"name": "organizations/{org}/memberships/member-{n}"}"#,
    ),
    (
        "membership.v1.MemberService/ReactivateMembership",
        r#"{"name": "organizations/{org}/memberships/member-{n}"}"#,
    ),
    (
        "membership.v1.RequestService/ConfirmChangeRequest",
        r#"{"name": "organizations/{org}/changeRequests/request-{n}", "note": "From Monday"}"#,
    ),
    (
        "membership.v1.RequestService/CancelChangeRequest",
        r#"{"name": "organizations/{org}/changeRequests/request-{n}"}"#,
    ),
    (
        "membership.v1.RequestService/ApproveChangeRequest",
        r#"{"name": "organizations/{org}/changeRequests/asked-{n}"}"#,
    ),
    (
        "membership.v1.RequestService/RejectChangeRequest",
        r#"{"name": "organizations/{org}/changeRequests/asked-too-{n}", "reason": "Not now"}"#,
    ),
    (
        "entitlement.v1.CatalogService/UpdateApplication",
        r#"{"application": {"name": "applications/fleet-{org}-{n}", "displayName": "Fleet {n}"}, "updateMask": "displayName"}"#,
    ),
    (
        "entitlement.v1.GrantService/SuspendEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}", "reason": "SUSPENSION_REASON_PAYMENT"}"#,
    ),
    (
        "entitlement.v1.GrantService/ReactivateEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.CustomRoleService/UpdateCustomRole",
        r#"{"customRole": {"name": "organizations/{org}/applications/fleet-{org}-{n}/roles/own-{n}", "permissions": ["fleet-{org}-{n}.billing.edit"]}, "updateMask": "permissions"}"#,
    ),
    (
        "entitlement.v1.PeerService/ApplyGrantChangesFor",
        r#"{"caller": "serviceAccounts/root", "subject": "users/user-{org}-{n}", "parent": "organizations/{org}", "changes": [{"update": {"grant": {"name": "organizations/{org}/grants/grant-{n}", "scope": {"resources": ["organizations/{org}/resources/resource-{n}"]}}, "updateMask": "scope"}}, {"create": {"grant": {"subject": "users/user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer"}, "grantId": "for-{n}"}}]}"#,
    ),
    (
        "entitlement.v1.GrantService/ApplyGrantChanges",
        r#"{"parent": "organizations/{org}", "changes": [{"update": {"grant": {"name": "organizations/{org}/grants/grant-{n}", "scope": {"units": ["organizations/{org}/units/unit-{n}"]}}, "updateMask": "scope"}}, {"revoke": {"name": "organizations/{org}/grants/batch-grant-{n}"}}, {"create": {"grant": {"subject": "users/user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/editor", "condition": "context.network == 'office' && resource.type == 'number'"}, "grantId": "applied-{n}"}}], "consistencyToken": "{token}"}"#,
    ),
    (
        "entitlement.v1.GrantService/UpdateGrant",
        r#"{"grant": {"name": "organizations/{org}/grants/grant-{n}", "scope": {"units": ["organizations/{org}/units/batch-unit-{n}"]}, "endTime": "2999-01-01T00:00:00Z"}, "updateMask": "scope,endTime", "consistencyToken": "{token}"}"#,
    ),
];

/// Requests that end existing entities.
pub const END: &[Row] = &[
    (
        "identity.v1.AuditService/ForgetPerson",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    (
        "membership.v1.AuditService/ForgetPerson",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.AuditService/ForgetPerson",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.CustomRoleService/DeleteCustomRole",
        r#"{"name": "organizations/{org}/applications/fleet-{org}-{n}/roles/own-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/RevokeGrant",
        r#"{"name": "organizations/{org}/grants/grant-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/TransferEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}", "destination": "organizations/{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/EndEntitlement",
        r#"{"name": "organizations/{org}-{n}/entitlements/fleet-{org}-{n}"}"#,
    ),
    (
        "identity.v1.ServiceAccountService/DeleteServiceAccountKey",
        r#"{"name": "{key}"}"#,
    ),
    (
        "membership.v1.MemberService/DeleteMembership",
        r#"{"name": "organizations/{org}/memberships/batch-member-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/DeleteResource",
        r#"{"name": "organizations/{org}/resources/batch-resource-{n}"}"#,
    ),
    (
        "membership.v1.ContactService/DeleteContact",
        r#"{"name": "organizations/{org}/contacts/contact-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/DeleteUnit",
        r#"{"name": "organizations/{org}/units/batch-unit-{n}"}"#,
    ),
];
