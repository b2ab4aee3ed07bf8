//! Refusals of declared facts, in the terms of the documents.

use tonic_types::StatusExt;

use crate::{
    clients::CallError,
    document::{Positions, Problem},
};

/// The refusal of a declared fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The resource name of the fact.
    pub(super) name: String,
    /// The field, as named in the document; empty for the fact as a whole.
    pub(super) field: String,
    /// The message.
    pub(super) message: String,
}

/// The prefixes of a fact's fields in a request.
const REQUEST_FIELD_PREFIXES: [&str; 12] = [
    "application.",
    "contact.",
    "custom_role.",
    "entitlement.",
    "grant.",
    "key.",
    "membership.",
    "organization.",
    "resource.",
    "service_account.",
    "unit.",
    "user.",
];

impl Refusal {
    /// Returns the refusal of `field`, as named in the API.
    pub(super) fn of(name: &str, field: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            field: in_document(field),
            message: message.into(),
        }
    }

    /// Returns the refusals in a service's error: one for each field that it names.
    pub(super) fn by_service(name: &str, error: &CallError) -> Vec<Self> {
        let details = error.status.get_error_details();
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        let message = error.status.message();
        let violations = details.bad_request().map(|wrong| &wrong.field_violations);
        let violations = violations.into_iter().flatten();
        let of_fields: Vec<Self> = violations
            .map(|wrong| {
                let message = format!("{reason}: {}", wrong.description);
                Self::of(name, &wrong.field, message)
            })
            .collect();
        if !of_fields.is_empty() {
            return of_fields;
        }
        let message = match reason {
            "" => format!("{:?}: {message}", error.status.code()),
            _ => format!("{reason}: {message}"),
        };
        vec![Self::of(name, field_of(reason), message)]
    }

    /// Returns the problem at the position in the documents.
    pub(super) fn problem(self, places: &Positions<'_>) -> Problem {
        places.problem(&self.name, &self.field, self.message)
    }
}

/// Returns the field for a reason, if the service names none.
fn field_of(reason: &str) -> &'static str {
    match reason {
        "APPLICATION_NOT_ENTITLED"
        | "ROLE_NOT_FOUND"
        | "SOD_VIOLATION"
        | "ROLE_HELD"
        | "RIGHTS_EXTERNALLY_MANAGED" => "role",
        "PERMISSION_UNKNOWN" => "permissions",
        "SCOPE_OUT_OF_ORGANIZATION" | "COMPANY_OUT_OF_REACH" => "scope",
        "TOO_MANY_CONDITIONS" => "condition",
        "UNIT_TOO_DEEP" | "UNIT_CYCLE" => "parent_unit",
        "LOGIN_TAKEN" => "login",
        _ => "",
    }
}

/// Returns the name of a request's field in documents.
fn in_document(field: &str) -> String {
    let field = match field.strip_prefix("requests[") {
        Some(item) => item.split_once("].").map_or("", |(_, field)| field),
        None => field,
    };
    let within = REQUEST_FIELD_PREFIXES
        .iter()
        .find_map(|wrapper| field.strip_prefix(wrapper));
    let field = within.unwrap_or(field);
    match field {
        "parent_unit" => "parent".to_owned(),
        "subject" => "user".to_owned(),
        "unit_id" | "resource_id" | "grant_id" | "user_id" | "contact_id" | "application_id"
        | "organization_id" | "custom_role_id" | "service_account_id" | "entitlement_id" => {
            "id".to_owned()
        }
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_request_is_told_as_the_document_has_it() {
        for (field, told) in [
            ("requests[3].grant.condition", "condition"),
            ("grant.scope.units", "scope.units"),
            ("unit.parent_unit", "parent"),
            ("requests[0].unit_id", "id"),
            ("resource.unit", "unit"),
            ("application", "application"),
        ] {
            assert_eq!(in_document(field), told);
        }
    }
}
