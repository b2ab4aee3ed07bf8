//! Filters of lists, a subset of AIP-160: fields that equal a text.

/// Parses `field="text" AND field="text"`; `None` if the filter has another form. In a text, `\"`
/// stands for a quotation mark and `\\` for a backslash.
pub fn equalities(filter: &str) -> Option<Vec<(&str, String)>> {
    let mut found = Vec::new();
    let mut rest = filter;
    loop {
        let (field, after) = rest.split_once("=\"")?;
        let (text, after) = quoted(after)?;
        found.push((field, text));
        if after.is_empty() {
            return Some(found);
        }
        rest = after.strip_prefix(" AND ")?;
    }
}

/// Returns the text up to its closing quotation mark, and the rest.
fn quoted(from: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = from.chars();
    loop {
        match characters.next()? {
            '"' => return Some((text, characters.as_str())),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => text.push(escaped),
                _ => return None,
            },
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str) -> Option<Vec<(&str, String)>> {
        equalities(filter)
    }

    #[test]
    fn fields_that_equal_texts_are_read() {
        assert_eq!(read(r#"a="x""#), Some(vec![("a", "x".to_owned())]));
        let both = vec![("a", "x\" AND \\".to_owned()), ("b.c", String::new())];
        assert_eq!(read(r#"a="x\" AND \\" AND b.c="""#), Some(both));
    }

    #[test]
    fn what_has_another_form_is_not_read() {
        for filter in [
            "",
            "a",
            "a=x",
            r#"a=""#,
            r#"a="x"b"#,
            r#"a="x" OR b="y""#,
            r#"a="\n""#,
        ] {
            assert_eq!(read(filter), None, "{filter}");
        }
        assert_eq!(read(r#"a="x" AND "#), None);
    }
}
