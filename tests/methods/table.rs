//! A valid request for every method, in the order in which one person could send them all.
//!
//! `{org}` is an organization that exists, `{n}` tells one run from the next, and `{key}`,
//! `{secret}` and `{token}` come from answers before.

/// A method, without the slash and `mandate.`, and its request.
pub type Row = (&'static str, &'static str);

/// Makes everything that the other samples name.
pub const CREATE: &[Row] = &[
    (
        "identity.v1.UserService/CreateUser",
        r#"{"user": {"login": "login-{org}-{n}", "givenName": "An", "email": "an@{org}.example"}, "userId": "user-{org}-{n}"}"#,
    ),
    (
        "identity.v1.UserService/BatchCreateUsers",
        r#"{"requests": [{"user": {"login": "batch-{org}-{n}", "givenName": "Bo"}, "userId": "batch-user-{org}-{n}"}]}"#,
    ),
    (
        "identity.v1.ServiceAccountService/CreateServiceAccount",
        r#"{"serviceAccount": {"displayName": "Backend"}, "serviceAccountId": "backend-{org}-{n}"}"#,
    ),
    (
        "identity.v1.ServiceAccountService/CreateServiceAccountKey",
        r#"{"parent": "serviceAccounts/backend-{org}-{n}", "key": {"expireTime": "2999-01-01T00:00:00Z"}}"#,
    ),
    (
        "entitlement.v1.CatalogService/CreateApplication",
        r#"{"application": {"displayName": "Fleet", "aliases": ["alias-{org}-{n}"], "placements": ["PLACEMENT_OVERVIEW"], "modules": [{"moduleId": "billing", "verbs": ["view", "edit"], "options": [{"optionId": "itemised", "verbs": ["view"]}]}], "roles": [{"roleId": "viewer", "permissions": ["fleet-{org}-{n}.billing.view"]}, {"roleId": "editor", "permissions": ["fleet-{org}-{n}.billing.*"]}]}, "applicationId": "fleet-{org}-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/CreateOrganization",
        r#"{"organization": {"displayName": "New"}, "organizationId": "{org}-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/CreateUnit",
        r#"{"parent": "organizations/{org}", "unit": {"displayName": "Company", "kind": "company", "number": "{n}"}, "unitId": "unit-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/BatchCreateUnits",
        r#"{"parent": "organizations/{org}", "requests": [{"parent": "organizations/{org}", "unit": {"displayName": "Department", "parentUnit": "organizations/{org}/units/unit-{n}"}, "unitId": "batch-unit-{n}"}]}"#,
    ),
    (
        "membership.v1.OrganizationService/CreateResource",
        r#"{"parent": "organizations/{org}", "resource": {"type": "phone-number", "externalId": "+32-{n}", "unit": "organizations/{org}/units/unit-{n}"}, "resourceId": "resource-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/BatchCreateResources",
        r#"{"parent": "organizations/{org}", "requests": [{"parent": "organizations/{org}", "resource": {"type": "phone-number", "unit": "organizations/{org}/units/unit-{n}"}, "resourceId": "batch-resource-{n}"}]}"#,
    ),
    (
        "membership.v1.MemberService/CreateMembership",
        r#"{"parent": "organizations/{org}", "membership": {"subject": "users/user-{org}-{n}", "subscriptionActive": true}, "membershipId": "member-{n}"}"#,
    ),
    (
        "membership.v1.MemberService/BatchCreateMemberships",
        r#"{"parent": "organizations/{org}", "requests": [{"parent": "organizations/{org}", "membership": {"subject": "users/batch-user-{org}-{n}"}, "membershipId": "batch-member-{n}"}]}"#,
    ),
    (
        "entitlement.v1.GrantService/CreateEntitlement",
        r#"{"parent": "organizations/{org}", "entitlement": {"application": "applications/fleet-{org}-{n}", "startTime": "2001-01-01T00:00:00Z"}, "consistencyToken": "{token}"}"#,
    ),
    (
        "entitlement.v1.GrantService/CreateGrant",
        r#"{"parent": "organizations/{org}", "grant": {"subject": "users/user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer", "scope": {"units": ["organizations/{org}/units/unit-{n}"], "resources": ["organizations/{org}/resources/resource-{n}"]}, "startTime": "2001-01-01T00:00:00Z"}, "grantId": "grant-{n}", "consistencyToken": "{token}"}"#,
    ),
    (
        "entitlement.v1.GrantService/BatchCreateGrants",
        r#"{"parent": "organizations/{org}", "requests": [{"parent": "organizations/{org}", "grant": {"subject": "users/batch-user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer", "scope": {"resources": ["organizations/{org}/resources/resource-{n}"]}}, "grantId": "batch-grant-{n}"}], "consistencyToken": "{token}"}"#,
    ),
];

