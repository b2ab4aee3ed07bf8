//! Rules for declarations of applications.

use ::store::WriteTx;
use api::entitlement::v1::Application;
use entitlement_core::{ApplicationDefinition, management};
use types::ApplicationId;

use crate::{catalog, error::Error, store::applications::Stored};

/// Refuses changes of the built-in application.
pub(super) fn refuse_built_in(id: &ApplicationId) -> Result<(), Error> {
    if types::Id::as_str(id) == management::APPLICATION {
        return Err(Error::ApplicationBuiltIn);
    }
    Ok(())
}

/// Checks a declaration by itself and converts it.
pub(super) fn definition(
    id: &ApplicationId,
    application: &Application,
) -> Result<ApplicationDefinition, Error> {
    service::required("application.display_name", &application.display_name)?;
    let definition = catalog::definition(&Application {
        name: id.name(),
        ..application.clone()
    });
    let definition = definition.map_err(::rpc::Fault::internal)?;
    let wrong = |source| Error::Catalog {
        field: "application",
        source,
    };
    definition.check().map_err(wrong)?;
    catalog::check_names(application).map_err(wrong)?;
    Ok(definition)
}

/// Checks a declaration by itself and against the other applications.
pub(super) async fn check(
    tx: &WriteTx,
    id: &ApplicationId,
    application: &Application,
) -> Result<(), Error> {
    definition(id, application)?;
    let others = Stored::now(tx.connection()).await?.decode()?;
    for other in others.iter().filter(|other| other.name != id.name()) {
        let other_id = other.name.trim_start_matches("applications/");
        let taken = |alias: &String| {
            alias == other_id || other.aliases.contains(alias) || alias == types::Id::as_str(id)
        };
        if let Some(alias) = application.aliases.iter().find(|alias| taken(alias)) {
            return Err(Error::ApplicationExists(alias.clone()));
        }
        if other
            .aliases
            .iter()
            .any(|alias| alias == types::Id::as_str(id))
        {
            return Err(Error::ApplicationExists(id.to_string()));
        }
    }
    Ok(())
}
