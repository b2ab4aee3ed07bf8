//! Method policies as a table, from the options of the methods.

use std::{error::Error, fmt::Write};

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

/// Generates the policy of every method, in the order of their paths.
///
/// # Errors
/// A method without a policy, without an access or without an audit kind.
pub fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut rows = Vec::new();
    for service in pool.services() {
        for method in service.methods() {
            rows.push((
                format!("/{}/{}", service.full_name(), method.name()),
                row(pool, &method)?,
            ));
        }
    }
    rows.sort();
    let mut out = String::from("&[\n");
    for (path, row) in rows {
        writeln!(out, "MethodPolicy {{ path: {path:?}, {row} }},")?;
    }
    out.push(']');
    Ok(out)
}

fn row(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<String, Box<dyn Error>> {
    let name = method.full_name();
    let extension = pool
        .get_extension_by_name("mandate.common.v1.policy")
        .ok_or("the policy extension is missing")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return Err(format!("method `{name}` has no policy").into());
    }
    let Value::Message(ref policy) = *options.get_extension(&extension) else {
        return Err(format!("the policy of `{name}` is not a message").into());
    };
    let access = access(policy).ok_or_else(|| format!("the policy of `{name}` has no access"))?;
    let audit = match field(policy, "audit").and_then(|value| value.as_enum_number()) {
        Some(1) => "None",
        Some(2) => "Read",
        Some(3) => "Write",
        Some(4) => "Access",
        _ => return Err(format!("the policy of `{name}` has no audit kind").into()),
    };
    let step_up = field(policy, "step_up").and_then(|value| value.as_bool()) == Some(true);
    let work = match field(policy, "work").and_then(|value| value.as_enum_number()) {
        Some(1) => "Batch",
        Some(2) => "Scan",
        _ if matches!(audit, "Write" | "Access") => "Change",
        _ => "One",
    };
    let streams = method.is_server_streaming();
    Ok(format!(
        "access: Access::{access}, step_up: {step_up}, audit: AuditKind::{audit}, work: Work::{work}, streams: {streams}"
    ))
}

fn access(policy: &DynamicMessage) -> Option<String> {
    if policy.has_field_by_name("permission") {
        let permission = field(policy, "permission")?;
        return Some(format!("Permission({:?})", permission.as_str()?));
    }
    if !field(policy, "peer")?.as_bool()? {
        return None;
    }
    let peers = field(policy, "peers")?;
    let peers = peers
        .as_list()?
        .iter()
        .map(|peer| match peer.as_enum_number() {
            Some(1) => Some("Peer::Identity"),
            Some(2) => Some("Peer::Membership"),
            Some(3) => Some("Peer::Entitlement"),
            _ => None,
        });
    let peers = peers.collect::<Option<Vec<_>>>()?;
    (!peers.is_empty()).then(|| format!("Peer(&[{}])", peers.join(", ")))
}

fn field(message: &DynamicMessage, name: &str) -> Option<Value> {
    message
        .get_field_by_name(name)
        .map(std::borrow::Cow::into_owned)
}
