//! `mandate preview`.

mod file;

use api::entitlement::v1::{
    ApplyGrantChangesRequest, PermissionsDifference, PreviewRequest, PreviewResponse, Scope,
};
use mandate_documents::clients::{Service, answer, within};
use serde_json::{Value, json};

use super::{access::under, check::CALL_TIMEOUT};
use crate::{cli::PreviewArgs, connect::connect, exit::Failure, output};

/// Previews grant changes, and applies them on request.
pub(super) async fn preview(
    args: PreviewArgs,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let (parent, changes) = file::read(&args.file)?;
    let connection = connect(context)?;
    let request = PreviewRequest {
        parent: parent.clone(),
        changes: changes.clone(),
        ..PreviewRequest::default()
    };
    let mut client = connection.clients.authorization();
    let call = client.preview(within(CALL_TIMEOUT, request));
    let preview = answer(Service::Entitlement, "preview", call)
        .await
        .map_err(|error| connection.failure(&error))?;
    if json {
        output::json(&as_json(&preview))?;
    } else {
        lines(&preview).iter().for_each(output::line);
    }
    // Changes with a conflict cannot be applied.
    if !preview.conflicts.is_empty() {
        return Err(Failure::denied());
    }
    if !args.apply {
        return Ok(());
    }
    let request = ApplyGrantChangesRequest {
        parent,
        changes,
        preview_digest: preview.digest,
        ..ApplyGrantChangesRequest::default()
    };
    let mut client = connection.clients.grants();
    let call = client.apply_grant_changes(within(CALL_TIMEOUT, request));
    let applied = answer(Service::Entitlement, "apply_grant_changes", call)
        .await
        .map_err(|error| connection.failure(&error))?;
    output::note(format!("{} change(s) applied", applied.grants.len()));
    Ok(())
}

fn lines(preview: &PreviewResponse) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in &preview.differences {
        lines.push(format!(
            "{}  {}",
            difference.subject, difference.application
        ));
        for change in &difference.permissions {
            let (sign, places) = change_in(change);
            let condition = under(&change.condition);
            let permissions = change.permissions.iter();
            lines.extend(
                permissions.map(|permission| format!("  {sign} {permission}  {places}{condition}")),
            );
        }
    }
    for warning in &preview.warnings {
        lines.push(format!(
            "! {} would have {} without the recommended module `{}`",
            warning.subject, warning.application, warning.module
        ));
    }
    for conflict in &preview.conflicts {
        let named = |role: &str| match role {
            "" => "another".to_owned(),
            role => role.to_owned(),
        };
        lines.push(format!(
            "✗ {} would hold {} and {}, which exclude each other",
            conflict.subject,
            named(&conflict.role),
            named(&conflict.other_role)
        ));
    }
    if preview.differences.is_empty() {
        lines.push("Nothing changes now.".to_owned());
    }
    lines
}

/// Returns the sign of a gain, loss or move of permissions, and their locations.
fn change_in(change: &PermissionsDifference) -> (char, String) {
    match (&change.before, &change.after) {
        (None, Some(after)) => ('+', places(after)),
        (Some(before), None) => ('-', places(before)),
        (before, after) => {
            let text = |scope: &Option<Scope>| scope.as_ref().map(places).unwrap_or_default();
            ('~', format!("{} → {}", text(before), text(after)))
        }
    }
}

fn places(scope: &Scope) -> String {
    if scope.all {
        return "ALL".to_owned();
    }
    let names = scope.units.iter().chain(&scope.resources);
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn as_json(preview: &PreviewResponse) -> Value {
    let scope = |scope: &Option<Scope>| {
        scope.as_ref().map(
            |scope| json!({ "all": scope.all, "units": scope.units, "resources": scope.resources }),
        )
    };
    let differences: Vec<Value> = preview
        .differences
        .iter()
        .map(|difference| {
            let permissions = difference.permissions.iter().map(|change| {
                json!({
                    "permissions": change.permissions,
                    "before": scope(&change.before),
                    "after": scope(&change.after),
                    "condition": change.condition,
                })
            });
            json!({
                "subject": difference.subject,
                "application": difference.application,
                "permissions": permissions.collect::<Vec<_>>(),
            })
        })
        .collect();
    let warnings = preview.warnings.iter().map(|warning| {
        json!({
            "kind": super::names::word(warning.kind().as_str_name(), "PREVIEW_WARNING_KIND_"),
            "subject": warning.subject,
            "application": warning.application,
            "module": warning.module,
        })
    });
    let conflicts = preview.conflicts.iter().map(|conflict| {
        json!({
            "subject": conflict.subject,
            "role": conflict.role,
            "other_role": conflict.other_role,
        })
    });
    json!({
        "differences": differences,
        "warnings": warnings.collect::<Vec<_>>(),
        "conflicts": conflicts.collect::<Vec<_>>(),
        "digest": preview.digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gained_lost_or_moved_has_a_sign_of_its_own() {
        let all = || {
            Some(Scope {
                all: true,
                ..Scope::default()
            })
        };
        let some = || {
            Some(Scope {
                units: vec!["organizations/a/units/k1".to_owned()],
                ..Scope::default()
            })
        };
        let sign = |before, after| {
            let permissions = Vec::new();
            change_in(&PermissionsDifference {
                permissions,
                before,
                after,
                condition: String::new(),
            })
        };
        assert_eq!(sign(None, all()), ('+', "ALL".to_owned()));
        assert_eq!(sign(all(), None), ('-', "ALL".to_owned()));
        let moved = sign(all(), some());
        assert_eq!(moved, ('~', "ALL → organizations/a/units/k1".to_owned()));
    }
}
