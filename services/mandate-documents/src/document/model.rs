//! The content of a document, key by key.

use serde_saphyr::Spanned;

use super::{mapping::mappings, scope::ScopeEntry, text::Text};

mappings! {
    /// A whole document.
    Root {
        /// Applications of the catalog.
        applications as "applications": Vec<Spanned<ApplicationEntry>>,
        /// Identities of internal backends.
        service_accounts as "service_accounts": Vec<Spanned<ServiceAccountEntry>>,
        /// People.
        users as "users": Vec<Spanned<UserEntry>>,
        /// Customers and partners, with their data.
        organizations as "organizations": Vec<Spanned<OrganizationEntry>>,
    }

    /// A product of the portal.
    ApplicationEntry {
        /// The id.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The display name in other languages.
        display_names as "display_names": Names,
        /// Other names of the application.
        aliases as "aliases": Vec<Text>,
        /// `OVERVIEW`, `BUSINESS_TOOLS`.
        placements as "placements": Vec<Text>,
        /// `MANAGED` or `EXTERNAL`.
        management_mode as "management_mode": Text,
        /// Its modules, in display order.
        modules as "modules": Vec<Spanned<ModuleEntry>>,
        /// Its roles, in display order.
        roles as "roles": Vec<Spanned<RoleEntry>>,
        /// Sets of roles of which nobody may hold two.
        separations as "separations": Vec<Vec<Text>>,
    }

    /// A part of an application.
    ModuleEntry {
        /// The id in permissions.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The display name in other languages.
        display_names as "display_names": Names,
        /// The actions in the module.
        verbs as "verbs": Vec<Text>,
        /// Its options.
        options as "options": Vec<Spanned<OptionEntry>>,
        /// True if every user of the application should have the module.
        recommended as "recommended": Option<bool>,
    }

    /// A part of a module.
    OptionEntry {
        /// The id in permissions.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The display name in other languages.
        display_names as "display_names": Names,
        /// The actions on the option.
        verbs as "verbs": Vec<Text>,
    }

    /// A named set of permissions.
    RoleEntry {
        /// The id.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The display name in other languages.
        display_names as "display_names": Names,
        /// Permissions of the application, or patterns.
        permissions as "permissions": Vec<Text>,
        /// Notifications that reach the holders of the role.
        notification_routes as "notification_routes": Vec<Text>,
    }

    /// A display name in other languages.
    Names {
        /// English.
        en as "en": Text,
        /// Dutch.
        nl as "nl": Text,
        /// French.
        fr as "fr": Text,
        /// Norwegian.
        nb as "nb": Text,
        /// German.
        de as "de": Text,
    }

    /// The identity of an internal backend.
    ServiceAccountEntry {
        /// The id.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The OIDC identities whose tokens authenticate the account.
        oidc as "oidc": Vec<Spanned<OidcEntry>>,
    }

    /// An OIDC identity of a service account.
    OidcEntry {
        /// The issuer, as in its tokens.
        issuer as "issuer": Text,
        /// The subject, as in its tokens.
        subject as "subject": Text,
    }

    /// A person.
    UserEntry {
        /// The id.
        id as "id": Text,
        /// The login.
        login as "login": Text,
        /// The realm: logins are unique within one.
        realm as "realm": Text,
        /// Given name.
        given_name as "given_name": Text,
        /// Family name.
        family_name as "family_name": Text,
        /// E-mail address.
        email as "email": Text,
        /// `ACTIVE` or `DEACTIVATED`; unchanged if absent.
        state as "state": Text,
    }

    /// A customer or partner.
    OrganizationEntry {
        /// The id.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// True if a member needs an active subscription.
        subscription_required as "subscription_required": Option<bool>,
        /// `ACTIVE` or `SUSPENDED`; unchanged if absent.
        state as "state": Text,
        /// Its contacts at the operator.
        contacts as "contacts": Vec<Spanned<ContactEntry>>,
        /// The applications that it has.
        entitlements as "entitlements": Vec<Spanned<EntitlementEntry>>,
        /// The units, a tree.
        units as "units": Vec<Spanned<UnitEntry>>,
        /// The resources to which access can be restricted.
        resources as "resources": Vec<Spanned<ResourceEntry>>,
        /// The custom roles.
        custom_roles as "custom_roles": Vec<Spanned<CustomRoleEntry>>,
        /// The members.
        memberships as "memberships": Vec<Spanned<MembershipEntry>>,
    }

    /// A person or a desk at the operator.
    ContactEntry {
        /// The id.
        id as "id": Text,
        /// `REPRESENTATIVE` or `SUPPORT`.
        kind as "kind": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// `https:`, `mailto:` or `tel:`.
        uri as "uri": Text,
        /// True for the primary representative; otherwise unchanged.
        primary as "primary": Option<bool>,
    }

    /// An entitlement: an organization has an application.
    EntitlementEntry {
        /// The id of the application.
        application as "application": Text,
        /// Start of the entitlement.
        start_time as "start_time": Text,
        /// End of the entitlement.
        end_time as "end_time": Text,
        /// `ACTIVE` or `SUSPENDED`; unchanged if absent.
        state as "state": Text,
    }

    /// A node in the tree of an organization.
    UnitEntry {
        /// The id.
        id as "id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// `company`, `department`, `customer-account`.
        kind as "kind": Text,
        /// The number by which the operator knows the unit.
        number as "number": Text,
        /// The parent unit.
        parent as "parent": Text,
    }

    /// A leaf to which access can be restricted.
    ResourceEntry {
        /// The id.
        id as "id": Text,
        /// `phone-number`, `product`.
        kind as "type": Text,
        /// The id in the systems of the operator.
        external_id as "external_id": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The unit of the resource.
        unit as "unit": Text,
    }

    /// A custom role.
    CustomRoleEntry {
        /// The id, unique among the custom roles of the organization for the application.
        id as "id": Text,
        /// The id of the application.
        application as "application": Text,
        /// The display name.
        display_name as "display_name": Text,
        /// The purpose of the role.
        description as "description": Text,
        /// Permissions of the application.
        permissions as "permissions": Vec<Text>,
    }

    /// A member, with the grants of the member.
    MembershipEntry {
        /// The id of a user; this or `service_account`.
        user as "user": Text,
        /// The id of a service account; this or `user`.
        service_account as "service_account": Text,
        /// True if the member has an active subscription.
        subscription_active as "subscription_active": Option<bool>,
        /// `ACTIVE` or `SUSPENDED`; unchanged if absent.
        state as "state": Text,
        /// The grants of the member.
        grants as "grants": Vec<Spanned<GrantEntry>>,
    }

    /// A grant of a role to a member.
    GrantEntry {
        /// The id; derived from member and role if absent.
        id as "id": Text,
        /// `application.role`, or `custom:application.role` for a custom role.
        role as "role": Text,
        /// The locations of the grant.
        scope as "scope": Option<Spanned<ScopeEntry>>,
        /// The managed applications, for `mandate.application-admin`.
        applications as "applications": Vec<Text>,
        /// True if the holder may delegate the permissions of the role: for management roles.
        can_delegate as "can_delegate": Option<bool>,
        /// Condition of the grant, such as `context.network == "office"`.
        condition as "condition": Text,
        /// Start of the grant.
        start_time as "start_time": Text,
        /// End of the grant.
        end_time as "end_time": Text,
    }
}
