//! Applications with their permissions and roles, compiled for decisions.

use std::collections::{BTreeSet, HashSet};

use types::{ApplicationId, Id, RoleId};

use crate::{
    Map, management,
    permission::{InvalidPattern, Pattern},
    role::{RoleSet, Roles},
};

/// An application as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDefinition {
    /// The id.
    pub id: ApplicationId,
    /// The modules in display order.
    pub modules: Vec<ModuleDefinition>,
    /// The roles in display order.
    pub roles: Vec<RoleDefinition>,
    /// Sets of roles that exclude each other.
    pub separations: Vec<Vec<String>>,
}

/// A part of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleDefinition {
    /// The id in permissions.
    pub id: String,
    /// The verbs of its permissions.
    pub verbs: Vec<String>,
    /// Its options.
    pub options: Vec<OptionDefinition>,
    /// True if every user should have the module.
    pub recommended: bool,
}

/// An option of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDefinition {
    /// The id in permissions.
    pub id: String,
    /// The verbs of its permissions.
    pub verbs: Vec<String>,
}

/// A named set of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The id in the application.
    pub id: String,
    /// Permissions and patterns.
    pub permissions: Vec<String>,
    /// The notification routes of its holders.
    pub notification_routes: Vec<String>,
}

/// An error in a declaration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The id of a part breaks the grammar of ids.
    #[error("`{0}` is not an id: lower case letters, digits and hyphens, beginning with a letter")]
    Id(String),
    /// Two parts have the same id.
    #[error("`{0}` occurs twice")]
    Twice(String),
    /// A role names a permission or pattern outside of the application.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// A name is in a language that is not supported.
    #[error("`{0}` is not one of the languages `en`, `nl`, `fr`, `nb`, `de`")]
    Locale(String),
    /// A separation names a role that the application does not have.
    #[error("the application has no role `{0}`")]
    UnknownRole(String),
    /// A role names a permission that the application does not have.
    #[error("the application has no permission `{0}`")]
    UnknownPermission(String),
}

/// An application in the compiled catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationIndex(u32);

/// A permission in the compiled catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionIndex(pub(crate) u32);

#[derive(Debug)]
struct Permission {
    name: Box<str>,
    application: ApplicationIndex,
    /// The index of the module in its application.
    module: usize,
}

#[derive(Debug)]
struct Application {
    id: Box<str>,
    /// The modules in display order, and whether each is recommended.
    modules: Vec<(Box<str>, bool)>,
}

/// The compiled catalog.
#[derive(Debug, Default)]
pub struct Catalog {
    applications: Vec<Application>,
    application_ids: Map<Box<str>, ApplicationIndex>,
    permissions: Vec<Permission>,
    permission_names: Map<Box<str>, PermissionIndex>,
    /// The notification routes by application. A role holds a route as it holds a permission: each
    /// route has an index for each of its applications, after the indexes of all permissions.
    routes: Vec<(Box<str>, ApplicationIndex)>,
    /// Its roles.
    pub(crate) roles: RoleSet,
}

