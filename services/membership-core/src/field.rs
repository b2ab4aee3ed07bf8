//! Fields by which the operator's systems know units and resources, and the URIs of contacts.
//!
//! ASCII only, so that two texts that look alike are equal; homographs, normalization and case
//! folding cannot arise.

use types::Grammar;

/// A violated field rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// The text does not follow the grammar of kinds and types.
    #[error("{}", Grammar::Word.rule())]
    Slug,
    /// The text has characters that can be mistaken for others or displayed differently.
    #[error("must be printable ASCII without spaces")]
    Graphic,
    /// The URI does not lead to a page, a mailbox or a telephone.
    #[error("must be an `https://`, `mailto:` or `tel:` URI in printable ASCII")]
    Uri,
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
    if Grammar::Word.holds(name) {
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

/// Checks the `uri` of a contact. A client may show it as a link: it must not run code.
///
/// # Errors
/// [`InvalidField::Uri`].
pub fn check_uri(uri: &str) -> Result<(), InvalidField> {
    let mut schemes = ["https://", "mailto:", "tel:"].into_iter();
    match schemes.find_map(|scheme| uri.strip_prefix(scheme)) {
        Some(rest) if !rest.is_empty() && graphic(rest).is_ok() => Ok(()),
        _ => Err(InvalidField::Uri),
    }
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
    fn a_uri_leads_to_a_page_a_mailbox_or_a_telephone() {
        for uri in [
            "https://operator.example/contact?customer=1",
            "mailto:desk@operator.example",
            "tel:+3222000000",
        ] {
            assert_eq!(check_uri(uri), Ok(()), "{uri:?}");
        }
        for uri in [
            "",
            "https://",
            "tel:",
            "http://operator.example",
            "javascript:alert(1)",
            "HTTPS://operator.example",
            " https://operator.example",
            "mailto:a b",
            "https://op\u{430}",
            "tel:1\n",
        ] {
            assert_eq!(check_uri(uri), Err(InvalidField::Uri), "{uri:?}");
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
