use std::fmt::Write;

use ::store::WriteTx;
use api::entitlement::v1::{Grant, GrantChange, PreviewConflict, PreviewRequest, PreviewResponse};
use authz::Context;
use aws_lc_rs::digest;
use prost::Message;
use service::parse;
use types::OrganizationId;

use super::{
    App,
    access_diff::{access_diff, reached},
    delegation::{GrantEditor, owns, retain_visible},
    grant_changes::Changes,
    separation_of_duties::{self, Conflict},
};
use crate::{error::Error, store::grants};

/// Previews the effect of grant changes by applying them in a dry-run transaction. So exactly the
/// previewed changes are applied, and a change that would be refused is refused here, too.
/// Conflicts between roles are an exception: the preview reports them.
pub(crate) async fn preview(
    app: &App,
    context: &Context,
    request: PreviewRequest,
) -> Result<PreviewResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    let owns = owns(app, context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let changes = Changes::read(app, organization, &request.changes, None).await?;
    let by = GrantEditor {
        app,
        context,
        permit: &permit,
        owns,
    };
    let mut draft = app.draft(&permit).await?;
    let (_, response) = apply_and_compare(&by, &mut draft, changes, &request.changes).await?;
    Ok(response)
}

/// Applies changes in a write or a dry-run transaction, and returns their effect. It stays valid up
/// to the commit if the write holds the log lock: see [`App::lead`].
pub(super) async fn apply_and_compare(
    by: &GrantEditor<'_>,
    tx: &mut WriteTx,
    changes: Changes,
    asked: &[GrantChange],
) -> Result<(Vec<Grant>, PreviewResponse), Error> {
    let (organization, subjects) = (changes.organization.clone(), changes.subjects.clone());
    let names: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let held = grants::of_subjects_in(tx, &organization, &names).await?;
    let held = held.iter().map(|row| grants::grant(row, tx.now()));
    let held: Vec<Grant> = held.collect::<Result<_, _>>()?;
    let mut held = retain_visible(by.app, by.context, &organization, held).await?;
    held.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let before = reached((by.app, by.context), tx, &organization, &subjects).await?;
    let grants = changes.enact(by, tx).await?;
    let after = reached((by.app, by.context), tx, &organization, &subjects).await?;
    let mut response = access_diff(&before, &after)?;
    let conflicts =
        separation_of_duties::conflicts((by.app, by.context), tx, &organization, &grants).await?;
    response.conflicts = conflicts.into_iter().map(conflict).collect();
    response.digest = digest_of(asked, &response, &held);
    Ok((grants, response))
}

fn conflict(found: Conflict) -> PreviewConflict {
    let [role, other_role] = found.roles;
    PreviewConflict {
        subject: found.subject,
        role,
        other_role,
    }
}

/// Returns a digest of the changes, their effect, and the grants of their subjects that the caller
/// may see.
fn digest_of(asked: &[GrantChange], response: &PreviewResponse, held: &[Grant]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for change in asked {
        context.update(&change.encode_length_delimited_to_vec());
    }
    context.update(&response.encode_length_delimited_to_vec());
    for grant in held {
        // Neither has a space.
        context.update(format!("{} {} ", grant.name, grant.etag).as_bytes());
    }
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
