//! `mandate context`.

use std::path::Path;

use serde_json::json;
use types::SecretUrl;

use crate::{
    cli::{ContextAddArgs, ContextCommand},
    connect::open,
    context::{self, Context},
    exit::Failure,
    output,
};

/// Lists, selects or shows contexts.
pub(super) fn context(
    command: ContextCommand,
    chosen: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let path = context::default_path()?;
    match command {
        ContextCommand::Add(args) => add(args, &path),
        ContextCommand::Use { name } => {
            context::make_current(&path, &name)?;
            output::note(format!("context `{name}` is the current one"));
            Ok(())
        }
        ContextCommand::List => {
            let contexts = context::load(&path)?;
            if json {
                return output::json(&contexts);
            }
            for (name, context) in &contexts.contexts {
                let current = contexts.current.as_deref() == Some(name);
                let star = if current { '*' } else { ' ' };
                output::line(format!("{star} {name:<16} {}", shown(&context.entitlement)));
            }
            Ok(())
        }
        ContextCommand::Show { name } => {
            let contexts = context::load(&path)?;
            let (name, context) = contexts.choose(name.as_deref().or(chosen))?;
            if json {
                return output::json(&json!({ "name": name, "context": context }));
            }
            show(name, context);
            Ok(())
        }
    }
}

/// Adds a context. Opens it first, so that an error shows now and not in a later command.
fn add(args: ContextAddArgs, path: &Path) -> Result<(), Failure> {
    let all = args.url.unwrap_or_default();
    let url = |own: Option<String>| own.unwrap_or_else(|| all.clone());
    let absolute = |file: &Path| {
        let wrong = |error| Failure::usage(format!("`{}`: {error}", file.display()));
        std::fs::canonicalize(file).map_err(wrong)
    };
    let context = Context {
        identity: url(args.identity),
        membership: url(args.membership),
        entitlement: url(args.entitlement),
        key_file: absolute(&args.key_file)?,
        ca_file: args.ca_file.as_deref().map(absolute).transpose()?,
    };
    open(&context)?;
    if args.replace {
        context::save_current(path, &args.name, context)?;
    } else {
        context::add_current(path, &args.name, context)?;
    }
    output::note(format!("context `{}` is the current one", args.name));
    Ok(())
}

/// Returns the URL of a service without its password.
fn shown(url: &str) -> SecretUrl {
    SecretUrl::from(url)
}

fn show(name: &str, context: &Context) {
    output::line(format!("name         {name}"));
    output::line(format!("identity     {}", shown(&context.identity)));
    output::line(format!("membership   {}", shown(&context.membership)));
    output::line(format!("entitlement  {}", shown(&context.entitlement)));
    output::line(format!("key_file     {}", context.key_file.display()));
    if let Some(ca) = &context.ca_file {
        output::line(format!("ca_file      {}", ca.display()));
    }
}
