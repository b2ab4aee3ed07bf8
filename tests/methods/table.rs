//! A valid request for every method, in the order in which one caller could send them all.
//!
//! [`World::others_ask`](crate::world::World::others_ask) makes the calls that another caller must
//! make before.
//!
//! `{org}` is an existing organization, and the OIDC identity `backend` of an issuer exists as
//! well; `{n}` is the number of the run; `{key}`, `{secret}` and `{token}` come from earlier
//! answers.

mod change;
mod read;

pub use change::{CHANGE, END};
pub use read::READ;

/// A method, without the slash and `mandate.`, and its request.
pub type Row = (&'static str, &'static str);

/// Requests that create the entities of the other samples.
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
        r#"{"application": {"displayName": "Fleet", "aliases": ["alias-{org}-{n}"], "placements": ["PLACEMENT_OVERVIEW"], "modules": [{"moduleId": "billing", "verbs": ["view", "edit"], "options": [{"optionId": "itemised", "verbs": ["view"]}]}], "roles": [{"roleId": "viewer", "permissions": ["fleet-{org}-{n}.billing.view"], "displayNames": [{"locale": "nl", "text": "Lezer"}], "notificationRoutes": ["invoices"]}, {"roleId": "editor", "permissions": ["fleet-{org}-{n}.billing.*"]}]}, "applicationId": "fleet-{org}-{n}"}"#,
    ),
    (
        "membership.v1.OrganizationService/CreateOrganization",
        r#"{"organization": {"displayName": "New"}, "organizationId": "{org}-{n}"}"#,
    ),
    (
        "membership.v1.ContactService/CreateContact",
        r#"{"parent": "organizations/{org}", "contact": {"kind": "CONTACT_KIND_SUPPORT", "displayName": "Desk {n}", "uri": "mailto:desk-{n}@operator.example"}, "contactId": "contact-{n}"}"#,
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
        "entitlement.v1.CustomRoleService/CreateCustomRole",
        r#"{"parent": "organizations/{org}", "customRole": {"application": "applications/fleet-{org}-{n}", "displayName": "Own", "permissions": ["fleet-{org}-{n}.billing.view"]}, "customRoleId": "own-{n}"}"#,
    ),
    (
        "entitlement.v1.GrantService/CreateGrant",
        r#"{"parent": "organizations/{org}", "grant": {"subject": "users/user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer", "scope": {"units": ["organizations/{org}/units/unit-{n}"], "resources": ["organizations/{org}/resources/resource-{n}"]}, "startTime": "2001-01-01T00:00:00Z"}, "grantId": "grant-{n}", "consistencyToken": "{token}"}"#,
    ),
    (
        "entitlement.v1.GrantService/BatchCreateGrants",
        r#"{"parent": "organizations/{org}", "requests": [{"parent": "organizations/{org}", "grant": {"subject": "users/batch-user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer", "scope": {"resources": ["organizations/{org}/resources/resource-{n}"]}}, "grantId": "batch-grant-{n}"}], "preconditions": [{"subject": "users/user-{org}-{n}", "role": "applications/fleet-{org}-{n}/roles/viewer", "mustExist": true}], "consistencyToken": "{token}"}"#,
    ),
    (
        "membership.v1.RequestService/CreateChangeRequest",
        r#"{"parent": "organizations/{org}", "changeRequest": {"changeAccess": {"membership": "organizations/{org}/memberships/member-{n}", "changes": [{"update": {"grant": {"name": "organizations/{org}/grants/grant-{n}", "scope": {"units": ["organizations/{org}/units/unit-{n}"]}}, "updateMask": "scope"}}, {"revoke": {"name": "organizations/{org}/grants/other-{n}"}}, {"create": {"grant": {"role": "applications/fleet-{org}-{n}/roles/editor", "scope": {"resources": ["organizations/{org}/resources/resource-{n}"]}}, "grantId": "wished-{n}"}}]}, "note": "New task"}, "changeRequestId": "request-{n}"}"#,
    ),
];