/// Changes nothing.
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
        "identity.v1.PeerService/DescribeSubjects",
        r#"{"names": ["users/user-{org}-{n}", "serviceAccounts/backend-{org}-{n}"]}"#,
    ),
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
        "entitlement.v1.GrantService/GetGrant",
        r#"{"name": "organizations/{org}/grants/grant-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/ListGrants",
        r#"{"parent": "organizations/{org}", "subject": "users/user-{org}-{n}", "showRevoked": true}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/Check",
        r#"{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "resource": "organizations/{org}/resources/resource-{n}", "consistency": {"atLeastAsFresh": "{token}"}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/CheckBatch",
        r#"{"questions": [{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.view", "resource": "organizations/{org}/units/unit-{n}"}, {"subject": "users/batch-user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.itemised.view", "resource": "organizations/{org}"}], "consistency": {"fullyConsistent": true}}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/Explain",
        r#"{"subject": "users/user-{org}-{n}", "permission": "fleet-{org}-{n}.billing.edit", "resource": "organizations/{org}/units/batch-unit-{n}"}"#,
    ),
    (
        "entitlement.v1.AuthorizationService/ListEffectiveAccess",
        r#"{"parent": "organizations/{org}", "subject": "users/user-{org}-{n}", "view": "ACCESS_VIEW_FULL"}"#,
    ),
    (
        "entitlement.v1.PeerService/Authorize",
        r#"{"caller": "serviceAccounts/backend-{org}-{n}", "permission": "mandate.units.read", "organization": "organizations/{org}"}"#,
    ),
    (
        "entitlement.v1.PeerService/AwaitProjection",
        r#"{"consistencyToken": "{token}"}"#,
    ),
    (
        "entitlement.v1.PeerService/SummarizeAccess",
        r#"{"organization": "organizations/{org}", "subjects": ["users/user-{org}-{n}"]}"#,
    ),
];

/// Changes what was made, and leaves it as it is needed.
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
        "entitlement.v1.CatalogService/UpdateApplication",
        r#"{"application": {"name": "applications/fleet-{org}-{n}", "displayName": "Fleet {n}"}, "updateMask": "displayName"}"#,
    ),
    (
        "entitlement.v1.GrantService/SuspendEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/ReactivateEntitlement",
        r#"{"name": "organizations/{org}/entitlements/fleet-{org}-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/UpdateGrant",
        r#"{"grant": {"name": "organizations/{org}/grants/grant-{n}", "scope": {"units": ["organizations/{org}/units/batch-unit-{n}"]}, "endTime": "2999-01-01T00:00:00Z"}, "updateMask": "scope,endTime", "consistencyToken": "{token}"}"#,
    ),
];

/// Ends what was made.
pub const END: &[Row] = &[
    (
        "entitlement.v1.GrantService/RevokeGrant",
        r#"{"name": "organizations/{org}/grants/grant-{n}"}"#,
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
        "membership.v1.OrganizationService/DeleteUnit",
        r#"{"name": "organizations/{org}/units/batch-unit-{n}"}"#,
    ),
];
