//! What a document holds, key by key.

use serde_saphyr::Spanned;

use super::{mapping::mappings, scope::ScopeEntry, text::Text};

mappings! {
    /// A whole document.
    Root {
        /// Applications of the catalogue.
        applications as "applications": Vec<Spanned<ApplicationEntry>>,
        /// Identities of internal backends.
        service_accounts as "service_accounts": Vec<Spanned<ServiceAccountEntry>>,
        /// People.
        users as "users": Vec<Spanned<UserEntry>>,
        /// Customers and partners, with all that they own.
        organizations as "organizations": Vec<Spanned<OrganizationEntry>>,
    }

    /// A product of the portal.
    ApplicationEntry {
        /// The id.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// What people call it in other languages.
        display_names as "display_names": Names,
        /// Other names of it.
        aliases as "aliases": Vec<Text>,
        /// `OVERVIEW`, `BUSINESS_TOOLS`.
        placements as "placements": Vec<Text>,
        /// `MANAGED` or `EXTERNAL`.
        management_mode as "management_mode": Text,
        /// Its parts, in display order.
        modules as "modules": Vec<Spanned<ModuleEntry>>,
        /// Its roles, in display order.
        roles as "roles": Vec<Spanned<RoleEntry>>,
        /// Sets of roles of which nobody is given two.
        separations as "separations": Vec<Vec<Text>>,
    }

    /// A part of an application.
    ModuleEntry {
        /// The id in permissions.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// What people call it in other languages.
        display_names as "display_names": Names,
        /// What can be done in it.
        verbs as "verbs": Vec<Text>,
        /// Parts of it.
        options as "options": Vec<Spanned<OptionEntry>>,
        /// Whether every user of the application should have it.
        recommended as "recommended": Option<bool>,
    }

    /// A part of a module.
    OptionEntry {
        /// The id in permissions.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// What people call it in other languages.
        display_names as "display_names": Names,
        /// What can be done with it.
        verbs as "verbs": Vec<Text>,
    }

    /// A named set of permissions.
    RoleEntry {
        /// The id.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// What people call it in other languages.
        display_names as "display_names": Names,
        /// Permissions of the application, or patterns.
        permissions as "permissions": Vec<Text>,
        /// What its holders are told of.
        notification_routes as "notification_routes": Vec<Text>,
    }

    /// What people call something in other languages.
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
        /// What people call it.
        display_name as "display_name": Text,
        /// Whose tokens prove it.
        oidc as "oidc": Vec<Spanned<OidcEntry>>,
    }

    /// Whose tokens prove a service account.
    OidcEntry {
        /// The issuer, as its tokens name it.
        issuer as "issuer": Text,
        /// The subject, as its tokens name it.
        subject as "subject": Text,
    }

    /// A person.
    UserEntry {
        /// The id.
        id as "id": Text,
        /// What the person logs in with.
        login as "login": Text,
        /// The set of logins that the login is unique in.
        realm as "realm": Text,
        /// Given name.
        given_name as "given_name": Text,
        /// Family name.
        family_name as "family_name": Text,
        /// E-mail address.
        email as "email": Text,
        /// `ACTIVE` or `DEACTIVATED`; left as it is when absent.
        state as "state": Text,
    }

    /// A customer or partner.
    OrganizationEntry {
        /// The id.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// Whether a member needs an active subscription.
        subscription_required as "subscription_required": Option<bool>,
        /// `ACTIVE` or `SUSPENDED`; left as it is when absent.
        state as "state": Text,
        /// Whom it turns to at the operator.
        contacts as "contacts": Vec<Spanned<ContactEntry>>,
        /// The applications that it has.
        entitlements as "entitlements": Vec<Spanned<EntitlementEntry>>,
        /// Its tree.
        units as "units": Vec<Spanned<UnitEntry>>,
        /// What access can be restricted to.
        resources as "resources": Vec<Spanned<ResourceEntry>>,
        /// The roles that it makes for itself.
        custom_roles as "custom_roles": Vec<Spanned<CustomRoleEntry>>,
        /// Who is a member.
        memberships as "memberships": Vec<Spanned<MembershipEntry>>,
    }

    /// A person or a desk at the operator.
    ContactEntry {
        /// The id.
        id as "id": Text,
        /// `REPRESENTATIVE` or `SUPPORT`.
        kind as "kind": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// `https:`, `mailto:` or `tel:`.
        uri as "uri": Text,
        /// Whether it is the primary representative; left as it is unless it is to be.
        primary as "primary": Option<bool>,
    }

    /// That an organization has an application.
    EntitlementEntry {
        /// The id of the application.
        application as "application": Text,
        /// In force from then on.
        start_time as "start_time": Text,
        /// No longer in force from then on.
        end_time as "end_time": Text,
        /// `ACTIVE` or `SUSPENDED`; left as it is when absent.
        state as "state": Text,
    }

    /// A node in the tree of an organization.
    UnitEntry {
        /// The id.
        id as "id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// `company`, `department`, `customer-account`.
        kind as "kind": Text,
        /// The number that the operator knows it by.
        number as "number": Text,
        /// The unit above it.
        parent as "parent": Text,
    }

    /// A leaf that access can be restricted to.
    ResourceEntry {
        /// The id.
        id as "id": Text,
        /// `phone-number`, `product`.
        kind as "type": Text,
        /// What the operator's systems call it.
        external_id as "external_id": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// The unit that it belongs to.
        unit as "unit": Text,
    }

    /// A role that an organization makes for itself.
    CustomRoleEntry {
        /// The id, of the organization's roles of the application.
        id as "id": Text,
        /// The id of the application.
        application as "application": Text,
        /// What people call it.
        display_name as "display_name": Text,
        /// What it is for.
        description as "description": Text,
        /// Permissions of the application.
        permissions as "permissions": Vec<Text>,
    }

    /// A member, with what the member is given.
    MembershipEntry {
        /// The id of a user; this or `service_account`.
        user as "user": Text,
        /// The id of a service account; this or `user`.
        service_account as "service_account": Text,
        /// Whether the member has an active subscription.
        subscription_active as "subscription_active": Option<bool>,
        /// `ACTIVE` or `SUSPENDED`; left as it is when absent.
        state as "state": Text,
        /// The roles of the member.
        grants as "grants": Vec<Spanned<GrantEntry>>,
    }

    /// A role given to a member.
    GrantEntry {
        /// The id; made of member and role when absent.
        id as "id": Text,
        /// `application.role`, or `custom:application.role` for one of the organization's own.
        role as "role": Text,
        /// Where it holds.
        scope as "scope": Option<Spanned<ScopeEntry>>,
        /// The applications that are managed: for `mandate.application-admin`.
        applications as "applications": Vec<Text>,
        /// Whether the holder may give the permissions of the role on: for management roles.
        can_delegate as "can_delegate": Option<bool>,
        /// Holds only where this is met, as `context.network == "office"`.
        condition as "condition": Text,
        /// Holds from then on.
        start_time as "start_time": Text,
        /// Holds no longer from then on.
        end_time as "end_time": Text,
    }
}
