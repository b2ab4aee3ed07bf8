//! Hashes in ids.

use std::fmt::Write;

/// Formats the first `length` bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(2 * length);
    for byte in bytes.iter().take(length) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
