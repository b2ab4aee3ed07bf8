//! Required holders: an organization keeps an owner, the operator organization keeps an operator,
//! and an application keeps its administrator, now and from now on.
//!
//! Every change of a fact that affects this is checked here. Releases record the changes that
//! another service has committed but not reported yet.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use ::store::{StoreError, WriteTx};
use api::entitlement::v1::Scope;
use entitlement_core::{Validity, lasts_until, management};
use prost::Message;
use types::{OrganizationId, UnixTime};

use super::App;
use crate::{
    error::Error,
    store::{
        grants::{self, Row},
        members, organizations, pending_releases, subjects,
    },
};

/// Maximum time since the last message of the feeds for a count of holders: less than the lifetime
/// of a release, so that the outcome of a release is known before its subject counts again.
const MAX_FEED_SILENCE: Duration = Duration::from_secs(30);

/// A post that needs a holder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Post {
    Owner,
    Operator,
    /// The administrator of the application with this name.
    Admin(String),
}

/// The ids of the roles that hold posts.
const OWNER_ROLE_ID: &str = "owner";
const OPERATOR_ROLE_ID: &str = "operator";
const ADMIN_ROLE_ID: &str = "application-admin";
pub(super) const POST_ROLE_IDS: [&str; 3] = [OWNER_ROLE_ID, OPERATOR_ROLE_ID, ADMIN_ROLE_ID];

/// True if the end or change of a grant of this role may affect a post.
pub(super) fn concerns(role: &str) -> bool {
    [
        management::OWNER_ROLE,
        management::OPERATOR_ROLE,
        management::ADMIN_ROLE,
    ]
    .contains(&role)
}

/// A grant that holds posts, whose subject could act if its access is effective.
#[derive(Debug)]
struct HolderGrant {
    id: String,
    subject: String,
    posts: Vec<Post>,
    validity: Validity,
    /// True if the subject is eligible where a subscription is required.
    subscribed: bool,
}

/// The holders of posts in an organization who could act, as a transaction sees them.
#[derive(Debug)]
pub(super) struct Keepers {
    organization: OrganizationId,
    now: UnixTime,
    held: Vec<HolderGrant>,
    /// True if a subscription is required.
    demanded: bool,
}

impl Keepers {
    /// Reads the holders in a write that holds the log lock.
    pub(super) async fn read(
        app: &App,
        tx: &WriteTx,
        organization: &OrganizationId,
    ) -> Result<Self, Error> {
        if !app.engine.heard.is_recent(MAX_FEED_SILENCE) {
            return Err(Error::ProjectionBehind);
        }
        let released = pending_releases::subjects(tx, organization).await?;
        let rows = grants::of_posts(tx, organization, &POST_ROLE_IDS).await?;
        let effective_holders = effective_holders(tx, organization, &rows, &released).await?;
        let found = organizations::find(tx.connection(), organization).await?;
        let demanded = found.is_some_and(|found| found.subscription_required)
            || released.iter().any(String::is_empty);
        let mut held = Vec::new();
        for row in rows {
            if let Some(subscribed) = effective_holders.get(&row.subject) {
                held.push(HolderGrant::read(organization, row, *subscribed)?);
            }
        }
        Ok(Self {
            organization: organization.clone(),
            now: tx.now(),
            held,
            demanded,
        })
    }

    /// Reads the holders before a change of grants, if the change may affect them.
    pub(super) async fn before(
        app: &App,
        tx: &WriteTx,
        organization: &OrganizationId,
        concerned: bool,
    ) -> Result<HoldersBefore, Error> {
        if !concerned {
            return Ok(HoldersBefore(None));
        }
        Ok(HoldersBefore(Some(
            Self::read(app, tx, organization).await?,
        )))
    }

    /// Checks that every post keeps a holder when a grant ends.
    pub(super) fn without(&self, grant: &str) -> Result<(), Error> {
        self.unless(|held| held.id == grant)
    }

    /// Checks that every post keeps a holder when a member leaves.
    // SPEC: S1-36, S4-35.
    pub(super) fn without_member(&self, subject: &str) -> Result<(), Error> {
        self.unless(|held| held.subject == subject)
    }

