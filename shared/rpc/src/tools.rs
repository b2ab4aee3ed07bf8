//! Services that tools expect of any gRPC server: health and reflection.

use tonic_health::{ServingStatus, server::HealthReporter};

use crate::service::Routes;

/// The descriptors are malformed, so reflection cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the descriptors cannot be served")]
pub struct ReflectionError(#[source] Box<tonic_reflection::server::Error>);

/// Reports the readiness of the server, which begins as not ready.
#[derive(Debug, Clone)]
pub struct Readiness(HealthReporter);

impl Readiness {
    /// Sets the readiness of the server.
    pub async fn set(&self, ready: bool) {
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.0.set_service_status("", status).await;
    }
}

/// Adds `grpc.health.v1`, and reflection in both versions that tools use.
///
/// # Errors
/// [`ReflectionError`] when the descriptors are malformed.
pub async fn with_tools(routes: Routes) -> Result<(Routes, Readiness), ReflectionError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let readiness = Readiness(reporter);
    // The reporter begins with SERVING.
    readiness.set(false).await;
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::DESCRIPTORS)
            // Without these, tools print error details as base64.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let failed = |error| ReflectionError(Box::new(error));
    let routes = routes
        .add_service(health)
        .add_service(builder().build_v1().map_err(failed)?)
        .add_service(builder().build_v1alpha().map_err(failed)?);
    Ok((routes, readiness))
}
