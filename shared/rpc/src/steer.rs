//! Several services behind one address, each with its own stack.

use std::{convert::Infallible, sync::Arc};

use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{layer::Request, stack::GrpcService};

/// A service of an installation, known by the package of its methods.
#[derive(Debug, Clone)]
pub struct Mounted {
    /// The package, as in `mandate.identity.v1`.
    pub package: &'static str,
    /// The service.
    pub service: GrpcService,
}

/// Steers each call to the service whose package it names, all others to `rest`.
pub fn steer(mounted: Vec<Mounted>, rest: GrpcService) -> GrpcService {
    // Shared: this is cloned for each call, and the stacks with it were it not.
    let services = Arc::new((mounted, rest));
    BoxCloneSyncService::new(service_fn(move |request: Request| {
        let (mounted, rest) = &*services;
        let path = request.uri().path();
        let found = mounted.iter().find(|mounted| {
            path.strip_prefix('/')
                .and_then(|path| path.strip_prefix(mounted.package))
                .is_some_and(|rest| rest.starts_with('.'))
        });
        let mut service = found.map_or(rest, |found| &found.service).clone();
        async move {
            let ready: Result<_, Infallible> = service.ready().await;
            ready?.call(request).await
        }
    }))
}
