//! The arguments of management commands: the catalog, entitlements, roles, grants.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prost_types::Timestamp;

use super::time;

pub(super) const CATALOG_HELP: &str = "\
To change the catalog, edit its documents and apply them (`mandate apply`).

Examples:
  mandate catalog list
  mandate catalog show fleet
  mandate catalog diff -f catalog.yaml";

pub(super) const ENTITLEMENT_HELP: &str = "\
Examples:
  mandate entitlement list transport-janssens
  mandate entitlement suspend transport-janssens fleet --reason payment
  mandate entitlement transfer transport-janssens fleet transport-peeters";

pub(super) const GRANT_HELP: &str = "\
To make several changes together, and see their effect first: `mandate preview`.

Examples:
  mandate grant list transport-janssens --subject jan-peeters
  mandate grant create transport-janssens jan-peeters fleet.viewer --unit k1 --unit k2
  mandate grant create transport-janssens jan-peeters fleet.viewer --all --end 2030-01-01T00:00:00Z
  mandate grant revoke transport-janssens jan-peeters-fleet-viewer";

pub(super) const ROLE_HELP: &str = "\
`mandate catalog show` lists the roles of the catalog.

Examples:
  mandate role list transport-janssens
  mandate role create transport-janssens fleet.clerk --permission fleet.billing.view
  mandate grant create transport-janssens jan-peeters custom:fleet.clerk --all";

/// The commands for the catalog.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List the applications.
    List,
    /// Show an application: its modules, its roles and their permissions.
    Show {
        /// The id of the application.
        application: String,
    },
    /// Show which permissions of role holders the documents would change, and change nothing.
    Diff {
        /// A document; `-` reads the standard input. Can be repeated.
        #[arg(short, long = "file", required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// An organization and one of its applications.
#[derive(Debug, Args)]
pub struct EntitlementArgs {
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// The id of the application.
    pub application: String,
}

/// The reason for a suspension.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Reason {
    /// A payment is missing.
    Payment,
    /// Misuse, or the suspicion of it.
    Security,
    /// The organization requested it.
    CustomerRequest,
    /// The contract does not cover the application now.
    Contract,
}

/// The commands for entitlements.
#[derive(Debug, Subcommand)]
pub enum EntitlementCommand {
    /// List the entitlements of an organization.
    List {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
    },
    /// Create an entitlement: the organization has the application.
    Create {
        /// The entitlement.
        #[command(flatten)]
        of: EntitlementArgs,
        /// Start of the entitlement; immediately if absent.
        #[arg(long, value_name = "TIME", value_parser = time)]
        start: Option<Timestamp>,
        /// End of the entitlement; never if absent.
        #[arg(long, value_name = "TIME", value_parser = time)]
        end: Option<Timestamp>,
    },
    /// Suspend an entitlement: no grant on the application is in force.
    Suspend {
        /// The entitlement.
        #[command(flatten)]
        of: EntitlementArgs,
        /// The reason.
        #[arg(long)]
        reason: Option<Reason>,
    },
    /// Reactivate a suspended entitlement.
    Reactivate(EntitlementArgs),
    /// End an entitlement, and revoke the grants under it.
    End(EntitlementArgs),
    /// End an entitlement, and create one for another organization with its remaining time.
    Transfer {
        /// The entitlement.
        #[command(flatten)]
        of: EntitlementArgs,
        /// The organization that has the application from now on.
        destination: String,
    },
}

/// The commands for custom roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// List custom roles.
    List {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
    },
    /// Create a custom role.
    Create {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
        /// The role: `application.role`.
        role: String,
        /// A permission of the role. Can be repeated.
        #[arg(long = "permission", required = true, value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// The display name.
        #[arg(long, default_value = "")]
        display_name: String,
    },
    /// Replace the permissions of a role, for all its holders.
    Update {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
        /// The role: `application.role`.
        role: String,
        /// A permission of the role. Can be repeated.
        #[arg(long = "permission", required = true, value_name = "PERMISSION")]
        permissions: Vec<String>,
    },
    /// Delete a custom role that has no holders.
    Delete {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
        /// The role: `application.role`.
        role: String,
    },
}

/// The commands for grants.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// List the grants of an organization.
    List(GrantListArgs),
    /// Grant a role to a member.
    Create(GrantCreateArgs),
    /// Revoke a grant.
    Revoke {
        /// The organization; the prefix `organizations/` is optional.
        organization: String,
        /// The id of the grant.
        grant: String,
    },
}

/// Arguments of `grant list`.
#[derive(Debug, Args)]
pub struct GrantListArgs {
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// Only grants of this subject: `jan-peeters`, `users/jan-peeters` or
    /// `serviceAccounts/billing`.
    #[arg(long)]
    pub subject: Option<String>,
    /// Only grants of this role: `application.role`, or `custom:application.role`.
    #[arg(long)]
    pub role: Option<String>,
    /// Only grants on this application.
    #[arg(long)]
    pub application: Option<String>,
    /// Include revoked grants.
    #[arg(long)]
    pub revoked: bool,
}

/// Arguments of `grant create`.
#[derive(Debug, Args)]
pub struct GrantCreateArgs {
    /// The organization; the prefix `organizations/` is optional.
    pub organization: String,
    /// The subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// The role: `application.role`, or `custom:application.role`.
    pub role: String,
    /// The id of the grant; chosen by the service if absent.
    #[arg(long, default_value = "")]
    pub id: String,
    /// Grant the role in the whole organization.
    #[arg(long, required_unless_present_any = ["units", "resources"], conflicts_with_all = ["units", "resources"])]
    pub all: bool,
    /// Grant the role in this unit and below it. Can be repeated.
    #[arg(long = "unit", value_name = "UNIT")]
    pub units: Vec<String>,
    /// Grant the role on this resource. Can be repeated.
    #[arg(long = "resource", value_name = "RESOURCE")]
    pub resources: Vec<String>,
    /// Restrict the grant to this application, for the role `mandate.application-admin`. Can be
    /// repeated.
    #[arg(long = "application", value_name = "APPLICATION")]
    pub applications: Vec<String>,
    /// Let the holder delegate the permissions of the role: for management roles.
    #[arg(long)]
    pub can_delegate: bool,
    /// Condition of the grant, such as `context.network == "office"`.
    #[arg(long, default_value = "")]
    pub condition: String,
    /// Start of the grant; immediately if absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub start: Option<Timestamp>,
    /// End of the grant; never if absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub end: Option<Timestamp>,
}
