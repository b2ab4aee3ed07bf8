//! The requests that change something, identified by their `request_id` and `validate_only`.

use std::{error::Error, fmt::Write};

use prost_reflect::DescriptorPool;

use crate::inbound::rust_path;

/// Generates a `Mutation` implementation for every request that has both fields.
///
/// # Errors
/// A request that has only one of them.
pub fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        let request = method.input();
        let name = request.full_name();
        let fields =
            ["request_id", "validate_only"].map(|field| request.get_field_by_name(field).is_some());
        match fields {
            [true, true] => writeln!(
                out,
                "impl crate::Mutation for {} {{\n fn request_id(&self) -> &str {{ &self.request_id }}\n fn validate_only(&self) -> bool {{ self.validate_only }}\n}}",
                rust_path(name)
            )?,
            [false, false] => {}
            _ => return Err(format!("`{name}` lacks `request_id` or `validate_only`").into()),
        }
    }
    Ok(out)
}
