//! Who must stay: an organization keeps an owner, that of the operator one who runs the platform,
//! and an application whoever manages it, now and from now on.
//!
//! Every change of a fact on which that depends is judged here. What others have committed and have
//! not told of yet is noted among the releases.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use ::store::{StoreError, WriteTx};
use api::entitlement::v1::Scope;
use base::{Millis, OrganizationId};
use entitlement_core::{Validity, lasts_until, management};
use prost::Message;

use super::App;
use crate::{
    error::Error,
    store::{
        grants::{self, Row},
        members, organizations, releases, subjects,
    },
};

/// For how long a feed may be silent while somebody is counted: less than a release is noted for, so
/// that whoever is released is known to have left, or not to leave, before they count again.
const SILENCE: Duration = Duration::from_secs(30);

/// Whom there must be one of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Post {
    Owner,
    Operator,
    /// Whoever manages the application of this name.
    Admin(String),
}

/// The posts, by the ids of the roles that are for them.
const OWNER: &str = "owner";
const OPERATOR: &str = "operator";
const ADMIN: &str = "application-admin";
pub(super) const POSTS: [&str; 3] = [OWNER, OPERATOR, ADMIN];

/// Whether it can matter to a post when a grant of this role ends or changes.
pub(super) fn concerns(role: &str) -> bool {
    [
        management::OWNER_ROLE,
        management::OPERATOR_ROLE,
        management::ADMIN_ROLE,
    ]
    .contains(&role)
}

/// A grant by which somebody holds posts who could act if their access holds.
#[derive(Debug)]
struct Held {
    id: String,
    subject: String,
    posts: Vec<Post>,
    validity: Validity,
    /// Whether they are eligible where a subscription is demanded.
    subscribed: bool,
}

/// Those in an organization who hold posts and could act, as a transaction sees it.
#[derive(Debug)]
pub(super) struct Keepers {
    organization: OrganizationId,
    now: Millis,
    held: Vec<Held>,
    /// Whether a subscription is demanded.
    demanded: bool,
}

impl Keepers {
    /// Reads them in a write that goes before all others.
    pub(super) async fn read(
        app: &App,
        tx: &WriteTx,
        organization: &OrganizationId,
    ) -> Result<Self, Error> {
        if !app.engine.heard.is_recent(SILENCE) {
            return Err(Error::ProjectionBehind);
        }
        let released = releases::subjects(tx, organization).await?;
        let rows = grants::of_posts(tx, organization, &POSTS).await?;
        let acting = acting(tx, organization, &rows, &released).await?;
        let found = organizations::find(tx.connection(), organization).await?;
        let demanded = found.is_some_and(|found| found.subscription_required)
            || released.iter().any(String::is_empty);
        let mut held = Vec::new();
        for row in rows {
            if let Some(subscribed) = acting.get(&row.subject) {
                held.push(Held::read(organization, row, *subscribed)?);
            }
        }
        Ok(Self {
            organization: organization.clone(),
            now: tx.now(),
            held,
            demanded,
        })
    }

    /// Reads them before a change of grants, if it may matter to them.
    pub(super) async fn before(
        app: &App,
        tx: &WriteTx,
        organization: &OrganizationId,
        concerned: bool,
    ) -> Result<Kept, Error> {
        if !concerned {
            return Ok(Kept(None));
        }
        Ok(Kept(Some(Self::read(app, tx, organization).await?)))
    }

    /// That nobody is missed when a grant ends.
    pub(super) fn without(&self, grant: &str) -> Result<(), Error> {
        self.unless(|held| held.id == grant)
    }

    /// That nobody is missed when a member leaves.
    // SPEC: S1-36, S4-35.
    pub(super) fn without_member(&self, subject: &str) -> Result<(), Error> {
        self.unless(|held| held.subject == subject)
    }

    /// That nobody is missed when a subscription is demanded.
    // SPEC: S2-15.
    pub(super) fn demanding(&self) -> Result<(), Error> {
        self.unless(|held| !held.subscribed)
    }

    /// That nobody is missed when nobody can act any more.
    pub(super) fn without_all(&self) -> Result<(), Error> {
        self.unless(|_| true)
    }

    fn unless(&self, leaves: impl Fn(&Held) -> bool) -> Result<(), Error> {
        self.kept(&self.posts(leaves))
    }

    fn kept(&self, after: &BTreeMap<Post, Millis>) -> Result<(), Error> {
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

    /// Until when each post is held without a break, by those who do not leave.
    fn posts(&self, leaves: impl Fn(&Held) -> bool) -> BTreeMap<Post, Millis> {
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

/// Those whom there were before a change, if it may matter to them.
pub(super) struct Kept(Option<Keepers>);

impl Kept {
    /// That nobody is missed now that the change is made.
    // SPEC: S2-31, S0-29.
    pub(super) async fn after(&self, app: &App, tx: &WriteTx) -> Result<(), Error> {
        let Some(before) = &self.0 else {
            return Ok(());
        };
        let after = Keepers::read(app, tx, &before.organization).await?;
        before.kept(&after.posts(|_| false))
    }
}

/// Those of the holders whose access holds and who are not about to leave, each with whether they are
/// eligible where a subscription is demanded.
async fn acting(
    tx: &WriteTx,
    organization: &OrganizationId,
    held: &[Row],
    released: &[String],
) -> Result<BTreeMap<String, bool>, StoreError> {
    let names: HashSet<&str> = held.iter().map(|row| row.subject.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let members = members::of_subjects(tx.connection(), organization, &names).await?;
    let members = members.into_iter().filter(|member| member.active);
    let mut acting: BTreeMap<String, bool> = members
        .map(|member| {
            let person = member.subject.starts_with("users/");
            (member.subject, member.subscription_active || !person)
        })
        .collect();
    let names: Vec<String> = acting.keys().cloned().collect();
    let people = subjects::find(tx.connection(), &names).await?;
    let people = people.into_iter().filter(|person| person.active);
    let active: HashSet<String> = people.map(|person| person.name).collect();
    acting.retain(|name, _| active.contains(name) && !released.contains(name));
    Ok(acting)
}

impl Held {
    fn read(organization: &OrganizationId, row: Row, subscribed: bool) -> Result<Self, StoreError> {
        let scope = Scope::decode(row.scope.as_slice())?;
        let posts = match row.role.as_str() {
            OWNER => vec![Post::Owner],
            OPERATOR if *organization == OrganizationId::operator() => vec![Post::Operator],
            ADMIN if scope.all => scope.applications.into_iter().map(Post::Admin).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            id: row.id,
            subject: row.subject,
            posts,
            validity: Validity {
                start: Millis(row.start_ms),
                end: Millis(row.end_ms),
            },
            subscribed,
        })
    }
}
