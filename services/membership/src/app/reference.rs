//! References in requests.

use ::rpc::Fault;
use api::Mutation;
use service::parse;
use types::{In, OrganizationId, UnitId};

/// Parses the unit in `field`, which must be of the same organization.
pub(super) fn unit_of(
    organization: &OrganizationId,
    field: &str,
    name: &str,
) -> Result<UnitId, Fault> {
    let unit = parse(field, name, In::<UnitId>::parse_name)?;
    if unit.organization != *organization {
        return Err(Fault::field(field, "must be of the same organization"));
    }
    Ok(unit.id)
}

/// Parses the parent unit in `field`; `None` if it is empty.
pub(super) fn parent_of(
    organization: &OrganizationId,
    field: &str,
    name: &str,
) -> Result<Option<UnitId>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    unit_of(organization, field, name).map(Some)
}

/// Checks that a request in a batch sets no field that belongs to the batch; `at` is the path of
/// the request in the batch.
pub(super) fn check_part(
    at: &str,
    part: &impl Mutation,
    parent: &str,
    of_batch: &str,
) -> Result<(), Fault> {
    if !parent.is_empty() && parent != of_batch {
        let field = format!("{at}parent");
        return Err(Fault::field(field, "must be empty or that of the batch"));
    }
    if !part.request_id().is_empty() {
        let field = format!("{at}request_id");
        return Err(Fault::field(field, "must be empty in a batch"));
    }
    if part.validate_only() {
        let field = format!("{at}validate_only");
        return Err(Fault::field(field, "must be false in a batch"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use api::membership::v1::CreateUnitRequest;
    use types::Id;

    use super::*;

    #[test]
    fn a_unit_of_another_organization_is_a_wrong_field() {
        let acme = OrganizationId::parse("acme").unwrap();
        assert!(unit_of(&acme, "unit", "organizations/acme/units/k1").is_ok());
        for name in ["organizations/other/units/k1", "k1", ""] {
            assert!(unit_of(&acme, "unit", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_part_of_a_batch_repeats_nothing_of_it() {
        let part = CreateUnitRequest::default();
        for (parent, fits) in [
            ("", true),
            ("organizations/acme", true),
            ("organizations/other", false),
        ] {
            let checked = check_part("requests[0].", &part, parent, "organizations/acme");
            assert_eq!(checked.is_ok(), fits, "{parent:?}");
        }
        for part in [
            CreateUnitRequest {
                request_id: "r".to_owned(),
                ..CreateUnitRequest::default()
            },
            CreateUnitRequest {
                validate_only: true,
                ..CreateUnitRequest::default()
            },
        ] {
            assert!(check_part("requests[0].", &part, "", "organizations/acme").is_err());
        }
    }
}
