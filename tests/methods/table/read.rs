//! Methods that change nothing.

use super::Row;

/// Requests that change nothing.
pub const READ: &[Row] = &[
    (
        "identity.v1.UserService/GetUser",
        r#"{"name": "users/user-{org}-{n}"}"#,
    ),
    ("identity.v1.UserService/ListUsers", r#"{"pageSize": 10}"#),
    (
        "identity.v1.ServiceAccountService/GetServiceAccount",
        r#"{"name": "serviceAccounts/backend-{org}-{n}"}"#,
    ),
    (
        "identity.v1.ServiceAccountService/ListServiceAccounts",
        r#"{"pageSize": 10}"#,
    ),
    (
        "identity.v1.ServiceAccountService/ListServiceAccountKeys",
        r#"{"parent": "serviceAccounts/backend-{org}-{n}"}"#,
    ),
    (
        "identity.v1.PeerService/VerifyServiceAccountKey",
        r#"{"secret": "{secret}"}"#,
    ),
    (
        "identity.v1.PeerService/VerifyOidcIdentity",
        r#"{"oidc": {"issuer": "https://issuer.example", "subject": "backend"}}"#,
    ),
    (
        "identity.v1.PeerService/DescribeSubjects",
        r#"{"names": ["users/user-{org}-{n}", "serviceAccounts/backend-{org}-{n}"]}"#,
    ),
    (
        "identity.v1.AuditService/ListAuditEntries",
        r#"{"parent": "organizations/operator", "filter": {"method": "mandate.identity.v1.UserService.CreateUser", "endTime": "2999-01-01T00:00:00Z"}}"#,
    ),
    (
        "identity.v1.AuditService/ExportAuditRecords",
        r#"{"after": "1"}"#,
    ),
    ("identity.v1.FeedService/GetHead", "{}"),
    ("identity.v1.FeedService/Watch", r#"{"cursor": "1"}"#),
    (
        "membership.v1.OrganizationService/GetOrganization",
        r#"{"name": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.OrganizationService/ListOrganizations",
        r#"{"pageSize": 10}"#,
    ),
    (
        "membership.v1.ContactService/GetContact",
        r#"{"name": "organizations/{org}/contacts/contact-{n}"}"#,
    ),
    (
        "membership.v1.ContactService/ListContacts",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.OrganizationService/GetUnit",
        r#"{"name": "organizations/{org}/units/unit-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/ListUnits",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.OrganizationService/GetResource",
        r#"{"name": "organizations/{org}/resources/resource-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/ListResources",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.MemberService/GetMembership",
        r#"{"name": "organizations/{org}/memberships/member-{n}"}"#,
    ),
    (
        "membership.v1.MemberService/ListMemberships",
        r#"{"parent": "organizations/{org}", "view": "MEMBERSHIP_VIEW_FULL"}"#,
    ),
    (
        "membership.v1.RequestService/GetChangeRequest",
        r#"{"name": "organizations/{org}/changeRequests/request-{n}"}"#,
    ),
    (
        "membership.v1.RequestService/ListChangeRequests",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "membership.v1.AuditService/ListAuditEntries",
        r#"{"parent": "organizations/{org}", "filter": {"method": "mandate.membership.v1.OrganizationService.CreateUnit"}}"#,
    ),
    (
        "membership.v1.AuditService/ExportAuditRecords",
        r#"{"after": "1"}"#,
    ),
    ("membership.v1.FeedService/GetHead", "{}"),
    ("membership.v1.FeedService/Watch", r#"{"cursor": "1"}"#),
    (
        "entitlement.v1.CatalogService/GetApplication",
        r#"{"name": "applications/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.CatalogService/ListApplications",
        r#"{"pageSize": 10}"#,
    ),
    (
        "entitlement.v1.CatalogService/DiffApplication",
        r#"{"application": {"name": "applications/fleet-{org}-{n}", "displayName": "Fleet {n}"}, "updateMask": "displayName"}"#,
    ),
    (
        "entitlement.v1.CatalogService/ListRoles",
        r#"{"parent": "applications/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/GetEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/ListEntitlements",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.CustomRoleService/GetCustomRole",
        r#"{"name": "organizations/{org}/applications/fleet-{org}-{n}/roles/own-{n}"}"#,
    ),
    (
        "entitlement.v1.CustomRoleService/ListCustomRoles",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.GrantService/GetGrant",
        r#"{"name": "organizations/{org}/grants/grant-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/ListGrants",
        r#"{"parent": "organizations/{org}", "subject": "users/user-{org}-{n}", "showRevoked": true}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/Check",
        r#"{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "resource": "organizations/{org}/resources/resource-{n}", "consistency": {"atLeastAsFresh": "{token}"}, "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/CheckBatch",
        r#"{"questions": [{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "resource": "organizations/{org}/units/unit-{n}", "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}, {"subject": "users/batch-user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.itemised.view", "resource": "organizations/{org}"}], "consistency": {"fullyConsistent": true}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/CheckStream",
        r#"{"questions": [{"id": "7", "subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "resource": "organizations/{org}/units/unit-{n}", "consistency": {"atLeastAsFresh": "{token}"}, "timeoutMs": 5000, "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}]}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/Explain",
        r#"{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.edit", "resource": "organizations/{org}/units/batch-unit-{n}", "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/Preview",
        r#"{"parent": "organizations/{org}", "changes": [{"revoke": {"name": "organizations/{org}/grants/grant-{n}"}}, {"create": {"grant": {"subject": "users/batch-user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/editor", "scope": {"units": ["organizations/{org}/units/unit-{n}"]}}}}]}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/ListResources",
        r#"{"parent": "organizations/{org}", "subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/ListSubjects",
        r#"{"resource": "organizations/{org}/resources/resource-{n}", "permission": "fleet-{org}-{n}.billing.view", "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/ListPermissions",
        r#"{"subject": "users/user-{org}-{n}", "resource": "organizations/{org}/units/unit-{n}", "context": {"network": "office", "amount": 5, "tags": ["a", {"b": true}, null]}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/ListEffectiveAccess",
        r#"{"parent": "organizations/{org}", "subject": "users/user-{org}-{n}", "view": "ACCESS_VIEW_FULL"}"#,
    ),
    (
        "entitlement.v1.AuditService/ListAuditEntries",
        r#"{"parent": "organizations/{org}", "filter": {"method": "mandate.entitlement.v1.GrantService.CreateGrant", "actor": "serviceAccounts/root"}}"#,
    ),
    (
        "entitlement.v1.AuditService/ExportAuditRecords",
        r#"{"after": "1"}"#,
    ),
    (
        "entitlement.v1.WatchService/Watch",
        r#"{"parent": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.PeerService/Authorize",
        r#"{"caller": "serviceAccounts/backend-{org}-{n}", "permission": "mandate.units.read", "organization": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.PeerService/AwaitProjection",
        r#"{"consistencyToken": "{token}"}"#,
    ),
    // The service records for a minute that the released member does not count.
    (
        "entitlement.v1.PeerService/CheckControl",
        r#"{"caller": "serviceAccounts/root", "subject": "users/user-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.PeerService/CheckMove",
        r#"{"caller": "serviceAccounts/root", "organization": "organizations/{org}", "before": ["organizations/{org}/units/unit-{n}"], "after": ["organizations/{org}/units/unit-{n}"]}"#,
    ),
    (
        "entitlement.v1.PeerService/ReleaseMember",
        r#"{"caller": "serviceAccounts/root", "subject": "users/user-{org}-{n}", "organization": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.PeerService/SummarizeAccess",
        r#"{"organization": "organizations/{org}", "subjects": ["users/user-{org}-{n}"], "caller": "serviceAccounts/root"}"#,
    ),
];
