//! The arguments of what manages: the catalogue, entitlements, roles, grants.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prost_types::Timestamp;

use super::time;

pub(super) const CATALOGUE: &str = "\
What is to be changed is written down and applied (`mandate apply`).

Examples:
  mandate catalogue list
  mandate catalogue show fleet
  mandate catalogue diff -f catalogue.yaml";

pub(super) const ENTITLEMENT: &str = "\
Examples:
  mandate entitlement list transport-janssens
  mandate entitlement suspend transport-janssens fleet --reason payment
  mandate entitlement transfer transport-janssens fleet transport-peeters";

pub(super) const GRANT: &str = "\
Several changes at once, with what they would change: `mandate preview`.

Examples:
  mandate grant list transport-janssens --subject jan-peeters
  mandate grant create transport-janssens jan-peeters fleet.viewer --unit k1 --unit k2
  mandate grant create transport-janssens jan-peeters fleet.viewer --all --end 2030-01-01T00:00:00Z
  mandate grant revoke transport-janssens jan-peeters-fleet-viewer";

pub(super) const ROLE: &str = "\
Roles of the catalogue are in `mandate catalogue show`.

Examples:
  mandate role list transport-janssens
  mandate role create transport-janssens fleet.clerk --permission fleet.billing.view
  mandate grant create transport-janssens jan-peeters custom:fleet.clerk --all";

/// What to do with the catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// List the applications.
    List,
    /// Show an application: its modules, its roles and what they hold.
    Show {
        /// The id of the application.
        application: String,
    },
    /// Say which decisions the catalogue of documents would alter, and change nothing.
    Diff {
        /// A document; `-` is the standard input. May be given several times.
        #[arg(short, long = "file", required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// An organization and an application that it has.
#[derive(Debug, Args)]
pub struct EntitlementArgs {
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// The id of the application.
    pub application: String,
}

/// Why an entitlement is suspended.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Reason {
    /// Something is not paid.
    Payment,
    /// Misuse, or the fear of it.
    Security,
    /// The organization asked for it.
    CustomerRequest,
    /// The contract does not cover it now.
    Contract,
}

/// What to do with entitlements.
#[derive(Debug, Subcommand)]
pub enum EntitlementCommand {
    /// List what an organization has.
    List {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
    },
    /// State that an organization has an application.
    Create {
        /// Which.
        #[command(flatten)]
        of: EntitlementArgs,
        /// In force from then on; at once when absent.
        #[arg(long, value_name = "TIME", value_parser = time)]
        start: Option<Timestamp>,
        /// No longer in force from then on; never when absent.
        #[arg(long, value_name = "TIME", value_parser = time)]
        end: Option<Timestamp>,
    },
    /// Make every grant on the application ineffective.
    Suspend {
        /// Which.
        #[command(flatten)]
        of: EntitlementArgs,
        /// Why.
        #[arg(long)]
        reason: Option<Reason>,
    },
    /// Make a suspended entitlement active again.
    Reactivate(EntitlementArgs),
    /// End an entitlement, and revoke what was given under it.
    End(EntitlementArgs),
    /// End an entitlement, and give another organization what was left of it.
    Transfer {
        /// Which.
        #[command(flatten)]
        of: EntitlementArgs,
        /// The organization that has it from now on.
        destination: String,
    },
}

/// What to do with the roles that an organization makes for itself.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// List them.
    List {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
    },
    /// Make one.
    Create {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
        /// The role: `application.role`.
        role: String,
        /// A permission that it holds. May be given several times.
        #[arg(long = "permission", required = true, value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// What people call it.
        #[arg(long, default_value = "")]
        display_name: String,
    },
    /// Say anew what one holds, for all who have it.
    Update {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
        /// The role: `application.role`.
        role: String,
        /// A permission that it holds. May be given several times.
        #[arg(long = "permission", required = true, value_name = "PERMISSION")]
        permissions: Vec<String>,
    },
    /// Delete one that nobody has.
    Delete {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
        /// The role: `application.role`.
        role: String,
    },
}

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// List the grants of an organization.
    List(GrantListArgs),
    /// Give a member a role.
    Create(GrantCreateArgs),
    /// Take a role away.
    Revoke {
        /// The organization; `organizations/` at the beginning may be left out.
        organization: String,
        /// The id of the grant.
        grant: String,
    },
}

/// Arguments of `grant list`.
#[derive(Debug, Args)]
pub struct GrantListArgs {
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// Only of this subject: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    #[arg(long)]
    pub subject: Option<String>,
    /// Only of this role: `application.role`, or `custom:application.role`.
    #[arg(long)]
    pub role: Option<String>,
    /// Only about this application.
    #[arg(long)]
    pub application: Option<String>,
    /// With those that were revoked.
    #[arg(long)]
    pub revoked: bool,
}

/// Arguments of `grant create`.
#[derive(Debug, Args)]
pub struct GrantCreateArgs {
    /// The organization; `organizations/` at the beginning may be left out.
    pub organization: String,
    /// Who: `jan-peeters`, `users/jan-peeters` or `serviceAccounts/billing`.
    pub subject: String,
    /// The role: `application.role`, or `custom:application.role`.
    pub role: String,
    /// The id of the grant; chosen by the service when absent.
    #[arg(long, default_value = "")]
    pub id: String,
    /// Everywhere in the organization.
    #[arg(long, required_unless_present_any = ["units", "resources"], conflicts_with_all = ["units", "resources"])]
    pub all: bool,
    /// In this unit and below it. May be given several times.
    #[arg(long = "unit", value_name = "UNIT")]
    pub units: Vec<String>,
    /// On this resource. May be given several times.
    #[arg(long = "resource", value_name = "RESOURCE")]
    pub resources: Vec<String>,
    /// For this application, of the role `mandate.application-admin`. May be given several times.
    #[arg(long = "application", value_name = "APPLICATION")]
    pub applications: Vec<String>,
    /// The holder may give on what the role gives: for management roles.
    #[arg(long)]
    pub can_delegate: bool,
    /// Holds only where this is met, as `context.network == "office"`.
    #[arg(long, default_value = "")]
    pub condition: String,
    /// Holds from then on; at once when absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub start: Option<Timestamp>,
    /// Holds no longer from then on; never when absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub end: Option<Timestamp>,
}