    /// Checks that every post keeps a holder when a subscription becomes required.
    // SPEC: S2-15.
    pub(super) fn when_subscription_required(&self) -> Result<(), Error> {
        self.unless(|held| !held.subscribed)
    }

    /// Checks that no post loses its holder when nobody can act any more.
    pub(super) fn without_all(&self) -> Result<(), Error> {
        self.unless(|_| true)
    }

    fn unless(&self, leaves: impl Fn(&HolderGrant) -> bool) -> Result<(), Error> {
        self.kept(&self.posts(leaves))
    }

    fn kept(&self, after: &BTreeMap<Post, UnixTime>) -> Result<(), Error> {
        let before = self.posts(|_| false);
        let missed = before
            .into_iter()
            .find(|(post, until)| after.get(post).unwrap_or(&self.now) < until);
        match missed {
            None => Ok(()),
            Some((Post::Owner | Post::Operator, _)) => {
                Err(Error::LastOwner(self.organization.name()))
            }
            Some((Post::Admin(application), _)) => Err(Error::LastApplicationAdmin {
                organization: self.organization.name(),
                application,
            }),
        }
    }

    /// Returns the time until which each post has a holder without a gap, counting only the grants
    /// that stay.
    fn posts(&self, leaves: impl Fn(&HolderGrant) -> bool) -> BTreeMap<Post, UnixTime> {
        let mut validities: BTreeMap<&Post, Vec<Validity>> = BTreeMap::new();
        for held in &self.held {
            if (held.subscribed || !self.demanded) && !leaves(held) {
                for post in &held.posts {
                    validities.entry(post).or_default().push(held.validity);
                }
            }
        }
        let until =
            |(post, held): (&Post, Vec<Validity>)| (post.clone(), lasts_until(held, self.now));
        validities.into_iter().map(until).collect()
    }
}

/// The holders before a change, if the change may affect them.
pub(super) struct HoldersBefore(Option<Keepers>);

impl HoldersBefore {
    /// Checks that every post keeps a holder after the change.
    // SPEC: S2-31, S0-29.
    pub(super) async fn after(&self, app: &App, tx: &WriteTx) -> Result<(), Error> {
        let Some(before) = &self.0 else {
            return Ok(());
        };
        let after = Keepers::read(app, tx, &before.organization).await?;
        before.kept(&after.posts(|_| false))
    }
}

/// Returns the holders whose access is effective and who are not about to leave, each with its
/// eligibility where a subscription is required.
async fn effective_holders(
    tx: &WriteTx,
    organization: &OrganizationId,
    held: &[Row],
    released: &[String],
) -> Result<BTreeMap<String, bool>, StoreError> {
    let names: HashSet<&str> = held.iter().map(|row| row.subject.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let members = members::of_subjects(tx.connection(), organization, &names).await?;
    let members = members.into_iter().filter(|member| member.active);
    let mut effective_holders: BTreeMap<String, bool> = members
        .map(|member| {
            let person = member.subject.starts_with("users/");
            (member.subject, member.subscription_active || !person)
        })
        .collect();
    let names: Vec<String> = effective_holders.keys().cloned().collect();
    let people = subjects::find(tx.connection(), &names).await?;
    let people = people.into_iter().filter(|person| person.active);
    let active: HashSet<String> = people.map(|person| person.name).collect();
    effective_holders.retain(|name, _| active.contains(name) && !released.contains(name));
    Ok(effective_holders)
}

impl HolderGrant {
    fn read(organization: &OrganizationId, row: Row, subscribed: bool) -> Result<Self, StoreError> {
        let scope = Scope::decode(row.scope.as_slice())?;
        let posts = match row.role.as_str() {
            OWNER_ROLE_ID => vec![Post::Owner],
            OPERATOR_ROLE_ID if *organization == OrganizationId::operator() => vec![Post::Operator],
            ADMIN_ROLE_ID if scope.all => scope.applications.into_iter().map(Post::Admin).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            id: row.id,
            subject: row.subject,
            posts,
            validity: Validity {
                start: UnixTime(row.start_ms),
                end: UnixTime(row.end_ms),
            },
            subscribed,
        })
    }
}
