//! Exports decisions as OpenTelemetry logs to a collector over gRPC.

use std::{
    io,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    InstrumentationScope,
    logs::{LogRecord, Logger, LoggerProvider, Severity},
};
use opentelemetry_otlp::{LogExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    logs::{LogBatch, LogExporter as _, SdkLogRecord, SdkLogger, SdkLoggerProvider},
};
use tokio::runtime::{Builder, Runtime};
use types::SecretUrl;

use super::line::{Dropped, Line};

/// Number of decisions per export.
const DECISIONS_PER_EXPORT: usize = 512;
/// Time limit of one export. Meanwhile decisions wait in the queue, or are dropped and counted.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// A collector.
pub(super) struct Collector {
    /// A runtime on the writer thread, so that exports take no time from the threads that answer.
    runtime: Runtime,
    exporter: LogExporter,
    logger: SdkLogger,
    scope: InstrumentationScope,
    batch: Vec<SdkLogRecord>,
}

impl Collector {
    pub(super) fn open(endpoint: &SecretUrl) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let exporter = {
            let _within = runtime.enter();
            LogExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint.expose())
                .with_timeout(EXPORT_TIMEOUT)
                .build()
        };
        // The error may contain the whole URL.
        let mut exporter = exporter
            .map_err(|_| io::Error::other(format!("`{endpoint}` is no collector's URL")))?;
        exporter.set_resource(&Resource::builder().with_service_name("mandate").build());
        let scope = InstrumentationScope::builder("mandate.decisions").build();
        Ok(Self {
            runtime,
            exporter,
            logger: SdkLoggerProvider::builder()
                .build()
                .logger_with_scope(scope.clone()),
            scope,
            batch: Vec::new(),
        })
    }

    pub(super) fn take(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut record = self.record(line.time_ms, "decision");
        for (key, value) in [
            ("caller", line.caller),
            ("subject", line.subject),
            ("permission", line.permission),
            ("resource", line.resource),
            ("effect", line.effect),
            ("reason", line.reason),
            ("grant", line.grant),
        ] {
            if !value.is_empty() {
                record.add_attribute(format!("mandate.{key}"), value.to_owned());
            }
        }
        record.add_attribute("mandate.revision", line.revision);
        self.add(record)
    }

    pub(super) fn take_dropped(&mut self, dropped: &Dropped) -> io::Result<()> {
        let mut record = self.record(dropped.time_ms, "decisions dropped");
        let count = i64::try_from(dropped.dropped).unwrap_or(i64::MAX);
        record.add_attribute("mandate.dropped", count);
        self.add(record)
    }

    /// Exports the buffered records.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let records: Vec<_> = batch.iter().map(|record| (record, &self.scope)).collect();
        let sending = self.exporter.export(LogBatch::new(&records));
        self.runtime.block_on(sending).map_err(io::Error::other)
    }

    fn add(&mut self, record: SdkLogRecord) -> io::Result<()> {
        self.batch.push(record);
        if self.batch.len() < DECISIONS_PER_EXPORT {
            return Ok(());
        }
        self.flush()
    }

    fn record(&self, time_ms: i64, body: &'static str) -> SdkLogRecord {
        let mut record = self.logger.create_log_record();
        let since = Duration::from_millis(u64::try_from(time_ms).unwrap_or_default());
        let time = SystemTime::UNIX_EPOCH + since;
        record.set_timestamp(time);
        // The encoding requires it.
        record.set_observed_timestamp(time);
        record.set_severity_number(Severity::Info);
        record.set_body(body.into());
        record
    }
}
