//! Applications, entitlements and grants.

use std::fmt::Write;

use api::entitlement::v1::{
    Application, Entitlement, EntitlementState, Grant, ManagementMode, Module, Placement, Scope,
};

use super::{Fact, Field, State, identify, immutable, last, list, mutable, quoted, set, time};

impl Fact for Application {
    identify!();

    fn fields(&self) -> Vec<Field> {
        let placements = self.placements.iter().filter_map(|value| {
            let name = Placement::try_from(*value).ok()?.as_str_name();
            name.strip_prefix("PLACEMENT_").map(str::to_owned)
        });
        let mode = match self.management_mode() {
            ManagementMode::External => "EXTERNAL",
            ManagementMode::Managed | ManagementMode::Unspecified => "MANAGED",
        };
        let modules = self.modules.iter().map(|module| module.module_id.clone());
        let roles = self.roles.iter().map(|role| role.role_id.clone());
        let mut fields = vec![
            mutable("display_name", quoted(&self.display_name)),
            mutable("aliases", set(self.aliases.iter().cloned())),
            mutable("placements", set(placements)),
            mutable("management_mode", mode.to_owned()),
            mutable("modules", list(modules)),
            mutable("roles", list(roles)),
        ];
        for item in &self.modules {
            fields.push(mutable(format!("modules.{}", item.module_id), module(item)));
        }
        for role in &self.roles {
            let permissions = set(role.permissions.iter().cloned());
            let value = format!("{} {permissions}", quoted(&role.display_name));
            fields.push(mutable(format!("roles.{}", role.role_id), value));
        }
        fields
    }
}

impl Fact for Entitlement {
    identify!();

    fn fields(&self) -> Vec<Field> {
        let fixed = |path: &str, moment| Field {
            mutable: false,
            ..time(path, moment)
        };
        vec![
            fixed("start_time", self.start_time.as_ref()),
            fixed("end_time", self.end_time.as_ref()),
        ]
    }

    fn state(&self) -> Option<State> {
        match self.state() {
            EntitlementState::Unspecified => None,
            EntitlementState::Active => Some(State::Active),
            EntitlementState::Suspended => Some(State::Suspended),
        }
    }
}

impl Fact for Grant {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            immutable("subject", &self.subject),
            immutable("role", &self.role),
            mutable("scope", scope(self.scope.as_ref())),
            time("start_time", self.start_time.as_ref()),
            time("end_time", self.end_time.as_ref()),
        ]
    }
}

fn module(module: &Module) -> String {
    let recommended = if module.recommended {
        " recommended"
    } else {
        ""
    };
    let mut value = format!(
        "{}{recommended} {}",
        quoted(&module.display_name),
        list(module.verbs.iter().cloned())
    );
    for option in &module.options {
        let verbs = list(option.verbs.iter().cloned());
        let (id, name) = (&option.option_id, quoted(&option.display_name));
        // Writing to a string cannot fail.
        let _ = write!(value, " {id} {name} {verbs}");
    }
    value
}

fn scope(scope: Option<&Scope>) -> String {
    match scope {
        None => "ALL".to_owned(),
        Some(scope) if scope.all => "ALL".to_owned(),
        Some(scope) => {
            let ids = |names: &[String]| set(names.iter().map(|name| last(name).to_owned()));
            match (scope.units.is_empty(), scope.resources.is_empty()) {
                (false, true) => format!("units {}", ids(&scope.units)),
                (true, false) => format!("resources {}", ids(&scope.resources)),
                _ => format!(
                    "units {} resources {}",
                    ids(&scope.units),
                    ids(&scope.resources)
                ),
            }
        }
    }
}
