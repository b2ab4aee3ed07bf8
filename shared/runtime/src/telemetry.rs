//! Logs, traces and metrics of a process.

use std::io::IsTerminal;

use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use prometheus::Registry;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};
use types::SecretUrl;

/// The format of logs, which always go to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A readable line.
    Text,
    /// A JSON object for each line.
    Json,
}

/// The telemetry of a process, and its targets.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// `service.name` of traces and metrics.
    pub service: &'static str,
    /// The format of logs.
    pub format: LogFormat,
    /// The filter of spans and events, in the syntax of `tracing`'s filters.
    pub filter: String,
    /// The target of traces, as OTLP over gRPC; `None` for none.
    pub otlp: Option<SecretUrl>,
}

/// An error in starting telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The endpoint for traces is malformed. The source error is dropped, because it may show the
    /// whole URL.
    #[error("traces cannot be sent to `{0}`")]
    Exporter(SecretUrl),
    /// The metrics cannot be registered.
    #[error("metrics cannot be registered")]
    Metrics(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// The filter does not follow the syntax.
    #[error("the log filter is malformed")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was already set up in this process.
    #[error("logging was already set up in this process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps telemetry alive; dropping it sends the pending traces.
#[derive(Debug)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    meter: SdkMeterProvider,
    registry: Registry,
}

impl Telemetry {
    /// Starts telemetry for the process.
    ///
    /// # Errors
    /// [`TelemetryError`].
    pub fn begin(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        global::set_text_map_propagator(TraceContextPropagator::new());
        let resource = Resource::builder()
            .with_service_name(settings.service)
            .build();
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()?;
        let meter = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(exporter)
            .build();
        global::set_meter_provider(meter.clone());
        let tracer = settings
            .otlp
            .as_ref()
            .map(|endpoint| tracer(endpoint, resource))
            .transpose()?;
        let traces = tracer
            .as_ref()
            .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("mandate")));
        tracing_subscriber::registry()
            .with(EnvFilter::try_new(&settings.filter)?)
            .with(logs(settings.format).and_then(traces))
            .try_init()?;
        Ok(Self {
            tracer,
            meter,
            registry,
        })
    }

    /// Returns the metrics of the process.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(tracer) = &self.tracer
            && let Err(error) = tracer.shutdown()
        {
            tracing::warn!(%error, "pending traces are lost");
        }
        // Metrics are pulled by their readers, so none are pending.
        let _ = self.meter.shutdown();
    }
}

fn tracer(endpoint: &SecretUrl, resource: Resource) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint.expose())
        .build()
        .map_err(|_| TelemetryError::Exporter(endpoint.clone()))?;
    // Each call decides at its start if it has a span.
    let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build())
}

fn logs<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}
