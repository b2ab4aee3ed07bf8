use std::{collections::BTreeSet, fmt::Write};

use ::rpc::parse;
use ::store::{Store, WriteTx};
use api::entitlement::v1::{Grant, GrantChange, PreviewRequest, PreviewResponse};
use authority::{Context, Permit};
use aws_lc_rs::digest;
use base::OrganizationId;
use prost::Message;

use super::{
    App,
    difference::{difference, reached},
    grant_changes::Changes,
};
use crate::{error::Error, facts::Piece, store::grants};

/// Says what changes of grants would change, by making them and taking them back: so what is
/// applied is what was previewed, and refused if it was.
pub(crate) async fn preview(
    app: &App,
    context: &Context,
    request: PreviewRequest,
) -> Result<PreviewResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_in(context, &organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let changes = Changes::read(app, context, organization, &request.changes).await?;
    // Dropped without a commit.
    let mut tx = app.store.begin_unrepeated(&permit).await?;
    let foreseen = foresee(app, &mut tx, &permit, changes, &request.changes).await?;
    Ok(foreseen.response)
}

/// Changes that are made in a transaction, and what they change.
pub(super) struct Foreseen {
    /// The grants as changed.
    pub(super) grants: Vec<Grant>,
    pub(super) response: PreviewResponse,
    organization: OrganizationId,
    subjects: BTreeSet<String>,
    /// The end of the log before anything was read.
    from: i64,
}

/// Makes changes in a transaction, and says what that changes.
pub(super) async fn foresee(
    app: &App,
    tx: &mut WriteTx,
    permit: &Permit,
    changes: Changes,
    asked: &[GrantChange],
) -> Result<Foreseen, Error> {
    let from = app.store.head_in(tx.connection()).await?.position;
    let (organization, subjects) = (changes.organization.clone(), changes.subjects.clone());
    let names: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let mut held = grants::of_subjects(tx.connection(), &organization, Some(&names)).await?;
    held.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    let before = reached(app, tx, &organization, &subjects).await?;
    let grants = changes.enact(tx, permit).await?;
    let after = reached(app, tx, &organization, &subjects).await?;
    let mut response = difference(&before, &after)?;
    response.digest = digest_of(asked, &response, &held);
    Ok(Foreseen {
        grants,
        response,
        organization,
        subjects,
        from,
    })
}

impl Foreseen {
    /// That nothing has changed it meanwhile. Other changes wait from here on, as they do for
    /// every commit.
    pub(super) async fn still_holds(&self, tx: &WriteTx) -> Result<(), Error> {
        tx.hold().await?;
        let mut from = self.from;
        loop {
            let page = Store::backlog_in(tx.connection(), from).await?;
            let pieces = page
                .entries
                .iter()
                .filter_map(|entry| Piece::parse(&entry.entity));
            if pieces.into_iter().any(|piece| self.depends_on(&piece)) {
                return Err(Error::PreviewStale);
            }
            if page.caught_up {
                return Ok(());
            }
            from = page.position;
        }
    }

    fn depends_on(&self, piece: &Piece) -> bool {
        match piece {
            Piece::Catalog => true,
            Piece::Organization(organization) | Piece::Resource(organization, _) => {
                *organization == self.organization
            }
            Piece::Subject(subject) => self.subjects.contains(&**subject),
            Piece::Member(organization, subject) => {
                *organization == self.organization && self.subjects.contains(&**subject)
            }
            Piece::Key(_) | Piece::Cursor(_) => false,
        }
    }
}

/// Stands for the changes, what they change, and the grants that their subjects hold.
fn digest_of(asked: &[GrantChange], response: &PreviewResponse, held: &[grants::Row]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for change in asked {
        context.update(&change.encode_length_delimited_to_vec());
    }
    context.update(&response.encode_length_delimited_to_vec());
    for grant in held {
        // Ids have no space.
        context.update(format!("{} {} ", grant.id, grant.version).as_bytes());
    }
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
