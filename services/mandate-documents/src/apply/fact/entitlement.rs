//! Applications, entitlements and grants.

use std::fmt::Write;

use api::entitlement::v1::{
    Application, CustomRole, Entitlement, EntitlementState, Grant, LocalizedText, ManagementMode,
    Module, Placement, Role, Scope,
};
use entitlement::definition;
use entitlement_core::held;

use super::{
    Fact, Field, State, entitlement_of, identify, immutable, last, list, member, mutable,
    organization_of, quoted, set, time,
};

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
        let separations = self.separations.iter();
        let separations = separations.map(|rule| set(rule.roles.iter().cloned()));
        let mut fields = vec![
            mutable("display_name", quoted(&self.display_name)),
            mutable("display_names", names(&self.display_names)),
            mutable("aliases", set(self.aliases.iter().cloned())),
            mutable("placements", set(placements)),
            mutable("management_mode", mode.to_owned()),
            mutable("modules", list(modules)),
            mutable("roles", list(roles)),
            mutable("separations", list(separations)),
        ];
        for item in &self.modules {
            fields.push(mutable(format!("modules.{}", item.module_id), module(item)));
        }
        for role in &self.roles {
            let permissions = set(role.permissions.iter().cloned());
            let routes = also(role.notification_routes.iter().cloned());
            let (name, names) = (quoted(&role.display_name), names(&role.display_names));
            let value = format!("{name}{names} {permissions}{routes}");
            fields.push(mutable(format!("roles.{}", role.role_id), value));
        }
        fields
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| widens_application(self, before))
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
            EntitlementState::Ended => Some(State::Ended),
        }
    }

    fn refers(&self) -> Vec<String> {
        vec![self.application.clone()]
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_none()
    }
}

impl Fact for CustomRole {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            mutable("display_name", quoted(&self.display_name)),
            mutable("description", quoted(&self.description)),
            mutable("permissions", set(self.permissions.iter().cloned())),
        ]
    }

    fn refers(&self) -> Vec<String> {
        let organization = organization_of(&self.name);
        let own = [
            self.application.clone(),
            entitlement_of(&organization, &self.application),
        ];
        own.into_iter().chain(self.permissions.clone()).collect()
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| has_new_item(&self.permissions, &before.permissions))
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
            mutable("can_delegate", self.can_delegate.to_string()),
            mutable("condition", quoted(&self.condition)),
        ]
    }

    fn refers(&self) -> Vec<String> {
        let organization = organization_of(&self.name);
        let scope = self.scope.clone().unwrap_or_default();
        let managed = scope.applications.iter();
        let managed: Vec<String> = managed
            .map(|own| entitlement_of(&organization, own))
            .collect();
        let own = [
            self.role.clone(),
            entitlement_of(&organization, &self.role),
            member(&organization, &self.subject),
        ];
        [own.to_vec(), managed, scope.units, scope.resources].concat()
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|before| widens_grant(self, before))
    }
}

/// Formats names in other languages, to follow the name.
fn names(names: &[LocalizedText]) -> String {
    also(
        names
            .iter()
            .map(|name| format!("{} {}", name.locale, quoted(&name.text))),
    )
}

/// Formats a set to follow another value; empty for an empty set.
fn also(items: impl Iterator<Item = String>) -> String {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return String::new();
    }
    format!(" {}", set(items))
}

fn module(module: &Module) -> String {
    let recommended = if module.recommended {
        " recommended"
    } else {
        ""
    };
    let mut value = format!(
        "{}{}{recommended} {}",
        quoted(&module.display_name),
        names(&module.display_names),
        list(module.verbs.iter().cloned())
    );
    for option in &module.options {
        let verbs = list(option.verbs.iter().cloned());
        let (id, name) = (&option.option_id, quoted(&option.display_name));
        let names = names(&option.display_names);
        // Writing to a string cannot fail.
        let _ = write!(value, " {id} {name}{names} {verbs}");
    }
    value
}

/// True if there is an item that was not there before.
fn has_new_item(now: &[String], before: &[String]) -> bool {
    now.iter().any(|item| !before.contains(item))
}

/// True if holders of a role gain permissions, or may combine roles that a rule kept apart.
fn widens_application(now: &Application, before: &Application) -> bool {
    let (Ok(new), Ok(old)) = (definition(now), definition(before)) else {
        return true;
    };
    let of_role = |role: &Role| {
        let id = role.role_id.as_str();
        has_new_item(
            &held(&new, id).unwrap_or_default(),
            &held(&old, id).unwrap_or_default(),
        )
    };
    before.roles.iter().any(of_role) || drops_rule(&old.separations, &new.separations)
}

/// True if a rule of `before` is no longer in force.
fn drops_rule(before: &[Vec<String>], now: &[Vec<String>]) -> bool {
    let kept = |rule: &Vec<String>| now.iter().any(|other| !has_new_item(rule, other));
    before.iter().any(|rule| !kept(rule))
}

/// True if a grant now holds in a location, at a time or in a context in which it did not. Two
/// conditions are not compared: a new one may be met more often.
fn widens_grant(now: &Grant, before: &Grant) -> bool {
    let start = |grant: &Grant| grant.start_time.map_or(i64::MIN, |time| time.seconds);
    let end = |grant: &Grant| grant.end_time.map_or(i64::MAX, |time| time.seconds);
    let (scope, old_scope) = (
        now.scope.clone().unwrap_or_default(),
        before.scope.clone().unwrap_or_default(),
    );
    let places = !old_scope.all
        && (scope.all
            || has_new_item(&scope.units, &old_scope.units)
            || has_new_item(&scope.resources, &old_scope.resources));
    places
        || has_new_item(&scope.applications, &old_scope.applications)
        || start(now) < start(before)
        || end(before) < end(now)
        || (now.can_delegate && !before.can_delegate)
        || (!before.condition.is_empty() && now.condition != before.condition)
}

fn scope(scope: Option<&Scope>) -> String {
    let Some(scope) = scope else {
        return "ALL".to_owned();
    };
    let mut parts = Vec::new();
    if scope.all {
        parts.push("ALL".to_owned());
    }
    for (what, names) in [
        ("units", &scope.units),
        ("resources", &scope.resources),
        ("applications", &scope.applications),
    ] {
        if !names.is_empty() {
            let ids = set(names.iter().map(|name| last(name).to_owned()));
            parts.push(format!("{what} {ids}"));
        }
    }
    parts.join(" ")
}
