//! Several services behind one address, each with its own stack.

use crate::{layer::Request, service::GrpcService};

/// A service of an installation, identified by the package of its methods.
#[derive(Debug, Clone)]
pub struct Mounted {
    /// The package, as in `mandate.identity.v1`.
    pub package: &'static str,
    /// The service.
    pub service: GrpcService,
}

/// Routes each call to the service of its package, and all other calls to `rest`.
pub fn steer(mounted: Vec<Mounted>, rest: GrpcService) -> GrpcService {
    GrpcService::of(move |request: Request| {
        let path = request.uri().path();
        let found = mounted.iter().find(|mounted| {
            path.strip_prefix('/')
                .and_then(|path| path.strip_prefix(mounted.package))
                .is_some_and(|rest| rest.starts_with('.'))
        });
        found.map_or(&rest, |found| &found.service).answer(request)
    })
}