impl ApplicationDefinition {
    /// Returns the permissions of the application in order, each with the index of its module.
    ///
    /// # Errors
    /// [`CatalogError`] if an id is invalid or occurs twice.
    pub fn permissions(&self) -> Result<Vec<(String, usize)>, CatalogError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut add = |name: String, module: usize| {
            if name.split('.').all(ApplicationId::is_valid) {
                if !seen.insert(name.clone()) {
                    return Err(CatalogError::Twice(name));
                }
                found.push((name, module));
                Ok(())
            } else {
                Err(CatalogError::Id(name))
            }
        };
        for (place, module) in self.modules.iter().enumerate() {
            let prefix = format!("{}.{}", self.id, module.id);
            for verb in &module.verbs {
                add(format!("{prefix}.{verb}"), place)?;
            }
            for option in &module.options {
                for verb in &option.verbs {
                    add(format!("{prefix}.{}.{verb}", option.id), place)?;
                }
            }
        }
        Ok(found)
    }

    /// Checks a declaration.
    ///
    /// # Errors
    /// The first [`CatalogError`].
    pub fn check(&self) -> Result<(), CatalogError> {
        let permissions = self.permissions()?;
        let parts = |ids: Vec<&str>| {
            let mut seen = HashSet::new();
            for id in ids {
                if !RoleId::is_valid(id) {
                    return Err(CatalogError::Id(id.to_owned()));
                }
                if !seen.insert(id) {
                    return Err(CatalogError::Twice(id.to_owned()));
                }
            }
            Ok(())
        };
        parts(self.modules.iter().map(|module| &*module.id).collect())?;
        for module in &self.modules {
            parts(module.options.iter().map(|option| &*option.id).collect())?;
        }
        parts(self.roles.iter().map(|role| &*role.id).collect())?;
        for role in &self.roles {
            parts(
                role.notification_routes
                    .iter()
                    .map(|route| &**route)
                    .collect(),
            )?;
        }
        for roles in &self.separations {
            parts(roles.iter().map(String::as_str).collect())?;
            let declared = |id: &&String| self.roles.iter().any(|role| role.id == **id);
            if let Some(unknown) = roles.iter().find(|id| !declared(id)) {
                return Err(CatalogError::UnknownRole(unknown.clone()));
            }
        }
        for text in self.roles.iter().flat_map(|role| &role.permissions) {
            let pattern = Pattern::parse(&self.id, text)?;
            let holds_one = permissions.iter().any(|(name, _)| pattern.holds(name));
            if !holds_one && !text.ends_with('*') {
                return Err(CatalogError::UnknownPermission(text.clone()));
            }
        }
        Ok(())
    }
}

