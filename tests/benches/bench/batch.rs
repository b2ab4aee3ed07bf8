//! Batches of a hundred and of a thousand questions.

use std::time::Duration;

use api::entitlement::v1::{CheckBatchRequest, CheckBatchResponse, Decision, Effect, Question};
use prost::{Message, bytes::Bytes};

use benches::{Call, Result, Until, Workload, number, output, portfolio::Portfolio, run};

use crate::server::Server;

/// The path of the method.
const CHECK_BATCH: &str = "/mandate.entitlement.v1.AuthorizationService/CheckBatch";
/// Numbers of questions in one call.
const SIZES: [u32; 2] = [100, 1_000];
/// Concurrent calls on each connection.
const IN_FLIGHT: usize = 4;
/// Interval of verification: one answer in this many is compared with the right one.
const LOOK: usize = 100;

/// Measures batches and prints them.
pub(crate) async fn measure(
    portfolio: &Portfolio,
    server: &Server,
    duration: Duration,
) -> Result<()> {
    output::title("Batches, 4 connections with 4 calls in flight each");
    output::head("decisions");
    for size in SIZES {
        let workload = workload(portfolio, size);
        let until = Until::Elapsed(duration);
        let figures = run(&workload, &server.target()?, until).await?;
        output::row(
            &format!("batches of {}", output::grouped(number(size.into()))),
            &figures,
        );
        let per_core = 1e9 / figures.cpu_nanos_each();
        output::item(
            "decisions a second and core of the server",
            output::grouped(per_core),
        );
    }
    Ok(())
}

/// Returns one batch for each organization. All questions of a batch are about one organization.
fn workload(portfolio: &Portfolio, size: u32) -> Workload {
    let calls = (0..portfolio.organizations).map(|organization| {
        let asked: Vec<_> = (0..size as usize)
            .map(|number| portfolio.question_in(organization, number))
            .collect();
        let effects = asked.iter().map(|asked| asked.effect).collect();
        let questions = asked.into_iter().map(|asked| Question {
            subject: asked.subject,
            permission: asked.permission.to_owned(),
            resource: asked.resource,
            context: None,
        });
        let request = CheckBatchRequest {
            questions: questions.collect(),
            consistency: None,
        };
        Call {
            body: request.encode_to_vec().into(),
            effects,
        }
    });
    Workload {
        path: CHECK_BATCH,
        calls: calls.collect(),
        read,
        items: size,
        in_flight: IN_FLIGHT,
        look: LOOK,
    }
}

fn read(answer: &Bytes) -> Option<Vec<Effect>> {
    let decisions = CheckBatchResponse::decode(answer.clone()).ok()?.decisions;
    Some(decisions.iter().map(Decision::effect).collect())
}
