//! What the operator's systems call units and resources.
//!
//! ASCII only, so that two that look alike are alike: homographs, normalization and case
//! folding merge nothing.

use base::{Id, UnitId};

/// Why a field does not hold what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// It is no word of the kind that kinds and types are.
    #[error("must be lower case letters, digits and hyphens, and begin with a letter")]
    Slug,
    /// It has characters that can be mistaken for others, or be seen differently.
    #[error("must be printable ASCII without spaces")]
    Graphic,
}

/// Checks the `kind` of a unit, which may be empty.
///
/// # Errors
/// [`InvalidField::Slug`].
pub fn check_kind(kind: &str) -> Result<(), InvalidField> {
    if kind.is_empty() {
        return Ok(());
    }
    check_type(kind)
}

/// Checks the `number` of a unit, which may be empty.
///
/// # Errors
/// [`InvalidField::Graphic`].
pub fn check_number(number: &str) -> Result<(), InvalidField> {
    graphic(number)
}

/// Checks the `type` of a resource.
///
/// # Errors
/// [`InvalidField::Slug`].
pub fn check_type(name: &str) -> Result<(), InvalidField> {
    // The grammar of most ids.
    if UnitId::is_valid(name) {
        Ok(())
    } else {
        Err(InvalidField::Slug)
    }
}

/// Checks the `external_id` of a resource, which may be empty.
///
/// # Errors
/// [`InvalidField::Graphic`].
pub fn check_external_id(id: &str) -> Result<(), InvalidField> {
    graphic(id)
}

fn graphic(text: &str) -> Result<(), InvalidField> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(InvalidField::Graphic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_slug_or_empty_and_a_type_is_never_empty() {
        for kind in ["", "company", "customer-account", "level-2"] {
            assert_eq!(check_kind(kind), Ok(()), "{kind:?}");
        }
        for name in ["", "Company", "phone number", "2nd", "produit-é", "a/b"] {
            assert_eq!(check_type(name), Err(InvalidField::Slug), "{name:?}");
        }
    }

    #[test]
    fn numbers_and_external_ids_are_printable_ascii() {
        for id in ["", "+32470000001", "SIM/1#2", "1.2.3"] {
            assert_eq!(check_external_id(id), Ok(()), "{id:?}");
            assert_eq!(check_number(id), Ok(()), "{id:?}");
        }
        for id in [" 1", "1 2", "а", "1\u{200b}", "1\n", "é"] {
            assert_eq!(check_external_id(id), Err(InvalidField::Graphic), "{id:?}");
            assert_eq!(check_number(id), Err(InvalidField::Graphic), "{id:?}");
        }
    }
}