impl Catalog {
    /// Compiles declarations.
    ///
    /// # Errors
    /// The first [`CatalogError`] in them.
    pub fn compile(definitions: &[ApplicationDefinition]) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for definition in definitions {
            definition.check()?;
            catalog.add_permissions(definition)?;
        }
        // Roles come last: their bit sets span all permissions and routes.
        for definition in definitions {
            catalog.add_routes(definition);
        }
        for definition in definitions {
            catalog.add_roles(definition)?;
        }
        Ok(catalog)
    }

    /// Returns the permission with a name.
    pub fn permission(&self, name: &str) -> Option<PermissionIndex> {
        self.permission_names.get(name).copied()
    }

    /// Returns the application with an id.
    pub fn application(&self, id: &str) -> Option<ApplicationIndex> {
        self.application_ids.get(id).copied()
    }

    /// Returns the name of a permission.
    pub fn permission_name(&self, permission: PermissionIndex) -> &str {
        let found = self.permissions.get(permission.0 as usize);
        found.map_or("", |permission| &permission.name)
    }

    /// Returns the id of an application.
    pub fn application_id(&self, application: ApplicationIndex) -> &str {
        let found = self.applications.get(application.0 as usize);
        found.map_or("", |application| &application.id)
    }

    /// Returns the application of a permission.
    pub fn application_of(&self, permission: PermissionIndex) -> Option<ApplicationIndex> {
        let at = permission.0 as usize;
        match self.permissions.get(at) {
            Some(permission) => Some(permission.application),
            None => Some(self.routes.get(at - self.permissions.len())?.1),
        }
    }

    /// Returns the roles available in every organization.
    pub fn roles(&self) -> Roles<'_> {
        Roles {
            catalog: self,
            own: None,
        }
    }

    /// True if the permission is a management permission.
    pub fn is_managing(&self, permission: PermissionIndex) -> bool {
        let application = self.application_of(permission);
        application.is_some() && application == self.application(management::APPLICATION)
    }

    /// True if the permission is application-specific: it manages the access of members to
    /// applications.
    pub fn concerns_applications(&self, permission: PermissionIndex) -> bool {
        management::concerns_applications(self.permission_name(permission))
    }

    /// Returns the applications, ordered by id.
    pub fn applications(&self) -> Vec<ApplicationIndex> {
        let mut indexes: Vec<_> = self.application_ids.values().copied().collect();
        indexes.sort_unstable_by_key(|index| self.application_id(*index));
        indexes
    }

    /// Returns the permissions of all applications, ordered by name.
    pub fn permissions(&self) -> Vec<(&str, PermissionIndex)> {
        let names = self.permission_names.iter();
        let mut all: Vec<_> = names.map(|(name, index)| (&**name, *index)).collect();
        all.sort_unstable();
        all
    }

    /// Returns the indexes of a notification route, one for each application that has the route.
    pub fn routes(&self, route: &str) -> impl Iterator<Item = PermissionIndex> {
        let first = self.permissions.len();
        let routes = self.routes.iter().enumerate();
        routes
            .filter(move |(_, (name, _))| **name == *route)
            .map(move |(at, _)| PermissionIndex(index(first + at)))
    }

    /// Returns the permissions of an application, in the order of its declaration.
    pub fn permissions_of(
        &self,
        application: ApplicationIndex,
    ) -> impl Iterator<Item = PermissionIndex> {
        self.permissions
            .iter()
            .enumerate()
            .filter(move |(_, permission)| permission.application == application)
            .map(|(index, _)| PermissionIndex(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Returns the modules of an application in display order: the index that permissions refer to,
    /// the id, and whether it is recommended.
    pub fn modules_of(
        &self,
        application: ApplicationIndex,
    ) -> impl Iterator<Item = (usize, &str, bool)> {
        self.applications
            .get(application.0 as usize)
            .into_iter()
            .flat_map(|application| application.modules.iter().enumerate())
            .map(|(place, (id, recommended))| (place, &**id, *recommended))
    }

    /// Returns the index of a permission's module in its application.
    pub fn module_of(&self, permission: PermissionIndex) -> Option<usize> {
        Some(self.permissions.get(permission.0 as usize)?.module)
    }

    fn add_permissions(&mut self, definition: &ApplicationDefinition) -> Result<(), CatalogError> {
        let application = ApplicationIndex(index(self.applications.len()));
        let id: Box<str> = definition.id.as_str().into();
        if self
            .application_ids
            .insert(id.clone(), application)
            .is_some()
        {
            return Err(CatalogError::Twice(definition.id.to_string()));
        }
        let modules = definition.modules.iter();
        self.applications.push(Application {
            id,
            modules: modules
                .map(|module| (module.id.as_str().into(), module.recommended))
                .collect(),
        });
        for (name, module) in definition.permissions()? {
            let name: Box<str> = name.into();
            let permission = PermissionIndex(index(self.permissions.len()));
            self.permission_names.insert(name.clone(), permission);
            self.permissions.push(Permission {
                name,
                application,
                module,
            });
        }
        Ok(())
    }

    fn add_routes(&mut self, definition: &ApplicationDefinition) {
        let Some(application) = self.application(definition.id.as_str()) else {
            return;
        };
        let declared = definition.roles.iter();
        let routes: BTreeSet<&String> = declared
            .flat_map(|role| &role.notification_routes)
            .collect();
        self.routes.extend(
            routes
                .into_iter()
                .map(|route| (route.as_str().into(), application)),
        );
    }

    fn add_roles(&mut self, definition: &ApplicationDefinition) -> Result<(), CatalogError> {
        let Some(application) = self.application(definition.id.as_str()) else {
            return Ok(());
        };
        for role in &definition.roles {
            let mut held: Vec<PermissionIndex> = role
                .notification_routes
                .iter()
                .flat_map(|route| self.routes(route))
                .filter(|route| self.application_of(*route) == Some(application))
                .collect();
            for text in &role.permissions {
                let pattern = Pattern::parse(&definition.id, text)?;
                let own = self.permissions_of(application);
                held.extend(own.filter(|held| pattern.holds(self.permission_name(*held))));
            }
            let name = format!("applications/{}/roles/{}", definition.id, role.id);
            let number = self.roles.number(&name);
            self.roles.place(number, application, held);
        }
        Ok(())
    }
}

/// Returns the index of the next element.
pub(crate) fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
